"""The command ``speedbump lock``: shows a lockfile, tells two apart, and merges what two branches made of one."""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

from pytest_speedbump.errors import InputError
from pytest_speedbump.files import parse_output, why_unwritten, write_text
from pytest_speedbump.lockfile import file
from pytest_speedbump.lockfile.difference import differences
from pytest_speedbump.lockfile.entry import Entry, Key
from pytest_speedbump.lockfile.revision import read_revision
from pytest_speedbump.lockfile.three_way import merge_three
from pytest_speedbump.report.columns import plain
from pytest_speedbump.report.lock_table import difference_text, lay_out_lock
from pytest_speedbump.runner.arguments import NAME, Parser, did_you_mean, refuse_unknown
from pytest_speedbump.runner.console import edge, print_lines, say

__all__ = ["lock"]

LOCKFILE = ".speedbump.json"
DIFFERENT = CONFLICT = 1
UNMERGED = 255  # as of `git merge-file`: to git, what is over 128 is no conflict but a merge that failed

COMMANDS = {
    "show": "a table of the entries of a lockfile",
    "diff": "what differs between two lockfiles, or between two revisions of one",
    "merge": "what two branches made of a lockfile as one; a merge driver for git",
}


def lock(arguments: Sequence[str], _all: Sequence[str]) -> int:
    """Returns 0; 1 where two lockfiles differ, or where a merge left conflicts; 255 where a merge failed.

    Raises:
        InputError: an argument is bad, or a file.
    """
    if not arguments or arguments[0] in ("-h", "--help"):
        lines = "".join(f"  {name:8}{what}\n" for name, what in COMMANDS.items())
        text = f"usage: {NAME} lock COMMAND ...\n\n{lines}\n`{NAME} lock COMMAND --help` says more."
        if not arguments:
            raise InputError(f"lock does one of {', '.join(COMMANDS)}; `{NAME} lock --help` says what")
        print_lines([text])
        return 0
    command, *rest = arguments
    do: dict[str, Callable[[Sequence[str]], int]] = {"show": _show, "diff": _diff, "merge": _merge}
    if command not in do:
        raise InputError(f"command lock {command!r} is unknown; {did_you_mean(command, COMMANDS)}")
    try:
        return do[command](rest)
    except OSError as error:
        raise InputError(f"lock {command}: it cannot be printed: {error.strerror or error}; mend that") from None


# ---- show ----


def _show(arguments: Sequence[str]) -> int:
    parser = _parser("show", "[PATH]")
    parser.add_argument("path", nargs="?", default=LOCKFILE, metavar="PATH", help=f"the default is {LOCKFILE}")
    path = Path(_parse(parser, arguments).path)
    entries = file.read(path)
    if not entries:
        print_lines([f"lockfile {str(path)!r} holds no entries"])
        return 0
    width = edge(1)
    table = lay_out_lock(entries, width)
    lines = ["".join(table.header), "-" * table.edge, *map("".join, table.rows)]
    if table.left_out:
        lines.append(f"no room in {width} columns for {' and '.join(table.left_out)}")
    print_lines(lines)
    return 0


# ---- diff ----


def _diff(arguments: Sequence[str]) -> int:
    parser = _parser("diff", "[--ref REF] [PATH] | OLD NEW")
    parser.add_argument("paths", nargs="*", metavar="PATH", help=f"two files; or one, the default is {LOCKFILE}")
    parser.add_argument("--ref", metavar="REF", help="compare with the file in this git revision; the default is HEAD")
    given = _parse(parser, arguments)
    paths = [Path(path) for path in given.paths]
    if len(paths) > 2:
        raise InputError(f"lock diff compares two files, and {str(paths[2])!r} is a third; leave it out")
    if len(paths) == 2 and given.ref is not None:
        raise InputError("lock diff compares two files, or one with that of --ref REF; leave a file out, or --ref")
    old, new = _sides(paths or [Path(LOCKFILE)], "HEAD" if given.ref is None else given.ref)
    found = list(differences(old, new))
    print_lines(map(difference_text, found))
    return DIFFERENT if found else 0


def _sides(paths: Sequence[Path], ref: str) -> tuple[dict[Key, Entry], dict[Key, Entry]]:
    if len(paths) == 2:
        return file.read(paths[0]), file.read(paths[1])
    return read_revision(ref, paths[0], "--ref"), file.read(paths[0])


# ---- merge ----


def _merge(arguments: Sequence[str]) -> int:
    """What fails is said here, because its exit code is another than that of bad input."""
    try:
        return _merge_files(arguments)
    except InputError as error:
        say(f"{NAME}: lock merge: {error}")
    except (OSError, UnicodeEncodeError) as error:
        reason = why_unwritten(error)
        of_file = f"{error.filename!r}: " if isinstance(error, OSError) and error.filename else ""
        say(f"{NAME}: lock merge: nothing was merged: {of_file}{reason}; mend that")
    return UNMERGED


def _merge_files(arguments: Sequence[str]) -> int:
    parser = _parser("merge", "BASE OURS THEIRS [-o PATH] [--path PATH]")
    add = parser.add_argument
    add("base", metavar="BASE", help="what both began with; an empty file where there was none")
    add("ours", metavar="OURS", help="is overwritten with the result, unless there is --output")
    add("theirs", metavar="THEIRS", help="what the other branch made of it")
    add("-o", "--output", metavar="PATH", help="write the result there; - is standard output")
    add("--path", metavar="PATH", help="what sentences call the file, as git's %%P")
    given = _parse(parser, arguments)
    ours = Path(given.ours)
    output = ours if given.output is None else parse_output(given.output, "--output", Path())
    name = plain(given.path or str(output))
    try:
        sides = [_read_side(getattr(given, side), side, name) for side in ("base", "ours", "theirs")]
    except InputError as error:
        # As git does with files that it cannot merge: ours stays, and the index holds all three.
        say(f"{NAME}: {error}")
        return CONFLICT
    merged = merge_three(*sides)
    conflicts = list(differences(merged.ours, merged.theirs))
    if not conflicts:
        file.write(output, merged.ours)
        return 0
    write_text(output, merged.text())
    for one in conflicts:
        say(f"{NAME}: {name}: conflict, from ours to theirs {difference_text(one)}")
    say(
        f"{NAME}: {name}: resolve {'it' if len(conflicts) == 1 else 'them'} between the marks, "
        "or take one side, run --speedbump-save and `git add` it"
    )
    return CONFLICT


def _read_side(path: str, side: str, name: str) -> dict[Key, Entry]:
    """Where both branches added the file, git has an empty one as their base. Raises InputError, OSError."""
    data = Path(path).read_bytes()
    if side == "base" and not data:
        return {}
    return file.parse(data, f"lockfile {name!r}, side {side},", "take one side and run --speedbump-save")


# ---- arguments ----


def _parser(command: str, usage: str) -> Parser:
    return Parser(
        prog=f"{NAME} lock {command}",
        usage=f"{NAME} lock {command} {usage}",
        description=COMMANDS[command][0].upper() + COMMANDS[command][1:] + ".",
        allow_abbrev=False,
    )


def _parse(parser: Parser, arguments: Sequence[str]) -> argparse.Namespace:
    given, unknown = parser.parse_known_args(arguments)
    if unknown:
        refuse_unknown(parser, unknown[0], f"is one word too many; `{parser.prog} --help` shows what there may be")
    return given

"""What to slow: patterns as the user wrote them, ``@file`` expanded, checked by the C core's own compiler."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISDIR, S_ISREG
from typing import TYPE_CHECKING

from pytest_speedbump.core import load_core, why_no_core
from pytest_speedbump.counts import CodeCounts
from pytest_speedbump.errors import InputError

if TYPE_CHECKING:
    from pytest_speedbump._core import Patterns

__all__ = ["Targets", "parse_scanned", "parse_targets"]

LARGEST_FILE = 1 << 20  # A file of patterns, in bytes.

# Why a scan, which needs the time that a function takes itself, cannot do with what is no function.
_NO_TIME = {
    "line": "that of a line is not measured",
    "resume": "that of a resume is part of its function's",
    "native": "of a native symbol only the beginning of a call is seen",
}

# The code that runs rounds is never part of what is measured, whatever matches it.
_OWN = (
    "!pytest_speedbump.*", "!pytest_benchmark.*", "!resume:pytest_speedbump.*", "!resume:pytest_benchmark.*",
    "!native:*:clock_gettime",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Targets:
    """The targets of a bump.

    Attributes:
        names: as written: patterns, exclusions and ``@file`` entries.
        patterns: what the C core compiles, in order; later ones win.
        origins: for each pattern, the index into ``names`` that it came from.
    """

    names: tuple[str, ...]
    patterns: tuple[str, ...]
    origins: tuple[int, ...]

    def __str__(self) -> str:
        return ", ".join(self.names)

    @property
    def chosen(self) -> list[tuple[int, str]]:
        """Index and text of each name that chooses code; exclusions do not."""
        return [(index, name) for index, name in enumerate(self.names) if not name.startswith("!")]

    @property
    def of_other_kinds(self) -> list[str]:
        """The patterns that choose something else than starts of Python functions; none where nobody can tell."""
        if why_no_core():
            return []
        from pytest_speedbump import _core

        return [pattern for pattern in self.patterns if _core.Patterns([pattern]).kinds - {"start"}]

    @property
    def are_timed(self) -> bool:
        """Whether all are of what is entered and left, so that the time between can be measured."""
        from pytest_speedbump import _core

        return not _core.Patterns(self.patterns).kinds & _NO_TIME.keys()

    def compile(self) -> "Patterns":
        """For the C core; indices are those of ``patterns``."""
        from pytest_speedbump import _core

        return _core.Patterns([*self.patterns, *_OWN])

    def unmatched(self, codes: Iterable[CodeCounts]) -> list[str]:
        """The names that match none of ``codes``, all of which were called; exclusions need not.

        Each name that counted nothing is asked by itself: it counts as matched where a later one takes over.
        """
        from pytest_speedbump import _core

        codes = list(codes)
        counted = {code.target for code in codes}
        called = [(site.module, site.qualname, site.file, site.kind, site.line) for site in (one.site for one in codes)]
        missed = []
        for index, name in self.chosen:
            if index in counted:
                continue
            own = [pattern for pattern, origin in zip(self.patterns, self.origins, strict=True) if origin == index]
            patterns = _core.Patterns(own)
            if not any(patterns.match(*site) >= 0 for site in called):
                missed.append(name)
        return missed


def parse_targets(names: Iterable[object], base: Path | None = None) -> Targets:
    """Reads and checks targets; files are looked up from ``base``, the working directory if None.

    Where there is no C core nothing can be slowed, and patterns are taken as they are written.

    Raises:
        InputError: not a string; a bad pattern; a missing, unreadable, binary or empty file; exclusions only.
    """
    written: list[str] = []
    patterns: list[str] = []
    origins: list[int] = []
    for name in names:
        if not isinstance(name, str):
            raise InputError(f"target {name!r} is not a string; write a pattern such as 'pkg.parse*'")
        entry = name.strip()
        expanded = _read(entry, base) if entry.startswith("@") else [entry]
        patterns += expanded
        origins += [len(written)] * len(expanded)
        written.append(entry)
    _check(patterns)
    if all(pattern.startswith("!") for pattern in patterns):
        raise InputError(f"targets {written!r} only exclude; name first what to slow, such as '*'")
    return Targets(tuple(written), tuple(patterns), tuple(origins))


def parse_scanned(names: Iterable[object], base: Path | None = None) -> Targets:
    """As :func:`parse_targets`, of what is to be ranked.

    Raises:
        InputError: as well where a target is neither of Python functions nor of callables implemented in C.
    """
    targets = parse_targets(names, base)
    if why_no_core():
        return targets
    from pytest_speedbump import _core

    for pattern in targets.patterns:
        for kind in _core.Patterns([pattern]).kinds & _NO_TIME.keys():
            raise InputError(
                f"target {pattern!r} cannot be ranked: a scan needs the time that a function takes itself, and "
                f"{_NO_TIME[kind]}; slow it by itself, with --speedbump-target or slow()"
            )
    return targets


def _check(patterns: list[str]) -> None:
    if why_no_core():
        return
    load_core()
    from pytest_speedbump import _core

    try:
        _core.Patterns(patterns)
    except ValueError as error:
        raise InputError(str(error)) from None


def _read(entry: str, base: Path | None) -> list[str]:
    if entry == "@":
        raise InputError("target '@' names no file; write the path after it, as in '@hot.txt'")
    path = (base or Path()) / entry[1:]
    try:
        mode = path.stat().st_mode
        if not (S_ISREG(mode) or S_ISDIR(mode)):  # To open a directory fails in good words already.
            raise InputError(f"target {entry!r}: a pipe or a device may have no end; write the patterns to a file")
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
        if len(content) > LARGEST_FILE:
            raise InputError(f"target {entry!r}: the file is over 1 MiB; a list of patterns is shorter")
        text = content.decode("utf-8-sig")  # Some editors begin a file with a byte order mark.
    except FileNotFoundError:
        raise InputError(f"target {entry!r}: there is no file {str(path)!r}; paths start at {_start(base)}") from None
    except UnicodeDecodeError:
        raise InputError(f"target {entry!r}: the file is not UTF-8 text; write one pattern a line") from None
    except OSError as error:
        raise InputError(f"target {entry!r}: the file cannot be read: {error.strerror}; mend that") from None
    if "\0" in text:
        raise InputError(f"target {entry!r}: the file is binary; write one pattern a line")
    lines = (line.split("#", 1)[0].strip() for line in text.splitlines())
    patterns = [line for line in lines if line]
    if not patterns:
        raise InputError(f"target {entry!r}: the file holds no pattern; write one pattern a line")
    if any(pattern.startswith("@") for pattern in patterns):
        raise InputError(f"target {entry!r}: the file names another file; write its patterns out")
    return patterns


def _start(base: Path | None) -> str:
    return "the working directory" if base is None else repr(str(base))

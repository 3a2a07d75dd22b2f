"""Options: command line and ini, parsed once into a frozen dataclass."""

import math
import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest

from pytest_speedbump.bump import MODES, Mode, Origin, check_scan_mode, parse_every, parse_mode
from pytest_speedbump.errors import InputError
from pytest_speedbump.files import STDOUT, find_file, parse_output
from pytest_speedbump.targets import Targets, parse_scanned, parse_targets
from pytest_speedbump.trials.rules import is_whole, parse_limit, parse_seed
from pytest_speedbump.units import Delay, parse_delays, parse_share, parse_time

__all__ = ["Given", "Options", "add_options", "did_you_mean", "is_ours", "join_target_files", "label", "parse_options"]

DEFAULT_DELAY = "2us"
DEFAULT_MAX_TIME = "10s"  # of a verdict
DEFAULT_SCAN_TIME = "60s"
DEFAULT_ERROR_RATE = "5%"
DEFAULT_TOLERANCE = "2%"
LOCKFILE = ".speedbump.json"
MOST_PASSES = 100

_PREFIX = re.compile(r"speed[-_]?bump[-_]?", re.IGNORECASE)

# Options that are given to be used at once. The others, such as a mode, are settings that may wait for a target.
NEED_A_TARGET = ("list", "budget", "delay", "every", "save", "compare", "compare_ref", "total_time", "slack")
OF_A_SCAN = ("list", "total_time")  # of those the ones that a scan makes use of
NO_SCAN = "--speedbump-scan-markers does nothing: nothing is scanned; add --speedbump-scan PATTERN"
SCANNED = (
    "a scan ranks the functions of pytest's own process alone, by the time that they take themselves; leave "
    "--speedbump-children out, or slow one function of the children by itself, with --speedbump-target"
)
BESIDE_SLACK = {
    "delay": "--speedbump-slack chooses its delays itself; leave --speedbump-delay out",
    "budget": "--speedbump-slack finds out what is free, and a budget is for one delay; leave --speedbump-budget out",
    "every": "--speedbump-slack is of each call; leave --speedbump-every out",
    "list": "--speedbump-slack does nothing: --speedbump-list measures nothing; leave one of them out",
}
LISTED = "--speedbump-scan-markers does nothing: --speedbump-list measures nothing; leave one of them out"


@dataclass(frozen=True, slots=True)
class Given[T]:
    """A value and who gave it. The command line beats a marker, a marker beats an ini file; defaults are not given."""

    value: T
    by: Origin


@dataclass(frozen=True, slots=True)
class Options:
    """What the user asked of the whole run. Times in ns, shares as fractions.

    Attributes:
        scan: what is to be ranked in each benchmark.
        scan_markers: whether the markers that would pin what a scan found are to be said.
        max_time_ns: of one bump, and ``scan_time_ns`` of one scan; ``total_time_ns`` of all, infinite where nobody
            limits it.
        children: whether the processes that tests start are slowed and counted as well.
        slack: whether the delay that each target absorbs is to be found, rather than what one delay costs.
        json, html, markdown, save: as :func:`pytest_speedbump.files.parse_output` returns them.
        compare: the lockfile that is to be compared with, as it stands or, with ``compare_ref``, as it is in that
            git revision.
        typed: names of options that were given for this very run; what stands in the ini file's ``addopts`` is not.
            Of "target", "scan", "scan_markers" and :data:`NEED_A_TARGET` only.
        narrowed: whether paths were named, or files ignored, so that only a part of the suite is collected.
    """

    targets: Given[Targets] | None
    scan: Given[Targets] | None
    scan_markers: bool
    delays: Given[tuple[Delay, ...]]
    every: Given[int]
    mode: Given[Mode]
    budget: Given[float] | None
    max_time_ns: float
    scan_time_ns: float
    total_time_ns: float
    error_rate: float
    strict: bool
    advisory: bool
    seed: int
    json: Path | None
    list_only: bool
    save: Path | None
    compare: Path | None
    tolerance: float
    passes: int
    typed: frozenset[str]
    narrowed: bool
    children: bool = False
    slack: bool = False
    html: Path | None = None
    markdown: Path | None = None
    compare_ref: Given[str] | None = None

    @property
    def asked(self) -> bool:
        """Whether the run was asked for anything, whatever its tests are marked with."""
        return any(
            (
                *(self.targets, self.scan, self.save, self.compare, self.list_only),
                *(self.json, self.html, self.markdown),
            )
        )

    @property
    def shows_shares(self) -> bool:
        """Whether anybody will see which share of the time targets take, which is no part of a verdict.

        The time of other processes is not measured.
        """
        return not self.children and any((self.json, self.html, self.markdown))

    @property
    def idle(self) -> str:
        """The option that does nothing unless a test is marked; empty where there is none."""
        if self.targets is not None:
            return ""
        used = OF_A_SCAN if self.scan is not None else ()
        return next((_flag(name) for name in NEED_A_TARGET if name in self.typed and name not in used), "")

    @property
    def scan_text(self) -> str:
        """Names the question of a scan, beside those of bumps."""
        mode = "" if self.mode.value == "spin" else f" {self.mode.value}"
        return f"scan of {self.scan.value}{mode}" if self.scan is not None else ""

    @property
    def contradiction(self) -> str:
        """One sentence about what was typed and makes no sense, whatever the tests are; empty where all does."""
        if self.slack:
            typed = self.typed if "slack" in self.typed else self.typed - {"list"}  # which measures nothing anyway
            found = next((sentence for name, sentence in BESIDE_SLACK.items() if name in typed), "")
            if found:
                return found
        if "scan_markers" not in self.typed:
            return ""
        if self.scan is None:
            return NO_SCAN
        return LISTED if self.list_only else ""


@dataclass(frozen=True, slots=True)
class _Option:
    """``ini``: the type of the ini key; ``arguments``: for ``addoption``, beside what every option has."""

    text: str
    metavar: str | None = None
    ini: Literal["string", "bool", "linelist"] = "string"
    arguments: Mapping[str, object] = field(default_factory=dict)


def _switch(text: str) -> _Option:
    return _Option(text, ini="bool", arguments={"action": "store_true"})


def _lockfile(text: str) -> _Option:
    return _Option(f"{text} (default: {LOCKFILE})", "PATH", arguments={"nargs": "?", "const": LOCKFILE})


_OPTIONS = {
    "target": _Option(
        "what to slow in every benchmark: a glob on module.qualname, module:qualname, path.py:qualname, !pattern or "
        "@file; repeatable",
        "PATTERN",
        "linelist",
        {"action": "append"},
    ),
    "scan": _Option(
        "rank everything that matches, in every benchmark, by what it really costs; patterns as of --speedbump-target",
        "PATTERN",
        "linelist",
        {"action": "append"},
    ),
    "scan-markers": _switch("print the markers that would pin what the scan found"),
    "delay": _Option(
        "time added to each matched call, or as much as makes a round so many percent longer; a comma list is a sweep "
        f"(default: {DEFAULT_DELAY})",
        "DELAY",
    ),
    "every": _Option("delay only every Nth call of a target in a thread (default: 1)", "N"),
    "mode": _Option(f"{', '.join(MODES)} (default: spin)", "MODE"),
    "budget": _Option(
        "every benchmark under --speedbump-target must lose less than this share of its throughput", "SHARE"
    ),
    "max-time": _Option(
        f"limit of one verdict, or of one scan (default: {DEFAULT_MAX_TIME}, of a scan {DEFAULT_SCAN_TIME})", "TIME"
    ),
    "total-time": _Option(
        "limit of all measuring in this run, shared fairly; what gets none is inconclusive (default: none)", "TIME"
    ),
    "error-rate": _Option(f"chance of any false failure in the whole run (default: {DEFAULT_ERROR_RATE})", "SHARE"),
    "strict": _switch("inconclusive verdicts fail too"),
    "advisory": _switch("nothing that speedbump finds fails a test"),
    "seed": _Option("order of the two arms (default: drawn, and printed)", "N"),
    "json": _Option("write the results to this file; - is standard output", "PATH"),
    "html": _Option("write the report as a page, without scripts, to this file", "PATH"),
    "markdown": _Option("write the report as Markdown to this file; - is standard output", "PATH"),
    "slack": _switch("find how much longer each call of the targets may take before throughput drops"),
    "children": _switch(
        "slow and count the processes that tests start as well, a pool's for one, and measure all of them as a whole"
    ),
    "list": _switch(
        "say which code objects the targets match in each benchmark, and how often each is called; measure nothing"
    ),
    "save": _lockfile("write what this run found to the sensitivity lockfile"),
    "compare": _lockfile("fail where the sensitivity has grown beyond the lockfile"),
    "compare-ref": _Option(
        "fail where the sensitivity has grown beyond the lockfile as it is in this git revision: a branch, tag or "
        "commit",
        "REF",
    ),
    "passes": _Option(
        "go over the tests so many times, so that each verdict rests on rounds far apart (default: 1)", "N"
    ),
    "tolerance": _Option(
        f"growth of a drop that --speedbump-compare lets pass (default: {DEFAULT_TOLERANCE})", "SHARE"
    ),
}


def _flag(name: str) -> str:
    return f"--speedbump-{name.replace('_', '-')}"


def _key(name: str) -> str:
    """The ini key of an option."""
    return "speedbump_" + name.replace("-", "_")


_KEYS = {_key(name): option for name, option in _OPTIONS.items()}


def add_options(parser: pytest.Parser) -> None:
    """Registers every option, and the ini key of the same name."""
    group = parser.getgroup("speedbump", "does it matter? slow chosen code and measure what throughput loses")
    for name, option in _OPTIONS.items():
        metavar = {} if option.metavar is None else {"metavar": option.metavar}
        text = option.text.replace("%", "%%")
        group.addoption(f"--speedbump-{name}", dest=_key(name), default=None, help=text, **metavar, **option.arguments)
        parser.addini(_key(name), f"as --speedbump-{name}: {option.text}", type=option.ini, default=None)


def join_target_files(arguments: list[str]) -> bool:
    """Makes ``--speedbump-target @FILE`` one word, in place, and the same of a scan; returns whether there was any.

    pytest takes every argument that begins with ``@`` for a file of further arguments.
    """
    changed = False
    for index in range(len(arguments) - 1, 0, -1):
        if arguments[index - 1] in ("--speedbump-target", "--speedbump-scan") and arguments[index].startswith("@"):
            arguments[index - 1 : index + 1] = ["=".join(arguments[index - 1 : index + 1])]
            changed = True
    return changed


def parse_options(config: pytest.Config) -> Options:
    """Reads and checks everything.

    Raises:
        InputError: one sentence about the first bad one.
    """
    # A worker of pytest-xdist writes no document, and its standard output is not the user's.
    writes = not hasattr(config, "workerinput")

    def given(name: str) -> Given[object] | None:
        value = config.getoption(_key(name))
        if value is not None:
            return Given(value, "command line")
        value = _read_ini(config, _key(name))
        return None if value is None or value == [] else Given(value, "ini")

    def parse[T](name: str, parser: Callable[[object, str], T]) -> Given[T] | None:
        raw = given(name)
        return None if raw is None else Given(parser(raw.value, label(name, raw.by)), raw.by)

    def parse_path(name: str, parser: Callable[[object, str, Path], Path]) -> Path | None:
        base = _beside(given(name), config)
        path = parse(name, lambda value, label: parser(value, label, base) if writes else base / str(value))
        return path.value if path else None

    def flag(name: str) -> bool:
        raw = given(name)
        return raw is not None and bool(raw.value)

    _refuse_unknown_keys(config)
    targets, scan = given("target"), given("scan")
    max_time = parse("max_time", parse_limit)
    total_time = parse("total_time", parse_limit)
    error_rate = parse("error_rate", parse_share)
    mode = parse("mode", parse_mode) or Given("spin", "default")
    if scan is not None:
        check_scan_mode(mode.value)
        if flag("children"):
            raise InputError(SCANNED)
    seed = parse("seed", parse_seed)
    tolerance = parse("tolerance", parse_share)
    passes = parse("passes", _parse_passes)
    save, compare = parse_path("save", _parse_saved), parse_path("compare", _parse_compared)
    compare_ref = parse("compare_ref", lambda value, _: str(value))
    if compare_ref is not None and compare is None:
        compare = _find_lockfile(save, config)
    documents = {name: parse_path(name, _parse_document) for name in ("json", "html", "markdown")}
    if writes:
        _refuse_one_file_twice({**documents, "save": save, "compare": None if compare_ref else compare})
    return Options(
        targets=None if targets is None else Given(_parse_targets(targets, config), targets.by),
        scan=None if scan is None else Given(_parse_targets(scan, config, parse_scanned), scan.by),
        scan_markers=flag("scan_markers"),
        delays=parse("delay", parse_delays) or Given(parse_delays(DEFAULT_DELAY, "delay"), "default"),
        every=parse("every", parse_every) or Given(1, "default"),
        mode=mode,
        budget=parse("budget", parse_share),
        max_time_ns=max_time.value if max_time else parse_time(DEFAULT_MAX_TIME, "limit"),
        scan_time_ns=max_time.value if max_time else parse_time(DEFAULT_SCAN_TIME, "limit"),
        total_time_ns=total_time.value if total_time else math.inf,
        error_rate=error_rate.value if error_rate else parse_share(DEFAULT_ERROR_RATE, "error rate"),
        strict=flag("strict"),
        advisory=flag("advisory"),
        seed=seed.value if seed else int.from_bytes(os.urandom(4), "big") % 10**6,
        json=documents["json"],
        list_only=flag("list"),
        save=save,
        compare=compare,
        tolerance=tolerance.value if tolerance else parse_share(DEFAULT_TOLERANCE, "tolerance"),
        passes=passes.value if passes else 1,
        typed=_typed(config),
        narrowed=_is_narrowed(config),
        children=flag("children"),
        slack=flag("slack"),
        html=documents["html"],
        markdown=documents["markdown"],
        compare_ref=compare_ref,
    )


def is_ours(name: str) -> bool:
    """Whether a marker or an ini key is meant for us, however it is written."""
    return _PREFIX.match(name) is not None


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """What to write instead of an unknown ``name``: the nearest one, or any of them."""
    from difflib import get_close_matches  # Imported here, because runs in which nothing is wrong do without it.

    # Compared without what all of them begin with, which would make every name near every other.
    endings = {_PREFIX.sub("", one): one for one in sorted(known)}
    near = get_close_matches(_PREFIX.sub("", name.lower()), endings, n=1)
    return f"did you mean {endings[near[0]]}?" if near else f"write one of {', '.join(endings.values())}"


def _refuse_unknown_keys(config: pytest.Config) -> None:
    for key in _ini_keys(config):
        if key not in _KEYS and is_ours(key):
            raise InputError(f"ini key {key} is unknown; {did_you_mean(key, _KEYS)}")


def _ini_keys(config: pytest.Config) -> list[str]:
    """The keys of the ini file and of ``--override-ini``, known or not, which no public function tells.

    pytest 9 keeps them in ``_inicfg``, and warns of ``inicfg``, where pytest 8 had them.
    """
    attributes = vars(config)
    inicfg: Mapping[str, object] = attributes.get("_inicfg") or attributes.get("inicfg") or {}
    overrides = config.getoption("override_ini") or []
    return [*inicfg, *(str(one).partition("=")[0] for one in overrides)]


def _read_ini(config: pytest.Config, key: str) -> object:
    try:
        return config.getini(key)
    except (TypeError, ValueError, pytest.UsageError) as error:
        reason = str(error)
    if _KEYS[key].ini == "bool":
        raise InputError(f"ini key {key} is neither true nor false; write one of them ({reason})")
    raise InputError(f"ini key {key} has a value of the wrong type ({reason})")


def _typed(config: pytest.Config) -> frozenset[str]:
    def named(arguments: Iterable[str]) -> set[str]:
        return {argument.partition("=")[0] for argument in arguments}

    standing = named(config.getini("addopts") or ()) - named(config.invocation_params.args)
    return frozenset(
        name
        for name in ("target", "scan", "scan_markers", *NEED_A_TARGET)
        if config.getoption(_key(name)) is not None and _flag(name) not in standing
    )


def _is_narrowed(config: pytest.Config) -> bool:
    source = config.args_source
    if source is pytest.Config.ArgsSource.ARGS:
        return True
    if source is pytest.Config.ArgsSource.INVOCATION_DIR and config.invocation_params.dir != config.rootpath:
        return True
    # These leave out whole files in silence. What -k, -m and --deselect leave out, pytest_deselected tells.
    return any(config.getoption(name, None) for name in ("ignore", "ignore_glob", "lf"))


def label(name: str, by: Origin) -> str:
    """An option as sentences call it."""
    return _flag(name) if by == "command line" else f"ini key {_key(name)}"


def _beside(given: Given[object] | None, config: pytest.Config) -> Path:
    """Files named on the command line are looked up from where the user stands, those of an ini file from beside it.

    The lockfile's default name stands in the root directory, wherever one stands.
    """
    if given is not None and given.value == LOCKFILE:
        return config.rootpath
    if given is not None and given.by == "ini" and config.inipath is not None:
        return config.inipath.parent
    return config.invocation_params.dir


def _find_lockfile(save: Path | None, config: pytest.Config) -> Path:
    """Where the lockfile stands of which another revision is asked for: where it is saved, if that is a file."""
    if save is None or save.name == str(STDOUT) or find_file(save) is None:
        return config.rootpath / LOCKFILE
    return save


def _parse_targets(
    given: Given[object], config: pytest.Config, parse: Callable[[Iterable[object], Path], Targets] = parse_targets
) -> Targets:
    assert isinstance(given.value, list)
    return parse(given.value, _beside(given, config))


def _parse_passes(value: object, name: str) -> int:
    text = str(value)
    if not (is_whole(text) and 1 <= int(text) <= MOST_PASSES):
        raise InputError(f"{name} {text!r} is no number of passes; write a whole number from 1 to {MOST_PASSES}")
    return int(text)


def _parse_document(value: object, name: str, base: Path) -> Path:
    _refuse_switch(value, name)
    return parse_output(value, name, base)


def _parse_saved(value: object, name: str, base: Path) -> Path:
    _refuse_what_is_no_lockfile(value, name, base)
    return parse_output(value, name, base)


def _parse_compared(value: object, name: str, base: Path) -> Path:
    _refuse_what_is_no_lockfile(value, name, base)
    path = base / str(value)
    try:
        if str(value) != str(STDOUT) and find_file(path) is not None:
            return path
    except OSError as error:
        raise InputError(f"{name} {str(value)!r} cannot be read: {error.strerror}; name another file") from None
    raise InputError(f"{name} {str(value)!r} is a stream or a device; name the regular file that was saved")


def _refuse_one_file_twice(paths: Mapping[str, Path | None]) -> None:
    """Refuses outputs of which one would replace another, or what is compared with; a lockfile is there for both."""
    taken: dict[Path, str] = {}
    for name, path in paths.items():
        file = None if path is None else find_file(path)
        if file is None:
            continue
        other = taken.setdefault(file, name)
        if other != name and {other, name} != {"save", "compare"}:
            raise InputError(f"{_flag(other)} and {_flag(name)} name one file, {str(path)!r}; give each its own")


def _refuse_what_is_no_lockfile(value: object, name: str, base: Path) -> None:
    """An option whose path may be left out takes the next word as its path, even one that was meant as tests to run."""
    _refuse_switch(value, name)
    text, path = str(value), base / str(value)
    key = name.removeprefix("ini key ")
    mend = f"put {name} last, or name its file, as in {name}=PATH" if key == name else f"write {key} = {LOCKFILE}"
    if not text:
        raise InputError(f"{name} names no file; {mend}")
    if path.is_dir():
        raise InputError(f"{name} {text!r} is a directory; {mend}")
    if "::" in text or path.suffix == ".py":
        raise InputError(f"{name} took {text!r} for its file, which looks like tests; {mend}")


def _refuse_switch(value: object, name: str) -> None:
    """Refuses a path such as ``true``: in an ini file the key is easily mistaken for a switch."""
    if str(value).lower() in ("true", "false", "yes", "no", "on", "off", "1", "0"):
        raise InputError(f"{name} {str(value)!r} names no file, and this is no switch; write a path")

"""Options: command line and ini, parsed once into a frozen dataclass."""

import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from pytest_speedbump.bump import MODES, Mode, Origin, parse_mode
from pytest_speedbump.errors import InputError
from pytest_speedbump.targets import Targets, parse_targets
from pytest_speedbump.units import parse_share, parse_time, parse_times

__all__ = ["Given", "Options", "add_options", "parse_options"]

DEFAULT_DELAY = "2us"
DEFAULT_MAX_TIME = "10s"
DEFAULT_ERROR_RATE = "5%"
DEFAULT_TOLERANCE = "2%"
LOCKFILE = ".speedbump.json"
MOST_PASSES = 100


@dataclass(frozen=True, slots=True)
class Given[T]:
    """A value and who gave it. The command line beats a marker, a marker beats an ini file; defaults are not given."""

    value: T
    by: Origin


@dataclass(frozen=True, slots=True)
class Options:
    """What the user asked of the whole run. Times in ns, shares as fractions."""

    targets: Given[Targets] | None
    delays: Given[tuple[float, ...]]
    mode: Given[Mode]
    budget: Given[float] | None
    max_time_ns: float
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

    @property
    def asked(self) -> bool:
        """Whether the run was asked for anything, whatever its tests are marked with."""
        return any((self.targets, self.json, self.save, self.compare, self.list_only))


def add_options(parser: pytest.Parser) -> None:
    """Registers every option, and the ini key of the same name."""
    group = parser.getgroup("speedbump", "does it matter? slow chosen code and measure what throughput loses")

    def add(name: str, text: str, *, metavar: str | None = None, ini: str = "string", **kwargs: object) -> None:
        key = "speedbump_" + name.replace("-", "_")
        if metavar is not None:
            kwargs["metavar"] = metavar
        group.addoption(f"--speedbump-{name}", dest=key, default=None, help=text.replace("%", "%%"), **kwargs)
        parser.addini(key, f"as --speedbump-{name}: {text}", type=ini, default=None)  # type: ignore[arg-type]

    add("target", "what to slow in every benchmark: a glob on module.qualname, module:qualname, path.py:qualname, "
        "!pattern or @file; repeatable", metavar="PATTERN", ini="linelist", action="append")  # fmt: skip
    add("delay", f"time added to each matched call; a comma list is a sweep (default: {DEFAULT_DELAY})", metavar="TIME")
    add("mode", f"{', '.join(MODES)} (default: spin)", metavar="MODE")
    add("budget", "every benchmark under --speedbump-target must lose less than this share of its throughput",
        metavar="SHARE")  # fmt: skip
    add("max-time", f"limit of one verdict (default: {DEFAULT_MAX_TIME})", metavar="TIME")
    add("error-rate", f"chance of any false failure in the whole run (default: {DEFAULT_ERROR_RATE})", metavar="SHARE")
    add("strict", "inconclusive verdicts fail too", ini="bool", action="store_true")
    add("advisory", "nothing that speedbump finds fails a test", ini="bool", action="store_true")
    add("seed", "order of the two arms (default: drawn, and printed)", metavar="N")
    add("json", "write the results to this file", metavar="PATH")
    add("list", "say which code objects the targets match in each benchmark, and how often each is called; measure "
        "nothing", ini="bool", action="store_true")  # fmt: skip
    add("save", f"write what this run found to the sensitivity lockfile (default: {LOCKFILE})", metavar="PATH",
        nargs="?", const=LOCKFILE)  # fmt: skip
    add("compare", f"fail where the sensitivity has grown beyond the lockfile (default: {LOCKFILE})", metavar="PATH",
        nargs="?", const=LOCKFILE)  # fmt: skip
    add("passes", "go over the tests so many times, so that each verdict rests on rounds far apart (default: 1)",
        metavar="N")  # fmt: skip
    add("tolerance", f"growth of a drop that --speedbump-compare lets pass (default: {DEFAULT_TOLERANCE})",
        metavar="SHARE")  # fmt: skip


def parse_options(config: pytest.Config) -> Options:
    """Reads and checks everything.

    Raises:
        InputError: one sentence about the first bad one.
    """

    def given(name: str) -> Given[object] | None:
        value = config.getoption(f"speedbump_{name}")
        if value is not None:
            return Given(value, "command line")
        value = config.getini(f"speedbump_{name}")
        return None if value is None or value == [] else Given(value, "ini")

    def parse[T](name: str, parser: Callable[[object, str], T]) -> Given[T] | None:
        raw = given(name)
        return None if raw is None else Given(parser(raw.value, _label(name, raw.by)), raw.by)

    def flag(name: str) -> bool:
        raw = given(name)
        return raw is not None and bool(raw.value)

    targets = given("target")
    max_time = parse("max_time", _parse_limit)
    error_rate = parse("error_rate", parse_share)
    seed = parse("seed", _parse_seed)
    tolerance = parse("tolerance", parse_share)
    passes = parse("passes", _parse_passes)
    json = parse("json", lambda value, name: _parse_path(value, name, _beside(given("json"), config)))
    save = parse("save", lambda value, name: _parse_saved_lock(value, name, _beside(given("save"), config)))
    compare = parse("compare", lambda value, name: _parse_lock(value, name, _beside(given("compare"), config)))
    return Options(
        targets=None if targets is None else Given(_parse_targets(targets, config), targets.by),
        delays=parse("delay", parse_times) or Given(parse_times(DEFAULT_DELAY, "delay"), "default"),
        mode=parse("mode", parse_mode) or Given("spin", "default"),
        budget=parse("budget", parse_share),
        max_time_ns=max_time.value if max_time else parse_time(DEFAULT_MAX_TIME, "limit"),
        error_rate=error_rate.value if error_rate else parse_share(DEFAULT_ERROR_RATE, "error rate"),
        strict=flag("strict"),
        advisory=flag("advisory"),
        seed=seed.value if seed else int.from_bytes(os.urandom(4), "big") % 10**6,
        json=json.value if json else None,
        list_only=flag("list"),
        save=save.value if save else None,
        compare=compare.value if compare else None,
        tolerance=tolerance.value if tolerance else parse_share(DEFAULT_TOLERANCE, "tolerance"),
        passes=passes.value if passes else 1,
    )


def _label(name: str, by: Origin) -> str:
    return f"--speedbump-{name.replace('_', '-')}" if by == "command line" else f"ini key speedbump_{name}"


def _beside(given: Given[object] | None, config: pytest.Config) -> Path:
    """Files named on the command line are looked up from where the user stands, those of an ini file from beside it.

    The lockfile's default name stands in the root directory, wherever one stands.
    """
    if given is not None and given.value == LOCKFILE:
        return config.rootpath
    if given is not None and given.by == "ini" and config.inipath is not None:
        return config.inipath.parent
    return config.invocation_params.dir


def _parse_targets(given: Given[object], config: pytest.Config) -> Targets:
    assert isinstance(given.value, list)
    return parse_targets(given.value, _beside(given, config))


def _parse_limit(value: object, name: str) -> float:
    ns = parse_time(value, name)
    if ns == 0:
        raise InputError(f"{name} {value!r} leaves no time to measure; write more than 0, as in '10s'")
    return ns


def _parse_seed(value: object, name: str) -> int:
    text = str(value)
    if not (text.isascii() and text.isdigit()):
        raise InputError(f"{name} {text!r} is not a seed; write a whole number, 0 or more")
    return int(text)


def _parse_passes(value: object, name: str) -> int:
    text = str(value)
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= MOST_PASSES):
        raise InputError(f"{name} {text!r} is no number of passes; write a whole number from 1 to {MOST_PASSES}")
    return int(text)


def _parse_lock(value: object, name: str, base: Path) -> Path:
    """An option whose path may be left out takes the next word for it: what were meant as tests are no such file."""
    path = base / str(value)
    mend = f"put {name} last, or name its file, as in {name}=PATH"
    if path.is_dir():
        raise InputError(f"{name} {str(value)!r} is a directory; {mend}")
    if "::" in str(value) or path.suffix == ".py":
        raise InputError(f"{name} took {str(value)!r} for its file, which looks like tests; {mend}")
    return path


def _parse_saved_lock(value: object, name: str, base: Path) -> Path:
    _parse_lock(value, name, base)
    return _parse_path(value, name, base)


def _parse_path(value: object, name: str, base: Path) -> Path:
    """A path that can be written: tried out, because permissions and file systems have no better answer."""
    path = base / str(value)
    if path.is_dir():
        raise InputError(f"{name} {str(value)!r} is a directory; name a file, as in {name}=PATH")
    if path.suffix == ".py":
        raise InputError(f"{name} {str(value)!r} is a Python file and would be overwritten; write {name}=PATH")
    if not path.parent.is_dir():
        raise InputError(f"{name} {str(value)!r} cannot be written: make the directory {str(path.parent)!r} first")
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise InputError(
            f"{name} {str(value)!r} cannot be written: {error.strerror}; name a file in a directory that you can write"
        ) from None
    return path

"""A program that is slowed by its environment alone, which nobody starts by hand.

The first process that finds ``SPEEDBUMP_TARGETS`` and no experiment makes one: of itself, and of all processes that it
starts. At its exit it writes ``SPEEDBUMP_JSON``, where that is set, and ends the experiment: processes that outlive it
stay as slow as they are. A process that is killed, also by the default of SIGTERM, or that calls ``os._exit`` has no
exit in this sense: it writes nothing, and its folder is removed when the next experiment begins. Where it calls
``exec``, what it becomes takes over, if that is a Python.
"""

import atexit
import os
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from pytest_speedbump.documents.program import program_document
from pytest_speedbump.errors import InputError
from pytest_speedbump.files import parse_output, show, write_json
from pytest_speedbump.program import Ending, ProgramRun
from pytest_speedbump.runner.join import join, leave
from pytest_speedbump.runner.program import read_program
from pytest_speedbump.runner.settings import Settings
from pytest_speedbump.slowing.folder import VARIABLE, Folder, is_own
from pytest_speedbump.slowing.session import clock_name

__all__ = ["begin", "go_on", "parse_environment"]

_TARGETS, _JSON = "SPEEDBUMP_TARGETS", "SPEEDBUMP_JSON"
_TEXTS = ("delay", "mode", "every", "after", "for")
_USAGE = 4  # The exit code of bad input, as of the command line.


def begin() -> None:
    """Makes an experiment of this process, which is just starting, if the environment asks for one.

    Where the environment asks for something that does not exist, the process ends here.
    """
    try:
        given = parse_environment(os.environ)
        if given is None:
            return
        settings, json = given
        folder = _make(settings)
    except InputError as error:
        _refuse(str(error))
    except OSError as error:
        _refuse(f"no folder for the experiment can be made: {error.strerror}; mend that, or unset {_TARGETS}")
    os.environ[VARIABLE] = folder.path
    atexit.register(_end, folder.path, settings, json)
    if not join(folder.path):
        del os.environ[VARIABLE]


def go_on(path: str) -> None:
    """The experiment of the folder ``path`` was begun by this very process, before it has called ``exec``."""
    try:
        given = parse_environment(os.environ)
    except InputError:  # It has changed its environment since.
        given = None
    if given is not None:
        atexit.register(_end, path, *given)


def parse_environment(environment: Mapping[str, str]) -> tuple[Settings, Path | None] | None:
    """What its variables ask for, and where the counts are to be written; None where it asks for nothing.

    Raises:
        InputError: one of them has a bad value, or an unknown name; or there is no target.
    """
    ours = {name: value for name, value in environment.items() if name.startswith("SPEEDBUMP_") and name != VARIABLE}
    if not ours:
        return None
    known = [_TARGETS, *map(_variable, _TEXTS), _JSON]
    for name in ours:
        if name not in known:
            from difflib import get_close_matches

            near = get_close_matches(name, known, n=1, cutoff=0)
            raise InputError(f"the environment's {name} is unknown; did you mean {near[0]}?")
    targets = [line.strip() for line in ours.get(_TARGETS, "").splitlines()]
    targets = [line for line in targets if line and not line.startswith("#")]
    if not targets:
        idle = next((name for name in ours if name != _TARGETS), _TARGETS)
        raise InputError(
            f"{idle} does nothing, because {_TARGETS} names nothing that is to be slowed; "
            f"set {_TARGETS}='pkg.parse*', or unset {idle}"
        )
    settings = Settings.parse(targets, {name: ours.get(_variable(name)) for name in _TEXTS}, _variable)
    return settings, parse_output(ours[_JSON], _JSON, _folder()) if _JSON in ours else None


def _folder() -> Path:
    """The program may go elsewhere."""
    try:
        return Path.cwd()
    except FileNotFoundError:
        raise InputError(f"{_JSON} cannot be written: the working directory was removed; start in another") from None


def _variable(name: str) -> str:
    return _TARGETS if name == "target" else f"SPEEDBUMP_{name.upper()}"


def _make(settings: Settings) -> Folder:
    folder = Folder.create([settings.targets.compile()], settings.mode)
    folder.page.select(counted=1, delayed=1)
    folder.page.set_delay(settings.delay_ns, settings.every, settings.after_ns, settings.for_ns)
    return folder


def _refuse(sentence: str) -> None:
    """Ends the process. SystemExit at this time would be a fatal error of the interpreter, with a traceback."""
    if sys.stderr is not None:
        print(f"pytest-speedbump: {sentence}", file=sys.stderr, flush=True)
    os._exit(_USAGE)


def _end(path: str, settings: Settings, json: Path | None) -> None:
    """Run at exit, also in forked children, whose exit is not the program's."""
    leave()
    if not is_own(path):
        return
    try:
        folder = Folder(path)
    except (OSError, ValueError):  # somebody has removed it
        return
    try:
        if json is not None:
            _write(json, _document(folder, settings))
    finally:
        folder.remove()


def _write(path: Path, document: dict[str, Any]) -> None:
    try:
        write_json(path, document)
    except (OSError, UnicodeEncodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        print(f"pytest-speedbump: {_JSON} {show(path)!r} was not written: {reason}", file=sys.stderr)


def _document(folder: Folder, settings: Settings) -> dict[str, Any]:
    counts = read_program(folder, settings.targets)
    processes = tuple(replace(one, running=one.running and one.pid != os.getpid()) for one in counts.processes)
    run = ProgramRun(
        words=tuple(sys.orig_argv),
        bump=settings.bump(),
        after_ns=settings.after_ns,
        for_ns=settings.for_ns,
        ending=Ending(None, None, _seconds()),
        counts=replace(counts, processes=processes),  # this one has as good as ended
        unrun=dict.fromkeys(settings.targets.unmatched(counts.snapshot.matched), ""),
    )
    return program_document(run, clock_name())


def _seconds() -> float:
    """Since this process was started, be it before it has called ``exec``."""
    started = int(Path("/proc/self/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[19])
    return time.clock_gettime(time.CLOCK_BOOTTIME) - started / os.sysconf("SC_CLK_TCK")

"""What a process does that starts inside an experiment: it joins, before any of its program runs.

Then it counts into a ledger of its own and is slowed as the control page says, in all its threads, and so are the
children that it forks. Those that it starts join by themselves, by the same variable of the environment. A process that
cannot join runs as it is. So little is imported here that joining takes a few milliseconds at most, and once a session
is armed as little as possible is called: what of it targets match would be counted.
"""

import os
import sys
from _thread import _is_main_interpreter  # type: ignore[attr-defined]  # threading imports it so too

try:
    from pytest_speedbump import _core
except ImportError:
    from pytest_speedbump.core import load_core

    load_core()
    raise
from pytest_speedbump.slowing.folder import VARIABLE, Folder, is_own

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_speedbump.runner.latecomers import Latecomers

__all__ = ["attach", "detach", "has_joined", "join", "leave", "start"]

OWNER = (
    "the experiment that this process has joined (SPEEDBUMP_CONTROL: by `pytest_speedbump run`, SPEEDBUMP_TARGETS or "
    "--speedbump-children)"
)


def start() -> None:
    """What ``pytest_speedbump.pth`` calls in every interpreter that starts with a variable ``SPEEDBUMP_*``."""
    global _is_started
    if _is_started or not _is_main_interpreter():  # a venv's files are read twice; others are not slowed
        return
    _is_started = True
    path = os.environ.get(VARIABLE)
    if not path:
        from pytest_speedbump.runner.environment import begin

        begin()
        return
    if is_own(path):  # it has called exec
        from pytest_speedbump.runner.environment import go_on

        go_on(path)
    join(path)


def join(path: str) -> bool:
    """Joins the experiment of the control folder ``path``; False where it cannot, which is said on standard error.

    Nothing is said of a folder that is gone, as after the end of its experiment.
    """
    return _try(lambda: _join(Folder(path)), "process {} is not slowed")


def leave() -> None:
    """The process is as it was before it joined; its ledger stays. Harmless where it has not joined."""
    global _joined
    joined, _joined = _joined, None
    if joined is not None:
        joined.leave()


def has_joined() -> bool:
    return _joined is not None


def attach(path: str) -> None:
    """As :func:`join`, of a process that runs already; what it starts from now on joins as well.

    Raises:
        RuntimeError: it is part of an experiment already, or something in it slows code.
        OSError, ValueError: as :class:`Folder` does.
    """
    if _joined is not None:
        raise RuntimeError("it is part of another experiment; wait until that has ended")
    _join(Folder(path))
    os.environ[VARIABLE] = path


def detach(path: str) -> None:
    """The process is as it was before :func:`attach`. Harmless where it has left that experiment."""
    if _joined is not None and _joined.folder.path == path:
        leave()
    if os.environ.get(VARIABLE) == path:
        del os.environ[VARIABLE]


class _Joined:
    """This process in an experiment."""

    def __init__(self, folder: Folder) -> None:
        self.folder = folder
        kinds, page = folder.patterns.kinds, folder.page
        self.latecomers = _latecomers(folder) if kinds & {"c", "native"} else None
        found = self.latecomers.find() if self.latecomers is not None else ()
        self.session = _core.Session(folder.patterns, page.mode, OWNER, found, page=page, ledger=folder.new_ledger())
        self.session.arm()
        if self.latecomers is not None:
            _try(self._watch, "what process {} loads later is not slowed")

    def _watch(self) -> None:
        assert self.latecomers is not None
        self.latecomers.watch(self.session, lambda do: _try(do, "what process {} loads from now on is not slowed"))

    def leave(self) -> None:
        if self.latecomers is not None:
            self.latecomers.unwatch()
        self.session.disarm()


def _latecomers(folder: Folder) -> "Latecomers":
    from pytest_speedbump.runner.latecomers import Latecomers

    return Latecomers(folder.rows)


_joined: _Joined | None = None
_is_started = _is_hooked = False


def _join(folder: Folder) -> None:
    global _joined, _is_hooked
    if not _is_hooked:
        # Before any hook of the program, so that what its hooks call is counted.
        os.register_at_fork(after_in_child=_join_again)
        _is_hooked = True
    folder.page.adopt()
    _joined = _Joined(folder)


def _join_again() -> None:
    """A fork's child begins with a session that is dead, and does not obey its parent's page."""
    global _joined
    joined, _joined = _joined, None
    if joined is not None:
        _try(lambda: _join(joined.folder), "process {} is not slowed")


def _try(do: "Callable[[], object]", what: str) -> bool:
    try:
        do()
    except FileNotFoundError:
        return False
    except Exception as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        _say(f"{what.format(os.getpid())}: {reason or type(error).__name__}")
        return False
    return True


def _say(sentence: str) -> None:
    """On the descriptor itself: in a fork's child ``sys.stderr`` may be locked by a thread that did not come along."""
    if sys.__stderr__ is not None:
        try:
            os.write(2, f"pytest-speedbump: {sentence}\n".encode(errors="backslashreplace"))
        except OSError:
            pass

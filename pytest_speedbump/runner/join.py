"""What a process does that starts inside an experiment: it joins, before any of its program runs.

Then it counts into a ledger of its own and is slowed as the control page says, in all its threads, and so are the
children that it forks. Those that it starts join by themselves, by the same variable of the environment. A process that
cannot join runs as it is. So little is imported here that joining takes a few milliseconds at most.
"""

import os
import sys
from _thread import _is_main_interpreter  # type: ignore[attr-defined]  # threading imports it so too

from pytest_speedbump import _core
from pytest_speedbump.slowing.folder import VARIABLE, Folder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_speedbump.runner.latecomers import Latecomers
    from pytest_speedbump.slowing.callables import Found

__all__ = ["has_joined", "join", "leave", "start"]

OWNER = "the experiment on this whole program, by SPEEDBUMP_CONTROL or `python -m pytest_speedbump run`"


def start() -> None:
    """What ``pytest_speedbump.pth`` calls in every interpreter that starts with a variable ``SPEEDBUMP_*``."""
    if not _is_main_interpreter():  # others share what is C's with it, and their calls are not counted
        return
    path = os.environ.get(VARIABLE)
    if not path:
        from pytest_speedbump.runner.environment import begin

        begin()
    elif join(path) and _joined is not None and _joined.folder.is_own:  # it has called exec
        from pytest_speedbump.runner.environment import go_on

        go_on(_joined.folder)


def join(path: str) -> bool:
    """Joins the experiment of the control folder ``path``; False where it cannot, which is said on standard error.

    Nothing is said of a folder that is gone, as after the end of its experiment.
    """
    return _try(lambda: _join(Folder(path)))


def leave() -> None:
    """The process is as it was before it joined; its ledger stays. Harmless where it has not joined."""
    global _joined
    joined, _joined = _joined, None
    if joined is not None:
        joined.leave()


def has_joined() -> bool:
    return _joined is not None


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
            self.latecomers.watch(self.plant)

    def plant(self, found: "list[Found]") -> None:
        _try(lambda: self.session.refresh(found))

    def leave(self) -> None:
        if self.latecomers is not None:
            self.latecomers.unwatch()
        self.session.disarm()


def _latecomers(folder: Folder) -> "Latecomers":
    from pytest_speedbump.runner.latecomers import Latecomers

    return Latecomers(folder.rows)


_joined: _Joined | None = None
_is_hooked = False


def _join(folder: Folder) -> None:
    global _joined, _is_hooked
    folder.page.adopt()
    _joined = _Joined(folder)
    if not _is_hooked:
        # Before any of the program's: what runs in them is counted too, but for the core's own, which came first.
        os.register_at_fork(after_in_child=_join_again)
        _is_hooked = True


def _join_again() -> None:
    """A fork's child begins with a session that is dead, and with its parent's page, which it does not obey."""
    global _joined
    joined, _joined = _joined, None
    if joined is not None:
        _try(lambda: _join(joined.folder))


def _try(do: "Callable[[], None]") -> bool:
    try:
        do()
    except FileNotFoundError:
        return False
    except Exception as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        _say(f"process {os.getpid()} is not slowed: {reason}")
        return False
    return True


def _say(sentence: str) -> None:
    """On the descriptor itself: in a fork's child ``sys.stderr`` may be locked by a thread that did not come along."""
    if sys.__stderr__ is not None:
        try:
            os.write(2, f"pytest-speedbump: {sentence}\n".encode(errors="backslashreplace"))
        except OSError:
            pass

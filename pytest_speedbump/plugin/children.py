"""``--speedbump-children``: all processes that the tests start are slowed and counted with this one.

Imported only where that is asked.
"""

import os
from collections.abc import Iterable

from pytest_speedbump.bump import Bump, Mode
from pytest_speedbump.errors import InputError
from pytest_speedbump.runner import join
from pytest_speedbump.slowing.crowd import MOST_LISTS, Crowd, Crowds
from pytest_speedbump.slowing.folder import VARIABLE
from pytest_speedbump.targets import Targets

__all__ = ["Children"]

OPTION = "--speedbump-children"


class Children:
    """Those that this process starts or forks, and theirs, until :meth:`close`: the environment tells them."""

    def __init__(self, bumps: Iterable[Bump]) -> None:
        """``bumps``: all of the run.

        Raises:
            InputError: they cannot all be made through one folder.
        """
        bumps = list(bumps)
        lists = {bump.targets.patterns: bump.targets for bump in bumps}
        if len(lists) > MOST_LISTS:
            raise InputError(
                f"under {OPTION} a run slows {MOST_LISTS} different lists of targets at most, and these tests have "
                f"{len(lists)}; run fewer of them at a time, as with -k, or give more of them the same targets"
            )
        self._crowds = Crowds(list(lists.values()), _only_mode({bump.mode for bump in bumps}))
        self._process, self._before = os.getpid(), os.environ.get(VARIABLE)
        self._is_open, self._is_child = True, False
        os.environ[VARIABLE] = self._crowds.path
        os.register_at_fork(after_in_child=self._join)  # for good: nothing can be unregistered

    def make_session(self, targets: Targets, _mode: Mode, owner: str) -> Crowd:
        """Raises InputError in a fork, which is a child itself and switches nobody."""
        if os.getpid() != self._process:
            raise InputError(
                f"under {OPTION} a test cannot be measured in a fork of pytest, as pytest-forked makes them; "
                "leave one of them out"
            )
        return self._crowds.make(targets, owner)

    def _join(self) -> None:
        """A fork of this process; its own forks join as those of any process that has joined."""
        if self._is_open and not self._is_child:
            self._is_child = join.join(self._crowds.path)

    def close(self) -> None:
        """A fork that ends as if it were pytest closes nothing."""
        self._is_open = False
        if os.getpid() != self._process:
            return
        if self._before is None:
            os.environ.pop(VARIABLE, None)
        else:
            os.environ[VARIABLE] = self._before
        self._crowds.close()


def _only_mode(modes: set[Mode]) -> Mode:
    mode, *others = sorted(modes)
    if others:
        raise InputError(
            f"under {OPTION} a run slows in one mode, and these tests ask for {', '.join([mode, *others])}; "
            "run them one mode at a time, as with -k"
        )
    if mode == "await":
        raise InputError(
            f"mode await changes coroutine functions of this process alone; write another mode, or leave {OPTION} out"
        )
    return mode

"""The door for programs: slow code for the length of a ``with`` block or of a function, without pytest."""

from contextlib import ContextDecorator
from typing import Self

from pytest_speedbump import _core
from pytest_speedbump.bump import check_mode, parse_every, parse_mode
from pytest_speedbump.counts import Snapshot
from pytest_speedbump.errors import InputError
from pytest_speedbump.slowing.session import make_session, take_snapshot
from pytest_speedbump.targets import parse_targets
from pytest_speedbump.units import parse_delay

__all__ = ["slow"]


class slow(_core.Armed, ContextDecorator):  # noqa: N801 - a verb, like contextlib's suppress
    """Delays every call of what ``targets`` match, in every thread of this interpreter, inside a ``with`` block::

        with slow("pkg.parse*", "!pkg.parse_debug", delay="2us") as bump:
            work()
            bump.snapshot().targets[0].calls

    or in every call of a function, which must be no coroutine or generator function: those return before they run::

        @slow("pkg.parse*", delay="2us")
        def main(): ...

    It can be used again, and counts anew each time. One at a time in an interpreter: entering a second one, here or in
    another thread, raises ``RuntimeError`` that names the first. A child made by ``os.fork`` inside is not slowed.

    Args:
        targets: patterns, as in the reference of targets; later ones win.
        delay: per call, such as ``"2us"``; ``"0ns"`` counts and adds nothing.
        mode: ``"spin"``, ``"nogil"``, ``"sleep"``, or ``"await"``, of coroutine functions.
        every: of each target's calls in each thread, every so many are delayed: 10 delays call 10, 20, 30 and so on.
            All are counted.

    Raises:
        ValueError: a bad target, delay, mode or ``every``, with the sentence that the command line would print.
        RuntimeError: on entering, where another bump is armed or no tool id of ``sys.monitoring`` is free.
    """

    def __init__(self, *targets: str, delay: str, mode: str = "spin", every: int = 1) -> None:
        if not targets:
            raise InputError("slow() has no target; name what to slow, such as slow('pkg.parse*', delay='2us')")
        self._targets = parse_targets(targets)
        self._mode = parse_mode(mode, "mode")
        self._every = parse_every(every, "every")
        self._delay, self._delay_ns = delay, self._parse_delay(delay)

    def _parse_delay(self, delay: str) -> float:
        delay_ns = parse_delay(delay, "delay")
        check_mode(self._mode, self._targets, delay_ns)
        return delay_ns

    def __enter__(self) -> Self:
        session = make_session(self._targets, self._mode, f"slow({str(self._targets)!r})")
        try:
            self._arm(session)
            session.set_delay(self._delay_ns, self._every)
            return self
        except BaseException:  # Ctrl-C in here: no __exit__ will follow
            session.disarm()
            raise

    @property
    def delay(self) -> str:
        """The delay in force. Setting it is one atomic store; calls that are under way keep theirs."""
        return self._delay

    @delay.setter
    def delay(self, delay: str) -> None:
        self._delay, self._delay_ns = delay, self._parse_delay(delay)
        if self._session is not None:
            self._session.set_delay(self._delay_ns, self._every)

    def snapshot(self) -> Snapshot:
        """Totals since the block was entered; readable after it as well."""
        if self._session is None:
            raise RuntimeError("nothing was slowed yet; take snapshots inside or after the with block")
        return take_snapshot(self._session, self._targets)

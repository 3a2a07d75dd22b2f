"""A signal's exception ends a delay."""

import signal

from pytest_speedbump import _core


class AlarmError(Exception):
    pass


def raise_alarm(*_: object) -> None:
    raise AlarmError


signal.signal(signal.SIGALRM, raise_alarm)


def leaf() -> None:
    pass


def scenario() -> None:
    session = _core.Session(_core.Patterns(["*:leaf"]), "spin", "a leak test")
    session.arm()
    session.set_delay(60e9)
    try:
        signal.setitimer(signal.ITIMER_REAL, 1e-4)
        leaf()
    except AlarmError:
        session.disarm()
        return
    raise AssertionError("not cut short")

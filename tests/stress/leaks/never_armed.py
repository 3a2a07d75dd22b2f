"""A session that is made and read, and never armed."""

from pytest_speedbump import _core

PATTERNS = _core.Patterns(["pkg.*"])


def scenario() -> None:
    for mode in ("spin", "nogil", "sleep"):
        session = _core.Session(PATTERNS, mode, f"a leak test of {mode}")
        session.set_delay(5)
        session.pause()
        session.disarm()
        assert (session.snapshot(), session.intact, session.lost) == ([], False, 0)
        assert session.fixed_ns > 0

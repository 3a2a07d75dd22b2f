"""A whole life: made, armed, counting many code objects, read, disarmed."""

from pytest_speedbump import _core


def scenario() -> None:
    session = _core.Session(_core.Patterns(["made_up_*", "*.py:no_such", "!made_up_3"]), "spin", "a leak test")
    session.arm()
    for delay_ns in (0, 200):
        session.set_delay(delay_ns)
        for i in range(40):
            exec(f"def made_up_{i}(): pass\nmade_up_{i}()", {})
    session.snapshot()
    session.totals()
    session.disarm()
    assert session.totals()[0] == 2 * 39

"""Doses for more and more targets, whose tables outgrow their room; and their counts."""

from array import array

from pytest_speedbump import _core


def scenario() -> None:
    session = _core.Session(_core.Patterns(["made_up_*"]), "spin", "a leak test")
    session.arm()
    into = array("d", bytes(8 * 5 * 150))
    for i in range(150):
        exec(f"def made_up_{i}(): pass\nmade_up_{i}()", {})
        session.set_doses(array("d", [20.0, 0.5] * i))
    for delay_ns in range(100):
        session.set_doses(array("d", [delay_ns, 1.0] * 150))
        assert session.read_counts(into) == 150
    session.disarm()

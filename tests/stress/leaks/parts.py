"""Lines and resumes of many code objects: met, thrown into, armed again, read, disarmed."""

from contextlib import suppress
from typing import Any

from pytest_speedbump import _core

SOURCE = """
def work(n):
    for i in range(n):
        try:
            yield i
        except KeyError:
            yield -1
"""


def scenario() -> None:
    session = _core.Session(_core.Patterns(["made_up:3-4", "resume:made_up.*"]), "spin", "a leak test")
    functions = []
    for delay_ns in (0, 200):
        with session:
            session.set_delay(delay_ns)
            for _ in range(20):
                names: dict[str, Any] = {"__name__": "made_up"}
                exec(compile(SOURCE, "made_up.py", "exec"), names)
                functions.append(names["work"])
            for function in functions:
                steps = function(2)
                next(steps)
                steps.throw(KeyError())
                with suppress(StopIteration):
                    while True:
                        next(steps)
            assert session.intact
    assert len(session.snapshot()) == 3 * 40

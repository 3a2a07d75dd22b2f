"""Classification of names that are no plain text."""

from types import FunctionType

from pytest_speedbump import _core

CODE = next(const for const in compile("def f(): pass", "x.py", "exec").co_consts if const)
NAMES = ["m", "\udc80", None, 42, "x" * 1000]


def scenario() -> None:
    session = _core.Session(_core.Patterns(["*made_up*", "\udc80.py:*made_up", "!*\udc81"]), "spin", "a leak test")
    session.arm()
    session.set_delay(0)
    for name in NAMES:
        for qualname in ("made_up", "made_up\udc80", "made_up\udc81", "stranger"):
            FunctionType(CODE.replace(co_qualname=qualname, co_filename="\udc80.py"), {"__name__": name})()
        FunctionType(CODE.replace(co_qualname="made_up_nameless"), {})()
    session.disarm()
    assert session.totals()[0] == 3 * len(NAMES)

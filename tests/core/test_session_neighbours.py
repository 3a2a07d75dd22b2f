"""Side by side with what else watches code: coverage.py, settrace, setprofile."""

import contextlib
import os
import sys
from collections.abc import Callable
from types import FrameType

import pytest
from scripts import run_script
from sessions import MakeSession

WORK = """
def leaf(n):
    if n % 2:
        return n
    return -n

def never(): return 0

def oneline(): return 1

def steps(n):
    for i in range(n):
        if i == 3:
            yield leaf(i)
        else:
            yield oneline()

def work():
    total = 0
    for _ in range(50):
        total += sum(steps(6))
    try:
        leaf(None)
    except TypeError:
        total += 1
    return total
"""


@pytest.mark.parametrize("core", ["ctrace", "sysmon"])
def test_coverage_is_the_same_and_counts_are_exact(tmp_path: os.PathLike[str], core: str) -> None:
    pytest.importorskip("coverage", reason="coverage.py is not installed")
    if core == "ctrace":
        pytest.importorskip("coverage.tracer", reason="coverage.py has no C tracer for this Python")
    out = run_script(
        f"""
    import coverage, importlib
    with open({str(tmp_path)!r} + "/work.py", "w") as file:
        file.write({WORK!r})
    sys.path.insert(0, {str(tmp_path)!r})

    def cover(slowed):
        sys.modules.pop("work", None)
        session = make_session("work:*", "!work:<module>")
        cover = coverage.Coverage(data_file=None, include=["*/work.py"], config_file=False)
        cover.start()
        core = dict(cover.sys_info())["core"]
        work = importlib.import_module("work")
        if slowed:
            session.arm()
            session.set_delay(1000)
        result = work.work()
        session.disarm()
        cover.stop()
        return result, sorted(cover.get_data().lines(work.__file__)), core, session.totals()[0]

    without, slowed = cover(False), cover(True)
    print(slowed[:3] == without[:3], slowed[2], len(slowed[1]) > 15, slowed[3])
        """,
        environment={**os.environ, "COVERAGE_CORE": core},
    )
    # work, 50 steps, leaf(3) in each and leaf(None), five oneline in each
    tracer = {"ctrace": "CTracer", "sysmon": "SysMonitor"}[core]
    assert out == f"True {tracer} True {1 + 50 + 50 + 1 + 250}\n"


def leaf(n: int) -> int:
    m = n + 1
    return 2 * m


def failing() -> None:
    raise KeyError


def call_all() -> None:
    for n in range(3):
        leaf(n)
    with contextlib.suppress(KeyError):
        failing()


type Trace = Callable[[FrameType, str, object], object]


@pytest.mark.parametrize(
    ("get", "set_"), [(sys.gettrace, sys.settrace), (sys.getprofile, sys.setprofile)], ids=["settrace", "setprofile"]
)
@pytest.mark.parametrize("mode", ["spin", "time"])
def test_tracers_and_profilers_see_the_same(
    make_session: MakeSession, mode: str, get: Callable[[], Trace | None], set_: Callable[[Trace | None], None]
) -> None:
    def record() -> list[tuple[str, str, int]]:
        events = []

        def trace(frame: FrameType, event: str, _: object) -> Trace:
            if frame.f_globals is globals():
                events.append((frame.f_code.co_name, event, frame.f_lineno))
            return trace

        outer = get()
        set_(trace)
        try:
            call_all()
        finally:
            set_(outer)
        return events

    before = record()
    session = make_session(f"{__name__}:leaf", f"{__name__}:failing", mode=mode)
    session.arm()
    session.set_delay(0 if mode == "time" else 1000)
    during = record()
    session.disarm()
    assert during == before == record()
    assert len(before) > 8
    assert session.totals()[0] == 4

"""A scan that knows the truth and adds noise to it: what the scan's own benchmark is tried with.

It is called as `pytest_speedbump.scan` is, and takes hardly any time.
"""

import random
import sys
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from benchmarks.scan.systems import Known
from pytest_speedbump import slow
from pytest_speedbump.bump import Mode
from pytest_speedbump.ranking import Ranked, Ranking, Standing
from pytest_speedbump.result import Estimate
from pytest_speedbump.targets import parse_targets

ERROR = 0.04  # of a transmission


def scan(
    function: Callable[[], object],
    *targets: str,
    mode: Mode = "spin",
    max_time: str = "60s",
    error_rate: str | float = "5%",
    seed: int | None = None,
) -> Ranking:
    coin = random.Random(seed)
    began = time.perf_counter()
    function()
    round_ns = (time.perf_counter() - began) * 1e9
    with slow(*targets, delay="0ns") as bump:
        function()
        matched = bump.snapshot().matched
    system: Any = getattr(function, "__self__", None)
    known = system if isinstance(system, Known) else None
    shares = _shares(function) if known is None else Counter()
    if known is not None:
        known.calibrate()
    functions = []
    for rank, one in enumerate(matched, 1):
        pairs = coin.choice((3, 12))
        dose = round_ns / (8 if pairs == 12 else 2)
        share = shares[one.site.code] if known is None else 0.05
        middle = (1.0 if known is None else known.truth(one.name, dose)) + coin.gauss(0, ERROR)
        found = Estimate(middle, middle - 1.96 * ERROR, middle + 1.96 * ERROR)
        gain = Estimate(share * middle, share * (middle - 2 * ERROR), share * (middle + 2 * ERROR))
        verdict: Standing = "critical" if middle > 0.5 and gain > 0.003 else "free" if share > 0.005 else "small"
        functions.append(
            Ranked(
                name=one.name, file=one.file, line=one.line, calls=one.calls, share=share, transmission=found,
                slack_ns=None, gain=gain, gain_per_us=None, verdict=verdict, confirmed=verdict == "critical",
                rank=rank, pairs=pairs,
            )
        )  # fmt: skip
    slack = None if known is None or known.slack_ns is None else Estimate(known.slack_ns * 1.02, None, None)
    return Ranking(
        test="",
        targets=parse_targets(targets),
        mode=mode,
        round_ns=round_ns,
        seconds=time.perf_counter() - began,
        pairs=3,
        functions=tuple(functions),
        joint_slack_ns=slack,
    )


def scan_without_sleep(function: Callable[[], object], *targets: str, **more: Any) -> Ranking:
    """Breaks where delays are to be slept."""
    if more.get("mode") == "sleep":
        raise ValueError("it does not sleep")
    return scan(function, *targets, **more)


def _shares(function: Callable[[], object]) -> Counter[object]:
    """Crudely, by a profile of one round."""
    spent: Counter[object] = Counter()
    stack: list[object] = []
    last = time.perf_counter()

    def event(frame: Any, kind: str, argument: object) -> None:
        nonlocal last
        now = time.perf_counter()
        if stack:
            spent[stack[-1]] += now - last  # type: ignore[assignment]
        if kind == "call":
            stack.append(frame.f_code)
        elif kind == "return" and stack:
            stack.pop()
        last = time.perf_counter()

    function()
    sys.setprofile(event)
    function()
    sys.setprofile(None)
    total = spent.total()
    return Counter({code: seconds / total for code, seconds in spent.items()})

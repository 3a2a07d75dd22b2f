"""Bencher Metric Format, which knows intervals: https://bencher.dev/docs/reference/bencher-metric-format/"""

from collections import Counter
from hashlib import sha256
from math import isfinite
from typing import Any

from pytest_speedbump.documents.document import Document
from pytest_speedbump.report.columns import plain
from pytest_speedbump.result import Estimate, Result

__all__ = ["bencher"]

LONGEST = 1024  # characters of a name
DIGEST = 12  # of them, at the end of one that is longer


def bencher(document: Document) -> dict[str, Any]:
    """For each test and bump the measures that are known, with the ends of their intervals.

    ``drop`` and ``transmission`` are shares, ``slack``, ``bare-latency`` and ``probe-latency`` are ns. Names are
    unique, and the same in each run that asks the same; a scan, whose functions change with the program, has none.
    """
    seen, found = Counter[str](), dict[str, Any]()
    for result in document.results:
        measures = _measures(result)
        if not measures:
            continue
        name = plain(f"{result.test} [{result.bump}]")
        seen[name] += 1
        found[_short(name if seen[name] == 1 else f"{name} #{seen[name]}")] = measures
    return found


def _measures(result: Result) -> dict[str, dict[str, float]]:
    known = {
        "drop": result.known_drop,
        "transmission": result.known_transmission,
        "slack": result.slack_ns,
        "bare-latency": result.bare_ns,
        "probe-latency": result.probe_ns,
    }
    return {name: _metric(value) for name, value in known.items() if value is not None and _is_known(value)}


def _is_known(value: float) -> bool:
    """An estimate of which neither end is known is what tables call not known."""
    ends = (value.low, value.high) if isinstance(value, Estimate) else (value,)
    return isfinite(value) and any(end is not None and isfinite(end) for end in ends)


def _metric(value: float) -> dict[str, float]:
    ends = (value.low, value.high) if isinstance(value, Estimate) else (None, None)
    named = {"value": float(value), "lower_value": ends[0], "upper_value": ends[1]}
    return {name: number for name, number in named.items() if number is not None and isfinite(number)}


def _short(name: str) -> str:
    if len(name) <= LONGEST:
        return name
    digest = sha256(name.encode()).hexdigest()[:DIGEST]
    return f"{name[: LONGEST - DIGEST - 1]} {digest}"

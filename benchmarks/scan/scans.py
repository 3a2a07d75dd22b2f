"""Scans where the answer is known, and what single measurements would have cost."""

import random
from typing import Any

from benchmarks.scan.door import Scan, dose_ns, key, recorded
from benchmarks.scan.packages import Package
from benchmarks.scan.systems import Anything, Known
from benchmarks.truth.tool import ask_about
from pytest_speedbump.experiment.subject import PlainSubject
from pytest_speedbump.ranking import Ranked

__all__ = ["scan_hidden", "scan_known", "scan_package", "single_measurements"]

SINGLE = 0.05  # of the round, the delay of a single measurement


def scan_package(package: Package, scan: Scan, max_time: str, seed: int) -> dict[str, Any]:
    ranking = scan(package.round(), package.target, max_time=max_time, seed=seed)
    return {"package": package.name, **recorded(ranking)}


def scan_known(kind: type[Known], scan: Scan, max_time: str, seed: int) -> dict[str, Any]:
    """With the transmission that each function should have had at the dose at which it was measured."""
    with kind() as system:
        system.calibrate()
        ranking = scan(system.step, *system.targets, mode=system.mode, max_time=max_time, seed=seed)

        def truth(one: Ranked) -> dict[str, Any]:
            dose = dose_ns(one, ranking.round_ns or 0.0)
            known = bool(dose) and one.transmission is not None
            return {"dose_ns": dose, "true_transmission": system.truth(one.name, dose) if known else None}

        return {
            "system": system.name,
            "mode": system.mode,
            "expected": len(system.names),
            "true_joint_slack_ns": system.slack_ns,
            **recorded(ranking, truth),
        }


def scan_hidden(scan: Scan, max_time: str, scans: int, seed: int) -> list[dict[str, Any]]:
    """So many systems in which nothing is critical, each another one."""
    records = []
    for number in range(scans):
        with Anything(seed * 1_000 + number) as system:
            system.calibrate()
            ranking = scan(system.step, *system.targets, max_time=max_time, seed=seed * 1_000 + number)
            called = [one.name for one in ranking.functions if one.verdict in ("critical", "partly")]
            records.append(
                {
                    "functions": len(system.names),
                    "ranked": len(ranking.functions),
                    "round_ns": ranking.round_ns,
                    "true_slack": (system.slack_ns or 0.0) / system.device_ns,
                    "varies": system.varies_ns / system.device_ns,
                    "called_critical": called,
                    "confirmed": [one.name for one in ranking.functions if one.confirmed],
                    "seconds": ranking.seconds,
                    "reason": str(ranking.reason),
                }
            )
    return records


def single_measurements(
    package: Package, scan: Scan, max_time: str, singles: int, single_ns: float, seed: int
) -> dict[str, Any]:
    """A scan, and then some of its functions by themselves, each until its drop is known or its time is over.

    With a delay that makes a round 5 % longer, which is what a user may ask for without knowing the function.
    """
    function = package.round()
    ranking = scan(function, package.target, max_time=max_time, seed=seed)
    known = [one for one in ranking.functions if error(one) is not None]
    sample = random.Random(seed).sample(known, min(singles, len(known)))
    return {
        "package": package.name,
        "functions": len(known),
        "seconds": ranking.seconds,
        "singles": [
            {
                "name": key(one.name, one.line),
                "scan_error": error(one),
                **_single(function, one, ranking.round_ns or 0.0, single_ns, seed),
            }
            for one in sample
        ],
    }


def error(one: Ranked) -> float | None:
    """Half the width of the interval of its transmission; None where an end is open."""
    found = one.transmission
    if found is None or found.low is None or found.high is None or found.high <= found.low:
        return None
    return (found.high - found.low) / 2


def _single(function: Any, one: Ranked, round_ns: float, limit_ns: float, seed: int) -> dict[str, Any]:
    delay_ns = SINGLE * round_ns / one.calls
    answer = ask_about(one.name, PlainSubject(function, (), {}), one.name, "spin", delay_ns, None, limit_ns, seed)
    return {name: answer.get(name) for name in ("delay_ns", "seconds", "pairs", "transmission", "verdict")}

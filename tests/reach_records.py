"""Records as the benchmark of kinds of targets writes them, for tests of what is made of them."""

from typing import Any

type Record = dict[str, Any]


def cost(kind: str, added_ns: float, unmatched_ns: float = 0.0) -> Record:
    record = {"kind": "cost", "condition": "quiet", "target_kind": kind}
    return record | {"bare_ns": 20.0, "added_ns": added_ns, "unmatched_ns": unmatched_ns}


def delivered(kind: str, requested_ns: float, error_ns: float = 0.0) -> Record:
    record = {"kind": "delivered", "condition": "quiet", "target_kind": kind, "requested_ns": requested_ns}
    return record | {"arrived_ns": requested_ns + error_ns, "booked_ns": requested_ns + 0.5}


def known(system: str, transmission: float | None, true: float = 1.0, **more: Any) -> Record:
    found = None if transmission is None else {"estimate": transmission, "low": 0.5, "high": None}
    record = {"kind": "known", "condition": "quiet", "system": system, "delay_ns": 1_000.0, "verdict": "measured"}
    return record | {"reason": "", "transmission": found, "true_transmission": true} | more

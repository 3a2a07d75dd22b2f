"""Records as the benchmark of programs writes them, for tests of what is made of them."""

from typing import Any

type Record = dict[str, Any]


def known(program: str, drop: float | None, transmission: float | None = 1.0, **more: Any) -> Record:
    def found(value: float | None) -> Record | None:
        return None if value is None else {"estimate": value, "low": None, "high": None}

    record = {"kind": "known", "condition": "quiet", "program": program, "absorbs": False, "seconds": 12.0}
    record |= {"true_drop": 0.2, "true_transmission": 1.0, "verdict": "measured", "reason": ""}
    return record | {"drop": found(drop), "transmission": found(transmission)} | more


def same(condition: str, verdict: str) -> Record:
    return {"kind": "same", "condition": condition, "program": "serial", "verdict": verdict}


def cost(kind: str, name: str, ns: float) -> Record:
    return {"kind": kind, "condition": "quiet", name: ns, "worst_ns": 2 * ns, "times": 3}

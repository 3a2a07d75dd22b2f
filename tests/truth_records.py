"""Records as the truth suite writes them, and an origin, for tests of what is made of them."""

from typing import Any

ORIGIN = {
    "python": "CPython 3.13.0", "gil": True, "system": "Linux 6", "machine": "x86_64", "processor": "A processor",
    "cpus": 2, "smoke": False, "at": "2026-01-01T00:00:00+00:00", "load": 0.1, "core": "_core.so", "clock": "tsc",
    "version": "0.1.0", "pytest_benchmark": "5.3.1",
}  # fmt: skip


def verdict(verdict: str, true_drop: float = 0.0, **more: Any) -> dict[str, Any]:
    drop = {"estimate": 0.0, "low": -0.01, "high": 0.01}
    case = {0.0: "no effect", 0.04: "twice the budget"}.get(true_drop, "near the budget")
    record: dict[str, Any] = {
        "kind": "verdict",
        "condition": "quiet",
        "case": case,
        "label": "chain",
        "aim": None,
        "system": "chain",
    }
    record |= {"verdict": verdict, "true_drop": true_drop, "budget": 0.02, "delay_ns": 20.0, "drop": drop}
    record |= {"true_transmission": 1.0, "transmission": None, "seconds": 0.1, "pairs": 12}
    return record | more


def dose(transmission: float | None, true: float = 1.0, **more: Any) -> dict[str, Any]:
    known = None if transmission is None else {"estimate": transmission, "low": None, "high": None}
    record = verdict("measured", 0.0, kind="dose", system="serial chain", transmission=known, true_transmission=true)
    return record | more


def speedup(predicted: float | None, real: float, crosses: bool = False) -> dict[str, Any]:
    name = "moves" if crosses else "chain"
    record = {"kind": "speedup", "condition": "quiet", "speedup": name, "predicted": predicted, "real": real}
    return record | {"crosses": crosses}


def first_command(seconds: float, width: float = 0.01, **more: Any) -> dict[str, Any]:
    """It finds one drop, of 10 %, and one target that does not matter."""
    found = verdict("measured", drop={"estimate": 0.1, "low": 0.1, "high": 0.1 + width})
    record = {"kind": "first command", "condition": "quiet", "seconds": seconds, "exit": 0}
    return record | {"results": [found, verdict("insensitive")]} | more

"""Records as the scan's benchmark writes them, for tests of what is made of them."""

from typing import Any

type Record = dict[str, Any]


def _estimate(found: tuple[float, float | None, float | None] | None) -> Record | None:
    return None if found is None else dict(zip(("estimate", "low", "high"), found, strict=True))


def function(
    name: str,
    verdict: str,
    gain: float | None,
    transmission: tuple[float, float | None, float | None] | None = (1.0, 0.9, 1.1),
    true: float | None = 1.0,
) -> Record:
    record = {"name": name, "verdict": verdict, "confirmed": False, "transmission": _estimate(transmission)}
    return record | {"gain": gain if gain is None else _estimate((gain, gain, gain)), "true_transmission": true}


def shares(samples: dict[str, int], total: int, package: str = "graphql-core") -> Record:
    return {"kind": "shares", "condition": "quiet", "package": package, "samples": samples, "total": total}


def package(*functions: Record, **more: Any) -> Record:
    record = {"kind": "package", "condition": "quiet", "package": "graphql-core", "round_ns": 4e6, "seconds": 5.0}
    return record | {"pairs": 500, "functions": list(functions)} | more


def agreeing(package_: str = "graphql-core") -> list[Record]:
    one = function("hot", "critical", 0.05)
    return [package(one, condition=condition, package=package_) for condition in ("quiet", "hog")]


def known(*functions: Record, **more: Any) -> Record:
    record = {"kind": "known", "condition": "quiet", "system": "serial chain", "expected": len(functions)}
    record |= {"functions": list(functions), "joint_slack_ns": None, "true_joint_slack_ns": None, "seconds": 3.0}
    return record | more


def hidden(**more: Any) -> Record:
    record = {"kind": "hidden", "condition": "quiet", "functions": 12, "ranked": 12, "seconds": 0.7}
    return record | {"called_critical": [], "confirmed": []} | more


def gain(predicted: float | None, real: float, removal: str = "critical") -> Record:
    told = None if predicted is None else _estimate((predicted, predicted, predicted))
    return {"kind": "gain", "condition": "quiet", "removal": removal, "predicted": told, "real": real}


def singles(*measured: tuple[float, float | None, float], functions: int = 100, seconds: float = 10.0) -> Record:
    """Each (seconds, error or None, error of the scan)."""
    found = [
        {
            "seconds": took,
            "scan_error": scan_error,
            "transmission": None if error is None else _estimate((1.0, 1.0 - error, 1.0 + error)),
        }
        for took, error, scan_error in measured
    ]
    record = {"kind": "singles", "condition": "quiet", "package": "graphql-core", "functions": functions}
    return record | {"seconds": seconds, "singles": found}

"""Results as JUnit properties."""

from collections.abc import Iterator, Sequence

from pytest_speedbump.result import Result

__all__ = ["PREFIX", "properties"]

PREFIX = "speedbump."


def properties(results: Sequence[Result]) -> Iterator[tuple[str, object]]:
    """``speedbump.0.verdict`` and so on, numbered by bump; without what is not known."""
    for index, result in enumerate(results):
        values: dict[str, object] = {
            "targets": str(result.bump.targets),
            "delay_ns": result.bump.delay_ns if result.bump.is_resolved else None,
            "share": result.bump.delay_share,
            "every": result.bump.every if result.bump.every > 1 else None,
            "verdict": result.verdict,
            "outcome": result.outcome,
            "reason": str(result.reason),
        }
        if result.known_drop is not None:
            values["drop"] = float(result.known_drop)
            values["drop_low"] = result.known_drop.low
            values["drop_high"] = result.known_drop.high
        if result.known_transmission is not None:
            values["transmission"] = float(result.known_transmission)
        if result.slack_ns is not None:
            values["slack_ns"] = float(result.slack_ns)
            values["slack_low_ns"] = result.slack_ns.low
            values["slack_high_ns"] = result.slack_ns.high
        for name, value in values.items():
            if value is not None:
                yield f"{PREFIX}{index}.{name}", value

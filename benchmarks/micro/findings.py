"""What a run of the microbenchmarks finds beyond pytest-benchmark's own rows: the document of ``--output``."""

from dataclasses import dataclass, field
from typing import Any

from benchmarks.micro import SCHEMA
from benchmarks.micro.counting import Counting
from benchmarks.micro.delivery import Delivery
from benchmarks.micro.plans import Plans
from benchmarks.micro.sidebyside import SideBySide
from benchmarks.origin import Origin

__all__ = ["Findings"]


@dataclass(slots=True)
class Findings:
    """``afresh``: deliveries in fresh processes, process by process. ``counting``, ``plans``: None until done."""

    origin: Origin
    side_by_side: list[SideBySide] = field(default_factory=list)
    deliveries: list[Delivery] = field(default_factory=list)
    afresh: list[list[Delivery]] = field(default_factory=list)
    counting: Counting | None = None
    plans: Plans | None = None

    def to_json(self) -> dict[str, Any]:
        return {
            "schema": SCHEMA,
            "origin": self.origin.to_json(),
            "side_by_side": [result.to_json() for result in self.side_by_side],
            "delivery": [result.to_json() for result in self.deliveries],
            "delivery_afresh": [[result.to_json() for result in found] for found in self.afresh],
            "counting": self.counting and self.counting.to_json(),
            "plans": self.plans and self.plans.to_json(),
        }

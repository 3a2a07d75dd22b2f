"""How much a call is delayed: by so many ns, or by what makes a drop."""

from dataclasses import dataclass
from typing import Literal, Self

from benchmarks.truth.closed_forms import Form
from pytest_speedbump.units import format_time

__all__ = ["Delay"]


@dataclass(frozen=True, slots=True)
class Delay:
    """Made by :meth:`exactly`, :meth:`making` or :meth:`worth`."""

    size: float
    kind: Literal["exactly", "making", "worth"]

    @classmethod
    def exactly(cls, ns: float) -> Self:
        """So many ns a call."""
        return cls(ns, "exactly")

    @classmethod
    def making(cls, drop: float) -> Self:
        """What makes ``drop``, in a system whose step is linear in the delay."""
        return cls(drop, "making")

    @classmethod
    def worth(cls, drop: float) -> Self:
        """What would make ``drop`` if nothing were hidden."""
        return cls(drop, "worth")

    def ns(self, form: Form) -> float:
        """Of one call, in ns."""
        if self.kind == "exactly":
            return self.size
        ns = self.size / (1 - self.size) * form.step_ns(0) / form.calls(0)
        return ns / form.transmission(ns) if self.kind == "making" else ns

    @property
    def aim(self) -> float | None:
        """The drop that it is to make, where it is made for that."""
        return self.size if self.kind == "making" else None

    def __str__(self) -> str:
        return format_time(self.size) if self.kind == "exactly" else f"{self.kind} {self.size:.4g}"

"""One figure: what was promised, what was measured, whether that holds."""

from dataclasses import dataclass

__all__ = ["Figure"]


@dataclass(frozen=True, slots=True)
class Figure:
    """``measured`` is for people; ``values`` are the numbers in it, for programs. ``holds`` is None: not measured."""

    what: str
    promised: str
    measured: str
    holds: bool | None
    values: dict[str, float]

    @classmethod
    def lacking(cls, what: str, promised: str, reason: str) -> "Figure":
        return cls(what, promised, reason, None, {})

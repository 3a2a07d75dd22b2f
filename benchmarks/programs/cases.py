"""What is asked of the programs, and the true answers."""

from dataclasses import dataclass

from pytest_speedbump.bump import Mode

__all__ = ["CASES", "Case"]

MS = 1e6


@dataclass(frozen=True, slots=True)
class Case:
    """One program and one delay. Times in ns.

    Attributes:
        program: its name in ``known.py``.
        stage_ns: what the stage takes that calls the target, ``calls`` times a unit, in so many ``workers`` at once.
        device_ns: what the other stage takes, beside it.
        absorbs: a queue holds more than stretches can drain: no number is asked for, but no wrong one either.
    """

    program: str
    mode: Mode
    delay_ns: float
    stage_ns: float
    device_ns: float = 0.0
    calls: int = 1
    workers: int = 1
    absorbs: bool = False

    def unit_ns(self, delay_ns: float) -> float:
        """Of a unit of progress."""
        return max((self.stage_ns + self.calls * delay_ns) / self.workers, self.device_ns)

    @property
    def true_drop(self) -> float:
        return 1 - self.unit_ns(0) / self.unit_ns(self.delay_ns)

    @property
    def true_transmission(self) -> float:
        """Of all delays of a unit together: two workers at once get two in the time of one."""
        return (self.unit_ns(self.delay_ns) - self.unit_ns(0)) / (self.calls * self.delay_ns)


# Threads of one interpreter share its lock, which `spin` holds: a device would wait for it. Processes have their own.
CASES = (
    Case("serial", "spin", 1 * MS, 4 * MS),
    Case("many calls", "spin", 0.05 * MS, 4 * MS, calls=20),
    Case("hidden", "sleep", 1 * MS, 2 * MS, 5 * MS),
    Case("half hidden", "sleep", 2 * MS, 4 * MS, 5 * MS),
    Case("serial workers", "spin", 2 * MS, 8 * MS, workers=2),
    Case("hidden worker", "spin", 1 * MS, 2 * MS, 5 * MS),
    Case("half hidden worker", "spin", 2 * MS, 4 * MS, 5 * MS),
    Case("deep queue", "spin", 1 * MS, 4.5 * MS, 5 * MS, absorbs=True),
)

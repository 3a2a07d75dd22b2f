"""Where figures come from: the machine, the interpreter, and the build that was measured."""

import os
import platform
import sys
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Self

from benchmarks.backends import missing
from benchmarks.measured import core_file

__all__ = ["Origin"]


@dataclass(frozen=True, slots=True)
class Origin:
    """What every document says of itself.

    Attributes:
        load: of the machine, in the minute before it was measured.
        smoke: measured too briefly to be evidence.
        core: the file of the `_core` that was measured; None where it could not be imported.
        clock: that the core reads; None without a core.
    """

    python: str
    gil: bool
    system: str
    machine: str
    processor: str
    cpus: int
    smoke: bool
    at: str
    load: float
    core: str | None
    clock: str | None
    version: str
    pytest_benchmark: str

    @classmethod
    def here(cls, *, smoke: bool) -> Self:
        """ExitError where `_core` is another one than MEASURED_CORE names."""
        from pytest_speedbump import __version__

        gil_enabled = getattr(sys, "_is_gil_enabled", None)
        core = None if missing("core") else str(core_file())
        return cls(
            python=f"{platform.python_implementation()} {platform.python_version()}",
            gil=True if gil_enabled is None else gil_enabled(),
            system=f"{platform.system()} {platform.release()}",
            machine=platform.machine(),
            processor=_processor(),
            cpus=os.cpu_count() or 0,
            smoke=smoke,
            at=datetime.now(UTC).isoformat(timespec="seconds"),
            load=os.getloadavg()[0],
            core=core,
            clock=core and _clock(),
            version=__version__,
            pytest_benchmark=version("pytest-benchmark"),
        )

    @classmethod
    def from_json(cls, value: Any) -> Self:
        """KeyError or TypeError for what :meth:`to_json` did not write."""
        return cls(**{field.name: value[field.name] for field in fields(cls)})

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    def differences(self, now: "Origin") -> list[str]:
        """Why times of the two may not be compared: ``["cpus: 2, now 4"]``; empty if they may."""
        comparable = ("python", "gil", "system", "machine", "processor", "cpus", "smoke")
        pairs = [(name, getattr(self, name), getattr(now, name)) for name in comparable]
        return [f"{name}: {before}, now {after}" for name, before, after in pairs if before != after]

    def __str__(self) -> str:
        return (
            f"{self.processor}, {self.cpus} processors, {self.system} {self.machine}, {self.python}"
            f"{'' if self.gil else ' without GIL'}, pytest-benchmark {self.pytest_benchmark}, "
            f"clock {self.clock}, load {self.load:.1f}, {self.at[:10]}{', a smoke run' if self.smoke else ''}"
        )


def _clock() -> str:
    from pytest_speedbump import _core

    return _core.clock().name


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or platform.machine()

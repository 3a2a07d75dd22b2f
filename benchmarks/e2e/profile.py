"""What two measurements must share before their times may be compared."""

import os
import platform
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

__all__ = ["Profile", "differences", "this_profile"]


@dataclass(frozen=True, slots=True)
class Profile:
    python: str
    gil: bool
    system: str
    machine: str
    processor: str
    cpus: int
    effort: str
    hyperfine: str


def this_profile(effort: str, hyperfine: str) -> Profile:
    """``hyperfine``: its version."""
    gil_enabled = getattr(sys, "_is_gil_enabled", None)
    return Profile(
        python=f"{platform.python_implementation()} {platform.python_version()}",
        gil=True if gil_enabled is None else gil_enabled(),
        system=f"{platform.system()} {platform.release()}",
        machine=platform.machine(),
        processor=_processor(),
        cpus=os.cpu_count() or 0,
        effort=effort,
        hyperfine=hyperfine,
    )


def differences(old: Profile, new: Profile) -> list[str]:
    """``["cpus: 2, now 4"]``; empty if times may be compared."""
    before, now = asdict(old), asdict(new)
    return [f"{key}: {before[key]}, now {now[key]}" for key in before if before[key] != now[key]]


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor()

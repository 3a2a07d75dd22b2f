"""Does it matter? Slow chosen code by a calibrated amount and measure what throughput really loses.

PYTEST_DONT_REWRITE: a process that has joined an experiment has imported this long before pytest, which would warn.
"""

TYPE_CHECKING = False  # without typing, which takes longer to import than a process may take to join an experiment
if TYPE_CHECKING:
    from pytest_speedbump.bump import Bump
    from pytest_speedbump.counts import Snapshot
    from pytest_speedbump.errors import InputError
    from pytest_speedbump.notebook import scan
    from pytest_speedbump.ranking import Ranking
    from pytest_speedbump.result import Estimate, Result
    from pytest_speedbump.slowing.slow import slow

__all__ = ["Bump", "Estimate", "InputError", "Ranking", "Result", "Snapshot", "__version__", "scan", "slow"]

__version__ = "0.1.0"

# Imported when asked for: pytest imports this package in every run, and the C core is for those alone who slow code.
_HOMES = {
    "Bump": "bump",
    "Estimate": "result",
    "InputError": "errors",
    "Ranking": "ranking",
    "Result": "result",
    "Snapshot": "counts",
    "scan": "notebook",
    "slow": "slowing.slow",
}
_NEED_THE_CORE = ("scan", "slow")


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    if name in _NEED_THE_CORE:
        from pytest_speedbump.core import refusal

        refuse = refusal(name)
        if refuse is not None:
            return refuse
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})

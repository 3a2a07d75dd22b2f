"""Does it matter? Slow chosen code by a calibrated amount and measure what throughput really loses."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_speedbump.slowing.slow import slow

__all__ = ["__version__", "slow"]

__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    # pytest imports this package in every run, asked for or not, and the C core is not for those who do not ask.
    if name == "slow":
        from pytest_speedbump.slowing.slow import slow

        return slow
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

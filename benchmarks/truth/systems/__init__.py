"""Running systems, each with the closed form that tells what slowing it does.

Stages that hold the GIL spin until a deadline; stages of threads sleep, so that they do not disturb each other beyond
what the form says. ``calibrate`` measures what the form needs, without the tool and unslowed.
"""

from benchmarks.truth.systems.awaited import Awaited
from benchmarks.truth.systems.gil import GilShared, GilTicker, GilTickerReleased
from benchmarks.truth.systems.one_thread import (
    Chain,
    ChainOf1s,
    ChainOf200ms,
    Computing,
    DeviceQueue,
    EagerPoll,
    EveryOther,
    EveryOtherRound,
    HiddenOf1s,
    HiddenOf4ms,
    HiddenOf200ms,
    HiddenWork,
    RealWork,
    RealWorkOf1ms,
    RealWorkOnce,
    Recursion,
)
from benchmarks.truth.systems.sleepers import (
    Fork,
    ForkSerial,
    LockConvoy,
    LockConvoyOutside,
    Pipeline,
    PipelineEnd,
)
from benchmarks.truth.systems.sometimes import BITES, Alternating, BitesOf5, Phases, Sometimes
from benchmarks.truth.systems.system import System, median_ns

__all__ = [
    "BITES",
    "SYSTEMS",
    "Alternating",
    "Awaited",
    "Chain",
    "ChainOf1s",
    "ChainOf200ms",
    "Computing",
    "DeviceQueue",
    "EveryOther",
    "Fork",
    "GilTicker",
    "HiddenOf1s",
    "HiddenOf4ms",
    "HiddenOf200ms",
    "HiddenWork",
    "Phases",
    "PipelineEnd",
    "RealWork",
    "RealWorkOf1ms",
    "RealWorkOnce",
    "Recursion",
    "Sometimes",
    "System",
    "median_ns",
]

# Those with doses, in the order of the tables.
SYSTEMS: tuple[type[System], ...] = (
    Chain, RealWork, RealWorkOnce, Computing, Recursion, EveryOther, EveryOtherRound, BitesOf5, HiddenWork, DeviceQueue,
    EagerPoll, Awaited, Pipeline, PipelineEnd, LockConvoy, LockConvoyOutside, Fork, ForkSerial, GilShared, GilTicker,
    GilTickerReleased,
)  # fmt: skip

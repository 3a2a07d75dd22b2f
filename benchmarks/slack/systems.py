"""Steps of host work beside a device that is a deadline by the clock: what the host may take longer is known."""

import random
import time
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median

from benchmarks.truth.systems import median_ns
from benchmarks.truth.work import spin

__all__ = ["SYSTEMS", "TARGET", "Device"]

LOOKS = 50  # at the host alone
LONGER = 1.05  # times the shortest hosts: no delay that is tried makes one so little longer

TARGET = "benchmarks.slack.systems:schedule"


def schedule(ns: int) -> None:
    """The target."""
    spin(ns)


@dataclass(frozen=True, slots=True)
class Device:
    """In a step the device works for ``device_ns`` while the host calls the target, which takes ``host_ns`` in all.

    Attributes:
        calls: of the target.
        blur: standard deviation of the device's time, as a share of it.
    """

    name: str
    device_ns: float
    host_ns: int
    calls: int = 1
    blur: float = 0.0

    def slack_beside_ns(self, hosts: Sequence[float]) -> float:
        """The same, of the hosts of an experiment: those that no delay made longer are by far the shortest.

        What a host takes depends on what ran before it by some 0.4 us, so one that is looked at alone tells less.
        """
        shortest = sorted(hosts)[len(hosts) // 10]
        host_ns = median(one for one in hosts if one < LONGER * shortest)
        return max(self.device_ns - host_ns, 0.0) / self.calls

    def slack_ns(self) -> float:
        """Of each call; in the mean, where the device varies. Measures what the host takes, with what Python adds."""
        alone, coin = replace(self, device_ns=0.0), random.Random(1)
        return max(self.device_ns - median_ns(lambda: alone.step(coin), LOOKS), 0.0) / self.calls

    def step(self, coin: random.Random, hosts: array[float] | None = None) -> None:
        """``hosts`` takes how long the host took."""
        device_ns = self.device_ns * (coin.gauss(1.0, self.blur) if self.blur else 1.0)
        began = time.perf_counter_ns()
        done_at = began + device_ns
        for _ in range(self.calls):
            schedule(self.host_ns // self.calls)
        if hosts is not None:
            hosts.append(time.perf_counter_ns() - began)
        while time.perf_counter_ns() < done_at:
            pass


SYSTEMS = (
    Device("one call", 400e3, 100_000),
    Device("three calls", 400e3, 100_000, calls=3),
    Device("short steps", 40e3, 20_000),
    Device("a device that varies", 400e3, 100_000, blur=0.05),
    Device("nothing is left", 0.0, 100_000),
)

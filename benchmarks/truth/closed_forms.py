"""What slowing does to each system, in closed form. Pure; times in ns, for one step of the system.

A form tells the length of a step, and how many calls are delayed in it, as functions of the delay of one call. Drop
and transmission follow. All assume that delays are delivered exactly, and that nothing else takes the processor.
``overhead_ns`` is what a real step takes beyond the ideal one, whatever the delay; measured, and moves drops only.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from math import ceil
from typing import Literal, Self

__all__ = ["Amdahl", "BackOff", "Convoy", "FlowShop", "Form", "Overlap", "Serial", "SharedGil", "Ticker"]


@dataclass(frozen=True, kw_only=True)
class Form(ABC):
    overhead_ns: float = 0.0

    @abstractmethod
    def ideal_ns(self, delay_ns: float) -> float:
        """Length of a step in which each call is delayed, without overhead."""

    @abstractmethod
    def calls(self, delay_ns: float) -> float:
        """Delayed calls in a step."""

    def step_ns(self, delay_ns: float) -> float:
        return self.ideal_ns(delay_ns) + self.overhead_ns

    def drop(self, delay_ns: float) -> float:
        return 1 - self.step_ns(0) / self.step_ns(delay_ns)

    def transmission(self, delay_ns: float) -> float:
        """Share of all delay that reaches the step; delay_ns > 0."""
        return (self.ideal_ns(delay_ns) - self.ideal_ns(0)) / (self.calls(delay_ns) * delay_ns)

    def fitted(self, step_ns: float) -> Self:
        """With the overhead that makes an unslowed step last ``step_ns``."""
        return replace(self, overhead_ns=step_ns - self.ideal_ns(0))


@dataclass(frozen=True, kw_only=True)
class Serial(Form):
    """Everything waits for every call, or for a share of them that is ``felt``: ``T = work + felt n d`` in the mean."""

    work_ns: float
    n: float = 1.0
    felt: float = 1.0

    def ideal_ns(self, delay_ns: float) -> float:
        return self.work_ns + self.felt * self.n * delay_ns

    def calls(self, delay_ns: float) -> float:
        return self.n


@dataclass(frozen=True, kw_only=True)
class Overlap(Form):
    """Host work beside a device that was started before it: ``T = max(host, device)``."""

    host_ns: float
    device_ns: float

    def ideal_ns(self, delay_ns: float) -> float:
        return max(self.host_ns + delay_ns, self.device_ns)

    def calls(self, delay_ns: float) -> float:
        return 1


@dataclass(frozen=True, kw_only=True)
class FlowShop(Form):
    """A batch of items, each through two machines in turn, the second of which may lag: a pipeline, a device's queue.

    With times ``a`` and ``b`` an item and room for one item at least between the machines the longest path is
    ``T = a + (items - 1) max(a, b) + b``. Slowing the faster machine costs one delay a batch, until it is the
    slower one: its slack is the difference.
    """

    first_ns: float
    second_ns: float
    items: int
    slowed: Literal["first", "second"] = "first"

    def ideal_ns(self, delay_ns: float) -> float:
        first = self.first_ns + delay_ns * (self.slowed == "first")
        second = self.second_ns + delay_ns * (self.slowed == "second")
        return first + (self.items - 1) * max(first, second) + second

    def calls(self, delay_ns: float) -> float:
        return self.items


@dataclass(frozen=True, kw_only=True)
class Convoy(Form):
    """Threads that each take one lock ``turns`` times, for ``inside`` each, and do ``outside`` without it afterwards.

    All start at once. The last in the queue gets the lock after ``(threads - 1) inside``; from then on a turn takes
    whichever is longer, its own work or everybody's time inside:
    ``T = (threads - 1) i + (turns - 1) max(threads i, i + o) + i + o``.
    """

    inside_ns: float
    outside_ns: float
    threads: int
    turns: int
    slowed: Literal["inside", "outside"]

    def ideal_ns(self, delay_ns: float) -> float:
        inside = self.inside_ns + delay_ns * (self.slowed == "inside")
        outside = self.outside_ns + delay_ns * (self.slowed == "outside")
        turn = max(self.threads * inside, inside + outside)
        return (self.threads - 1) * inside + (self.turns - 1) * turn + inside + outside

    def calls(self, delay_ns: float) -> float:
        return self.threads * self.turns


@dataclass(frozen=True, kw_only=True)
class Amdahl(Form):
    """A serial part, then ``share`` items for each of ``workers`` at once: ``T = serial + share item``.

    A delay of the serial part is felt in full; a delay of each item by one ``workers``-th.
    """

    serial_ns: float
    item_ns: float
    share: int
    workers: int
    slowed: Literal["serial", "item"]

    def ideal_ns(self, delay_ns: float) -> float:
        serial = self.serial_ns + delay_ns * (self.slowed == "serial")
        item = self.item_ns + delay_ns * (self.slowed == "item")
        return serial + self.share * item

    def calls(self, delay_ns: float) -> float:
        return 1 if self.slowed == "serial" else self.share * self.workers


@dataclass(frozen=True, kw_only=True)
class BackOff(Form):
    """Host work beside a device, then a look whether the device is done; if not, a pause, and another look.

    ``T = h + p ceil((g - h) / p)`` with the device's time ``g``, and ``T = h`` where the host takes longer. A
    slower host may look later, find the device done, and save the pause: then slowing helps.
    """

    host_ns: float
    device_ns: float
    pause_ns: float

    def ideal_ns(self, delay_ns: float) -> float:
        host = self.host_ns + delay_ns
        return host + self.pause_ns * max(0, ceil((self.device_ns - host) / self.pause_ns))

    def calls(self, delay_ns: float) -> float:
        return 1


@dataclass(frozen=True, kw_only=True)
class SharedGil(Form):
    """Work of which each call holds the GIL, beside threads that always want it; the delay holds it, too.

    A thread has the GIL for ``held``, a switch interval and what the waiting one needs to wake up and ask for it, and
    gives it up at the next bytecode. A delay in progress puts that off: it is so in ``d / (w + d)`` of all cases, and
    ``d / 2`` is left of it then. Until the thread has it again ``away`` goes by: the turns of the others, and every
    hand-over. So ``T = n (w + d) (1 + away / (held + d^2 / (2 (w + d))))``: a delay is felt as often as all else is.
    """

    call_ns: float
    n: int
    held_ns: float
    away_ns: float

    def ideal_ns(self, delay_ns: float) -> float:
        busy = self.call_ns + delay_ns
        return self.n * busy * (1 + self.away_ns / (self.held_ns + delay_ns * delay_ns / (2 * busy)))

    def calls(self, delay_ns: float) -> float:
        return self.n

    def fitted(self, step_ns: float) -> Self:
        """A longer step is one with more work, during which the GIL is away as often."""
        return replace(self, call_ns=self.call_ns * step_ns / self.ideal_ns(0))


@dataclass(frozen=True, kw_only=True)
class Ticker(Form):
    """Work beside a thread that takes the GIL once a period, holds it for ``beat``, and gives it back.

    ``T = work / (1 - (beat + handover + d) / period)`` for a delay that holds the GIL. One that gives it up costs
    ``again`` instead: the thread has the GIL for a moment, to begin with the delay, and asks for it once more after it.
    There is a call a period, so that their number grows with the step.
    """

    work_ns: float
    beat_ns: float
    handover_ns: float
    again_ns: float
    period_ns: float
    holds: bool

    def ideal_ns(self, delay_ns: float) -> float:
        more = delay_ns if self.holds or not delay_ns else self.again_ns
        return self.work_ns / (1 - (self.beat_ns + self.handover_ns + more) / self.period_ns)

    def calls(self, delay_ns: float) -> float:
        return self.ideal_ns(delay_ns) / self.period_ns

    def fitted(self, step_ns: float) -> Self:
        """A longer step is one with more work, and meets more beats."""
        return replace(self, work_ns=self.work_ns * step_ns / self.ideal_ns(0))

"""A simulated program of many functions, for scans: each has a share of the round, and delays take a known way."""

from array import array
from collections.abc import Buffer, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from machine import Machine

from pytest_speedbump import _core
from pytest_speedbump.experiment.subject import CallableRaisedError
from pytest_speedbump.inference.shares import EDGE_NS
from pytest_speedbump.slowing.session import TimingSession, What

type Respond = Callable[[Sequence[float]], float]

EDGES = 2  # events a call


@dataclass(frozen=True)
class Part:
    """One function: its own share of the round, how often it is called in one, in which ``module``; is it C's?"""

    name: str
    share: float
    calls: int = 1
    module: str = "program"
    in_c: bool = False


def _what(part: Part) -> What:
    if part.in_c:
        return _core.Site(("c", part.name, None, 0))  # type: ignore[arg-type, call-arg]  # of a structseq: one tuple
    namespace: dict[str, Any] = {}
    exec(compile(f"def {part.name}(): pass", f"{part.module}.py", "exec"), namespace)
    what: What = namespace[part.name].__code__
    return what


class Program(Machine):
    """A round of ``round_ns`` and what ``respond`` makes of the delays of the parts, in ns, in their order.

    It is the delaying and the timing session as well. Parts of ``odd_rounds`` are called in every other round only.

    Attributes:
        slowed: for each armed round the parts that were slowed in it.
    """

    def __init__(
        self,
        parts: Sequence[Part],
        respond: Respond = sum,
        round_ns: float = 1e6,
        noise: float = 0.0,
        odd_rounds: frozenset[str] = frozenset(),
        **options: float,
    ) -> None:
        super().__init__(round_ns, noise=noise, **options)  # type: ignore[arg-type]
        self.parts, self.respond, self.odd_rounds = list(parts), respond, odd_rounds
        self.codes = [_what(part) for part in parts]
        self.rows = [[0.0] * 5 for _ in parts]
        self.times = [[0.0] * 3 for _ in parts]
        self.doses: list[tuple[float, float]] = [(0.0, 1.0)] * len(self.parts)
        self.slowed: list[list[str]] = []
        self.times_on = False

    # ---- a subject ----

    def round(self, start: Callable[[], object], stop: Callable[[], object]) -> int:
        self.before_round()
        start()
        counted = self._delay_ns is not None
        self.delays.append(self._delay_ns)
        delays = []
        for part, row, times, (delay_ns, share) in zip(self.parts, self.rows, self.times, self.doses, strict=True):
            is_called = part.name not in self.odd_rounds or self._rng.random() < 0.5
            calls = part.calls * self.iterations * is_called
            delay = calls * share * delay_ns if counted else 0.0
            delays.append(delay)
            if counted and not self.times_on:
                row[0] += calls
                row[1] += delay
                row[2] += delay
            if counted and self.times_on:
                times[0] += calls
                times[1] += part.share * self.round_ns * self.iterations * is_called + EDGES * EDGE_NS * calls
                times[2] += EDGES * calls
        self.slowed.append([part.name for part, delay in zip(self.parts, delays, strict=True) if delay])
        try:
            if len(self.delays) == self.raises_in:
                raise CallableRaisedError(len(self.delays)) from ValueError("no more")
        finally:
            stop()
        ns = self.round_ns * self.iterations * self._rng.gauss(1, self.noise) + self.respond(delays)
        waits = self.waiting(ns, sum(delays)) if self.waiting else []
        self._used_ns += ns
        self._waited_ns += sum(waits)
        self._times += len(waits)
        self.now_ns += int(ns + sum(waits))
        return int(ns + sum(waits))

    # ---- sessions ----

    def timing(self) -> TimingSession:
        """The session that measures own times."""
        return _Timing(self)

    @contextmanager
    def armed(self) -> Iterator[None]:
        self.times_on = False
        with super().armed():
            yield

    def set_delay(self, delay_ns: float, /) -> None:
        super().set_delay(delay_ns)
        self.doses = [(delay_ns, 1.0)] * len(self.parts)

    def set_doses(self, doses: Buffer, /) -> None:
        super().set_delay(0.0)
        numbers = memoryview(doses).tolist()
        pairs = list(zip(numbers[::2], numbers[1::2], strict=True))
        self.doses = pairs + [(0.0, 0.0)] * (len(self.parts) - len(pairs))

    def read_counts(self, into: Buffer, /) -> int:
        return self._read(self.rows, into)

    def read_times(self, into: Buffer, /) -> int:
        return self._read(self.times, into)

    @staticmethod
    def _read(rows: Sequence[Sequence[float]], into: Buffer) -> int:
        numbers = [number for row in rows for number in row][: len(memoryview(into))]
        memoryview(into).cast("B")[: 8 * len(numbers)] = array("d", numbers).tobytes()
        return len(rows)

    def totals(self) -> tuple[int, float, float, float, float]:
        calls, requested, delivered, late, waited = (sum(column) for column in zip(*self.rows, strict=True))
        return int(calls), requested, delivered, late, waited

    def snapshot(self) -> list[tuple[What, str, int, int, float, float, float, float]]:
        return [
            (code, part.module, 0, int(row[0]), *row[1:])  # type: ignore[misc]
            for code, part, row in zip(self.codes, self.parts, self.rows, strict=True)
        ]


class _Timing:
    """The program as a session that measures instead of slowing."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self.set_delay, self.pause, self.totals = program.set_delay, program.pause, program.totals
        self.snapshot, self.read_times = program.snapshot, program.read_times
        self.intact, self.lost = True, 0

    @contextmanager
    def armed(self) -> Iterator[None]:
        with self._program.armed():
            self._program.times_on = True
            yield
            self._program.times_on = False

"""How much longer may a call take before throughput drops? One bump under one test, by doses that it chooses itself."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from statistics import mean
from typing import NamedTuple

from pytest_speedbump.bump import least_delay_ns
from pytest_speedbump.counts import CodeCounts
from pytest_speedbump.experiment.rounds import Experiment
from pytest_speedbump.experiment.selection import Times
from pytest_speedbump.inference.excess import drop_from_excess
from pytest_speedbump.inference.knee import Knee, Point, fit, point
from pytest_speedbump.inference.ranking import NORMAL
from pytest_speedbump.remarks import Remark
from pytest_speedbump.result import Dose, Estimate, Result
from pytest_speedbump.trials.audit import doubts
from pytest_speedbump.trials.case import SPARE
from pytest_speedbump.trials.trial import KNOWN_NS, Trial
from pytest_speedbump.units import LONGEST_DELAY_NS

__all__ = ["SlackTrial"]

LATE = 0.1  # of a delay, from which on it was preempted rather than delivered
RUNG, LONG_RUNG = 3, 30  # pairs of a dose of the ladder: at least, and where it is not plain how much arrives
ARRIVES = 0.5  # of a delay: more than that, and the knee lies well below it
MOST_ROUNDS = 3.0  # of delay in a round, after which nothing larger is tried
DESIGN = (0.5, 0.85, 1.25, 1.75, 2.5)  # doses, as shares of the knee as far as it is known
NEAREST = 1 / 8  # of the largest dose, below which the knee counts as that
WITHOUT = (1 / 4, 1 / 2, 3 / 4, 1.0)  # doses, as shares of the largest one, as long as no knee is seen
STEPS = 8  # to each doubling, on which doses lie: those that differ by less are the same
FEWEST = 6  # pairs of a dose, fewer of which tell too little of their own scatter
GROWTH = 1.25  # of the pairs, between two looks at the knee
KNOWN = 0.05  # of the slack, to which it is to be known...
KNOWN_ROUND = 0.005  # ...or of the round, whichever is more
MORE = 4  # times the time that did not do, which is recommended
ALL = 0.9  # of the largest dose, which is free where the slack is at least so much


class _Push(NamedTuple):
    """One pair, in ns of a round: the delay that was spent, and by how much it made the round longer."""

    spent: float
    added: float


class SlackTrial(Trial):
    """Finds the knee of one bump under one test.

    A ladder goes up from a tenth of the round, each dose twice the last, until more than half of a dose arrives. Like a
    pilot it is no evidence. Then doses around the knee are drawn in random order, each with its own adjacent controls,
    until the knee is known.
    """

    # The state of the search; ``super().__init__`` knows all that is said of it.
    _rung: tuple[_Push, ...] = ()
    _ladder: tuple[Point, ...] = ()
    _largest_ns = 0.0  # dose of a call; 0 on the ladder
    _is_limited = False  # not because enough arrives at the largest dose
    _knee: Knee | None = None
    _drawn: tuple[float, ...] = ()
    _pushes: dict[float, list[_Push]]
    _next_look = 0

    # ---- rounds ----

    def _step(self, experiment: Experiment) -> None:
        measurement = self._measurement
        judged = measurement.block(experiment)
        if judged and not self._case.is_open:  # All pairs of the pilot had waited.
            self._open(judged)
            return
        pushes = _pushes_of(judged)
        if not self._largest_ns:
            self._climb(pushes)
        else:
            self._pushes.setdefault(measurement.delay_ns, []).extend(pushes)
            self._look()
            self._draw()

    def _slow_by(self, delay_ns: float) -> None:
        measurement = self._measurement
        measurement.pair_ns += measurement.calls * (delay_ns - measurement.delay_ns)
        measurement.slow_by(delay_ns)

    def _climb(self, pushes: Sequence[_Push]) -> None:
        self._rung += tuple(pushes)
        found = _point(self._rung) if len(self._rung) >= RUNG else None
        if found is None:
            return
        reach, error = found.added_ns / found.delay_ns, NORMAL * found.error_ns / found.delay_ns
        if abs(reach - ARRIVES) < error and len(self._rung) < LONG_RUNG:
            return
        self._ladder += (found,)
        self._rung = ()
        delay_ns = self._measurement.delay_ns
        self._is_limited = 2 * delay_ns > self._most_ns
        if reach < ARRIVES and not self._is_limited:
            self._slow_by(2 * delay_ns)
        else:
            self._is_limited = reach < ARRIVES
            self._largest_ns = delay_ns
            self._pushes = {}
            self._knee = fit(self._ladder, self._rules.alpha_end)
            self._draw()

    @property
    def _most_ns(self) -> float:
        """Dose of a call, larger ones of which are not tried."""
        measurement = self._measurement
        in_time = (measurement.left_ns - measurement.pair_ns) / measurement.calls + measurement.delay_ns
        return min(MOST_ROUNDS * self._case.bare.ns / measurement.calls, LONGEST_DELAY_NS, in_time)

    def _draw(self) -> None:
        """The dose of the next pairs: each of the design once, in random order, before any comes again."""
        if not self._drawn:
            self._drawn = tuple(self._rng.sample(doses := self._design(), len(doses)))
        self._slow_by(self._drawn[0])
        self._drawn = self._drawn[1:]

    def _design(self) -> list[float]:
        """Doses of a call: around the knee, as far as it is known."""
        knee, largest_ns, mode = self._knee, self._largest_ns, self._bump.mode
        if self._is_limited and (knee is None or knee.slack.high == math.inf):
            doses = [share * largest_ns for share in WITHOUT]
        else:
            centre_ns = 0.0 if knee is None else knee.slack.centre / self._measurement.calls
            # Were all of them the shortest that can be delivered, they would show no knee.
            least_ns = least_delay_ns(mode, 1.0) / DESIGN[0]
            around_ns = max(centre_ns, NEAREST * largest_ns, least_ns)
            doses = [min(share * around_ns, max(largest_ns, DESIGN[-1] * least_ns)) for share in DESIGN]
        steps = {round(STEPS * math.log2(dose / largest_ns)) for dose in doses}
        return sorted({least_delay_ns(mode, largest_ns * 2.0 ** (step / STEPS)) for step in steps})

    def _look(self) -> None:
        """At the knee, now and then, and whether it is known well enough."""
        total = sum(map(len, self._pushes.values()))
        if total < self._next_look or min(map(len, self._pushes.values())) < FEWEST:
            return
        self._next_look = math.ceil(GROWTH * total)
        self._knee = knee = fit(self._points, self._rules.alpha_end) or self._knee
        if knee is None or len(self._points) < len(self._design()):
            return
        centre, low, high = knee.slack
        if self._measurement.spent_ns < KNOWN_NS:  # Until then nobody may know who else is busy.
            return
        if high == math.inf:
            self.settled = self._is_limited and low >= ALL * self._points[-1].delay_ns
        else:
            self.settled = high - low <= 2 * max(KNOWN * centre, KNOWN_ROUND * self._case.bare.ns)

    @property
    def _points(self) -> list[Point]:
        """Of a round, by their doses."""
        found = [_point(pushes) for _, pushes in sorted(self._pushes.items()) if len(pushes) >= FEWEST]
        return [one for one in found if one is not None]

    # ---- results ----

    @property
    def _is_measured(self) -> bool:
        return bool(self._largest_ns) and fit(self._points) is not None

    def _why_unmeasured(self) -> Remark:
        why, spent_ns = self._prospect.why_undecided(), self._measurement.spent_ns
        if why.kind != "time":
            return why
        return Remark("no_knee", spent_ns=spent_ns, advice=self._rules.advice(MORE * spent_ns))

    def _judged(self, matched: tuple[CodeCounts, ...]) -> Result:
        measurement, case, points = self._measurement, self._case, self._points
        knee = fit(points, self._rules.alpha_end)
        assert knee is not None
        calls, iterations = measurement.tally.calls, measurement.iterations
        centre, low, high = (end / calls for end in knee.slack)
        is_known = low > 0 or high < math.inf
        reason = Remark()
        if not is_known:
            reason = self._why_unmeasured()
        control_ns, share = measurement.median_control_ns, case.bare.share
        said = (self._heavy, self._strayed, *doubts(measurement.tally, measurement.conditions))
        doses = [(delay_ns, len(pushes)) for delay_ns, pushes in sorted(self._pushes.items()) if len(pushes) >= FEWEST]
        return replace(
            self._result("measured", reason, matched),
            warnings=tuple(str(one) for one in said if one),
            slack_ns=Estimate(centre, low, None if high == math.inf else high) if is_known else None,
            doses=tuple(
                _dose(delay_ns, one, pairs, iterations, case.bare.ns)
                for (delay_ns, pairs), one in zip(doses, points, strict=True)
            ),
            pairs=sum(map(len, self._pushes.values())),
            bare_ns=share * control_ns / iterations,
            probe_ns=(1 - share) * control_ns / iterations,
        )


def _pushes_of(judged: Iterable[Times]) -> list[_Push]:
    """Without pairs of which nobody knows how much of the delay was spent in them."""
    return [
        _Push(one.delivered + one.late, one.slowed + one.spare / 2 - one.control)
        for one in judged
        if one.late <= LATE * one.delivered and one.spare <= SPARE * one.delivered
    ]


def _point(pushes: Sequence[_Push]) -> Point | None:
    return point(mean([push.spent for push in pushes]), [push.added for push in pushes])


def _dose(delay_ns: float, one: Point, pairs: int, iterations: int, bare_ns: float) -> Dose:
    half_ns = NORMAL * one.error_ns
    ends = [one.added_ns, one.added_ns - half_ns, one.added_ns + half_ns]
    least = -bare_ns / 2  # a round takes some time
    added = Estimate(*(end / iterations for end in ends))
    return Dose(delay_ns, added, Estimate(*(drop_from_excess(max(end, least) / bare_ns) for end in ends)), pairs)

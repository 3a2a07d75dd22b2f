"""The answer for one test and one bump: frozen, and in full what the result document says."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, Self

from pytest_speedbump.bump import Bump, Declaration
from pytest_speedbump.counts import CodeCounts, Counts, Kind
from pytest_speedbump.display import repr_html
from pytest_speedbump.remarks import Remark
from pytest_speedbump.targets import Targets
from pytest_speedbump.uncalled import Uncalled

__all__ = [
    "ALPHA_PASS",
    "Change",
    "Dose",
    "Estimate",
    "Evidence",
    "Machine",
    "MatchedCode",
    "Outcome",
    "Result",
    "Severity",
    "Unreached",
    "Verdict",
    "VoidError",
    "lockfile_text",
    "take",
]

Verdict = Literal["insensitive", "sensitive", "inconclusive", "measured", "void", "listed"]
Outcome = Literal["passed", "failed", "warned"]

ALPHA_PASS = 0.01  # chance that a test which breaks its declaration passes; costs 1.5 times the blocks of 0.05


def take[T](kind: type[T], one: Mapping[str, Any]) -> T:
    """An instance of the dataclass ``kind`` from a JSON object; what a later version has added to that is left out."""
    names = (field.name for field in fields(kind))  # type: ignore[arg-type]  # nobody can say "a dataclass"
    return kind(**{name: one[name] for name in names if name in one})


@dataclass(frozen=True, slots=True)
class Severity:
    """What fails a test.

    Attributes:
        strict: what is inconclusive fails too.
        advisory: nothing fails, it is only said.
    """

    strict: bool
    advisory: bool

    def outcome(self, *, broken: bool, uncertain: bool) -> Outcome:
        if broken or (self.strict and uncertain):
            return "warned" if self.advisory else "failed"
        return "warned" if uncertain else "passed"

    def with_lock(self, outcome: Outcome, lock: "Change") -> Outcome:
        """The worse of what a bump has come to by itself, and of what its entry in the lockfile makes of it."""
        of_lock = self.outcome(broken=lock.fails, uncertain=lock.kind == "inconclusive")
        return max(outcome, of_lock, key=("passed", "warned", "failed").index)


class VoidError(LookupError):
    """A number was asked for that the experiment could not establish."""


class Estimate(float):
    """A number that knows its interval; ``low`` and ``high`` are None where the data give no bound."""

    __slots__ = ("high", "low")
    low: float | None
    high: float | None

    def __new__(cls, value: float, low: float | None, high: float | None) -> Self:
        self = super().__new__(cls, value)
        self.low, self.high = low, high
        return self

    @property
    def estimate(self) -> float:
        """The number itself, by the name that it has in the result document."""
        return float(self)

    def to_json(self) -> dict[str, float | None]:
        return {"estimate": self.estimate, "low": self.low, "high": self.high}

    @classmethod
    def from_json(cls, one: dict[str, Any] | None) -> Self | None:
        return None if one is None else cls(one["estimate"], one["low"], one["high"])


@dataclass(frozen=True, slots=True)
class Evidence:
    """Natural logs of the capital that bets against a claim have won: it adds up over attempts and shards.

    Attributes:
        over: against "the drop is under the budget", when the rounds stopped; ``under`` likewise against the reverse.
        over_max, under_max: the most that each ever was.
    """

    over: float
    under: float
    over_max: float
    under_max: float

    def __add__(self, later: "Evidence") -> "Evidence":
        """With that of a ``later`` attempt, which knew nothing of this one: capitals multiply."""
        return Evidence(
            self.over + later.over,
            self.under + later.under,
            max(self.over_max, self.over + later.over_max),
            max(self.under_max, self.under + later.under_max),
        )

    def after(self, earlier: "Evidence | None") -> "Evidence":
        """With the most that there was in an earlier attempt, which this one has gone on from."""
        if earlier is None:
            return self
        maxima = max(self.over_max, earlier.over_max), max(self.under_max, earlier.under_max)
        return Evidence(self.over, self.under, *maxima)

    @classmethod
    def from_json(cls, one: dict[str, Any] | None) -> Self | None:
        return None if one is None else take(cls, one)


@dataclass(frozen=True, slots=True)
class Change:
    """What became of an entry of the lockfile.

    Attributes:
        kind: ``grown`` and ``shrunk`` (of a slack) fail their tests, ``lost`` (its target is not called any more) too;
            ``inconclusive`` (noise, or no time) warns; ``improved``, ``new`` and ``kept`` pass.
        ref: the git revision whose lockfile it is; None: the one of the working tree.
    """

    kind: Literal["kept", "grown", "shrunk", "improved", "new", "lost", "inconclusive"]
    text: str
    ref: str | None = None

    @property
    def lockfile(self) -> str:
        """As sentences call it."""
        return lockfile_text(self.ref)

    @property
    def fails(self) -> bool:
        return self.kind in ("grown", "shrunk", "lost")


def lockfile_text(ref: str | None) -> str:
    """``lockfile``, or ``lockfile of origin/main`` where that revision's is meant."""
    return "lockfile" if ref is None else f"lockfile of {ref}"


@dataclass(frozen=True, slots=True)
class Machine:
    """What the kernel says of the machine while the rounds ran.

    Attributes:
        waited: time that threads of the process were ready to run and others ran, as a share of the rounds.
        late: what preemption added to the delays, as a share of them; None where none was delivered.
        switches: how often a control round gave its processor up, to wait for something.
        others: largest share of its processors that other processes used; None where the kernel does not tell.
        set_aside: pairs that were not judged because they had waited for a processor.
        judged_by: which pairs were judged at last: ``all``, ``unwaited`` ones, or all by ``net`` time.
    """

    waited: float
    late: float | None
    switches: float
    others: float | None
    set_aside: int
    judged_by: Literal["all", "unwaited", "net"]


@dataclass(frozen=True, slots=True)
class MatchedCode:
    """One site that was slowed; ``calls`` and ``delivered_ns`` per call of the benchmarked callable.

    Attributes:
        file, line: None where there is no Python code: of ``c`` and ``native``.
    """

    name: str
    file: str | None
    line: int | None
    calls: float
    delivered_ns: float
    kind: Kind = "start"

    @classmethod
    def of(cls, code: CodeCounts, mean: Counts) -> Self:
        """Of a site, with what its counts came to."""
        site = code.site
        file, line = (site.file, site.first_line) if site.file else (None, None)
        return cls(site.name, file, line, mean.calls, mean.delivered_ns, site.kind)


@dataclass(frozen=True, slots=True)
class Dose:
    """What one of several delays did, where the slack was looked for.

    Attributes:
        delay_ns: of each delayed call.
        added_ns: how much longer that made one call of the benchmarked callable.
        drop: the same as a drop of throughput.
    """

    delay_ns: float
    added_ns: Estimate
    drop: Estimate
    pairs: int

    def to_json(self) -> dict[str, Any]:
        return {
            "delay_ns": self.delay_ns,
            "added_ns": self.added_ns.to_json(),
            "drop": self.drop.to_json(),
            "pairs": self.pairs,
        }

    @classmethod
    def from_json(cls, one: dict[str, Any]) -> Self:
        added, drop = Estimate.from_json(one["added_ns"]), Estimate.from_json(one["drop"])
        assert added is not None
        assert drop is not None
        return cls(one["delay_ns"], added, drop, one["pairs"])


@dataclass(frozen=True, slots=True)
class Unreached:
    """A callable implemented in C that a glob matches, and the reason why it is not slowed."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What slowing ``bump`` did to ``test``.

    Times in ns and counts are per call of the benchmarked callable; shares are fractions. None: not known.

    Attributes:
        reason: why the verdict is void or inconclusive, or why the test failed; empty otherwise.
        warnings: doubts about a verdict that stands.
        floor: smallest drop that the rounds could tell from none.
        pairs: pairs of rounds that the verdict rests on.
        iterations: calls of the callable in one round.
        counts: of matched calls; ``calls`` is the mean of both arms, the times are those of the slowed one.
        bare_ns: median of rounds without any instrumentation, at the pace of the control rounds.
        probe_ns: what armed, undelayed instrumentation adds.
        limited_by: the option that limited the time.
        needed_ns: its value under which the rounds seen would have given an interval, or a floor under the budget.
        uncalled: the target that never ran, and why, where that is why there is no verdict.
        unreached: what globs match and was not slowed.
        evidence: that of earlier attempts at the same test included; None without a budget, or without rounds.
        time_share: of a run's time that is spent in the targets, as a profiler would say; None where nobody looked.
        slack_ns: delay of each call that is absorbed before throughput begins to drop; without a ``high`` end it is at
            least so much. None where it was not asked, or not found.
        doses: of which the slack was learned, in the order of their delays.
    """

    test: str
    bump: Bump
    verdict: Verdict
    outcome: Outcome
    reason: Remark = Remark()  # noqa: RUF009 - immutable
    warnings: tuple[str, ...] = ()
    known_drop: Estimate | None = None
    known_transmission: Estimate | None = None
    floor: float | None = None
    pairs: int = 0
    iterations: int = 1
    seconds: float = 0.0
    control_ns: float | None = None
    counts: Counts | None = None
    bare_ns: float | None = None
    probe_ns: float | None = None
    machine: Machine | None = None
    matched: tuple[MatchedCode, ...] = ()
    unreached: tuple[Unreached, ...] = ()
    lock: Change | None = None
    limited_by: str = "--speedbump-max-time"
    needed_ns: float | None = None
    uncalled: Uncalled | None = None
    evidence: Evidence | None = None
    time_share: float | None = None
    slack_ns: Estimate | None = None
    doses: tuple[Dose, ...] = ()

    @property
    def drop(self) -> Estimate:
        """Drop of the bare program's throughput, ``1 - T_bare / (T_bare + added)``. Raises :class:`VoidError`."""
        if self.known_drop is None:
            raise VoidError(f"no drop is known for {self.bump}: {self.reason or self._unasked}")
        return self.known_drop

    @property
    def transmission(self) -> Estimate:
        """Share of the delivered delay that reached the round time. Raises :class:`VoidError` where none is known."""
        if self.known_transmission is None:
            raise VoidError(f"no transmission is known for {self.bump}: {self.reason or self._unasked}")
        return self.known_transmission

    @property
    def _unasked(self) -> str:
        """Why a number is not known though nothing went wrong."""
        if self.verdict == "listed":
            return "--speedbump-list measures nothing"
        return "its slack was measured, which is `slack_ns`" if self.bump.asks_slack else "nothing was delivered"

    @property
    def calls(self) -> float | None:
        """Matched calls per call of the benchmarked callable."""
        return None if self.counts is None else self.counts.calls

    @property
    def is_called(self) -> bool:
        """Whether any of what matched was called: a listing holds more."""
        return any(code.calls for code in self.matched)

    @property
    def slowed_ns(self) -> float | None:
        """From the bare round and the drop, so that there is one estimate."""
        if self.bare_ns is None or self.known_drop is None:
            return None
        return self.bare_ns / (1 - self.known_drop)

    def _repr_html_(self) -> str:
        return repr_html(self)

    def to_json(self) -> dict[str, Any]:
        """One entry of ``results`` in the result document."""
        declared = self.bump.declared
        return {
            "test": self.test,
            "targets": list(self.bump.targets.names),
            "targets_by": self.bump.targets_by,
            "mode": self.bump.mode,
            "delay_ns": self.bump.delay_ns if self.bump.is_resolved else None,
            "share": self.bump.delay_share,
            "every": self.bump.every,
            "declared": declared and {"kind": declared.kind, "limit": declared.limit, "by": declared.by},
            "verdict": self.verdict,
            "outcome": self.outcome,
            "reason": str(self.reason),  # plain: it may have to cross to another process
            "cause": self.reason.kind,
            "warnings": [str(text) for text in self.warnings],
            "notes": list(self.bump.notes),
            "given": list(self.bump.given),
            "drop": self.known_drop.to_json() if self.known_drop is not None else None,
            "transmission": self.known_transmission.to_json() if self.known_transmission is not None else None,
            "floor": self.floor,
            "pairs": self.pairs,
            "iterations": self.iterations,
            "seconds": self.seconds,
            "bare_ns": self.bare_ns,
            "control_ns": self.control_ns,
            "slowed_ns": self.slowed_ns,
            **(dict.fromkeys(_COUNTS) if self.counts is None else asdict(self.counts)),
            "probe_ns": self.probe_ns,
            "machine": self.machine and asdict(self.machine),
            "matched": [asdict(code) for code in self.matched],
            "unreached": [asdict(one) for one in self.unreached],
            "lock": self.lock and asdict(self.lock),
            "limited_by": self.limited_by,
            "needed_ns": self.needed_ns,
            "uncalled": self.uncalled and self.uncalled.to_json(),
            "evidence": None if self.evidence is None else asdict(self.evidence),
            "time_share": self.time_share,
            "slack_ns": None if self.slack_ns is None else self.slack_ns.to_json(),
            "doses": [dose.to_json() for dose in self.doses],
        }

    @classmethod
    def from_json(cls, one: dict[str, Any]) -> Self:
        """What :meth:`to_json` wrote, in another process or by another version; all but the compiled patterns."""
        declared, lock, machine = one["declared"], one["lock"], one.get("machine")
        counts = [one[name] for name in _COUNTS]
        return cls(
            test=one["test"],
            bump=Bump(
                targets=Targets(tuple(one["targets"]), (), ()),
                delay_ns=math.nan if one["delay_ns"] is None else one["delay_ns"],
                delay_share=one.get("share"),
                every=one.get("every", 1),
                mode=one["mode"],
                declared=declared and take(Declaration, declared),
                targets_by=one["targets_by"],
                notes=tuple(one["notes"]),
                given=tuple(one.get("given", ())),
            ),
            reason=Remark.told(one["cause"], one["reason"]),
            counts=None if None in counts else Counts(*counts),
            known_drop=Estimate.from_json(one["drop"]),
            known_transmission=Estimate.from_json(one["transmission"]),
            warnings=tuple(one["warnings"]),
            matched=tuple(take(MatchedCode, code) for code in one["matched"]),
            unreached=tuple(take(Unreached, callable_) for callable_ in one.get("unreached", ())),
            lock=lock and take(Change, lock),
            machine=machine and take(Machine, machine),
            uncalled=Uncalled.from_json(one.get("uncalled")),
            evidence=Evidence.from_json(one.get("evidence")),
            time_share=one.get("time_share"),
            slack_ns=Estimate.from_json(one.get("slack_ns")),
            doses=tuple(map(Dose.from_json, one.get("doses", ()))),
            **{name: one[name] for name in _PLAIN_FIELDS if name in one},
        )


_COUNTS = tuple(field.name for field in fields(Counts))
_PLAIN_FIELDS = (
    "verdict", "outcome", "floor", "pairs", "iterations", "seconds", "bare_ns", "control_ns", "probe_ns", "limited_by",
    "needed_ns",
)  # fmt: skip

"""What a reader of a result must know: a fact of a known kind, and the one sentence for it."""

from string import Formatter
from typing import Any, Literal, Self, get_args

from pytest_speedbump.units import format_share, format_time

__all__ = ["Kind", "Remark"]

Kind = Literal[
    "",
    # why no verdict was reached
    "time", "too_long", "hopeless", "no_time", "no_knee", "total_time", "busy", "unseen", "far_tail", "too_weak",
    # why no verdict is possible
    "raised", "uncalled", "interfered", "lost", "clock", "delivery", "unpaused", "arms_differ", "called_no_more",
    "less_work", "seldom",
    # doubts about a verdict that stands
    "more_work", "short_rounds", "traced", "below_floor", "tail", "halves", "probe", "strayed", "earlier", "cut_short",
    # of a listing
    "not_listed", "listed_until", "chain",
    # of a scan: why nothing was ranked, or not to the end; why a test that is only scanned has no drop
    "short_of_time", "unmatched", "not_scanned", "interrupted", "only_scanned",
    # of a program's progress: why no verdict was reached or is possible, and what a reader should know
    "queued", "unlike", "pace", "too_few", "program_busy", "program_ended", "in_flight", "no_progress", "armed_only",
    "seldom_delayed", "uneven", "waits",
]  # fmt: skip

_AGAIN = "can it run twice? A callable that consumes its input needs benchmark.pedantic(setup=...)"

# A value is formatted as a `time` in ns, as one known to two digits (`about`), as a `share`, or as Python does it.
_SENTENCES: dict[Kind, str] = {
    "": "",
    "time": "time ran out after {spent_ns:about}{instead}",
    "too_long": "one pair of rounds takes about {pair_ns:about}, and the limit is {limit_ns:time}; "
    "give it {advice}, or slow it less",
    "hopeless": "a pass takes {pairs} pairs of rounds, here about {needed_ns:about}, and the limit is {limit_ns:time}; "
    "give it {advice}{instead}, or make rounds shorter",
    "no_knee": "noise, or too few rounds, hide where throughput begins to drop: it is not known after "
    "{spent_ns:about}; give it {advice}",
    "no_time": "no time was left to measure",
    "total_time": "the total time of {total_ns:time} is used up; give the run a longer --speedbump-total-time",
    "busy": "the machine was busy: threads waited for a processor during {waited:share} of the rounds, "
    "and {aside} of {pairs} pairs could not be judged; measure again when less runs beside it",
    "unseen": "the machine was busy, and what the rounds wait for is no thread or child of this process: nobody knows "
    "whether it had to wait for a processor itself; measure again when less runs beside it",
    "far_tail": "some slowed rounds are far slower than a drop within the budget explains; "
    "look at the tail of the round times",
    "too_weak": "the evidence of all attempts does not suffice for a verdict that shares the error rate with all "
    "shards; measure again, with more time",
    "raised": "the callable raised {error} when repeated (round {round}, {arm}); "
    "one that cannot run twice needs benchmark.pedantic(setup=...)",
    "uncalled": "{target} never ran in the measured rounds{hint}",
    "interfered": "another tool turned our sys.monitoring events off, or put a pointer to a C function back that "
    "we had replaced, while the rounds ran; turn that tool off",
    "lost": "memory ran out: {n} targets were not slowed",
    "clock": "the clock jumped: it ran {ratio:.3f} times as fast as the system's; measure again",
    "delivery": "the delay was not delivered: {delivered_ns:time} a call instead of {requested_ns:time}; "
    "ask for a longer one",
    "unpaused": "none of the delay was delivered: mode await pauses where a loop of asyncio runs, and there is none; "
    "measure under asyncio, or write another mode",
    "arms_differ": "the arms differ: {control} calls in each control round, {slowed} in a slowed one; " + _AGAIN,
    "called_no_more": "the target was called no more after pair {pair} of {pairs}; " + _AGAIN,
    "less_work": "repeated rounds take {now_ns:time} where the benchmark itself took {then_ns:time} at least: "
    "the callable does not do the same work each time; give it benchmark.pedantic(setup=...)",
    "seldom": "{every} is delayed, and in {undelayed} of {pairs} slowed rounds there was none, with {calls:.6g} of all "
    "calls in a round; delay more of them, or make rounds longer",
    "more_work": "repeated rounds take {now_ns:time} at least where the benchmark itself took {then_ns:time}: "
    "does the callable do more each time, or did the machine slow down?",
    "short_rounds": "other threads run Python code, and rounds this short can hide what these lose; raise `iterations`",
    "traced": "a tracer, such as coverage's, follows other threads, and all code is slower while it does: "
    "the drop is a share of that; measure without --cov, or with COVERAGE_CORE=sysmon",
    "below_floor": "{limited} {limit:share} is below this machine's floor (+-{floor:share} in {limit_ns:time}); "
    "expect inconclusive; needs about {needed_ns:about}",
    "tail": "some slowed rounds are far slower than the drop tells; look at the tail of the round times",
    "halves": "the first and the second half of the rounds disagree; the effect changed while it was measured",
    "probe": "what counts the calls takes {share:share} of a round by itself; the drop is of the program without it",
    "strayed": "{share:share} of the delay was spent when its round was over: threads or processes work on after it; "
    "let the callable wait until the work is done",
    "earlier": "the evidence of an earlier attempt at this test counts as well",
    "cut_short": "pytest-timeout left no time to go on; raise its limit, or lower --speedbump-max-time",
    "not_listed": "{target} never ran{hint}",
    "listed_until": "the callable raised {error} when repeated; what is listed was called until then",
    "chain": "resume: up to {longest} generators or coroutines of one chain are resumed by each suspension: "
    "{resumes:.6g} resumes for {suspensions:.6g} suspensions in one run",
    "short_of_time": "{limit_ns:time} were too short; give it a longer {option}",
    "unmatched": "calls nothing that matches {target}{hint}",
    "not_scanned": "{error}",
    "interrupted": "the scan was interrupted by {error}; what is there was found until then",
    "queued": "for each call of {point} the target was called {share:share} less often while slowed, in stretches of "
    "{length_ns:about} too: either its work waits in a queue, and the drop comes later, or it runs free of that point; "
    "give it {advice}, or name a point that its own work passes",
    "unlike": "for each call of {point} the target was called {share:share} more often while slowed: what is counted "
    "there is not the same work; name a point that its own work passes",
    "pace": "stretches of {length_ns:about} do not tell what longer ones would lose: the program may need more time to "
    "feel the delay; give it {advice}",
    "too_few": "{point} was called {calls} times in {spent_ns:about}, and that is too few for an answer; "
    "give it {advice}",
    "program_busy": "the machine was busy: threads of the program waited for a processor for {waited:share} of the "
    "time, while others used {others:share} of the processors; measure again when less runs beside it",
    "program_ended": "the program ended after {spent_ns:about}; let it work for longer",
    "in_flight": "what is under way takes {latency_ns:about}, too long for stretches of {length_ns:about} to show what "
    "its delay costs; give it {advice}",
    "uneven": "{point} is called in bursts, and stretches of {length_ns:about} do not hold enough of them; give it "
    "{advice}",
    "no_progress": "{point} was never called in {spent_ns:about}{hint}",
    "waits": "nothing is measured before every progress point was called, and {point} never was; mend or leave out "
    "that one",
    "armed_only": "a program that runs cannot be measured without its probes: the drop is one of its throughput with "
    "them, of which they take {share:share} at most",
    "seldom_delayed": "in {undelayed} of {pairs} slowed stretches of {length_ns:about} no call was delayed; give it "
    "{advice}, or delay more calls",
    "only_scanned": "the test has no bump and was only scanned: `speedbump.ranking` is what that found; for a drop "
    "add a marker, or run with --speedbump-target",
}
assert set(_SENTENCES) == set(get_args(Kind))


class Remark(str):
    """One sentence: a plain string that also knows its ``kind``. The empty one, of kind '', is no remark."""

    __slots__ = ("kind",)
    kind: Kind

    def __new__(cls, kind: Kind = "", **values: object) -> Self:
        return cls.told(kind, _FORMATTER.format(_SENTENCES[kind], **values))

    @classmethod
    def told(cls, kind: Kind, text: str) -> Self:
        """A remark that has its sentence already: it came from another process."""
        self = super().__new__(cls, text)
        self.kind = kind
        return self


class _Formatter(Formatter):
    def format_field(self, value: Any, format_spec: str) -> str:
        match format_spec:
            case "time":
                return format_time(value)
            case "about":
                return format_time(value, 2)
            case "share":
                return format_share(value)
        return str(super().format_field(value, format_spec))


_FORMATTER = _Formatter()

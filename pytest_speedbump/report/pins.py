"""What a scan found, as markers that pin it: Python text, ready to paste."""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from keyword import iskeyword

from pytest_speedbump.counts import Kind
from pytest_speedbump.ranking import Ranked, Ranking
from pytest_speedbump.report.columns import plain
from pytest_speedbump.report.ranked import is_hot_and_free
from pytest_speedbump.units import LONGEST_DELAY_NS, Delay

__all__ = ["pins", "target"]

MOST = 5  # of a kind in one test
DROP = 0.1  # that the delay is to cause where all of it arrives: far above noise, and soon proved
LEAST_DELAY_NS = 100.0  # a delay near the time that reading the clock takes is not delivered exactly
LEAST_LIMIT = 0.01  # to prove less takes long


def pins(rankings: Sequence[Ranking]) -> str:
    """For each test its markers, above a stub that says where they belong; as a list for ``pytest.param(marks=...)``
    where the test has parameters, and where its name is none of a Python function.

    A critical function that was confirmed must show half of what it is expected to cost. A hot and free one is slowed
    by half of what it was seen to absorb at least, and must cost less than half of what it would if that arrived.
    """
    return "\n\n".join("\n".join(_of_test(ranking)) for ranking in rankings)


def target(name: str, kind: Kind = "start") -> str:
    """A pattern for what has this full dotted name alone, after its ``c:`` where it is of C: characters that mean
    something in one stand in brackets.

    ``?``, which matches any character, is for those that no brackets hold: NUL, and ``!`` at the front.
    """
    prefix, name = ("c:", name.removeprefix("c:")) if kind == "c" else ("", name)
    last = len(name) - 1
    return prefix + "".join(
        "?" if one == "\0" or (one == "!" and index == 0)
        else f"[{one}]" if one in "*?[:" or (index in (0, last) and (one == "@" or one.isspace()))
        else one
        for index, one in enumerate(name)
    )  # fmt: skip


def _of_test(ranking: Ranking) -> Iterator[str]:
    markers = [*_sensitive(ranking), *_insensitive(ranking)]
    where = f"# {plain(ranking.test)}"
    function = ranking.test.rpartition("::")[2]
    if not markers:
        yield f"{where}: nothing to pin"
    elif function.isidentifier() and not iskeyword(function):
        yield where
        yield from (f"@pytest.mark.{marker}" for marker in markers)
        yield f"def {function}(benchmark): ..."
    else:
        yield f"{where}: pytest.param(..., marks=marks)"
        yield "marks = ["
        yield from (f"    pytest.mark.{marker}," for marker in markers)
        yield "]"


def _sensitive(ranking: Ranking) -> list[str]:
    critical = [one for one in ranking.functions if one.verdict == "critical" and one.confirmed]
    first = {one.name: one for one in reversed(critical)}  # of those that share a name, which are slowed together
    pinned = (_must_show(one, ranking) for one in critical if first[one.name] is one)
    return [marker for marker in pinned if marker][:MOST]


def _must_show(one: Ranked, ranking: Ranking) -> str:
    """Empty where too little is known of it, or too little would show."""
    arrives = one.transmission
    if not ranking.round_ns or not one.calls or arrives is None or arrives.low is None or arrives.low <= 0:
        return ""
    delay_ns = _rounded(_delay_ns(ranking.round_ns, one.calls * arrives))
    at_least = _half(_drop(ranking.round_ns, one.calls * arrives * delay_ns))
    if at_least < LEAST_LIMIT or _drop(ranking.round_ns, one.calls * arrives.low * delay_ns) < at_least:
        return ""
    return _marker("sensitive", one, delay_ns, f"at_least={_quoted(_percent(at_least))}", ranking)


def _insensitive(ranking: Ranking) -> list[str]:
    """Not of those that share a name, which are slowed together: nobody has seen what they absorb in company."""
    named = Counter(one.name for one in ranking.functions)
    free = [one for one in ranking.functions if is_hot_and_free(one) and named[one.name] == 1]
    pinned = (_must_not_show(one, ranking) for one in sorted(free, key=lambda one: -(one.share or 0.0)))
    return [marker for marker in pinned if marker][:MOST]


def _must_not_show(one: Ranked, ranking: Ranking) -> str:
    """Empty where too little is known of it, or a violation would not show."""
    arrives, slack_ns = one.transmission, one.slack_ns
    if not ranking.round_ns or not one.calls or arrives is None or arrives.high is None:
        return ""
    absorbed_ns = slack_ns.low if slack_ns is not None and slack_ns.low is not None else 0.0
    delay_ns = min(absorbed_ns / 2, _delay_ns(ranking.round_ns, one.calls))
    if delay_ns < LEAST_DELAY_NS:
        return ""
    delay_ns = _rounded(delay_ns, down=True)
    budget = _half(_drop(ranking.round_ns, one.calls * delay_ns))
    if budget < LEAST_LIMIT or _drop(ranking.round_ns, one.calls * arrives.high * delay_ns) > budget:
        return ""
    return _marker("insensitive", one, delay_ns, f"budget={_quoted(_percent(budget))}", ranking)


def _marker(kind: str, one: Ranked, delay_ns: float, limit: str, ranking: Ranking) -> str:
    mode = "" if ranking.mode == "spin" else f", mode={_quoted(ranking.mode)}"
    pattern, delay = _quoted(target(one.name, one.kind)), _quoted(str(Delay(ns=delay_ns)))
    return f"speedbump_{kind}({pattern}, delay={delay}, {limit}{mode})"


def _delay_ns(round_ns: float, arriving: float) -> float:
    """A call's, of which ``arriving`` times as much reaches the round, for a drop of ``DROP``."""
    return min(max(round_ns * DROP / (1 - DROP) / arriving, LEAST_DELAY_NS), LONGEST_DELAY_NS)


def _drop(round_ns: float, added_ns: float) -> float:
    return added_ns / (round_ns + added_ns)


def _half(drop: float) -> float:
    return _rounded(drop / 2, down=True)


def _rounded(value: float, *, down: bool = False) -> float:
    """To one significant digit."""
    if not down:
        return float(f"{value:.0e}")
    place = math.floor(math.log10(value))
    return float(f"{math.floor(value / 10.0**place + 1e-9)}e{place}")


def _percent(share: float) -> str:
    return f"{share * 100:.6g}%"


def _quoted(text: str) -> str:
    """As Python is written, and as a terminal can show it."""
    return '"' + plain(text.replace("\\", "\\\\").replace('"', '\\"')) + '"'

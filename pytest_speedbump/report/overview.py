"""What several scans say together: which function matters where, and what no benchmark would notice. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import batched

from pytest_speedbump.ranking import Ranked, Ranking, Standing
from pytest_speedbump.report.columns import plain, shorten_all, width_of, wrap
from pytest_speedbump.report.grid import GAP, Shape, Table, fit
from pytest_speedbump.report.names import short_names
from pytest_speedbump.report.ranked import CONFIRMED, Key, is_hot_and_free, key, labels, matters
from pytest_speedbump.units import format_share

__all__ = ["Overview", "lay_out_overview", "unnoticed"]

SIGNS: dict[Standing, str] = {"critical": "C", "partly": "P", "free": "F", "small": ".", "unresolved": "?"}
NOT_CALLED = "-"
LEGEND = f"C critical, P partly, F free, . too small, ? not resolved, {NOT_CALLED} not called, {CONFIRMED} confirmed"
FUNCTION = "Function"
LEAST_FUNCTION = 16  # columns of text
LEAST_BENCHMARK = 8
UNNOTICED = 0.5  # a delay of which less than this arrives is hidden rather than seen
LINES = 10  # of a list, before the rest becomes a count
INDENT = 4

type Calls = dict[Key, dict[str, Ranked]]


@dataclass(frozen=True, slots=True)
class Overview:
    """Functions x benchmarks.

    Attributes:
        tables: several where the benchmarks do not fit beside each other; none where no function is worth a line.
        legend: what the signs mean and, where their names do not tell benchmarks apart, the numbers.
    """

    tables: tuple[Table, ...] = ()
    legend: tuple[str, ...] = ()


def lay_out_overview(rankings: Sequence[Ranking], width: int | None) -> Overview:
    """Of the functions that matter, or are hot and free, somewhere; within ``width`` columns of text."""
    called = _called(rankings)
    rows = [one for one, seen in called.items() if any(matters(r) or is_hot_and_free(r) for r in seen.values())]
    if not rows:
        return Overview()
    named = labels(one for ranking in rankings for one in ranking.functions)
    functions = [named[one] for one in rows]
    tests = list(dict.fromkeys(ranking.test for ranking in rankings))
    short = short_names(tests)
    names = [plain(short[test]) for test in tests]
    beside = len(tests)
    titles, numbers = list(names), list[str]()
    if width is not None:
        beside = min(beside, max(1, (width - LEAST_FUNCTION) // (LEAST_BENCHMARK + len(GAP))))
        function = max(LEAST_FUNCTION, min(max(map(width_of, functions)), width // 2))
        titles = shorten_all(names, max(LEAST_BENCHMARK, (width - function) // beside - len(GAP)), ends=True)
    if len({FUNCTION, *titles}) <= len(titles):
        titles = [str(number) for number in range(1, len(names) + 1)]
        numbers = [f"{number}: {name}" for number, name in zip(titles, names, strict=True)]
    signs = {title: [_sign(called[one].get(test)) for one in rows] for test, title in zip(tests, titles, strict=True)}
    shape = Shape((FUNCTION, *titles), {FUNCTION: LEAST_FUNCTION}, ends=(FUNCTION,))
    tables = [
        fit({FUNCTION: functions} | {title: signs[title] for title in some}, shape, width)
        for some in batched(titles, beside)
    ]
    legend = [line for text in (LEGEND, *numbers) for line in wrap(text, width, INDENT)]
    return Overview(tuple(tables), tuple(legend))


def _called(rankings: Sequence[Ranking]) -> Calls:
    """For each function what it is in the tests that call it; those that matter in most tests come first."""
    called: Calls = {}
    for ranking in rankings:
        for one in ranking.functions:
            called.setdefault(key(one), {})[ranking.test] = one

    def weight(seen: Mapping[str, Ranked]) -> tuple[int, float]:
        return -sum(map(matters, seen.values())), -max(one.gain or 0.0 for one in seen.values())

    return dict(sorted(called.items(), key=lambda pair: weight(pair[1])))


def _sign(one: Ranked | None) -> str:
    return NOT_CALLED if one is None else SIGNS[one.verdict] + CONFIRMED * one.confirmed


def unnoticed(
    rankings: Sequence[Ranking], uncalled: Iterable[str] = (), *, width: int | None = None, each: bool = False
) -> list[str]:
    """What could become slower without any benchmark showing it, as lines; ``uncalled``: matches that never ran.

    Of a function that is called it is shown wherever it is called: the upper end of its transmission is under one
    half, and it is not ``partly`` either, because what arrives of a hot one is seen.
    """
    named = labels(one for ranking in rankings for one in ranking.functions)
    hidden = {one: seen for one, seen in _called(rankings).items() if all(map(_is_hidden, seen.values()))}
    shares = {one: max(ranked.share or 0.0 for ranked in seen.values()) for one, seen in hidden.items()}
    told = [
        f"{named[one]}, {format_share(share)} of a run" if share else named[one]
        for one, share in sorted(shares.items(), key=lambda pair: -pair[1])
    ]
    gone = [plain(name) for name in dict.fromkeys(uncalled)]
    lines = [
        *_list("no benchmark would notice if these became slower, less than half of it would arrive", told, each=each),
        *_list("no benchmark calls these", gone, each=each),
    ]
    return [line for text in lines for line in wrap(text, width, INDENT)]


def _is_hidden(one: Ranked) -> bool:
    high = one.transmission.high if one.transmission is not None else None
    return high is not None and high < UNNOTICED and not matters(one)


def _list(title: str, names: Sequence[str], *, each: bool) -> Iterator[str]:
    if names:
        shown = names if each or len(names) <= LINES else names[: LINES - 1]
        yield f"{title}: {len(names)}"
        yield from (f"  {name}" for name in shown)
        if len(shown) < len(names):
            yield f"  and {len(names) - len(shown)} more (-v shows each)"

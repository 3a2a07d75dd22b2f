"""The report as Markdown, for a step summary or a comment."""

from collections import Counter
from collections.abc import Iterator, Sequence

from pytest_speedbump.counts import CodeCounts, Snapshot, TargetCounts
from pytest_speedbump.documents.document import Document
from pytest_speedbump.documents.program import program_run
from pytest_speedbump.documents.whole import why_it_fails
from pytest_speedbump.formats.bar import Axis
from pytest_speedbump.formats.literal import code, code_html, text
from pytest_speedbump.formats.room import Part, fit
from pytest_speedbump.formats.sorted import Sorted
from pytest_speedbump.ranking import Ranked, Ranking, Standing
from pytest_speedbump.report.columns import plain, shorten, shorten_all
from pytest_speedbump.report.names import short_names
from pytest_speedbump.report.notes import gather, notes
from pytest_speedbump.report.numbers import interval_text, limit_text, margin_text
from pytest_speedbump.report.ranked import is_folded, standing_text
from pytest_speedbump.report.repeat import repeat
from pytest_speedbump.report.sweeps import slack_text, slacks
from pytest_speedbump.report.text import drop_text, failure_text, found, transmission_text, verdict_text
from pytest_speedbump.result import Result
from pytest_speedbump.units import format_share, format_time

__all__ = ["COMMENT_BYTES", "LEAST_BYTES", "SUMMARY_BYTES", "markdown"]

SUMMARY_BYTES = 1 << 20  # that GitHub takes for the summary of a step
COMMENT_BYTES = 1 << 16  # that it takes for a comment, in characters
LEAST_BYTES = 1 << 11  # for the heading, what is said of all that is left out, and the last line

MARK = "<!-- speedbump -->"  # by which a job finds its comment again
MOST_ALERTS = 10  # each takes as much room as ten rows
MOST_FUNCTIONS = 10  # of a scan
LONGEST = 80  # columns of a name in a cell, and of one of the last line
UNKNOWN, TIMES = "\N{EN DASH}", "\N{MULTIPLICATION SIGN}"
_OUTCOMES = {"failed": "❌", "warned": "❔"}
_VERDICTS = {"sensitive": "🔺", "insensitive": "✅", "void": "⚪", "inconclusive": "❔"}
_STANDINGS: dict[Standing, str] = {"critical": "🔺", "partly": "🔸", "free": "✅", "unresolved": "❔", "small": "▫️"}
PASSED, SCANS, NOTES, COUNTED, ALERTS, FAILED = range(6)  # what gives way first


def markdown(document: Document, most_bytes: int = SUMMARY_BYTES) -> str:
    """At most ``most_bytes`` of UTF-8, which are no fewer than :data:`LEAST_BYTES`.

    Where that does not suffice, whole rows are left out and counted: those that passed first, those that failed last.
    """
    results = Sorted.of(document.results)
    asking = (*results.failed, *results.doubtful)
    rows = _rows((*asking, *results.others))
    head = _head(Axis.of(document.results))
    said = list(slacks(document.results))
    said += gather((f"{one.test} [{one.bump}]", note) for one in (*asking, *results.others) for note in notes(one))
    said += [f"not measured: {one}" for one in gather(document.unmeasured.items())]
    parts = [
        Part(
            [
                *map(_run_alert, why_it_fails(document)),
                *(_alert(one, document) for one in results.failed[:MOST_ALERTS]),
            ],
            "The reasons of {n} more are left out.",
            ALERTS,
        ),
        Part(rows[: len(asking)], "{n} more that failed or are in doubt, left out.", FAILED, head),
        Part([f"- {text(line)}\n" for line in said], "{n} more remarks, left out.", NOTES, "\n"),
        _counted(document),
        Part([_scan(one) for one in document.scans], "{n} more scans, left out.", SCANS),
        Part(
            rows[len(asking) :], "{n} more passed, left out.", PASSED, *_folded(f"{len(results.others)} passed", head)
        ),
    ]
    return fit(_heading(document), parts, _last_line(document), most_bytes)


def _heading(document: Document) -> str:
    verdicts = Counter("failed" if one.outcome == "failed" else found(one) for one in document.results)
    fails = "the run fails: " if why_it_fails(document) else ""
    order = ("failed", "inconclusive", "void")
    said = [f"{verdicts[name]} {name}" for name in (*order, *(name for name in verdicts if name not in order))]
    said = [one for one in said if not one.startswith("0 ")]
    if document.scans:
        said.append(f"{len(document.scans)} scan{'s' * (len(document.scans) != 1)}")
    run = program_run(document)
    if run is not None:
        said.insert(0, code(shorten(plain(" ".join(run.words)), LONGEST)))
    return f"{MARK}\n### speedbump: {fails}{', '.join(said) or 'nothing was measured'}\n"


def _alert(result: Result, document: Document) -> str:
    """Why it failed, as pytest says it, and the command that measures it again."""
    first, *more = failure_text(result).removeprefix("speedbump: ").splitlines()
    target = plain(str(result.bump.targets))
    headline = f"{code(target)} {text(first.removeprefix(target))}" if first.startswith(target) else text(first)
    lines = [f"**{code(result.test)}**", headline, *map(text, more)]
    if not document.program:
        lines.append(f"Measure it again: {code(repeat(result, document.seed))}")
    return "\n> [!CAUTION]\n> " + "\\\n> ".join(lines) + "\n"


def _run_alert(reason: str) -> str:
    """Why the run fails as a whole, though each test may have passed."""
    return f"\n> [!CAUTION]\n> **The run fails**\\\n> {text(plain(reason))}\n"


def _head(axis: Axis) -> str:
    titles = ("", "test", "target", f"delay {TIMES} calls", f"throughput lost, {axis}", "transmission")
    return f"\n| {' | '.join(titles)} |\n|{'---|' * len(titles)}\n"


def _rows(results: Sequence[Result]) -> list[str]:
    short = short_names(one.test for one in results)
    tests = shorten_all([plain(short[one.test]) for one in results], LONGEST)
    targets = shorten_all([plain(str(one.bump.targets)) for one in results], LONGEST)
    axis = Axis.of(results)
    return [_row(one, test, target, axis) for one, test, target in zip(results, tests, targets, strict=True)]


def _row(result: Result, test: str, target: str, axis: Axis) -> str:
    sign = _OUTCOMES.get(result.outcome) or _VERDICTS.get(found(result), "▫️")
    delay = f"{'' if result.bump.asks_slack else '+'}{result.bump.delay_text}"
    calls = "" if result.calls is None else f" {TIMES} {result.calls:.6g}"
    cells = (
        f"{sign} {verdict_text(result)}",
        code(test),
        code(target),
        f"{delay}{calls}",
        _drop(result, axis),
        UNKNOWN if result.known_transmission is None else f"{transmission_text(result)}{_limit(result, of_slack=True)}",
    )
    return f"| {' | '.join(cells)} |\n"


def _drop(result: Result, axis: Axis) -> str:
    """``··━●━··· **8.7%** [7.2, 10.2] of 4.0%``, or the slack where that was asked."""
    if result.slack_ns is not None:
        return f"slack **{slack_text(result.slack_ns)}**"
    if result.known_drop is None:
        return UNKNOWN
    number, _, interval = drop_text(result).partition(" [")
    if not interval:
        return drop_text(result)
    return f"`{axis.bar(result)}` **{number}** [{interval}{_limit(result)}"


def _limit(result: Result, *, of_slack: bool = False) -> str:
    """What was declared, beside the number that it is about: of slack the transmission, else the drop."""
    declared = result.bump.declared
    return "" if declared is None or (declared.kind == "slack") != of_slack else f", limit {limit_text(declared.limit)}"


def _counted(document: Document) -> Part:
    """What a program called."""
    run = program_run(document)
    snapshot = Snapshot((), ()) if run is None else run.counts.snapshot
    named: list[TargetCounts | CodeCounts] = [*snapshot.targets, *snapshot.matched]
    rows = [
        f"| {code(shorten(plain(one.name), LONGEST))} | {one.calls:.0f} | {format_time(one.delivered_ns)} |\n"
        for one in named
    ]
    head = "\n| called | calls | delay delivered |\n|---|---|---|\n"
    return Part(rows, "{n} more that were called, left out.", COUNTED, *_folded(f"{len(rows)} counts", head))


def _scan(ranking: Ranking) -> str:
    """Folded: those that it ranks first, and how many more there are."""
    shown = [one for one in ranking.functions if not is_folded(one)][:MOST_FUNCTIONS]
    counts = Counter(one.verdict for one in ranking.functions)
    said = ", ".join(f"{n} {verdict}" for verdict, n in counts.items()) or "no function was ranked"
    begin, end = _folded(f"Scan of {code_html(shorten(plain(ranking.test), LONGEST))}: {said}", "")
    titles = ("", "function", "share of a run", "transmission", "gain", "slack")
    head = f"\n| {' | '.join(titles)} |\n|{'---|' * len(titles)}\n" if shown else ""
    more = len(ranking.functions) - len(shown)
    sentences = [*([f"{more} more"] if more else []), *filter(None, (str(ranking.reason), *ranking.warnings))]
    return begin + head + "".join(map(_function, shown)) + "".join(f"\n{text(one)}\n" for one in sentences) + end


def _function(one: Ranked) -> str:
    cells = (
        f"{_STANDINGS[one.verdict]} {text(standing_text(one))}",
        code(shorten(plain(one.name), LONGEST)),
        UNKNOWN if one.share is None else format_share(one.share),
        (one.transmission is not None and margin_text(one.transmission)) or UNKNOWN,
        (one.gain is not None and interval_text(one.gain, percent=True)) or UNKNOWN,
        UNKNOWN if one.slack_ns is None else slack_text(one.slack_ns),
    )
    return f"| {' | '.join(cells)} |\n"


def _folded(title: str, head: str) -> tuple[str, str]:
    """What comes before it, and after it. Without the empty lines GitHub would read no Markdown inside."""
    return f"\n<details><summary>{title}</summary>\n{head}", "\n</details>\n"


def _last_line(document: Document) -> str:
    return f"\n<sub>{'; '.join(text(shorten(plain(one), LONGEST)) for one in _facts(document))}</sub>\n"


def _facts(document: Document) -> Iterator[str]:
    yield f"Python {document.environment.get('python')}"
    if document.error_rate is not None:
        yield f"chance of any false failure at most {limit_text(document.error_rate)}"
    if document.seed is not None:
        yield f"seed {document.seed}"
    if document.commit is not None:
        yield f"commit {document.commit}"

"""The page: one HTML file without scripts that says what documents found.

Its order is that of questions: did something fail, and why; what costs how much; what do the pictures say; and then
everything about each test.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from xml.etree.ElementTree import Element

from pytest_speedbump.documents.document import Document
from pytest_speedbump.documents.whole import why_it_fails, without_expected
from pytest_speedbump.page.commits import commits_section
from pytest_speedbump.page.curves import curves_section
from pytest_speedbump.page.details import details, links
from pytest_speedbump.page.element import Child, element, name, section, to_html
from pytest_speedbump.page.failure import failure, run_failure
from pytest_speedbump.page.forest import forest
from pytest_speedbump.page.map import map_section
from pytest_speedbump.page.program import program_section
from pytest_speedbump.page.scan_section import scan_section
from pytest_speedbump.page.status import FAILED, chips, counted, status
from pytest_speedbump.page.style import FONTS, SCOPE, STYLE
from pytest_speedbump.page.words import added_text, count
from pytest_speedbump.report.notes import gather, gathered, notes
from pytest_speedbump.report.repeat import repeat
from pytest_speedbump.result import Result
from pytest_speedbump.units import format_share

__all__ = ["page"]

HEADING = "What throughput loses when code gets slower"
NOTHING = "Nothing was measured: no test was marked with speedbump, and no target was named on the command line."


def page(documents: Sequence[Document]) -> str:
    """The whole file. The last of ``documents`` is the one that is shown; earlier ones are its history."""
    documents = [without_expected(one) for one in documents]
    shown = documents[-1]
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("title", f"speedbump: {_title(shown)}"),
        element("style", STYLE),
    )
    # Where styles are refused, as by Jenkins, attributes are not: this one, and those of tables and pictures.
    body = element("body", element("font", element("main", _content(documents)), face=FONTS), class_=SCOPE)
    return f"<!doctype html>\n{to_html(element('html', head, body, lang='en'))}\n"


def _title(document: Document) -> str:
    if why_it_fails(document):
        return "the run fails"
    if document.results:
        return ", ".join(f"{number} {one.word}" for one, number in counted(document.results))
    if document.program:
        return "a program"
    return count(len(document.scans), "scan") if document.scans else "nothing measured"


def _content(documents: Sequence[Document]) -> Iterator[Child]:
    shown = documents[-1]
    results = shown.results
    yield element("h1", HEADING)
    yield chips(results) if results else None
    yield element("p", _facts(shown), class_="facts m")
    failed = [result for result in results if status(result) is FAILED]
    why = why_it_fails(shown)
    if failed or why:
        reasons = (*map(run_failure, why), *map(failure, failed))
        yield section("What failed, and why", reasons)
    yield program_section(shown.program)
    if results:
        yield section("Throughput lost", forest(results, links(results)), _said(results))
    yield from (pictured(shown) for pictured in (map_section, curves_section, scan_section))
    yield commits_section(documents)
    if results:
        title, again = ("Point by point", None) if shown.program else ("Test by test", partial(repeat, seed=shown.seed))
        yield section(title, details(results, again))
    if shown.unmeasured:
        unmeasured = [element("li", line) for line in gather(shown.unmeasured.items())]
        yield section("Not measured", element("ul", unmeasured))
    elif not (results or shown.scans or shown.program):
        yield element("p", NOTHING)


def _facts(document: Document) -> Iterator[Child]:
    """Where it comes from, in one line."""
    environment = document.environment
    said: list[Child] = [f"Python {environment.get('python')}" + " without a GIL" * (environment.get("gil") is False)]
    said.append(f"{environment.get('machine')}")
    if environment.get("cpus"):
        said.append(count(environment["cpus"], "processor"))
    if environment.get("clock"):
        said.append(f"clock {environment['clock']}")
    if document.error_rate is not None:
        family = document.family and document.family.get("verdicts")
        among = f" among {count(family, 'verdict')}" if family else ""
        said.append(f"chance of any false failure{among} at most {format_share(document.error_rate)}")
    if document.seed is not None:
        said.append(f"seed {document.seed}")
    if document.commit is not None:
        said.append(["commit ", name(document.commit[:12])])
    if document.run is not None:
        said.append(["run ", name(document.run)])
    said.append(f"pytest-speedbump {environment.get('version')}")
    for index, one in enumerate(said):
        yield " · " if index else None
        yield one


def _said(results: Sequence[Result]) -> Element | None:
    """What deserves a sentence; what many have in common is said once."""
    said = gathered((result, note) for result in results for note in notes(result))
    lines = [
        element("li", name(one.test), " [", name(str(one.bump.targets)), f" {added_text(one.bump)}]{more}: ",
                element("bdi", what))
        for one, more, what in said
    ]  # fmt: skip
    return element("ul", lines, class_="said") if lines else None

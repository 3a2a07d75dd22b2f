"""What is wrong with a run as a whole, be it one run or merged of shards: its targets ran nowhere. Pure."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from pytest_speedbump.documents.document import Document
from pytest_speedbump.ranking import Ranking
from pytest_speedbump.result import Result

__all__ = ["failures", "uncalled", "uncalled_or_unscanned", "unscanned", "why_it_fails"]

# The kinds of reasons for which more time, or another callable, would not have ranked anything.
_UNSCANNED = ("unmatched", "uncalled", "not_listed", "not_scanned")


def why_it_fails(document: Document) -> list[str]:
    """All reasons besides what its bumps have found; tests that failed by themselves are one of them."""
    broken = [test for test, fate in (document.tests or {}).items() if fate == "failed"]
    if not broken:
        return list(document.failures)
    who = f"{broken[0]} and {len(broken) - 1} more" if len(broken) > 1 else broken[0]
    themselves = "themselves" if len(broken) > 1 else "itself"
    return [*document.failures, f"{who} failed by {themselves}, before anything was measured"]


def failures(document: Document) -> list[str]:
    """Why the run fails as a whole, as far as its results tell: targets that had to be called, and were not."""
    given = document.options
    if given is None or given["advisory"]:
        return []
    called = [name for name in ("targets", "scan") if given[name] is not None and _must_call(given[name], document)]
    return uncalled_or_unscanned(document, called)


def uncalled_or_unscanned(document: Document, names: Collection[str] = ("targets", "scan")) -> list[str]:
    """What would be said if they had to be called: the targets, what was to be scanned, or both."""
    given = document.options
    assert given is not None
    found = []
    if given["targets"] is not None and "targets" in names:
        found.append(uncalled(document.results, given["targets"]))
    if given["scan"] is not None and "scan" in names:
        found.append(unscanned(document.results, document.scans, given["scan"], listed=given["listed"]))
    return [sentence for sentence in found if sentence]


def _must_call(targets: Mapping[str, Any], document: Document) -> bool:
    """What was typed must be called in what ran; what stands in an ini file, in the whole suite."""
    assert document.options is not None
    return targets["typed"] or not (document.options["narrowed"] or "not run" in (document.tests or {}).values())


def uncalled(results: Iterable[Result], targets: Mapping[str, Any]) -> str:
    """One sentence where no benchmark called ``targets``, empty if one did; ``targets`` are as a document has them.

    Targets of an ini file are there for every run, also for one that has no benchmarks.
    """
    suite_wide = _suite_wide(results, targets)
    if any(result.is_called or result.verdict in ("measured", "inconclusive") for result in suite_wide):
        return ""
    if suite_wide:
        return f"no benchmark of this run calls its targets: {suite_wide[0].reason}"
    if targets["by"] == "command line":
        return f"no benchmark was measured under {', '.join(targets['names'])}"
    return ""


def unscanned(
    results: Iterable[Result], rankings: Iterable[Ranking], targets: Mapping[str, Any], *, listed: bool
) -> str:
    """The same of what was to be scanned. That a benchmark does not repeat, or had no time, is none of it."""
    if listed:
        found = [(one.test, one.is_called, one.reason) for one in _suite_wide(results, targets)]
    else:
        found = [(one.test, bool(one.functions), one.reason) for one in rankings]
    if any(matched or reason.kind not in _UNSCANNED for _, matched, reason in found):
        return ""
    for test, _, reason in found:
        return f"no benchmark of this run could be scanned: {test}: {reason}"
    return f"no benchmark was scanned for {', '.join(targets['names'])}" if targets["by"] == "command line" else ""


def _suite_wide(results: Iterable[Result], targets: Mapping[str, Any]) -> list[Result]:
    """The results for targets of the whole run; what comes from a document has only their names."""
    names = tuple(targets["names"])
    return [result for result in results if result.bump.suite_wide and result.bump.targets.names == names]

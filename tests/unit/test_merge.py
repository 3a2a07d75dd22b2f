"""Shards become the document that one run would have written, or are refused with a sentence."""

import json
import random
from dataclasses import replace
from math import log
from typing import Any

import pytest
from chance import most
from documents import errors
from hypothesis import given, settings
from hypothesis import strategies as st
from reports import HOSTILE, SCAN, SOME, a_result, many
from sharded import OPTIONS, cut, shard, whole

from pytest_speedbump.documents.document import Document
from pytest_speedbump.documents.merge import merge
from pytest_speedbump.errors import InputError
from pytest_speedbump.remarks import Remark
from pytest_speedbump.result import Change, Evidence, Outcome, Result, Verdict

# Of more than one bump, and of a test that is scanned besides; with evidence enough for what each says.
TOLD = [
    replace(one, evidence=Evidence(9.0, 9.0, 9.0, 9.0)) if one.bump.declared else one
    for one in (*SOME, *many(6).results)
]
WHOLE = whole(
    *TOLD, scans=(SCAN,), others={"t.py::skipped": "skipped", "t.py::broken": "failed", "t.py::slow": "deselected"}
)
GIVEN = {"names": ["pkg.f"], "by": "command line", "typed": True}
INI = {"names": ["pkg.f"], "by": "ini", "typed": False}
TESTS = list(WHOLE.tests or ())


def read_back(document: Document) -> Document:
    """As another process reads it."""
    return Document.from_json(json.loads(json.dumps(document.to_json())))


def same(one: Document, other: Document) -> bool:
    """NaN, where a share is not resolved, and patterns, which are not written, aside."""
    return one.to_json() == other.to_json()


@settings(max_examples=50)
@given(st.lists(st.integers(0, 4), min_size=len(TESTS), max_size=len(TESTS)), st.randoms())
def test_any_partition_merges_back_in_any_order(groups: list[int], rng: random.Random) -> None:
    shards = [(name, read_back(one)) for name, one in cut(WHOLE, groups, 5)]
    rng.shuffle(shards)
    merged = merge(shards)
    assert list(merged.tests or ()) == TESTS
    by_test = sorted(WHOLE.results, key=lambda result: TESTS.index(result.test))
    assert same(merged, replace(WHOLE, results=tuple(by_test)))


@given(st.lists(st.integers(0, 3), min_size=len(TESTS), max_size=len(TESTS)))
def test_what_was_merged_may_be_merged_again(groups: list[int]) -> None:
    shards = cut(WHOLE, groups, 4)
    half = merge(shards[:2], partial=True)
    assert same(merge([("half", half), *shards[2:]]), merge(shards))


def test_what_differs_among_machines_is_not_known_of_the_whole() -> None:
    one, other = (one for _, one in cut(WHOLE, [0] * (len(TESTS) - 1) + [1], 2))
    other = replace(other, seed=3, attempt=2, environment={**other.environment, "cpus": 64, "clock": "cntvct"})
    merged = merge([("a", one), ("b", other)])
    assert (merged.seed, merged.attempt, merged.environment["cpus"], merged.environment["clock"]) == (None,) * 4
    assert merged.environment["python"] == WHOLE.environment["python"]
    assert errors("result-1", merged.to_json()) == []


def test_shuffled_shards() -> None:
    """Each shard has collected in another order."""
    shards = cut(WHOLE, [index % 3 for index in range(len(TESTS))], 3)
    shuffled = []
    for seed, (name, one) in enumerate(shards):
        tests = list((one.tests or {}).items())
        random.Random(seed).shuffle(tests)
        shuffled.append((name, replace(one, tests=dict(tests))))
    merged = merge(shuffled)
    assert same(merged, merge(shuffled[::-1]))
    assert sorted(json.dumps(one.to_json()) for one in merged.results) == sorted(
        json.dumps(one.to_json()) for one in WHOLE.results
    )


# ---- refused ----


def refusal(*documents: tuple[str, Document], partial: bool = False) -> str:
    with pytest.raises(InputError) as raised:
        merge(documents, partial=partial)
    assert "\n" not in str(raised.value)
    return str(raised.value)


def two(**changes: Any) -> tuple[tuple[str, Document], tuple[str, Document]]:
    """Two shards, the second of which differs."""
    (_, one), (_, other) = cut(WHOLE, [index % 2 for index in range(len(TESTS))], 2)
    return ("a.json", one), ("b.json", replace(other, **changes))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"commit": "b" * 40}, f"b.json was measured at commit {'b' * 40}, and a.json {'a' * 40}; merge"),
        ({"commit": f"{'a' * 40}-dirty"}, f"b.json was measured at commit {'a' * 40}-dirty, and a.json "),
        ({"commit": None}, f"b.json was measured at commit none, and a.json {'a' * 40}; merge"),
        ({"folder": "other/"}, "b.json was measured in the folder other/, and a.json none; merge"),
        ({"run": "78"}, "b.json belongs to the run of CI 78, and a.json 77; merge"),
        ({"run": None}, "b.json belongs to the run of CI none, and a.json 77; merge"),
        ({"error_rate": 0.01}, "b.json has the error rate 0.01, and a.json 0.05; run all shards alike"),
        ({"options": {**OPTIONS, "strict": True}}, "b.json has for --speedbump-strict yes, and a.json no; run"),
        ({"options": {**OPTIONS, "advisory": True}}, "b.json has for --speedbump-advisory yes, and a.json no; run"),
        ({"options": {**OPTIONS, "tolerance": 0.1}}, "b.json has for --speedbump-tolerance 0.1, and a.json 0.02; run"),
        ({"options": {**OPTIONS, "lockfile": "12"}}, "b.json has for the lockfile that it was compared with 12, and"),
        ({"options": {**OPTIONS, "targets": INI}}, "b.json has for --speedbump-target pkg.f (ini), and a.json none"),
        ({"environment": {**WHOLE.environment, "python": "2.7"}}, "b.json has in its environment for python 2.7, and"),
        ({"family": {"verdicts": 13, "digest": "f" * 16}}, "b.json asks other questions of the same tests than"),
        ({"family": None}, "b.json does not say of which tests it is a part; name"),
        ({"tests": None, "options": None}, "b.json does not say of which tests it is a part; name"),
        ({"program": {"program": {}}}, "b.json is the document of a program, which has no shards; name"),
        ({"results": ()}, "b.json is broken: its results are not those of the tests that"),
        ({"program": {"program": {}}, "results": ()}, "b.json is the document of a program, which has no shards; name"),
        ({"options": {**OPTIONS, "listed": True}}, "b.json is a listing, in which nothing was measured; run without"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)  # fmt: skip
def test_a_mixed_shard(changes: dict[str, Any], sentence: str) -> None:
    merge(two())
    assert refusal(*two(**changes)).startswith(sentence)


def test_a_shard_that_collected_a_part() -> None:
    one, (name, other) = two(family={"verdicts": 3, "digest": "f" * 16})
    left = dict(list((other.tests or {}).items())[2:])
    part = replace(other, tests=left, results=tuple(result for result in other.results if result.test in left))
    assert refusal(one, (name, part)) == refusal((name, part), one)
    assert refusal(one, (name, part)) == (
        f"b.json knows nothing of {TESTS[0]}, {TESTS[1]}, which a.json does; let every shard collect the whole suite, "
        "without paths, and run a part of it, as with --splits of pytest-split"
    )


def test_a_double_shard() -> None:
    one, other = two()
    assert refusal(one, other, one) == "a.json is given twice; name each shard's document once"
    copied = refusal(one, other, ("c.json", one[1]))
    assert copied.startswith(f"c.json holds {TESTS[0]}, and so does a.json; name each shard's document once, and ")
    # Two shards that share no more than one test, be it one that measured nothing.
    for test in ("t.py::skipped", TESTS[3]):
        overlap = shard(WHOLE, [*(test for test, fate in (other[1].tests or {}).items() if fate != "not run"), test])
        if test in (name for name, fate in (one[1].tests or {}).items() if fate != "not run"):
            assert f"holds {test}, and so does" in refusal(one, ("b.json", overlap))


def test_a_missing_shard() -> None:
    shards = cut(WHOLE, [index % 8 for index in range(len(TESTS))], 8)
    for missing in range(8):
        given = shards[:missing] + shards[missing + 1 :]
        lost = [test for test in TESTS[missing::8] if test != "t.py::slow"]
        said = refusal(*given)
        assert said.startswith(f"a shard is missing, or was stopped: {lost[0]}")
        assert said.endswith(" ran in none of the 7 documents; name all of them, or add --partial if every shard leaves these tests out")  # fmt: skip  # noqa: E501
        merged = merge(given, partial=True)
        assert [(merged.tests or {})[test] for test in lost] == ["not run"] * len(lost)
        assert len(merged.results) == len([one for one in WHOLE.results if one.test not in lost])
    assert refusal(shards[0]).startswith("shards are missing: ")


def test_deselected_everywhere_is_left_out_of_the_whole_only_where_tests_were_shared_out_besides() -> None:
    """Where -k makes the shards, the one that asks for the test may be missing."""
    merge(two())
    by_k = [(name, replace(one, options={**OPTIONS, "shared": False})) for name, one in two()]
    assert "t.py::slow ran in none of the 2 documents" in refusal(*by_k)
    merged = merge(by_k, partial=True)
    assert (merged.tests or {})["t.py::slow"] == "deselected"


# ---- the whole ----

CALLED = a_result("t.py::calls", "pkg.f", by="command line", limit=None)
NOT_CALLED = a_result("t.py::does_not", "pkg.f", verdict="void", drop=None, by="command line")
SCANNED = replace(SCAN, test="t.py::scanned")
UNSCANNED = replace(SCAN, test="t.py::unscanned", functions=(), reason=Remark("unmatched", target="engine.*", hint=""))
UNCALLED = f"no benchmark of this run calls its targets: {NOT_CALLED.reason}"
NOTHING = f"no benchmark of this run could be scanned: t.py::unscanned: {UNSCANNED.reason}"
SCAN_GIVEN = {"names": ["engine.*"], "by": "command line", "typed": True}


@pytest.mark.parametrize(
    ("document", "option", "said"),
    [
        (whole(CALLED, NOT_CALLED), {"targets": GIVEN}, []),
        (whole(NOT_CALLED), {"targets": GIVEN}, [UNCALLED]),
        (whole(NOT_CALLED), {"targets": GIVEN, "advisory": True}, []),
        (whole(others={"t.py::a": "skipped"}), {"targets": GIVEN}, ["no benchmark was measured under pkg.f"]),
        (whole(NOT_CALLED), {"targets": INI}, [UNCALLED]),
        (whole(NOT_CALLED), {"targets": INI, "narrowed": True}, []),
        (whole(scans=(SCANNED, UNSCANNED)), {"scan": SCAN_GIVEN}, []),
        (whole(scans=(UNSCANNED,)), {"scan": SCAN_GIVEN}, [NOTHING]),
    ],
)  # fmt: skip
def test_targets_must_be_called_somewhere(document: Document, option: dict[str, Any], said: list[str]) -> None:
    """Whatever the single shards say of that, which may hold no benchmark that calls them."""
    document = replace(document, options={**OPTIONS, **option})
    tests = list(document.tests or ())
    shards = [(test, shard(document, [test])) for test in tests]
    shards = [(name, replace(one, failures=("no benchmark was measured under pkg.f",) * (not one.results))) for name, one in shards]  # fmt: skip  # noqa: E501
    if not document.scans:
        assert list(merge(shards).failures) == said
    else:
        assert [one for one in merge(shards).failures if "scanned" in one] == said


def test_entries_of_the_lockfile_that_are_gone_are_gone_from_the_whole() -> None:
    shards = [(name, replace(one, failures=("x: its test is gone (renamed or removed?)", f"{name}: dropped"))) for name, one in two()]  # fmt: skip  # noqa: E501
    assert merge(shards).failures == ("a.json: dropped", "b.json: dropped", "x: its test is gone (renamed or removed?)")


# ---- evidence ----

FAILS_AT = log(20 / 0.05)  # a family of 20


def declared(verdict: Verdict, evidence: Evidence, *, kind: str = "insensitive", cause: Any = "time") -> Result:
    outcome: Outcome = "warned" if verdict == "inconclusive" else "passed" if verdict == kind else "failed"
    one = a_result("t.py::it", "pkg.f", verdict=verdict, outcome=outcome, limit=0.02, kind=kind)
    reason = Remark.told(cause, "why") if verdict == "inconclusive" else Remark()
    return replace(one, evidence=evidence, reason=reason)


def attempts(*results: Result, **options: Any) -> Result:
    family = {"verdicts": 20, "digest": "0" * 16}
    documents = [
        (f"{number}.json", replace(whole(one), attempt=number, family=family, options={**OPTIONS, **options}))
        for number, one in enumerate(results, start=1)
    ]
    (merged,) = merge(documents).results
    (again,) = merge(documents[::-1]).results
    assert merged.to_json() == again.to_json()
    return merged


def test_evidence_adds_up() -> None:
    total = Evidence(1.0, -3.0, 2.0, 0.5) + Evidence(3.0, 1.0, 4.0, 6.0)
    assert total == Evidence(4.0, -2.0, 5.0, 3.0)
    assert Evidence(1.0, 0, 9.0, 0) + Evidence(1.0, 0, 2.0, 0) == Evidence(2.0, 0, 9.0, 0)


OVER = FAILS_AT + 1


@pytest.mark.parametrize(
    ("first", "second", "verdict"),
    [
        # Proved once is not forgiven.
        (("sensitive", OVER, -5), ("insensitive", -3, 6), "sensitive"),
        # Asking often accuses nobody: what the first found counts against the second.
        (("inconclusive", -3, 2), ("sensitive", OVER, -2), "inconclusive"),
        (("inconclusive", 4, -2), ("inconclusive", 4, -2), "sensitive"),
        (("inconclusive", -2, 3), ("inconclusive", -2, 3), "insensitive"),
        (("inconclusive", 1, -3), ("insensitive", -2, 5), "inconclusive"),
        (("inconclusive", 1, 1), ("insensitive", -2, 5), "insensitive"),
        (("inconclusive", 1, 1), ("inconclusive", 1, 1), "inconclusive"),
    ],
)
@pytest.mark.parametrize("kind", ["insensitive", "sensitive"])
def test_several_attempts_are_one_bet(
    first: tuple[Verdict, float, float], second: tuple[Verdict, float, float], verdict: Verdict, kind: str
) -> None:
    turned: dict[str, Verdict] = {"insensitive": "sensitive", "sensitive": "insensitive"}

    def make(told: tuple[Verdict, float, float]) -> Result:
        name, over, under = told
        if kind == "sensitive":
            name, over, under = turned.get(name, name), under, over
        return declared(name, Evidence(over, under, max(over, 0), max(under, 0)), kind=kind)

    wanted = verdict if kind == "insensitive" else turned.get(verdict, verdict)
    merged = attempts(make(first), make(second))
    assert merged.verdict == wanted
    assert merged.outcome == {"insensitive": "passed", "sensitive": "failed"}.get(verdict, "warned")
    assert merged.evidence == make(first).evidence + make(second).evidence  # type: ignore[operator]
    assert "the evidence of an earlier attempt at this test counts as well" in merged.warnings


def test_only_time_is_made_up_for_by_more_evidence() -> None:
    weak = Evidence(-1.0, 4.0, 0.0, 4.0)
    assert attempts(declared("inconclusive", weak), declared("inconclusive", weak, cause="busy")).verdict == "inconclusive"  # fmt: skip  # noqa: E501


def test_an_attempt_without_evidence_counts_for_nothing() -> None:
    proved = declared("sensitive", Evidence(OVER, -5.0, OVER, 0.0))
    void = replace(declared("inconclusive", Evidence(0, 0, 0, 0)), verdict="void", outcome="failed", evidence=None)
    assert attempts(proved, void).verdict == "void"
    assert attempts(void, proved).verdict == "sensitive"
    quiet = declared("insensitive", Evidence(-3.0, 6.0, 0.0, 6.0))
    assert attempts(proved, void, quiet).verdict == "sensitive"


def test_what_fails_is_what_the_options_say() -> None:
    weak = declared("inconclusive", Evidence(1, 1, 1, 1))
    strict = declared("sensitive", Evidence(-5, 0, 0, 0))
    assert attempts(weak, strict).outcome == "warned"
    assert attempts(weak, strict, strict=True).outcome == "failed"
    proved = declared("inconclusive", Evidence(OVER, -5, OVER, 0))
    assert attempts(weak, proved).outcome == "failed"
    assert attempts(weak, proved, advisory=True).outcome == "warned"
    grown = replace(strict, lock=Change("grown", "it costs more"))
    assert (attempts(weak, grown).verdict, attempts(weak, grown).outcome) == ("inconclusive", "failed")


def test_attempts_of_which_nobody_knows_the_order_are_doubles() -> None:
    one = whole(*TOLD)
    for attempt in (None, 1):
        said = refusal(("a.json", one), ("b.json", replace(one, attempt=attempt)))
        assert said.startswith(f"b.json holds {TESTS[0]}, and so does a.json")


def test_failures_of_an_earlier_attempt_go_with_it() -> None:
    first, second = two()
    broken = ("a-1.json", replace(first[1], failures=("x: its test is gone",)))
    mended = ("a-2.json", replace(first[1], attempt=2))
    assert merge([broken, second]).failures == ("x: its test is gone",)
    assert merge([broken, mended, second]).failures == ()


# ---- error rate ----

SHARDS, EACH, RUNS = 16, 2, 400


def failing_runs(alpha: float, seed: int) -> tuple[int, int]:
    """Of runs in which every program is exactly at its budget: in how many a shard fails, and in how many the whole.

    The most that a gambler ever has who is fair game, and takes all that chance allows, is over x with chance 1/x. No
    bet on such programs can do better (Ville), so each verdict here fails as often as it possibly may.
    """
    rng = random.Random(seed)
    shards_fail = whole_fails = 0
    for _ in range(RUNS):
        results = []
        for index in range(SHARDS * EACH):
            at_most = rng.expovariate()
            verdict: Verdict = "sensitive" if at_most >= -log(alpha) else "inconclusive"
            results.append(replace(declared(verdict, Evidence(at_most, 0, at_most, 0)), test=f"t.py::test_{index}"))
        merged = merge(cut(whole(*results), [index % SHARDS for index in range(len(results))], SHARDS))
        shards_fail += any(one.outcome == "failed" for one in results)
        whole_fails += any(one.outcome == "failed" for one in merged.results)
    return shards_fail, whole_fails


def test_the_whole_fails_no_more_often_than_declared() -> None:
    """Where each shard takes the whole error rate for itself, most runs fail; what their evidence proves does not."""
    naive, merged = failing_runs(0.05 / EACH, seed=7)
    assert 0.5 * RUNS < naive < 0.6 * RUNS, "16 x 5 % come to 55 %"
    assert merged <= most(0.05, RUNS)
    shared, merged = failing_runs(0.05 / (SHARDS * EACH), seed=8)
    assert shared == merged <= most(0.05, RUNS)


# ---- how much ----


def test_what_a_document_says_of_its_part_is_small() -> None:
    named = {
        f"benchmarks/test_module_{n % 40}.py::TestClass::test_case_{n}[{n}-parameter]": "not run" for n in range(1500)
    }
    document = whole(others=named)  # type: ignore[arg-type]
    assert len(json.dumps(document.to_json(), indent=1)) < 150_000


def test_hostile_names_come_through() -> None:
    document = whole(*(a_result(name, name) for name in HOSTILE))
    merged = merge(cut(document, [index % 2 for index in range(len(HOSTILE))], 2))
    assert same(merged, document)

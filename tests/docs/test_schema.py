"""What the plugin writes is what its JSON Schemas say: real documents, and nothing in them that is not described."""

import json
from collections.abc import Iterator
from typing import Any, get_args

from documents import errors, validator
from suite import Suite

from pytest_speedbump.documents.document import Document, environment
from pytest_speedbump.ranking import Ranked, Ranking
from pytest_speedbump.remarks import Kind, Remark
from pytest_speedbump.result import Estimate
from pytest_speedbump.targets import Targets

TESTS = """
    import time

    @pytest.mark.speedbump_insensitive("work.leaf", delay="500us", budget="10%")
    def test_broken(benchmark):
        benchmark(work.call)

    @pytest.mark.speedbump_sensitive("work.leaf", "!work.other", delay="500us", at_least="10%", mode="sleep")
    def test_shown(benchmark):
        benchmark(work.call)

    @pytest.mark.speedbump("work.leaf", delay="0ns,500us,100%", mode="nogil")
    def test_sweep(speedbump):
        speedbump(work.call)

    @pytest.mark.speedbump_insensitive("work.laef", budget="2%")
    def test_void(benchmark):
        benchmark(work.call)

    @pytest.mark.speedbump_insensitive("work.leaf", delay="10us", budget="2%")
    def test_hopeless(benchmark):
        benchmark.pedantic(lambda: (time.sleep(0.4), work.leaf()), rounds=1)
"""


# What is declared is plain, and ends soon where the machine is quiet; a plain measurement needs no precision here.
DECLARED = ("-k", "not test_sweep", "--speedbump-max-time=5s")
WITH_SWEEP = ("-k", "test_shown or test_sweep or test_hopeless", "--speedbump-max-time=500ms")


def test_documents_of_a_run(suite: Suite) -> None:
    run = suite.run(TESTS, *DECLARED, "--speedbump-save", "--benchmark-json=benchmark.json")
    assert [result["verdict"] for result in run.results] == ["sensitive", "sensitive", "void", "inconclusive"]
    assert errors("result-1", run.document) == []

    rows = suite.read_json("benchmark.json")["benchmarks"]
    assert [result for row in rows for result in row["extra_info"]["speedbump"]] == run.results

    run = suite.run(TESTS, *WITH_SWEEP, "--speedbump-save", "--speedbump-compare")
    shown, *sweep, hopeless = run.results
    assert [result["verdict"] for result in sweep] == ["measured"] * 3
    assert shown["lock"]["kind"] in ("kept", "inconclusive"), "noise may hide that it has not grown"
    assert [result["lock"]["kind"] for result in (*sweep, hopeless)] == ["new"] * 4
    assert errors("result-1", run.document) == []

    lock = suite.read_json(".speedbump.json")
    assert [one.get("share") for one in lock["entries"]].count(1.0) == 1
    assert len(lock["entries"]) == 4
    assert errors("lock-1", lock) == []


def test_each_cause_is_listed() -> None:
    doubts = {"more_work", "short_rounds", "traced", "below_floor", "tail", "halves", "probe", "earlier", "cut_short"}
    doubts |= {"strayed", "chain", "armed_only"}
    of_scans = {"short_of_time", "unmatched", "not_scanned", "interrupted", "only_scanned"}
    listed = validator("result-1").schema["$defs"]["result"]["properties"]["cause"]["enum"]
    assert sorted(listed) == sorted(set(get_args(Kind)) - doubts - of_scans)


def test_listing(suite: Suite) -> None:
    run = suite.run(TESTS, "--speedbump-list")
    assert {result["verdict"] for result in run.results} == {"listed"}
    assert errors("result-1", run.document) == []


RANKED = Ranked(
    name="work.leaf", file="work.py", line=3, calls=2.0, share=0.21, transmission=Estimate(1.0, 0.9, 1.1),
    slack_ns=Estimate(5.0, 5.0, None), gain=Estimate(0.21, 0.19, 0.23), gain_per_us=0.4, verdict="critical",
    confirmed=True, rank=1, pairs=60,
)  # fmt: skip
UNKNOWN = Ranked(
    name="work.other", file="work.py", line=9, calls=1.0, share=None, transmission=None, slack_ns=None, gain=None,
    gain_per_us=None, verdict="unresolved", confirmed=False, rank=2, pairs=0,
)  # fmt: skip
RANKING = Ranking(
    test="test_it.py::test_it", targets=Targets(("work.*",), (), ()), mode="spin", round_ns=300e3, seconds=2.1,
    pairs=4100, iterations=20, functions=(RANKED, UNKNOWN), joint_slack_ns=Estimate(0.0, 0.0, 900.0), additive=True,
    reason=Remark("time", spent_ns=60e9, instead=""), warnings=("a doubt",),
)  # fmt: skip
EMPTY = Ranking(test="test_it.py::test_that", targets=RANKING.targets, mode="sleep", reason=Remark("no_time"))

# The promise: what a program that was written against it relies on.
PROMISED = """
{"scans": [{"test": "bench/test_x.py::test_y", "targets": ["graphql.*"], "round_ns": 300000.0, "seconds": 2.1,
  "pairs": 4100, "joint_slack_ns": {"estimate": 0.0, "low": 0.0, "high": 900.0}, "additive": true,
  "functions": [{"name": "graphql.language.lexer.Lexer.read_next_token", "file": "...", "line": 10, "calls": 120.0,
    "share": 0.21, "transmission": {"estimate": 1.0, "low": 0.93, "high": 1.07}, "slack_ns": null,
    "gain": {"estimate": 0.21, "low": 0.19, "high": 0.22}, "gain_per_us": 0.4, "verdict": "critical",
    "confirmed": true}]}]}
"""


def scan_document() -> Any:
    family = {"verdicts": 0, "digest": "0" * 16}
    return json.loads(
        json.dumps(
            Document(
                environment=environment("tsc"), seed=1, error_rate=0.05, family=family, scans=(RANKING, EMPTY)
            ).to_json()
        )
    )


def test_scans() -> None:
    written = scan_document()
    assert errors("result-1", written) == []
    assert list(map(Ranking.from_json, written["scans"])) == [RANKING, EMPTY]
    promised = json.loads(PROMISED)
    assert errors("result-1", written | promised) == []
    (promise,), (scan, _) = promised["scans"], written["scans"]
    assert promise.keys() <= scan.keys()
    assert promise["functions"][0].keys() <= scan["functions"][0].keys()
    without = Document(environment=environment("tsc"), seed=1, error_rate=0.05).to_json()
    assert without["scans"] == []
    assert errors("result-1", without) == []


def test_each_value_of_a_scan_is_described() -> None:
    check_each_value(scan_document())


def leaves(written: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every number and string."""
    if isinstance(written, dict | list):
        for key, value in written.items() if isinstance(written, dict) else enumerate(written):
            yield from leaves(value, (*path, key))
    elif written is not None:
        yield path


def test_each_value_of_a_result_is_described(suite: Suite) -> None:
    run = suite.run(TESTS, *DECLARED, "-k", "test_broken")
    check_each_value(run.document)


def check_each_value(written: Any) -> None:
    """The schema refuses the document with any one of its values spoilt."""
    schema = validator("result-1")
    for path in leaves(written):
        *parents, last = path
        owner = written
        for key in parents:
            owner = owner[key]
        right, owner[last] = owner[last], []
        assert not schema.is_valid(written), path
        owner[last] = right

"""Targets that are no Python functions are targets like any other, through every door of the plugin."""

from documents import errors
from suite import Suite

C = """
    import zlib

    DATA = bytes(1000)

    def pack():
        for _ in range(3):
            zlib.crc32(DATA)
        work.call()

    @pytest.mark.speedbump_sensitive("c:zlib.crc32", delay="300us", at_least="10%")
    @pytest.mark.speedbump_insensitive("work.leaf", "c:zlib.crc*", delay="500us", budget="5%", mode="nogil")
    @pytest.mark.speedbump_insensitive("c:zlib.crc32", "c:zlib.adler32", delay="500us", budget="5%")
    def test_it(benchmark):
        benchmark(pack)

    def test_python_only(speedbump):
        speedbump(work.other)
"""


def test_c_callables_have_verdicts_and_counts(suite: Suite) -> None:
    """Under targets of the whole run, of a marker, and beside Python functions; a lockfile compares them."""
    options = ("--speedbump-target=c:zlib.crc32", "--speedbump-save", "--speedbump-compare")
    suite.write(".speedbump.json", '{"schema": "pytest-speedbump-lock/1", "entries": []}')
    run = suite.run(C, *options)
    assert (run.code, run.counts) == (1, {"failed": 1, "passed": 1})
    assert errors("result-1", run.document) == []
    found = [(result["verdict"], result["outcome"], result["calls"]) for result in run.results]
    assert found == [
        ("void", "failed", 3),
        ("sensitive", "failed", 4),
        ("sensitive", "passed", 3),
        ("measured", "passed", 3),
        ("void", "passed", 0),  # a target of the whole run need not concern it
    ]
    void, both, shown, measured, _ = run.results
    assert void["reason"].startswith("c:zlib.adler32 never ran in the measured rounds; c:zlib.adler32 can be slowed")
    assert (void["uncalled"]["target"], void["uncalled"]["cause"]) == ("c:zlib.adler32", "direct")
    crc = {"name": "c:zlib.crc32", "file": None, "line": None, "kind": "c", "calls": 3}
    assert [{name: code[name] for name in crc} for code in shown["matched"]] == [crc]
    assert {code["name"]: (code["calls"], code["kind"]) for code in both["matched"]} == {
        "work.leaf": (1, "start"), "c:zlib.crc32": (3, "c")
    }  # fmt: skip
    for result in (shown, both, measured):
        assert abs(result["delivered_ns"] / result["requested_ns"] - 1) < 0.05
        assert result["transmission"]["low"] < 1.1
        assert result["transmission"]["high"] > 0.9
    assert len(suite.read_json(".speedbump.json")["entries"]) == 3


LISTING = """
    import gc
    import zlib

    def pack():
        zlib.crc32(b"a")
        zlib.crc32(b"b")

    @pytest.mark.speedbump("c:zlib.*")
    def test_zlib(benchmark):
        benchmark(pack)

    @pytest.mark.speedbump("c:gc.*", "c:time.*", "c:sys.*")
    def test_runner(benchmark):
        benchmark(pack)

    @pytest.mark.speedbump("c:gc.*", "c:time.*", "c:sys.*")
    def test_fixture(speedbump):
        speedbump(pack)

    def test_everything(benchmark):
        benchmark(pack)

    @pytest.mark.skipif("True", reason="it is not installed")
    @pytest.mark.speedbump("c:what_is_not_installed.f")
    def test_skipped(benchmark):
        benchmark(pack)
"""


def test_a_listing_of_c_callables_shows_all_that_there_is(suite: Suite) -> None:
    run = suite.run(LISTING, "--speedbump-list", "--speedbump-target=c:*")
    assert errors("result-1", run.document) == []
    assert run.counts == {"passed": 4, "skipped": 1}
    zlib, everything, runner, _, fixture, _, alone = run.results
    calls = {code["name"]: code["calls"] for code in zlib["matched"]}
    assert calls["c:zlib.crc32"] == 2
    assert calls["c:zlib.adler32"] == 0, "it could be slowed"
    for result in (everything, alone):
        called = [code["name"] for code in result["matched"] if code["calls"]]
        assert called == ["c:zlib.crc32"], "what runs the rounds is never slowed"
        assert len(result["matched"]) > 100
    for result in (runner, fixture):
        assert [code["name"] for code in result["matched"] if code["calls"]] == []
        assert "c:gc.collect" in [code["name"] for code in result["matched"]]
    run.pytest.stdout.re_match_lines([
        r"test_it\.py::test_zlib  c:zlib\.\*",
        r" +2  c:zlib\.crc32$",
        r" +0  c:zlib\.adler32$",
        r" +and \d+ more that are not called: -v shows them, --speedbump-json has them",
    ])  # fmt: skip


ONE = """
    def test_it(benchmark):
        benchmark(work.call)
"""
MARKED = """
    @pytest.mark.speedbump("work.leaf", "c:builtins.isinstance")
    def test_it(benchmark):
        benchmark(work.call)
"""


def test_what_cannot_be_slowed_is_refused_before_any_test_runs(suite: Suite) -> None:
    refused = suite.refuse(ONE, "--speedbump-target=c:zlib.crc23")
    assert refused == (
        "target 'c:zlib.crc23': zlib.crc23 does not exist: 'zlib' has no 'crc23'; did you mean 'zlib.crc32'?"
    )
    refused = suite.refuse(ONE, "--speedbump-scan=c:time.perf_counter_ns")
    assert refused.startswith("target 'c:time.perf_counter_ns': time.perf_counter_ns is the clock that rounds are")
    refused = suite.refuse(MARKED)
    assert refused.startswith("test_it.py::test_it: target 'c:builtins.isinstance': builtins.isinstance would be coun")
    refused = suite.refuse(ONE, "--speedbump-target=native:libz*:crc32", "--speedbump-mode=nogil")
    assert refused.startswith("mode 'nogil' gives the GIL up, and a native symbol's caller may not hold the GIL")


PARTS = """
    import asyncio

    async def inner():
        for _ in range(5):
            await asyncio.sleep(0)

    async def middle():
        await inner()

    async def outer():
        await middle()

    def drive():
        asyncio.run(outer())
        return work.call()

    @pytest.mark.speedbump_sensitive("resume:test_it.inner", delay="300us", at_least="10%")
    @pytest.mark.speedbump_sensitive("work:8", "!work.py:9-11", delay="1us", at_least="10%")
    @pytest.mark.speedbump_insensitive("work.py:10", "work:3", delay="300us", budget="5%")
    @pytest.mark.speedbump("resume:test_it.[imo]*", "work:10-11", "test_it.outer", delay="0ns")
    def test_it(benchmark):
        benchmark(drive)
"""


def test_lines_and_resumes_have_verdicts_and_counts(suite: Suite) -> None:
    """A line of a loop is reached once more than the loop goes round."""
    run = suite.run(PARTS)
    assert errors("result-1", run.document) == []
    assert (run.code, run.counts) == (1, {"failed": 1})
    found = [(result["verdict"], result["calls"]) for result in run.results]
    assert found == [("measured", 18), ("void", 1), ("sensitive", 2001), ("sensitive", 5)]
    mixed, void, line, resume = run.results
    assert void["reason"] == (
        "work:3 never ran in the measured rounds; no function has code there; "
        "the nearest lines that hold some are work:2, work:5"
    )
    assert [(code["name"], code["kind"], code["line"]) for code in line["matched"]] == [("work:8", "line", 8)]
    assert [(code["name"], code["kind"], code["line"]) for code in resume["matched"]] == [
        ("resume:test_it.inner", "resume", 6)
    ]
    assert {code["name"]: code["calls"] for code in mixed["matched"]} == {
        "resume:test_it.inner": 5, "resume:test_it.middle": 5, "resume:test_it.outer": 5, "test_it.outer": 1,
        "work:10": 1, "work:11": 1,
    }  # fmt: skip
    for result in (line, resume):
        assert abs(result["delivered_ns"] / result["requested_ns"] - 1) < 0.05

    run = suite.run(PARTS, "--speedbump-list")
    assert errors("result-1", run.document) == []
    chain = (
        "resume: up to 3 generators or coroutines of one chain are resumed by each suspension: "
        "15 resumes for 5 suspensions in one run"
    )
    assert [result["warnings"] for result in run.results] == [[chain], [], [], []]
    run.pytest.stdout.re_match_lines([
        r" +5  resume:test_it\.outer  \S+test_it\.py:1[0-9]$",
        r" +1  work:11  \S+work\.py:11  return leaf\(x\)$",
        f"  {chain}",
        r"test_it\.py::test_it  work\.py:10, work:3",
        r"  work:3 never ran; no function has code there; .*",
        r" +1  work:10  \S+work\.py:10  other\(\)$",
    ])  # fmt: skip


NATIVE = """
    import math

    @pytest.mark.speedbump_sensitive("native:libm.so*:sin", delay="300us", at_least="10%")
    @pytest.mark.speedbump("native:*/libm.so*:sin*", "native:libm.so*:cosh", delay="0ns")
    def test_it(benchmark):
        benchmark(lambda: (math.sin(1.0), work.call()))
"""


def test_native_symbols_have_verdicts_and_counts(suite: Suite) -> None:
    run = suite.run(NATIVE)
    assert errors("result-1", run.document) == []
    void, shown = run.results
    assert (void["verdict"], void["uncalled"]["target"]) == ("void", "native:libm.so*:cosh")
    assert void["uncalled"]["cause"] == "elsewhere"
    assert (shown["verdict"], shown["calls"]) == ("sensitive", 1)
    (sine,) = shown["matched"]
    assert (sine["kind"], sine["file"], sine["line"]) == ("native", None, None)
    assert sine["name"].startswith("native:libm.so")
    assert sine["name"].endswith(":sin")

    run = suite.run(NATIVE, "--speedbump-list")
    calls = {code["name"].rpartition(":")[2]: code["calls"] for code in run.results[0]["matched"]}
    assert calls["sin"] == 1
    assert calls["sinh"] == calls["cosh"] == 0, "they could be slowed"

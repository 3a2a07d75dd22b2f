"""``--speedbump-max-time`` holds for all that a bump does, the pilot included, whoever stops time."""

from suite import Suite

TESTS = """
def test_long(benchmark):
    benchmark(work.leaf)

@pytest.mark.speedbump_insensitive("work.leaf", delay="1s", budget="2%")
def test_declared(benchmark):
    benchmark.pedantic(work.leaf, iterations=10, rounds=5)
"""


def test_what_cannot_fit_is_not_begun(suite: Suite) -> None:
    """Rounds of 0.04 us hold a hundred calls and more: the pilot alone would have taken half an hour."""
    run = suite.run(TESTS, "--speedbump-target=work.leaf", "--speedbump-delay=1s", "--speedbump-max-time=500ms")
    assert run.code == 0
    assert [(result["verdict"], result["cause"], result["pairs"]) for result in run.results] == [
        ("measured", "too_long", 0),
        ("inconclusive", "hopeless", 0),
        ("measured", "too_long", 0),
    ]
    assert all("and the limit is 500ms; give it --speedbump-max-time " in one["reason"] for one in run.results)
    assert all(one["drop"] is one["transmission"] is None for one in run.results)
    assert all(one["requested_ns"] is None for one in run.results), "not one delay was spent"


FROZEN = """
@pytest.fixture(autouse=True)
def frozen(monkeypatch):
    monkeypatch.setattr("time.perf_counter_ns", lambda: 0)  # as freezegun does

@pytest.mark.speedbump("work.leaf")
def test_ours(speedbump):
    speedbump(work.call)

@pytest.mark.speedbump("work.leaf")
def test_pedantic(benchmark):
    benchmark.pedantic(work.call, rounds=5)
"""


def test_where_time_stands_still_nothing_can_be_measured(suite: Suite) -> None:
    """No round was ever long enough, and no block at its end."""
    run = suite.run(FROZEN)
    assert (run.code, run.counts, run.results) == (1, {"failed": 2}, [])
    assert run.out.count("speedbump: time stands still: something, such as freezegun, has replaced time.perf_cou") == 2

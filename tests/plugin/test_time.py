"""``--speedbump-max-time`` holds for all that a bump does, the pilot included."""

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

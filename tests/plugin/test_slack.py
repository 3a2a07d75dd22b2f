"""Slack: declared by a marker."""

from suite import Suite

# A device takes 1.5 ms, by the clock; what is called meanwhile is free until it is done.
DEVICE = """
import time

def begin():
    return time.perf_counter_ns() + 1_500_000

def wait(done_at):
    while time.perf_counter_ns() < done_at:
        pass

def schedule():
    pass

def log():
    pass

def decode(calls=1):
    done_at = begin()
    for _ in range(calls):
        schedule()
    log()
    wait(done_at)
"""


def test_declared_slack(suite: Suite) -> None:
    """Neither the delay nor the calls of the command line concern it, and its mode does."""
    suite.write("device.py", DEVICE)
    run = suite.run(
        """
        import device

        @pytest.mark.speedbump_slack("device.schedule", at_least="700us")
        def test_there(benchmark):
            benchmark(device.decode)

        @pytest.mark.speedbump_slack("device.schedule", "device.log", at_least="400us", mode="spin")
        def test_two_targets(speedbump):
            speedbump(device.decode)

        @pytest.mark.speedbump_slack("device.schedule", at_least="1ms")
        def test_used_up(benchmark):
            benchmark.pedantic(device.decode, args=(3,), rounds=3, iterations=2)
        """,
        "--speedbump-delay=1s",
        "--speedbump-every=1000",
        "--speedbump-mode=nogil",
        "--speedbump-max-time=4s",
    )
    there, two, used_up = run.results
    assert [one["declared"] for one in run.results] == [{"kind": "slack", "limit": 0.05, "by": "marker"}] * 3
    assert [(one["delay_ns"], one["every"], one["mode"]) for one in run.results] == [
        (700e3, 1, "nogil"),
        (400e3, 1, "nogil"),
        (1e6, 1, "nogil"),
    ]
    # On a machine that is busy enough the first two may stay open.
    assert there["verdict"] in ("insensitive", "inconclusive")
    assert two["verdict"] in ("insensitive", "inconclusive")
    assert two["notes"] == ["mode spin of the marker overridden by the command line"]
    assert (used_up["verdict"], used_up["outcome"]) == ("sensitive", "failed")
    assert "speedbump: a call of device.schedule may not take 1ms nogil more: " in run.out


def test_it_takes_targets_of_the_command_line_and_can_be_listed(suite: Suite) -> None:
    suite.write("device.py", DEVICE)
    run = suite.run(
        """
        import device

        @pytest.mark.speedbump_slack(at_least="700us")
        def test_it(benchmark):
            benchmark(device.decode)
        """,
        "--speedbump-target=device.schedule",
        "--speedbump-list",
    )
    assert (run.result["verdict"], run.result["calls"], run.result["targets_by"]) == ("listed", 1, "command line")

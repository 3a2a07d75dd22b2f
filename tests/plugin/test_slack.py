"""Slack: declared by a marker, found for each target, and kept in the lockfile."""

from typing import Any

from documents import errors
from locked import NAME
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
        "--speedbump-max-time=10s",
        "--speedbump-save",
    )
    assert (errors("result-1", run.document), errors("lock-1", suite.read_json(NAME))) == ([], [])
    assert {one["declared"]["kind"] for one in suite.read_json(NAME)["entries"]} <= {"slack"}
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


def test_found_for_each_target(suite: Suite) -> None:
    """Of 1.5 ms; what is declared keeps its question."""
    suite.write("device.py", DEVICE)
    run = suite.run(
        """
        import device

        def test_plain(benchmark):
            benchmark(device.decode)

        @pytest.mark.speedbump("device.schedule", delay="7us", every=3)
        def test_marked(speedbump):
            result = speedbump(device.decode, 2)
            assert result.slack_ns is None or result.slack_ns > 100e3

        @pytest.mark.speedbump_insensitive("device.schedule", delay="1us", budget="50%")
        def test_declared(benchmark):
            benchmark(device.decode)

        @pytest.mark.speedbump("device.gone")
        def test_void(benchmark):
            benchmark(device.decode)
        """,
        "--speedbump-slack",
        "--speedbump-target=device.schedule",
        "--speedbump-max-time=1s",
    )
    by_test: dict[str, list[dict[str, Any]]] = {}
    for result in run.results:
        by_test.setdefault(result["test"].rpartition("test_")[2], []).append(result)
    asked = [result for result in run.results if result["declared"] is None and result["verdict"] != "void"]
    assert len(asked) == 5
    for result in asked:
        assert (result["verdict"], result["delay_ns"], result["share"], result["drop"]) == (
            "measured",
            None,
            None,
            None,
        )
        # A machine may be so busy that nobody can tell.
        assert result["slack_ns"] or result["cause"]
        delays = [dose["delay_ns"] for dose in result["doses"]]
        assert delays == sorted(delays)
    known = [result for result in asked if result["slack_ns"] and result["slack_ns"]["high"]]
    for result in known:
        slack = result["slack_ns"]
        assert slack["low"] <= slack["estimate"] <= slack["high"]
        assert slack["low"] < 1500e3 / result["calls"]
        assert "slack " in run.out
    assert by_test["marked"][0]["notes"] == [
        "delay 7us of the marker gives way to --speedbump-slack",
        "every 3 of the marker gives way to --speedbump-slack",
    ]
    assert (by_test["void"][0]["verdict"], by_test["void"][0]["outcome"]) == ("void", "failed")
    assert by_test["declared"][0]["declared"]["kind"] == "insensitive"


# The host works beside a device, so long that nearly all of the device's time is left, or nearly none.
HOST = """
import time

def spin(ns):
    done_at = time.perf_counter_ns() + ns
    while time.perf_counter_ns() < done_at:
        pass

def schedule():
    spin({host_ns})

def decode():
    done_at = time.perf_counter_ns() + 400_000
    schedule()
    while time.perf_counter_ns() < done_at:
        pass
"""

DECODE = """
import host

@pytest.mark.speedbump("host.schedule")
@pytest.mark.speedbump_insensitive("host.schedule", delay="20us", budget="5%")
def test_it(benchmark):
    benchmark(host.decode)
"""


def test_slack_shrinks_before_throughput_falls(suite: Suite) -> None:
    """The budget is kept as before, and the lockfile says that little is left of what may come."""
    suite.write("host.py", HOST.format(host_ns=50_000))
    options = ("--speedbump-slack", "--speedbump-max-time=8s")
    saved = suite.run(DECODE, *options, "--speedbump-save")
    assert (saved.code, [one["verdict"] for one in saved.results]) == (0, ["measured", "insensitive"])
    assert errors("lock-1", suite.read_json(NAME)) == []
    [entry] = [one for one in suite.read_json(NAME)["entries"] if "slack" in one]
    assert entry["delay_ns"] is None
    assert 250e3 < entry["slack"]["low"] <= entry["slack"]["estimate"] <= entry["slack"]["high"] < 450e3
    suite.write("host.py", HOST.format(host_ns=300_000))
    run = suite.run(DECODE, *options, "--speedbump-compare")
    slack, declared = run.results
    assert (slack["verdict"], slack["outcome"], slack["lock"]["kind"]) == ("measured", "failed", "shrunk")
    assert (declared["verdict"], declared["outcome"]) == ("insensitive", "passed")
    assert run.counts == {"failed": 1}
    assert "speedbump: host.schedule: shrunk since the lockfile was written: the program absorbs only " in run.out
    assert "shrunk FAILED" in run.out
    assert "If this is meant, accept it with --speedbump-save." in run.out


def test_a_sweep_tells_its_slack(suite: Suite) -> None:
    suite.write("host.py", HOST.format(host_ns=10_000))
    run = suite.run(
        """
        import host

        @pytest.mark.speedbump("host.schedule", delay="100us,300us,500us,700us")
        def test_it(benchmark):
            benchmark(host.decode)
        """,
        "--speedbump-max-time=2s",
    )
    assert "test_it.py::test_it [host.schedule]: slack " in run.out
    assert " a call, by 4 delays" in run.out


def test_in_another_process_in_passes_and_as_a_document(suite: Suite) -> None:
    """What crosses to the controller of pytest-xdist is still a question about slack, in the lockfile too."""
    suite.write("host.py", HOST.format(host_ns=50_000))
    tests = """
        import host

        def test_it(speedbump):
            speedbump(host.decode)
    """
    options = ("--speedbump-slack", "--speedbump-target=host.schedule", "--speedbump-max-time=8s")
    remote = suite.run(
        tests, *options, "-n1", "--speedbump-save", "--junit-xml=junit.xml", plugins=("benchmark", "speedbump", "xdist")
    )
    assert errors("result-1", remote.document) == []
    assert remote.result["slack_ns"]["estimate"] > 200e3
    assert [one["slack"]["estimate"] > 200e3 for one in suite.read_json(NAME)["entries"]] == [True]
    assert 'name="speedbump.0.slack_ns"' in (suite.path / "junit.xml").read_text()
    assert "test_it.py::test_it [host.schedule slack]" in remote.out
    again = suite.run(tests, *options, "--speedbump-compare", "--speedbump-passes=2")
    assert again.code == 0
    assert again.result["lock"]["kind"] in ("kept", "inconclusive")  # the same device, however busy the machine

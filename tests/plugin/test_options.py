"""Options: the command line, ini files of each form, and which of them wins."""

import re

import pytest
from suite import BRIEFLY, Suite

TEST = """
    def test_it(benchmark):
        benchmark(work.call)
"""
MARKED = """
    @pytest.mark.speedbump_insensitive("work.leaf", delay="200us", budget="20%", mode="nogil")
    def test_it(benchmark):
        benchmark(work.call)
"""


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            "pytest.ini",
            """
            [pytest]
            speedbump_target =
                work.*
                !work.call
            speedbump_delay = 150us
            speedbump_mode = nogil
            speedbump_budget = 10%
            speedbump_max_time = 5s
            speedbump_error_rate = 1%
            speedbump_advisory = true
            speedbump_seed = 7
            """,
        ),
        (
            "pyproject.toml",
            """
            [tool.pytest.ini_options]
            speedbump_target = ["work.*", "!work.call"]
            speedbump_delay = "150us"
            speedbump_mode = "nogil"
            speedbump_budget = "10%"
            speedbump_max_time = "5s"
            speedbump_error_rate = "1%"
            speedbump_advisory = true
            speedbump_seed = "7"
            """,
        ),
        pytest.param(
            "pyproject.toml",
            """
            [tool.pytest]
            speedbump_target = ["work.*", "!work.call"]
            speedbump_delay = "150us"
            speedbump_mode = "nogil"
            speedbump_budget = "10%"
            speedbump_max_time = "5s"
            speedbump_error_rate = "1%"
            speedbump_advisory = true
            speedbump_seed = "7"
            """,
            marks=pytest.mark.skipif(pytest.version_tuple < (9, 0), reason="[tool.pytest] came with pytest 9"),
        ),
    ],
    ids=["pytest.ini", "ini_options", "tool.pytest"],
)
def test_ini_files(suite: Suite, name: str, text: str) -> None:
    suite.write(name, text)
    run = suite.run(TEST)
    assert (run.document["seed"], run.document["error_rate"]) == (7, 0.01)
    result = run.result
    assert (result["targets"], result["delay_ns"], result["mode"]) == (["work.*", "!work.call"], 150e3, "nogil")
    assert result["declared"] == {"kind": "insensitive", "limit": 0.1, "by": "ini"}
    assert (result["verdict"], result["outcome"], run.code) == ("sensitive", "warned", 0)


def test_ini_keys_that_name_files_and_flags(suite: Suite) -> None:
    (suite.path / "hot.txt").write_text("work.leaf\n")
    suite.write(
        "pytest.ini",
        """
        [pytest]
        speedbump_target = @hot.txt
        speedbump_json = speedbump.json
        speedbump_list = true
        speedbump_strict = true
        """,
    )
    run = suite.run(TEST)
    assert (run.result["targets"], run.result["verdict"]) == (["@hot.txt"], "listed")


def test_a_marker_beats_an_ini_file(suite: Suite) -> None:
    suite.pytester.makeini("[pytest]\nspeedbump_delay = 150us\nspeedbump_mode = sleep\nspeedbump_budget = 30%")
    run = suite.run(MARKED)
    result = run.result
    assert (result["delay_ns"], result["mode"]) == (200e3, "nogil")
    assert result["declared"] == {"kind": "insensitive", "limit": 0.2, "by": "marker"}
    assert "overridden" not in run.out


def test_an_ini_file_fills_what_a_marker_leaves_out(suite: Suite) -> None:
    suite.pytester.makeini("[pytest]\nspeedbump_delay = 150us\nspeedbump_mode = sleep\nspeedbump_budget = 30%")
    run = suite.run("""
        @pytest.mark.speedbump_insensitive("work.leaf")
        def test_it(benchmark):
            benchmark(work.call)
    """)
    result = run.result
    assert (result["delay_ns"], result["mode"]) == (150e3, "sleep")
    assert result["declared"] == {"kind": "insensitive", "limit": 0.3, "by": "ini"}


def test_the_command_line_beats_a_marker_and_says_so(suite: Suite) -> None:
    suite.pytester.makeini(
        "[pytest]\nspeedbump_delay = 150us\nspeedbump_mode = sleep\nspeedbump_budget = 30%\nspeedbump_seed = 5"
    )
    run = suite.run(
        MARKED, "--speedbump-delay=100us", "--speedbump-mode=spin", "--speedbump-budget=10%", "--speedbump-seed=6"
    )
    result = run.result
    assert (result["delay_ns"], result["mode"], run.document["seed"]) == (100e3, "spin", 6)
    assert result["declared"] == {"kind": "insensitive", "limit": 0.1, "by": "command line"}
    for note in (
        "delay 200us of the marker overridden by the command line",
        "mode nogil of the marker overridden by the command line",
        "budget 20.0% of the marker overridden by the command line",
    ):
        assert f"note: {note}" in run.out
        assert note in result["notes"]


def test_every_so_many_calls(suite: Suite) -> None:
    """Of a target that is called often enough; of another nobody says that it does not matter."""
    run = suite.run(
        """
        def often():
            for _ in range(31):
                work.leaf()

        @pytest.mark.speedbump_insensitive("work.leaf", delay="200us", budget="10%", every=10)
        def test_often(speedbump):
            speedbump(often)

        @pytest.mark.speedbump_insensitive("work.leaf", delay="200us", budget="10%", every=3)
        def test_seldom(benchmark):
            benchmark.pedantic(work.leaf, iterations=1, rounds=3)
        """,
        "--speedbump-every=3",
        "--speedbump-max-time=10s",  # on a busy machine few of such long rounds can be judged
    )
    often, seldom = run.results
    assert (often["verdict"], often["every"]) == ("sensitive", 3)
    assert often["requested_ns"] == pytest.approx(often["calls"] / 3 * 200e3, rel=0.1)
    assert often["transmission"]["low"] <= 1 <= often["transmission"]["high"]
    assert often["notes"] == ["every 10 of the marker overridden by the command line"]
    assert "work.leaf slowed by 200us every 3rd call costs" in run.out
    assert re.search(r"10\.3333 of 31 calls x 200us = 2\.0\dms in each run of ", run.out)  # rounds begin in mid-rhythm
    assert "200us every 3rd call" in run.out
    assert (seldom["verdict"], seldom["outcome"], seldom["cause"]) == ("void", "failed", "seldom")
    assert seldom["reason"].startswith("every 3rd call is delayed, and in ")
    assert seldom["notes"] == []


def test_the_command_line_is_not_said_to_override_what_it_agrees_with(suite: Suite) -> None:
    run = suite.run(MARKED, "--speedbump-delay=0.2ms", "--speedbump-mode=nogil", "--speedbump-budget=0.2")
    assert run.result["notes"] == []
    assert "overridden" not in run.out


def test_targets_repeat_and_exclude(suite: Suite) -> None:
    (suite.path / "hot.txt").write_text("work.leaf\n")
    targets = ["work.*", "!work.*", "@hot.txt"]
    run = suite.run(TEST, *(f"--speedbump-target={target}" for target in targets), "--speedbump-list")
    assert run.result["targets"] == targets
    assert [code["name"] for code in run.result["matched"]] == ["work.leaf"]


@pytest.mark.parametrize("form", [("--speedbump-target=@hot.txt",), ("--speedbump-target", "@hot.txt")], ids=len)
def test_a_file_of_targets_is_ours_in_either_form(suite: Suite, form: tuple[str, ...]) -> None:
    """pytest itself takes a word that begins with @ for a file of arguments."""
    suite.write("hot.txt", "# two\nwork.leaf\nwork.other\n")
    (suite.path / "tests").mkdir()
    suite.write("tests/conftest.py", "def pytest_addoption(parser):\n    parser.addoption('--own')\n")
    suite.pytester.makeini("[pytest]\ntestpaths = tests .")
    run = suite.run(TEST, *form, "--speedbump-list", "--own=1")
    assert (run.code, run.result["targets"]) == (0, ["@hot.txt"])
    assert sorted(code["name"] for code in run.result["matched"]) == ["work.leaf", "work.other"]


@pytest.mark.parametrize("target", ["work.leaf", "work:leaf", "work.py:leaf", "*:leaf", "work.le[!b]f", "w?rk.leaf"])
def test_every_form_of_a_target_matches(suite: Suite, target: str) -> None:
    run = suite.run(TEST, f"--speedbump-target={target}", "--speedbump-list")
    assert [code["name"] for code in run.result["matched"]] == ["work.leaf"]


def test_a_budget_makes_a_gate_of_a_suite_wide_target(suite: Suite) -> None:
    options = ("--speedbump-target=work.leaf", "--speedbump-delay=100us")
    measured = suite.run(TEST, *options, BRIEFLY)
    assert (measured.code, measured.result["verdict"], measured.result["declared"]) == (0, "measured", None)
    gated = suite.run(TEST, *options, "--speedbump-budget=2%")
    assert (gated.code, gated.result["verdict"]) == (1, "sensitive")
    assert gated.result["declared"] == {"kind": "insensitive", "limit": 0.02, "by": "command line"}


ARMS = """
    import json
    import sys
    import time

    arms = []

    def step():
        before = time.thread_time_ns()
        work.leaf()
        spent = time.thread_time_ns() - before
        if sys.monitoring.get_tool(3) is not None:
            arms.append(spent > 200_000)  # of processor time: only the delay spends that much

    def test_it(benchmark):
        benchmark.pedantic(step)
        with open("arms.json", "w") as file:
            json.dump(arms[2:18], file)  # after the warm-up and a first look at what is called
"""


def test_the_seed_is_printed_and_fixes_the_order_of_the_arms(suite: Suite) -> None:
    options = ("--speedbump-target=work.leaf", "--speedbump-delay=20ms")
    orders = []
    for seed in ("1", "1", "2"):
        run = suite.run(ARMS, *options, f"--speedbump-seed={seed}")
        assert f"; seed {seed}" in run.out
        orders.append(suite.read_json("arms.json"))
    assert all(first != second for first, second in zip(orders[0][::2], orders[0][1::2], strict=True)), (
        "one of each arm"
    )
    assert orders[0] == orders[1] != orders[2]


def test_a_drawn_seed_is_printed_too(suite: Suite) -> None:
    run = suite.run(TEST, "--speedbump-target=work.leaf", BRIEFLY)
    assert f"; seed {run.document['seed']}" in run.out


def test_every_mode_delivers_its_delay(suite: Suite) -> None:
    run = suite.run("""
        @pytest.mark.parametrize("mode", [pytest.param(m, marks=pytest.mark.speedbump_sensitive(
            "work.leaf", delay="100us", at_least="20%", mode=m)) for m in ("spin", "nogil", "sleep")])
        def test_it(benchmark, mode):
            benchmark(work.call)
    """)
    assert [(result["mode"], result["verdict"]) for result in run.results] == [
        ("spin", "sensitive"),
        ("nogil", "sensitive"),
        ("sleep", "sensitive"),
    ]


def test_the_plugin_can_be_turned_off(suite: Suite) -> None:
    run = suite.run("def test_it(benchmark):\n    benchmark(work.call)", "-p", "no:speedbump", plugins=("benchmark",))
    assert run.counts == {"passed": 1}


def test_help_lists_options_and_ini_keys(suite: Suite) -> None:
    run = suite.run("", "--help")
    for name in (
        "target",
        "scan",
        "scan-markers",
        "delay",
        "mode",
        "budget",
        "max-time",
        "total-time",
        "error-rate",
        "strict",
        "advisory",
        "seed",
        "json",
        "list",
    ):
        assert f"--speedbump-{name}" in run.out
        assert f"  speedbump_{name.replace('-', '_')} (" in run.out

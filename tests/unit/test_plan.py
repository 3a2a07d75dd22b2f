"""Markers and options become bumps: what wins, what is said, what is refused."""

import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_speedbump.bump import Bump, Declaration
from pytest_speedbump.errors import InputError
from pytest_speedbump.plugin.markers import bumps_of, check_fixtures, is_marked
from pytest_speedbump.plugin.options import Given, Options, join_target_files, parse_options
from pytest_speedbump.targets import parse_targets
from pytest_speedbump.units import Delay


class Config:
    """Of pytest, with nothing given but ``ini``."""

    def __init__(self, **ini: object) -> None:
        self.ini = ini
        self.invocation_params = pytest.Config.InvocationParams(args=(), plugins=None, dir=Path())
        self.rootpath, self.inipath = Path(), Path("pytest.ini")
        self.args_source = pytest.Config.ArgsSource.TESTPATHS

    def getoption(self, name: str, default: object = None) -> object:
        return default

    def getini(self, name: str) -> object:
        return self.ini.get(name)


DEFAULTS = parse_options(Config())  # type: ignore[arg-type]
SUITE_WIDE = replace(DEFAULTS, targets=Given(parse_targets(["pkg.*"]), "command line"))


class Item:
    """Of pytest, with these markers."""

    nodeid, path = "t.py::t", Path("t.py")

    def __init__(self, *markers: pytest.MarkDecorator, fixtures: tuple[str, ...] = ("benchmark",)) -> None:
        self.markers = [marker.mark for marker in markers]
        self.fixturenames = fixtures

    def iter_markers(self, name: str) -> Iterator[pytest.Mark]:
        return (mark for mark in self.markers if mark.name == name)

    def get_closest_marker(self, name: str) -> pytest.Mark | None:
        return next(self.iter_markers(name), None)


def plan(
    *markers: pytest.MarkDecorator, options: Options = DEFAULTS, fixtures: tuple[str, ...] = ("benchmark",)
) -> list[Bump]:
    return bumps_of(Item(*markers, fixtures=fixtures), options)  # type: ignore[arg-type]


def given(by: str) -> Options:
    return replace(
        DEFAULTS, delays=Given((Delay(9000.0),), by), mode=Given("sleep", by), budget=Given(0.5, by)  # type: ignore[arg-type]
    )  # fmt: skip


MARKED = pytest.mark.speedbump_insensitive("pkg.a", delay="1us", mode="nogil", budget="10%")


def test_defaults() -> None:
    assert (DEFAULTS.delays, DEFAULTS.mode, DEFAULTS.budget) == (
        Given((Delay(2000.0),), "default"),
        Given("spin", "default"),
        None,
    )
    assert (DEFAULTS.max_time_ns, DEFAULTS.error_rate, DEFAULTS.strict, DEFAULTS.advisory) == (10e9, 0.05, False, False)
    assert not DEFAULTS.asked
    assert SUITE_WIDE.asked


def test_ini_values_are_given_by_ini() -> None:
    options = parse_options(Config(speedbump_delay="1us,2us", speedbump_strict=True, speedbump_target=["pkg.*"]))  # type: ignore[arg-type]
    assert options.delays == Given((Delay(1000.0), Delay(2000.0)), "ini")
    assert options.strict
    assert options.targets is not None
    assert options.targets.by == "ini"


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ("", "ini key speedbump_json '' names no file; write speedbump_json=PATH"),
        ("False", "ini key speedbump_json 'False' names no file, and this is no switch; write a path"),
        (True, "ini key speedbump_json 'True' names no file, and this is no switch; write a path"),
    ],
)
def test_an_ini_key_that_names_no_file(value: object, sentence: str) -> None:
    with pytest.raises(InputError) as refused:
        parse_options(Config(speedbump_json=value))  # type: ignore[arg-type]
    assert str(refused.value) == sentence


@pytest.mark.parametrize(
    ("arguments", "joined"),
    [
        (["--speedbump-target", "@a", "t.py"], ["--speedbump-target=@a", "t.py"]),
        (["--speedbump-target", "@a", "--speedbump-target", "@b"], ["--speedbump-target=@a", "--speedbump-target=@b"]),
        (["--speedbump-target", "pkg.*", "@arguments"], ["--speedbump-target", "pkg.*", "@arguments"]),
        (["@--speedbump-target", "@a", "--speedbump-target"], ["@--speedbump-target", "@a", "--speedbump-target"]),
        ([], []),
    ],
)
def test_files_of_targets_become_one_word_with_their_option(arguments: list[str], joined: list[str]) -> None:
    before = list(arguments)
    assert join_target_files(arguments) == (before != joined)
    assert arguments == joined


def test_a_test_that_asks_for_nothing_gets_nothing() -> None:
    assert plan() == []
    assert plan(options=SUITE_WIDE, fixtures=("tmp_path",)) == []


@pytest.mark.parametrize("by", ["default", "ini"])
def test_a_marker_beats_ini(by: str) -> None:
    (bump,) = plan(MARKED, options=given(by))
    assert (bump.delay_ns, bump.mode, bump.notes) == (1000, "nogil", ())
    assert bump.declared == Declaration("insensitive", 0.1, "marker")
    assert bump.targets_by == "marker"


def test_the_command_line_beats_a_marker_and_leaves_a_note_each() -> None:
    (bump,) = plan(MARKED, options=given("command line"))
    assert (bump.delay_ns, bump.mode) == (9000, "sleep")
    assert bump.declared == Declaration("insensitive", 0.5, "command line")
    assert bump.notes == (
        "mode nogil of the marker overridden by the command line",
        "delay 1us of the marker overridden by the command line",
        "budget 10.0% of the marker overridden by the command line",
    )


def test_what_must_show_is_no_budget() -> None:
    """The run's budget is about losing less; ``at_least`` is the marker's own."""
    (bump,) = plan(pytest.mark.speedbump_sensitive("pkg.a", at_least=0.3), options=given("command line"))
    assert bump.declared == Declaration("sensitive", 0.3, "marker")


def test_a_plain_marker_stays_plain_under_a_budget_for_other_targets() -> None:
    (bump,) = plan(pytest.mark.speedbump("pkg.a"), options=given("command line"))
    assert bump.declared is None


def test_suite_wide_targets_come_after_markers_and_only_once() -> None:
    own, shared = plan(pytest.mark.speedbump("pkg.a"), options=SUITE_WIDE)
    assert [(str(own.targets), own.targets_by), (str(shared.targets), shared.targets_by)] == [
        ("pkg.a", "marker"),
        ("pkg.*", "command line"),
    ]
    (taken,) = plan(pytest.mark.speedbump(delay="1us"), options=SUITE_WIDE)
    assert (str(taken.targets), taken.targets_by, taken.delay_ns) == ("pkg.*", "command line", 1000)


def test_a_sweep_is_one_bump_a_delay() -> None:
    assert [bump.delay_ns for bump in plan(pytest.mark.speedbump("pkg.a", delay="0ns,1us,2us"))] == [0, 1000, 2000]


def test_which_calls_are_slowed() -> None:
    """The command line beats a marker, a marker an ini file; of none, all are."""
    ini, typed = (replace(DEFAULTS, every=Given(7, by)) for by in ("ini", "command line"))
    marked, bare = pytest.mark.speedbump("pkg.a", every=10), pytest.mark.speedbump("pkg.a")
    found = [(*((one.every, one.notes) for one in plan(mark, options=options)),)
             for mark in (bare, marked) for options in (DEFAULTS, ini, typed)]  # fmt: skip
    note = ("every 10 of the marker overridden by the command line",)
    assert found == [((1, ()),), ((7, ()),), ((7, ()),), ((10, ()),), ((10, ()),), ((7, note),)]
    assert [str(one) for one in plan(pytest.mark.speedbump("pkg.a", delay="1us,5%", every=2, mode="nogil"))] == [
        "pkg.a +1us nogil every 2nd call", "pkg.a +5% nogil every 2nd call",
    ]  # fmt: skip
    (shared,) = plan(options=replace(SUITE_WIDE, every=Given(3, "command line")))
    assert shared.every == 3


def test_a_share_waits_for_a_round() -> None:
    share, time = plan(pytest.mark.speedbump_insensitive("pkg.a", delay="5%,2us", budget="2%"))
    assert (share.delay_share, math.isnan(share.delay_ns), str(share)) == (0.05, True, "pkg.a +5%")
    assert (time.delay_share, time.delay_ns) == (None, 2000)
    (bump,) = plan(pytest.mark.speedbump("pkg.a", delay="5%"), options=given("command line"))
    assert (bump.delay_share, bump.delay_ns) == (None, 9000)
    assert bump.notes[0] == "delay 5% of the marker overridden by the command line"
    same = replace(DEFAULTS, delays=Given((Delay(share=0.05),), "command line"))
    assert plan(pytest.mark.speedbump("pkg.a", delay="5.0%"), options=same)[0].notes == ()


def test_a_budget_needs_a_delay() -> None:
    options = replace(SUITE_WIDE, delays=Given((Delay(0.0),), "command line"), budget=Given(0.1, "command line"))
    with pytest.raises(
        InputError, match="a budget with a delay of 0 proves nothing; write a --speedbump-delay of more"
    ):
        plan(options=options)
    with pytest.raises(InputError, match="a delay of 0 proves nothing; write more than 0"):
        plan(pytest.mark.speedbump_insensitive("pkg.a", delay="0ns", budget=0.1))


@pytest.mark.parametrize(
    ("fixtures", "fine"), [(("benchmark",), True), (("speedbump",), True), (("request",), True), (("tmp_path",), False)]
)
def test_a_marked_test_uses_a_fixture_that_measures(fixtures: tuple[str, ...], fine: bool) -> None:
    item = Item(MARKED, fixtures=fixtures)
    assert is_marked(item)  # type: ignore[arg-type]
    if fine:
        check_fixtures(item)  # type: ignore[arg-type]
        return
    with pytest.raises(InputError, match=r"t\.py::t is marked with speedbump but measures nothing"):
        check_fixtures(item)  # type: ignore[arg-type]

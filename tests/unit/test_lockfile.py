"""The lockfile: what it holds is what was written, and what has grown beyond it is told from noise."""

import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_speedbump.bump import MODES, Bump, Declaration
from pytest_speedbump.counts import Counts
from pytest_speedbump.errors import InputError
from pytest_speedbump.lockfile import file as lockfile
from pytest_speedbump.lockfile.compare import compare, merge
from pytest_speedbump.lockfile.entry import Entry, Key, entry_of, from_json, key_of, name_of, to_json
from pytest_speedbump.plugin.family import Family
from pytest_speedbump.remarks import Remark
from pytest_speedbump.result import Change, Estimate, Result
from pytest_speedbump.targets import Targets

TOLERANCE = 0.02

names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
numbers = st.floats(-1e12, 1e12)
triples = st.tuples(numbers, numbers, numbers)
entries = st.builds(
    lambda declared, **fields: Entry(**fields, kind=declared[0], limit=declared[1]),
    test=names,
    targets=st.lists(names, min_size=1, max_size=3).map(tuple),
    mode=st.sampled_from(MODES),
    delay_ns=st.floats(0, 60e9),
    share=st.none() | st.floats(0.001, 1),
    every=st.integers(1, 20),
    calls=st.floats(0, 1e12),
    drop=triples,
    transmission=triples,
    declared=st.tuples(st.sampled_from(["insensitive", "sensitive"]), st.floats(0.001, 0.999)) | st.just((None, None)),
)
slacks = st.builds(
    lambda one, slack: replace(one, delay_ns=None, share=None, drop=None, transmission=None, slack=slack),
    entries,
    st.tuples(numbers, numbers, st.none() | numbers),
)
files = st.lists(entries | slacks, max_size=4).map(lambda made: {entry.key: entry for entry in made})

ENTRY = Entry(
    test="tests/test_x.py::test_y[ä]",
    targets=("pkg.parse*", "!pkg.parse_debug"),
    mode="nogil",
    delay_ns=2000.0,
    calls=40.0,
    drop=(0.3, 0.28, 0.32),
    transmission=(0.97, 0.9, 1.0),
    kind="insensitive",
    limit=0.02,
)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("lock") / "lock.json"


def entry(*, calls: float = 1.0, share: float = 0.5, half: float = 0.01, delay_ns: float = 1000.0) -> Entry:
    """Of a test whose run takes 10 us."""
    made = entry_of(result(calls=calls, share=share, half=half, delay_ns=delay_ns))
    assert made is not None
    return made


def result(
    *,
    calls: float = 1.0,
    share: float = 0.5,
    half: float | None = 0.01,
    delay_ns: float = 1000.0,
    bare_ns: float = 10_000.0,
    **fields: Any,
) -> Result:
    """What a run finds where ``share``, give or take ``half``, of each call's delay reaches the run time."""

    def drop_of(transmission: float) -> float:
        added = transmission * calls * delay_ns
        return added / (bare_ns + added)

    def estimate(of: Callable[[float], float]) -> Estimate:
        return Estimate(of(share), *((None, None) if half is None else (of(share - half), of(share + half))))

    given: dict[str, Any] = {
        "test": "test_it.py::test_it",
        "bump": Bump(Targets(("pkg.f",), (), ()), delay_ns, "spin", None, "marker"),
        "verdict": "measured",
        "outcome": "passed",
        "known_drop": estimate(drop_of),
        "known_transmission": estimate(lambda transmission: transmission),
        "bare_ns": bare_ns,
        "counts": Counts(calls),
    }
    return Result(**(given | fields))


def of_round(came_to_ns: float, asked: float = 0.05, **fields: Any) -> Result:
    """The same, where a share of the round was asked for, which came to so much."""
    made = result(delay_ns=came_to_ns, **fields)
    return replace(made, bump=replace(made.bump, delay_share=asked))


def void(calls: float | None, reason: str = "pkg.f never ran") -> Result:
    counts = None if calls is None else Counts(calls)
    said = Remark.told("uncalled", reason)
    return replace(result(), verdict="void", known_drop=None, known_transmission=None, counts=counts, reason=said)


def slack(found: float, low: float, high: float | None) -> Result:
    """What a run says that has looked for the slack, in ns."""
    made = replace(result(), known_drop=None, known_transmission=None, slack_ns=Estimate(found, low, high))
    return replace(made, bump=replace(made.bump, delay_ns=math.nan))


# ---- the file ----


def test_bumps_of_different_calls_are_told_apart() -> None:
    """A file of old, which knows no such thing, is of bumps that slow each call."""
    each, tenth = result(delay_ns=2000), result(delay_ns=2000)
    tenth = replace(tenth, bump=replace(tenth.bump, every=10))
    assert "every" not in to_json(entry(delay_ns=2000))
    assert (key_of(each)[:-1], key_of(each)[-1], key_of(tenth)[-1]) == (key_of(tenth)[:-1], 1, 10)
    assert name_of(key_of(tenth)) == "test_it.py::test_it [pkg.f +2us every 10th call]"
    held = entry_of(tenth)
    assert held is not None
    assert from_json(to_json(held)) == held
    assert held.delayed_ns == pytest.approx(200)
    assert Family.of({"a": [each.bump, tenth.bump]}, locks=True).digest not in {
        Family.of({"a": [one, one]}, locks=True).digest for one in (each.bump, tenth.bump)
    }


@given(files)
def test_what_is_read_is_what_was_written(path: Path, held: dict[Key, Entry]) -> None:
    lockfile.write(path, held)
    assert lockfile.read(path) == held


@given(files, st.randoms())
def test_the_bytes_depend_on_the_entries_alone(path: Path, held: dict[Key, Entry], random: Any) -> None:
    lockfile.write(path, held)
    before = path.read_bytes()
    shuffled = list(held.items())
    random.shuffle(shuffled)
    lockfile.write(path, dict(shuffled))
    assert path.read_bytes() == before


def test_entries_are_sorted_and_one_line_a_number(path: Path) -> None:
    held = [replace(ENTRY, test=test) for test in ("b.py::t", "a.py::t", "a.py::s")]
    lockfile.write(path, {one.key: one for one in held})
    text = path.read_text(encoding="utf-8")
    assert [one["test"] for one in json.loads(text)["entries"]] == ["a.py::s", "a.py::t", "b.py::t"]
    assert text.count('"limit": 0.02\n') == 3


def leaves(node: Any, where: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths to all values of a JSON document."""
    if not isinstance(node, dict | list):
        return [where]
    steps = node.items() if isinstance(node, dict) else enumerate(node)
    return [leaf for key, value in steps for leaf in leaves(value, (*where, key))]


def holder(document: Any, where: tuple[Any, ...]) -> Any:
    """What holds the value at ``where``."""
    for step in where[:-1]:
        document = document[step]
    return document


WHOLE: Any = {"schema": lockfile.SCHEMA, "entries": [to_json(ENTRY)]}
LEAVES = leaves(WHOLE)


@pytest.mark.parametrize("where", LEAVES, ids=lambda where: ".".join(map(str, where)))
@pytest.mark.parametrize("edit", ["other", "retyped", "null", "removed"])
def test_a_hand_edit_of_any_field_is_refused(path: Path, where: tuple[Any, ...], edit: str) -> None:
    document = json.loads(json.dumps(WHOLE))
    inside, last = holder(document, where), where[-1]
    value = inside[last]
    if edit == "other":
        inside[last] = value + 1 if isinstance(value, float) else f"{value}x"
    elif edit == "retyped":
        inside[last] = [value]
    elif edit == "null":
        inside[last] = None
    else:
        del inside[last]
    path.write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(InputError, match=r"edited by hand|schema|no lockfile"):
        lockfile.read(path)


@pytest.mark.parametrize("added", ["note", "check2"])
def test_a_field_added_by_hand_is_refused(path: Path, added: str) -> None:
    document = json.loads(json.dumps(WHOLE))
    document["entries"][0][added] = 1
    path.write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(InputError, match="edited by hand"):
        lockfile.read(path)


def test_a_file_cut_off_at_any_byte_is_refused(path: Path) -> None:
    lockfile.write(path, {ENTRY.key: ENTRY})
    whole = path.read_bytes()
    for length in range(len(whole.rstrip())):
        path.write_bytes(whole[:length])
        with pytest.raises(InputError, match="broken or cut off"):
            lockfile.read(path)


@given(st.binary(max_size=40))
def test_no_bytes_end_in_a_traceback(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(InputError, match="lockfile"):
        lockfile.read(path)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("[]", "it has no schema"),
        ('{"schema": "pytest-speedbump/1", "entries": []}', "is a result document, which says what a run found"),
        ('{"schema": "pytest-speedbump-lock/2", "entries": []}', "schema 'pytest-speedbump-lock/2', and this version"),
        ('{"schema": "pytest-speedbump-lock/1"}', "'entries'"),
        ('{"schema": "pytest-speedbump-lock/1", "entries": 1}', "broken"),
        ('{"schema": "pytest-speedbump-lock/1", "entries": {"a": 1}}', "broken"),
        ("[" * 100_000, "broken or cut off"),
    ],
    ids=lambda value: value[:50],
)
def test_what_is_no_lockfile_is_refused_with_the_mend(path: Path, content: str, says: str) -> None:
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        lockfile.read(path)
    assert says in str(caught.value)
    assert repr(str(path)) in str(caught.value)
    assert str(caught.value).endswith(
        ("delete it and write it anew with --speedbump-save", "; name the file of --speedbump-save")
    )


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"does not exist; write it first, with --speedbump-save$"):
        lockfile.read(tmp_path / "none.json")


def test_an_entry_twice_is_refused(path: Path) -> None:
    document = {**WHOLE, "entries": 2 * WHOLE["entries"]}
    path.write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(InputError, match=r"an entry twice, as a merge .*: tests/test_x.py::test_y\[ä\] \["):
        lockfile.read(path)


@pytest.mark.parametrize("style", ["merge", "diff3", "cut off"])
def test_conflict_markers_are_an_unresolved_merge(path: Path, style: str) -> None:
    """Nothing is broken: both sides are there, and deleting the file would lose them."""
    lockfile.write(path, {ENTRY.key: ENTRY})
    ours = path.read_text(encoding="utf-8").splitlines()
    at = next(index for index, line in enumerate(ours) if '"calls"' in line)
    theirs = ours[at].replace("40.0", "41.0")
    base = ["||||||| 1234567", ours[at]] if style == "diff3" else []
    conflict = ["<<<<<<< HEAD", ours[at], *base, "=======", theirs, ">>>>>>> other branch"]
    lines = [*ours[:at], *conflict, *ours[at + 1 :]]
    path.write_text("\n".join(lines[: at + 2] if style == "cut off" else lines), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        lockfile.read(path)
    assert str(caught.value) == (
        f"lockfile {str(path)!r} holds an unresolved merge: line {at + 1} is '<<<<<<< HEAD'; resolve it, "
        "or take one side and run --speedbump-save"
    )


@given(files, files)
def test_a_merge_of_two_branches_entries_is_whole(path: Path, one: dict[Key, Entry], other: dict[Key, Entry]) -> None:
    """As git leaves it: each entry is from one side or the other, in no order."""
    documents = []
    for held in (one, {key: held for key, held in other.items() if key not in one}):
        lockfile.write(path, held)
        documents.append(json.loads(path.read_bytes())["entries"])
    path.write_text(json.dumps({"schema": lockfile.SCHEMA, "entries": documents[1] + documents[0]}), encoding="utf-8")
    assert lockfile.read(path) == {**other, **one}


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "lock.json"
    lockfile.write(path, {ENTRY.key: ENTRY})
    before = path.read_bytes()
    unwritable = replace(ENTRY, test="\ud800")  # no UTF-8 for it
    with pytest.raises(UnicodeEncodeError):
        lockfile.write(path, {unwritable.key: unwritable})
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


# ---- comparing ----


@pytest.mark.parametrize(
    ("then", "now", "kind"),
    [
        ({}, {}, "kept"),
        ({"share": 0.5, "calls": 1}, {"share": 0.5, "calls": 40}, "grown"),
        ({"share": 0.02, "calls": 40}, {"share": 0.97, "calls": 40}, "grown"),
        ({"share": 0.97, "calls": 40}, {"share": 0.02, "calls": 40}, "improved"),
        ({"share": 1.0, "calls": 40}, {"share": 1.0, "calls": 1}, "improved"),
        # More calls that are as much better hidden: nothing is lost.
        ({"share": 0.4, "calls": 10}, {"share": 0.1, "calls": 40}, "kept"),
    ],
)
@pytest.mark.parametrize("faster", [1, 3, 1 / 3])
def test_what_is_compared_is_what_it_costs(
    then: dict[str, float], now: dict[str, float], kind: str, faster: float
) -> None:
    change = compare(entry(**then), result(**now, bare_ns=10_000 / faster), TOLERANCE)
    assert change.kind == kind
    assert bool(change.text) == (kind != "kept")


@pytest.mark.parametrize(
    ("then", "now", "kind"),
    [
        # Beyond both intervals, but not by more than the tolerance: 1.5 points.
        ({"share": 0.5, "half": 0.001}, {"share": 0.67, "half": 0.001}, "kept"),
        # By more than the tolerance, but not beyond both intervals.
        ({"share": 0.5, "half": 0.2}, {"share": 0.9, "half": 0.3}, "inconclusive"),
        ({"share": 0.9, "half": 0.3}, {"share": 0.5, "half": 0.2}, "kept"),
        # Slowing used to help.
        ({"share": -0.5}, {"share": 0.5}, "grown"),
    ],
)
def test_growth_is_beyond_the_tolerance_and_beyond_both_intervals(
    then: dict[str, float], now: dict[str, float], kind: str
) -> None:
    assert compare(entry(**then), result(**now), TOLERANCE).kind == kind


@given(
    calls=st.integers(1, 1000),
    share=st.floats(0.01, 1.2),  # and at least 0 after `half`: no help takes more than the whole run
    faster=st.floats(0.1, 10),
    half=st.floats(0, 0.01),
)
def test_a_machine_of_another_speed_changes_nothing(calls: int, share: float, faster: float, half: float) -> None:
    then = entry(calls=calls, share=share, half=half)
    now = result(calls=calls, share=share, half=half, bare_ns=10_000 / faster)
    assert compare(then, now, TOLERANCE).kind == "kept"


def test_the_reason_tells_old_and_new() -> None:
    change = compare(entry(calls=1, share=0.02), result(calls=40, share=0.97), TOLERANCE)
    assert change.text == (
        "it costs 79.5% of throughput instead of 0.2% "
        "(calls a run 1 -> 40; transmission 0.02 -> 0.97; delay 1us, as before)"
    )
    back = compare(entry(calls=40, share=0.97), result(calls=1, share=0.02), TOLERANCE)
    assert back.text.startswith("it costs only 0.2% of throughput instead of 79.5% (")
    assert back.text.endswith("; --speedbump-save accepts it")


def test_the_tolerance_decides() -> None:
    then, now = entry(share=0.1, half=0.001), result(share=0.5, half=0.001)  # 1.0 % and 4.8 %
    assert compare(then, now, 0.02).kind == "grown"
    assert compare(then, now, 0.05).kind == "kept"


@pytest.mark.parametrize(
    ("held", "now", "kind", "text"),
    [
        (False, result(), "new", "not in the lockfile yet; --speedbump-save adds it"),
        (False, void(0.0), "new", ""),
        (True, void(0.0), "lost", "it guarded something and guards nothing now: pkg.f never ran"),
        (True, void(5.0, "the clock jumped"), "lost", "it guarded something and guards nothing now: the clock jumped"),
        (True, result(half=None), "inconclusive", "not compared: too few rounds"),
        (
            True,
            replace(void(None, "no time was left"), verdict="measured", bare_ns=None),
            "inconclusive",
            "not compared: no time was left",
        ),
    ],
)
def test_what_cannot_be_compared_is_told_apart(held: bool, now: Result, kind: str, text: str) -> None:
    change = compare(entry() if held else None, now, TOLERANCE)
    assert (change.kind, change.text) == (kind, text)
    assert change.fails == (kind == "lost")


def test_help_beyond_any_measure_is_no_crash() -> None:
    """Slowing helped by more than a whole run takes on this faster machine."""
    change = compare(entry(calls=100, share=-0.05), result(bare_ns=1000.0), TOLERANCE)
    assert change.kind == "grown"


# ---- saving ----


def save(held: Entry | None, *results: Result, gone: tuple[Key, ...] = ()) -> tuple[dict[Key, Entry], list[str]]:
    return merge({} if held is None else {held.key: held}, results, gone, TOLERANCE)


NAME = "test_it.py::test_it [pkg.f +1us]"


def test_what_is_new_is_added() -> None:
    entries, said = save(None, result())
    assert (list(entries.values()), said) == ([entry()], [f"added: {NAME}"])


def test_what_differs_by_noise_leaves_the_file_alone() -> None:
    """Growth by less than the tolerance at each save must not add up."""
    held = entry(share=0.5)
    assert save(held, result(share=0.6)) == ({held.key: held}, [])


def test_what_cannot_be_told_from_noise_leaves_the_file_alone_and_says_so() -> None:
    held = entry(share=0.5, half=0.3)
    entries, (said,) = save(held, result(share=0.9, half=0.3))
    assert entries == {held.key: held}
    assert said.startswith(f"left as it was: {NAME}: it may cost 8.3% ")


@pytest.mark.parametrize("now", [{"share": 0.97}, {"share": 0.0}, {"share": 0.5, "half": 0.004}])
def test_what_changed_or_is_known_much_better_is_accepted(now: dict[str, float]) -> None:
    entries, said = save(entry(share=0.5, half=0.01), result(**now))
    assert (list(entries.values()), said) == ([entry(**now)], [f"changed: {NAME}"])


def test_another_budget_is_accepted() -> None:
    declared = replace(result().bump, declared=Declaration("insensitive", 0.02, "marker"))
    entries, said = save(entry(), result(verdict="insensitive", bump=declared))
    assert [(one.kind, one.limit) for one in entries.values()] == [("insensitive", 0.02)]
    assert said == [f"changed: {NAME}"]


def test_what_is_called_no_more_and_what_is_gone_are_removed() -> None:
    held = entry()
    assert save(held, void(0.0)) == ({}, [f"removed: {NAME}: pkg.f never ran"])
    assert save(held, gone=(held.key,)) == ({}, [f"removed: {NAME}"])


@pytest.mark.parametrize(
    ("now", "why"),
    [(void(7.0, "the clock jumped"), "the clock jumped"), (result(half=None), "too few rounds")],
)
def test_a_failed_measurement_neither_removes_nor_adds(now: Result, why: str) -> None:
    held = entry()
    assert save(held, now) == ({held.key: held}, [f"left as it was: {NAME}: {why}"])
    assert save(None, now) == ({}, [f"not added: {NAME}: {why}"])


def test_what_has_nothing_to_say_is_left_out_in_silence() -> None:
    assert save(None, void(0.0), result(delay_ns=0.0, known_transmission=None)) == ({}, [])


def test_the_first_answer_to_one_question_counts() -> None:
    entries, said = save(None, result(share=0.5), result(share=0.9))
    assert (list(entries.values()), said) == ([entry(share=0.5)], [f"added: {NAME}"])


# ---- delays that are a share of the round ----


def test_a_share_is_known_by_itself_and_not_by_what_it_came_to() -> None:
    (held,) = save(None, of_round(1234.56))[0].values()
    assert held.key == key_of(of_round(99.0)) == key_of(of_round(math.nan))
    assert len({held.key, key_of(of_round(1234.56, asked=0.1)), key_of(result(delay_ns=1234.56))}) == 3
    assert name_of(held.key) == "test_it.py::test_it [pkg.f +5%]"
    assert (to_json(held)["share"], to_json(held)["delay_ns"]) == (0.05, 1235.0)
    assert "share" not in to_json(entry()), "files of before are as they were"


@pytest.mark.parametrize("bare_ns", [10_000.0, 3_000.0, 50_000.0])
@pytest.mark.parametrize("calls", [1.0, 40.0])
def test_a_share_is_compared_by_what_reaches_the_run_time(bare_ns: float, calls: float) -> None:
    """On another machine, or with other calls, the share comes to another delay, and to the same question."""
    (held,) = save(None, of_round(5_000.0, asked=0.5, share=0.5))[0].values()

    def now(share: float) -> Change:
        found = of_round(0.5 * bare_ns / calls, asked=0.5, share=share, calls=calls, bare_ns=bare_ns)
        return compare(held, found, TOLERANCE)

    assert now(0.5) == Change("kept", "")
    assert now(0.2).kind == "improved"
    grown = now(0.8)
    assert grown.kind == "grown"
    assert grown.text.startswith("it costs 28.6% of throughput instead of 20.0% (calls a run 1 -> ")
    assert grown.text.endswith("; transmission 0.50 -> 0.80; delay 50%, as before)")


# ---- slack ----


@pytest.mark.parametrize(
    ("found", "kind"),
    [
        ((280e3, 270e3, 290e3), "kept"),  # by 7 %
        ((265e3, 250e3, 283e3), "shrunk"),
        ((150e3, 100e3, 290e3), "inconclusive"),  # one that the locked interval holds as well
        ((150e3, 150e3, None), "inconclusive"),  # at least so much: nobody knows that it is less
        ((0.0, 0.0, 20e3), "shrunk"),
        ((0.0, 0.0, None), "inconclusive"),  # nothing was found out
        ((400e3, 380e3, 420e3), "improved"),
        ((400e3, 400e3, None), "improved"),
        ((400e3, 300e3, 500e3), "kept"),
    ],
)
def test_slack_shrinks_beyond_both_intervals_and_a_tenth(found: tuple[float, float, float | None], kind: str) -> None:
    locked = entry_of(slack(300e3, 284e3, 317e3))
    assert locked is not None
    change = compare(locked, slack(*found), TOLERANCE)
    assert change.kind == kind
    assert change.fails == (kind == "shrunk")
    if kind == "shrunk":
        assert change.text.startswith("the program absorbs only")
    assert compare(locked, slack(265e3, 250e3, 283e3), 0.2).kind == "kept"


def test_at_least_so_much_may_shrink_as_well() -> None:
    locked = entry_of(slack(300e3, 300e3, None))
    assert locked is not None
    assert compare(locked, slack(290e3, 290e3, None), TOLERANCE).kind == "kept"
    assert compare(locked, slack(500e3, 500e3, None), TOLERANCE).kind == "kept"
    assert compare(locked, slack(200e3, 190e3, 210e3), TOLERANCE).kind == "shrunk"


def test_an_entry_of_slack_is_one_of_its_own() -> None:
    found = slack(300e3, 284e3, 317e3)
    key = key_of(found)
    assert name_of(key) == "test_it.py::test_it [pkg.f slack]"
    assert key not in {key_of(result()), key_of(result(delay_ns=0))}
    entries, said = merge({}, [found], [], TOLERANCE)
    assert (list(entries), said) == ([key], ["added: test_it.py::test_it [pkg.f slack]"])
    assert merge(entries, [slack(301e3, 285e3, 318e3)], [], TOLERANCE) == (entries, [])
    better, said = merge(entries, [slack(301e3, 299e3, 303e3)], [], TOLERANCE)
    assert better[key].slack == (301e3, 299e3, 303e3)
    assert compare(entries[key], replace(void(0), bump=found.bump), TOLERANCE).kind == "lost"
    assert entry_of(slack(0.0, 0.0, None)) is None

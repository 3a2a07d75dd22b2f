"""Two lockfiles are told apart, and three made one, entry by entry; a conflict loses nothing and is resolved easily."""

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from locked import entry

from pytest_speedbump.errors import InputError
from pytest_speedbump.lockfile import file as lockfile
from pytest_speedbump.lockfile.difference import Difference, differences, weigh
from pytest_speedbump.lockfile.entry import Entry, Key
from pytest_speedbump.lockfile.three_way import merge_three
from pytest_speedbump.report.columns import width_of
from pytest_speedbump.report.lock_table import difference_text, lay_out_lock

type Entries = Mapping[Key, Entry]

ENTRY = entry("test_it")
SLACK = replace(ENTRY, delay_ns=None, drop=None, transmission=None, kind=None, limit=None, slack=(300e3, 290e3, 310e3))
NAME = "test_it.py::test_it [work.leaf +100us]"

# What becomes of one entry on the three sides: is it there, and which of a few things does it say?
variants = st.builds(
    lambda name, calls, low, width, limit: replace(
        entry(name), calls=calls, transmission=(low + width / 2, low, low + width), limit=limit
    ),
    st.sampled_from(["test_a", "test_b", "test_ö😀", "test_c"]),
    st.sampled_from([1.0, 2.0]),
    st.sampled_from([0.0, 0.5]),
    st.sampled_from([0.1, 0.6]),
    st.sampled_from([0.1, 0.2]),
)
sides = st.lists(variants, max_size=6).map(lambda held: {one.key: one for one in held})


def held(*entries: Entry) -> dict[Key, Entry]:
    return {one.key: one for one in entries}


def parse(text: str) -> dict[Key, Entry]:
    return lockfile.parse(text.encode(), "lockfile", "nothing")


def resolve(text: str, side: str) -> str:
    """As whoever leaves one side of each conflict."""
    which = {"ours": 1, "theirs": 2}[side]
    return re.sub(r"<{7} ours\n(.*?)={7}\n(.*?)>{7} theirs\n", lambda match: match[which], text, flags=re.DOTALL)


# ---- what differs ----


@pytest.mark.parametrize(
    ("changed", "change"),
    [
        ({"calls": 2.0}, "grown"),
        ({"calls": 0.5}, "improved"),
        ({"transmission": (0.8, 0.79, 0.81)}, "improved"),
        ({"transmission": (1.1, 1.05, 1.2)}, "grown"),
        ({"transmission": (1.0, 0.8, 1.2)}, "within noise"),
        # Half the transmission of twice the calls is the same time.
        ({"calls": 2.0, "transmission": (0.5, 0.49, 0.51)}, "within noise"),
        ({"drop": (0.2, 0.1, 0.3)}, "within noise"),
        ({"limit": 0.2}, "declared anew"),
        ({"kind": None, "limit": None}, "declared anew"),
        ({"calls": 2.0, "limit": 0.2}, "grown"),
    ],
)
def test_what_became_of_an_entry(changed: dict[str, object], change: str) -> None:
    assert weigh(ENTRY, replace(ENTRY, **changed)) == change  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("slack", "change"),
    [
        ((200e3, 190e3, 210e3), "shrunk"),
        ((400e3, 390e3, 410e3), "improved"),
        ((400e3, 390e3, None), "improved"),
        ((310e3, 280e3, 320e3), "within noise"),
        ((250e3, 250e3, None), "within noise"),  # at least so much is no less than what it was
    ],
)
def test_what_became_of_a_slack(slack: tuple[float, float, float | None], change: str) -> None:
    assert weigh(SLACK, replace(SLACK, slack=slack)) == change


def test_of_a_share_of_the_round_calls_are_no_part_of_the_question() -> None:
    share = replace(ENTRY, share=0.05, delay_ns=1000.0)
    assert weigh(share, replace(share, calls=40.0, delay_ns=25.0)) == "within noise"
    assert weigh(share, replace(share, transmission=(2.0, 1.9, 2.1))) == "grown"


@given(sides, sides)
def test_differences_are_all_that_differs(old: Entries, new: Entries) -> None:
    found = list(differences(old, new))
    patched = {**old}
    for one in found:
        assert one.old == old.get(one.key)
        patched.pop(one.key, None)
        if one.new is not None:
            patched[one.key] = one.new
    assert patched == new
    assert [one.key for one in found] == sorted({one.key for one in found})
    assert not list(differences(new, new))


def test_sentences() -> None:
    grown = replace(ENTRY, calls=40.0, drop=(0.95, 0.94, 0.96), transmission=(0.5, 0.4, 0.6), limit=0.2)
    assert difference_text(Difference(ENTRY.key, ENTRY, grown)) == (
        f"grown: {NAME}: drop 90.0% [80.0, 95.0] -> 95.0% [94.0, 96.0]; transmission 1.000 [0.990, 1.010] -> "
        "0.50 [0.40, 0.60]; calls 1 -> 40; declared sensitive 10.0% -> sensitive 20.0%; the intervals do not overlap"
    )
    noise = replace(ENTRY, transmission=(1.0, 0.9, 1.1))
    assert difference_text(Difference(ENTRY.key, ENTRY, noise)) == (
        f"within noise: {NAME}: drop 90.0% [80.0, 95.0]; transmission 1.000 [0.990, 1.010] -> 1.00 [0.90, 1.10]; "
        "the intervals overlap"
    )
    shrunk = replace(SLACK, slack=(100e3, 100e3, None))
    assert difference_text(Difference(SLACK.key, SLACK, shrunk)) == (
        "within noise: test_it.py::test_it [work.leaf slack]: slack 300us [290, 310] -> 100us [100, ...]; "
        "the intervals overlap"
    )
    assert difference_text(Difference(ENTRY.key, None, ENTRY)) == (
        f"added: {NAME}: drop 90.0% [80.0, 95.0]; transmission 1.000 [0.990, 1.010]; calls 1; declared sensitive 10.0%"
    )
    removed = Difference(ENTRY.key, replace(ENTRY, test="t.py::\x1b[31m\udcff", kind=None, limit=None), None)
    assert difference_text(removed).startswith("removed: ")
    hostile = replace(ENTRY, test="t.py::\x1b[31m\udcff")
    assert difference_text(Difference(hostile.key, hostile, None)).startswith(r"removed: t.py::\x1b[31m\udcff [")


@pytest.mark.parametrize("width", [None, 160, 100, 70, 50])
def test_the_table_fits_a_terminal(width: int | None) -> None:
    names = [f"tests/of/a/deep/folder/test_it.py::TestOfThat::test_{name}[解析😀]" for name in ("a", "b\n\x1b[0m")]
    entries = held(*(replace(ENTRY, test=name, mode="nogil", every=10, kind=None) for name in names), ENTRY)
    table = lay_out_lock(entries, width)
    lines = ["".join(line) for line in (table.header, *table.rows)]
    assert len(lines) == 4
    assert len(set(lines)) == 4
    assert all(width_of(line) <= (width or 1000) and line.isprintable() for line in lines)
    assert all("90.0% [80.0, 95.0]" in line for line in lines[1:]), "numbers are never cut"
    assert "Slack" not in lines[0]
    with_slack = lay_out_lock({**entries, SLACK.key: SLACK}, width)
    assert "Slack" in "".join(with_slack.header)
    assert sum("300us [290, 310]" in "".join(row) for row in with_slack.rows) == 1
    if width is None:
        assert "100us nogil every 10th call" in lines[-1]
        assert not table.left_out


# ---- three ways ----


@given(sides, sides, sides)
def test_what_one_side_alone_did_counts(base: Entries, ours: Entries, theirs: Entries) -> None:
    merged = merge_three(base, ours, theirs)
    for key in base.keys() | ours.keys() | theirs.keys():
        before, mine, other = base.get(key), ours.get(key), theirs.get(key)
        found = merged.ours.get(key), merged.theirs.get(key)
        if mine == other or other == before:
            assert found == (mine, mine)
        elif mine == before:
            assert found == (other, other)
        elif mine is None or other is None or weigh(mine, other) != "within noise":
            assert found == (mine, other), "a conflict keeps both"
        else:
            assert found[0] == found[1]
            assert found[0] in (mine, other)


@given(sides, sides, sides)
def test_sides_are_equal(base: Entries, ours: Entries, theirs: Entries) -> None:
    one, other = merge_three(base, ours, theirs), merge_three(base, theirs, ours)
    assert [key for key in one.ours if one.ours[key] != one.theirs.get(key)] == [
        key for key in one.ours if other.theirs[key] != other.ours.get(key)
    ]
    assert merge_three(base, base, ours).ours == merge_three(base, base, ours).theirs == ours
    assert merge_three(base, ours, base).ours == ours
    assert merge_three({}, ours, ours).theirs == ours


def test_of_two_answers_within_noise_the_better_known_one_counts() -> None:
    rough, fine = (replace(ENTRY, calls=2.0, transmission=(0.5, 0.5 - half, 0.5 + half)) for half in (0.2, 0.1))
    for ours, theirs in ((rough, fine), (fine, rough)):
        merged = merge_three(held(ENTRY), held(ours), held(theirs))
        assert merged.ours == merged.theirs == held(fine)
    declared = merge_three(held(ENTRY), held(rough), held(replace(fine, limit=0.2)))
    assert declared.ours != declared.theirs, "what was declared is no matter of noise"


@given(sides, sides, sides)
def test_either_side_of_the_marks_is_a_whole_file(base: Entries, ours: Entries, theirs: Entries) -> None:
    merged = merge_three(base, ours, theirs)
    text = merged.text()
    assert parse(resolve(text, "ours")) == merged.ours
    assert parse(resolve(text, "theirs")) == merged.theirs
    if merged.ours != merged.theirs:
        line = text[: text.index("<<<<<<<")].count("\n") + 1
        with pytest.raises(InputError, match=rf"unresolved merge: line {line} is '<<<<<<< ours'"):
            parse(text)


@given(sides.filter(bool))
def test_without_a_conflict_the_text_is_that_of_the_file(path: Path, entries: Entries) -> None:
    lockfile.write(path, entries)
    assert merge_three({}, entries, entries).text() == path.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("lock") / "lock.json"


def test_a_large_file(path: Path) -> None:
    many = held(*(replace(entry(f"test_{index:04}"), calls=float(index % 7 + 1)) for index in range(5000)))
    ours = {key: replace(one, calls=9.0) if index % 50 == 0 else one for index, (key, one) in enumerate(many.items())}
    theirs = {key: replace(one, calls=8.0) if index % 75 == 0 else one for index, (key, one) in enumerate(many.items())}
    merged = merge_three(many, ours, theirs)
    assert len(list(differences(merged.ours, merged.theirs))) == len(range(0, 5000, 150))
    assert merged.text().count("<<<<<<< ours\n") == len(range(0, 5000, 150))
    assert len(lay_out_lock(many, 80).rows) == 5000

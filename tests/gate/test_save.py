"""``--speedbump-save``: what did not run stays, what is gone goes, and the file is whole at every moment."""

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
from locked import NAME, entry, guarded, lock, locked, names_in
from suite import Suite

from pytest_speedbump.lockfile import file as lockfile
from pytest_speedbump.lockfile.entry import name_of

SAVE = ("--speedbump-save", "-ra")  # its path is left out, so no test may follow at once
BOTH = guarded("test_a", "test_b")


def test_a_second_save_changes_no_byte(suite: Suite) -> None:
    lock(suite, entry("test_a"), entry("test_b"))
    before = (suite.path / NAME).read_bytes()
    run = suite.run(BOTH, *SAVE, "--speedbump-tolerance=50%")
    assert run.code == 0
    run.pytest.stdout.fnmatch_lines(f"speedbump: {NAME}: nothing changed")
    assert (suite.path / NAME).read_bytes() == before


def test_what_an_entry_holds(suite: Suite) -> None:
    tests = """
    @pytest.mark.speedbump_insensitive("work.leaf", "!work.other", delay="100us", mode="nogil", budget="99%")
    def test_it(speedbump):
        speedbump(work.call)
    """
    run = suite.run(tests, *SAVE)
    assert run.code == 0
    (held,) = locked(suite).values()
    assert held.key == ("test_it.py::test_it", ("work.leaf", "!work.other"), "nogil", 100e3, 0.0, 1)
    assert (held.calls, held.kind, held.limit) == (1.0, "insensitive", 0.99)
    for name, triple in (("drop", held.drop), ("transmission", held.transmission)):
        found = [run.result[name][end] for end in ("estimate", "low", "high")]
        assert triple == pytest.approx(found, rel=1e-3)


@pytest.mark.parametrize(
    "options",
    [
        ("-k", "test_a"),
        ("test_it.py::test_a",),
        ("--deselect", "test_it.py::test_b"),
        ("-p", "cacheprovider", "--lf"),
        ("test_other.py", "--speedbump-target=work.leaf", "--speedbump-advisory"),
        ("--collect-only",),
    ],
    ids=" ".join,
)
def test_entries_of_tests_that_were_not_selected_stay(suite: Suite, options: tuple[str, ...]) -> None:
    lock(suite, entry("test_a"), entry("test_b"))
    suite.write("test_other.py", "def test_other():\n    pass\n")
    cache = suite.path / ".pytest_cache/v/cache"
    cache.mkdir(parents=True)
    (cache / "lastfailed").write_text('{"test_it.py::test_a": true}')
    assert suite.run(BOTH, *SAVE, *options).code == 0
    assert names_in(suite) == ["test_a", "test_b"]


@pytest.mark.parametrize("option", ["-x", "--maxfail=1"])
def test_entries_of_tests_that_were_not_reached_stay(suite: Suite, option: str) -> None:
    lock(suite, entry("test_a"), entry("test_b"), entry("test_gone"))
    assert suite.run(guarded("test_a", body="assert False") + guarded("test_b"), *SAVE, option).code == 1
    assert names_in(suite) == ["test_a", "test_b", "test_gone"]


def test_entries_of_tests_that_a_conftest_filters_in_silence_stay(suite: Suite) -> None:
    """As plugins do that share tests out among machines."""
    lock(suite, entry("test_a"), entry("test_b"))
    suite.write("conftest.py", "def pytest_collection_modifyitems(items):\n    items[:] = items[:1]\n")
    assert suite.run(BOTH, *SAVE).code == 0
    assert names_in(suite) == ["test_a", "test_b"]


def test_entries_of_tests_that_ran_without_measuring_stay(suite: Suite) -> None:
    lock(suite, entry("test_a"), entry("test_b"))
    tests = (
        guarded("test_a")
        + """
    @pytest.mark.speedbump("work.leaf", delay="100us")
    def test_b(benchmark):
        benchmark(work.call)
    """
    )
    assert suite.run(tests, *SAVE, "--benchmark-disable").code == 0
    assert names_in(suite) == ["test_a", "test_b"]


def test_entries_of_a_file_that_does_not_import_stay(suite: Suite) -> None:
    lock(suite, entry("test_a"), entry("test_other.py::test_c"))
    suite.write("test_other.py", "import nothing_of_that_name\n")
    assert suite.run(guarded("test_a"), *SAVE, "--continue-on-collection-errors").code == 1
    assert suite.run(guarded("test_a"), *SAVE).code == 2
    assert names_in(suite) == ["test_a", "test_other.py::test_c"]


def test_a_crash_leaves_the_file_alone(suite: Suite) -> None:
    lock(suite, entry("test_a"), entry("test_b"))
    before = (suite.path / NAME).read_bytes()
    tests = guarded("test_new") + guarded("test_a", body="import os; os._exit(3)") + guarded("test_b")
    assert suite.run(tests, *SAVE).code == 3
    assert (suite.path / NAME).read_bytes() == before


def test_what_is_gone_goes(suite: Suite) -> None:
    suite.write("test_other.py", "def test_it():\n    pass\n")
    unmarked, renamed, deleted = entry("test_other.py::test_it"), entry("test_old"), entry("test_gone.py::test_it")
    lock(suite, entry("test_a"), entry("test_b"), unmarked, renamed, deleted)
    run = suite.run(guarded("test_a") + guarded("test_b", body="assert False"), *SAVE)
    assert run.code == 1
    assert names_in(suite) == ["test_a", "test_b"]
    for one in (unmarked, renamed, deleted):
        assert f"speedbump: {NAME}: removed: {name_of(one.key)}" in run.out


def test_a_target_that_is_not_called_any_more_is_removed(suite: Suite) -> None:
    lock(suite, entry("test_a"))
    run = suite.run(guarded("test_a", body="speedbump(work.other)"), *SAVE)
    assert run.code == 1, "a marker's target must run"
    run.pytest.stdout.fnmatch_lines(f"speedbump: {NAME}: removed: test_it.py::test_a * work.leaf never ran *")
    assert names_in(suite) == []


def test_listing_saves_nothing(suite: Suite) -> None:
    lock(suite, entry("test_a"))
    before = (suite.path / NAME).read_bytes()
    assert suite.run(BOTH, *SAVE, "--speedbump-list").code == 0
    assert (suite.path / NAME).read_bytes() == before


SAVER = """
import sys
from pathlib import Path
from pytest_speedbump.lockfile import file as lockfile

path, *sources = map(Path, sys.argv[1:])
held = [lockfile.read(source) for source in sources]
print("ready", flush=True)
while True:
    for one in held:
        lockfile.write(path, one)
"""


def test_a_kill_at_any_moment_of_a_save_leaves_the_old_file_or_the_new_one(tmp_path: Path) -> None:
    """Both files are long: a write in place would often be caught in the middle."""
    contents = []
    for index, size in enumerate([150, 250]):
        source = tmp_path / f"source{index}.json"
        held = [entry(f"test_{index}_{number}") for number in range(size)]
        lockfile.write(source, {one.key: one for one in held})
        contents.append(source.read_bytes())
    path = tmp_path / NAME
    path.write_bytes(contents[0])
    moments = random.Random(4)
    seen: set[bytes] = set()
    tries = 0
    while tries < 12 or (len(seen) < 2 and tries < 200):  # on a busy machine it may be killed before its first save
        tries += 1
        command = [
            sys.executable,
            "-c",
            SAVER,
            str(path),
            str(tmp_path / "source0.json"),
            str(tmp_path / "source1.json"),
        ]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as saver:
            assert saver.stdout is not None
            assert saver.stdout.readline() == b"ready\n"
            time.sleep(moments.uniform(0, 0.05))
            saver.kill()
        assert path.read_bytes() in contents
        seen.add(path.read_bytes())
    assert len(seen) == 2, "it was killed after saves of either"

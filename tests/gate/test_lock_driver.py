"""``speedbump lock merge`` as git's merge driver of the lockfile: merges, rebases and cherry-picks of two branches."""

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from locked import NAME, changes, entry, guarded
from repository import Repository, lock_command, write_lock
from suite import Suite

from pytest_speedbump.errors import InputError
from pytest_speedbump.lockfile import file as lockfile
from pytest_speedbump.lockfile.entry import Entry

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")

A, B, C = entry("test_a"), entry("test_b"), entry("test_c")


def more(one: Entry, calls: float = 2.0) -> Entry:
    return replace(one, calls=calls)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = Repository(tmp_path / "a clone")
    made.set_driver()
    return made


@pytest.mark.parametrize("way", ["merge", "rebase", "cherry-pick"])
def test_branches_that_change_different_entries_do_not_conflict(repository: Repository, way: str) -> None:
    zero, four = entry("test_0"), entry("test_d")
    repository.lock(A, B, C)
    repository.branch("theirs", zero, more(A), B)
    repository.branch("ours", A, more(B), C, four)
    repository.git(way, "theirs")
    assert repository.held() == [zero, more(A), more(B), four]
    assert repository.git("status", "--porcelain") == ""


def test_git_by_itself_finds_a_conflict_in_them(tmp_path: Path) -> None:
    """Where it stops finding one, the driver is no longer needed."""
    repository = Repository(tmp_path)
    repository.lock(A)
    repository.branch("theirs", A, C)
    repository.branch("ours", A, B)
    repository.git("merge", "theirs", status=1)


def test_a_file_that_both_branches_add(repository: Repository) -> None:
    repository.branch("theirs", A, C)
    repository.branch("ours", B, C)
    repository.git("merge", "theirs")
    assert repository.held() == [A, B, C]


def test_a_conflict_is_git_s_own_and_either_side_can_be_taken(repository: Repository) -> None:
    repository.lock(A, B, C)
    repository.branch("theirs", A, more(B, 3.0), C)
    repository.branch("ours", A, more(B), more(C))
    said = repository.git("merge", "theirs", status=1)
    assert f"CONFLICT (content): Merge conflict in {NAME}" in said
    assert (
        f"speedbump: {NAME}: conflict, from ours to theirs grown: test_it.py::test_b [work.leaf +100us]: drop" in said
    )
    assert repository.git("status", "--porcelain") == f"UU {NAME}\n"
    with pytest.raises(InputError, match=r"holds an unresolved merge: line \d+ is '<<<<<<< ours'"):
        repository.held()
    text = (repository.path / NAME).read_text()
    assert text.count("<<<<<<<") == 1
    # By hand: what the marks and one side leave.
    ours, _, rest = text.partition("<<<<<<< ours\n")
    (repository.path / NAME).write_text(ours + rest.partition("=======\n")[2].replace(">>>>>>> theirs\n", ""))
    assert repository.held() == [A, more(B, 3.0), more(C)]
    # By git's own means, which begin anew.
    repository.git("checkout", "--merge", NAME)
    assert (repository.path / NAME).read_text() == text
    repository.git("checkout", "--theirs", NAME)
    assert repository.held() == [A, more(B, 3.0), C]
    repository.git("checkout", "--ours", NAME)
    assert repository.held() == [A, more(B), more(C)]
    repository.git("add", NAME)
    repository.git("commit", "-q", "--no-edit")


def test_changed_here_and_removed_there(repository: Repository) -> None:
    """Of the last entry, behind which there is no comma."""
    repository.lock(A, B)
    repository.branch("theirs", A)
    repository.branch("ours", A, more(B))
    assert "from ours to theirs removed: test_it.py::test_b" in repository.git("merge", "theirs", status=1)
    text = (repository.path / NAME).read_text()
    head, _, rest = text.partition("<<<<<<< ours\n")
    ours, _, rest = rest.partition("=======\n")
    theirs, _, tail = rest.partition(">>>>>>> theirs\n")
    for side, expected in ((ours, [A, more(B)]), (theirs, [A])):
        (repository.path / NAME).write_text(head + side + tail)
        assert repository.held() == expected


@pytest.mark.parametrize("recursive", ["binary", "speedbump"])
def test_branches_that_merged_each_other(repository: Repository, recursive: str) -> None:
    """Two common ancestors, of which git makes one by a merge that may itself conflict."""
    repository.git("config", "merge.speedbump.recursive", recursive)
    repository.lock(A, B)
    repository.branch("theirs", A, more(B, 3.0))
    repository.branch("ours", A, more(B, 5.0))
    # Each merges the other, and resolves in its own way.
    repository.git("checkout", "-q", "-b", "crossed", "ours")
    for branch, other, resolved in (("crossed", "theirs", more(B, 3.0)), ("theirs", "ours", more(B, 5.0))):
        repository.git("checkout", "-q", branch)
        repository.git("merge", other, status=1)
        repository.lock(A, resolved, *([C] if branch == "crossed" else []))
    said = repository.git("merge", "crossed", status=1)
    assert "Merge conflict" in said
    if recursive == "binary":
        lines = (repository.path / NAME).read_text().splitlines()
        assert lines.count("<<<<<<< ours") == 1
        assert "test_c" in "\n".join(lines), "what is in no conflict is merged"
    else:
        assert "side base, holds an unresolved merge" in said
        assert repository.held() == [A, more(B, 5.0)], "what cannot be merged is left as it was, and git knows"
    assert repository.git("status", "--porcelain") == f"UU {NAME}\n"


def test_a_side_that_cannot_be_read_is_a_conflict_that_git_knows_of(repository: Repository) -> None:
    repository.lock(A)
    repository.branch("theirs", A, C)
    path = repository.path / NAME
    path.write_text(path.read_text().replace('"calls": 1.0', '"calls": 9.0', 1))
    repository.commit()
    repository.branch("ours", A, B)
    said = repository.git("merge", "theirs", status=1)
    assert f"speedbump: lockfile '{NAME}', side theirs, was edited by hand or is broken: the entry of test_it" in said
    assert repository.git("status", "--porcelain") == f"UU {NAME}\n"
    assert repository.held() == [A, B]


def test_a_driver_that_cannot_run_is_a_conflict_and_loses_nothing(repository: Repository) -> None:
    """git takes a command that does not exist, or a package that is not installed, for a conflict."""
    repository.lock(A)
    repository.branch("theirs", A, C)
    repository.branch("ours", A, B)
    repository.set_driver(f"'{sys.executable}' -S -E -m pytest_speedbump lock merge %O %A %B")
    repository.git("merge", "theirs", status=1)
    assert repository.git("status", "--porcelain") == f"UU {NAME}\n"


def test_what_a_merge_leaves_is_compared_with(suite: Suite) -> None:
    repository = Repository(suite.path)
    (suite.path / ".gitignore").write_text("*\n!.speedbump.json\n!.git*\n")
    repository.set_driver()
    repository.branch("theirs", entry("test_a"))
    repository.branch("ours", entry("test_b", transmission=0.0))
    repository.git("merge", "theirs")
    run = suite.run(guarded("test_a", "test_b"), "--speedbump-compare", "-ra")
    assert (run.code, changes(run.results)) == (1, {"test_a": "kept", "test_b": "grown"})


# ---- without git ----


def test_the_command_itself(tmp_path: Path) -> None:
    for name, entries in (("base", [A]), ("ours", [A, B]), ("theirs", [more(A), C])):
        write_lock(tmp_path / name, *entries)
    before = (tmp_path / "ours").read_bytes()
    lock_command(tmp_path, "merge", "base", "ours", "theirs", "-o", "all")
    assert (tmp_path / "ours").read_bytes() == before
    merged = (tmp_path / "all").read_bytes()
    done = lock_command(tmp_path, "merge", "base", "ours", "theirs", "--output=-")
    assert (done.stdout.encode(), done.stderr) == (merged, "")
    # Through a link, over a file that nobody may write to: it is replaced, and the link stays.
    (tmp_path / "ours").chmod(0o444)
    (tmp_path / "link").symlink_to("ours")
    lock_command(tmp_path, "merge", "base", "link", "theirs")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "ours").read_bytes() == merged
    assert sorted(path.name for path in tmp_path.iterdir()) == ["all", "base", "link", "ours", "theirs"]
    (tmp_path / "empty").touch()
    lock_command(tmp_path, "merge", "empty", "theirs", "theirs")
    (tmp_path / "ours").write_text("<<<<<<< HEAD\n")
    done = lock_command(tmp_path, "merge", "base", "ours", "theirs", "--path=x\x1b.json", status=1)
    assert "lockfile 'x\\\\x1b.json', side ours, holds an unresolved merge: line 1 is '<<<<<<< HEAD'" in done.stderr
    assert (tmp_path / "ours").read_text() == "<<<<<<< HEAD\n"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["base", "ours"], "lock merge: the following arguments are required: THEIRS; `speedbump lock merge --help`"),
        (["base", "ours", "ours", "ours"], "lock merge: 'ours' is one word too many; `speedbump lock merge --help`"),
        (["base", "ours", "none"], "lock merge: nothing was merged: 'none': No such file or directory; mend that"),
        (["base", "ours", "ours", "-o", "no/x"], "lock merge: --output 'no/x' cannot be written: make the directory"),
        (["base", "ours", "ours", "--outputs=x"], "lock merge: option --outputs is unknown; did you mean --output?"),
        (["base", ".", "ours"], "lock merge: nothing was merged: '.': Is a directory; mend that"),
    ],
)
def test_what_is_no_merge_at_all_fails_as_git_wants_it(tmp_path: Path, arguments: list[str], says: str) -> None:
    """Over 128, which is no conflict: git gives the merge up."""
    for name in ("base", "ours"):
        write_lock(tmp_path / name, A)
    done = lock_command(tmp_path, "merge", *arguments, status=255)
    assert done.stderr.startswith(f"speedbump: {says}")
    assert done.stderr.count("\n") == 1


FULL = """
mount -t tmpfs -o size=64k none "$1" && cp base ours theirs "$1" && cd "$1"
before=$(cksum < ours)
head -c 1000000 /dev/zero > zeros 2>/dev/null
"$2" -m pytest_speedbump lock merge base ours theirs
echo "exit $?"
test "$before" = "$(cksum < ours)" && ls -A
"""


def test_a_full_disk_leaves_the_old_file(tmp_path: Path) -> None:
    unshare = ["unshare", "-m"] if os.geteuid() == 0 else ["unshare", "-rm"]
    if shutil.which("unshare") is None or subprocess.run([*unshare, "true"], capture_output=True).returncode:
        pytest.skip("no mount namespace can be made here")
    write_lock(tmp_path / "base")
    write_lock(tmp_path / "ours", *(entry(f"test_{index}") for index in range(40)))
    write_lock(tmp_path / "theirs", *(entry(f"test_other_{index}") for index in range(40)))
    (tmp_path / "full").mkdir()
    command = [*unshare, "sh", "-c", FULL, "sh", "full", sys.executable]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.stderr == "speedbump: lock merge: nothing was merged: No space left on device; mend that\n"
    assert done.stdout.split("\n") == ["exit 255", "base", "ours", "theirs", "zeros", ""]


def test_writers_at_once_leave_one_of_the_results(tmp_path: Path) -> None:
    lock_of = {"base": [], "ours": [A], "one": [B], "other": [C]}
    for name, entries in lock_of.items():
        write_lock(tmp_path / name, *entries)
    commands = [
        [sys.executable, "-m", "pytest_speedbump", "lock", "merge", "base", "ours", theirs]
        for theirs in ("one", "other") * 2
    ]
    started = [subprocess.Popen(command, cwd=tmp_path) for command in commands]
    assert [one.wait(60) for one in started] == [0] * 4
    assert set(lockfile.read(tmp_path / "ours")) - {A.key, B.key, C.key} == set()
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(lock_of)

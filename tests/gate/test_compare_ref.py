"""``--speedbump-compare-ref``: the gate on the lockfile of another git revision."""

import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from textwrap import dedent

import pytest
from locked import NAME, changes, entry, guarded, lock, locked, names_in
from repository import Repository, lock_command, write_lock
from suite import Suite

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")

REF = "--speedbump-compare-ref"
GROWN = entry("test_it", transmission=0.0)


@pytest.fixture
def repository(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """Of the suite's folder, with lockfiles in it alone."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    made = Repository(suite.path)
    (suite.path / ".gitignore").write_text("*\n!*/\n!*.json\n!.gitignore\nspeedbump.json\n")
    made.commit()
    return made


def test_what_has_grown_since_another_revision(suite: Suite, repository: Repository) -> None:
    repository.lock(GROWN, entry("test_gone"), entry("test_other"))
    repository.git("tag", "v1")
    lock(suite, entry("test_it"))
    tests = guarded("test_it", "test_other", "test_new")
    ref = (f"{REF}=v1", f"--speedbump-compare={NAME}")
    run = suite.run(tests, *ref, "--speedbump-save=new.json", "--deselect=test_it.py::test_other", "-ra")
    assert (run.code, changes(run.results)) == (1, {"test_it": "grown", "test_new": "new"})
    assert [result["lock"]["ref"] for result in run.results] == ["v1", "v1"]
    assert run.document["family"]["verdicts"] == 3 + 3, "declarations and comparisons"
    run.pytest.stdout.fnmatch_lines_random([
        "speedbump: work.leaf slowed by 100us a call: grown since the lockfile of v1 was written: it costs *",
        "  If this is meant, accept it with --speedbump-save in v1, and let this run pass with --speedbump-advisory.",
        "*test_new *lockfile of v1: new: not in the lockfile yet; --speedbump-save adds it",
        "speedbump: not compared: 1 entry of the lockfile of v1, whose tests did not run or failed themselves",
        "speedbump: the run fails: lockfile of v1: test_it.py::test_gone [[]work.leaf +100us[]]: its test is gone *",
        "speedbump: new.json: changed: test_it.py::test_it *",
    ])  # fmt: skip
    assert names_in(suite, "new.json") == ["test_it", "test_new", "test_other"], "it began with what was compared with"
    assert names_in(suite) == ["test_it"]

    advisory = suite.run(tests, *ref, "--speedbump-advisory", "-ra")
    assert advisory.code == 0

    # The one in the working tree is another one.
    assert suite.run(guarded("test_it"), "--speedbump-compare", "-ra").code == 0


def test_what_is_saved_goes_to_the_file_that_is_compared_in_the_revision(suite: Suite, repository: Repository) -> None:
    """An ini file names both; an entry that was accepted in this branch alone is not accepted in the other."""
    write_lock(suite.path / "held.json", GROWN)
    repository.commit()
    suite.write("pytest.ini", "[pytest]\nspeedbump_compare_ref = HEAD\nspeedbump_save = held.json\n")
    run = suite.run(guarded("test_it"))
    assert (run.code, changes(run.results)) == (1, {"test_it": "grown"})
    (saved,) = locked(suite, "held.json").values()
    assert saved != GROWN
    run = suite.run(guarded("test_it"))
    assert (run.code, changes(run.results)) == (1, {"test_it": "grown"})
    repository.commit()
    run = suite.run(guarded("test_it"))
    assert changes(run.results) != {"test_it": "grown"}


# ---- which file of which repository ----


def test_the_file_is_that_of_the_root_directory_in_the_repository_that_holds_it(
    suite: Suite, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another repository, which the environment of a hook names, is none of it."""
    root = suite.path / "sub" / "project"
    root.mkdir(parents=True)
    (root / "pytest.ini").write_text("[pytest]\npythonpath = ../..\n")
    (root / "test_it.py").write_text("import pytest\nimport work\n" + dedent(guarded("test_it")))
    write_lock(root / NAME, GROWN)
    repository.lock(entry("test_it"))
    (root / NAME).unlink()

    def change(*options: str) -> str:
        run = suite.run("", f"{REF}=HEAD", "--config-file=sub/project/pytest.ini", *options, "sub/project/test_it.py")
        return changes(run.results)["test_it"]

    other = Repository(suite.path / "other")
    other.lock(entry("test_it"))
    monkeypatch.setenv("GIT_DIR", str(other.path / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other.path))
    assert change() == "grown"
    monkeypatch.setenv("GIT_DIR", ".git")  # as hooks have it, from the top of their working tree
    monkeypatch.setenv("GIT_INDEX_FILE", ".git/index")
    assert change(f"--speedbump-compare=./{NAME}") == "kept"


def test_worktrees_bare_clones_links_and_odd_names(suite: Suite, repository: Repository) -> None:
    odd = os.fsdecode(b"sub-\xff \n\x1b")
    far = suite.path / odd
    far.mkdir()
    write_lock(far / NAME, GROWN)
    (suite.path / "link.json").symlink_to(f"{odd}/{NAME}")
    (suite.path / "away.json").symlink_to("/etc/hostname")
    repository.commit()
    assert lock_command(suite.path, "diff", "--ref=main", "link.json").stdout == ""
    (far / NAME).unlink()
    write_lock(far / NAME, entry("test_it"))
    for folder, path in ((suite.path, "link.json"), (far, NAME), (suite.path, str(far / NAME))):
        assert "grown: test_it.py::test_it" in lock_command(folder, "diff", path, status=1).stdout
    assert "which is no file there" in lock_command(suite.path, "diff", "away.json", status=4).stderr
    repository.git("worktree", "add", "-q", "--detach", "tree", "main")
    assert lock_command(suite.path / "tree", "diff", "link.json").stdout == ""
    repository.git("clone", "-q", "--bare", ".", "bare.git")
    repository.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", "-f", "./bare.git", "module")
    assert lock_command(suite.path / "module", "diff", "link.json").stdout == ""
    assert lock_command(suite.path, "diff", "module/link.json").stdout == "", "the submodule's HEAD"
    says = lock_command(suite.path / "bare.git", "diff", status=4).stderr
    assert "--ref 'HEAD' cannot be looked up in '.': git says: relative path syntax can't be used outside" in says


def test_no_command_of_the_repository_s_settings_runs(suite: Suite, repository: Repository) -> None:
    repository.lock(entry("test_it"))
    (suite.path / ".gitattributes").write_text("*.json diff=spy filter=spy\n")
    spy = f"sh -c 'touch \"{suite.path}/spied\"; cat' --"
    for key in ("diff.spy.textconv", "diff.spy.command", "filter.spy.smudge", "filter.spy.clean", "core.pager"):
        repository.git("config", key, spy)
    for key in ("diff.external", "core.fsmonitor", "pager.cat-file", "core.sshCommand", "core.editor"):
        repository.git("config", key, spy)
    assert lock_command(suite.path, "diff", GIT_EXTERNAL_DIFF=spy, GIT_PAGER=spy).stdout == ""
    assert not (suite.path / "spied").exists()
    repository.git("cat-file", "--textconv", f"HEAD:{NAME}")
    assert (suite.path / "spied").exists(), "this would have run one"


# ---- what is refused, before any test runs ----


def nothing(repository: Repository) -> None:
    pass


def shallow(repository: Repository) -> None:
    commit = repository.commit()
    (repository.path / ".git" / "shallow").write_text(f"{commit}\n")


def with_origin(repository: Repository) -> None:
    repository.git("update-ref", "refs/remotes/origin/stable", "HEAD")


def broken(repository: Repository) -> None:
    (repository.path / NAME).write_text("<<<<<<< HEAD\n")
    repository.commit()


def folder(repository: Repository) -> None:
    (repository.path / NAME).mkdir()
    (repository.path / NAME / "x.json").touch()
    repository.git("add", "-f", NAME)
    repository.commit()
    shutil.rmtree(repository.path / NAME)


@pytest.mark.parametrize(
    ("prepare", "ref", "says"),
    [
        (nothing, "nope", "'nope' is no revision in {root!r}; write a branch, a tag or a commit that `git log` takes"),
        (nothing, "main~9", "'main~9' is no revision in {root!r}; write a branch, a tag or a commit that `git log`"),
        (nothing, "0" * 40, "'0000000000000000000000000000000000000000' is no revision in {root!r}; write a branch"),
        (nothing, "HEAD:.gitignore", "'HEAD:.gitignore' is no revision in {root!r}; write the revision alone, without"),
        (nothing, "", "'' is no revision; write a branch, a tag or a commit, as origin/main"),
        (nothing, "-x", "'-x' is no revision; write a branch, a tag or a commit, as origin/main"),
        (nothing, "--all", "'--all' is no revision; write a branch, a tag or a commit, as origin/main"),
        (nothing, "--output=x", "'--output=x' is no revision; write a branch, a tag or a commit, as origin/main"),
        (nothing, "main;touch x", "'main;touch x' is no revision in {root!r}; write a branch"),
        (nothing, "main", "'main' holds no lockfile {path!r}; commit it there first, or name the path that it has"),
        (shallow, "HEAD~1", "'HEAD~1' is no revision in {root!r}; this clone is shallow: fetch it first, as with "),
        (with_origin, "stable", "'stable' is no revision in {root!r}; did you mean origin/stable?"),
        (folder, "main", "'main' holds lockfile {path!r}, which is no file there; name the file that was saved"),
    ],
)
def test_what_is_no_revision(
    suite: Suite, repository: Repository, prepare: Callable[[Repository], None], ref: str, says: str
) -> None:
    prepare(repository)
    sentence = suite.refuse(guarded("test_it"), f"{REF}={ref}")
    assert sentence.startswith(f"{REF} " + says.format(root=str(suite.path), path=str(suite.path / NAME)))
    assert not list(suite.path.glob("x"))


def test_a_lockfile_that_cannot_be_read_there(suite: Suite, repository: Repository) -> None:
    broken(repository)
    sentence = suite.refuse(guarded("test_it"), f"{REF}=HEAD")
    assert sentence == (
        f"lockfile {str(suite.path / NAME)!r} of 'HEAD' holds an unresolved merge: line 1 is '<<<<<<< HEAD'; "
        "resolve it, or take one side and run --speedbump-save"
    )
    (suite.path / NAME).write_text("{}")
    repository.commit()
    assert suite.refuse(guarded("test_it"), f"{REF}=HEAD").endswith("it has no schema; name another revision")


def test_where_there_is_no_repository_or_no_git(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(suite.path.parent))
    sentence = suite.refuse(guarded("test_it"), f"{REF}=main")
    assert sentence == (
        f"{REF} 'main' cannot be looked up in {str(suite.path)!r}: git says: not a git repository (or any of the "
        "parent directories): .git; run it in a clone that git can read"
    )
    monkeypatch.setenv("PATH", str(suite.path))
    assert suite.refuse(guarded("test_it"), f"{REF}=main") == (
        f"{REF} 'main' cannot be looked up: git is not installed; install it"
    )
    suite.write("pytest.ini", "[pytest]\nspeedbump_compare_ref =\n")
    assert suite.refuse(guarded("test_it")).startswith("ini key speedbump_compare_ref '' is no revision; write")


def test_without_any_target_it_does_nothing_and_says_so(suite: Suite, repository: Repository) -> None:
    repository.lock(entry("test_other.py::test_it"))
    plain = "def test_plain():\n    pass\n"
    assert suite.refuse(plain, f"{REF}=HEAD").startswith(f"{REF} does nothing: no test is marked with speedbump")
    # An entry of this file: its marker was taken away, and that is what is to be told.
    repository.lock(entry("test_plain"))
    run = suite.run(plain, f"{REF}=HEAD")
    assert run.code == 1
    run.pytest.stdout.fnmatch_lines(
        "speedbump: the run fails: lockfile of HEAD: test_it.py::test_plain * its test ran and does not measure it *"
    )


def test_workers_of_xdist_compare_and_their_controller_gates(suite: Suite, repository: Repository) -> None:
    pytest.importorskip("xdist", reason="pytest-xdist is not installed")
    repository.lock(GROWN, entry("test_gone"), replace(entry("test_b"), limit=0.2))
    plugins = ("benchmark", "speedbump", "xdist")
    options = (f"{REF}=HEAD", "-n2", "--speedbump-save=-")
    run = suite.run(guarded("test_it", "test_b"), *options, plugins=plugins)
    assert (run.code, changes(run.results)["test_it"]) == (1, "grown")
    assert {result["lock"]["ref"] for result in run.results} == {"HEAD"}
    run.pytest.stdout.fnmatch_lines("speedbump: the run fails: lockfile of HEAD: test_it.py::test_gone * is gone *")
    sentence = f"{REF} 'nope' is no revision"
    refused = suite.run(guarded("test_it"), f"{REF}=nope", "-n2", plugins=plugins)
    assert refused.code == 4
    assert sentence in str(refused.pytest.stderr)

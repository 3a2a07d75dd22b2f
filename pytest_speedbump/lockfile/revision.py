"""The lockfile as another git revision holds it."""

import os
import subprocess
from pathlib import Path

from pytest_speedbump.errors import InputError
from pytest_speedbump.lockfile.entry import Entry, Key
from pytest_speedbump.lockfile.file import parse

__all__ = ["read_revision"]

PATIENCE_S = 60.0  # with git, which may have to fetch what a partial clone left out

# Hooks of git hand these on. They name that hook's repository, which need not be the one that holds the lockfile.
_OF_ANOTHER = frozenset(
    f"GIT_{name}"
    for name in (
        *("DIR", "WORK_TREE", "COMMON_DIR", "INDEX_FILE", "OBJECT_DIRECTORY"),
        *("ALTERNATE_OBJECT_DIRECTORIES", "NAMESPACE", "PREFIX"),
    )
)
_AS_COMMIT = "^{commit}"


def read_revision(ref: str, path: Path, option: str) -> dict[Key, Entry]:
    """The entries that ``path`` had in ``ref``: a branch, a tag, a commit, or what git makes of one, as ``HEAD~1``.

    The repository is that of the directory of ``path``, whatever the environment says. Nothing is checked out, and no
    command runs that the repository's settings name.

    Args:
        option: that gave ``ref``, as sentences call it.

    Raises:
        InputError: no git, no repository, no such revision, no lockfile in it, or a broken one.
    """
    said = f"{option} {ref!r}"
    if not ref.strip() or ref.startswith("-") or "\0" in ref:
        raise InputError(f"{said} is no revision; write a branch, a tag or a commit, as origin/main")
    folder = path.parent
    while not folder.is_dir():
        folder = folder.parent
    commit = _find_commit(ref, folder, said)
    name = os.fsencode(f"{commit}:./{path.relative_to(folder)}\n")
    done = _git(folder, said, "cat-file", "--batch", "--follow-symlinks", fed=name)
    header, _, data = done.stdout.partition(b"\n")
    held = f"lockfile {str(path)!r}"
    if header.endswith(b" missing"):
        raise InputError(f"{said} holds no {held}; commit it there first, or name the path that it has there")
    if header.split()[1:2] != [b"blob"]:
        raise InputError(f"{said} holds {held}, which is no file there; name the file that was saved")
    return parse(data[:-1], f"{held} of {ref!r}", "name another revision")


def _find_commit(ref: str, folder: Path, said: str) -> str:
    """In hexadecimal digits. Raises InputError."""

    def find(one: str) -> str:
        done = _git(folder, said, "rev-parse", "--verify", "--quiet", one + _AS_COMMIT, may_fail=True)
        return done.stdout.decode("ascii").strip()

    commit = find(ref)
    if commit:
        return commit
    mend = "write a branch, a tag or a commit that `git log` takes"
    if ":" in ref:
        mend = "write the revision alone, without a path"
    elif find(f"origin/{ref}"):
        mend = f"did you mean origin/{ref}?"
    elif _git(folder, said, "rev-parse", "--is-shallow-repository").stdout.strip() == b"true":
        mend = "this clone is shallow: fetch it first, as with `fetch-depth: 0` of actions/checkout"
    raise InputError(f"{said} is no revision in {str(folder)!r}; {mend}")


def _git(
    folder: Path, said: str, *arguments: str, fed: bytes = b"", may_fail: bool = False
) -> "subprocess.CompletedProcess[bytes]":
    """Runs git in ``folder``; with ``may_fail`` it may find nothing, which is exit code 1. Raises InputError."""
    environment = {name: value for name, value in os.environ.items() if name not in _OF_ANOTHER}
    environment |= {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0"}  # Nobody is asked for a password.
    try:
        done = subprocess.run(  # noqa: S603 - no shell, and a revision that begins with a dash is refused
            ["git", *arguments],  # noqa: S607 - the user's own
            cwd=folder, env=environment, input=fed, capture_output=True, timeout=PATIENCE_S, check=False,
        )  # fmt: skip
    except FileNotFoundError:
        raise InputError(f"{said} cannot be looked up: git is not installed; install it") from None
    except (OSError, subprocess.TimeoutExpired) as error:
        raise InputError(f"{said} cannot be looked up: {error}; mend that") from None
    if done.returncode == 0 or (may_fail and done.returncode == 1):
        return done
    lines = done.stderr.decode("utf-8", "backslashreplace").splitlines()
    reason = next((line.removeprefix("fatal: ") for line in lines if line.startswith("fatal: ")), "it failed")
    raise InputError(
        f"{said} cannot be looked up in {str(folder)!r}: git says: {reason}; run it in a clone that git can read"
    )

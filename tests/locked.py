"""Lockfiles as a run leaves them behind, made up."""

import json
from typing import Any

from suite import Suite

from pytest_speedbump.lockfile import file as lockfile
from pytest_speedbump.lockfile.entry import Entry, Key

NAME = ".speedbump.json"


def entry(name: str, *, transmission: float = 1.0) -> Entry:
    """Of a test of :func:`guarded`: of the delay of one call, so much reached the run time."""
    return Entry(
        test=name if "::" in name else f"test_it.py::{name}",
        targets=("work.leaf",),
        mode="spin",
        delay_ns=100e3,
        calls=1.0,
        drop=(0.9, 0.8, 0.95),
        transmission=(transmission, transmission - 0.01, transmission + 0.01),
        kind="sensitive",
        limit=0.1,
    )


def guarded(*names: str, body: str = "speedbump(work.call)") -> str:
    """Tests whose every call of ``work.leaf`` counts in full: 100 us, in a run of a few us.

    They declare what is plain: a verdict comes as soon as it can, however busy the machine.
    """
    return "\n".join(
        f"""
    @pytest.mark.speedbump_sensitive("work.leaf", delay="100us", at_least="10%")
    def {name}(speedbump):
        {body}
    """
        for name in names
    )


def lock(suite: Suite, *entries: Entry) -> None:
    lockfile.write(suite.path / NAME, {one.key: one for one in entries})


def locked(suite: Suite, name: str = NAME) -> dict[Key, Entry]:
    return lockfile.read(suite.path / name)


def names_in(suite: Suite, name: str = NAME) -> list[str]:
    """Of which tests there are entries."""
    return sorted(key[0].removeprefix("test_it.py::") for key in locked(suite, name))


def changes(results: list[dict[str, Any]]) -> dict[str, str]:
    """What the lockfile says about each test."""
    return {result["test"].rpartition("::")[2]: result["lock"]["kind"] for result in results}


def edited(suite: Suite, **changed: Any) -> None:
    """By hand, and badly."""
    document = json.loads((suite.path / NAME).read_text())
    document["entries"][0] |= changed
    (suite.path / NAME).write_text(json.dumps(document))

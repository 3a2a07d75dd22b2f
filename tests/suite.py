"""A small suite as a user has it, and pytest run over it as a user runs it."""

import json
from dataclasses import dataclass
from textwrap import dedent
from typing import Any

import pytest
from forks import Forks

# A call takes some 10 us, so that the delays of tests, 100 us and more, drown any noise.
WORK = """
def leaf(x=0):
    return x

def other():
    pass

def call(x=42):
    for _ in range(2000):
        pass
    other()
    return leaf(x)
"""

# Enough for a plain measurement whose precision does not matter.
BRIEFLY = "--speedbump-max-time=200ms"

# Of pytest-benchmark, whose own figures are of little interest here.
BRIEF = ("--benchmark-max-time=0.005", "--benchmark-calibration-precision=1")


@dataclass(frozen=True)
class Run:
    """One run of pytest. ``document`` is what ``--speedbump-json`` wrote, None where it wrote nothing."""

    pytest: pytest.RunResult
    document: Any

    @property
    def code(self) -> int:
        return int(self.pytest.ret)

    @property
    def out(self) -> str:
        return str(self.pytest.stdout)

    @property
    def counts(self) -> dict[str, int]:
        """``{"passed": 1}`` and so on, from pytest's last line."""
        return self.pytest.parseoutcomes()

    @property
    def results(self) -> list[dict[str, Any]]:
        results: list[dict[str, Any]] = self.document["results"]
        return results

    @property
    def result(self) -> dict[str, Any]:
        """The only one."""
        (result,) = self.results
        return result

    @property
    def refusal(self) -> str:
        """The one sentence of a usage error, and nothing ran."""
        lines = [line for line in self.pytest.errlines if line.strip()]
        assert (self.code, len(lines)) == (4, 1), f"{self.code}: {self.pytest.stderr}"
        assert "test_it.py ." not in self.out
        assert self.document is None
        return lines[0].removeprefix("ERROR: ")


class Suite:
    """A folder with ``work.py`` and, once run, ``test_it.py``. Of all plugins, pytest-benchmark and ours alone."""

    def __init__(self, pytester: pytest.Pytester, forks: Forks) -> None:
        self.pytester, self._forks = pytester, forks
        self.path = pytester.path
        pytester.makepyfile(work=WORK)

    def write(self, name: str, text: str) -> None:
        (self.path / name).write_text(dedent(text), encoding="utf-8")

    def read_json(self, name: str) -> Any:
        return json.loads((self.path / name).read_text(encoding="utf-8"))

    def run(self, tests: str, *options: str, plugins: tuple[str, ...] = ("benchmark", "speedbump")) -> Run:
        """Runs ``tests`` in a process of its own."""
        arguments = self._prepare(tests, plugins)
        if "speedbump" in plugins:
            arguments.append("--speedbump-max-time=2s")
        return self._read(self._forks.run(self.path, *arguments, *options))

    def refuse(self, tests: str, *options: str) -> str:
        """The one sentence that refuses the input. In this process: what is refused before any test arms nothing."""
        arguments = self._prepare(tests, ("benchmark", "speedbump"))
        self.pytester.syspathinsert()
        return self._read(self.pytester.runpytest_inprocess(*arguments, *options)).refusal

    def _prepare(self, tests: str, plugins: tuple[str, ...]) -> list[str]:
        self.write("test_it.py", "import pytest\nimport work\n" + dedent(tests))
        (self.path / "speedbump.json").unlink(missing_ok=True)
        arguments = ["-p", "no:cacheprovider"]
        for plugin in plugins:
            arguments += ["-p", plugin]
        if "benchmark" in plugins:
            arguments += BRIEF
        if "speedbump" in plugins:
            arguments += ["--speedbump-json=speedbump.json"]
        return arguments

    def _read(self, result: pytest.RunResult) -> Run:
        written = (self.path / "speedbump.json").exists()
        return Run(result, self.read_json("speedbump.json") if written else None)

"""CPython's own tests with all callables of C armed that can be, at no delay: the results must be those without.

    python tests/reach/cpython_suite.py [module of the test package ...]

Each module runs twice in a process of its own, armed and not. Prints what differs and how many calls were counted; exit
code 1 where an outcome differs, a place is not found as it was left, or nothing ran. Needs Python's ``test`` package.
"""

import ctypes
import io
import json
import re
import subprocess
import sys
import unittest
from typing import Any

MODULES = (
    *("test_array", "test_bisect", "test_builtin", "test_bytes", "test_binascii", "test_call", "test_codecs"),
    *("test_collections", "test_copy", "test_csv", "test_datetime", "test_decimal", "test_deque", "test_dict"),
    *("test_enumerate", "test_exceptions", "test_float", "test_functools", "test_generators", "test_hashlib"),
    *("test_heapq", "test_int", "test_itertools", "test_json", "test_list", "test_long", "test_math", "test_operator"),
    *("test_pickle", "test_random", "test_range", "test_re", "test_set", "test_str", "test_struct", "test_tuple"),
    *("test_weakref", "test_zlib"),
)

TARGETS = ["c:builtins.*", "c:str.*", "c:zlib.*", "c:_*", "c:math.*", "c:collections.*", "c:itertools.*", "c:re.*"]
TARGETS += ["c:functools.*", "c:operator.*", "c:datetime.*", "c:decimal.*", "c:array.*", "c:binascii.*", "c:time.*"]

type Outcomes = dict[str, str]


class Recorder(unittest.TextTestResult):
    """Remembers how each test ended."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.outcomes: Outcomes = {}

    def startTest(self, test: unittest.TestCase) -> None:  # noqa: N802 - unittest's name
        super().startTest(test)
        self.outcomes.setdefault(test.id(), "passed")

    def addError(self, test: unittest.TestCase, err: Any) -> None:  # noqa: N802 - unittest's name
        super().addError(test, err)
        self.outcomes[test.id()] = f"error {err[0].__name__}"

    def addFailure(self, test: unittest.TestCase, err: Any) -> None:  # noqa: N802 - unittest's name
        super().addFailure(test, err)
        self.outcomes[test.id()] = "failed"

    def addSubTest(self, test: unittest.TestCase, subtest: unittest.TestCase, err: Any) -> None:  # noqa: N802 - unittest's name
        super().addSubTest(test, subtest, err)
        if err is not None:
            self.outcomes[re.sub("0x[0-9a-f]+", "", subtest.id())] = "failed"

    def addSkip(self, test: unittest.TestCase, reason: str) -> None:  # noqa: N802 - unittest's name
        super().addSkip(test, reason)
        self.outcomes[test.id()] = "skipped"


def run(module: str, armed: bool) -> dict[str, Any]:
    """In this process: the outcomes of a module's tests; armed, how many were armed, called and not put back."""
    from pytest_speedbump import _core
    from pytest_speedbump.slowing.callables import find_callables

    suite = unittest.defaultTestLoader.loadTestsFromName(f"test.{module}")
    runner = unittest.TextTestRunner(io.StringIO(), resultclass=Recorder, verbosity=0)
    if not armed:
        return {"outcomes": _outcomes(runner.run(suite))}
    patterns = _core.Patterns(TARGETS)
    found = find_callables(patterns)
    places = [_core.place_of(thing) for _, _, thing, _ in found]
    pointers = [ctypes.c_void_p.from_address(int(place)) for place in places]
    before = [pointer.value for pointer in pointers]
    session = _core.Session(patterns, "spin", "CPython's tests", found)
    with session:
        session.set_delay(0)
        result = runner.run(suite)
    left = [found[i][1] for i, pointer in enumerate(pointers) if pointer.value != before[i]]
    return {"outcomes": _outcomes(result), "armed": len(found), "calls": session.totals()[0], "left": left}


def _outcomes(result: unittest.TestResult) -> Outcomes:
    assert isinstance(result, Recorder)
    return result.outcomes


def run_apart(module: str, how: str) -> dict[str, Any]:
    """The same in a process of its own; what it said where it ended in another way."""
    done = subprocess.run([sys.executable, __file__, how, module], capture_output=True, text=True, timeout=900)
    try:
        said: dict[str, Any] = json.loads(done.stdout.rpartition("\n@")[2])
    except ValueError:
        said = {"outcomes": {"the process": f"{done.returncode}: {done.stderr[-500:]}"}}
    return said


def main(modules: list[str]) -> int:
    wrong, tests, calls, most = 0, 0, 0, 0
    for module in modules or MODULES:
        plain, armed = run_apart(module, "--plain"), run_apart(module, "--armed")
        a, b = plain["outcomes"], armed["outcomes"]
        different = [name for name in a | b if a.get(name) != b.get(name)]
        for name in different:
            print(f"  {name}: {a.get(name, 'not run')} without, {b.get(name, 'not run')} armed")
        for name in armed.get("left", ()):
            print(f"  {name} was not put back")
        wrong += bool(different or armed.get("left"))
        tests += len(a)
        calls += armed.get("calls", 0)
        most = max(most, armed.get("armed", 0))
        print(f"{module}: {len(a)} tests, {armed.get('calls', 0)} calls", flush=True)
    print(f"{sys.version.split()[0]}: {tests} tests, {most} callables armed, {calls} calls, {wrong} modules differ")
    return int(wrong > 0 or tests == 0)


if __name__ == "__main__":
    if sys.argv[1:2] in (["--plain"], ["--armed"]):
        print("\n@" + json.dumps(run(sys.argv[2], sys.argv[1] == "--armed")))
    else:
        sys.exit(main(sys.argv[1:]))

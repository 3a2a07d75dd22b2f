"""Why a target never ran: what it names in the modules that are loaded, and what one more round ran instead."""

import functools
import os
import subprocess
import sys
import types
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from pytest_speedbump.experiment.subject import PlainSubject
from pytest_speedbump.trials.explain import explain
from pytest_speedbump.uncalled import Cause, Uncalled

SOURCE = """
import functools, zlib

def parse(text): return [part for part in text.split()]
def helper(): return parse("a b")
def gen(): yield 1
async def coro(): pass
@functools.lru_cache
def cached(x): return x
@functools.lru_cache(maxsize=None)
@functools.wraps(parse)
def twice(x): return x
def deco(f):
    def wrapper(*args): return f(*args)
    return wrapper
@deco
def wrapped(): pass
alias = parse
nameless = lambda: None
bound = functools.partial(parse, "a")
crc = zlib.crc32
number = 3

class Plain:
    def method(self): pass
    @staticmethod
    def static(): pass
    @functools.cached_property
    def once(self): return 1
    @property
    def asked(self): return 1
class Meta(type):
    def __getattribute__(cls, name): raise RuntimeError(name)
class Proud(metaclass=Meta): pass
class Proxy:
    def __getattribute__(self, name): raise RuntimeError(name)
proxy = Proxy()
circle = Plain()
circle.__wrapped__ = circle
"""


@pytest.fixture(scope="module", autouse=True)
def module() -> Iterator[types.ModuleType]:
    made = types.ModuleType("pkg.mod")
    exec(compile(SOURCE, "pkg/mod.py", "exec"), made.__dict__)
    package = types.ModuleType("pkg")
    package.parse, package.mod = made.parse, made  # type: ignore[attr-defined]
    sys.modules |= {"pkg": package, "pkg.mod": made}
    yield made
    del sys.modules["pkg"], sys.modules["pkg.mod"]


def subject(function: Callable[..., object] = lambda: None, *args: Any) -> PlainSubject:
    return PlainSubject(function, args, {})


@pytest.mark.parametrize(
    ("target", "cause"),
    [
        ("pkg.mod.parse", "idle"),
        ("pkg.mod:parse", "idle"),
        ("pkg.mod.Plain.method", "idle"),
        ("pkg.mod:Plain.static", "idle"),
        ("pkg.mod.Plain.asked", "idle"),
        ("pkg.mod.gen", "generator"),
        ("pkg.mod.coro", "generator"),
        ("pkg.mod.cached", "cached"),
        ("pkg.mod.twice", "cached"),
        ("pkg.mod.Plain.once", "cached"),
        ("pkg.mod.Plain", "class"),
        ("pkg.mod", "module"),
        ("zlib.crc32", "c"),
        ("zlib:crc32", "c"),
        ("str.join", "c"),
        ("builtins.len", "unreachable"),
        ("len", "unreachable"),
        ("dict", "c"),
        ("pkg.mod.crc", "c"),
        ("pkg.mod:crc", "c"),
        ("pkg.mod.number", None),
        ("pkg.mod.circle", None),
        ("pkg.mod.proxy", None),
        ("pkg.mod.Proud", None),
        ("pkg.mod.nothing", None),
        ("nowhere.f", None),
        ("zlib.crc*", None),
        ("pkg.mod.parse.<locals>.<listcomp>", "inlined"),
        ("pkg.mod.helper,pkg.mod.gen", "comma"),
        ("pkg.mod.helper, pkg.mod.gen", "comma"),
        ("pkg.mod.[a,b]", None),
        ("src/a,b.py:f", None),
        ("", None),
        (".", None),
        (":", None),
        ("@hot.txt", None),
    ],
)
def test_cause(target: str, cause: Cause | None) -> None:
    names = (f"c:{target}",) if cause == "c" else ()
    assert explain([target], subject()) == Uncalled(target, cause, names)


@pytest.mark.parametrize(
    ("target", "name"),
    [
        ("pkg.parse", "pkg.mod.parse"),
        ("pkg:parse", "pkg.mod:parse"),
        ("pkg.mod.alias", "pkg.mod.parse"),
        ("pkg.mod.bound", "pkg.mod.parse"),
        ("pkg.mod.nameless", "pkg.mod.<lambda>"),
        ("pkg.mod.wrapped", "pkg.mod.deco.<locals>.wrapper"),
    ],
)
def test_code_goes_by_its_own_name(target: str, name: str) -> None:
    assert explain([target], subject()) == Uncalled(target, "renamed", (name,))


LINE = {text: number for number, text in enumerate(SOURCE.splitlines(), 1)}
PARSE, GEN, CLASS = LINE['def helper(): return parse("a b")'] - 1, LINE["def gen(): yield 1"], LINE["class Plain:"]


@pytest.mark.parametrize(
    ("target", "cause", "names"),
    [
        (f"pkg.mod:{PARSE}", "unreached", ()),
        (f"pkg/mod.py:{PARSE}", "unreached", ()),
        (f"mod.py:{PARSE}-{GEN}", "unreached", ()),
        (f"pkg.mo?:{PARSE}", "unreached", ()),
        (f"pkg.mod:{CLASS}", "no_code", (f"pkg.mod:{CLASS - 5}", f"pkg.mod:{CLASS + 1}")),
        (f"mod.py:{CLASS - 1}-{CLASS}", "no_code", (f"mod.py:{CLASS - 5}", f"mod.py:{CLASS + 1}")),
        ("pkg.mod:1-2", "no_code", (f"pkg.mod:{PARSE}",)),
        (
            "pkg.mod:60000",
            "no_code",
            (f"pkg.mod:{LINE['    def __getattribute__(self, name): raise RuntimeError(name)']}",),
        ),
        (f"pgk.mod:{PARSE}", "unloaded", (f"pkg.mod:{PARSE}",)),
        ("nowhere/at_all.py:3", "unloaded", ()),
        ("resume:pkg.mod.parse", "never_resumed", ()),
        ("resume:pkg.mod.Plain", "class", ()),
        ("resume:pkg.mod.alias", "renamed", ("resume:pkg.mod.parse",)),
        ("resume:pkg.mod.coro", "generator", ()),
        ("resume:pkg.mod.nothing*", None, ()),
        ("resume:c:zlib.crc32", None, ()),  # a function of a module named c
    ],
)
def test_lines_and_resumes(target: str, cause: Cause | None, names: tuple[str, ...]) -> None:
    assert explain([target], subject()) == Uncalled(target, cause, names)


def test_what_was_started_and_never_suspended(module: types.ModuleType) -> None:
    def run() -> None:
        with pytest.raises(StopIteration):
            module.coro().send(None)
        module.helper()

    assert explain(["resume:pkg.mod.coro"], subject(run)) == Uncalled("resume:pkg.mod.coro", "unsuspended")
    assert explain(["resume:pkg.*"], subject(run)).cause == "unsuspended"
    assert explain(["resume:pkg.mod.p*"], subject(run)).cause == "never_resumed"
    assert explain(["resume:pkg.mod.corp"], subject(run)) == Uncalled(
        "resume:pkg.mod.corp", None, ("resume:pkg.mod.coro",)
    )
    assert explain(["resume:pkg.mod.coro"], None).cause is None, "nobody knows whether it was started"


def test_names_that_ran_and_are_near(module: types.ModuleType) -> None:
    assert explain(["pkg.mod.prase"], subject(module.helper)).names[0] == "pkg.mod.parse"
    assert explain(["pkg.mod:prase"], subject(module.helper)).names[0] == "pkg.mod:parse"
    assert explain(["elsewhere.parse"], subject(module.helper)).names == ("pkg.mod.parse",)
    hint = explain(["pkg.mod.prase"], subject(module.helper)).hint
    assert hint.startswith("; what did run has names like pkg.mod.parse")
    assert explain(["qqqqqq"], subject(module.helper)).hint == ""


def test_of_several_targets_the_one_that_cannot_be_slowed_is_named() -> None:
    assert explain(["pkg.mod.parse", "zlib.crc32"], subject()) == Uncalled("zlib.crc32", "c", ("c:zlib.crc32",))
    assert explain(["nowhere.f", "pkg.mod.parse"], subject()) == Uncalled("pkg.mod.parse", "idle")
    assert explain(["pkg.mod.parse", "!pkg.mod"], subject()) == Uncalled("pkg.mod.parse", "idle")
    assert explain(["pkg.mod.parse", "zlib.crc32"], subject()) == Uncalled("zlib.crc32", "c", ("c:zlib.crc32",))


def child() -> None:
    subprocess.run([sys.executable, "-S", "-c", "pass"], check=True)


@pytest.mark.parametrize("start", [child, functools.partial(os.system, "true")], ids=["subprocess", "in C"])
@pytest.mark.parametrize("target", ["pkg.mod.parse", "nowhere*"])
def test_processes_that_were_started(start: Callable[[], object], target: str) -> None:
    uncalled = explain([target], subject(start))
    assert (uncalled.target, uncalled.cause) == (target, "children")
    assert explain(["zlib.crc32"], subject(start)).cause == "c", "what is certain comes first"


def test_nothing_is_imported_and_nothing_called() -> None:
    before = set(sys.modules)
    assert explain(["wave.open", "lib2to3.main"], subject()).cause is None
    assert set(sys.modules) == before


def test_a_callable_that_raises_when_repeated_tells_nothing(module: types.ModuleType) -> None:
    assert explain(["pkg.mod.prase"], subject(module.helper, 1)) == Uncalled("pkg.mod.prase")

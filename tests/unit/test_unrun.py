"""What can be told from outside of a target that never ran."""

from pathlib import Path

import pytest

from pytest_speedbump.runner.launch import Launch
from pytest_speedbump.runner.unrun import Sources, why_alone

ENGINE = """
class Engine:
    def schedule(self):
        def inner():
            pass

    if True:
        async def step(self):
            pass

def launch():
    pass
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pkg").mkdir()
    for name, text in (("train.py", ENGINE), ("pkg/__init__.py", ""), ("pkg/engine.py", ENGINE), ("pkg/bad.py", "(")):
        (tmp_path / name).write_text(text)
    (tmp_path / "pkg/__main__.py").write_text("raise SystemExit('was run')")
    return tmp_path


@pytest.mark.parametrize(
    ("target", "hint"),
    [
        ("pkg.engine.launch", "pkg/engine.py:11 defines it, and nobody called it"),
        ("pkg.engine:Engine.step", "pkg/engine.py:8 defines it, and nobody called it"),
        ("pkg.engine.Engine.shedule", "defines no such function; there is pkg.engine.Engine.schedule"),
        ("pkg.engine.Engine", "it is no function; name what is in it, as in pkg.engine.Engine.*"),
        ("pkg.engine", "it is a module; name what is in it, as in pkg.engine.*"),
        ("pkg.engine.Engine.s*", "defines pkg.engine.Engine.schedule, "),
        ("pkg.engine.*", "and 1 more, and nobody called that"),
        ("pkg.bad.f", ""),
        ("train.Engine.step", "what the program itself defines is named __main__, as in __main__.Engine.step"),
        ("__main__.Engine.stop", "defines no such function; there is __main__.Engine.step"),
        ("pkh.engine.launch", "there is no module 'pkh' where the program imports from; there is 'pkg'"),
        ("sys.f", ""),
        ("a.b,c.d", "a comma does not separate targets; give each a --target of its own"),
        ("c:zlib.crc33", ""),
        ("native:libz.so*:crc33", ""),
        ("pkg/engine.py:3", ""),
        ("*", ""),
    ],
)
def test_hints(folder: Path, target: str, hint: str) -> None:
    said = Sources.of(Launch.parse(["train.py"])).explain(target)
    assert hint in said
    assert bool(hint) == bool(said)


def test_module_that_is_run(folder: Path) -> None:
    sources = Sources.of(Launch.parse(["-m", "pkg"]))
    assert sources.explain("pkg.main") == "what the program itself defines is named __main__, as in __main__.main"
    assert Sources.of(Launch.parse(["-m", "nowhere"])).explain("nowhere.f").startswith("there is no module")


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["-BS", "train.py"], "-S keeps Python from reading site-packages"),
        (["-XS", "train.py"], "its Python has said why, or"),
        (["train.py", "-S"], "its Python has said why, or"),
        (["sh", "-S"], "sh started no Python that has pytest-speedbump in its site-packages"),
    ],
)
def test_why_nobody_joined(folder: Path, words: list[str], reason: str) -> None:
    assert why_alone(Launch.parse(words)).startswith(reason)


@pytest.mark.parametrize(
    "words", [["-c", "pass"], ["-"], ["pkg"], ["/bin/sh"]], ids=["code", "input", "folder", "command"]
)
def test_every_program_has_a_main_module(folder: Path, monkeypatch: pytest.MonkeyPatch, words: list[str]) -> None:
    monkeypatch.chdir(folder)
    said = Sources.of(Launch.parse(words)).explain("__main__.nosuch")
    assert (said == "") == (words != ["pkg"])
    assert not said or "defines no such function" in said

"""What the documentation says to do is done: each page in a folder of its own, from its first block to its last."""

import configparser
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from pages import DOCS, Block, blocks, pages, replace_function, text_pattern

# The plugins that a reader of the tutorial has, and of pytest-benchmark no more than is needed.
PYTEST_OPTIONS = (
    "-p benchmark -p speedbump -p no:cacheprovider --benchmark-max-time=0.02 --benchmark-calibration-precision=1"
)


@pytest.mark.parametrize("page", pages())
def test_page(page: str, tmp_path: Path) -> None:
    printed = ""
    for block in blocks(page):
        missing = block.notes.get("needs")
        if "not run" in block.notes or (missing and importlib.util.find_spec(missing) is None):
            continue
        if "file" in block.notes:
            (tmp_path / block.notes["file"]).write_text(block.text, encoding="utf-8")
        elif "change" in block.notes:
            path = tmp_path / block.notes["change"]
            path.write_text(replace_function(path.read_text(encoding="utf-8"), block.text), encoding="utf-8")
        elif "output" in block.notes:
            assert printed == block.text, block
        else:
            printed = do(block, tmp_path)


def do(block: Block, folder: Path) -> str:
    """Runs what can be run, reads what can be read, and returns what was printed."""
    match block.language:
        case "sh":
            return run(block, ["bash", "-euo", "pipefail", "-c", block.text], folder)
        case "python":
            script = folder / "block.py"
            script.write_text(block.text, encoding="utf-8")
            return run(block, [sys.executable, str(script)], folder)
        case "toml":
            tomllib.loads(block.text)
        case "ini":
            configparser.ConfigParser(allow_no_value=True).read_string(block.text)
        case "text":
            pass
        case language if not language.startswith("{"):
            pytest.fail(f"{block}: nobody knows how to run {language!r}; say `not run: why`")
    return ""


def run(block: Block, command: list[str], folder: Path) -> str:
    if "docs" in block.notes:
        shutil.copy(DOCS / block.notes["docs"], folder)
    needed = f" -p {block.notes['needs']}" if "needs" in block.notes else ""
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "PYTEST_ADDOPTS": PYTEST_OPTIONS + needed,
    }
    done = subprocess.run(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120
    )
    # What is hidden on a quiet machine need not be where processors are short: such a block may end either way.
    assert str(done.returncode) in block.notes.get("exit", "0").split(" or "), f"{block}:\n{done.stdout}"
    wanted = block.notes.get("prints", "")
    assert text_pattern(wanted).search(done.stdout), f"{block}: nothing like {wanted!r} in\n{done.stdout}"
    return done.stdout


def test_every_option_that_a_page_names_exists(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pytest", "--help"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    word = re.compile(r"--speedbump-[a-z-]+\w|\bspeedbump_[a-z_]+\w")
    known = {*word.findall(done.stdout), "speedbump_insensitive", "speedbump_sensitive", "speedbump_slack"}
    for page in pages():
        named = set(word.findall((DOCS / page).read_text(encoding="utf-8")))
        assert named <= known, page


def test_pages_build_without_a_warning(tmp_path: Path) -> None:
    for needed in ("sphinx", "myst_parser", "furo"):
        pytest.importorskip(needed, reason=f"{needed} is not installed: it is in the dependency group `docs`")
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "text", str(DOCS), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    options = (tmp_path / "reference" / "options.txt").read_text(encoding="utf-8")
    assert "--speedbump-max-time TIME\n\n   limit of one verdict" in options
    documents = (tmp_path / "reference" / "documents.txt").read_text(encoding="utf-8")
    assert '"control_ns"' in documents

"""The documents as a site: the page of a real run stands beside it, and links lead there."""

import subprocess
import sys
from pathlib import Path

import pytest
from shipped import ROOT

from pytest_speedbump.documents.read import read
from pytest_speedbump.page.page import page

CONF = f"""
import sys
sys.path.insert(0, {str(ROOT / "docs")!r})
extensions = ["myst_parser", "generated"]
"""
RUN = ROOT / "docs" / "measured" / "readme.json"


@pytest.mark.parametrize("builder", ["html", "text"])
def test_the_page_of_a_real_run_is_beside_the_site(tmp_path: Path, builder: str) -> None:
    for needed in ("sphinx", "myst_parser"):
        pytest.importorskip(needed, reason=f"{needed} is not installed: it is in the dependency group `docs`")
    source, site = tmp_path / "source", tmp_path / "site"
    (source / "howto").mkdir(parents=True)
    (source / "conf.py").write_text(CONF)
    (source / "index.md").write_text("# A\n\n```{toctree}\nhowto/b\n```\n\n```{example-page} The page\n```\n")
    (source / "howto" / "b.md").write_text("# B\n\n```{example-page} The page\n```\n")
    command = [sys.executable, "-m", "sphinx", "-W", "-q", "-b", builder, str(source), str(site)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    made = site / "example" / "index.html"
    if builder == "text":
        assert not made.exists()
        return
    assert made.read_text(encoding="utf-8") == page([read(RUN)])
    for name, link in (("index.html", "example/index.html"), ("howto/b.html", "../example/index.html")):
        assert f'href="{link}">The page</a>' in (site / name).read_text(encoding="utf-8")
        assert (site / name).parent.joinpath(link).resolve() == made


def test_a_published_run_names_no_folder_of_the_machine_that_made_it() -> None:
    files = {one.file for result in read(RUN).results for one in result.matched}
    assert files
    assert not [name for name in files if name is None or Path(name).is_absolute()]

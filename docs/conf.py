"""Sphinx: ``sphinx-build -W -b html docs build/docs``."""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))  # the extension beside this file

from pytest_speedbump import __version__  # noqa: E402 - as it is installed, or in the source tree

project = "pytest-speedbump"
author = "the authors of pytest-speedbump"
version = release = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "generated"]
exclude_patterns = ["measured/*"]  # included where they belong, once they have been measured
nitpicky = True
nitpick_ignore_regex = [("py:.*", r"(?!pytest_speedbump\.).*")]  # of other projects' names, no inventory is fetched

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
napoleon_use_ivar = True

html_theme = "furo"
html_title = f"pytest-speedbump {release}"

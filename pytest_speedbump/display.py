"""How a notebook shows what it is given."""

from importlib import import_module
from typing import Any

__all__ = ["repr_html"]


def repr_html(one: Any) -> str:
    """HTML of a result or of a ranking.

    The page knows both, and neither may know the page: this looks it up by name, once somebody wants to see one.
    """
    html: str = import_module("pytest_speedbump.page.notebook").fragment(one)
    return html

"""The page: one HTML file without scripts that says what documents found."""

from collections.abc import Sequence

from pytest_speedbump.documents.document import Document

__all__ = ["page"]


def page(documents: Sequence[Document]) -> str:
    """The whole file. The last of ``documents`` is the one that is shown; earlier ones are its history."""
    return f"<!doctype html><title>speedbump</title><p>{len(documents[-1].results)} results"

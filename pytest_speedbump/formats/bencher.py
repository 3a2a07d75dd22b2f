"""Bencher Metric Format, which knows intervals: https://bencher.dev/docs/reference/bencher-metric-format/"""

from typing import Any

from pytest_speedbump.documents.document import Document

__all__ = ["bencher"]


def bencher(document: Document) -> dict[str, Any]:
    return {}

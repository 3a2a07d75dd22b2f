"""What failed, as workflow commands of GitHub Actions."""

from pytest_speedbump.documents.document import Document

__all__ = ["MOST", "annotations"]

MOST = 10  # of one kind are shown for a step


def annotations(document: Document) -> list[str]:
    """Lines for standard output, the worst first."""
    return []

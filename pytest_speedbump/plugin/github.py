"""What GitHub Actions shows of a run by itself: a summary of the step, and annotations of what failed."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from pytest_speedbump.documents.document import Document
from pytest_speedbump.files import STDOUT, append_text, write_text
from pytest_speedbump.formats.annotations import annotations
from pytest_speedbump.formats.markdown import LEAST_BYTES, SUMMARY_BYTES, markdown

__all__ = ["Actions"]

SUMMARY = "GITHUB_STEP_SUMMARY"


@dataclass(frozen=True, slots=True)
class Actions:
    """What there is to be told.

    Attributes:
        summary: the file of the step's summary, to which others append as well; None where there is none.
        folder: for annotations: where the tests' files lie in the repository; None where nobody reads them.
    """

    summary: Path | None
    folder: str | None

    @classmethod
    def find(cls, root: Path) -> Self:
        """By what GitHub says in the environment; other CI systems say it where they understand the same.

        ``root``: the folder that the ids of tests are relative to.
        """
        summary = os.environ.get(SUMMARY)
        folder = None
        if os.environ.get("GITHUB_ACTIONS") == "true":
            workspace = Path(os.environ.get("GITHUB_WORKSPACE") or root)
            inside = root.resolve().is_relative_to(workspace.resolve())
            path = root.resolve().relative_to(workspace.resolve()).as_posix() if inside else "."
            folder = "" if path == "." else f"{path}/"
        return cls(Path(summary) if summary else None, folder)

    @property
    def listens(self) -> bool:
        return self.summary is not None or self.folder is not None

    def tell(self, document: Document) -> list[str]:
        """Sentences about what could not be told, at most one for each way. Nobody asked for it, so nothing fails."""
        unsaid = []
        try:
            if self.summary is not None:
                _append(self.summary, document)
        except OSError as error:
            unsaid.append(f"${SUMMARY}: {str(self.summary)!r} was not written: {error.strerror or error}")
        try:
            lines = [] if self.folder is None else annotations(document, self.folder)
            if lines:
                # Each begins a line, the first one too: pytest's letters, or what a test printed, may not end theirs.
                write_text(STDOUT, "".join(f"{line}\n" for line in ("", *lines)))
        except OSError as error:
            unsaid.append(f"annotations were not written: {error.strerror or error}")
        return unsaid


def _append(summary: Path, document: Document) -> None:
    """Raises OSError where that fails, also where too little room is left: GitHub refuses a longer file as a whole."""
    there = summary.stat().st_size if summary.exists() else 0
    room = SUMMARY_BYTES - there - 1
    if room < LEAST_BYTES:
        raise OSError(f"it holds {there} bytes already, and GitHub takes {SUMMARY_BYTES}")
    append_text(summary, ("\n" if there else "") + markdown(document, room))

"""A run: the jobs in their order, and the document that grows with them."""

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.documents import Document, write
from benchmarks.origin import Origin
from benchmarks.truth.hog import beside, how_many
from benchmarks.truth.jobs import Job, Records, passes

__all__ = ["Settings", "run"]

SAVE_EVERY_S = 10.0


@dataclass(frozen=True, slots=True)
class Settings:
    output: Path
    smoke: bool
    seed: int
    note: str
    passes: int = 10


def run(
    chosen: Sequence[Job],
    settings: Settings,
    schema: str,
    header: Mapping[str, Any],
    do: Callable[[Job, int], Records] = lambda job, seed: job.run(seed),
) -> Document:
    """Does the jobs, until they are done or Ctrl-C. The document is kept in its file all the while.

    ``header``: what else the document says of the run. ``do`` takes a job and its seed.
    """
    record = _Record(settings, schema, header, do)
    try:
        for number, condition, due in passes(list(chosen), 1 if settings.smoke else settings.passes, settings.seed):
            print(f"pass {number + 1}, {condition}: {len(due)} jobs, {record.elapsed_s:.0f} s so far", file=sys.stderr)
            with beside(condition):
                for job in due:
                    record.do(job)
        record.document["complete"] = True
    except KeyboardInterrupt:
        print("interrupted; what was measured is kept", file=sys.stderr)
    finally:
        record.save()
    return record.document


class _Record:
    """Owns the document, and writes it every now and then."""

    def __init__(
        self, settings: Settings, schema: str, header: Mapping[str, Any], do: Callable[[Job, int], Records]
    ) -> None:
        self._do = do
        self._path = settings.output
        self._started = self._saved = time.monotonic()
        self._jobs = 0
        self._seed = settings.seed
        self.document: Document = {
            "schema": schema,
            "origin": Origin.here(smoke=settings.smoke).to_json(),
            "note": settings.note,
            "seed": settings.seed,
            "hogs": how_many("hogs"),
            **header,
            "complete": False,
            "seconds": 0.0,
            "failures": [],
            "records": [],
        }
        self.save()

    @property
    def elapsed_s(self) -> float:
        return time.monotonic() - self._started

    def do(self, job: Job) -> None:
        """An error is written down, and the others go on."""
        self._jobs += 1
        stamp = {"job": job.name, "condition": job.condition, "at_s": self.elapsed_s}
        try:
            self.document["records"] += [{**stamp, **record} for record in self._do(job, self._seed + self._jobs)]
        except Exception as error:
            self.document["failures"].append({**stamp, "error": repr(error)})
        if time.monotonic() - self._saved > SAVE_EVERY_S:
            self.save()

    def save(self) -> None:
        self.document["seconds"] = self.elapsed_s
        write(self._path, self.document)
        self._saved = time.monotonic()

"""A run: the jobs in their order, and the document that grows with them."""

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.documents import Document, write
from benchmarks.origin import Origin
from benchmarks.truth import SCHEMA
from benchmarks.truth.gates import real_drop
from benchmarks.truth.hog import beside, how_many
from benchmarks.truth.jobs import Job, passes

__all__ = ["Settings", "run"]

PASSES = 10
SAVE_EVERY_S = 10.0


@dataclass(frozen=True, slots=True)
class Settings:
    output: Path
    smoke: bool
    seed: int
    note: str


def run(chosen: Sequence[Job], settings: Settings) -> Document:
    """Does the jobs, until they are done or Ctrl-C. The document is kept in its file all the while."""
    record = _Record(settings)
    try:
        for number, condition, due in passes(list(chosen), 1 if settings.smoke else PASSES, settings.seed):
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

    def __init__(self, settings: Settings) -> None:
        self._path = settings.output
        self._started = self._saved = time.monotonic()
        self._jobs = 0
        self._seed = settings.seed
        self.document: Document = {
            "schema": SCHEMA,
            "origin": Origin.here(smoke=settings.smoke).to_json(),
            "note": settings.note,
            "seed": settings.seed,
            "hogs": how_many("hogs"),
            "real_drop_of_the_4%_commit": real_drop(),
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
            self.document["records"] += [{**stamp, **record} for record in job.run(self._seed + self._jobs)]
        except Exception as error:
            self.document["failures"].append({**stamp, "error": repr(error)})
        if time.monotonic() - self._saved > SAVE_EVERY_S:
            self.save()

    def save(self) -> None:
        self.document["seconds"] = self.elapsed_s
        write(self._path, self.document)
        self._saved = time.monotonic()

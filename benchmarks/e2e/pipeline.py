"""What worker and suite run: items go through stages, each of which turns them by one byte and takes their checksum."""

import zlib
from collections.abc import Sequence

__all__ = ["Stage", "expected", "pipeline"]


class Stage:
    def __init__(self) -> None:
        self.checksum = 0

    def run(self, item: bytes) -> bytes:
        self.checksum = zlib.crc32(item, self.checksum)
        return item[1:] + item[:1]


def pipeline(stages: Sequence[Stage], item: bytes, items: int) -> list[int]:
    """Sends ``items`` copies of ``item`` through; returns the checksum of each stage."""
    for _ in range(items):
        passing = item
        for stage in stages:
            passing = stage.run(passing)
    return [stage.checksum for stage in stages]


def expected(stages: int, item: bytes, items: int) -> list[int]:
    """The same without the pipeline."""
    checksums = []
    for turn in range(stages):
        turned, checksum = item[turn:] + item[:turn], 0
        for _ in range(items):
            checksum = zlib.crc32(turned, checksum)
        checksums.append(checksum)
    return checksums

"""``python -m benchmarks.e2e.compare OLD NEW``: did any scenario become slower?"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from statistics import median

from benchmarks.e2e.results import Results
from benchmarks.exits import Exit, ExitError, ends

__all__ = ["Change", "compare"]

TOLERANCE = 0.10  # wall-clock times of whole processes tell no less on shared machines


@dataclass(frozen=True, slots=True)
class Change:
    """Medians in seconds. Slower: by more than the tolerance, and the runs do not even overlap."""

    name: str
    old: float
    new: float
    slower: bool

    def __str__(self) -> str:
        mark = "  SLOWER" if self.slower else ""
        return f"{self.new / self.old - 1:+7.1%}  {self.old:8.3f} s -> {self.new:8.3f} s  {self.name}{mark}"


def compare(old: Results, new: Results, tolerance: float, pattern: str = "*") -> list[Change]:
    """A change for each scenario whose name matches ``pattern``.

    Raises:
        ExitError: the machines differ, or the files do not hold the same scenarios: what was measured once and is not
            measured now must not pass.
    """
    unlike = old.differences(new)
    if unlike:
        raise ExitError(Exit.NOT_COMPARABLE, f"the environments differ, so times say nothing: {'; '.join(unlike)}")
    names = [name for name in old.times if fnmatchcase(name, pattern)]
    new_names = [name for name in new.times if fnmatchcase(name, pattern)]
    odd = sorted({*names} ^ {*new_names})
    if odd:
        raise ExitError(
            Exit.NOT_COMPARABLE, f"only one of the files holds {', '.join(odd)}; restrict both with --scenario GLOB"
        )
    if not names:
        raise ExitError(Exit.BAD_INPUT, f"no scenario matches {pattern!r} in either file")
    return [_change(name, old.times[name], new.times[name], tolerance) for name in names]


def _change(name: str, old: Sequence[float], new: Sequence[float], tolerance: float) -> Change:
    before, now = median(old), median(new)
    return Change(name, before, now, now > before * (1 + tolerance) and min(new) > max(old))


def main(arguments: Sequence[str] | None = None) -> Exit:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.e2e.compare", description=__doc__)
    parser.add_argument("old", type=Path, metavar="OLD")
    parser.add_argument("new", type=Path, metavar="NEW")
    parser.add_argument("--tolerance", type=_share, default=TOLERANCE, metavar="SHARE", help="such as 10%% or 0.1")
    parser.add_argument("--scenario", default="*", metavar="GLOB", help="only scenarios whose name matches")
    options = parser.parse_args(arguments)

    def run() -> Exit:
        changes = compare(Results.read(options.old), Results.read(options.new), options.tolerance, options.scenario)
        print(*changes, sep="\n")
        return Exit.BROKEN if any(change.slower for change in changes) else Exit.OK

    return ends(run)


def _share(text: str) -> float:
    try:
        share = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        share = -1.0
    if not 0 <= share < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a share; write it as 10% or 0.1".replace("%", "%%"))
    return share


if __name__ == "__main__":
    sys.exit(main())

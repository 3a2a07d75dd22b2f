"""``python -m benchmarks.micro``: pytest on this directory, with the `_core` that is to be measured."""

import sys
from pathlib import Path

import pytest

from benchmarks.exits import Exit, ends
from benchmarks.measured import pin_core


def pin() -> Exit:
    pin_core()
    return Exit.OK


if __name__ == "__main__":
    arguments = ["--benchmark-columns=median,iqr,rounds", *sys.argv[1:]]
    sys.exit(ends(pin) or pytest.main([str(Path(__file__).parent), *arguments]))

"""``python -m benchmarks.micro``: pytest on this directory, with the `_core` that is to be measured."""

import sys
from pathlib import Path

import pytest

from benchmarks.measured import MeasuredError, pin_core

if __name__ == "__main__":
    try:
        pin_core()
    except MeasuredError as error:
        sys.exit(f"error: {error}")
    columns = "--benchmark-columns=median,iqr,rounds"
    sys.exit(pytest.main([str(Path(__file__).parent), columns, *sys.argv[1:]]))

"""The command: see the package's docstring."""

import sys

from benchmarks.commandline import run_suite
from benchmarks.exits import Exit, ends
from benchmarks.reach import SCHEMA


def main() -> Exit:
    return run_suite("benchmarks.reach", __doc__, SCHEMA, smoke="half a minute", only="'cost/*' or 'known/*'")


if __name__ == "__main__":
    sys.exit(ends(main))

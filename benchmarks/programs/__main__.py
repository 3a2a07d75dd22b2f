"""The command: see the package's docstring."""

import sys

from benchmarks.commandline import run_suite
from benchmarks.exits import Exit, ends
from benchmarks.programs import SCHEMA


def main() -> Exit:
    return run_suite("benchmarks.programs", __doc__, SCHEMA, smoke="a minute", only="'known/*' or 'same/quiet'")


if __name__ == "__main__":
    sys.exit(ends(main))

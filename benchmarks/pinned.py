"""``python -m benchmarks.pinned MODULE ...`` is ``python -m MODULE ...`` with the `_core` that is to be measured."""

import runpy
import sys

from benchmarks.exits import Exit, ends
from benchmarks.measured import pin_core


def main() -> Exit:
    pin_core()
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
    return Exit.OK


if __name__ == "__main__":
    sys.exit(ends(main))

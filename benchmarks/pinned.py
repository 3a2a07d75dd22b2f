"""``python -m benchmarks.pinned MODULE ...`` is ``python -m MODULE ...`` with the `_core` that is to be measured."""

import runpy
import sys

from benchmarks.measured import MeasuredError, pin_core

if __name__ == "__main__":
    try:
        pin_core()
    except MeasuredError as error:
        sys.exit(f"error: {error}")
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)

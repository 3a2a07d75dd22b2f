"""``python -m pytest_speedbump``, which is the command ``speedbump``."""

import contextlib
import sys
from pathlib import Path

# `-m` puts the working directory first, where the program may have a json.py of its own.
with contextlib.suppress(OSError):
    if sys.path[0] == str(Path.cwd()):
        del sys.path[0]

from pytest_speedbump.runner.command import main

if __name__ == "__main__":
    sys.exit(main())

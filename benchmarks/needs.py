"""``python benchmarks/needs.py MODULE...``: says which of the modules a command needs are missing, and the mend."""

import sys
from importlib.util import find_spec

if __name__ == "__main__":
    missing = [module for module in sys.argv[1:] if find_spec(module) is None]
    if missing:
        mend = f"{sys.executable} -m pip install {' '.join(module.replace('_', '-') for module in missing)}"
        sys.exit(f"error: {sys.executable} lacks {', '.join(missing)}; install them: {mend}")

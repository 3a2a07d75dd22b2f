"""Makes the benchmarks' own code importable. Appended, so that the package under test stays the installed one."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

sys.path.append(str(ROOT))

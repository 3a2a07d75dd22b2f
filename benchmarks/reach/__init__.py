"""What each kind of target costs, whether its delays arrive, and whether verdicts about it are true.

``python -m benchmarks.reach --output reach.json`` measures Python starts, lines, resumes, callables implemented in C,
native symbols and awaits side by side: what an armed, undelayed call adds, how much of a delay arrives, and the
transmission in systems whose answer is known. Two of those need numpy, from PyPI: without it their jobs fail.
"""

__all__ = ["SCHEMA"]

SCHEMA = "pytest-speedbump-reach/1"

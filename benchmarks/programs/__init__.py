"""Experiments on whole programs: whether their verdicts are true, and what it costs to take part in one.

``python -m benchmarks.programs --output programs.json`` runs programs whose answer is known, the same where nothing is
slowed, quiet and beside a hog, and measures what a start costs, what joining costs, and how soon a switch is felt.
"""

__all__ = ["SCHEMA"]

SCHEMA = "pytest-speedbump-programs/1"

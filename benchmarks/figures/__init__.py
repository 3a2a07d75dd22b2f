"""The figures that the project promises, and whether they hold, as the documents of the benchmarks say.

    python -m benchmarks.figures micro.json e2e.json truth.json scan.json reach.json [--output figures.json]

Nothing is measured here. A promise that none of the documents speaks of is not kept either: see `Exit`.
"""

SCHEMA = "pytest-speedbump-figures/1"

"""Microbenchmarks: what one call, one pattern, one snapshot costs, for every backend of the matrix.

Run them by::

    python -m benchmarks.micro --output micro.json [--smoke] [pytest's arguments, such as -k first-pass]
"""

SCHEMA = "pytest-speedbump-micro/1"

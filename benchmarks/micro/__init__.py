"""Microbenchmarks: what one call, one pattern, one snapshot costs, for every backend of the matrix.

Run them by::

    python -m benchmarks.micro [pytest's arguments, such as -k first-pass or --benchmark-json=out.json]
"""

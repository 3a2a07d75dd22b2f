"""End-to-end benchmarks: whole processes, timed by hyperfine.

Two commands::

    python -m benchmarks.e2e --output result.json [--smoke] [--scenario GLOB] [--dry-run]
    python -m benchmarks.e2e.compare old.json new.json
"""

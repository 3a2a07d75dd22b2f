"""Is the scan right, and how long does it take? Measured where the answer is known.

    python -m benchmarks.scan --output scan.json                # the whole suite, some 40 minutes
    python -m benchmarks.scan --output scan.json --smoke        # a look at every part, two minutes
    python -m benchmarks.scan --table scan.json                 # the tables of a finished run, once more

Six kinds of jobs, quiet and beside a process that spins, each in a process of its own: scans of real packages, against
shares that a sampler from outside tells; of systems whose transmissions follow from a formula; of systems in which
nothing is critical; gains against costs really removed; and single measurements, for what a scan saves. It is a package
beside `benchmarks.truth`, whose conditions, forms and passes it uses: there a record is one answer about one target,
here it is an answer about hundreds of them at once, so that nothing of the tallies would be shared.
"""

SCHEMA = "pytest-speedbump-scan/1"

"""How often is pytest-speedbump right? Measured on systems whose answer is known in closed form.

    python -m benchmarks.truth --output truth.json              # the whole suite, some 25 minutes
    python -m benchmarks.truth --output truth.json --smoke      # a look at every part, under a minute
    python -m benchmarks.truth --table truth.json               # the tables of a finished run, once more

Four kinds of jobs, in random order within each pass, quiet and beside a CPU hog in turn, so that a change of the
machine meets all of them alike: verdicts on effects of known size, doses on every system, gates by wall-clock
(pytest-benchmark's, on the same work), and known delays that are really removed.
"""

SCHEMA = "pytest-speedbump-truth/2"

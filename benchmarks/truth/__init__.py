"""How often is pytest-speedbump right? Measured on systems whose answer is known in closed form.

    python -m benchmarks.truth --output truth.json              # the whole suite, some 45 minutes
    python -m benchmarks.truth --output truth.json --smoke      # a look at every part, two minutes
    python -m benchmarks.truth --table truth.json               # the tables of a finished run, once more

Five kinds of jobs, in random order within each pass, quiet, beside a process that spins, and beside more of them than
there are processors, in turn, so that a change of the machine meets all of them alike: verdicts on effects of known
size, doses on every system, gates by wall-clock (pytest-benchmark's, on the same work), known delays that are really
removed, and what the README shows.
"""

SCHEMA = "pytest-speedbump-truth/3"

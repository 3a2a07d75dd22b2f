"""Is the slack that pytest-speedbump finds the true one? Measured beside devices that are deadlines by the clock.

    python -m benchmarks.slack --output slack.json              # the whole suite, some 20 minutes
    python -m benchmarks.slack --output slack.json --smoke      # a look at every part, half a minute
    python -m benchmarks.slack --output slack.json --runs 3     # so many runs of each job
    python -m benchmarks.slack --table slack.json               # the tables of a finished run, once more

Jobs in random order, quiet and beside a process that spins: the search for slack, and verdicts on slacks that are
declared to be just under the true one, and just over it.
"""

__all__ = ["SCHEMA"]

SCHEMA = "pytest-speedbump-slack/1"

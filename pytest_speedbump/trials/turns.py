"""The bumps of one test take turns, so that each verdict's rounds are as far apart as they can be."""

import time
from collections.abc import Sequence

from pytest_speedbump.experiment.subject import Subject
from pytest_speedbump.trials.trial import Trial

__all__ = ["measure_in_turn"]

TURN_NS = 0.1e9  # of one bump, where a test has several


def measure_in_turn(trials: Sequence[Trial], subject: Subject, stop_at: float) -> None:
    """Until all are settled, or ``stop_at`` by the performance counter, in ns.

    Raises:
        InputError: another bump is armed, no tool id is free, or time stands still.
    """
    while unsettled := [trial for trial in trials if not trial.settled]:
        for index, trial in enumerate(unsettled):
            share_ns = (stop_at - time.perf_counter_ns()) / (len(unsettled) - index)
            if share_ns <= 0:
                return
            trial.measure(subject, share_ns if len(trials) == 1 else min(TURN_NS, share_ns))

"""How much of a run is spent in the targets of a bump, as a profiler would say: what slowing them does not tell."""

import math

from pytest_speedbump.errors import InputError
from pytest_speedbump.experiment.profile import WARM_ROUNDS, Profile
from pytest_speedbump.experiment.subject import CallableRaisedError, Subject
from pytest_speedbump.inference.shares import Own, inside
from pytest_speedbump.result import Result
from pytest_speedbump.slowing.session import make_timing_session

__all__ = ["time_share"]

LEAST_ROUNDS, MOST_ROUNDS = 3, 40
LONGEST_NS, LARGEST = 0.2e9, 0.05  # that this may take, and as a share of what the verdict took
MOST = 0.1  # of what the verdict took, for the fewest rounds


def time_share(result: Result, subject: Subject, left_ns: float) -> float | None:
    """The share of a run's time in the targets of a ``result`` that stands, with all that they call.

    Where one calls another, its time counts once. A few more rounds are run for it, outside all pairs, and none where
    they would take long beside the verdict, or longer than ``left_ns``. None where it cannot be known: of what is no
    function, of coroutines that are paused, of a callable that does not run again.
    """
    bump, round_ns = result.bump, (result.control_ns or 0.0) * result.iterations
    if result.known_drop is None or round_ns <= 0 or bump.mode == "await" or not bump.targets.are_timed:
        return None
    spent_ns = result.seconds * 1e9
    rounds = int(min(LONGEST_NS, LARGEST * spent_ns, left_ns) / round_ns) - WARM_ROUNDS
    if rounds < LEAST_ROUNDS:
        rounds = LEAST_ROUNDS
        if (1 + rounds) * round_ns > min(MOST * spent_ns, left_ns):
            return None
    return _measure(result, subject, min(rounds, MOST_ROUNDS))


def _measure(result: Result, subject: Subject, rounds: int) -> float | None:
    asked, subject.iterations = subject.iterations, result.iterations
    try:
        session = make_timing_session(result.bump.targets, f"the time share of {result.test}")
        profile = Profile(session)
        profile.add(subject, rounds)
    except (CallableRaisedError, InputError):
        return None
    finally:
        subject.iterations = asked
    if not (profile.intact and profile.times):
        return None
    functions = [[Own(*row) for row in times] for times in profile.times.values()]
    return inside(functions, profile.calls, profile.lengths, (result.bare_ns or math.inf) * result.iterations)

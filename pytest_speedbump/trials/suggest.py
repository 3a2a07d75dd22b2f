"""Help for a target that matched nothing: what did run, and has a name like it?"""

import difflib

from pytest_speedbump.experiment.subject import CallableRaisedError, Subject
from pytest_speedbump.slowing.session import armed, make_session, take_snapshot
from pytest_speedbump.targets import parse_targets

__all__ = ["suggest"]

NAMES = 3


def suggest(target: str, subject: Subject) -> str:
    """Up to three names that ran in one more round and resemble ``target``, as the end of a sentence; '' if none do."""
    everything = parse_targets(["*"])
    session = make_session(everything, "spin", "the search for names")
    with armed(session):
        try:
            subject.round(lambda: session.set_delay(0.0), session.pause)
        except CallableRaisedError:
            return ""
    ran = take_snapshot(session, everything).matched
    names = {f"{code.module}:{code.code.co_qualname}" if ":" in target else code.name for code in ran}
    wanted = target.strip("*")
    near = difflib.get_close_matches(wanted, names, n=NAMES, cutoff=0.6)
    last = wanted.replace(":", ".").rsplit(".", 1)[-1]
    near += [name for name in sorted(names) if name.replace(":", ".").rsplit(".", 1)[-1] == last and name not in near]
    if not near:
        return ""
    return "; what did run has names like " + ", ".join(near[:NAMES])

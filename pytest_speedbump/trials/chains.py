"""Chains of coroutines that await one another: a suspension resumes each of them, and so their resumes multiply."""

import sys
import threading
from collections.abc import Collection
from types import CodeType
from typing import NamedTuple

from pytest_speedbump.experiment.subject import Subject

__all__ = ["Chains", "look_at_chains"]

TOOLS = 6  # ids of sys.monitoring that tools may use


class Chains(NamedTuple):
    """Of one call of the benchmarked callable.

    Attributes:
        longest: how many frames one suspension resumed, at most.
        resumes: of all frames; ``suspensions`` are what they came from.
    """

    longest: int
    resumes: float
    suspensions: float


def look_at_chains(codes: Collection[CodeType], subject: Subject) -> Chains | None:
    """Runs one round and sees in which order these generators and coroutines are resumed.

    The outermost frame of a chain is resumed first, and resumes the next before anything else happens in it. None where
    no tool id is free.

    Raises:
        CallableRaisedError: from the subject.
    """
    monitoring, events = sys.monitoring, sys.monitoring.events
    tool = next((tool for tool in range(TOOLS) if monitoring.get_tool(tool) is None), None)
    if tool is None:
        return None
    here = threading.local()
    chains: list[int] = []  # lengths
    watching = False

    def resumed(_code: CodeType, _offset: int) -> None:
        if not watching:
            return
        chain = getattr(here, "chain", None)
        if chain is None:
            chain = here.chain = len(chains)
            chains.append(0)
        chains[chain] += 1

    def ended(_code: CodeType, _offset: int, _value: object) -> None:
        here.chain = None

    def switch(on: bool) -> None:
        nonlocal watching
        watching = on

    monitoring.use_tool_id(tool, "pytest-speedbump's listing")
    try:
        monitoring.register_callback(tool, events.PY_RESUME, resumed)
        monitoring.register_callback(tool, events.PY_YIELD, ended)
        monitoring.register_callback(tool, events.PY_RETURN, ended)
        for code in codes:
            monitoring.set_local_events(tool, code, events.PY_RESUME | events.PY_YIELD | events.PY_RETURN)
        subject.round(lambda: switch(True), lambda: switch(False))
    finally:
        for code in codes:
            monitoring.set_local_events(tool, code, events.NO_EVENTS)
        for event in (events.PY_RESUME, events.PY_YIELD, events.PY_RETURN):
            monitoring.register_callback(tool, event, None)
        monitoring.free_tool_id(tool)
    n = subject.iterations
    return Chains(max(chains, default=0), sum(chains) / n, len(chains) / n)

"""What a round takes without any probe, as a share of one that has them."""

from collections.abc import Sequence
from math import sqrt
from statistics import median
from typing import NamedTuple

from pytest_speedbump.inference.excess import spread

__all__ = ["PROBE_NS", "BareRound", "Share", "bare_share"]

NEAR = 100  # control rounds on either side of a group of bare rounds that it is compared with
PROBE_NS = 200.0  # more than the probe of a call costs, were all that it touches out of the caches
LEAST_SHARE = 0.01
GROWTH = 1.1
OF_MEDIAN = 1.2533  # standard errors of a mean in one of a median


class Share(NamedTuple):
    """``value`` = bare round / control round, and two standard errors of it, relative."""

    value: float
    doubt: float


def bare_share(groups: Sequence[tuple[int, Sequence[float]]], controls: Sequence[float], calls: float) -> Share:
    """The median over groups of bare rounds, ``(controls before it, lengths)``, each compared with the controls nearby.

    So a machine that changes its speed changes both. A probe costs something, and no more than ``PROBE_NS`` a call:
    that bounds what noise can make of the share.
    """
    least = max(1 - calls * PROBE_NS / median(controls), LEAST_SHARE)
    ratios, noise, bare = [], [], 0
    for position, lengths in groups:
        near = controls[max(0, position - NEAR) : position + NEAR]
        if near and lengths:
            typical = median(near)
            ratios.append(median(lengths) / typical)
            noise += [one / typical for one in near]
            bare += len(lengths)
    if not ratios:
        return Share(1.0, 1 - least)
    value = min(max(median(ratios), least), 1.0)
    error = OF_MEDIAN * max(spread(noise) * sqrt(1 / bare + 1 / len(noise)), spread(ratios) / sqrt(len(ratios)))
    return Share(value, min(2 * error, (1 - least) / least))


class BareRound:
    """Length of a typical bare round, in ns, its ``share`` of a control round, and the relative ``doubt`` of that.

    From what was seen so far; taken anew where a tenth more rounds have been seen, or another group of bare ones.
    """

    def __init__(self) -> None:
        self.ns = 0.0
        self.share, self.doubt = 1.0, 0.0
        self._controls = self._groups = 0

    def renew(self, groups: Sequence[tuple[int, Sequence[float]]], controls: Sequence[float], calls: float) -> None:
        """``calls``: most matched calls in a round."""
        if not controls or (len(controls) < GROWTH * self._controls and len(groups) == self._groups):
            return
        self._controls, self._groups = len(controls), len(groups)
        self.share, self.doubt = bare_share(groups, controls, calls)
        self.ns = self.share * median(controls)

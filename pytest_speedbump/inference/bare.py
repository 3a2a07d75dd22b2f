"""What a round takes without any probe, as a share of one that has them."""

from collections.abc import Sequence
from math import sqrt
from statistics import median
from typing import NamedTuple

from pytest_speedbump.inference.excess import spread

__all__ = ["PROBE_NS", "UNIT", "Bare", "BareRound", "bare_round"]

NEAR = 100  # control rounds on either side of a group of bare rounds that it is compared with
PROBE_NS = 200.0  # more than the probe of a call costs, were all that it touches out of the caches
LEAST_SHARE = 0.01
GROWTH = 1.25  # of the controls, or of the groups, between two looks: each goes through all that was seen
OF_MEDIANS = 1.2533**2  # standard errors of a mean in one of a median of medians


class Bare(NamedTuple):
    """A typical bare round.

    Attributes:
        ns: its length.
        share: of a control round.
        doubt: two standard errors of the share, relative.
    """

    ns: float
    share: float = 1.0
    doubt: float = 0.0

    @property
    def least_ns(self) -> float:
        return self.ns / (1 + self.doubt)

    @property
    def most_ns(self) -> float:
        return self.ns * (1 + self.doubt)


def bare_round(groups: Sequence[tuple[int, Sequence[float]]], controls: Sequence[float], calls: float) -> Bare:
    """From groups of bare rounds, ``(controls before it, lengths)``, each compared with the controls nearby.

    So a machine that changes its speed changes both. A probe costs something, and no more than ``PROBE_NS`` a call:
    that bounds what noise can make of the share. ``calls``: most matched calls in a round.
    """
    typical = median(controls)
    least = max(1 - calls * PROBE_NS / typical, LEAST_SHARE)
    ratios, noise, bare = [], [], 0
    for position, lengths in groups:
        near = controls[max(0, position - NEAR) : position + NEAR]
        if near and lengths:
            here = median(near)
            ratios.append(median(lengths) / here)
            noise += [one / here for one in near]
            bare += len(lengths)
    if not ratios:
        return Bare(typical, 1.0, (1 - least) / least)
    share = min(max(median(ratios), least), 1.0)
    within = spread(noise) * sqrt(1 / bare + 1 / min(len(noise), len(controls)))
    error = OF_MEDIANS * max(within, spread(ratios) / sqrt(len(ratios)))
    return Bare(share * typical, share, min(2 * error, (1 - least) / least))


UNIT = Bare(1.0)  # where pairs are in bare rounds


class BareRound:
    """The bare round as it is known so far: ``now``."""

    def __init__(self) -> None:
        self.now = UNIT
        self._controls = self._groups = 0

    def renew(self, groups: Sequence[tuple[int, Sequence[float]]], controls: Sequence[float], calls: float) -> None:
        """As :func:`bare_round`, where enough was added since it was last taken."""
        if controls and (len(controls) >= GROWTH * self._controls or len(groups) >= GROWTH * self._groups > 0):
            self._controls, self._groups = len(controls), len(groups)
            self.now = bare_round(groups, controls, calls)

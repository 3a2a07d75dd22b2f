"""What a round takes without any probe, as a share of one that has them."""

from collections.abc import Sequence
from math import sqrt
from statistics import median
from typing import NamedTuple

from pytest_speedbump.inference.excess import spread

__all__ = ["BareRound", "Share", "bare_share"]

NEAR = 100  # control rounds on either side of a group of bare rounds that it is compared with
MOST_DOUBT = 0.5
GROWTH = 1.25  # of the controls, or of the groups, between two looks: each goes through all that was seen
OF_MEDIANS = 1.2533**2  # standard errors of a mean in one of a median of medians


class Share(NamedTuple):
    """``value`` = bare round / control round, and two standard errors of it, relative."""

    value: float
    doubt: float


def bare_share(groups: Sequence[tuple[int, Sequence[float]]], controls: Sequence[float]) -> Share:
    """The median over groups of bare rounds, ``(controls before it, lengths)``, each compared with the controls nearby.

    So a machine that changes its speed changes both. A share of 1, in no doubt, where there is nothing to compare.
    """
    ratios, noise, bare = [], [], 0
    for position, lengths in groups:
        near = controls[max(0, position - NEAR) : position + NEAR]
        if near and lengths:
            typical = median(near)
            ratios.append(median(lengths) / typical)
            noise += [one / typical for one in near]
            bare += len(lengths)
    if not ratios:
        return Share(1.0, 0.0)
    error = OF_MEDIANS * spread(noise) * sqrt(1 / bare + 1 / min(len(noise), len(controls)))
    return Share(median(ratios), min(2 * error, MOST_DOUBT))


class BareRound:
    """Length of a typical bare round, in ns, and its relative ``doubt``, from what was seen so far."""

    def __init__(self) -> None:
        self.ns = 0.0
        self.doubt = 0.0
        self._controls = self._groups = 0

    def renew(self, groups: Sequence[tuple[int, Sequence[float]]], controls: Sequence[float]) -> None:
        """Takes it anew where enough was added since it last was."""
        if not controls or (len(controls) < GROWTH * self._controls and len(groups) < GROWTH * self._groups):
            return
        self._controls, self._groups = len(controls), len(groups)
        share = bare_share(groups, controls)
        self.ns, self.doubt = share.value * median(controls), share.doubt

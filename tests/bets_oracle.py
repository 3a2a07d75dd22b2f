"""Bets by the formulas of the method, pair by pair and in raw products: slow, and too plain to be wrong."""

from collections.abc import Sequence
from statistics import fmean

from pytest_speedbump.inference.bets import Block, Side

STAKES = {0.95: 0.5, 0.475: 0.1, 0.2375: 0.1, 0.11875: 0.1, 0.059375: 0.1, 0.0296875: 0.1}  # and their weights


def naive_payoffs(block: Block, candidate: float, side: Side) -> list[float]:
    """At either width, by the formulas of the method, pair by pair."""
    spread, most, least = block.terms
    above, below = max(most - candidate, 0.2 * most) + 0.35 * spread, max(candidate, 0.0) + 0.35 * spread
    sample = block.least if side > 0 else block.most
    return [
        side * fmean(max(-1.0, min(1.0, (x - candidate) / max(width, least))) for x in sample)
        for width in (below if side > 0 else above, max(above, below))
    ]


def naive_capitals(blocks: Sequence[Block], candidate: float, side: Side) -> list[float]:
    """What betting on ``side`` of the candidate has made of 1 after each block, by raw products."""
    parts = {(stake, width): weight / 2 for stake, weight in STAKES.items() for width in (0, 1)}
    found = []
    for block in blocks:
        payoffs = naive_payoffs(block, candidate, side)
        parts = {(stake, width): made * (1 + stake * payoffs[width]) for (stake, width), made in parts.items()}
        found.append(sum(parts.values()))
    return found


def naive_capital(blocks: Sequence[Block], candidate: float, side: Side) -> float:
    return naive_capitals(blocks, candidate, side)[-1]

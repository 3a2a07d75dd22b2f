"""How often may a claim of a known rate be wrong in so many simulations?"""

from math import comb

DOUBT = 1e-3


def most(rate: float, runs: int) -> int:
    """The count that is exceeded with a chance of DOUBT where the rate is exactly this.

    Seeds are fixed: a count beyond it tells of a changed program that does not keep the rate, or once in 1/DOUBT
    changed programs that do, of bad luck.
    """
    count, likely = 0, (1 - rate) ** runs
    while 1 - likely > DOUBT:
        count += 1
        likely += comb(runs, count) * rate**count * (1 - rate) ** (runs - count)
    return count

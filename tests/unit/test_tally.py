from pytest_speedbump.counts import Counts
from pytest_speedbump.experiment.rounds import Pair, Round
from pytest_speedbump.experiment.tally import Tally


def test_it_adds_up() -> None:
    tally = Tally()
    tally.add(Pair(Round(100, Counts(1)), Round(120, Counts(2, 20.0, 21.0, 3.0, 4.0))))
    tally.add(Pair(Round(300, Counts(3)), Round(340, Counts(4, 40.0, 41.0, 5.0, 6.0))))
    assert (tally.pairs, tally.median_control_ns, tally.calls) == (2, 200, 2.5)
    assert tally.slowed == Counts(6, 60, 62, 8, 10), "slowed arm only"

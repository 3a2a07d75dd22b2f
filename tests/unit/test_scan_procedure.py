"""Whole scans of simulated programs, where it is known what matters."""

import random
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from machine import hogs
from program import Part, Program

from pytest_speedbump.ranking import Ranking
from pytest_speedbump.targets import parse_targets
from pytest_speedbump.trials.scan import Scan, ScanRules

RULES = ScanRules(max_time_ns=60e9, alpha=0.05, seed=1)


class Stages:
    """Remembers what a watcher was told."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.left: list[int] = []

    def scanned(self, stage: str, left: int, elapsed_ns: float, expected_ns: float) -> None:
        assert 0 <= elapsed_ns <= expected_ns
        self.left.append(left)
        if stage not in self.seen[-1:]:
            self.seen.append(stage)


def scanning(program: Program, rules: ScanRules = RULES, watch: Stages | None = None) -> Scan:
    targets = parse_targets(["program.*", "other.*"])
    return Scan(
        "t.py::t", targets, "spin", rules, watch or Stages(), lambda *_: program, lambda *_: program.timing(), program
    )


def scan(program: Program, rules: ScanRules = RULES, watch: Stages | None = None) -> Ranking:
    with program.running():
        one = scanning(program, rules, watch)
        one.run(program)
        assert not program.is_armed
        assert not program.is_attended
        return one.ranking()


def parts(n: int, seed: int = 1, total: float = 0.9) -> list[Part]:
    """Shares as programs have them: a few large ones and many small."""
    rng = random.Random(seed)
    weights = [rng.expovariate(1) ** 3 for _ in range(n)]
    return [
        Part(f"f{index}", total * weight / sum(weights), rng.choice([1, 1, 2, 10, 100, 1000]))
        for index, weight in enumerate(weights)
    ]


def behind(hidden: Sequence[bool], slack_ns: float) -> Callable[[Sequence[float]], float]:
    """What is hidden is absorbed up to the slack; the rest adds up."""

    def respond(delays: Sequence[float]) -> float:
        absorbed = sum(delay for delay, one in zip(delays, hidden, strict=True) if one)
        return sum(delays) - absorbed + max(0.0, absorbed - slack_ns)

    return respond


def verdicts(ranking: Ranking) -> dict[str, str]:
    return {one.name.partition(".")[2]: one.verdict for one in ranking.functions}


def test_a_serial_program_is_ranked_by_what_each_function_takes() -> None:
    shares = {"large": 0.4, "middle": 0.1, "little": 0.02, "tiny": 0.0005}
    watch = Stages()
    ranking = scan(Program([Part(name, share, 10) for name, share in shares.items()], noise=0.01), watch=watch)
    assert verdicts(ranking) == dict.fromkeys(("large", "middle", "little"), "critical") | {"tiny": "small"}
    assert [one.name for one in ranking.functions] == [f"program.{name}" for name in shares]
    for one in ranking.functions[:3]:
        share = shares[one.name.partition(".")[2]]
        assert one.share == pytest.approx(share, rel=0.03)
        assert one.transmission == pytest.approx(1, abs=0.15)
        assert one.gain is not None
        assert one.gain.low is not None
        assert one.gain.high is not None
        assert one.gain.low < share < one.gain.high
        assert one.confirmed
        assert one.slack_ns is None
        assert one.calls == 10
    assert [one.rank for one in ranking.functions] == [1, 2, 3, 4]
    assert ranking.additive
    assert (ranking.reason, ranking.warnings) == ("", ())
    assert ranking.round_ns == pytest.approx(1e6, rel=0.01)
    assert watch.seen[0] == "hot functions"
    assert watch.seen[-1] == "confirming"


def test_what_is_hidden_is_free_and_its_slack_is_told() -> None:
    """A hot function behind a device and a colder one before it."""
    program = Program(
        [Part("hidden", 0.3, 10), Part("also_hidden", 0.1, 2), Part("schedule", 0.05, 1)],
        behind([True, True, False], slack_ns=0.2e6),
        noise=0.005,
    )
    ranking = scan(program)
    found = {one.name.partition(".")[2]: one for one in ranking.functions}
    assert verdicts(ranking) == {"schedule": "critical", "hidden": "free", "also_hidden": "free"}
    assert found["schedule"].confirmed
    for name, calls in (("hidden", 10), ("also_hidden", 2)):
        one = found[name]
        assert not one.confirmed
        if one.slack_ns is not None:
            assert one.slack_ns == pytest.approx(0.2e6 / calls, rel=0.1)
    assert ranking.joint_slack_ns == pytest.approx(0.2e6, rel=0.05)
    assert ranking.functions[0].name == "program.schedule"


def test_callables_of_c_are_ranked_among_python_functions() -> None:
    """Each by its own share, also where one has the name of a Python function, and two the same."""
    program = Program(
        [
            Part("loads", 0.05),
            Part("crc32", 0.3, 10, in_c=True),
            Part("loads", 0.2, 5, in_c=True),
            Part("hidden", 0.2, 2, in_c=True),
            Part("crc32", 0.1, 3, "other", in_c=True),
        ],
        behind([False, False, False, True, False], slack_ns=0.5e6),
        noise=0.005,
    )
    found = {one.name: one for one in scan(program).functions}
    shares = {"program.loads": 0.05, "c:program.crc32": 0.3, "c:program.loads": 0.2, "c:other.crc32": 0.1}
    assert {name: one.share for name, one in found.items() if one.verdict == "critical"} == pytest.approx(
        shares, rel=0.05
    )
    assert found["c:program.hidden"].verdict == "free"
    assert {name: (one.kind, one.file, one.line) for name, one in found.items()} == {
        name: ("c", None, None) if name.startswith("c:") else ("start", "program.py", 1) for name in found
    }


@pytest.mark.parametrize("seed", range(6))
def test_nothing_that_matters_is_missed_among_many(seed: int) -> None:
    many = parts(150, seed)
    rng = random.Random(seed)
    hidden = [rng.random() < 0.4 for _ in many]
    program = Program(many, behind(hidden, 0.2e6), noise=0.02)
    ranking = scan(program, replace(RULES, seed=seed))
    truth = {part.name: 0.0 if one else part.share for part, one in zip(many, hidden, strict=True)}
    said = verdicts(ranking)
    assert [name for name, gain in truth.items() if gain >= 0.01 and said[name] not in ("critical", "partly")] == []
    assert [name for name, gain in truth.items() if gain == 0 and said[name] in ("critical", "partly")] == []
    assert ranking.seconds < 10


def test_one_that_is_hidden_every_other_time_is_partly_critical() -> None:
    rng = random.Random(1)
    program = Program([Part("f", 0.4, 10)], lambda delays: sum(delays) * (rng.random() < 0.5), noise=0.01)
    [one] = scan(program).functions
    assert one.verdict in ("partly", "unresolved")
    assert one.transmission is not None
    assert one.transmission.low is not None
    assert one.transmission.high is not None
    assert one.transmission.low < 0.5 < one.transmission.high
    assert one.slack_ns is None


def test_a_function_of_some_rounds_only() -> None:
    """Its rounds differ by its body as well as by its delay."""
    program = Program([Part("often", 0.3, 10), Part("seldom", 0.2, 5)], noise=0.005, odd_rounds=frozenset({"seldom"}))
    found = {one.name: one for one in scan(program).functions}
    assert found["program.seldom"].verdict in ("critical", "partly", "unresolved")
    assert found["program.often"].verdict == "critical"


@pytest.mark.parametrize("seed", range(3))
def test_long_rounds_are_looked_at_by_modules_first(seed: int) -> None:
    """Of 120 functions in six modules: two modules are hidden, one is mixed."""
    rng = random.Random(seed)
    many = [Part(f"f{i}", 0.9 / 120 * rng.uniform(0.5, 1.5), 3, f"program.m{i % 6}") for i in range(120)]
    hidden = [i % 6 < 2 or (i % 6 == 2 and i % 12 == 2) for i in range(120)]
    program = Program(many, behind(hidden, 1e9), round_ns=200e6, noise=0.01)
    watch = Stages()
    ranking = scan(program, replace(RULES, seed=seed), watch)
    assert watch.seen[0] == "groups of functions"
    assert ranking.seconds <= 62
    said = {one.name.rpartition(".")[2]: one.verdict for one in ranking.functions}
    assert [part.name for part, one in zip(many, hidden, strict=True) if one and said[part.name] == "critical"] == []
    free = [part.name for part, one in zip(many, hidden, strict=True) if one and said[part.name] in ("free", "small")]
    assert len(free) >= 15


def test_where_time_runs_out_the_rest_is_unresolved() -> None:
    program = Program(parts(100), noise=0.02, round_ns=5e6)
    ranking = scan(program, replace(RULES, max_time_ns=1e9))
    assert ranking.reason.kind == "short_of_time"
    assert ranking.seconds < 1.1
    assert sum(one.verdict == "unresolved" for one in ranking.functions) > 10
    assert len(ranking.functions) == 100
    unresolved = [one for one in ranking.functions if one.pairs == 0]
    assert all(one.transmission is None and one.gain is None for one in unresolved)


def test_a_callable_that_raises_ends_the_scan_and_says_so() -> None:
    ranking = scan(Program(parts(20), noise=0.01, raises_in=500))
    assert ranking.reason.kind == "raised"
    assert len(ranking.functions) == 20
    assert scan(Program(parts(20), raises_in=3)).functions == ()


def test_ctrl_c_leaves_what_is_known() -> None:
    program = Program(parts(20), noise=0.01)

    def interrupt() -> None:
        if len(program.delays) == 500:
            raise KeyboardInterrupt

    program.before_round = interrupt
    with program.running():
        one = scanning(program)
        with pytest.raises(KeyboardInterrupt):
            one.run(program)
        assert not program.is_armed
        assert any(function.transmission is not None for function in one.ranking().functions)


def test_nothing_called() -> None:
    ranking = scan(Program([]))
    assert ranking.functions == ()
    assert ranking.reason.kind == "unmatched"


def test_the_same_seed_finds_the_same() -> None:
    first, second = (scan(Program(parts(40), noise=0.02)) for _ in range(2))
    assert first == second
    assert first != scan(Program(parts(40), noise=0.02), replace(RULES, seed=2))


def test_the_arms_of_every_pair_differ_in_what_was_chosen_alone() -> None:
    program = Program(parts(30), noise=0.01)
    scan(program)
    sizes = {len(one) for one in program.slowed}
    assert {0, 1} < sizes, "control rounds, single ones, and joint ones"


def test_a_busy_machine_ranks_alike() -> None:
    many = parts(60, 3)
    quiet = scan(Program(many, noise=0.01))
    busy = scan(Program(many, noise=0.01, waiting=hogs(20e6, 4e6), crowd=0.5))  # type: ignore[arg-type]
    matters = [
        {one.name for one in ranking.functions if one.verdict == "critical" and (one.share or 0) > 0.01}
        for ranking in (quiet, busy)
    ]
    assert matters == [{f"program.{part.name}" for part in many if part.share > 0.01}] * 2


def test_false_confirmations_are_rare() -> None:
    """Everything is hidden, in noise that is larger than any dose: at most the error rate of the scans confirm any."""
    confirmed = 0
    for seed in range(100):
        program = Program(parts(4, seed), lambda _: 0.0, noise=0.2)
        program._rng.seed(seed)
        ranking = scan(program, replace(RULES, seed=seed, max_time_ns=1e9))
        confirmed += any(one.confirmed for one in ranking.functions)
    assert confirmed <= 5

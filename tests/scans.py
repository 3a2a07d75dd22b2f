"""Rankings made by hand, and any others: with names that would spoil a table, and numbers that are not known."""

from dataclasses import replace

from hypothesis import strategies as st

from pytest_speedbump.ranking import Ranked, Ranking
from pytest_speedbump.remarks import Remark
from pytest_speedbump.result import Estimate
from pytest_speedbump.targets import Targets

LEXER = Ranked(
    name="graphql.lexer.Lexer.read", file="graphql/lexer.py", line=10, calls=120.0, share=0.21,
    transmission=Estimate(1.0, 0.93, 1.07), slack_ns=None, gain=Estimate(0.21, 0.195, 0.225), gain_per_us=0.4,
    verdict="critical", confirmed=True, rank=1, pairs=60,
)  # fmt: skip
PARSER = replace(LEXER, name="graphql.parser.Parser.parse", line=20, gain=Estimate(0.08, 0.07, 0.09), rank=2)
LAMBDA = replace(PARSER, name="graphql.<locals>.<lambda>", line=30, confirmed=False)
LOCK = replace(
    LEXER, name="pool.release", line=40, share=0.004, transmission=Estimate(3.1, 2.6, 3.6), rank=4,
    gain=Estimate(0.0124, 0.0104, 0.0144),
)  # fmt: skip
NODE = replace(
    LAMBDA, name="graphql.Node", line=50, share=0.08, transmission=Estimate(0.3, 0.2, 0.4), verdict="partly", rank=5,
    slack_ns=Estimate(1100.0, 900.0, 1300.0), gain=Estimate(0.024, 0.016, 0.032),
)  # fmt: skip
LOG = replace(
    NODE, name="audit.log.write", line=60, calls=1.0, share=0.12, transmission=Estimate(0.01, -0.05, 0.06), rank=6,
    slack_ns=Estimate(42e3, 42e3, None), gain=Estimate(0.0012, -0.006, 0.0072), gain_per_us=0.00003, verdict="free",
)  # fmt: skip
SLOW = replace(
    LOG, name="graphql.slow", line=70, share=0.02, transmission=None, slack_ns=None, gain=None, gain_per_us=None,
    verdict="unresolved",
)  # fmt: skip
SMALL = [replace(LEXER, name=f"graphql.small_{i}", share=0.0003, verdict="small", confirmed=False) for i in range(312)]
LATE = [replace(SLOW, name=f"graphql.late_{i}", share=0.002) for i in range(4)]

RANKING = Ranking(
    test="bench/test_x.py::test_y", targets=Targets(("graphql.*", "audit.*"), (), ()), mode="spin", round_ns=300e3,
    seconds=2.13, pairs=4100, functions=(LEXER, PARSER, LAMBDA, LOCK, NODE, LOG, SLOW, *SMALL, *LATE),
    joint_slack_ns=Estimate(31e3, 29e3, 33e3), additive=True, reason=Remark("time", spent_ns=60e9, instead=""),
    warnings=("other threads run Python code",),
)  # fmt: skip

names = st.one_of(
    st.text("ab.<>", max_size=30),
    st.text(st.sampled_from("解析語한글אבגد\u202e\u200d\x1b\n\t\x00e\u0301😀"), max_size=40),
    st.text("xy", min_size=390, max_size=400),
)
numbers = st.floats(-3, 3) | st.sampled_from([0.0, 1e-9, 1e4])
estimates = st.builds(
    lambda ends, low, high: Estimate(ends[1], ends[0] if low else None, ends[2] if high else None),
    st.lists(numbers, min_size=3, max_size=3).map(sorted), st.booleans(), st.booleans(),
)  # fmt: skip
functions = st.builds(
    Ranked, name=names, file=st.none() | names, line=st.none() | st.integers(0, 9),
    kind=st.sampled_from(["start", "c"]), calls=st.floats(0, 1e6), share=st.none() | st.floats(0, 1),
    transmission=st.none() | estimates, slack_ns=st.none() | estimates, gain=st.none() | estimates,
    gain_per_us=st.none() | numbers, verdict=st.sampled_from(["critical", "partly", "free", "small", "unresolved"]),
    confirmed=st.booleans(), rank=st.integers(1, 1500), pairs=st.just(3),
)  # fmt: skip
rankings = st.builds(
    Ranking, test=names.map("t.py::{}".format), targets=st.just(RANKING.targets), mode=st.just("spin"),
    round_ns=st.none() | st.floats(1, 1e9), functions=st.lists(functions, max_size=6).map(tuple),
    joint_slack_ns=st.none() | estimates, additive=st.none() | st.booleans(),
    warnings=st.lists(names, max_size=1).map(tuple),
)  # fmt: skip

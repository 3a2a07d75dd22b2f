"""The list of promises, held against documents made by hand: what is read, what holds, how the command ends."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import reach_records as reached
import scan_records as scans
from truth_records import ORIGIN, dose, first_command, speedup, verdict

from benchmarks.exits import Exit
from benchmarks.figures.__main__ import main
from benchmarks.figures.promises import PROMISES
from benchmarks.reach.kinds import KINDS
from benchmarks.reach.systems import SYSTEMS

ROOT = Path(__file__).parents[2]

type Documents = dict[str, dict[str, Any]]


def case(name: str, **ns: float) -> dict[str, Any]:
    return {"case": name, "unit": "call", "ns": {key.replace("_", "-"): value for key, value in ns.items()},
            "skipped": {}}  # fmt: skip


def interval(low: float, high: float) -> dict[str, float]:
    return {"estimate": low, "low": low, "high": high}


def documents() -> Documents:
    """One of each, in which every promise holds."""
    delays = (100.0, 300.0, 1e3, 1e4, 1e5, 1e6)
    micro = {
        "side_by_side": [
            case("matched-call", uninstrumented=20.0, empty_callback=30.0, core=31.0),
            case("unmatched-call", uninstrumented=20.0, core=20.1),
            *(case(f"first-pass-{n}", uninstrumented=20.0, core=300.0) for n in (100, 1000)),
        ],
        "delivery": [
            {"backend": backend, "requested_ns": delay, "delivered_ns": delay + (1.0 if backend == "core" else 400.0)}
            for backend in ("python", "core") for delay in delays
        ],
        "delivery_afresh": [
            [{"backend": "core", "requested_ns": delay, "delivered_ns": delay + (3.0 if i == 9 else 1.9)}
             for delay in delays[:3]]
            for i in range(10)
        ],
        "counting": {"codes": 3, "calls": 10, "differ": 0},
        "plans": {"uniform": 40.0, "doses": 40.9, "added": 0.9},
    }  # fmt: skip
    e2e = {"results": [{"name": f"pytest/{name}", "median": time} for name, time in (("plain", 2.0), ("inert", 2.01))]}
    right = [
        *[verdict("insensitive", transmission=interval(0.9, 1.1))] * 200,
        *[verdict("sensitive", 0.04, drop=None)] * 300,
        first_command(7),
    ]
    at_the_budget = verdict("inconclusive", 0.0201, aim=0.02, case="bites, at the budget", drop=None)
    truth = {
        "records": [
            *(one | {"condition": condition} for condition in ("quiet", "hog", "hogs") for one in right),
            *[at_the_budget] * 100,
            *(
                verdict("insensitive", case=f"no effect, in {s} s", budget=budget, drop=None)
                for s, budget in ((10, 0.0002), (60, 0.00005))
            ),
            *[verdict("insensitive", case="rounds of 1 s, hidden", pairs=14, drop=None)] * 3,
            verdict("inconclusive", 0.51, case="100 blocks", pairs=100, drop=interval(0.5, 0.52)),
            dose(1.01),
            dose(0.0, 0.0, system="hidden behind a device"),
            speedup(0.105, 0.1),
            speedup(0.5, 0.1, crosses=True),
        ]
    }
    scan = {
        "records": [
            *(scans.shares({"hot": 50, "cold": 1}, 1_000, package) for package in ("graphql-core", "tomlkit")),
            *scans.agreeing("graphql-core"),
            *scans.agreeing("tomlkit"),
            *[scans.known(scans.function("f", "critical", 0.1), joint_slack_ns={"estimate": 104.0},
                          true_joint_slack_ns=100.0)] * 20,
            *[scans.hidden()] * 190,
            *[scans.hidden(confirmed=["f"], condition="hog")] * 10,
            scans.gain(0.05, 0.041),
            scans.gain(0.0, 0.001, "hidden"),
            scans.singles((5.0, 0.1, 0.1), functions=100, seconds=10.0),
        ]
    }  # fmt: skip
    reach = {
        "records": [
            *(reached.cost(kind.name, 3.0) for kind in KINDS),
            *(reached.delivered(kind.name, delay_ns) for kind in KINDS for delay_ns in kind.delays_ns),
            *(reached.known(system.name, 1.019) for system in SYSTEMS),
        ]
    }
    schemas = {"micro": "micro/1", "e2e": "e2e-result/2", "truth": "truth/3", "scan": "scan/1", "reach": "reach/1"}
    return {
        name: {"schema": f"pytest-speedbump-{schemas[name]}", "origin": dict(ORIGIN), **document}
        for name, document in (
            ("micro", micro),
            ("e2e", e2e),
            ("truth", truth),
            ("scan", scan),
            ("reach", reach),
        )
    }


def write(folder: Path, made: Documents) -> list[str]:
    for name, document in made.items():
        (folder / f"{name}.json").write_text(json.dumps(document), encoding="utf-8")
    return [str(folder / f"{name}.json") for name in made]


def test_where_every_promise_holds_the_command_succeeds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = tmp_path / "figures.json"
    assert main([*write(tmp_path, documents()), "--output", str(output)]) == Exit.OK
    document = json.loads(output.read_text(encoding="utf-8"))
    assert document["schema"] == "pytest-speedbump-figures/1"
    assert document["origins"] == dict.fromkeys(("micro", "e2e", "truth", "scan", "reach"), ORIGIN)
    assert [figure["what"] for figure in document["figures"]] == [promise.what for promise in PROMISES]
    assert all(figure["finding"]["holds"] for figure in document["figures"])
    out = capsys.readouterr().out
    assert "| micro: side_by_side, matched-call " in out
    assert " 1.10 x (11.0 ns, 10.0 ns) |   yes |" in out
    assert "- truth: A processor, 2 processors, Linux 6" in out


def hurt_ratio(made: Documents) -> None:
    made["micro"]["side_by_side"][0]["ns"]["core"] = 31.6


def hurt_unmatched(made: Documents) -> None:
    made["micro"]["side_by_side"][1]["ns"]["core"] = 20.7


def hurt_first_pass(made: Documents) -> None:
    made["micro"]["side_by_side"][2]["ns"]["core"] = 1021.0


def hurt_delivery(made: Documents) -> None:
    made["micro"]["delivery"][-6]["delivered_ns"] = 94.9


def hurt_afresh(made: Documents) -> None:
    made["micro"]["delivery_afresh"][0][1]["delivered_ns"] = 297.9


def hurt_counting(made: Documents) -> None:
    made["micro"]["counting"]["differ"] = 1


def hurt_plans(made: Documents) -> None:
    made["micro"]["plans"]["added"] = 1.1


def hurt_inert(made: Documents) -> None:
    made["e2e"]["results"][1]["median"] = 2.05


def records(*more: dict[str, Any], source: str = "truth") -> Callable[[Documents], None]:
    return lambda made: made[source]["records"].extend(more)


def scanned(*more: dict[str, Any]) -> Callable[[Documents], None]:
    return records(*more, source="scan")


def measured(*more: dict[str, Any]) -> Callable[[Documents], None]:
    return records(*more, source="reach")


GAINS_OF = "gains of 1 % missed, or of 0.5 % reported where under 0.2 % are true"
OFF = scans.function("f", "critical", 0.1, transmission=(1.25, 1.15, 1.35))  # by five standard errors
SLOW = scans.package(scans.function("hot", "critical", 0.05), seconds=10.5, package="tomlkit")


@pytest.mark.parametrize(
    ("hurt", "broken"),
    [
        (hurt_ratio, {"added per matched call at zero delay, empty C callback = 1"}),
        (hurt_unmatched, {"added per call of unmatched code"}),
        (hurt_first_pass, {"first pass over 2,000 functions with 100 patterns"}),
        (hurt_delivery, {"delivered delay, 100ns"}),
        (hurt_afresh, {"delivered delay, 300ns, fresh processes within max(2 ns, 0.5 %)"}),
        (hurt_counting, {"calls per code object against cProfile, on graphql-core"}),
        (hurt_plans, {"a dose for each target: added per matched, undelayed call"}),
        (hurt_inert, {"plugin installed, not asked: a whole pytest run, against one without"}),
        (records(*[verdict("sensitive")] * 2), set()),  # one in a hundred may be wrong
        (records(*[verdict("sensitive")] * 3), {"no effect, quiet: false failures"}),
        (records(*[verdict("inconclusive")] * 11), {"no effect, quiet: insensitive"}),
        (records(*[verdict("inconclusive", 0.04, drop=None)] * 16), {"twice the budget, quiet: sensitive"}),
        (
            records(*[verdict("insensitive", 0.04, drop=None, condition="hogs")] * 4),
            {"twice the budget, hogs: wrong passes"},
        ),
        (records(verdict("sensitive", 0.019, condition="hogs")), {"beside three hogs: false failures"}),
        (
            records(*[verdict("inconclusive", 0.2, case="plain violation", condition="hogs", drop=None)] * 76),
            {"beside three hogs: plain violations found"},
        ),
        (
            records(*[verdict("insensitive", 0.0199, aim=0.02, case="bites, at the budget", drop=None)] * 2),
            {"mean time exactly at the budget, bites of 1 to 20 budgets: wrong passes"},
        ),
        (
            records(*[verdict("sensitive", 0.0201, aim=0.02, case="bites, at the budget", drop=None)] * 3),
            {"mean time exactly at the budget, bites of 1 to 20 budgets: false failures"},
        ),
        (records(*[verdict("insensitive", seconds=0.4)] * 201), {"no effect, quiet: median time to a verdict"}),
        (
            records(*[verdict("insensitive", 0.01001)] * 11),
            {"95 % intervals of the drop, quiet: hold the truth"},
        ),
        (
            records(*[verdict("insensitive", transmission=interval(0, 0.5), condition="hog")] * 11),
            {"95 % intervals of the transmission, hog: hold the truth"},
        ),
        (
            records(
                *[verdict("inconclusive", 0.51, case="100 blocks", drop=interval(0.49, 0.53))] * 2
            ),
            {"drop of 51 %, rounds of 1 ms: interval after 100 pairs"},
        ),
        (
            records(*[verdict("inconclusive", case="no effect, in 60 s", budget=0.00005, drop=None)] * 2),
            {"no effect, 40 us: smallest budget proved in 60 s"},
        ),
        (
            records(verdict("inconclusive", case="rounds of 1 s, hidden", pairs=14, drop=None)),
            {"rounds of 1 s, delay worth two budgets: pairs to a pass"},
        ),
        (
            records(*[verdict("insensitive", case="rounds of 1 s, hidden", pairs=15, drop=None)] * 4),
            {"rounds of 1 s, delay worth two budgets: pairs to a pass"},
        ),
        (records(*[first_command(8.5)] * 2), {"README's first command, quiet: time"}),
        (
            records(first_command(7, width=0.06, condition="hog")),
            {"README's first command, hog: intervals narrower than half their drop"},
        ),
        (
            records(*[dose(1.05)] * 2),
            {"transmission, serial chain: within 0.02 of the truth",
             "transmission, every system: within 0.02 of the truth"},
        ),
        (
            records(dose(None, drop=None, system="another")),  # it gave no number at all
            {"transmission, every system: within 0.02 of the truth"},
        ),
        (records(*[speedup(0.115, 0.1)] * 2), {"predicted speedup: within 1 point of the real one"}),
        (records(speedup(None, 0.1) | {"speedup": "x"}), {"predicted speedup: within 1 point of the real one"}),
        (scanned(*[SLOW] * 2, *[SLOW | {"condition": "hog"}] * 2), {"scan of tomlkit, quiet: time"}),
        (scanned(*[SLOW | {"condition": "hog"}] * 2), {"scans beside a hog: the same answers, time"}),
        (
            scanned(scans.package(scans.function("hot", "small", 0.0))),
            {f"scan of graphql-core, quiet: {GAINS_OF}"},
        ),
        (
            scanned(*[scans.package(scans.function("hot", "partly", 0.1), scans.function("cold", "free", 0.005),
                                    condition="hog")]),
            {f"scan of graphql-core, hog: {GAINS_OF}"},
        ),
        (
            scanned(*[scans.package(scans.function("hot", "critical", 0.1), scans.function("cold", verdict_, 0.001),
                                    condition=condition)
                      for condition, verdict_ in (("quiet", "free"), ("hog", "partly"))]),
            {"scans beside a hog: the same answers, time"},
        ),
        (scanned(*[scans.known(OFF)] * 2), {"scans of known systems: transmission within two standard errors"}),
        (
            scanned(scans.known(joint_slack_ns={"estimate": 94.0}, true_joint_slack_ns=100.0)),
            {"scans of known systems: joint slack within 5 %"},
        ),
        (
            scanned(scans.known(joint_slack_ns=None, true_joint_slack_ns=100.0)),  # it was not told
            {"scans of known systems: joint slack within 5 %"},
        ),
        (
            scanned(scans.gain(0.02, 0.005, "hidden")),
            {"scan, gain predicted: within 1 point of what removing the cost wins"},
        ),
        (
            scanned(scans.singles((4.9, 0.1, 0.1), functions=100, seconds=10.0)),
            {"scan against single measurements of the same precision: time"},
        ),
        (
            scanned(scans.hidden(confirmed=["f"])),
            {"scans where nothing is critical: that confirm a function"},
        ),
        (measured(*[reached.cost("start", 1_000.0)] * 2), set()),  # of which nothing is promised here
        (measured(*[reached.cost("line", 20.1), reached.cost("line", 19.0)]), set()),  # the median is what counts
        (measured(*[reached.cost("line", 20.1)] * 2), {"line: added per armed, undelayed call"}),
        (measured(*[reached.cost("native: symbol", 3.1)] * 2), {"native: symbol: added per armed, undelayed call"}),
        (
            measured(*[reached.cost("c: type", 5.0, -1.1)] * 2),
            {"armed for each kind of target: ns added to calls that do not match"},
        ),
        (measured(*[reached.delivered("await", 1e6, 9_999.0)] * 2), set()),
        (measured(*[reached.delivered("await", 1e6, -10_001.0)] * 2), {"await: delivered delay, 1ms"}),
        (
            measured(*[reached.delivered("resume", 300.0, 5.1)] * 2),
            {"resume: delivered delay, 300ns, 1us, 10us, 1ms"},
        ),
        (
            measured(reached.known(SYSTEMS[0].name, 0.979)),
            {f"{SYSTEMS[0].name}: transmission within 0.02 of the truth"},
        ),
        (
            measured(reached.known(SYSTEMS[1].name, None)),  # it gave no number
            {f"{SYSTEMS[1].name}: transmission within 0.02 of the truth"},
        ),
    ],
)  # fmt: skip
def test_each_promise_can_be_broken(hurt: Callable[[Documents], None], broken: set[str], tmp_path: Path) -> None:
    made = documents()
    hurt(made)
    output = tmp_path / "figures.json"
    assert main([*write(tmp_path, made), "--output", str(output)]) == (Exit.BROKEN if broken else Exit.OK)
    figures = json.loads(output.read_text(encoding="utf-8"))["figures"]
    assert {figure["what"] for figure in figures if not figure["finding"]["holds"]} == broken


def test_what_was_not_measured_does_not_pass(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    micro, e2e, _, scan, reach = write(tmp_path, documents())
    assert main([micro, e2e, scan, reach]) == Exit.NOT_MEASURED
    out = capsys.readouterr().out
    assert out.count("not measured") == sum(promise.source == "truth" for promise in PROMISES)
    made = documents()
    made["micro"] |= {"side_by_side": [], "delivery": [], "delivery_afresh": [], "counting": None, "plans": None}
    made["e2e"]["results"] = []
    made["truth"]["records"] = []
    made["scan"]["records"] = []
    made["reach"]["records"] = []
    assert main(write(tmp_path, made)) == Exit.NOT_MEASURED
    assert capsys.readouterr().out.count("not measured") == len(PROMISES)


def test_bad_documents_get_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def refused(*arguments: str) -> str:
        assert main(arguments) == Exit.BAD_INPUT
        said = capsys.readouterr()
        assert (said.out, said.err.count("\n")) == ("", 1)
        return said.err

    made = documents()
    made["micro"]["origin"]["smoke"] = True
    del made["truth"]["records"][0]["verdict"]
    made["e2e"]["origin"] = {}
    micro, e2e, truth, *_ = write(tmp_path, made)
    (tmp_path / "other.json").write_text("[1]", encoding="utf-8")
    assert "micro.json is of a smoke run, which is no evidence; measure without --smoke" in refused(micro)
    assert "the document of benchmarks.truth is broken: KeyError('verdict'); measure again" in refused(truth)
    assert "e2e.json is a broken result file: KeyError('python'); measure again" in refused(e2e)
    assert "micro.json is a second document of benchmarks.micro" in refused("--smoke", micro, micro)
    assert "its schema is 'list', not 'pytest-speedbump-micro/1' or" in refused(str(tmp_path / "other.json"))
    assert "no.json cannot be read" in refused(str(tmp_path / "no.json"))
    assert "is a directory; name a file in it" in refused(micro, "--output", str(tmp_path))


def test_nothing_is_measured_and_no_core_is_needed(tmp_path: Path) -> None:
    code = "import sys; sys.modules['pytest_speedbump._core'] = None; from benchmarks.figures.__main__ import main; "
    paths = write(tmp_path, documents())
    done = subprocess.run([sys.executable, "-c", f"{code} sys.exit(main({paths!r}))"], cwd=ROOT, capture_output=True)
    assert done.returncode == Exit.OK, done.stderr


def test_promises_are_told_apart() -> None:
    assert len({promise.what for promise in PROMISES}) == len(PROMISES)

"""Two result files: comparable or not, slower or not."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.e2e.compare import compare, main
from benchmarks.e2e.results import Results, read_export
from benchmarks.exits import Exit, ExitError
from benchmarks.origin import Origin

ORIGIN = Origin(
    python="CPython 3.13.0", gil=True, system="Linux 6.1", machine="x86_64", processor="a processor", cpus=2,
    smoke=False, at="2026-01-01T00:00:00+00:00", load=0.1, core="/old/_core.so", clock="tsc", version="0.1.0",
    pytest_benchmark="5.3.1",
)  # fmt: skip
OLD = Results(ORIGIN, "1.15.0", {"a": [1.0, 1.1, 1.2], "b": [2.0, 2.1, 2.2]}, {})


def with_times(**times: list[float]) -> Results:
    return replace(OLD, origin=replace(ORIGIN, core="/new/_core.so", version="0.2.0", load=1.0), times=times)


def write(path: Path, results: Results) -> str:
    path.write_text(json.dumps(results.to_json()), encoding="utf-8")
    return str(path)


def test_results_survive_their_file(tmp_path: Path) -> None:
    assert Results.read(Path(write(tmp_path / "r.json", OLD))) == OLD


def test_times_are_matched_by_name() -> None:
    changes = compare(OLD, with_times(b=[2.0, 2.1, 2.2], a=[1.0, 1.1, 1.2]), 0.1)
    assert [(change.name, change.old, change.new) for change in changes] == [("a", 1.1, 1.1), ("b", 2.1, 2.1)]


@pytest.mark.parametrize(
    ("times", "slower"),
    [
        ([1.3, 1.4, 1.5], True),
        ([1.15, 1.4, 1.5], False),  # the runs overlap
        ([1.201, 1.205, 1.21], False),  # within the tolerance
        ([0.5, 0.5, 0.5], False),
    ],
)
def test_slower_means_by_more_than_tolerance_and_scatter(times: list[float], slower: bool) -> None:
    change = compare(OLD, with_times(a=times, b=[2.0]), 0.1)[0]
    assert change.slower is slower
    assert ("SLOWER" in str(change)) is slower


def test_unlike_environments_are_not_compared() -> None:
    other = replace(OLD, origin=replace(ORIGIN, cpus=4, python="CPython 3.14.0"), hyperfine="1.18.0")
    with pytest.raises(ExitError, match=r"python: CPython 3\.13\.0, now CPython 3\.14\.0; cpus: 2, now 4; ") as refused:
        compare(OLD, other, 0.1)
    assert str(refused.value).endswith("; hyperfine: 1.15.0, now 1.18.0")
    assert refused.value.status == Exit.NOT_COMPARABLE


def test_a_smoke_run_is_no_baseline() -> None:
    assert ORIGIN.differences(replace(ORIGIN, smoke=True)) == ["smoke: False, now True"]


def test_this_environment_is_like_itself() -> None:
    here = Origin.here(smoke=False)
    assert here.differences(Origin.here(smoke=False)) == []
    assert Origin.from_json(json.loads(json.dumps(here.to_json()))) == here


@pytest.mark.parametrize("times", [{"a": [1.0]}, {"a": [1.0], "b": [2.0], "c": [3.0]}])
def test_what_only_one_file_holds_does_not_pass(times: dict[str, list[float]]) -> None:
    with pytest.raises(ExitError, match=r"only one of the files holds [bc];") as refused:
        compare(OLD, with_times(**times), 0.1)
    assert refused.value.status == Exit.NOT_COMPARABLE


def test_a_glob_restricts_both_files() -> None:
    assert [change.name for change in compare(OLD, with_times(a=[1.0]), 0.1, "a")] == ["a"]
    with pytest.raises(ExitError, match="no scenario matches 'z'"):
        compare(OLD, OLD, 0.1, "z")


def test_exit_codes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old = write(tmp_path / "old.json", OLD)
    slow = write(tmp_path / "slow.json", with_times(a=[5.0], b=[2.1]))
    other = write(tmp_path / "other.json", replace(OLD, origin=replace(ORIGIN, cpus=4)))
    assert main([old, old]) == Exit.OK
    assert main([old, slow]) == Exit.BROKEN
    assert "+354.5%" in capsys.readouterr().out
    assert main([old, slow, "--tolerance", "99%"]) == Exit.BROKEN
    assert main([old, slow, "--scenario", "b"]) == Exit.OK
    assert main([old, other]) == Exit.NOT_COMPARABLE
    assert "cpus: 2, now 4" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{", "is not JSON"),
        ("[]", "its schema is 'list'"),
        ('{"schema": "pytest-speedbump-e2e-plan/1"}', "its schema is 'pytest-speedbump-e2e-plan/1'"),
        ('{"schema": "pytest-speedbump-e2e-result/2", "origin": {}}', "is a broken result file"),
        (json.dumps(replace(OLD, times={"a": [1.0]}).to_json()).replace("[1.0]", "[]"), "is a broken result file"),
        (json.dumps(replace(OLD, times={"a": [1.0]}).to_json()).replace("[1.0]", "[-1]"), "is a broken result file"),
    ],
)
def test_bad_files_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, sentence: str) -> None:
    bad = tmp_path / "bad.json"
    bad.write_text(text, encoding="utf-8")
    assert main([write(tmp_path / "old.json", OLD), str(bad)]) == Exit.BAD_INPUT
    error = capsys.readouterr().err
    assert str(bad) in error
    assert sentence in error


def test_absent_file_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "no.json"), str(tmp_path / "no.json")]) == Exit.BAD_INPUT
    assert "cannot be read" in capsys.readouterr().err


@pytest.mark.parametrize("share", ["-1", "2", "ten"])
def test_bad_tolerance_is_refused(share: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["a", "b", f"--tolerance={share}"])
    assert repr(share) in capsys.readouterr().err


@pytest.mark.parametrize(
    "results",
    [
        [{"command": "a", "times": [1]}],
        [{"command": "a", "times": [1]}, {"command": "a", "times": [2]}, {"command": "b", "times": [3]}],
        [{"command": "a", "times": [1]}, {"command": "c", "times": [2]}],
        [{"times": [1]}],
    ],
)
def test_an_export_that_was_not_asked_for_is_refused(tmp_path: Path, results: object) -> None:
    export = tmp_path / "export.json"
    export.write_text(json.dumps({"results": results}), encoding="utf-8")
    with pytest.raises(ExitError, match="hyperfine's export"):
        read_export(export, {"a": [], "b": []})

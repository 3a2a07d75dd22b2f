"""``--speedbump-compare``: what costs more than it did fails, with the reason; what guards nothing any more fails."""

import pytest
from locked import NAME, changes, edited, entry, guarded, lock, locked, names_in
from suite import Suite

COMPARE = ("--speedbump-compare", "-ra")  # its path is left out, so no test may follow at once

# A device that takes 6 ms; the work for it is hidden behind that, or comes after it. Nothing here uses the processor:
# it is the same system on a busy machine, save that sleepers wake a little late.
PIPELINE = """
    import time

    def step(hidden):
        done = time.perf_counter() + 6e-3
        if hidden:
            work.leaf()
        time.sleep(max(0, done - time.perf_counter()))
        if not hidden:
            work.leaf()

    @pytest.mark.speedbump("work.leaf", delay="4.8ms", mode="sleep")
    def test_it(speedbump):
        speedbump(step, {hidden})
"""


def test_a_commit_that_moves_hidden_work_onto_the_critical_path(suite: Suite) -> None:
    hidden, exposed = PIPELINE.format(hidden=True), PIPELINE.format(hidden=False)
    save, compare = "--speedbump-save", "--speedbump-compare"
    brief = ("--speedbump-max-time=2s", "--speedbump-tolerance=10%")

    run = suite.run(hidden, save, *brief)
    assert run.code == 0
    run.pytest.stdout.fnmatch_lines(f"speedbump: {NAME}: added: test_it.py::test_it [[]work.leaf +4.8ms sleep[]]")

    run = suite.run(hidden, compare, *brief)
    assert (run.code, changes(run.results)) == (0, {"test_it": "kept"})

    run = suite.run(exposed, compare, save, *brief)
    assert (run.code, changes(run.results)) == (1, {"test_it": "grown"})
    grown = (
        r"speedbump: work\.leaf slowed by 4\.8ms a call: grown since the lockfile was written: it costs \d+\.\d% of "
        r"throughput instead of -?\d+\.\d% \(calls a run 1 -> 1; transmission -?0\.\d\d -> [01]\.\d\d; "
        r"delay 4\.8ms, as before\)"
    )
    run.pytest.stdout.re_match_lines([grown, r"  If this is meant, accept it with --speedbump-save\."])
    run.pytest.stdout.fnmatch_lines(f"speedbump: {NAME}: changed: test_it.py::test_it *")

    # Saved, so it is accepted; and the reverse passes, and says so.
    run = suite.run(hidden, compare, *brief)
    assert (run.code, changes(run.results)) == (0, {"test_it": "improved"})
    run.pytest.stdout.fnmatch_lines("*lockfile: improved: it costs only *; --speedbump-save accepts it")


def test_a_function_that_is_called_more_often(suite: Suite) -> None:
    lock(suite, entry("test_it"))
    tests = """
    def step():
        for _ in range(40):
            work.leaf()
        for _ in range(20_000):
            pass

    @pytest.mark.speedbump_sensitive("work.leaf", delay="100us", at_least="50%")
    def test_it(speedbump):
        speedbump(step)
    """
    run = suite.run(tests, *COMPARE, "--speedbump-max-time=20s")
    assert (run.code, changes(run.results)) == (1, {"test_it": "grown"})
    assert "(calls a run 1 -> 40; " in run.out


@pytest.mark.parametrize(
    ("tests", "held", "options", "code", "says"),
    [
        pytest.param(guarded("test_it"), ["test_it"], (), 0, "1 sensitive; *", id="kept"),
        pytest.param(
            guarded("test_it", "test_new"),
            ["test_it"],
            (),
            0,
            "*test_new *lockfile: new: not in the lockfile yet; --speedbump-save adds it",
            id="new",
        ),
        pytest.param(
            guarded("test_renamed"),
            ["test_it"],
            (),
            1,
            "speedbump: the run fails: test_it.py::test_it [[]work.leaf +100us[]]: its test is gone (renamed or *",
            id="renamed",
        ),
        pytest.param(
            "def helper():\n    pass",
            ["test_it"],
            (),
            1,
            "speedbump: the run fails: test_it.py::test_it * its test is gone (renamed or removed?)",
            id="the file's last test removed",
        ),
        pytest.param(
            guarded("test_it"),
            ["test_it", "test_gone.py::test_it"],
            (),
            1,
            "speedbump: the run fails: test_gone.py::test_it * its test is gone (renamed or removed?)",
            id="file deleted",
        ),
        pytest.param(
            guarded("test_it", body="speedbump(work.other)"),
            ["test_it"],
            ("--speedbump-target=work.leaf", "--speedbump-delay=100us"),
            1,
            "speedbump: work.leaf * lost since the lockfile was written: it guarded something and guards nothing *",
            id="target not called any more",
        ),
        pytest.param(
            "def test_it():\n    work.call()",
            ["test_it"],
            (),
            1,
            "speedbump: the run fails: test_it.py::test_it * its test ran and does not measure it any more",
            id="marker removed",
        ),
        pytest.param(
            guarded("test_it").replace("100us", "200us"),
            ["test_it"],
            (),
            1,
            "speedbump: the run fails: test_it.py::test_it [[]work.leaf +100us[]]: its test ran and does not *",
            id="another delay",
        ),
        pytest.param(
            guarded("test_it").replace("speedbump)", "benchmark)").replace("speedbump(work", "benchmark(work"),
            ["test_it"],
            ("--benchmark-disable",),
            1,
            "speedbump: the run fails: test_it.py::test_it * benchmarks are disabled (*",
            id="benchmarks disabled",
        ),
        pytest.param(
            guarded("test_it", body="pytest.skip('not today')"),
            ["test_it"],
            (),
            0,
            "speedbump: not compared: 1 entry of the lockfile, whose tests did not run or failed themselves",
            id="skipped",
        ),
        pytest.param(
            "pytest.skip('not here', allow_module_level=True)",
            ["test_it"],
            (),
            5,
            "speedbump: not compared: 1 entry of the lockfile, *",
            id="module skipped",
        ),
        pytest.param(
            guarded("test_it", body="assert False"),
            ["test_it"],
            (),
            1,
            "speedbump: not compared: 1 entry of the lockfile, *",
            id="failed by itself",
        ),
        pytest.param(
            guarded("test_it", "test_other"),
            ["test_it", "test_other"],
            ("-k", "other"),
            0,
            "speedbump: not compared: 1 entry of the lockfile, *",
            id="deselected",
        ),
    ],
)
def test_each_fate_of_an_entry_has_its_own_outcome(
    suite: Suite, tests: str, held: list[str], options: tuple[str, ...], code: int, says: str
) -> None:
    lock(suite, *map(entry, held))
    before = (suite.path / NAME).read_bytes()
    run = suite.run(tests, *COMPARE, *options)
    run.pytest.stdout.fnmatch_lines(says)
    assert run.code == code
    assert (suite.path / NAME).read_bytes() == before, "comparing writes nothing"


def test_other_files_on_the_command_line_are_no_loss(suite: Suite) -> None:
    lock(suite, entry("test_it"), entry("test_other.py::test_it"))
    suite.write("test_other.py", "def test_renamed():\n    pass\n")
    run = suite.run(guarded("test_it"), *COMPARE, "test_it.py")
    assert run.code == 0
    run.pytest.stdout.fnmatch_lines("speedbump: not compared: 1 entry of the lockfile, *")
    run = suite.run(guarded("test_it"), *COMPARE)
    assert run.code == 1
    run.pytest.stdout.fnmatch_lines("speedbump: the run fails: test_other.py::test_it * is gone *")


GROWN = entry("test_it", transmission=0.0)


@pytest.mark.parametrize(
    ("options", "code", "outcome"),
    [
        ((), 1, "failed"),
        (("--speedbump-tolerance=99%",), 0, "passed"),
        (("--speedbump-tolerance=10%",), 1, "failed"),
        (("--speedbump-advisory",), 0, "warned"),
    ],
)
def test_what_has_grown(suite: Suite, options: tuple[str, ...], code: int, outcome: str) -> None:
    lock(suite, GROWN)
    run = suite.run(guarded("test_it"), *COMPARE, *options)
    assert (run.code, run.result["outcome"]) == (code, outcome)
    if code:
        assert run.counts == {"failed": 1}
    if outcome != "passed":
        assert "instead of 0.0%" in run.out, "an advisory run says it too"


@pytest.mark.parametrize(("options", "code", "outcome"), [((), 0, "warned"), (("--speedbump-strict",), 1, "failed")])
def test_what_could_not_be_compared_warns_and_fails_a_strict_run(
    suite: Suite, options: tuple[str, ...], code: int, outcome: str
) -> None:
    lock(suite, GROWN)
    tests = guarded("test_it").replace("_sensitive", "").replace(', at_least="10%"', "")  # nothing of its own to fail
    run = suite.run(tests, *COMPARE, "--speedbump-max-time=1us", *options)
    assert (run.code, run.result["outcome"], changes(run.results)) == (code, outcome, {"test_it": "inconclusive"})
    assert "not compared: one pair of rounds takes" in run.out


def test_a_declaration_and_the_lockfile_are_judged_both(suite: Suite) -> None:
    lock(suite, GROWN)
    run = suite.run(
        """
        @pytest.mark.speedbump_sensitive("work.leaf", delay="100us", at_least="10%")
        def test_it(speedbump):
            speedbump(work.call)
        """,
        *COMPARE,
    )
    assert (run.code, run.result["verdict"], changes(run.results)) == (1, "sensitive", {"test_it": "grown"})


# ---- which file ----


def test_the_default_is_in_the_root_directory(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    suite.write("pytest.ini", "[pytest]\n")
    sub = suite.path / "sub"
    sub.mkdir()
    monkeypatch.chdir(sub)
    assert suite.run(guarded("test_it"), "--speedbump-save", "-ra", "../test_it.py").code == 0
    assert not (sub / NAME).exists()
    assert names_in(suite) == ["test_it"]
    lock(suite, GROWN)
    assert suite.run(guarded("test_it"), *COMPARE, "../test_it.py").code == 1


def test_a_named_file_is_where_one_stands_and_one_of_an_ini_file_beside_it(
    suite: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    suite.write("pytest.ini", "[pytest]\nspeedbump_save = held.json\n")
    sub = suite.path / "sub"
    sub.mkdir()
    monkeypatch.chdir(sub)
    assert suite.run(guarded("test_it"), "../test_it.py").code == 0
    assert suite.run(guarded("test_it"), "../test_it.py", "--speedbump-save=held.json").code == 0
    assert names_in(suite, "held.json") == names_in(suite, "sub/held.json") == ["test_it"]


@pytest.mark.parametrize("option", ["compare", "save"])
@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("test_it.py", "took 'test_it.py' for its file, which looks like tests"),
        ("test_it.py::test_it", "took 'test_it.py::test_it' for its file, which looks like tests"),
        ("sub", "'sub' is a directory"),
    ],
)
def test_tests_taken_for_the_file_are_told(suite: Suite, option: str, value: str, says: str) -> None:
    (suite.path / "sub").mkdir()
    name = f"--speedbump-{option}"
    sentence = suite.refuse(guarded("test_it"), name, value)
    assert sentence == f"{name} {says}; put {name} last, or name its file, as in {name}=PATH"


@pytest.mark.parametrize("option", ["compare", "save"])
@pytest.mark.parametrize("fault", ["other schema", "cut off", "edited", "result document"])
def test_a_file_that_cannot_be_trusted_is_refused_before_any_test(suite: Suite, option: str, fault: str) -> None:
    path = suite.path / NAME
    lock(suite, entry("test_it"))
    if fault == "other schema":
        path.write_text(path.read_text().replace("lock/1", "lock/2"))
        says = "has the schema 'pytest-speedbump-lock/2', and this version reads 'pytest-speedbump-lock/1'"
    elif fault == "cut off":
        path.write_text(path.read_text()[:-20])
        says = "is broken or cut off: it is not JSON; restore it, or"
    elif fault == "edited":
        edited(suite, calls=2.0)
        says = "was edited by hand or is broken: the entry of test_it.py::test_it does not match its check sum"
    else:
        path.write_text('{"schema": "pytest-speedbump/1", "seed": 1, "results": []}')
        says = "is a result document, which says what a run found and not what was accepted"
    before = path.read_bytes()
    sentence = suite.refuse(guarded("test_it"), f"--speedbump-{option}")
    assert sentence.startswith(f"lockfile {str(path)!r} {says}")
    anew = "delete it and write it anew with --speedbump-save"
    assert sentence.endswith("name the file of --speedbump-save" if fault == "result document" else anew)
    assert path.read_bytes() == before


def test_a_missing_file_is_refused_before_any_test(suite: Suite) -> None:
    sentence = suite.refuse(guarded("test_it"), "--speedbump-compare")
    path = str(suite.path / NAME)
    assert sentence == f"lockfile {path!r} does not exist; write it first, with --speedbump-save"


def test_saving_in_one_file_what_is_compared_with_another(suite: Suite) -> None:
    """The one that is written keeps its own entries."""
    lock(suite, entry("test_only_there"))
    (suite.path / NAME).rename(suite.path / "new.json")
    lock(suite, entry("test_it"))
    options = ("--speedbump-compare", "--speedbump-save=new.json", "test_it.py::test_it")
    assert suite.run(guarded("test_it", "test_only_there"), *options).code == 0
    assert names_in(suite) == ["test_it"]
    assert names_in(suite, "new.json") == ["test_it", "test_only_there"]


def test_a_new_file_begins_with_what_it_is_compared_with(suite: Suite) -> None:
    lock(suite, entry("test_it"), entry("test_other"))
    options = ("--speedbump-compare", "--speedbump-save=new.json", "test_it.py::test_it")
    assert suite.run(guarded("test_it", "test_other"), *options).code == 0
    assert locked(suite, "new.json") == locked(suite)

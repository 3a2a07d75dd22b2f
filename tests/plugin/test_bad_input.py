"""Bad input: one sentence that names it and the mend, exit code 4, before any test runs."""

import os
import re

import pytest
from locked import NAME, entry, guarded, lock
from suite import Suite

UNITS = "write it with one of the units ns, us, ms, s, as in '2us'"
SHARE = "write it as '2%' or 0.02, more than 0 and less than 100 %"

# option, value, and what follows the option's name in the sentence
OPTIONS = [
    ("delay", "2", f"'2' has no unit; {UNITS}"),
    ("delay", "-2us", "'-2us' is negative; time cannot be given back, write 0 or more"),
    ("delay", "-1ns", "'-1ns' is negative; time cannot be given back, write 0 or more"),
    ("delay", "18446744073709551616ns", "'18446744073709551616ns' is over the limit; write at most 60s"),
    ("delay", "61s", "'61s' is over the limit; write at most 60s"),
    ("delay", "nan", f"'nan' is not a time; {UNITS}"),
    ("delay", "inf us", f"'inf us' is not a time; {UNITS}"),
    ("delay", "1e999us", f"'1e999us' is not a finite time; {UNITS}"),
    ("delay", "fast", f"'fast' is not a time; {UNITS}"),
    ("delay", "2 weeks", f"'2 weeks' has the unknown unit 'weeks'; {UNITS}"),
    ("delay", "0%", "'0%' is out of range; write a share of the round of more than 0% and at most 100%, as in '5%',"),
    ("delay", "five%", "'five%' is not a share; write a share of the round of more than 0%"),
    ("delay", "5%,5.0%", "'5%,5.0%' holds the same delay twice; write each once"),
    ("max-time", "5%", f"'5%' is a share, and no time; {UNITS}"),
    ("delay", "1us,,3us", f"'' is not a time; {UNITS}"),
    ("delay", "1us,1000ns", "'1us,1000ns' holds the same delay twice; write each once"),
    ("every", "0", "'0' is no number of calls; write a whole number from 1 to 1000000000, as 10 for every 10th call"),
    ("every", "-10", "'-10' is no number of calls; write a whole number from 1"),
    ("every", "2.5", "'2.5' is no number of calls"),
    ("mode", "warp", "'warp' is unknown; write one of spin, nogil, sleep, await"),
    ("budget", "2", "'2' would be 200%; write '2%' or 0.02"),
    ("budget", "-2%", f"'-2%' is negative; {SHARE}"),
    ("budget", "nan", f"'nan' is not a number; {SHARE}"),
    ("budget", "0", f"'0' is out of range; {SHARE}"),
    ("budget", "100%", f"'100%' is out of range; {SHARE}"),
    ("budget", "little", f"'little' is not a share; {SHARE}"),
    ("error-rate", "5", "'5' would be 500%; write '5%' or 0.05"),
    ("max-time", "10", f"'10' has no unit; {UNITS}"),
    ("max-time", "0s", "'0s' leaves no time to measure; write more than 0, as in '10s'"),
    ("total-time", "1min", f"'1min' has the unknown unit 'min'; {UNITS}"),
    ("total-time", "0s", "'0s' leaves no time to measure; write more than 0, as in '10s'"),
    ("seed", "-1", "'-1' is not a seed; write a whole number, 0 or more"),
    ("seed", "lucky", "'lucky' is not a seed; write a whole number, 0 or more"),
    ("seed", "9" * 5000, "'999"),
    ("passes", "0", "'0' is no number of passes; write a whole number from 1 to 100"),
    ("passes", "9" * 5000, "'999"),
    ("json", ".", "'.' is a directory; name a file, as in {option}=PATH"),
    ("json", "test_it.py", "'test_it.py' is a Python file and would be overwritten; write {option}=PATH"),
    ("json", "/proc/speedbump.json", "'/proc/speedbump.json' cannot be written: No such file or directory; name"),
]  # fmt: skip

TARGETS = [
    ("pkg[a", "target 'pkg[a' has a '[' that is never closed; close it with ']', or write '[[]' for the character"),
    ("pkg.mod:", "target 'pkg.mod:' has no qualname after its last ':'; write 'module:qualname', or 'module:*'"),
    ("!work.*", "targets ['!work.*'] only exclude; name first what to slow, such as '*'"),
    ("@", "target '@' names no file; write the path after it, as in '@hot.txt'"),
    ("@missing.txt", "target '@missing.txt': there is no file '{path}/missing.txt'; paths start at '{path}'"),
    ("@folder", "target '@folder': the file cannot be read: Is a directory; mend that"),
    ("@binary", "target '@binary': the file is binary; write one pattern a line"),
    ("@latin", "target '@latin': the file is not UTF-8 text; write one pattern a line"),
    ("@empty", "target '@empty': the file holds no pattern; write one pattern a line"),
    ("@/dev/full", "target '@/dev/full': a pipe or a device may have no end; write the patterns to a file"),
    ("@fifo", "target '@fifo': a pipe or a device may have no end; write the patterns to a file"),
    ("@large", "target '@large': the file is over 1 MiB; a list of patterns is shorter"),
    ("@nested", "target '@nested': the file names another file; write its patterns out"),
    ("@unclosed", "target 'pkg[a' has a '[' that is never closed"),
    ("pkg/mod.py:130-120", "target 'pkg/mod.py:130-120' has lines out of order or out of range; write the first,"),
    ("pkg/mod.py:130-", "target 'pkg/mod.py:130-' has lines out of order or out of range; write the first,"),
    ("pkg.mod:130,140", "target 'pkg.mod:130,140' has lines out of order or out of range; write the first,"),
    ("resume:pkg.mod:120", "target 'resume:pkg.mod:120' names lines, which are not resumed by themselves; name their"),
    ("c:", "target 'c:' is empty; '*' matches everything"),
    ("native:crc32", "target 'native:crc32' names no library; write 'native:library:symbol', as in 'native:libz.so*"),
]

TEST = """
def test_it(benchmark):
    benchmark(work.call)
"""


@pytest.fixture
def files(suite: Suite) -> Suite:
    (suite.path / "folder").mkdir()
    os.mkfifo(suite.path / "fifo")
    (suite.path / "large").write_bytes(b"work.leaf\n" * 110_000)
    (suite.path / "binary").write_bytes(b"work.leaf\0\x01")
    (suite.path / "latin").write_bytes("wörk.*".encode("latin-1"))
    suite.write("empty", "# nothing\n\n")
    suite.write("nested", "@binary\n")
    suite.write("unclosed", "work.leaf  # fine\npkg[a\n")
    return suite


@pytest.mark.parametrize(("name", "value", "sentence"), OPTIONS)
def test_option(suite: Suite, name: str, value: str, sentence: str) -> None:
    option = f"--speedbump-{name}"
    said = suite.refuse(TEST, f"{option}={value}")
    assert said.startswith(f"{option} {sentence.format(option=option)}")


@pytest.mark.parametrize(("name", "value", "sentence"), [case for case in OPTIONS if case[0] != "json"])
def test_ini_key(suite: Suite, name: str, value: str, sentence: str) -> None:
    key = f"speedbump_{name.replace('-', '_')}"
    suite.pytester.makeini(f"[pytest]\n{key} = {value}")
    assert suite.refuse(TEST).startswith(f"ini key {key} {sentence}")


@pytest.mark.parametrize(("pattern", "sentence"), [("", "target '' is empty; '*' matches everything"), *TARGETS])
def test_target_option(files: Suite, pattern: str, sentence: str) -> None:
    assert files.refuse(TEST, f"--speedbump-target={pattern}").startswith(sentence.format(path=files.path))


@pytest.mark.parametrize(("pattern", "sentence"), TARGETS)
def test_target_ini_key(files: Suite, pattern: str, sentence: str) -> None:
    files.pytester.makeini(f"[pytest]\nspeedbump_target =\n    {pattern}")
    assert files.refuse(TEST).startswith(sentence.format(path=files.path))


@pytest.mark.parametrize(
    ("marker", "sentence"),
    [
        (f"speedbump({pattern!r})", sentence) for pattern, sentence in [("", "target '' is empty; '*'"), *TARGETS]
    ] + [
        ("speedbump(3)", "target 3 is not a string; write a pattern such as 'pkg.parse*'"),
        ("speedbump(work.leaf, work.other)", "target <function leaf at "),
        ("speedbump()", "it names no target; give it one, such as 'pkg.parse*', or run with --speedbump-target"),
        ("speedbump", "it names no target; give it one, such as 'pkg.parse*', or run with --speedbump-target"),
        ("speedbump_insensitive(budget='2%')", "it names no target; give it one, such as 'pkg.parse*'"),
        ("speedbump('work.leaf', colour='red')", "unknown keyword 'colour'; it knows delay, every, mode"),
        ("speedbump('work.leaf', budget='2%')", "unknown keyword 'budget'; it knows delay, every, mode"),
        ("speedbump_insensitive('work.leaf', at_least='2%')", "unknown keyword 'at_least'; it knows budget,"),
        ("speedbump_sensitive('work.leaf', budget='2%')", "unknown keyword 'budget'; it knows at_least, delay, every,"),
        ("speedbump('work.leaf', delay='2')", f"delay '2' has no unit; {UNITS}"),
        ("speedbump('work.leaf', delay=2)", f"delay 2 is not a time; {UNITS}"),
        ("speedbump('work.leaf', delay='-1us')", "delay '-1us' is negative; time cannot be given back"),
        ("speedbump('work.leaf', delay='61s')", "delay '61s' is over the limit; write at most 60s"),
        ("speedbump('work.leaf', delay='1us,101%')", "delay '101%' is out of range; write a share of the round of"),
        ("speedbump('work.leaf', every=0)", "every 0 is no number of calls; write a whole number from 1 to"),
        ("speedbump('work.leaf', every=10.0)", "every 10.0 is no number of calls; write a whole number"),
        ("speedbump('work.leaf', mode='warp')", "mode 'warp' is unknown; write one of spin, nogil, sleep, await"),
        ("speedbump('work.leaf', mode=None)", "mode None is unknown; write one of spin, nogil, sleep, await"),
        ("speedbump_insensitive('work.leaf', budget=2)", "budget 2 would be 200%; write '2%' or 0.02"),
        ("speedbump_insensitive('work.leaf', budget=-0.1)", f"budget -0.1 is negative; {SHARE}"),
        ("speedbump_insensitive('work.leaf', budget=float('nan'))", f"budget nan is not a number; {SHARE}"),
        ("speedbump_insensitive('work.leaf', budget=True)", f"budget True is not a share; {SHARE}"),
        ("speedbump_insensitive('work.leaf')", "it declares no budget; add budget='2%'"),
        ("speedbump_insensitive('work.leaf', budget='2%', delay='0us')", "a delay of 0 proves nothing;"),
        ("speedbump_sensitive('work.leaf')", "it declares no share; add at_least='10%'"),
        ("speedbump_sensitive('work.leaf', at_least=10)", "at_least 10 would be 1000%; write '10%' or 0.1"),
        ("speedbump_slack('work.leaf')", "it declares no slack; add at_least='50us'"),
        ("speedbump_slack(at_least='50us')", "it names no target; give it one, such as 'pkg.parse*'"),
        ("speedbump_slack('work.leaf', at_least='0us')", "a slack of 0 is always there; write at_least of more than 0"),
        ("speedbump_slack('work.leaf', at_least='5%')", f"at_least '5%' is a share, and no time; {UNITS}"),
        ("speedbump_slack('work.leaf', at_least=50)", f"at_least 50 is not a time; {UNITS}"),
        ("speedbump_slack('work.leaf', at_least='-1us')", "at_least '-1us' is negative; time cannot be given back"),
        ("speedbump_slack('work.leaf', at_least='61s')", "at_least '61s' is over the limit; write at most 60s"),
        ("speedbump_slack('work.leaf', at_least='5us', delay='5us')", "unknown keyword 'delay'; it knows at_least"),
        ("speedbump_slack('work.leaf', at_least='5us', every=2)", "unknown keyword 'every'; it knows at_least, mode"),
        ("speedbump_slack('work.leaf', at_least='5us', mode='await')", "mode await cannot add 5us, because an event"),
    ],
)  # fmt: skip
def test_marker(files: Suite, marker: str, sentence: str) -> None:
    said = files.refuse(f"@pytest.mark.{marker}{TEST}")
    name = re.match(r"\w+", marker)
    assert name is not None
    assert said.startswith(f"test_it.py::test_it: @pytest.mark.{name[0]}: {sentence.format(path=files.path)}")


def test_marked_test_without_a_fixture_that_measures(suite: Suite) -> None:
    said = suite.refuse(
        """
        def test_before():
            pass

        @pytest.mark.speedbump("work.leaf")
        def test_it():
            work.call()
        """,
    )
    assert said == (
        "test_it.py::test_it is marked with speedbump but measures nothing; "
        "use the `benchmark` or the `speedbump` fixture in it"
    )


NEEDED = "no test is marked with speedbump, and no target is named; add --speedbump-target PATTERN"


@pytest.mark.parametrize("option", ["--speedbump-list", "--speedbump-budget=2%", "--speedbump-total-time=5s"])
def test_options_that_do_nothing_without_a_target(suite: Suite, option: str) -> None:
    assert suite.refuse(TEST, option) == f"{option.partition('=')[0]} does nothing: {NEEDED}"


SCAN = "--speedbump-scan=work.*"
LIST = "--speedbump-list"
MARKERS = "--speedbump-scan-markers"
NO_SCAN = f"{MARKERS} does nothing: nothing is scanned; add --speedbump-scan PATTERN"


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--speedbump-budget=2%", SCAN), f"--speedbump-budget does nothing in a scan: {NEEDED}"),
        (("--speedbump-delay=2us", SCAN, LIST), f"--speedbump-delay does nothing in a scan: {NEEDED}"),
        (("--speedbump-every=10", SCAN), f"--speedbump-every does nothing in a scan: {NEEDED}"),
        (("--speedbump-save", SCAN), f"--speedbump-save does nothing in a scan: {NEEDED}"),
        (("-o", "speedbump_scan=work.*", "--speedbump-budget=2%"), "--speedbump-budget does nothing in a scan: "),
        ((MARKERS,), NO_SCAN),
        ((MARKERS, "--speedbump-target=work.leaf"), NO_SCAN),
        ((MARKERS, SCAN, LIST), f"{MARKERS} does nothing: --speedbump-list measures nothing; leave one of them out"),
        (("--speedbump-scan=pkg[a",), "target 'pkg[a' has a '[' that is never closed"),
        (("--speedbump-scan=",), "target '' is empty; '*' matches everything"),
        (("--speedbump-scan=!work.*",), "targets ['!work.*'] only exclude; name first what to slow, such as '*'"),
        (("--speedbump-scan=@nested",), "target '@nested': the file names another file; write its patterns out"),
        (("--speedbump-scan=native:crc32",), "target 'native:crc32' names no library; write"),
        (("--speedbump-scan=resume:pkg.*", SCAN), "target 'resume:pkg.*' cannot be ranked: a scan needs the time that"),
        (("-o", "speedbump_scan=pkg.mod:"), "target 'pkg.mod:' has no qualname after its last ':'"),
        (("-o", "speedbump_scn=work.*"), "ini key speedbump_scn is unknown; did you mean speedbump_scan?"),
        (
            ("-o", "speedbump_scan_marker=true"),
            "ini key speedbump_scan_marker is unknown; did you mean speedbump_scan_",
        ),
        (("-o", "speedbump_scan_markers=work.*"), "ini key speedbump_scan_markers is neither true nor false; write"),
        ((SCAN, "--speedbump-max-time=0s"), "--speedbump-max-time '0s' leaves no time to measure; write more than 0"),
    ],
    ids=str,
)
def test_scans(files: Suite, options: tuple[str, ...], sentence: str) -> None:
    assert files.refuse(TEST, *options).startswith(sentence)


def test_a_misspelt_option(suite: Suite) -> None:
    """As pytest refuses any: what begins like one of ours is no abbreviation of it."""
    for option in ("--speedbump-scn=work.*", "--speedbump-sca=work.*", "--speedbump-scan-marker"):
        run = suite.run(TEST, option)
        assert (run.code, run.document) == (4, None)
        assert any(f"unrecognized arguments: {option}" in line for line in run.pytest.errlines)


def test_a_lockfile_without_a_target_or_a_marker(suite: Suite) -> None:
    assert suite.refuse(TEST, "--speedbump-save") == f"--speedbump-save does nothing: {NEEDED}"
    assert not (suite.path / NAME).exists(), "an empty one would let every run pass"
    lock(suite)
    assert suite.refuse(TEST, "--speedbump-compare") == f"--speedbump-compare does nothing: {NEEDED}"
    lock(suite, entry("test_other.py::test_it"))
    suite.write("test_other.py", "def test_it():\n    pass\n")
    assert suite.refuse(TEST, "test_it.py", "--speedbump-compare") == f"--speedbump-compare does nothing: {NEEDED}"


@pytest.mark.parametrize(
    ("ini", "options"),
    [
        ("speedbump_delay = 5us\nspeedbump_budget = 2%\nspeedbump_save = held.json", ()),
        ("speedbump_compare = .speedbump.json", ()),
        ("addopts = --speedbump-delay=5us --speedbump-compare -p terminal", ()),
        ("addopts = --speedbump-scan-markers\nspeedbump_scan_markers = true", ()),
        ("", ("--speedbump-strict", "--speedbump-mode=nogil", "--speedbump-max-time=1s", "--speedbump-seed=1")),
    ],
)
def test_what_stands_ready_refuses_nothing(suite: Suite, ini: str, options: tuple[str, ...]) -> None:
    lock(suite, entry("test_other.py::test_it"))
    suite.write("test_other.py", "def test_it():\n    pass\n")
    suite.pytester.makeini(f"[pytest]\n{ini}")
    run = suite.run(TEST, "test_it.py", *options)
    assert (run.code, run.counts) == (0, {"passed": 1})


@pytest.mark.parametrize(
    ("tests", "options", "code"),
    [
        (guarded("test_it") + "\n    def test_plain():\n        pass", ("-k", "plain"), 0),
        ("import nothing_of_that_name", (), 2),
        ("", (), 5),
    ],
    ids=["deselected", "does not import", "no tests"],
)
def test_a_run_whose_marked_tests_are_not_run_has_its_own_reasons(
    suite: Suite, tests: str, options: tuple[str, ...], code: int
) -> None:
    assert suite.run(tests, "--speedbump-delay=100us", *options).code == code


def test_a_marker_that_a_plugin_adds_is_one(suite: Suite) -> None:
    suite.pytester.makeconftest("""
        import pytest

        def pytest_collection_modifyitems(items):
            items[0].add_marker(pytest.mark.speedbump("work.leaf"))
    """)
    run = suite.run(TEST, "--speedbump-list")
    assert run.result["targets"] == ["work.leaf"]


# It warns of markers that nobody knows, which is an error while these tests run.
PYTEST_ITSELF = ("-W", "default::pytest.PytestUnknownMarkWarning")


@pytest.mark.parametrize(
    ("marker", "mend"),
    [
        ("speedbump_insensitve", "did you mean speedbump_insensitive?"),
        ("Speedbump", "did you mean speedbump?"),
        ("speed_bump_sensitive", "did you mean speedbump_sensitive?"),
        (
            "speedbump_xxxxxxxxxxxxxxxxxxxxxxx",
            "write one of speedbump, speedbump_insensitive, speedbump_sensitive, speedbump_slack",
        ),
    ],
)
def test_a_misspelt_marker(suite: Suite, marker: str, mend: str) -> None:
    said = suite.refuse(f"@pytest.mark.{marker}('work.leaf', budget='2%')\n{TEST}", *PYTEST_ITSELF)
    assert said == f"test_it.py::test_it: @pytest.mark.{marker} is unknown; {mend}"


def test_a_misspelt_marker_of_a_test_that_is_not_selected(suite: Suite) -> None:
    said = suite.refuse(f"@pytest.mark.speedbump_insensitve\n{TEST}", *PYTEST_ITSELF, "-k", "nothing")
    assert said.endswith("did you mean speedbump_insensitive?")


@pytest.mark.parametrize(
    ("name", "text", "key", "mend"),
    [
        ("pytest.ini", "[pytest]\nspeedbump_tagret = work.leaf", "speedbump_tagret", "did you mean speedbump_target?"),
        ("tox.ini", "[pytest]\nspeedbump-target = work.leaf", "speedbump-target", "did you mean speedbump_target?"),
        (
            "pyproject.toml",
            "[tool.pytest.ini_options]\nspeedbump_max_times = '1s'",
            "speedbump_max_times",
            "did you mean speedbump_max_time?",
        ),
        ("setup.cfg", "[tool:pytest]\nspeedbump = work.leaf", "speedbump", "write one of speedbump_advisory, "),
    ],
)
def test_a_misspelt_ini_key(suite: Suite, name: str, text: str, key: str, mend: str) -> None:
    suite.write(name, text)
    assert suite.refuse(TEST).startswith(f"ini key {key} is unknown; {mend}")


def test_a_misspelt_override(suite: Suite) -> None:
    assert suite.refuse(TEST, "-o", "speedbump_stirct=true") == (
        "ini key speedbump_stirct is unknown; did you mean speedbump_strict?"
    )


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("speedbump_compare =", "ini key speedbump_compare names no file; write speedbump_compare = .speedbump.json"),
        ("speedbump_save =", "ini key speedbump_save names no file; write speedbump_save = .speedbump.json"),
        ("speedbump_save = true", "ini key speedbump_save 'true' names no file, and this is no switch; write a path"),
        ("speedbump_compare = 1", "ini key speedbump_compare '1' names no file, and this is no switch; write a path"),
        ("speedbump_strict = maybe", "ini key speedbump_strict is neither true nor false; write one of them ("),
        ("speedbump_list =", "ini key speedbump_list is neither true nor false; write one of them ("),
    ],
)
def test_an_ini_key_mistaken_for_another_kind(suite: Suite, line: str, sentence: str) -> None:
    suite.pytester.makeini(f"[pytest]\n{line}")
    assert suite.refuse(TEST).startswith(sentence)


@pytest.mark.skipif(pytest.version_tuple < (9, 0), reason="[tool.pytest] came with pytest 9")
@pytest.mark.parametrize("line", ["speedbump_seed = 7", "speedbump_target = 'work.leaf'", "speedbump_save = true"])
def test_a_toml_value_of_another_type(suite: Suite, line: str) -> None:
    suite.write("pyproject.toml", f"[tool.pytest]\n{line}")
    assert suite.refuse(TEST).startswith(f"ini key {line.split()[0]} has a value of the wrong type (")


XDIST = ("benchmark", "speedbump", "xdist")


@pytest.mark.parametrize(
    ("tests", "options", "sentence"),
    [
        (TEST, ("--speedbump-save",), f"--speedbump-save does nothing: {NEEDED}"),
        (TEST, ("--speedbump-delay=1us",), f"--speedbump-delay does nothing: {NEEDED}"),
        (TEST, (SCAN, "--speedbump-delay=1us"), f"--speedbump-delay does nothing in a scan: {NEEDED}"),
        (
            f"@pytest.mark.speedbump_insensitve\n{TEST}",
            (),
            "test_it.py::test_it: @pytest.mark.speedbump_insensitve is unknown; did you mean speedbump_insensitive?",
        ),
    ],
    ids=["save", "delay", "scan", "marker"],
)
def test_the_same_under_xdist(suite: Suite, tests: str, options: tuple[str, ...], sentence: str) -> None:
    pytest.importorskip("xdist", reason="pytest-xdist is not installed")
    run = suite.run(tests, "-n1", *options, plugins=XDIST)
    assert run.code == 4
    assert [line for line in run.pytest.errlines if line.startswith("ERROR")] == [f"ERROR: {sentence}"]
    assert "passed" not in run.out
    assert "INTERNALERROR" not in run.out
    assert not (suite.path / NAME).exists()


def test_json_path_in_a_missing_directory(suite: Suite) -> None:
    said = suite.refuse(TEST, "--speedbump-json=missing/out.json")
    assert said == (
        f"--speedbump-json 'missing/out.json' cannot be written: make the directory '{suite.path}/missing' first"
    )


def test_no_free_tool_id(suite: Suite) -> None:
    suite.pytester.makeconftest("""
        import sys

        sys.monitoring.use_tool_id(3, "abacus")
        sys.monitoring.use_tool_id(4, "slide rule")
    """)
    said = suite.run(TEST, "--speedbump-target=work.leaf").refusal
    assert said == (
        "no free sys.monitoring tool id: 3 is held by 'abacus', 4 by 'slide rule'; turn one of these tools off"
    )


@pytest.mark.parametrize("name", ["_raw", "_raw_pedantic", "_make_runner"])
def test_pytest_benchmark_of_another_shape(suite: Suite, name: str) -> None:
    suite.pytester.makeconftest(f"""
        from pytest_benchmark.fixture import BenchmarkFixture

        BenchmarkFixture.{name} = lambda self, *args: None
    """)
    said = suite.run(TEST, "--speedbump-target=work.leaf").refusal
    assert re.fullmatch(
        rf"pytest-benchmark [\d.]+ has another BenchmarkFixture.{name} than pytest-speedbump knows; "
        r"install pytest-benchmark [\d.]+, or a newer pytest-speedbump",
        said,
    )


@pytest.mark.parametrize(
    ("option", "sentence"),
    [
        ("--speedbump-delay=2us", "--speedbump-slack chooses its delays itself; leave --speedbump-delay out"),
        ("--speedbump-budget=2%", "--speedbump-slack finds out what is free, and a budget is for one delay; leave"),
        ("--speedbump-every=10", "--speedbump-slack is of each call; leave --speedbump-every out"),
        (LIST, "--speedbump-slack does nothing: --speedbump-list measures nothing; leave one of them out"),
    ],
)
def test_what_makes_no_sense_beside_the_search_for_slack(suite: Suite, option: str, sentence: str) -> None:
    said = suite.refuse(TEST, "--speedbump-slack", "--speedbump-target=work.leaf", option)
    assert said.startswith(sentence)


def test_slack_of_nothing(suite: Suite) -> None:
    assert suite.refuse(TEST, "--speedbump-slack") == f"--speedbump-slack does nothing: {NEEDED}"
    said = suite.refuse(TEST, "--speedbump-slack", SCAN)
    assert said == f"--speedbump-slack does nothing in a scan: {NEEDED}"


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--speedbump-json=one", "--speedbump-markdown=./one"], "--speedbump-json and --speedbump-markdown name one"),
        (["--speedbump-html=link", "--speedbump-markdown=one"], "--speedbump-html and --speedbump-markdown name one"),
        (["--speedbump-json=.speedbump.json", "--speedbump-save"], "--speedbump-json and --speedbump-save name one"),
        (["--speedbump-json=one", "--speedbump-compare=one"], "--speedbump-json and --speedbump-compare name one"),
    ],
)
def test_one_file_for_two_outputs(suite: Suite, options: list[str], sentence: str) -> None:
    lock(suite, entry("test_it"))
    (suite.path / NAME).rename(suite.path / "one")
    (suite.path / "link").symlink_to("one")
    before = (suite.path / "one").read_text()
    said = suite.refuse(guarded("test_it"), *options)
    assert said.startswith(sentence)
    assert said.endswith("; give each its own")
    assert (suite.path / "one").read_text() == before

"""Targets of C that a program loads after it has joined."""

import subprocess
import sys
from pathlib import Path

import pytest
from experiments import experiment


def test_callables_and_symbols_of_modules_that_are_imported_later() -> None:
    targets = ("c:zlib.crc32", "c:_json.*", "native:libz*:crc32", "!c:_json.scan*", "*:leaf")
    with experiment(*targets, delay="100us") as one:
        one.run(
            """
            import os, sys
            assert not {"zlib", "_json"} & set(sys.modules), "or this tests nothing"
            from zlib import crc32
            for _ in range(20): crc32(b"x")
            import json
            json.loads("[1]"), json.dumps("x")
            def leaf(): pass
            leaf()
            if not os.fork():
                crc32(b"x")
                json.dumps("x")
                import functools
                os._exit(0)
            os.wait()
            """
        )
        first, second = sorted(one.by_process().items())
        calls = [{name: tally.calls for name, tally in by.items() if tally.calls} for _, by in (first, second)]
        assert calls == [
            {"crc32": 40, "Scanner": 1, "leaf": 1, "Scanner.__call__": 1, "encode_basestring_ascii": 1},
            {"crc32": 2, "encode_basestring_ascii": 1},
        ]
        assert one.total("crc32").delivered_ns == pytest.approx(42 * 1e5, rel=0.01)


def test_objects_that_a_module_of_python_makes(tmp_path: Path) -> None:
    """Also those of a package whose modules are imported one by one, by whatever name."""
    package = tmp_path / "tables"
    package.mkdir()
    (package / "__init__.py").write_text("from operator import itemgetter\nfirst = itemgetter(0)\n")
    (package / "later.py").write_text(
        "import tables, operator\ntables.second = operator.itemgetter(1)\nown = operator.itemgetter(2)\n"
    )
    with experiment("c:tables.*", delay="100us") as one:
        one.run(
            f"""
            import sys
            sys.path.insert(0, {str(tmp_path)!r})
            import tables
            tables.first("abc")
            import tables.later as later
            for _ in range(2): tables.second("abc")
            for _ in range(3): later.own("abc")
            """
        )
        assert one.calls("first") == [1]
        assert one.calls("second") == [2]
        assert one.calls("later.own") + one.calls("own") == [3]


def test_a_library_that_ctypes_loads(tmp_path: Path) -> None:
    source = tmp_path / "used.c"
    source.write_text("int used(void); int used(void) { return 42; }")
    user = tmp_path / "user.c"
    user.write_text("int used(void); int use(void); int use(void) { return used() + used(); }")
    libraries = [tmp_path / "libused.so", tmp_path / "libuser.so"]
    flags = ["-shared", "-fPIC", f"-L{tmp_path}", f"-Wl,-rpath,{tmp_path}"]
    subprocess.run(["cc", *flags, "-o", libraries[0], source], check=True)
    subprocess.run(["cc", *flags, "-o", libraries[1], user, "-lused"], check=True)
    with experiment("native:libused*:used", delay="100us") as one:
        one.run(f"import ctypes\nassert [ctypes.CDLL({str(libraries[1])!r}).use() for _ in range(5)] == [84] * 5")
        assert one.calls("used") == [10]


def test_nothing_is_imported_for_a_target_and_nothing_breaks_an_import(tmp_path: Path) -> None:
    odd = "class Odd:\n    def __getattr__(self, name): raise RuntimeError(name)\n"
    (tmp_path / "odd.py").write_text(f"import sys\n{odd}sys.modules[__name__] = Odd()\n")
    (tmp_path / "fails.py").write_text("1 / 0\n")
    targets = (
        "c:odd.*",
        "c:sqlite3.connect",
        "c:fails.*",
        "c:nowhere.f",
        "c:xml.parsers.expat.ParserCreate",
        "c:time.x",
    )
    with experiment(*targets) as one:
        one.run(
            f"""
            import sys
            sys.path.insert(0, {str(tmp_path)!r})
            import odd, xml
            assert not {{"sqlite3", "xml.parsers", "difflib", "inspect"}} & set(sys.modules)
            sys.modules["ctypes"] = odd
            import difflib
            sys.modules["ctypes"] = None
            import decimal
            try:
                import fails
            except ZeroDivisionError as error:
                assert error.__traceback__.tb_next.tb_frame.f_code.co_filename.endswith("fails.py")
            else:
                raise SystemExit(1)
            assert "sqlite3" not in sys.modules and "nowhere" not in sys.modules
            """
        )
        assert len(one.by_process()) == 1


def test_where_no_tool_id_is_free_what_is_loaded_already_is_slowed() -> None:
    with experiment("c:time.sleep", "c:zlib.crc32", delay="1ms") as one:
        done = subprocess.run(
            [
                sys.executable,
                "-c",
                """
import os, sys, time, pytest_speedbump.runner.join as j
j.leave()
assert sys.monitoring.get_tool(3) is None
for tool in 3, 4: sys.monitoring.use_tool_id(tool, "other")
assert j.join(os.environ["SPEEDBUMP_CONTROL"])
import zlib
zlib.crc32(b""), time.sleep(0)
j.leave()
time.sleep(0)
                """,
            ],
            env=one.environment,
            capture_output=True,
            text=True,
            timeout=100,
        )
        assert done.returncode == 0, done.stderr
        assert "loads later is not slowed: no free sys.monitoring tool id: 3 is held by 'other'" in done.stderr
        assert done.stderr.count("\n") == 1
        assert (one.total("sleep").calls, one.total("crc32").calls) == (1, 0)

"""The module can be imported wherever Python can, and goes when it is dropped."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from scripts import run_plain, run_script

COMPILER = os.environ.get("CC", "cc").split()
SIZES = (512, 64, 8, 1)

# Takes from the block of thread-local storage that the dynamic linker keeps for libraries loaded late.
EATER = """
__attribute__((tls_model("initial-exec"))) _Thread_local char eaten[{}];
char *eat(void) {{ return eaten; }}
"""

EAT_AND_IMPORT = """
import ctypes, shutil
eaten = 0
for size in {sizes}:
    while eaten < 100_000:  # each time another library to the linker
        library = shutil.copy(f"{folder}/eat{{size}}.so", f"{folder}/eat{{size}}_{{eaten}}.so")
        try:
            ctypes.CDLL(library)
        except OSError as error:
            assert "static TLS block" in str(error), error
            break
        eaten += size
assert eaten

from pytest_speedbump import _core

def leaf():
    pass

session = _core.Session(_core.Patterns(["__main__:leaf"]), "spin", "a test")
session.arm()
session.set_delay(0)
leaf()
assert session.totals()[0] == 1
session.disarm()
"""


def test_where_other_libraries_have_used_up_the_static_tls_block(tmp_path: Path) -> None:
    if shutil.which(COMPILER[0]) is None:
        pytest.skip(f"{COMPILER[0]} is not installed")
    for size in SIZES:
        source = tmp_path / f"eat{size}.c"
        source.write_text(EATER.format(size))
        subprocess.run([*COMPILER, "-shared", "-fPIC", source, "-o", source.with_suffix(".so")], check=True)
    script = EAT_AND_IMPORT.format(sizes=SIZES, folder=tmp_path)
    run_plain(script)


def test_a_copy_that_nobody_holds_goes() -> None:
    out = run_script(
        """
    import gc, importlib, weakref
    gone = []
    for _ in range(3):
        del sys.modules["pytest_speedbump._core"]
        gone.append(weakref.ref(importlib.import_module("pytest_speedbump._core")))
    del sys.modules["pytest_speedbump._core"]
    sys.modules["pytest_speedbump"].__dict__.pop("_core")
    for _ in range(3):
        gc.collect()
    print([reference() for reference in gone])
        """
    )
    assert out == "[None, None, None]\n"

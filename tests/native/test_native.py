"""Builds the C programs of this folder and runs them, plain and under the sanitizers, for whoever only types pytest.

What was built stays in ``build/``: the next time only what changed is compiled.
"""

import fcntl
import os
import platform
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COMPILER = os.environ.get("CC", "cc")


def compiles_and_runs(folder: Path, sanitizers: str) -> bool:
    """A compiler may know a sanitizer and lack its library, or a kernel refuse what it maps."""
    source, program = folder / "empty.c", folder / "empty"
    source.write_text("int main(void) { return 0; }\n")
    flags = [f"-fsanitize={sanitizers}"] if sanitizers else []
    try:
        subprocess.run([*COMPILER.split(), *flags, source, "-o", program], check=True, capture_output=True)
        subprocess.run([program], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        return False
    return True


def build_and_run(cmake: str, name: str, options: list[str], only: str = ".") -> None:
    build = ROOT / "build" / "native" / name
    build.mkdir(parents=True, exist_ok=True)
    configure = [cmake, "-S", str(ROOT), "-B", str(build), "-DSPEEDBUMP_CORE=OFF", "-DSPEEDBUMP_NATIVE_TESTS=ON"]
    with (build / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # of other runs in this checkout
        for command in (
            [*configure, "-DSPEEDBUMP_WERROR=ON", *options],
            [cmake, "--build", str(build), "--parallel", "2"],
            [shutil.which("ctest") or "ctest", "--test-dir", str(build), "-R", only],
        ):
            done = subprocess.run(
                command, env={**os.environ, "CTEST_OUTPUT_ON_FAILURE": "1"}, capture_output=True, text=True, timeout=300
            )
            assert done.returncode == 0, done.stdout + done.stderr
    assert "100% tests passed" in done.stdout


@pytest.mark.parametrize("sanitizers", ["", "address,undefined", "thread"], ids=lambda name: name or "plain")
def test_c_programs(tmp_path: Path, sanitizers: str) -> None:
    cmake = shutil.which("cmake")
    if cmake is None:
        pytest.skip("cmake is not installed")
    if not compiles_and_runs(tmp_path, sanitizers):
        pytest.skip(f"{COMPILER} makes no programs here" + (f" with -fsanitize={sanitizers}" if sanitizers else ""))
    build_and_run(cmake, "-".join([Path(COMPILER).name, *filter(None, sanitizers.split(","))]),
                  [f"-DSPEEDBUMP_SANITIZE={sanitizers}"])  # fmt: skip


def test_c_programs_on_aarch64() -> None:
    """Under emulation, where another processor's compiler is installed: only what differs there."""
    cmake, qemu, compiler = (shutil.which(name) for name in ("cmake", "qemu-aarch64", "aarch64-linux-gnu-gcc"))
    if platform.machine() == "aarch64":
        pytest.skip("this is one: the other tests are about it")
    if cmake is None or qemu is None or compiler is None:
        pytest.skip("cmake, aarch64-linux-gnu-gcc or qemu-aarch64 is not installed")
    libc = subprocess.run([compiler, "-print-file-name=libc.so.6"], capture_output=True, text=True, check=True).stdout
    build_and_run(
        cmake, "aarch64",
        ["-DCMAKE_SYSTEM_NAME=Linux", "-DCMAKE_SYSTEM_PROCESSOR=aarch64", f"-DCMAKE_C_COMPILER={compiler}",
         f"-DCMAKE_CROSSCOMPILING_EMULATOR={qemu};-L;{Path(libc.strip()).resolve().parents[1]}"],
        only="native/test_(thunk|imports|counters)",
    )  # fmt: skip


def test_32_bits_are_refused_in_a_sentence(tmp_path: Path) -> None:
    """By a toolchain that only says so: one that makes such programs is rarely installed."""
    cmake = shutil.which("cmake")
    if cmake is None:
        pytest.skip("cmake is not installed")
    toolchain = tmp_path / "toolchain.cmake"
    claims = {"CMAKE_C_COMPILER_FORCED": "TRUE", "CMAKE_C_ABI_COMPILED": "TRUE", "CMAKE_SIZEOF_VOID_P": "4"}
    toolchain.write_text("".join(f"set({name} {value})\n" for name, value in claims.items()))
    done = subprocess.run(
        [cmake, "-S", ROOT, "-B", tmp_path / "build", f"-DCMAKE_TOOLCHAIN_FILE={toolchain}", "-DSPEEDBUMP_CORE=OFF"],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode != 0
    message = " ".join(done.stderr.split())
    assert "pytest-speedbump is for 64-bit processors, but " in message
    assert "makes 32-bit programs: use a 64-bit compiler and Python." in message

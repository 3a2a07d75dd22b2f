"""Which `_core` is measured: said by every runner, and enforced where the environment names one.

The finder of an editable install comes before PYTHONPATH, so a runner may measure another build than the one just
made, and nobody notices. With MEASURED_CORE=path only that file can be imported as `_core`.
"""

import os
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_file_location
from pathlib import Path
from types import ModuleType

from benchmarks.exits import Exit, ExitError

__all__ = ["VARIABLE", "core_file", "pin_core"]

VARIABLE = "MEASURED_CORE"
NAME = "pytest_speedbump._core"


class _PinnedFinder:
    def __init__(self, file: Path) -> None:
        self._file = file

    def find_spec(
        self, name: str, _path: Sequence[str] | None = None, _target: ModuleType | None = None
    ) -> ModuleSpec | None:
        return spec_from_file_location(name, self._file) if name == NAME else None


def pin_core() -> None:
    """Sees to it that `_core`, whenever it is imported, is the file that MEASURED_CORE names, if it names one.

    Raises:
        ExitError: there is no such file, or another `_core` is loaded already.
    """
    wanted = os.environ.get(VARIABLE)
    if not wanted:
        return
    file = Path(wanted)
    if not file.is_file():
        raise _refusal(f"{VARIABLE} names {wanted!r}, which is no file; build it: cmake --build build")
    loaded = getattr(sys.modules.get(NAME), "__file__", None)
    if loaded is not None and not file.samefile(loaded):
        raise _refusal(f"{VARIABLE} names {wanted!r}, but {loaded!r} is loaded already; pin it before importing")
    sys.meta_path.insert(0, _PinnedFinder(file))


def core_file() -> Path:
    """The file of the `_core` that this process measures, which is imported for it.

    Raises:
        ExitError: it cannot be imported, or is not the one that MEASURED_CORE names.
    """
    try:
        from pytest_speedbump import _core
    except ImportError as error:
        raise _refusal(
            f"{NAME} cannot be imported ({error}); build it: cmake -S . -B build && cmake --build build"
        ) from None
    file = Path(_core.__file__)
    wanted = os.environ.get(VARIABLE)
    if wanted and not file.samefile(wanted):
        raise _refusal(f"{VARIABLE} names {wanted!r}, but {str(file)!r} was imported; call pin_core() first")
    return file


def _refusal(text: str) -> ExitError:
    return ExitError(Exit.BAD_INPUT, text)

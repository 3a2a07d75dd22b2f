"""What is loaded in this interpreter, and could be slowed if it ran: lines that hold code, and shared libraries."""

import dis
import gc
import inspect
import sys
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FunctionType

from pytest_speedbump.targets import parse_targets

__all__ = ["is_library_loaded", "lines_of", "modules"]

LAST_LINE = 65535  # that a target can name
_RESUME = dis.opmap["RESUME"]


def modules() -> Iterator[tuple[str, str]]:
    """Names and files; a file is "" where there is none."""
    for name, module in list(sys.modules.items()):
        file = inspect.getattr_static(module, "__file__", None)
        yield name, file if isinstance(file, str) else ""


def lines_of(owner: str) -> set[int] | None:
    """The lines on which functions have code, of all modules or files that ``owner`` matches: ``pkg.mod``, ``mod.py``.

    What runs once, when a module is imported, is not among them. None where no such module or file is loaded.
    """
    patterns = parse_targets([f"{owner}:1-{LAST_LINE}"]).compile()
    known: dict[tuple[str, str], bool] = {}

    def matches(module: str, file: str) -> bool:
        if (module, file) not in known:
            known[module, file] = patterns.match(module, "", file, "line", 1) >= 0
        return known[module, file]

    lines: set[int] = set()
    for one in gc.get_objects():
        if type(one) is FunctionType:
            module = one.__globals__.get("__name__")
            if matches(module if isinstance(module, str) else "", one.__code__.co_filename):
                lines.update(_lines(one.__code__))
    return lines if lines or any(matches(*loaded) for loaded in modules()) else None


def _lines(code: CodeType) -> Iterator[int]:
    """Those of inner functions as well. What comes before a function has begun, on the line of its ``def``, is none."""
    opcodes = code.co_code[::2]
    begin = 2 * opcodes.index(_RESUME) + 2 if _RESUME in opcodes else 0
    yield from (line for _, end, line in code.co_lines() if line and end > begin)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _lines(constant)


def is_library_loaded(library: str) -> bool:
    """Whether a glob on file names, or with a '/' on paths, matches a file that is mapped into this process."""
    patterns = parse_targets([f"native:{library}:*"]).compile()
    try:
        maps = Path("/proc/self/maps").read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return True  # Nobody knows better.
    paths = {line[line.index("/") :] for line in maps.splitlines() if "/" in line}
    return any(patterns.match(path.rpartition("/")[2], "", path, "native") >= 0 for path in paths)

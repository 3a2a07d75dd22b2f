"""Why a target of a program never ran, or why no process joined, as far as can be told from outside.

The sources that the program could have imported are read; nothing is imported and nothing is run.
"""

import ast
import difflib
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from pytest_speedbump.program import ProgramCounts
from pytest_speedbump.runner.launch import Launch
from pytest_speedbump.slowing.folder import VARIABLE
from pytest_speedbump.targets import Targets

__all__ = ["Sources", "why_alone"]

NAMES = 3
_MAIN = ("__main__", "__mp_main__")  # as every program has it, be there a file or not
_OTHER_KINDS = ("c:", "native:", "resume:", "@")


def why_alone(launch: Launch) -> str:
    """Why no process joined."""
    if "S" in launch.options:
        return "-S keeps Python from reading site-packages, by which programs join; leave it out"
    if launch.is_python:
        return "its Python has said why, or ended before it had read site-packages, by which programs join"
    return (
        f"{launch.words[0]} started no Python that has pytest-speedbump in its site-packages, "
        f"or took {VARIABLE} out of its environment"
    )


class Sources:
    """The Python files of a program.

    Args:
        roots: folders that it imports from.
        main: the file that is run as ``__main__``, and the name that it would have were it imported.
    """

    def __init__(self, roots: Sequence[Path], main: tuple[Path, str] | None = None) -> None:
        self._roots, self._main = roots, main

    @classmethod
    def of(cls, launch: Launch) -> "Sources":
        path = [Path(folder) for folder in sys.path if folder]
        if launch.script is not None:
            script = Path(launch.script)
            script = script / "__main__.py" if script.is_dir() else script
            return cls([script.parent, *path], (script, script.stem))
        here = cls([Path(), *path])
        if launch.module is None:
            return here
        file = here.file_of(launch.module)
        if file is not None and file.name == "__init__.py":
            file = file.with_name("__main__.py")
        return cls(here._roots, None if file is None else (file, launch.module))

    def file_of(self, module: str) -> Path | None:
        if module == "__main__":
            return self._main and self._main[0]
        *packages, last = module.split(".")
        for root in self._roots:
            folder = root.joinpath(*packages)
            for file in (folder / last / "__init__.py", folder / f"{last}.py"):
                if file.is_file():
                    return file
        return None

    def why_unrun(self, targets: Targets, counts: ProgramCounts) -> dict[str, str]:
        """For each target that matched no call, as written, the end of a sentence; empty where nothing is known."""
        return {name: self.explain(name) for name in targets.unmatched(counts.snapshot.matched)}

    def explain(self, target: str) -> str:
        """The end of a sentence that has said that ``target`` never ran."""
        if "," in target and not set(target) & set("/["):
            return "a comma does not separate targets; give each a --target of its own"
        if target.startswith(_OTHER_KINDS) or "/" in target or re.search(r":\d", target):
            return ""
        own = self._main and self._main[1]
        if own and own not in _MAIN and re.match(rf"{re.escape(own)}[.:]", target):
            return f"what the program itself defines is named __main__, as in __main__{target[len(own) :]}"
        found = self._module_of(target)
        if found is None:
            return self._no_module(target)
        module, file = found
        return _explain(target, module, file)

    def _module_of(self, target: str) -> tuple[str, Path] | None:
        """The module that the target's beginning names, up to its first wildcard."""
        plain = re.split(r"[*?[]", target)[0]
        whole = plain == target
        parts = plain.partition(":")[0].split(".")
        for length in range(len(parts) if whole or ":" in plain else len(parts) - 1, 0, -1):
            module = ".".join(parts[:length])
            file = self.file_of(module)
            if file is not None:
                return module, file
        return None

    def _no_module(self, target: str) -> str:
        first = re.split(r"[.:*?[]", target)[0]
        if (
            not first
            or first in _MAIN
            or first in sys.stdlib_module_names
            or any(root.joinpath(first).exists() for root in self._roots)
        ):
            return ""
        here = {path.name.removesuffix(".py") for root in self._roots[:1] if root.is_dir() for path in root.iterdir()}
        near = difflib.get_close_matches(first, here, n=1)
        return f"there is no module {first!r} where the program imports from" + (
            f"; there is {near[0]!r}" if near else ""
        )


def _explain(target: str, module: str, file: Path) -> str:
    if target == module:
        return f"it is a module; name what is in it, as in {target}.*"
    try:
        functions = dict(_functions(ast.parse(file.read_bytes()), ""))
    except (OSError, SyntaxError, ValueError):
        return ""
    separator = ":" if ":" in target else "."
    names = {f"{module}{separator}{qualname}": line for qualname, line in functions.items()}
    if target in names:
        return f"{file}:{names[target]} defines it, and nobody called it"
    if any(name.startswith(f"{target}.") for name in names):
        return f"it is no function; name what is in it, as in {target}.*"
    pattern = re.escape(target).replace(r"\*", ".*").replace(r"\?", ".")
    matching = [name for name in names if re.fullmatch(pattern, name)]
    if matching:
        return f"{file} defines {_shown(matching)}, and nobody called that"
    near = difflib.get_close_matches(target.replace("*", ""), names, n=NAMES, cutoff=0.6)
    return f"{file} defines no such function" + (f"; there is {', '.join(near)}" if near else "")


def _shown(names: Sequence[str]) -> str:
    return ", ".join(names[:NAMES]) + (f" and {len(names) - NAMES} more" if len(names) > NAMES else "")


def _functions(node: ast.AST, prefix: str) -> Iterator[tuple[str, int]]:
    """The qualified name and the first line of each."""
    for child in ast.iter_child_nodes(node):
        match child:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                yield f"{prefix}{child.name}", child.lineno
                yield from _functions(child, f"{prefix}{child.name}.<locals>.")
            case ast.ClassDef():
                yield from _functions(child, f"{prefix}{child.name}.")
            case _:
                yield from _functions(child, prefix)

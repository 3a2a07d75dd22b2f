"""The C core: whether there is one, and why not: there are platforms without one, and installations that are broken."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from pytest_speedbump.errors import InputError

__all__ = ["load_core", "refusal", "why_no_core"]

_FOLDER = Path(__file__).parent


def why_no_core() -> str:
    """Why there is none, and none is missing: this platform has none, or the wheel without it was installed.

    Empty where there is one, and where there ought to be one: :func:`load_core` says then what is wrong with it.
    """
    try:
        from pytest_speedbump import _core  # noqa: F401
    except ImportError:
        return _why(sys.platform, sys.implementation.name, is_64_bit=sys.maxsize > 1 << 32, is_pure=_is_pure())
    return ""


def _why(system: str, implementation: str, *, is_64_bit: bool, is_pure: bool) -> str:
    import platform  # Here, as below: whoever has a core needs none of it.

    here = f"{platform.python_implementation()} {platform.python_version()} on {system} {platform.machine()}"
    if (system, implementation, is_64_bit) != ("linux", "cpython", True):
        return f"no core for this platform, {here}: measure with CPython 3.12 or newer on 64-bit Linux"
    if is_pure:
        return (
            f"no core for this platform, {here}, is installed: where there is a C compiler, build it with "
            "`pip install --force-reinstall --no-binary pytest-speedbump pytest-speedbump`"
        )
    return ""


def _is_pure() -> bool:
    """Whether this very package was installed from the wheel that is for all platforms."""
    from importlib.metadata import PackageNotFoundError, distribution

    try:
        installed = distribution("pytest-speedbump")
    except PackageNotFoundError:
        return False
    folder = Path(str(installed.locate_file(_FOLDER.name)))
    return folder.resolve() == _FOLDER.resolve() and "Tag: py3-none-any" in (installed.read_text("WHEEL") or "")


def load_core() -> None:
    """Imports the C core, which a run that asks for nothing never needs.

    Raises:
        InputError: there is none for this platform, it was not built, or it was made for another Python.
    """
    why = why_no_core()
    if why:
        raise InputError(f"nothing can be slowed or measured here: {why}")
    try:
        from pytest_speedbump import _core  # noqa: F401
    except ImportError as error:
        raise InputError(
            f"pytest_speedbump was imported from {str(_FOLDER)!r}, where its compiled core cannot be loaded ({error}); "
            f"install it, as with `pip install {str(_FOLDER.parent)!r}`, or take that folder off PYTHONPATH"
        ) from None


def refusal(name: str) -> Callable[..., NoReturn] | None:
    """What stands in for the function ``name`` where there is no core for this platform: only its call is refused, so
    that a module can import it everywhere. None where there is one, or ought to be."""
    why = why_no_core()
    if not why:
        return None

    def refuse(*_args: object, **_options: object) -> NoReturn:
        raise InputError(f"{name}() can do nothing here: {why}")

    return refuse

"""What of the targets can be slowed at all: of a plain name everything must, of a glob the rest is told."""

from pytest_speedbump.bump import Mode
from pytest_speedbump.errors import InputError
from pytest_speedbump.result import Unreached
from pytest_speedbump.slowing.session import make_session
from pytest_speedbump.targets import Targets

__all__ = ["refuse", "unreached"]


def refuse(targets: Targets, mode: Mode) -> None:
    """Raises InputError for a target that cannot be slowed here, or not in this mode. Arms nothing."""
    try:
        make_session(targets, mode, "the check of targets")
    except InputError:
        raise
    except ValueError as error:
        raise InputError(str(error)) from None


def unreached(_targets: Targets) -> tuple[Unreached, ...]:
    """What globs match and is not slowed."""
    return ()

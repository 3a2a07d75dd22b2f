"""Sessions armed for the length of a block, refused to be, and dropped in it."""

from pytest_speedbump import _core, slow
from pytest_speedbump.slowing.session import armed

PATTERNS = _core.Patterns(["pkg.*"])


def refuse(bump: slow) -> None:
    try:
        bump.__enter__()
    except RuntimeError:
        return
    raise AssertionError("entered")


def scenario() -> None:
    session = _core.Session(PATTERNS, "spin", "a leak test")
    with session:
        refuse(slow("pkg.*", delay="1us"))
    with armed(session):
        assert session.intact
    armed(session)
    bump = slow("pkg.*", delay="1us")
    for _ in range(2):
        with bump:
            refuse(bump)
    bump.itself = bump  # type: ignore[attr-defined]
    try:
        _core.Armed(3)  # type: ignore[arg-type]
    except TypeError:
        return
    raise AssertionError("armed")

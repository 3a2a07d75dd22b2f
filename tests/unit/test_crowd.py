"""A crowd is its own session and what the others count, on a page that somebody writes down."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from pytest_speedbump import _core
from pytest_speedbump.counts import Counts, Site
from pytest_speedbump.errors import InputError
from pytest_speedbump.slowing.crowd import Crowd, Crowds
from pytest_speedbump.slowing.folder import Folder
from pytest_speedbump.slowing.session import Row, take_snapshot
from pytest_speedbump.targets import parse_targets


def here() -> None:
    """What this process calls."""


class Page:
    def __init__(self) -> None:
        self.told: list[object] = []

    def select(self, counted: int, delayed: int) -> None:
        self.told.append((counted, delayed))

    def pause(self) -> None:
        self.told.append("paused")


class Own:
    """The session of this process."""

    def __init__(self, page: Page) -> None:
        self._page, self.intact, self.lost = page, True, 1

    @contextmanager
    def armed(self) -> Iterator[None]:
        self._page.told.append("armed")
        try:
            yield
        finally:
            self._page.told.append("disarmed")

    def set_delay(self, delay_ns: float, /, every: int = 1) -> None:
        self._page.told.append(delay_ns)

    def pause(self) -> None:
        self._page.pause()

    def totals(self) -> tuple[int, float, float, float, float]:
        return 2, 20.0, 21.0, 1.0, 0.0

    def snapshot(self) -> list[Row]:
        return [(here.__code__, __name__, 0, 2, 20.0, 21.0, 1.0, 0.0)]


class Others:
    """Their ledgers: one that called the same, and something else."""

    account: Any = None
    lost = 2

    def __init__(self) -> None:
        self.calls = 0

    def totals(self) -> list[float]:
        return [self.calls * one for one in (2.0, 20.0, 20.0, 0.0, 4.0)]

    def sites(self, number: int) -> dict[Site, Counts]:
        code, one = here.__code__, Counts(self.calls, self.calls * 10.0, self.calls * 10.0, 0.0, self.calls * 2.0)
        both = Site("start", __name__, "here", None, code.co_firstlineno, code.co_filename)
        return {both: one, Site("c", "zlib", "crc32"): one} if number == 3 else {}


def test_a_crowd() -> None:
    targets, page, others = parse_targets([f"{__name__}.here", "c:zlib.*"]), Page(), Others()
    crowd = Crowd(Own(page), page, others, targets.compile(), 3)  # type: ignore[arg-type]
    others.calls = 100  # before
    with crowd.armed():
        others.calls += 3
        crowd.set_delay(5.0)
        assert crowd.totals() == (8, 80.0, 81.0, 1.0, 12.0)
    assert page.told == ["armed", (8, 8), 5.0, "paused", (0, 0), "disarmed"]
    assert (crowd.intact, crowd.lost) == (True, 3)
    snapshot = take_snapshot(crowd, targets)
    assert [(code.name, code.target, code.calls, code.requested_ns) for code in snapshot.matched] == [
        (f"{__name__}.here", 0, 5, 50.0),
        ("c:zlib.crc32", 1, 3, 30.0),
    ]
    assert [(one.name, one.calls) for one in snapshot.targets] == [(f"{__name__}.here", 5), ("c:zlib.*", 3)]
    assert snapshot.matched[0].site.code is here.__code__


def test_whatever_happens_the_others_are_paused() -> None:
    page = Page()
    crowd = Crowd(Own(page), page, Others(), _core.Patterns(["x"]), 0)  # type: ignore[arg-type]
    with pytest.raises(KeyboardInterrupt), crowd.armed():
        raise KeyboardInterrupt
    assert page.told == ["armed", (1, 1), "paused", (0, 0), "disarmed"]


def test_no_place_for_a_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device", "/dev/shm/speedbump-1")

    monkeypatch.setattr(Folder, "create", full)
    with pytest.raises(InputError, match=r"slowed through a folder, for which there is no place: .*No space left"):
        Crowds([parse_targets(["x"])], "spin")

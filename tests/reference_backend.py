"""What the C core does, written as tools of its kind commonly are: a Python callback of sys.monitoring.

Oracle of the core's tests and yardstick of its benchmarks.
"""

import math
import sys
import time
from collections.abc import MutableSequence, Sequence
from dataclasses import dataclass
from itertools import batched
from types import CodeType

from pattern_oracle import Patterns

__all__ = ["Patterns", "PythonBackend"]

type Snapshot = list[tuple[CodeType, str, int, int, float, float, float, float]]

_MONITORING = sys.monitoring
_PY_START = _MONITORING.events.PY_START
_TOOL_IDS = (3, 4)
_DOSED = -1.0


@dataclass(slots=True)
class _Cell:
    """Counts of one code object. It keeps the code alive, so that nobody else is given its id."""

    code: CodeType
    module: str
    pattern: int
    target: int
    calls: int = 0
    requested_ns: float = 0.0
    delivered_ns: float = 0.0


class PythonBackend:
    """`_core.Session` in Python: same arguments but a `Patterns` of its own, same methods, same answers.

    It counts as exactly. It delays as well as Python can: what the callback itself costs comes on top, and neither
    preemption nor the wait for the GIL is told apart from delay. There is no mode "nogil". Of a dose it thins all
    threads' calls together, where the core thins each thread's.
    """

    def __init__(self, patterns: Patterns, mode: str, owner: str) -> None:
        if mode not in ("spin", "sleep"):
            raise ValueError(f"a Python callback cannot delay in mode {mode!r}")
        self._patterns, self._owner = patterns, owner
        self._wait = _spin if mode == "spin" else _sleep
        self._cells: dict[int, _Cell] = {}
        self._delay_ns: float | None = None  # None: paused; _DOSED: as the doses say
        self._doses: list[tuple[float, ...]] = []
        self._tool: int | None = None

    def arm(self) -> None:
        for tool in _TOOL_IDS:
            if _MONITORING.get_tool(tool) is None:
                break
        else:
            raise RuntimeError(f"{self._owner}: no free sys.monitoring tool id")
        _MONITORING.use_tool_id(tool, "reference")
        self._tool = tool
        _MONITORING.register_callback(tool, _PY_START, self._on_start)
        _MONITORING.set_events(tool, _PY_START)
        _MONITORING.restart_events()

    def disarm(self) -> None:
        self._delay_ns = None
        if self._tool is None:
            return
        _MONITORING.set_events(self._tool, 0)
        _MONITORING.register_callback(self._tool, _PY_START, None)
        _MONITORING.free_tool_id(self._tool)
        _MONITORING.restart_events()
        self._tool = None

    def set_delay(self, delay_ns: float, /, every: int = 1) -> None:
        if every != 1:
            raise NotImplementedError("it delays every call")
        self._delay_ns = delay_ns

    def set_doses(self, doses: Sequence[float], /) -> None:
        self._doses = list(batched(doses, 2))[: len(self._cells)]
        self._delay_ns = _DOSED

    def pause(self) -> None:
        self._delay_ns = None

    def read_counts(self, into: MutableSequence[float], /) -> int:
        cells = list(self._cells.values())
        for i in range(len(into) // 5):
            cell = cells[i] if i < len(cells) else None
            row = (cell.calls, cell.requested_ns, cell.delivered_ns) if cell is not None else (0, 0, 0)
            for j, number in enumerate((*row, 0, 0)):
                into[5 * i + j] = number
        return len(cells)

    def totals(self) -> tuple[int, float, float, float, float]:
        cells = list(self._cells.values())
        return (
            sum(cell.calls for cell in cells),
            sum(cell.requested_ns for cell in cells),
            sum(cell.delivered_ns for cell in cells),
            0.0,
            0.0,
        )

    def snapshot(self) -> Snapshot:
        return [
            (cell.code, cell.module, cell.pattern, cell.calls, cell.requested_ns, cell.delivered_ns, 0.0, 0.0)
            for cell in self._cells.values()
        ]

    @property
    def intact(self) -> bool:
        return self._tool is not None and bool(_MONITORING.get_events(self._tool) & _PY_START)

    @property
    def lost(self) -> int:
        return 0

    @property
    def fixed_ns(self) -> float:
        return 0.0

    def _on_start(self, code: CodeType, _offset: int) -> object:
        cell = self._cells.get(id(code))
        if cell is None:
            cell = self._meet(code)
            if cell is None:
                return _MONITORING.DISABLE
        delay_ns = self._delay_ns
        if delay_ns is None:
            return None
        cell.calls += 1
        if delay_ns == _DOSED:
            delay_ns = self._due_ns(cell)
        if delay_ns:
            cell.requested_ns += delay_ns
            cell.delivered_ns += self._wait(delay_ns)
        return None

    def _due_ns(self, cell: _Cell) -> float:
        """Spread by the golden ratio over the calls: a dose's share of them, whichever of them are looked at."""
        delay_ns, share = self._doses[cell.target] if cell.target < len(self._doses) else (0.0, 0.0)
        turn = (cell.calls + (cell.target << 16)) * 2654435769 % 2**32
        return delay_ns if turn < math.ldexp(share, 32) else 0.0

    def _meet(self, code: CodeType) -> _Cell | None:
        """First sight of ``code``. None: not ours."""
        module = sys._getframe(2).f_globals.get("__name__")  # of the function that starts
        module = module if isinstance(module, str) else ""
        pattern = self._patterns.match(module, code.co_qualname, code.co_filename)
        if pattern < 0:
            return None
        cell = self._cells[id(code)] = _Cell(code, module, pattern, len(self._cells))
        return cell


def _spin(ns: float) -> float:
    begin = now = time.perf_counter_ns()
    end = begin + ns
    while now < end:
        now = time.perf_counter_ns()
    return now - begin


def _sleep(ns: float) -> float:
    begin = time.perf_counter_ns()
    time.sleep(ns / 1e9)
    return time.perf_counter_ns() - begin

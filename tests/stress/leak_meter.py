"""Runs ``scenario()`` of the script that it is given, many times over, and fails where memory grows with the times.

Blocks are counted, not pages: Python's own, and the bytes in use of the C library, where it tells.
"""

import ctypes
import gc
import runpy
import sys
from collections.abc import Callable

WARM_UP, TIMES, STRETCHES = 50, 100, 8


class _MallInfo(ctypes.Structure):
    """mallinfo2(3)."""

    _fields_ = [
        (name, ctypes.c_size_t)
        for name in (
            *("arena", "ordblks", "smblks", "hblks", "hblkhd"),
            *("usmblks", "fsmblks", "uordblks", "fordblks", "keepcost"),
        )
    ]


def bytes_in_use() -> int:
    try:
        mallinfo2 = ctypes.CDLL(None).mallinfo2
    except AttributeError:
        return 0
    mallinfo2.restype = _MallInfo
    info = mallinfo2()
    return int(info.uordblks + info.hblkhd)


def main(path: str) -> int:
    scenario = runpy.run_path(path)["scenario"]
    # What is allocated once may come late, and in parts; a leak grows in each stretch. CPython 3.13 without a GIL keeps
    # a block itself every fourth time that threads are started; the least leak of ours is one block each time.
    blocks, used = _usage(scenario, WARM_UP)
    grown: list[tuple[int, int]] = []
    while len(grown) < STRETCHES:
        before, (blocks, used) = (blocks, used), _usage(scenario, TIMES)
        grown.append((blocks - before[0], used - before[1]))
        if min(more for more, _ in grown) < TIMES // 2 and min(more for _, more in grown) < 16 * TIMES:
            return 0
    print(f"(blocks, bytes) more in each {TIMES} times: {grown}")
    return 1


def _usage(scenario: Callable[[], object], times: int) -> tuple[int, int]:
    for _ in range(times):
        scenario()
    gc.collect()
    gc.collect()  # without a GIL the first may leave something
    return sys.getallocatedblocks(), bytes_in_use()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))

"""Runs ``scenario()`` of the script that it is given, many times over, and fails where memory grows with the times.

Blocks are counted, not pages: Python's own, and the bytes in use of the C library, where it tells.
"""

import ctypes
import gc
import runpy
import sys
from itertools import pairwise

WARM_UP, TIMES = 50, 100


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
    usage = []
    for times in (WARM_UP, TIMES, TIMES, TIMES, TIMES):
        for _ in range(times):
            scenario()
        gc.collect()
        gc.collect()  # without a GIL the first may leave something
        usage.append((sys.getallocatedblocks(), bytes_in_use()))
    # What is allocated once may come late; a leak grows every time. CPython 3.13 without a GIL keeps a block itself
    # every fourth time that threads are started; the least leak of ours is one block each time.
    blocks, used = (min(b - a for a, b in pairwise(figures)) for figures in zip(*usage, strict=True))
    print(f"at least {blocks} blocks, {used} bytes in {TIMES} times")
    return int(blocks >= TIMES // 2 or used >= 16 * TIMES)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))

"""Coroutine functions that pause: awaited, cancelled in the pause, closed, dropped, and in a circle."""

import asyncio
import atexit
import gc
import warnings

from pytest_speedbump.slowing.session import make_session
from pytest_speedbump.targets import parse_targets

RUNNER = asyncio.Runner()  # one for all times: each new loop of CPython 3.12 keeps half a block itself
atexit.register(RUNNER.close)


async def work() -> int:
    return 1


async def main() -> None:
    await asyncio.gather(work(), work())
    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    work().close()


def scenario() -> None:
    async def own() -> None:
        pass

    session = make_session(parse_targets(["*:work", "*.own"]), "await", "a leak test")
    with session:
        session.set_delay(1e3)
        RUNNER.run(main())
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            work()  # type: ignore[unused-coroutine]
        own.circle = own()  # type: ignore[attr-defined]
        own.circle.close()  # type: ignore[attr-defined]
    assert session.totals()[0] == 3
    del own, session
    gc.collect()

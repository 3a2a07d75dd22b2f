"""Functions that do nothing but take a known time, each with code of its own: what scans of known systems rank."""

from collections.abc import Awaitable, Callable, Generator
from contextlib import suppress
from dataclasses import dataclass
from types import FunctionType
from typing import Any, Literal, get_args

__all__ = ["KINDS", "MODULE", "Kind", "Part"]

MODULE = "cast"  # whose functions they seem to be

Kind = Literal["function", "method", "nested", "lambda", "generator", "coroutine"]
KINDS: tuple[Kind, ...] = get_args(Kind)
Work = Callable[[float], object]


def work(ns: float) -> None:
    """Stands for what each copy of the templates below has in globals of its own."""
    raise NotImplementedError


def _function(ns: float) -> None:
    work(ns)


def _generator(ns: float) -> Generator[None]:
    work(ns)
    yield


async def _coroutine(ns: float) -> None:
    work(ns)


_lambda = lambda ns: work(ns)  # noqa: E731 - that it is one is the point


class _Stage:
    def method(self, ns: float) -> None:
        work(ns)


_TEMPLATES: dict[Kind, tuple[Any, str]] = {
    "function": (_function, "{}"),
    "method": (_Stage.method, "Stage.{}"),
    "nested": (_function, "around.<locals>.{}"),
    "lambda": (_lambda, "{}.<locals>.<lambda>"),
    "generator": (_generator, "{}"),
    "coroutine": (_coroutine, "Stage.{}"),
}


@dataclass(slots=True)
class Part:
    """One function of a system.

    Attributes:
        label: no other part of its system has it.
        calls: in one turn of what it is a part of: a round, an item, a lock's holder.
        ns: that each call takes; may be changed between rounds.
    """

    label: str
    kind: Kind
    calls: int
    ns: float

    @property
    def name(self) -> str:
        """As a ranking names it."""
        return f"{MODULE}.{_TEMPLATES[self.kind][1].format(self.label)}"

    def turn(self, work: Work, line: int) -> Callable[[], None]:
        """A function that makes all calls of one turn; ``line`` tells the code from that of other parts."""
        function = self._made(work, line)
        make = {"generator": _exhaust, "coroutine": _finish}.get(self.kind)

        def turn() -> None:
            ns = self.ns
            for _ in range(self.calls):
                if make is None:
                    function(ns)
                else:
                    make(function(ns))

        return turn

    def awaited(self, work: Work, line: int) -> Callable[[], Awaitable[None]]:
        """The same for a coroutine, which is awaited."""
        function = self._made(work, line)

        async def turn() -> None:
            for _ in range(self.calls):
                await function(self.ns)

        return turn

    def _made(self, work: Work, line: int) -> Callable[..., Any]:
        template, form = _TEMPLATES[self.kind]
        qualname = form.format(self.label)
        code = template.__code__.replace(
            co_name=qualname.rpartition(".")[2], co_qualname=qualname, co_firstlineno=line, co_filename=f"{MODULE}.py"
        )
        function = FunctionType(code, {"__name__": MODULE, "work": work})
        return function if self.kind != "method" else function.__get__(self)


def _exhaust(generator: Generator[None]) -> None:
    for _ in generator:
        pass


def _finish(coroutine: Any) -> None:
    with suppress(StopIteration):
        coroutine.send(None)

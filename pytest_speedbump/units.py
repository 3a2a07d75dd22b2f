"""Times and shares as people write them, and as reports print them."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from pytest_speedbump.errors import InputError

__all__ = [
    "LONGEST_DELAY_NS",
    "Delay",
    "format_share",
    "format_time",
    "parse_delay",
    "parse_delays",
    "parse_share",
    "parse_span",
    "parse_time",
]

NS_PER_UNIT = {"ns": 1.0, "us": 1e3, "µs": 1e3, "μs": 1e3, "ms": 1e6, "s": 1e9}
NS_PER_LONG_UNIT = {"m": 60e9, "min": 60e9, "h": 3600e9}  # of spans alone: in a delay "2m" would be a misspelt "2ms"
LONGEST_DELAY_NS = 60e9
LONGEST_SPAN = "24h"
LEAST_SHARE = 1e-9  # far below what any machine can tell from nothing

_TIME = re.compile(r"(?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)\s*(?P<unit>[^\W\d]*)", re.IGNORECASE)
_UNITS = "write it with one of the units ns, us, ms, s, as in '2us'"
_SPAN_UNITS = "write it with one of the units ms, s, m, h, as in '30s'"


def parse_time(text: object, name: str, *, longest_ns: float = math.inf) -> float:
    """Nanoseconds in ``text``, such as ``'500ns'`` or ``'1.5ms'``; ``name`` is what the error calls it.

    Raises:
        InputError: no string, no unit, an unknown one, negative, not finite, or more than ``longest_ns``.
    """
    ns = _parse(text, name, NS_PER_UNIT, _UNITS)
    if ns > longest_ns:
        raise InputError(f"{name} {text!r} is over the limit; write at most {format_time(longest_ns)}")
    return ns


def parse_span(text: object, name: str) -> float:
    """Nanoseconds in ``text``, which may be minutes and hours too, such as ``'2m'`` or ``'1.5h'``.

    Raises:
        InputError: as of :func:`parse_time`, or more than a day.
    """
    units = NS_PER_UNIT | NS_PER_LONG_UNIT
    ns = _parse(text, name, units, _SPAN_UNITS)
    if ns > _parse(LONGEST_SPAN, name, units, _SPAN_UNITS):
        raise InputError(f"{name} {text!r} is over the limit; write at most {LONGEST_SPAN}")
    return ns


def _parse(text: object, name: str, units: Mapping[str, float], mend: str) -> float:
    if not isinstance(text, str):
        raise InputError(f"{name} {text!r} is not a time; {mend}")
    if text.strip().endswith("%"):
        raise InputError(f"{name} {text!r} is a share, and no time; {mend}")
    match = _TIME.fullmatch(text.strip())
    if match is None:
        raise InputError(f"{name} {text!r} is not a time; {mend}")
    unit = match["unit"]
    if not unit:
        raise InputError(f"{name} {text!r} has no unit; {mend}")
    if unit not in units:
        raise InputError(f"{name} {text!r} has the unknown unit {unit!r}; {mend}")
    ns = float(match["number"]) * units[unit]
    if ns < 0:
        raise InputError(f"{name} {text!r} is negative; time cannot be given back, write 0 or more")
    if not math.isfinite(ns):
        raise InputError(f"{name} {text!r} is not a finite time; {mend}")
    return ns


@dataclass(frozen=True, slots=True)
class Delay:
    """What is added to each matched call: ``ns``, or what makes a round so much longer (``share``).

    Neither where it is asked how much may be added: for the slack.
    """

    ns: float | None = None
    share: float | None = None

    def __str__(self) -> str:
        """``300us`` or ``5%``; ``slack``."""
        if self == Delay():
            return "slack"
        return f"{(self.share or 0) * 100:.6g}%" if self.ns is None else format_time(self.ns)


def parse_delays(text: object, name: str) -> tuple[Delay, ...]:
    """Those of a comma list, in the order written: times of at most a minute, and shares such as ``'5%'``."""
    parts = text.split(",") if isinstance(text, str) else [text]
    delays = tuple(_parse_delay(part, name) for part in parts)
    if len(set(delays)) < len(delays):
        raise InputError(f"{name} {text!r} holds the same delay twice; write each once")
    return delays


def parse_delay(text: object, name: str) -> float:
    """Nanoseconds of the one delay of something that is no benchmark: no sweep, no share of a round.

    Raises:
        InputError: ``text`` is anything else; ``name`` is what the sentence calls it.
    """
    delays = parse_delays(text, name)
    if len(delays) > 1:
        raise InputError(f"{name} {text!r} is a sweep, which is for benchmarks; write one time")
    if delays[0].ns is None:
        raise InputError(
            f"{name} {text!r} is a share of a round, and only benchmarks have rounds; write a time, as '2us'"
        )
    return delays[0].ns


def _parse_delay(text: object, name: str) -> Delay:
    if not (isinstance(text, str) and text.strip().endswith("%")):
        return Delay(ns=parse_time(text, name, longest_ns=LONGEST_DELAY_NS))
    mend = "write a share of the round of more than 0% and at most 100%, as in '5%', or a time, as in '2us'"
    try:
        share = float(text.strip()[:-1]) / 100
    except ValueError:
        raise InputError(f"{name} {text!r} is not a share; {mend}") from None
    if not LEAST_SHARE <= share <= 1:
        raise InputError(f"{name} {text!r} is out of range; {mend}")
    return Delay(share=share)


def parse_share(value: object, name: str) -> float:
    """A fraction between 0 and 1, both excluded, from ``'2%'``, ``'0.02'`` or ``0.02``.

    Raises:
        InputError: anything else; 2 above all, which may be meant as 2 %.
    """
    mend = "write it as '2%' or 0.02, more than 0 and less than 100 %"
    if isinstance(value, str):
        text = value.strip()
        try:
            share = float(text[:-1]) / 100 if text.endswith("%") else float(text)
        except ValueError:
            raise InputError(f"{name} {value!r} is not a share; {mend}") from None
    elif isinstance(value, int | float) and not isinstance(value, bool):
        try:
            share = float(value)
        except OverflowError:
            raise InputError(f"{name} {value!r} is out of range; {mend}") from None
    else:
        raise InputError(f"{name} {value!r} is not a share; {mend}")
    if math.isnan(share):
        raise InputError(f"{name} {value!r} is not a number; {mend}")
    if share < 0:
        raise InputError(f"{name} {value!r} is negative; {mend}")
    if share >= 1 and not (isinstance(value, str) and value.strip().endswith("%")):
        raise InputError(f"{name} {value!r} would be {share:.0%}; write '{share:g}%' or {share / 100:g}")
    if 0 < share < LEAST_SHARE:
        raise InputError(f"{name} {value!r} is too small to matter; write {LEAST_SHARE:g} or more")
    if not 0 < share < 1:
        raise InputError(f"{name} {value!r} is out of range; {mend}")
    return share


def format_time(ns: float, digits: int = 3) -> str:
    """``ns`` in the unit that leaves one to three figures before the point: ``'2us'``, ``'1.53ms'``."""
    for unit, size in (("s", 1e9), ("ms", 1e6), ("us", 1e3)):
        # Rounding counts: 999.9 ns with three digits are 1us, not 1000ns.
        if abs(ns) >= size * (1 - 0.5 * 10.0**-digits):
            return f"{_rounded(ns / size, digits)}{unit}"
    return f"{_rounded(ns, digits)}ns"


def _rounded(value: float, digits: int) -> str:
    """To so many significant digits, and never as ``7.1e+02``."""
    return f"{float(f'{value:.{digits}g}'):g}"


def format_share(share: float, decimals: int = 1) -> str:
    """``0.0213`` as ``'2.1%'``; zero has no sign."""
    return f"{share * 100:z.{decimals}f}%"

"""What csrc/pattern.c does, in a few slow lines: oracle of its tests, matcher of the Python reference backend."""

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase

# One character outside brackets, or one whole class; possessive, so that a '[' that is never closed is no token.
_TOKEN = re.compile(r"\[!?+\]?+[^\]]*+\]|[^\[]", re.DOTALL)
_KIND = re.compile(r"(resume|c|native):")
_LINES = re.compile(r"([0-9]+)(?:-([0-9]+))?")
_MISSPELT_LINES = re.compile(r"[0-9][0-9,. -]*")
_LAST_LINE = 65535


class _Rule:
    """One pattern: `place` is the module or file glob, None for a glob on the dotted name; `name` the other glob."""

    lines = range(0)

    def __init__(self, pattern: str) -> None:
        text = pattern.removeprefix("!")
        self.exclude = text != pattern
        kind = _KIND.match(text)
        self.kind = kind[1] if kind else "start"
        text = text.removeprefix(kind[0]) if kind else text
        tokens: list[str] = _TOKEN.findall(text)
        if not text or "\0" in text or text.startswith("@") or "".join(tokens) != text:
            raise ValueError(f"{pattern!r} is no pattern")
        self.place: str | None = None
        self.name = text
        if ":" in tokens:
            colon = len(tokens) - 1 - tokens[::-1].index(":")
            self.place, self.name = "".join(tokens[:colon]), "".join(tokens[colon + 1 :])
            if not self.place or self.place.endswith(":") or not self.name:
                raise ValueError(f"{pattern!r} is no pattern")
            lines = _LINES.fullmatch(self.name)
            if lines and self.kind in ("start", "resume"):
                first, last = int(lines[1]), int(lines[2] or lines[1])
                if self.kind == "resume" or not 1 <= first <= last <= _LAST_LINE:
                    raise ValueError(f"{pattern!r} is no pattern")
                self.kind, self.lines = "line", range(first, last + 1)
            elif self.kind == "start" and _MISSPELT_LINES.fullmatch(self.name):
                raise ValueError(f"{pattern!r} is no pattern")
        elif self.kind == "native":
            raise ValueError(f"{pattern!r} is no pattern")

    def match(self, module: str, qualname: str, file: str | None, kind: str, line: int) -> bool:
        if kind != self.kind:
            return False
        if self.place is None:
            return fnmatchcase(f"{module}.{qualname}" if module else qualname, self.name)
        if not (line in self.lines if kind == "line" else fnmatchcase(qualname, self.name)):
            return False
        if "/" in self.place or self.place.endswith(".py"):
            starts = [0, *(slash.end() for slash in re.finditer("/", file or ""))]
            return file is not None and any(fnmatchcase(file[start:], self.place) for start in starts)
        return fnmatchcase(module, self.place)


class Patterns:
    """A compiled set of patterns; ValueError names the bad one. ``lists`` are the numbers of the patterns' lists."""

    def __init__(self, patterns: Iterable[str], lists: Iterable[int] | None = None) -> None:
        self.rules = [_Rule(pattern) for pattern in patterns]
        self.numbers = [0] * len(self.rules) if lists is None else list(lists)

    def winners(
        self, module: str, qualname: str, file: str | None = None, kind: str = "start", line: int = 0
    ) -> dict[int, int]:
        """By list, the index of the last pattern of the kind that matches; none where that one excludes."""
        last = {
            number: i
            for i, (rule, number) in enumerate(zip(self.rules, self.numbers, strict=True))
            if rule.match(module, qualname, file, kind, line)
        }
        return {number: i for number, i in last.items() if not self.rules[i].exclude}

    def match(self, module: str, qualname: str, file: str | None = None, kind: str = "start", line: int = 0) -> int:
        """The winner in the first list that has one; -1 where none has."""
        winners = self.winners(module, qualname, file, kind, line)
        return winners[min(winners)] if winners else -1

    def lists(self, module: str, qualname: str, file: str | None = None, kind: str = "start", line: int = 0) -> int:
        """The mask of all lists that have a winner."""
        return sum(1 << number for number in self.winners(module, qualname, file, kind, line))

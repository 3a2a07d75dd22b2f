"""What csrc/pattern.c does, in a few slow lines: oracle of its tests, matcher of the Python reference backend."""

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase

# One character outside brackets, or one whole class; possessive, so that a '[' that is never closed is no token.
_TOKEN = re.compile(r"\[!?+\]?+[^\]]*+\]|[^\[]", re.DOTALL)
_LINES = re.compile(r"[0-9]+(-[0-9]+)?")


class _Rule:
    """One pattern: `place` is the module or file glob, None for a glob on the dotted name; `name` the other glob."""

    def __init__(self, pattern: str) -> None:
        text = pattern.removeprefix("!")
        tokens: list[str] = _TOKEN.findall(text)
        if not text or "\0" in text or text.startswith(("@", "c:", "native:")) or "".join(tokens) != text:
            raise ValueError(f"{pattern!r} is no pattern")
        self.exclude = text != pattern
        self.place: str | None = None
        self.name = text
        if ":" in tokens:
            colon = len(tokens) - 1 - tokens[::-1].index(":")
            self.place, self.name = "".join(tokens[:colon]), "".join(tokens[colon + 1 :])
            if not self.place or self.place.endswith(":") or not self.name or _LINES.fullmatch(self.name):
                raise ValueError(f"{pattern!r} is no pattern")

    def match(self, module: str, qualname: str, file: str | None) -> bool:
        if self.place is None:
            return fnmatchcase(f"{module}.{qualname}" if module else qualname, self.name)
        if not fnmatchcase(qualname, self.name):
            return False
        if "/" in self.place or self.place.endswith(".py"):
            starts = [0, *(slash.end() for slash in re.finditer("/", file or ""))]
            return file is not None and any(fnmatchcase(file[start:], self.place) for start in starts)
        return fnmatchcase(module, self.place)


class Patterns:
    """A compiled set of patterns; ValueError names the bad one."""

    def __init__(self, patterns: Iterable[str]) -> None:
        self._rules = [_Rule(pattern) for pattern in patterns]

    def match(self, module: str, qualname: str, file: str | None = None) -> int:
        """The index of the last pattern that matches; -1 if that one excludes, or none does."""
        for i, rule in reversed(list(enumerate(self._rules))):
            if rule.match(module, qualname, file):
                return -1 if rule.exclude else i
        return -1

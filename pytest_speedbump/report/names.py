"""Names of tests, as short as they can be told apart."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator

__all__ = ["short_names"]


def short_names(node_ids: Iterable[str]) -> dict[str, str]:
    """For each node id its shortest end that no other one has: the function, with class, file, folders as needed."""
    ids = set(node_ids)
    ends = Counter(end for one in ids for end in _ends(one))
    return {one: next((end for end in _ends(one) if ends[end] == 1), one) for one in ids}


def _ends(node_id: str) -> Iterator[str]:
    """``test_it[a/b]``, ``TestIt::test_it[a/b]``, ``test_x.py::TestIt::test_it[a/b]``, and so on."""
    file, _, names = node_id.partition("::")
    plain = len(node_id) - len(names) + len(names.partition("[")[0])  # what a parameter holds is no path
    separators = [*re.finditer("/", file), *re.compile("::").finditer(node_id, len(file), plain)]
    for start in (*(match.end() for match in reversed(separators)), 0):
        yield node_id[start:]

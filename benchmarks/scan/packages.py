"""Real packages: work of theirs that calls hundreds of functions, all in one thread, so that every delay arrives.

    python -m benchmarks.scan.packages NAME SECONDS

works for so long, for a sampler to look at.
"""

import copy
import datetime
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec

from benchmarks.exits import Exit, ExitError, ends
from benchmarks.graphql.conftest import with_room
from benchmarks.undisturbed import undisturbed

__all__ = ["PACKAGES", "Package", "one_round", "work_for"]

Round = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Package:
    """``module`` is what has to be installed for it; ``make`` imports it."""

    name: str
    module: str
    make: Callable[[], Round]

    @property
    def target(self) -> str:
        return f"{self.module}.*"

    def round(self) -> Round:
        """One request, one document: what a scan calls a round. ExitError where the package is missing."""
        if find_spec(self.module) is None:
            raise ExitError(Exit.MISSING_TOOL, f"{self.name} is missing; install it: pip install {self.name}")
        return with_room(self.make())


def _graphql() -> Round:
    from graphql import build_schema, graphql_sync

    from benchmarks.scan import zoo

    schema = build_schema(zoo.SCHEMA)
    data = zoo.data()
    return lambda: graphql_sync(schema, zoo.REQUEST, data, variable_values=zoo.VARIABLES)


TOML = '''# a comment
title = "TOML \\u00e9 example"
big = 1_000_000
hex = 0xDEAD
small = -6.626e-34
folded = """\\
  folded \\
  text"""
literal = 'C:\\temp'
site."example.com" = true

[owner]
name = "Tom"
born = 1979-05-27T07:32:00-08:00
day = 1979-05-27
hour = 07:32:00.999999

[database]
ports = [8000, 8001, # two
  8002]
targets = { cpu = 79.5, case = 72.0 }

[servers.alpha]
ip = "10.0.0.1"

[[products]]
name = "Nail"
[products.size]
w = 1
'''


def _tomlkit() -> Round:
    tomlkit = import_module("tomlkit")

    def edit() -> str:
        document = tomlkit.parse(TOML)
        owner, database = document["owner"], document["database"]
        owner["name"] = "Ann"
        owner.update({"age": 40})
        database["ports"].append(8003)
        del database["ports"][1]
        database["targets"]["gpu"] = 80.5
        table = tomlkit.table()
        table.add(tomlkit.comment("note"))
        table.add("when", datetime.date(2020, 1, 2))
        table.add("clock", datetime.time(1, 2, 3))
        inline = tomlkit.inline_table()
        inline.update({"b": [1, 2]})
        table.add("inline", inline)
        document["extra"] = table
        document["products"].append(tomlkit.item({"k": 1}))
        document["big"] += 1
        document["title"] += "!"
        owner["born"].replace(year=1980)
        copy.copy(document)
        document.unwrap()
        return str(tomlkit.dumps(document))

    return edit


PACKAGES = (Package("graphql-core", "graphql", _graphql), Package("tomlkit", "tomlkit", _tomlkit))


def work_for(seconds: float, function: Round) -> None:
    """In rounds that the garbage collector does not interrupt, like a scan's."""
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        with undisturbed():
            one_round(function)


def one_round(function: Round) -> None:
    """What a sample has in its stack if it was taken in a round."""
    function()


def main() -> Exit:
    name, seconds = sys.argv[1:]
    function = next(package for package in PACKAGES if package.name == name).round()
    work_for(float(seconds), function)
    return Exit.OK


if __name__ == "__main__":
    sys.exit(ends(main))

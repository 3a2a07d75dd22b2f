"""Sphinx directives for what the code knows better than any copy of it: options, markers, schemas, figures."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from pytest_speedbump.documents.read import read
from pytest_speedbump.page.page import page
from pytest_speedbump.plugin.markers import MARKERS
from pytest_speedbump.plugin.options import add_options

ROOT = Path(__file__).parent.parent
EXAMPLE = ROOT / "docs" / "measured" / "readme.json"  # the document of a real run, of the README's first command
EXAMPLE_PAGE = "example/index.html"


class OptionRecorder:
    """Stands in for ``pytest.Parser`` and its option group, and notes what is registered."""

    def __init__(self) -> None:
        self.options: list[tuple[str, dict[str, Any]]] = []
        self.ini_types: dict[str, str] = {}

    def getgroup(self, _name: str, _description: str) -> "OptionRecorder":
        return self

    def addoption(self, name: str, **attributes: Any) -> None:
        self.options.append((name, attributes))

    def addini(self, name: str, _help: str, type: str, default: object) -> None:  # noqa: A002 - pytest's own name
        assert default is None
        self.ini_types[name] = type


class _Generated(SphinxDirective):
    """Parses Markdown that :meth:`markdown` makes."""

    def markdown(self) -> Iterator[str]:
        raise NotImplementedError

    def run(self) -> list[nodes.Node]:
        return self.parse_text_to_nodes("\n".join(self.markdown()))


class Options(_Generated):
    """``{speedbump-options}``: every option with its ini key."""

    def markdown(self) -> Iterator[str]:
        recorder = OptionRecorder()
        add_options(recorder)  # type: ignore[arg-type]
        for name, attributes in recorder.options:
            key = attributes["dest"]
            metavar = attributes.get("metavar", "")
            argument = f" [{metavar}]" if attributes.get("nargs") == "?" else f" {metavar}" if metavar else ""
            yield f"::::{{option}} {name}{argument}"
            yield attributes["help"].replace("%%", "%") + ". "
            yield f"Ini key `{key}` ({recorder.ini_types[key]})."
            yield "::::"
            yield ""


class Markers(_Generated):
    """``{speedbump-markers}``: every marker as ``pytest --markers`` prints it."""

    def markdown(self) -> Iterator[str]:
        for marker in MARKERS.values():
            signature, _, text = marker.signature.partition(": ")
            yield f"- `@pytest.mark.{signature}`: {text}."


class Schema(_Generated):
    """``{speedbump-schema} FILE``: the properties of a JSON Schema and of its definitions, as tables."""

    required_arguments = 1

    def markdown(self) -> Iterator[str]:
        path = ROOT / self.arguments[0]
        self.env.note_dependency(str(path))
        schema = json.loads(path.read_text(encoding="utf-8"))
        yield from self._table(schema)
        for name, definition in schema["$defs"].items():
            if "properties" in definition:
                yield f"**{name}**: {definition['description']}"
                yield ""
                yield from self._table(definition)

    def _table(self, schema: dict[str, Any]) -> Iterator[str]:
        yield from ("| name | type | meaning |", "|---|---|---|")
        for name, one in schema["properties"].items():
            yield f"| `{name}` | {_type(one)} | {one.get('description', '')} |"
        yield ""


def _type(one: dict[str, Any]) -> str:
    """As people read it."""
    if "const" in one:
        return f"`{json.dumps(one['const'])}`"
    if "enum" in one:
        return ", ".join(f"`{json.dumps(value)}`" for value in one["enum"])
    if "$ref" in one:
        return one["$ref"].rpartition("/")[2]
    if "anyOf" in one:
        return " or ".join(_type(choice) for choice in one["anyOf"])
    if one["type"] == "array":
        return f"array of {_type(one['items'])}"
    return " or ".join(one["type"]) if isinstance(one["type"], list) else str(one["type"])


class Measured(SphinxDirective):
    """``{measured} FILE COMMAND``: a file of docs/measured, or, before anybody made it, the command that makes it.

    The page has the headings; those of the file become bold, because a directive cannot open sections.
    """

    required_arguments = 2
    final_argument_whitespace: ClassVar[bool] = True

    def run(self) -> list[nodes.Node]:
        path = ROOT / "docs" / "measured" / self.arguments[0]
        self.env.note_dependency(str(path))
        if path.exists():
            text = re.sub(r"^#+ (.*)$", r"**\1**", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
        else:
            text = f"Not measured yet. The command that measures:\n\n```sh\n{self.arguments[1]}\n```"
        return self.parse_text_to_nodes(text)


class ExamplePage(SphinxDirective):
    """``{example-page} TEXT``: a link to the page of a real run, which is made beside the site; nothing without one."""

    required_arguments = 1
    final_argument_whitespace: ClassVar[bool] = True

    def run(self) -> list[nodes.Node]:
        self.env.note_dependency(str(EXAMPLE))
        if not EXAMPLE.exists():
            return []
        up = "../" * self.env.docname.count("/")
        link = nodes.reference("", self.arguments[0], refuri=f"{up}{EXAMPLE_PAGE}")
        return [nodes.paragraph("", "", link)]


def write_example(app: Sphinx, error: Exception | None) -> None:
    """Writes the page of the run; it is no part of the site's look, and needs nothing of it."""
    if error is None and app.builder.format == "html" and EXAMPLE.exists():
        path = Path(app.outdir) / EXAMPLE_PAGE
        path.parent.mkdir(exist_ok=True)
        path.write_text(page([read(EXAMPLE)]), encoding="utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("build-finished", write_example)
    app.add_directive("example-page", ExamplePage)
    app.add_directive("speedbump-options", Options)
    app.add_directive("speedbump-markers", Markers)
    app.add_directive("speedbump-schema", Schema)
    app.add_directive("measured", Measured)
    return {"parallel_read_safe": True}

"""HTML as a browser would read it, with nothing mended: each element closed where it was opened."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

__all__ = ["Node", "parse"]

EMPTY = frozenset({"meta", "br", "hr", "img", "link", "input"})


@dataclass
class Node:
    """``children``: elements, and strings between them."""

    tag: str
    attributes: dict[str, str | None] = field(default_factory=dict)
    children: list["Node | str"] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(one if isinstance(one, str) else one.text for one in self.children)

    def walk(self) -> Iterator["Node"]:
        yield self
        for one in self.children:
            if isinstance(one, Node):
                yield from one.walk()

    def all(self, *tags: str, class_: str = "") -> list["Node"]:
        return [
            one for one in self.walk()
            if (not tags or one.tag in tags) and (not class_ or class_ in (one.attributes.get("class") or "").split())
        ]  # fmt: skip

    def one(self, *tags: str, class_: str = "") -> "Node":
        (node,) = self.all(*tags, class_=class_)
        return node


class _Parser(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open = [Node("")]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        node = Node(tag, dict(attrs))
        assert len(node.attributes) == len(attrs), f"an attribute of {tag} stands twice"
        self.open[-1].children.append(node)
        if tag not in EMPTY:
            self.open.append(node)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop().tag == tag

    def handle_data(self, data: str) -> None:
        self.open[-1].children.append(data)


def parse(html: str) -> Node:
    parser = _Parser()
    parser.feed(html)
    parser.close()
    (root,) = parser.open
    return root

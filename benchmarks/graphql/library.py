"""A lending library as a GraphQL service: a schema, its data, and the requests of a web page."""

import asyncio
import time
from typing import Any

from graphql import build_schema

__all__ = ["BOOKS", "OVERVIEW", "OVERVIEW_AND_STOCK", "SCHEMA", "VARIABLES", "data_at_hand", "data_from_backends"]

BOOKS = 20
STOCK_SECONDS = 0.010  # what the slower backend takes to answer

SCHEMA = build_schema(
    '''
    """Something that may be borrowed."""
    interface Item { id: ID!, title: String!, available: Boolean! }

    enum Genre { FICTION, HISTORY, SCIENCE }

    type Author { id: ID!, name: String!, born: Int }

    type Review { stars: Int!, text(words: Int = 10): String!, by: String! }

    type Book implements Item {
      id: ID!, title: String!, available: Boolean!, genre: Genre!, pages: Int!
      authors: [Author!]!
      reviews(first: Int): [Review!]!
    }

    type Shelf { name: String!, books(genre: Genre, first: Int): [Book!]! }

    type Query { shelf(name: String!): Shelf!, item(id: ID!): Item, stock: Int! }
    '''
)

OVERVIEW = """
query Overview($shelf: String!, $reviews: Int = 3, $withReviews: Boolean = true) {
  shelf(name: $shelf) {
    name
    books(first: 20) {
      ...BookCard
      authors { id name born }
      reviews(first: $reviews) @include(if: $withReviews) { ...ReviewLine }
    }
  }
}

fragment BookCard on Book { id title available genre pages }

fragment ReviewLine on Review { stars text(words: 5) by }
"""

OVERVIEW_AND_STOCK = OVERVIEW.replace("shelf(name: $shelf) {", "stock shelf(name: $shelf) {")

VARIABLES = {"shelf": "new"}

type Record = dict[str, Any]


def _book(number: int) -> Record:
    return {
        "id": f"b{number}",
        "title": f"Volume {number}",
        "available": number % 3 > 0,
        "genre": ("FICTION", "HISTORY", "SCIENCE")[number % 3],
        "pages": 100 + number,
        "authors": [{"id": f"a{number % 7}", "name": f"Author {number % 7}", "born": 1900 + number}],
        "reviews": [{"stars": 1 + i, "text": "as good as they say", "by": f"reader {i}"} for i in range(3)],
    }


_SHELF: Record = {"name": "new", "books": [_book(number) for number in range(BOOKS)]}


def data_at_hand() -> Record:
    return {"shelf": _SHELF, "stock": BOOKS}


def data_from_backends() -> Record:
    """The same, asked of two backends at once: the shelf's answers immediately, the stock's after STOCK_SECONDS.

    The wait is a thread's and not the event loop's, whose timers are rounded up to milliseconds: there the work done
    meanwhile would shift the end.
    """

    async def stock(*_: object) -> int:
        await asyncio.get_running_loop().run_in_executor(None, time.sleep, STOCK_SECONDS)
        return BOOKS

    async def shelf(*_: object, **__: object) -> Record:
        await asyncio.sleep(0)
        return _SHELF

    return {"shelf": shelf, "stock": stock}

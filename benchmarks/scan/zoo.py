"""A zoo as a GraphQL service, and one request that uses most of what graphql-core can do, each of it a little."""

from typing import Any

__all__ = ["REQUEST", "SCHEMA", "VARIABLES", "data"]

SCHEMA = '''
"""Something that has a name."""
interface Named { name: String! }

enum Diet { PLANTS, MEAT, BOTH }

scalar Weight

type Keeper implements Named { id: ID!, name: String!, since: Int }
type Bird implements Named { name: String!, diet: Diet!, wings: Float, keeper: Keeper }
type Fish implements Named { name: String!, diet: Diet!, depth(unit: Unit = M): Float!, weight: Weight }
union Animal = Bird | Fish

enum Unit { M, FT }

input Range { least: Int = 0, most: Int }
input Filter { diet: [Diet!], wings: Range, named: String, not: Filter }

type Query {
  animals(where: Filter, first: Int = 2): [Animal!]!
  keepers(ids: [ID!]): [Keeper]
  named(name: String!): Named
}
'''

REQUEST = '''
query Visit($where: Filter, $ids: [ID!] = ["k1"], $more: Boolean!, $unit: Unit, $first: Int = 3) {
  animals(where: $where, first: $first) {
    __typename
    ... on Named { name }
    ... on Bird { diet wings keeper { ...Who } }
    ...Swims @include(if: $more)
  }
  keepers(ids: $ids) { ...Who since @skip(if: $more) }
  again: named(name: """
    block
      text
  """) { name ... on Keeper { id } }
}

fragment Who on Keeper { id name }

fragment Swims on Fish { depth(unit: $unit) weight }
'''

VARIABLES = {
    "where": {"diet": ["PLANTS", "MEAT"], "wings": {"most": 4}, "not": {"named": "nobody"}},
    "ids": ["k1", "k2"],
    "more": True,
    "unit": "FT",
}


def data() -> dict[str, Any]:
    keepers = [{"__typename": "Keeper", "id": f"k{i}", "name": f"Keeper {i}", "since": 2000 + i} for i in range(2)]
    bird = {"__typename": "Bird", "name": "heron", "diet": "MEAT", "wings": 1.7, "keeper": keepers[0]}
    fish = {"__typename": "Fish", "name": "carp", "diet": "BOTH", "depth": 2.5, "weight": 3}

    return {
        "animals": [bird, fish, bird],
        "keepers": [*keepers, None],
        "named": lambda *_, **__: keepers[1],
    }

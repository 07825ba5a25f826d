"""Cursors as a server gives them, for the lists that random operations go on with."""

from __future__ import annotations

import json
from collections.abc import Iterator
from random import Random

from graphql import GraphQLSchema, get_named_type

from models.access import User
from tests.schema.reads.answering import Servers
from tests.schema.reads.arguments import is_list, random_order
from tests.schema.reads.names import snake
from tests.schema.reads.stored_values import Cursors, Ordered

#: Orders of each list besides the one that it has when none is named.
ORDERS = 5


def listed(schema: GraphQLSchema) -> dict[str, str]:
    """The root field that lists all objects of each type that can be listed."""
    assert schema.query_type
    return {
        get_named_type(field.type).name.removesuffix("Connection"): name
        for name, field in schema.query_type.fields.items()
        if is_list(field)
    }


def lists_within(schema: GraphQLSchema) -> Iterator[tuple[str, dict[str, str]]]:
    """The types whose objects have lists of their own, and what each lists."""
    for of in listed(schema):
        fields = getattr(schema.type_map[of], "fields")  # noqa: B009
        within = {
            name: get_named_type(field.type).name.removesuffix("Connection")
            for name, field in fields.items()
            if is_list(field)
        }
        if within:
            yield of, within


def parent_column(of: str, listed_type: str) -> str:
    """The column of what an object of a type lists that names the object."""
    return "parent_id" if listed_type == of else f"{snake(of)}_id"


async def given_cursors(servers: Servers, schema: GraphQLSchema, user: User) -> Cursors:
    """Cursors of everything that a user sees, in several orders of each list."""
    random = Random("orders")
    return {
        of: [await _ordered(servers, user, of, name, order) for order in _orders(schema, random, of)]
        for of, name in listed(schema).items()
    }


def no_cursors(schema: GraphQLSchema) -> Cursors:
    """The same orders without any cursors."""
    random = Random("orders")
    return {of: [(order, []) for order in _orders(schema, random, of)] for of in listed(schema)}


def _orders(schema: GraphQLSchema, random: Random, of: str) -> list[list[dict[str, str]]]:
    return [[], *(random_order(random, schema, of, twice=0) for _ in range(ORDERS))]


async def _ordered(servers: Servers, user: User, of: str, name: str, order: list[dict[str, str]]) -> Ordered:
    text = f"query ($order: [{of}Order!]) {{ {name}(first: 200, orderBy: $order) {{ edges {{ cursor }} }} }}"
    answer = await servers.ask(user, text, order=order or None)
    assert not answer.codes, answer.body
    data = json.loads(answer.body)["data"]
    return order, [edge["cursor"] for edge in data[name]["edges"]]

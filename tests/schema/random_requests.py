"""Random requests that the schema allows, with values that nobody should send."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    get_named_type,
    is_leaf_type,
    is_required_argument,
)

TEXTS = (
    "",
    " ",
    "a",
    "x" * 400,
    "x" * 5000,
    "é☃😀",
    "'; drop table account;--",
    "%_\\",
    "\u202e",
    "NaN",
    "{",
    "$d.id",
)
DAYS = ("2026-01-01", "2026-02-28", "2025-12-31", "0001-01-01", "1899-12-31", "9999-12-31")
AMOUNTS = ("0", "1.00", "1.001", "-1", "1e400", "1e1000000", "NaN", "Infinity", "99999999999999999999", "-0")
RULE = {
    "key": "k",
    "title": "t",
    "when": [{"deal": {"as": "d"}}],
    "then": [{"recommend": {"action": "A", "because": "{d.name}"}}],
}
SCALARS: dict[str, tuple[object, ...]] = {
    "Int": (0, 1, -1, 2**31 - 1, -(2**31), 50, 200, 201),
    "Float": (0.0, 1.5, -1.0, 1e308, 1e-320, 1e20),
    "Boolean": (True, False),
    "Date": DAYS,
    "Decimal": AMOUNTS,
    "JSON": ({}, [], 5, "x", None, RULE, [RULE], {"key": 1}),
}
MAX_DEPTH = 3


@dataclass
class Requests:
    """Makes requests; ``ids`` are values for arguments that take an id."""

    random: Random
    ids: list[str]
    declared: dict[str, str] = field(default_factory=dict)
    variables: dict[str, object] = field(default_factory=dict)

    def request(self, kind: str, root: GraphQLObjectType) -> tuple[str, dict[str, object]]:
        """A document with one field of the root type, and its variables."""
        self.declared, self.variables = {}, {}
        name, chosen = self.random.choice(list(root.fields.items()))
        body = f"{name}{self._arguments(chosen)} {self._selection(chosen.type, MAX_DEPTH)}"
        heading = ", ".join(f"${key}: {of}" for key, of in self.declared.items())
        return f"{kind} {f'({heading})' if heading else ''} {{ {body} }}", self.variables

    def _arguments(self, of: GraphQLField) -> str:
        given = []
        for name, argument in of.args.items():
            if is_required_argument(argument) or self.random.random() < 0.3:
                key = f"v{len(self.declared)}"
                self.declared[key] = str(argument.type)
                self.variables[key] = self._value(argument.type, 0)
                given.append(f"{name}: ${key}")
        return f"({', '.join(given)})" if given else ""

    def _selection(self, of: GraphQLOutputType, depth: int) -> str:
        named = get_named_type(of)
        if isinstance(named, GraphQLInterfaceType):
            return "{ __typename id }"
        if not isinstance(named, GraphQLObjectType):
            return ""
        chosen = ["__typename"]
        for name, each in self.random.sample(list(named.fields.items()), min(len(named.fields), 6)):
            if is_leaf_type(get_named_type(each.type)):
                chosen.append(name)
            elif depth:
                chosen.append(f"{name}{self._arguments(each)} {self._selection(each.type, depth - 1)}")
        return f"{{ {' '.join(chosen)} }}"

    def _value(self, of: GraphQLInputType, depth: int) -> object:
        if isinstance(of, GraphQLNonNull):
            return self._value(of.of_type, depth)
        if self.random.random() < 0.02:
            return None
        if isinstance(of, GraphQLList):
            return [self._value(of.of_type, depth + 1) for _ in range(self.random.choice((0, 1, 1, 2, 3)))]
        if isinstance(of, GraphQLEnumType):
            return self.random.choice(list(of.values))
        if isinstance(of, GraphQLInputObjectType):
            return {
                name: self._value(each.type, depth + 1)
                for name, each in of.fields.items()
                if self.random.random()
                < (0.97 if isinstance(each.type, GraphQLNonNull) else 0.35 / (depth + 1))
            }
        return self.random.choice(self.ids if of.name == "ID" else SCALARS.get(of.name, TEXTS))

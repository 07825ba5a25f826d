"""Random filters as JSON: deeply nested, with every operator of every field in turn."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from random import Random

from graphql import GraphQLInputObjectType, GraphQLSchema, get_named_type

from commands.validation import LARGEST
from tests.schema.reads.inputs import About, Inputs
from tests.schema.reads.stored_values import Values

CLAUSES = ("and", "or", "not")
#: How deep filters are put into one another.
DEEPEST = 4
#: A field of a filter with one of its operators.
Comparison = tuple[str, str]


def comparisons(schema: GraphQLSchema, of: str) -> Iterator[Comparison]:
    """Every field of a type's filter with every operator that it has."""
    for name, each in _filter(schema, of).fields.items():
        if name not in CLAUSES:
            operators = get_named_type(each.type)
            assert isinstance(operators, GraphQLInputObjectType)
            yield from ((name, operator) for operator in operators.fields)


def _filter(schema: GraphQLSchema, of: str) -> GraphQLInputObjectType:
    kind = schema.type_map[f"{of}Filter"]
    assert isinstance(kind, GraphQLInputObjectType)
    return kind


@dataclass(frozen=True)
class Filters:
    """Writes filters of one type; their values are mostly stored ones."""

    schema: GraphQLSchema
    of: str
    random: Random
    values: Values

    def any(self, must: Comparison, depth: int = 0) -> dict[str, object]:
        """A filter that has this comparison somewhere."""
        clause = self.random.choice((*CLAUSES, "or", None, None)) if depth < DEEPEST else None
        found = self._plain(self.random.choice((0, 0, 0, 1, 1, 2)))
        if clause is None:
            name, operator = must
            beside = found.get(name)
            found[name] = {
                **(beside if isinstance(beside, dict) else {}),
                operator: self._operand(name, operator),
            }
        elif clause == "not":
            found[clause] = self.any(must, depth + 1)
        else:
            parts = [self._free(depth + 1) for _ in range(self.random.choice((0, 1, 1, 2)))]
            parts.insert(self.random.randint(0, len(parts)), self.any(must, depth + 1))
            found[clause] = parts
        if self.random.random() < 0.04:
            found[self.random.choice(("and", "or"))] = []
        return found

    def _free(self, depth: int) -> dict[str, object]:
        every = list(comparisons(self.schema, self.of))
        return self.any(self.random.choice(every), depth) if self.random.random() < 0.9 else {}

    def _plain(self, number: int) -> dict[str, object]:
        """Some comparisons, here and there a null instead, which is as if nothing were there."""
        found: dict[str, object] = {}
        for name, operator in self.random.sample(list(comparisons(self.schema, self.of)), number):
            operand = self._operand(name, operator) if self.random.random() < 0.95 else None
            found[name] = {operator: operand} if self.random.random() < 0.95 else None
        return found

    def _operand(self, name: str, operator: str) -> object:
        operators = get_named_type(_filter(self.schema, self.of).fields[name].type)
        assert isinstance(operators, GraphQLInputObjectType)
        inputs = Inputs(self.random, self.values, self.random.randrange(99))
        kind = operators.fields[operator].type
        while True:
            found = inputs.value(kind, About(self.of, name, operator), 0)
            if get_named_type(kind).name != "Decimal" or all(map(_is_amount, _all(found))):
                return found if operator != "in" or isinstance(found, list) else [found]


def _all(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


def _is_amount(value: object) -> bool:
    amount = Decimal(str(value))
    return amount.is_finite() and abs(amount) <= LARGEST and amount == round(amount, 2)

"""Random arguments as a document writes them: literals with variables anywhere in them, and their values."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random

from graphql import (
    GraphQLEnumType,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    get_named_type,
    get_nullable_type,
)

from tests.schema.reads.stored_values import Values

#: How deep filters are put into one another.
CLAUSES = 2
LENGTHS = (0, 1, 1, 2, 2, 3)


@dataclass(frozen=True)
class About:
    """What a value is for: a field of a model, where it is one, and the operator that compares it."""

    model: str = ""
    name: str = ""
    operator: str = ""


@dataclass
class Inputs:
    """Writes values of input types, and declares the variables that they use."""

    random: Random
    values: Values
    #: Which fields of inputs come next, so that all have their turn.
    turn: int
    declared: list[str] = field(default_factory=list)
    variables: dict[str, object] = field(default_factory=dict)

    def chance(self, share: float) -> bool:
        """True in so many of all cases."""
        return self.random.random() < share

    def written(self, kind: GraphQLInputType, about: About) -> str:
        """Any value of the type as text: literal, variable, or literal with variables."""
        return self.text(kind, self.value(kind, about, 0))

    def text(self, kind: GraphQLInputType, value: object) -> str:
        """A value as text, here and there by a variable."""
        if get_named_type(kind).name == "JSON" or self.chance(0.18):
            return self.variable(kind, value)
        return self._literal(kind, value, plain=False)

    def variable(self, kind: GraphQLInputType, value: object) -> str:
        """A new variable of the type with this value, or with none where another may stand for it."""
        name = f"v{len(self.declared)}"
        loose = kind.of_type if isinstance(kind, GraphQLNonNull) else kind
        required = isinstance(kind, GraphQLNonNull) or (value is not None and self.chance(0.2))
        default = ""
        if get_named_type(kind).name != "JSON" and self.chance(0.3):
            default = f" = {self._literal(loose, value, plain=True)}"
        self.declared.append(f"${name}: {loose}{'!' if required else ''}{default}")
        if not (self.chance(0.5) if default else not required and self.chance(0.15)):
            self.variables[name] = self._given(value, required)
        return f"${name}"

    def _given(self, value: object, required: bool) -> object:
        if self.chance(0.005):
            return {"unexpected": [value]}
        return None if not required and self.chance(0.06) else value

    def flag(self) -> str:
        """The condition of a directive."""
        if self.chance(0.4):
            return self.random.choice(("true", "false"))
        name = f"v{len(self.declared)}"
        value = self.chance(0.5)
        kind, given = self.random.choice(
            (
                ("Boolean!", True),
                ("Boolean! = true", True),
                ("Boolean! = false", False),
                ("Boolean = true", False),
            )
        )
        self.declared.append(f"${name}: {kind}")
        if given:
            self.variables[name] = value
        return f"${name}"

    def value(self, kind: GraphQLInputType, about: About, depth: int) -> object:
        """Any value of the type, as JSON."""
        if isinstance(kind, GraphQLNonNull):
            return self._certain(kind.of_type, about, depth)
        return None if depth and self.chance(0.02) else self._certain(kind, about, depth)

    def _certain(self, kind: GraphQLInputType, about: About, depth: int) -> object:
        if isinstance(kind, GraphQLList):
            if self.chance(0.04):
                return self._certain(get_nullable_type(kind.of_type), about, depth)
            return [self.value(kind.of_type, about, depth) for _ in range(self.random.choice(LENGTHS))]
        if isinstance(kind, GraphQLEnumType):
            return self.random.choice(list(kind.values))
        if isinstance(kind, GraphQLInputObjectType):
            return self._object(kind, about, depth)
        scalar = get_named_type(kind).name
        if scalar == "ID" and not about.model:
            return self.values.id_of_anything()
        return self.values.scalar(scalar, about.model, about.name, about.operator)

    def _object(self, kind: GraphQLInputObjectType, about: About, depth: int) -> dict[str, object]:
        clauses = {name: each for name, each in kind.fields.items() if get_named_type(each.type) is kind}
        plain = {name: each for name, each in kind.fields.items() if name not in clauses}
        chosen = self._chosen(plain, self.random.choice((0, 1, 1, 2, 3) if clauses else (1, 1, 2, 3)))
        found: dict[str, object] = {}
        for name, each in chosen.items():
            of = (
                About(kind.name.removesuffix("Filter"), name)
                if clauses
                else About(about.model, about.name, name)
            )
            found[name] = self.value(each.type, of, depth + 1)
        for name, each in clauses.items():
            if depth <= CLAUSES and self.chance(0.13):
                found[name] = self.value(each.type, about, depth + 1)
        return found

    def _chosen(self, among: Mapping[str, GraphQLInputField], number: int) -> Mapping[str, GraphQLInputField]:
        """Some of the fields, one of them the next in turn, and those that there must be."""
        needed = {name for name, each in among.items() if isinstance(each.type, GraphQLNonNull)}
        names = list(among)
        wanted = needed | set(self.random.sample(names, min(number, len(names))))
        if number and len(wanted) <= number:
            wanted.add(names[self.turn % len(names)])
            self.turn += 1
        return {name: each for name, each in among.items() if name in wanted}

    def _literal(self, kind: GraphQLInputType, value: object, *, plain: bool) -> str:
        """A value as GraphQL writes it; ``plain`` without variables."""
        if isinstance(kind, GraphQLNonNull):
            return self._literal(kind.of_type, value, plain=plain)
        if value is None:
            return "null"
        inner = self._inner if not plain else self._plain
        if isinstance(kind, GraphQLList):
            items = value if isinstance(value, list) else None
            if items is None:
                return self._literal(kind.of_type, value, plain=plain)
            return f"[{', '.join(inner(kind.of_type, each) for each in items)}]"
        if isinstance(kind, GraphQLInputObjectType) and isinstance(value, dict):
            return (
                "{"
                + ", ".join(f"{name}: {inner(kind.fields[name].type, of)}" for name, of in value.items())
                + "}"
            )
        return str(value) if isinstance(kind, GraphQLEnumType) else self._scalar(value)

    def _inner(self, kind: GraphQLInputType, value: object) -> str:
        if self.chance(0.12) and not (value is None and isinstance(kind, GraphQLNonNull)):
            return self.variable(kind, value)
        return self._literal(kind, value, plain=False)

    def _plain(self, kind: GraphQLInputType, value: object) -> str:
        return self._literal(kind, value, plain=True)

    def _scalar(self, value: object) -> str:
        if isinstance(value, dict):
            return "{" + ", ".join(f"{name}: {self._scalar(of)}" for name, of in value.items()) + "}"
        if isinstance(value, list):
            return f"[{', '.join(map(self._scalar, value))}]"
        return json.dumps(value, ensure_ascii=isinstance(value, str) and self.chance(0.5))

"""Random valid operations of the live schema: whatever it has is asked for, without being named here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from graphql import (
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    get_named_type,
    is_leaf_type,
)

from tests.schema.reads.arguments import Arguments, is_list
from tests.schema.reads.inputs import Inputs
from tests.schema.reads.scopes import Scope
from tests.schema.reads.stored_values import Values

#: What takes long: it is asked for less often by so much.
SELDOM: Mapping[str, float] = {
    "accountCase": 0.4,
    "changes": 0.3,
    "checkRules": 0.4,
    "dryRun": 0.5,
    "rulebookDifference": 0.5,
    "rulebookFindings": 0.4,
    "ruleSchema": 0.2,
    "whyNot": 0.6,
}


@dataclass(frozen=True)
class Limits:
    """How large an operation may be: its depth, aliases, and the objects on full pages."""

    depth: int = 12
    aliases: int = 30
    objects: int = 50_000


@dataclass(frozen=True)
class Operation:
    """A document with what is sent with it."""

    text: str
    variables: Mapping[str, object]
    name: str | None = None

    @property
    def body(self) -> Mapping[str, object]:
        """The body of the request."""
        body = {"query": self.text, "variables": self.variables}
        return body | {"operationName": self.name} if self.name else body


@dataclass(frozen=True)
class _Fragment:
    """A named fragment that may be spread where there is room for it."""

    name: str
    on: str
    text: str
    scope: Scope
    depth: int
    room: int
    aliases: int


class Writer:
    """Writes one operation; ``number`` chooses its first field, so that all have their turn."""

    def __init__(self, schema: GraphQLSchema, number: int, values: Values) -> None:
        assert schema.query_type
        self.schema = schema
        self.root = schema.query_type
        self.random = random = values.random
        self.number = number
        self.inputs = Inputs(random, values, number // len(self.root.fields))
        self.arguments = Arguments(schema, self.inputs)
        self.fragments: list[_Fragment] = []
        self.fields = random.choice((10, 25, 45, 70))
        self.limits = Limits(aliases=26) if random.random() < 0.985 else Limits(16, 60, 10**7)
        self.aliases = self.limits.aliases
        self.named = 0

    def operation(self) -> Operation:
        """The operation."""
        root, scope = self.root, Scope()
        names = list(root.fields)
        first = names[self.number % len(names)]
        if not self._chance(SELDOM.get(first, 1)):
            first = self._some(root.fields, 1)[0]
        others = [name for name in self._some(root.fields, self.random.choice((0, 1, 1, 2))) if name != first]
        room = self.limits.objects // (3 * (1 + len(others)))
        parts = [self._field(root, name, scope, self.limits.depth, room) for name in (first, *others)]
        if self._chance(0.12):
            parts.append("__typename" if self._chance(0.8) else '__type(name: "Account") { name kind }')
        self.random.shuffle(parts)
        return self._document(" ".join(filter(None, parts)) or "__typename")

    def _document(self, selected: str) -> Operation:
        heading = f"({', '.join(self.inputs.declared)})" if self.inputs.declared else ""
        several = self._chance(0.03)
        name = "Reads" if several or self._chance(0.3) else ""
        text = (
            f"query {name}{heading} {{ {selected} }}"
            if name or heading or self._chance(0.5)
            else f"{{ {selected} }}"
        )
        parts = [
            text,
            *(each.text for each in self.fragments),
            *(["query Other { __typename }"] if several else []),
        ]
        self.random.shuffle(parts)
        return Operation("\n".join(parts), self.inputs.variables, name if several else None)

    def _chance(self, share: float) -> bool:
        return self.random.random() < share

    def _some(self, among: Mapping[str, GraphQLField], number: int) -> list[str]:
        """Some names, what takes long less often."""
        weighed = [(self.random.random() ** (1 / SELDOM.get(name, 1)), name) for name in among]
        return [name for _, name in sorted(weighed, reverse=True)[:number]]

    def _field(
        self, parent: GraphQLObjectType | GraphQLInterfaceType, name: str, scope: Scope, depth: int, room: int
    ) -> str:
        """One field, or nothing where it does not fit; at times twice, the second time with other fields."""
        field = parent.fields[name]
        leaf = is_leaf_type(get_named_type(field.type))
        if depth < (1 if leaf else 2) or (is_list(field) and (room < 1 or depth < 3)):
            return ""
        if field.args and name in scope.names and self.aliases < 1:
            return ""
        given = self.arguments.of(field, room)
        what = f"{name}{given.text}: {field.type}"
        if not scope.is_free(name, what) and self.aliases < 1:
            return ""
        key = (
            name
            if scope.is_free(name, what) and not (self.aliases and self._chance(0.1))
            else self._alias(name)
        )
        self.fields -= 1
        written = f"{key}: {name}{given.text}" if key != name else f"{name}{given.text}"
        below = scope.below(key, what)
        if leaf:
            return f"{written}{self._directive()}"
        inside, times = room // (2 * given.size), 2 if self._chance(0.1) else 1
        parts = []
        for _ in range(times):
            selected = self._selection(field.type, below, depth - 1, inside, given.types)
            parts.append(f"{written}{self._directive()} {selected}")
        return " ".join(parts)

    def _alias(self, name: str) -> str:
        self.aliases -= 1
        self.named += 1
        return f"{name}_{self.named}"

    def _directive(self) -> str:
        if not self._chance(0.07):
            return ""
        return f" @{self.random.choice(('include', 'skip'))}(if: {self.inputs.flag()})"

    def _selection(
        self, of: GraphQLOutputType, scope: Scope, depth: int, room: int, types: Sequence[str]
    ) -> str:
        """What is selected of an object, in braces."""
        named = get_named_type(of)
        if isinstance(named, GraphQLInterfaceType):
            return f"{{ {self._abstract(named, scope, depth, room, types)} }}"
        assert isinstance(named, GraphQLObjectType)
        return f"{{ {self._object(named, scope, depth, room)} }}"

    def _abstract(
        self, of: GraphQLInterfaceType, scope: Scope, depth: int, room: int, types: Sequence[str]
    ) -> str:
        possible = {each.name: each for each in self.schema.get_possible_types(of)}
        likely = [possible[name] for name in dict.fromkeys(types) if name in possible]
        others = self.random.sample(list(possible.values()), 2)
        parts = ["__typename", *(self._field(of, name, scope, depth, room) for name in of.fields)]
        asked = [*likely[:3], *others[: self.random.choice((0, 0, 1, 2))]]
        parts += [self._spread(each, scope, depth, room, abstract=True) for each in asked]
        self.random.shuffle(parts)
        return " ".join(filter(None, parts))

    def _object(self, of: GraphQLObjectType, scope: Scope, depth: int, room: int) -> str:
        """Fields of an object type, some of them in fragments."""
        parts = ["id"] if "id" in of.fields and self._chance(0.85) and scope.is_free("id", "id: ID!") else []
        if parts:
            scope.below("id", "id: ID!")
        parts += [self._field(of, name, scope, depth, room) for name in self._wanted(of)]
        if self.fields > 0 and self._chance(0.25):
            parts.append(self._spread(of, scope, depth, room, abstract=False))
        if self._chance(0.1):
            parts.append(f"{self._type_alias()}__typename{self._directive()}")
        self.random.shuffle(parts)
        return " ".join(filter(None, parts)) or "__typename"

    def _type_alias(self) -> str:
        return f"{self._alias('type')}: " if self.aliases and self._chance(0.2) else ""

    def _wanted(self, of: GraphQLObjectType) -> list[str]:
        """Fields to select: of a page some of all, else a few values and fewer objects."""
        leaves = {name: each for name, each in of.fields.items() if is_leaf_type(get_named_type(each.type))}
        objects = {name: each for name, each in of.fields.items() if name not in leaves}
        if "pageInfo" in objects:
            return [name for name in of.fields if self._chance(0.45)] or ["nodes"]
        if self.fields <= 0:
            return self._some(leaves, 1)
        values, more = ((2, 4, 6, 10, 20), (0, 1, 1, 2, 3)) if "id" in leaves else ((2, 4, 6, 12), (1, 2, 4))
        some = self._some(leaves, self.random.choice(values))
        if "cursor" in leaves:
            return [*some, *objects]
        return [*some, *self._some(objects, self.random.choice(more))]

    def _spread(self, of: GraphQLObjectType, scope: Scope, depth: int, room: int, *, abstract: bool) -> str:
        """A fragment on the type: one that there is, a new one, or one in place."""
        if self._chance(0.5):
            condition = f" on {of.name}" if abstract or self._chance(0.8) else ""
            return f"...{condition}{self._directive()} {{ {self._object(of, scope, depth, room)} }}"
        fragment = self._fitting(of, scope, depth, room) or self._fragment(of, scope, depth, room)
        scope.add(fragment.scope)
        return f"...{fragment.name}{self._directive()}"

    def _fitting(self, of: GraphQLObjectType, scope: Scope, depth: int, room: int) -> _Fragment | None:
        for each in self.fragments:
            fits = (
                each.on == of.name
                and each.depth <= depth
                and each.room <= room
                and each.aliases <= self.aliases
            )
            if fits and scope.takes(each.scope):
                self.aliases -= each.aliases
                return each
        return None

    def _fragment(self, of: GraphQLObjectType, scope: Scope, depth: int, room: int) -> _Fragment:
        """A new fragment that fits here."""
        before, inside = self.aliases, scope.copy()
        selected = self._object(of, inside, depth, room)
        name = f"F{len(self.fragments)}"
        text = f"fragment {name} on {of.name} {{ {selected} }}"
        made = _Fragment(name, of.name, text, inside, depth, room, before - self.aliases)
        self.fragments.append(made)
        return made

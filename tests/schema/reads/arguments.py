"""Random arguments of fields: ids of what there is, and pages of lists that are not too large."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from graphql import GraphQLField, GraphQLSchema, get_named_type, is_required_argument

from tests.schema.reads.inputs import About, Inputs

PAGES = (1, 2, 3, 5, 10, 20, 20, 50, 200)
DEFAULT_PAGE = 50
#: The arguments of a list; whatever field has all of them is one.
PAGING = frozenset({"first", "after", "last", "before", "orderBy", "filter"})
MALFORMED = ("", "x", "W10", "é", "!!", "bnVsbA", "W251bGxd")


@dataclass(frozen=True)
class Given:
    """Arguments as text, the objects on a page, and the types of objects whose ids are among them."""

    text: str = ""
    size: int = 1
    types: Sequence[str] = ()


def is_list(field: GraphQLField) -> bool:
    """Whether a field lists objects on pages."""
    return field.args.keys() >= PAGING


@dataclass(frozen=True)
class Arguments:
    """Writes the arguments of fields."""

    schema: GraphQLSchema
    inputs: Inputs

    @property
    def random(self) -> Random:
        """What decides."""
        return self.inputs.random

    def of(self, field: GraphQLField, room: int) -> Given:
        """Arguments of a field; of a list, for no more objects than there is room for."""
        self.inputs.values.chosen.clear()
        if is_list(field):
            return self._page(field, room)
        of, given = get_named_type(field.type), list[str]()
        for name, argument in field.args.items():
            if is_required_argument(argument) or self.inputs.chance(0.4):
                about = self._about(name, of.name)
                given.append(f"{name}: {self.inputs.written(argument.type, about)}")
        return Given(_listed(given), types=tuple(self.inputs.values.chosen))

    def _about(self, name: str, of: str) -> About:
        """What an argument is about: the object that is found, or one that it names."""
        models = self.inputs.values.rows
        if name == "id" and of != "Node":
            return About(of if of in models else "Rulebook", "id")
        model = "Rulebook" if name in ("before", "after") else name[:1].upper() + name[1:].removesuffix("Id")
        return About(model, "id") if model in models else About(name=name)

    def _page(self, field: GraphQLField, room: int) -> Given:
        """Arguments of a list; on the first two turns one that goes on from a cursor, in each direction."""
        given: dict[str, str] = {}
        of = get_named_type(field.type).name.removesuffix("Connection")
        backward = self.inputs.turn == 0 or self.inputs.chance(0.35)
        size = self._size(room)
        if size != DEFAULT_PAGE or self.inputs.chance(0.3):
            given["last" if backward else "first"] = self._number(size)
        order = self._order(field, of, given, backward=backward)
        if order is not None:
            given["orderBy"] = self.inputs.text(field.args["orderBy"].type, order)
        if self.inputs.chance(0.35):
            given["filter"] = self.inputs.written(field.args["filter"].type, About())
        if self.inputs.chance(0.004):
            given.setdefault("first" if backward else "last", "1")
        names = list(given)
        self.random.shuffle(names)
        return Given(_listed([f"{name}: {given[name]}" for name in names]), max(size, 1))

    def _size(self, room: int) -> int:
        if room >= DEFAULT_PAGE and self.inputs.chance(0.4):
            return DEFAULT_PAGE
        if self.inputs.chance(0.015):
            return self.random.choice((201, -1, 0))
        return self.random.choice([size for size in PAGES if size <= room])

    def _number(self, size: int) -> str:
        """A page's size, at times by a variable that has it, or that stands for none and has no value."""
        if not self.inputs.chance(0.25):
            return "null" if size == DEFAULT_PAGE and self.inputs.chance(0.2) else str(size)
        name = f"v{len(self.inputs.declared)}"
        ways: list[tuple[str, tuple[int | None, ...]]] = [
            (f" = {size}", ()),
            ("", (size,)),
            ("!", (size,)),
            (" = 7", (size,)),
        ]
        ways += [("", ()), ("", (None,)), (" = 1", (None,))] if size == DEFAULT_PAGE else []
        ending, values = self.random.choice(ways)
        self.inputs.declared.append(f"${name}: Int{ending}")
        self.inputs.variables |= dict(zip((name,), values, strict=False))
        return f"${name}"

    def _order(
        self, field: GraphQLField, of: str, given: dict[str, str], *, backward: bool
    ) -> list[dict[str, str]] | None:
        """An order; at times ``given`` also has a cursor, of this order mostly."""
        name = "before" if backward else "after"
        kind = field.args[name].type
        if (self.inputs.turn <= 1 or self.inputs.chance(0.2)) and (known := self.inputs.values.ordered(of)):
            order, cursor = known
            given[name] = self.inputs.text(kind, cursor)
            return order if order and not self.inputs.chance(0.03) else None
        if self.inputs.chance(0.006):
            given[name] = self.inputs.text(kind, self.random.choice(MALFORMED))
        return random_order(self.random, self.schema, of) if self.inputs.chance(0.35) else None


def _listed(given: Sequence[str]) -> str:
    return f"({', '.join(given)})" if given else ""


def random_order(
    random: Random, schema: GraphQLSchema, of: str, *, twice: float = 0.02
) -> list[dict[str, str]]:
    """Up to three fields that a type's objects can be ordered by, rarely one of them ``twice``."""
    fields = list(getattr(schema.type_map[f"{of}OrderField"], "values", {}))
    chosen = random.sample(fields, min(len(fields), random.choice((1, 1, 2, 3))))
    if random.random() < twice:
        chosen.append(chosen[0])
    return [
        {"field": name, **({"direction": random.choice(("ASC", "DESC"))} if random.random() < 0.8 else {})}
        for name in chosen
    ]

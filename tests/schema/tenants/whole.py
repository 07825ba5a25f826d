"""Operations that select whatever there is: each type once, with all of its fields."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLObjectType,
    get_named_type,
    is_leaf_type,
    is_required_argument,
)

from models.access import Scope
from schema.core.scopes import Needs
from tests.schema.reads.arguments import is_list
from tests.schema.reads.cursors import listed
from tests.schema.tenants.documents import LIVE, object_type

NEEDS = Needs(LIVE)
#: How deep an operation may be, and how many fields it may have: less than documents may.
DEPTH, FIELDS = 10, 900
#: Objects on the pages of lists at the top, and within.
PAGE, WITHIN = 100, 3
#: What arguments that are required within are given.
_GIVEN: Mapping[str, str] = {"AccountReview.file": "(format: DOCX)"}


@dataclass
class _Part:
    """An object where it is selected, with what is selected of it."""

    of: GraphQLObjectType
    depth: int
    fields: list[tuple[str, _Part | None]] = field(default_factory=list)

    def __str__(self) -> str:
        shown = (name if part is None else f"{name} {part}" for name, part in self.fields)
        return f"{{ {' '.join(('__typename', *shown))} }}"


@dataclass
class Whole:
    """Writes what somebody may select who lacks some scopes.

    What has a list of its own is selected there, unless ``listed`` leaves it out, everything else where it is
    met first. ``asked`` are the fields that were written, ``met`` the types.
    """

    lacking: frozenset[Scope] = frozenset()
    asked: set[str] = field(default_factory=set)
    met: set[str] = field(default_factory=set)
    listed: Collection[str] = frozenset(listed(LIVE))

    def may(self, of: GraphQLObjectType, name: str) -> bool:
        """Whether a field can be selected."""
        return not NEEDS.of.get(f"{of.name}.{name}", frozenset()) & self.lacking

    def field(self, parent: GraphQLObjectType, name: str, arguments: str) -> str:
        """A field at the top with its arguments, and everything of what it gives."""
        found = parent.fields[name]
        self.asked.add(f"{parent.name}.{name}")
        written = name + (arguments or self._arguments(parent, name, found, PAGE))
        named = get_named_type(found.type)
        if isinstance(named, GraphQLInterfaceType):
            return f"{written} {{ {' '.join(self._leaves(named))} }}"
        return f"{written} {self._selected(named)}" if isinstance(named, GraphQLObjectType) else written

    def _leaves(self, of: GraphQLInterfaceType) -> Iterator[str]:
        """The values of each type that it may be, but for those that another type has in another way."""
        types: dict[str, str] = {}
        yield "__typename"
        for each in LIVE.get_possible_types(of):
            leaves = [
                name
                for name, found in each.fields.items()
                if is_leaf_type(get_named_type(found.type))
                and self.may(each, name)
                and types.setdefault(name, str(found.type)) == str(found.type)
            ]
            yield f"... on {each.name} {{ {' '.join(leaves)} }}"

    def _selected(self, of: GraphQLObjectType) -> str:
        """An object and, where they are met first, those that it knows, as far as there is room."""
        whole, count = _Part(of, 2), 0
        waiting = deque([whole])
        while waiting:
            part = waiting.popleft()
            for name, found in part.of.fields.items():
                if not self.may(part.of, name):
                    continue
                count += 1
                below = self._below(part, found)
                if below and below.depth < DEPTH and count < FIELDS and self._is_new(part, below):
                    waiting.append(below)
                self.asked.add(f"{part.of.name}.{name}")
                part.fields.append((name + self._arguments(part.of, name, found, WITHIN), below))
        return str(whole)

    def _below(self, part: _Part, found: GraphQLField) -> _Part | None:
        named = get_named_type(found.type)
        return _Part(named, part.depth + 1) if isinstance(named, GraphQLObjectType) else None

    def _is_new(self, above: _Part, part: _Part) -> bool:
        """Whether a type is selected here, and nowhere else from now on."""
        name = part.of.name
        its_list = above.of.name == f"{name}Connection" and above.depth == 2
        if name in self.met or (name in self.listed and not its_list):
            return False
        self.met |= set() if name.endswith("Connection") else {name}
        return True

    def _arguments(self, parent: GraphQLObjectType, name: str, found: GraphQLField, size: int) -> str:
        what = f"{parent.name}.{name}"
        if not is_list(found):
            assert what in _GIVEN or not any(map(is_required_argument, found.args.values())), what
            return _GIVEN.get(what, "")
        unordered = NEEDS.unordered.get(what, frozenset()) & self.lacking
        order = f", orderBy: [{{field: {self._order(found)}}}]" if unordered else ""
        return f"(first: {size}{order})"

    def _order(self, found: GraphQLField) -> str:
        """What a list can be ordered by all the same."""
        orders = LIVE.type_map[get_named_type(found.type).name.removesuffix("Connection") + "OrderField"]
        assert isinstance(orders, GraphQLEnumType)
        needs = {str(each): NEEDS.of[f"{orders.name}.{each}"] for each in orders.values}
        return next(each for each, needed in needs.items() if not needed & self.lacking)

    def unasked(self) -> Iterator[str]:
        """What could have been asked of the types that were met, and was not."""
        for each in sorted({what.partition(".")[0] for what in self.asked}):
            of = object_type(each)
            names = (name for name in of.fields if self.may(of, name))
            yield from (f"{each}.{name}" for name in names if f"{each}.{name}" not in self.asked)

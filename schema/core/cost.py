"""What an operation costs, in points, found out from its document before it runs.

Each object that it may show is a point: pages count as full, pages within pages are multiplied. Fields that
take more work than an object say their points where they are declared. What only Python can answer costs
PYTHON times as much as what the database writes by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import TypeVar

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLCompositeType,
    GraphQLField,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    IntValueNode,
    ListValueNode,
    OperationDefinitionNode,
    OperationType,
    SelectionNode,
    SelectionSetNode,
    VariableNode,
    get_named_type,
    is_composite_type,
)
from strawberry.types.field import StrawberryField

from schema.core.listing import DEFAULT_PAGE, LARGEST_PAGE
from schema.core.reflection import declared, is_list

F = TypeVar("F")
#: What is asked for beyond this is not told apart.
COUNTLESS = 10**12
#: An object that resolvers show takes so many times the work of one that the database writes (measured by
#: ``python -m benchmarks.reads``: 30 to 60).
PYTHON = 20
#: So many objects a list is taken to have that is not paged.
ASSUMED = 10
MUTATION = 10
_INTROSPECTION = {"__schema": 500, "__type": 50}
_KEY, _ENGINE, _MOST = "cost", "engine", "most"
_PAGED = frozenset({"nodes", "edges"})

#: How many objects there are: a number, or the name of the variable that says it.
Sizes = tuple[int | str, ...]


def costs(points: int, *, engine: bool = False) -> Callable[[F], F]:
    """Says on a field how many points it costs by itself, each time it is shown.

    ``engine`` says whether the rules engine is asked for it.
    """

    def said(made: F) -> F:
        assert isinstance(made, StrawberryField)
        made.metadata = MappingProxyType({**made.metadata, _KEY: points, _ENGINE: engine})
        return made

    return said


def at_most(most: int | None) -> Mapping[object, object]:
    """The metadata of a list that is not paged and never has more objects than that; None of any other."""
    return {} if most is None else {_MOST: most}


@dataclass
class _Part:
    """A selection: what its fields cost by themselves, its pages with their sizes, and its other parts.

    A fragment is one part wherever it is spread.
    """

    own: int = 0
    pages: list[tuple[Sizes, _Part]] = field(default_factory=list)
    others: list[_Part] = field(default_factory=list)
    in_python: bool = False
    on_engine: bool = False


@dataclass(frozen=True)
class Price:
    """What an operation costs, by its variables."""

    _roots: list[_Part]
    _defaults: Mapping[str, object]

    @property
    def on_engine(self) -> bool:
        """Whether the rules engine is asked."""
        return any(root.on_engine for root in self._roots)

    def points(self, variables: Mapping[str, object]) -> int:
        """The points when all pages are full; at least one."""
        return self._fixed or self._points(variables)

    @cached_property
    def _fixed(self) -> int | None:
        """The points where no variable decides about them."""
        return None if any(map(_is_variable, self._roots)) else self._points({})

    def _points(self, variables: Mapping[str, object]) -> int:
        given, counted = {**self._defaults, **variables}, dict[int, int]()
        total = sum(_count(root, given, counted) * (PYTHON if root.in_python else 1) for root in self._roots)
        return max(1, min(total, COUNTLESS))


class Prices:
    """What operations on a schema cost.

    ``rows`` names the object types that show rows, ``in_python`` tells by the names of a type and a field
    whether only Python can answer it.
    """

    def __init__(
        self, schema: GraphQLSchema, rows: frozenset[str], in_python: Callable[[str, str], bool]
    ) -> None:
        self.schema = schema
        self.rows = rows
        self.in_python = in_python

    def of(
        self, operation: OperationDefinitionNode, fragments: Mapping[str, FragmentDefinitionNode]
    ) -> Price:
        """The price of an operation of a valid document."""
        type_ = self.schema.get_root_type(operation.operation)
        assert type_
        writes = operation.operation is OperationType.MUTATION
        pricing = _Pricing(self, fragments)
        roots = pricing.roots(operation.selection_set, type_)
        for root in roots if writes else ():
            root.own += MUTATION
            root.in_python = False  # what a payload shows is little
        defaults = {
            each.variable.name.value: _literal(each.default_value)
            for each in operation.variable_definitions or ()
            if isinstance(each.default_value, IntValueNode)
        }
        return Price(roots, defaults)


def tell(prices: Prices) -> None:
    """Have the descriptions of fields that say a cost of their own tell it."""
    for type_ in prices.schema.type_map.values():
        for name, described in type_.fields.items() if isinstance(type_, GraphQLObjectType) else ():
            if own := _said(described):
                points = own * (PYTHON if prices.in_python(type_.name, name) else 1)
                described.description = f"{described.description} It costs {points:,} points by itself."


class _Pricing:
    """Prices the selections of one document."""

    def __init__(self, prices: Prices, fragments: Mapping[str, FragmentDefinitionNode]) -> None:
        self._prices = prices
        self._fragments = fragments
        self._spread: dict[tuple[str, Sizes], _Part] = {}

    def roots(self, selected: SelectionSetNode, type_: GraphQLObjectType) -> list[_Part]:
        """A part for each field of the root type, so that those in Python are told apart."""
        found: list[_Part] = []
        for node in selected.selections:
            if isinstance(node, FieldNode):
                found.append(self._field(node, type_, ()))
                if (described := type_.fields.get(node.name.value)) is not None:
                    found[-1].on_engine = bool(_metadata(described).get(_ENGINE))
            else:
                found += self.roots(self._inside(node), type_)
        return found

    def _inside(self, node: SelectionNode) -> SelectionSetNode:
        if isinstance(node, FragmentSpreadNode):
            return self._fragments[node.name.value].selection_set
        selected: SelectionSetNode = node.selection_set  # type: ignore[attr-defined]
        return selected

    def _selection(
        self, selected: SelectionSetNode | None, type_: GraphQLCompositeType, sizes: Sizes
    ) -> _Part:
        """The part of a selection on a type; ``sizes`` are those of the page that it is one of."""
        found = _Part()
        for node in selected.selections if selected else ():
            inside = self._one(node, type_, sizes)
            found.in_python |= inside.in_python
            if isinstance(node, FieldNode) and sizes and node.name.value in _PAGED:
                found.pages.append((sizes, inside))
            else:
                found.others.append(inside)
        return found

    def _one(self, node: SelectionNode, type_: GraphQLCompositeType, sizes: Sizes) -> _Part:
        if isinstance(node, FieldNode):
            return self._field(node, type_, sizes)
        if isinstance(node, FragmentSpreadNode):
            key = (node.name.value, sizes)
            if key not in self._spread:
                fragment = self._fragments[node.name.value]
                self._spread[key] = self._selection(fragment.selection_set, self._on(fragment, type_), sizes)
            return self._spread[key]
        return self._selection(self._inside(node), self._on(node, type_), sizes)

    def _on(self, node: object, type_: GraphQLCompositeType) -> GraphQLCompositeType:
        condition = getattr(node, "type_condition", None)
        found: GraphQLNamedType | None = (
            self._prices.schema.get_type(condition.name.value) if condition else type_
        )
        assert is_composite_type(found)
        return found

    def _field(self, node: FieldNode, type_: GraphQLCompositeType, sizes: Sizes) -> _Part:
        name = node.name.value
        if name.startswith("__"):
            return _Part(own=_INTROSPECTION.get(name, 0))
        described: GraphQLField = type_.fields[name]  # type: ignore[union-attr]
        shown = get_named_type(described.type)
        in_python = self._prices.in_python(type_.name, name)
        own = _said(described)
        if not is_composite_type(shown):
            return _Part(own=own or 0, in_python=in_python)
        each = int(shown.name in self._prices.rows)
        is_page = not _PAGED.isdisjoint(getattr(shown, "fields", ()))
        inside = self._selection(node.selection_set, shown, _sizes(node) if is_page else ())
        inside.in_python |= in_python
        if is_page or (sizes and name in _PAGED) or not is_list(described.type):
            inside.own += each if own is None else own
            return inside
        inside.own += each
        return _Part(own or 0, pages=[(_listed(node, described), inside)], in_python=inside.in_python)


def _count(part: _Part, given: Mapping[str, object], counted: dict[int, int]) -> int:
    if id(part) not in counted:
        inside = part.own + sum(_count(other, given, counted) for other in part.others)
        for sizes, page in part.pages:
            inside += _size(sizes, given) * _count(page, given, counted)
        counted[id(part)] = min(inside, COUNTLESS)
    return counted[id(part)]


def _is_variable(part: _Part) -> bool:
    """Whether the size of a page in it is a variable."""
    inside = [page for _, page in part.pages] + part.others
    return any(isinstance(size, str) for sizes, _ in part.pages for size in sizes) or any(
        map(_is_variable, inside)
    )


def _said(described: GraphQLField) -> int | None:
    found = _metadata(described).get(_KEY)
    assert found is None or isinstance(found, int)
    return found


def _metadata(described: GraphQLField) -> Mapping[object, object]:
    found = declared(described)
    return found.metadata if found else {}


def _sizes(node: FieldNode) -> Sizes:
    """What the arguments say of a page's size: numbers, and names of variables."""
    found = tuple(
        argument.value.name.value if isinstance(argument.value, VariableNode) else int(argument.value.value)
        for argument in node.arguments or ()
        if argument.name.value in ("first", "last")
        and isinstance(argument.value, IntValueNode | VariableNode)
    )
    return found or (DEFAULT_PAGE,)


def _listed(node: FieldNode, described: GraphQLField) -> Sizes:
    """How many objects a list has that is not paged: as many as the ids that are given, or a guess.

    The guess is never more than the list may have.
    """
    for argument in node.arguments or ():
        if argument.name.value == "ids":
            if isinstance(argument.value, VariableNode):
                return (argument.value.name.value,)
            return (len(argument.value.values) if isinstance(argument.value, ListValueNode) else 1,)
    most = _metadata(described).get(_MOST)
    return (min(ASSUMED, most) if isinstance(most, int) else ASSUMED,)


def _size(sizes: Sizes, given: Mapping[str, object]) -> int:
    found = [given.get(size) if isinstance(size, str) else size for size in sizes]
    known = [len(size) if isinstance(size, list) else size for size in found]
    return min(max((size for size in known if isinstance(size, int)), default=DEFAULT_PAGE), LARGEST_PAGE)


def _literal(value: object) -> int:
    assert isinstance(value, IntValueNode)
    return int(value.value)

"""How many objects a GraphQL document may ask for: full pages, pages within pages multiplied."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    VariableNode,
)

from schema.core.listing import DEFAULT_PAGE, LARGEST_PAGE

_PAGE = frozenset({"nodes", "edges"})
#: What is asked for beyond this is not told apart.
COUNTLESS = 10**12


@dataclass
class _Part:
    """A selection: the pages in it, each with its sizes, and its other parts.

    A size is a number or the name of a variable. A fragment is one part wherever it is spread.
    """

    pages: list[tuple[tuple[int | str, ...], _Part]] = field(default_factory=list)
    others: list[_Part] = field(default_factory=list)


class Pages:
    """The pages that an operation of a valid document asks for."""

    def __init__(
        self, operation: OperationDefinitionNode, fragments: Mapping[str, FragmentDefinitionNode]
    ) -> None:
        self._fragments = fragments
        self._spread: dict[str, _Part] = {}
        self._defaults = {
            definition.variable.name.value: int(definition.default_value.value)
            for definition in operation.variable_definitions or ()
            if isinstance(definition.default_value, IntValueNode)
        }
        self._whole = self._part(operation.selection_set)

    @property
    def are_any(self) -> bool:
        """Whether there is a page at all."""
        return bool(self._whole.pages or self._whole.others)

    def objects(self, variables: Mapping[str, object]) -> int:
        """How many objects there are when all pages are full."""
        return self._count(self._whole, {**self._defaults, **variables}, {})

    def _count(self, part: _Part, given: Mapping[str, object], counted: dict[int, int]) -> int:
        if id(part) not in counted:
            inside = sum(self._count(other, given, counted) for other in part.others)
            for sizes, page in part.pages:
                inside += _size(sizes, given) * (1 + self._count(page, given, counted))
            counted[id(part)] = min(inside, COUNTLESS)
        return counted[id(part)]

    def _part(self, selected: SelectionSetNode | None) -> _Part:
        found = _Part()
        for node in selected.selections if selected else ():
            if isinstance(node, FieldNode) and self._is_page(node):
                found.pages.append((_sizes(node), self._part(node.selection_set)))
            elif (other := self._other(node)).pages or other.others:
                found.others.append(other)
        return found

    def _other(self, node: SelectionNode) -> _Part:
        if not isinstance(node, FragmentSpreadNode):
            return self._part(getattr(node, "selection_set", None))
        name = node.name.value
        if name not in self._spread:
            self._spread[name] = self._part(self._fragments[name].selection_set)
        return self._spread[name]

    def _is_page(self, node: FieldNode) -> bool:
        return not _PAGE.isdisjoint(self._names(node.selection_set, set()))

    def _names(self, selected: SelectionSetNode | None, spread: set[str]) -> Iterator[str]:
        """Names of the fields selected, in fragments too."""
        for node in selected.selections if selected else ():
            if isinstance(node, FieldNode):
                yield node.name.value
            elif isinstance(node, InlineFragmentNode):
                yield from self._names(node.selection_set, spread)
            elif isinstance(node, FragmentSpreadNode) and node.name.value not in spread:
                spread.add(node.name.value)
                yield from self._names(self._fragments[node.name.value].selection_set, spread)


def _sizes(node: FieldNode) -> tuple[int | str, ...]:
    """What the arguments say of a page's size: numbers, and names of variables."""
    return tuple(
        argument.value.name.value if isinstance(argument.value, VariableNode) else int(argument.value.value)
        for argument in node.arguments or ()
        if argument.name.value in ("first", "last")
        and isinstance(argument.value, IntValueNode | VariableNode)
    )


def _size(sizes: tuple[int | str, ...], given: Mapping[str, object]) -> int:
    found = [given.get(size) if isinstance(size, str) else size for size in sizes]
    known = [size for size in found if isinstance(size, int)]
    return min(max(known, default=DEFAULT_PAGE), LARGEST_PAGE)

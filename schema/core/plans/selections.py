"""What a selection set asks of an object of one type: its response keys in order, fragments and all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    GraphQLObjectType,
    InlineFragmentNode,
    NamedTypeNode,
    SelectionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
)

from schema.core.later import Variables
from schema.core.plans.unplanned import Unplanned

#: The nodes of each response key; those of one key are the same field, and their selections are merged.
Selected = Mapping[str, Sequence[FieldNode]]


class Selections:
    """Collects what is asked for, with the variables that directives take."""

    def __init__(self, fragments: Mapping[str, FragmentDefinitionNode], given: Variables) -> None:
        self._fragments = fragments
        self._given = given

    def of(self, sets: Iterable[SelectionSetNode | None], type_: GraphQLObjectType) -> Selected:
        """What selection sets ask of an object of this type."""
        found: dict[str, list[FieldNode]] = {}
        spread: set[str] = set()
        for selected in sets:
            for node in self._fields(selected, type_, spread):
                found.setdefault((node.alias or node.name).value, []).append(node)
        return found

    def below(self, nodes: Iterable[FieldNode], type_: GraphQLObjectType) -> Selected:
        """What nodes of one field ask of the object that it shows."""
        return self.of((node.selection_set for node in nodes), type_)

    def _fields(
        self, selected: SelectionSetNode | None, type_: GraphQLObjectType, spread: set[str]
    ) -> Iterator[FieldNode]:
        for node in selected.selections if selected else ():
            if not self._is_included(node):
                continue
            if isinstance(node, FieldNode):
                yield node
            elif isinstance(node, InlineFragmentNode):
                if _fits(node.type_condition, type_):
                    yield from self._fields(node.selection_set, type_, spread)
            elif (name := node.name.value) not in spread:  # type: ignore[attr-defined]
                spread.add(name)
                fragment = self._fragments[name]
                if _fits(fragment.type_condition, type_):
                    yield from self._fields(fragment.selection_set, type_, spread)

    def _is_included(self, node: SelectionNode) -> bool:
        return all(
            self._is_so(next(iter(directive.arguments or ())).value) is (directive.name.value == "include")
            for directive in node.directives or ()
            if directive.name.value in ("include", "skip")
        )

    def _is_so(self, node: ValueNode) -> bool:
        found = self._given.get(node.name.value) if isinstance(node, VariableNode) else node.value  # type: ignore[attr-defined]
        if not isinstance(found, bool):
            raise Unplanned("a directive without a condition")
        return found


def _fits(condition: NamedTypeNode | None, type_: GraphQLObjectType) -> bool:
    if condition is None:
        return True
    name = condition.name.value
    return name == type_.name or any(each.name == name for each in type_.interfaces)

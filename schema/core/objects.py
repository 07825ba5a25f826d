"""How many objects a GraphQL document may ask for: full pages, pages within pages multiplied."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from graphql import (
    FieldNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    ValidationContext,
    ValidationRule,
    VariableNode,
)

from schema.core.listing import DEFAULT_PAGE, LARGEST_PAGE
from schema.core.refusals import exceeded

_PAGE = frozenset({"nodes", "edges"})
#: What is asked for beyond this is not told apart.
_COUNTLESS = 10**12


def page_rule(max_objects: int, variables: Mapping[str, object]) -> type[ValidationRule]:
    """A rule that refuses operations whose pages, were they all full, held more objects than allowed."""

    class PageRule(ValidationRule):
        def enter_operation_definition(self, node: OperationDefinitionNode, *_args: object) -> None:
            defaults = {
                definition.variable.name.value: int(definition.default_value.value)
                for definition in node.variable_definitions or ()
                if isinstance(definition.default_value, IntValueNode)
            }
            asked = _Objects(self.context, {**defaults, **variables}).within(node.selection_set)
            if asked > max_objects:
                self.report_error(exceeded("maxObjects", max_objects, min(asked, _COUNTLESS)))

    return PageRule


class _Objects:
    """Counts objects; each fragment once, so spreading it often is cheap."""

    def __init__(self, context: ValidationContext, variables: Mapping[str, object]) -> None:
        self.context = context
        self.variables = variables
        self.fragments: dict[str, int] = {}

    def within(self, selected: SelectionSetNode | None) -> int:
        """How many objects one object with this selection brings along."""
        return sum(self._of(node) for node in selected.selections) if selected else 0

    def _of(self, node: SelectionNode) -> int:
        if isinstance(node, FragmentSpreadNode):
            return self._of_fragment(node.name.value)
        inside = self.within(getattr(node, "selection_set", None))
        if isinstance(node, FieldNode) and self._is_page(node):
            return min(self._size(node) * (1 + inside), _COUNTLESS)
        return inside

    def _of_fragment(self, name: str) -> int:
        if name not in self.fragments:
            self.fragments[name] = 0  # a fragment that spreads itself is refused by its own rule
            fragment = self.context.get_fragment(name)
            self.fragments[name] = self.within(fragment.selection_set) if fragment else 0
        return self.fragments[name]

    def _size(self, node: FieldNode) -> int:
        sizes = [
            self.variables.get(argument.value.name.value)
            if isinstance(argument.value, VariableNode)
            else int(getattr(argument.value, "value", DEFAULT_PAGE))
            for argument in node.arguments or ()
            if argument.name.value in ("first", "last") and _is_number(argument.value)
        ]
        known = [size for size in sizes if isinstance(size, int)]
        return min(max(known, default=DEFAULT_PAGE), LARGEST_PAGE)

    def _is_page(self, node: FieldNode) -> bool:
        return not _PAGE.isdisjoint(self._names(node.selection_set, frozenset()))

    def _names(self, selected: SelectionSetNode | None, spread: frozenset[str]) -> Iterator[str]:
        """Names of the fields selected, in fragments too."""
        for node in selected.selections if selected else ():
            if isinstance(node, FieldNode):
                yield node.name.value
            elif isinstance(node, InlineFragmentNode):
                yield from self._names(node.selection_set, spread)
            elif isinstance(node, FragmentSpreadNode) and node.name.value not in spread:
                fragment = self.context.get_fragment(node.name.value)
                inside = fragment.selection_set if fragment else None
                yield from self._names(inside, spread | {node.name.value})


def _is_number(value: object) -> bool:
    return isinstance(value, IntValueNode | VariableNode)

"""A failing operation made smaller: what can be left out, one part at a time, is left out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import replace

from graphql import (
    REMOVE,
    ArgumentNode,
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLSchema,
    GraphQLSyntaxError,
    InlineFragmentNode,
    Node,
    VariableDefinitionNode,
    VariableNode,
    Visitor,
    parse,
    print_ast,
    validate,
    visit,
)

from tests.schema.reads.operations import Operation

#: What may be left out of a document.
_PARTS = (FieldNode, FragmentSpreadNode, InlineFragmentNode, ArgumentNode, DirectiveNode)
#: So often a smaller operation is tried.
PATIENCE = 150


async def shrunk(
    schema: GraphQLSchema, operation: Operation, fails: Callable[[Operation], Awaitable[bool]]
) -> Operation:
    """The smallest operation found that fails as well."""
    left = PATIENCE
    while left:
        for smaller in _smaller(schema, operation):
            left -= 1
            if await fails(smaller):
                operation = smaller
                break
            if not left:
                return operation
        else:
            return operation
    return operation


def _smaller(schema: GraphQLSchema, operation: Operation) -> Iterator[Operation]:
    """The operation without one of its parts, largest parts first."""
    document = parse(operation.text, no_location=True)
    parts = [node for node in _all(document) if isinstance(node, _PARTS)]
    for part in sorted(parts, key=lambda each: -len(print_ast(each))):
        text = print_ast(_without_unused(visit(document, _Without({id(part)}))))
        if less := _read(schema, text):
            yield replace(operation, text=text, variables=_used(less, operation.variables))


def _read(schema: GraphQLSchema, text: str) -> DocumentNode | None:
    """A document, if it is one that the schema allows."""
    try:
        document = parse(text, no_location=True)
    except GraphQLSyntaxError:
        return None
    return None if validate(schema, document) else document


class _Without(Visitor):
    """Leaves out the nodes with these identities."""

    def __init__(self, unwanted: set[int]) -> None:
        super().__init__()
        self.unwanted = unwanted

    def enter(self, node: Node, *_rest: object) -> object:
        return REMOVE if id(node) in self.unwanted else None


def _without_unused(document: DocumentNode) -> DocumentNode:
    """The document without fragments that nothing spreads, and variables that nothing uses."""
    while True:
        used = {node.name.value for node in _all(document) if isinstance(node, FragmentSpreadNode)}
        unused: set[int] = {
            id(node)
            for node in document.definitions
            if isinstance(node, FragmentDefinitionNode) and node.name.value not in used
        }
        if not unused:
            break
        document = visit(document, _Without(unused))
    defined = [node for node in _all(document) if isinstance(node, VariableDefinitionNode)]
    places = [node.name.value for node in _all(document) if isinstance(node, VariableNode)]
    idle = {id(node) for node in defined if places.count(node.variable.name.value) < 2}
    return visit(document, _Without(idle)) if idle else document


def _all(document: Node) -> list[Node]:
    found: list[Node] = []

    class All(Visitor):
        def enter(self, node: Node, *_rest: object) -> None:
            found.append(node)

    visit(document, All())
    return found


def _used(document: DocumentNode, variables: Mapping[str, object]) -> Mapping[str, object]:
    names = {node.name.value for node in _all(document) if isinstance(node, VariableNode)}
    return {name: value for name, value in variables.items() if name in names}

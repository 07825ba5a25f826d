"""What operations ask for: fields, arguments and inputs, read from their documents and variables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import cast

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    ListValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValueNode,
    VariableDefinitionNode,
    get_named_type,
    parse,
    type_from_ast,
)

from tests.schema.reads.operations import Operation


@dataclass
class Coverage:
    """What was asked for by any operation; fields are ``Type.field``."""

    schema: GraphQLSchema
    fields: set[str] = field(default_factory=set)
    arguments: set[str] = field(default_factory=set)
    inputs: set[str] = field(default_factory=set)
    features: set[str] = field(default_factory=set)

    def add(self, operation: Operation) -> None:
        """Note what an operation asks for."""
        _Reading(self, operation.variables).document(parse(operation.text, no_location=True))

    def note_value(self, kind: GraphQLInputType | None, value: object) -> None:
        """Note the fields of an input that a variable holds."""
        named = get_named_type(kind) if kind else None
        for each in value if isinstance(value, list) else [value]:
            if isinstance(named, GraphQLInputObjectType) and isinstance(each, dict):
                for name, of in each.items():
                    if name in named.fields:
                        self.inputs.add(f"{named.name}.{name}")
                        self.note_value(named.fields[name].type, of)


@dataclass
class _Reading:
    """Reads one document; the visitor of the library takes three times as long."""

    seen: Coverage
    variables: Mapping[str, object]

    def document(self, document: DocumentNode) -> None:
        """Note what is asked for in all of its operations and fragments."""
        for part in document.definitions:
            if isinstance(part, OperationDefinitionNode):
                assert self.seen.schema.query_type
                for variable in part.variable_definitions or ():
                    self._variable(variable)
                self._selected(part.selection_set, self.seen.schema.query_type)
            elif isinstance(part, FragmentDefinitionNode):
                self._selected(part.selection_set, self.seen.schema.type_map[part.type_condition.name.value])

    def _selected(self, selected: SelectionSetNode | None, of: GraphQLNamedType) -> None:
        for node in selected.selections if selected else ():
            self.seen.features.update(f"@{each.name.value}" for each in node.directives or ())
            if isinstance(node, FieldNode):
                self._field(node, of)
            elif isinstance(node, FragmentSpreadNode):
                self.seen.features.add("fragment")
            elif isinstance(node, InlineFragmentNode):
                condition = node.type_condition
                self.seen.features.add("inline fragment" if condition else "untyped fragment")
                inside = self.seen.schema.type_map[condition.name.value] if condition else of
                self._selected(node.selection_set, inside)

    def _field(self, node: FieldNode, of: GraphQLNamedType) -> None:
        name = node.name.value
        self.seen.fields.add(f"{of.name}.{name}")
        self.seen.features |= {"alias"} if node.alias else set()
        if not isinstance(of, GraphQLObjectType | GraphQLInterfaceType) or name not in of.fields:
            return  # what every schema has
        field_ = of.fields[name]
        kind = get_named_type(field_.type)
        for argument in node.arguments or ():
            self.seen.arguments.add(f"{kind.name}({argument.name.value})")
            self.seen.features.add("variable" if argument.value.kind == "variable" else "literal")
            self._value(argument.value, field_.args[argument.name.value].type)
        self._selected(node.selection_set, kind)

    def _value(self, node: ValueNode, kind: GraphQLInputType) -> None:
        named = get_named_type(kind)
        if isinstance(node, ListValueNode):
            for item in node.values:
                self._value(item, kind)
        elif isinstance(node, ObjectValueNode) and isinstance(named, GraphQLInputObjectType):
            for given in node.fields:
                self.seen.inputs.add(f"{named.name}.{given.name.value}")
                self._value(given.value, named.fields[given.name.value].type)

    def _variable(self, node: VariableDefinitionNode) -> None:
        name = node.variable.name.value
        kind = cast("GraphQLInputType", type_from_ast(self.seen.schema, node.type))
        given = "given" if name in self.variables else "missing"
        given = "null" if name in self.variables and self.variables[name] is None else given
        self.seen.features.add(f"variable {given}{', default' if node.default_value else ''}")
        self.seen.note_value(kind, self.variables.get(name))
        if node.default_value:
            self._value(node.default_value, kind)


def object_types(schema: GraphQLSchema) -> Iterator[GraphQLObjectType]:
    """The object types that a query can reach."""
    assert schema.query_type
    found: dict[str, GraphQLObjectType] = {}
    waiting = [schema.query_type]
    while waiting:
        of = waiting.pop()
        if of.name in found:
            continue
        found[of.name] = of
        for each in of.fields.values():
            named = get_named_type(each.type)
            waiting += schema.get_possible_types(named) if named.name == "Node" else []
            waiting += [named] if isinstance(named, GraphQLObjectType) else []
    return iter(found.values())


def input_fields(schema: GraphQLSchema) -> Iterator[str]:
    """Every field of the inputs that arguments of a query take, as ``Input.field``."""
    waiting = [
        each.type
        for of in object_types(schema)
        for field in of.fields.values()
        for each in field.args.values()
    ]
    known: set[str] = set()
    while waiting:
        named = get_named_type(waiting.pop())
        if isinstance(named, GraphQLInputObjectType) and named.name not in known:
            known.add(named.name)
            waiting += [each.type for each in named.fields.values()]
            yield from (f"{named.name}.{name}" for name in named.fields)

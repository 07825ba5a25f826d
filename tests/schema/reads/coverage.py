"""What operations ask for: fields, arguments and inputs, read from their documents and variables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from graphql import (
    ArgumentNode,
    DirectiveNode,
    FieldNode,
    FragmentSpreadNode,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    Node,
    ObjectFieldNode,
    TypeInfo,
    TypeInfoVisitor,
    VariableDefinitionNode,
    Visitor,
    get_named_type,
    parse,
    type_from_ast,
    visit,
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
        info = TypeInfo(self.schema)
        document = parse(operation.text)
        visit(document, TypeInfoVisitor(info, _Noting(self, info, operation.variables)))

    def note_value(self, kind: GraphQLInputType | None, value: object) -> None:
        """Note the fields of an input that a variable holds."""
        named = get_named_type(kind) if kind else None
        for each in value if isinstance(value, list) else [value]:
            if isinstance(named, GraphQLInputObjectType) and isinstance(each, dict):
                for name, of in each.items():
                    if name in named.fields:
                        self.inputs.add(f"{named.name}.{name}")
                        self.note_value(named.fields[name].type, of)


class _Noting(Visitor):
    def __init__(self, coverage: Coverage, info: TypeInfo, variables: Mapping[str, object]) -> None:
        super().__init__()
        self.coverage = coverage
        self.info = info
        self.variables = variables

    def enter(self, node: Node, *_rest: object) -> None:
        """Note one node of a document."""
        seen, parent = self.coverage, self.info.get_parent_type()
        if isinstance(node, FieldNode) and parent:
            seen.fields.add(f"{parent.name}.{node.name.value}")
            seen.features |= {"alias"} if node.alias else set()
        elif isinstance(node, ArgumentNode) and parent and not self.info.get_directive():
            of = self.info.get_field_def()
            seen.arguments.add(f"{get_named_type(of.type).name}({node.name.value})" if of else "")
            seen.features.add("variable" if node.value.kind == "variable" else "literal")
        elif isinstance(node, ObjectFieldNode) and (kind := self.info.get_parent_input_type()):
            seen.inputs.add(f"{get_named_type(kind).name}.{node.name.value}")
        elif isinstance(node, VariableDefinitionNode):
            self._variable(node)
        elif isinstance(node, DirectiveNode):
            seen.features.add(f"@{node.name.value}")
        elif isinstance(node, FragmentSpreadNode):
            seen.features.add("fragment")
        elif isinstance(node, InlineFragmentNode):
            seen.features.add("inline fragment" if node.type_condition else "untyped fragment")

    def _variable(self, node: VariableDefinitionNode) -> None:
        name, kind = node.variable.name.value, type_from_ast(self.coverage.schema, node.type)
        given = "given" if name in self.variables else "missing"
        given = "null" if name in self.variables and self.variables[name] is None else given
        self.coverage.features.add(f"variable {given}{', default' if node.default_value else ''}")
        self.coverage.note_value(kind, self.variables.get(name))  # type: ignore[arg-type]


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

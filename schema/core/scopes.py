"""Which scopes an operation needs, by the fields, filters and orders that it names: refused before it runs.

A field says it where it is declared, and one of type Money needs READ_MONEY anyhow. Filtering or ordering by
a field tells of it and needs the same. Whoever is limited to no scopes is asked for none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from graphql import (
    EnumValueNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLEnumType,
    GraphQLError,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    ListValueNode,
    NullValueNode,
    ObjectFieldNode,
    OperationDefinitionNode,
    OperationType,
    TypeInfo,
    TypeInfoVisitor,
    ValueNode,
    VariableDefinitionNode,
    VariableNode,
    Visitor,
    get_named_type,
    type_from_ast,
    visit,
)
from strawberry.extensions import SchemaExtension
from strawberry.schema.schema_converter import GraphQLCoreConverter

from commands.permissions import granted
from models.access import Actor, Scope
from models.errors import Forbidden
from schema.context import Context
from schema.core.documents import Document, Documents
from schema.core.readable import Connected, meaning_of, needs_of
from schema.core.reflection import declared

MONEY = frozenset({"Money", "MoneyFilter"})
ORDER = "orderBy"


@dataclass
class _Asked:
    """What an operation needs: always, and by what its variables hold."""

    always: dict[Scope, str] = field(default_factory=dict)
    variables: list[tuple[str, GraphQLInputType]] = field(default_factory=list)
    #: Lists in the order of a variable: its name, and what they need where it holds none.
    orders: list[tuple[str, Mapping[Scope, str]]] = field(default_factory=list)
    #: Variables that hold something though they are not given.
    defaults: set[str] = field(default_factory=set)

    def add(self, what: str, scopes: Iterable[Scope]) -> None:
        """Note what needs scopes; of several, the first is told."""
        for scope in scopes:
            self.always.setdefault(scope, what)


class Needs:
    """The scopes that the parts of a schema need, by their coordinates: ``Contact.email``."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self.schema = schema
        self.of: dict[str, frozenset[Scope]] = {}
        #: What a list needs that is in its own order.
        self.unordered: dict[str, frozenset[Scope]] = {}
        for type_ in schema.type_map.values():
            if isinstance(type_, GraphQLObjectType):
                self._learn(type_)
        for type_ in schema.type_map.values():
            if isinstance(type_, GraphQLObjectType):
                self._learn_lists(type_)
        answers = schema.mutation_type.fields.values() if schema.mutation_type else ()
        self.payloads = {get_named_type(each.type).name for each in answers}

    def missing(
        self,
        document: Document,
        operation: OperationDefinitionNode,
        variables: Mapping[str, object],
        actor: Actor,
    ) -> dict[Scope, str]:
        """The scopes that an actor lacks for an operation of a valid document, each with what needs it."""
        if actor.scopes is None:
            return {}
        key = (Needs, id(operation))
        asked = document.kept.get(key)
        if asked is None:
            asked = document.kept[key] = self._asked(document, operation)
        assert isinstance(asked, _Asked)
        needed = {**self._by_variables(asked, variables), **asked.always}
        return {scope: what for scope, what in needed.items() if scope not in actor.scopes}

    def _learn(self, type_: GraphQLObjectType) -> None:
        """What an object type's fields need, and filters and orders by them."""
        by_name: dict[str, frozenset[Scope]] = {}
        for name, each in type_.fields.items():
            made = declared(each)
            needs = frozenset(needs_of(made.metadata) if made else ())
            if get_named_type(each.type).name in MONEY:
                needs |= {Scope.READ_MONEY}
            if needs:
                self.of[f"{type_.name}.{name}"] = needs
                by_name[made.python_name if made else name] = needs
        self._learn_filter(self.schema.type_map.get(f"{type_.name}Filter"), by_name)
        self._learn_order(self.schema.type_map.get(f"{type_.name}OrderField"), by_name)

    def _learn_filter(self, type_: GraphQLNamedType | None, by_name: Mapping[str, frozenset[Scope]]) -> None:
        for name, each in type_.fields.items() if isinstance(type_, GraphQLInputObjectType) else ():
            made = each.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
            needs = by_name.get(made.python_name, frozenset()) if made else frozenset[Scope]()
            if get_named_type(each.type).name in MONEY:
                needs |= {Scope.READ_MONEY}
            self.of[f"{type_.name}.{name}"] = needs  # type: ignore[union-attr]

    def _learn_order(self, type_: GraphQLNamedType | None, by_name: Mapping[str, frozenset[Scope]]) -> None:
        for name, each in type_.values.items() if isinstance(type_, GraphQLEnumType) else ():
            self.of[f"{type_.name}.{name}"] = by_name.get(str(each.value), frozenset())  # type: ignore[union-attr]

    def _learn_lists(self, type_: GraphQLObjectType) -> None:
        """What lists need that are in their own order."""
        for name, each in type_.fields.items():
            meaning = meaning_of(made.metadata) if (made := declared(each)) else None
            if isinstance(meaning, Connected):
                orders = self.schema.type_map[f"{meaning.of.name}OrderField"]
                assert isinstance(orders, GraphQLEnumType)
                default = {column for column, _ in meaning.of.listing.default}
                names = [order for order, value in orders.values.items() if str(value.value) in default]
                self.unordered[f"{type_.name}.{name}"] = frozenset().union(
                    *(self.of[f"{orders.name}.{order}"] for order in names)
                )

    def _asked(self, document: Document, operation: OperationDefinitionNode) -> _Asked:
        reading = _Reading(self, operation)
        waiting, seen = [document.fragments[name] for name in reading.read(operation)], set[str]()
        while waiting:
            fragment = waiting.pop()
            if fragment.name.value not in seen:
                seen.add(fragment.name.value)
                waiting += [document.fragments[name] for name in reading.read(fragment)]
        return reading.asked

    def _by_variables(self, asked: _Asked, variables: Mapping[str, object]) -> dict[Scope, str]:
        found: dict[Scope, str] = {}
        for name, type_ in asked.variables:
            for what in _named(type_, variables.get(name)):
                found |= dict.fromkeys(self.of.get(what, ()), what)
        for name, needs in asked.orders:
            if not variables.get(name) and not (name in asked.defaults and name not in variables):
                found |= needs
        return found


class _Reading(Visitor):
    """Reads the parts of one operation."""

    def __init__(self, needs: Needs, operation: OperationDefinitionNode) -> None:
        super().__init__()
        self.asked = _Asked()
        self._needs = needs
        self._writes = operation.operation is OperationType.MUTATION
        self._info = TypeInfo(needs.schema)
        self._spread: list[str] = []

    def read(self, node: OperationDefinitionNode | FragmentDefinitionNode) -> list[str]:
        """Read an operation or a fragment; the names of the fragments that it spreads."""
        self._spread = []
        visit(node, TypeInfoVisitor(self._info, self))
        return self._spread

    def enter_fragment_spread(self, node: FragmentSpreadNode, *_rest: object) -> None:
        self._spread.append(node.name.value)

    def enter_variable_definition(self, node: VariableDefinitionNode, *_rest: object) -> None:
        name, type_ = node.variable.name.value, type_from_ast(self._needs.schema, node.type)
        self.asked.variables.append((name, type_))  # type: ignore[arg-type]
        if node.default_value is not None and not _is_empty(node.default_value):
            self.asked.defaults.add(name)

    def enter_field(self, node: FieldNode, *_rest: object) -> None:
        parent, found = self._info.get_parent_type(), self._info.get_field_def()
        if (
            parent is None
            or found is None
            or parent.name.startswith("__")
            or node.name.value.startswith("__")
        ):
            return  # what the schema is like is no secret
        what = f"{parent.name}.{node.name.value}"
        self.asked.add(what, self._needs.of.get(what, ()))
        if self._goes_on(parent.name, found):
            self.asked.add(what, [Scope.READ])
        if needs := self._needs.unordered.get(what):
            self._order(node, dict.fromkeys(needs, f"{what} without {ORDER}"))

    def _goes_on(self, parent: str, found: GraphQLField) -> bool:
        """Whether a field reads what there is; what was written is told to whoever wrote it."""
        if not self._writes:
            return True
        if parent in self._needs.payloads or parent == self._needs.schema.mutation_type.name:  # type: ignore[union-attr]
            return False
        named = get_named_type(found.type)
        return named.name.endswith("Connection") or bool(getattr(named, "interfaces", ()))

    def _order(self, node: FieldNode, needs: Mapping[Scope, str]) -> None:
        given = next((each.value for each in node.arguments or () if each.name.value == ORDER), None)
        if isinstance(given, VariableNode):
            self.asked.orders.append((given.name.value, needs))
        elif given is None or _is_empty(given):
            for scope, what in needs.items():
                self.asked.add(what, [scope])

    def enter_object_field(self, node: ObjectFieldNode, *_rest: object) -> None:
        parent = self._info.get_parent_input_type()
        if parent is not None and not isinstance(node.value, NullValueNode):
            what = f"{get_named_type(parent).name}.{node.name.value}"
            self.asked.add(what, self._needs.of.get(what, ()))

    def enter_enum_value(self, node: EnumValueNode, *_rest: object) -> None:
        type_ = self._info.get_input_type()
        if type_ is not None:
            what = f"{get_named_type(type_).name}.{node.value}"
            self.asked.add(what, self._needs.of.get(what, ()))


def _is_empty(value: ValueNode) -> bool:
    return isinstance(value, NullValueNode) or (isinstance(value, ListValueNode) and not value.values)


def _named(type_: GraphQLInputType, value: object) -> Iterator[str]:
    """The coordinates of what a variable's value names; null is as if it had not."""
    waiting: list[tuple[GraphQLNamedType, object]] = [(get_named_type(type_), value)]
    while waiting:
        named, value = waiting.pop()
        if isinstance(value, list):
            waiting += [(named, each) for each in value]
        elif isinstance(named, GraphQLInputObjectType) and isinstance(value, dict):
            for name, each in value.items():
                if each is not None and name in named.fields:
                    yield f"{named.name}.{name}"
                    waiting.append((get_named_type(named.fields[name].type), each))
        elif isinstance(named, GraphQLEnumType):
            yield f"{named.name}.{value}"


class Scoped(SchemaExtension):
    """Refuses operations that need scopes which the caller lacks."""

    def __init__(self, documents: Documents, needs: Needs) -> None:
        self._documents = documents
        self._needs = needs

    def on_validate(self) -> Iterator[None]:
        """Tell what is missing, where nothing else is wrong."""
        context = self.execution_context.context
        is_known = isinstance(context, Context) and context.is_known
        if is_known and self.execution_context.query and not self.execution_context.pre_execution_errors:
            self.execution_context.pre_execution_errors = list(self._errors(context.actor))
        yield

    def _errors(self, actor: Actor) -> Iterator[GraphQLError]:
        """What is wrong with the operation that runs; with any, where it is not clear which."""
        asked = self.execution_context
        document = self._documents.read(str(asked.query))
        chosen = document.operation(asked._provided_operation_name)
        for operation in [chosen] if chosen else document.operations:
            lacking = self._needs.missing(document, operation, asked.variables or {}, actor)
            yield from (_refused(scope, what, actor) for scope, what in lacking.items())


def _refused(scope: Scope, what: str, actor: Actor) -> GraphQLError:
    message = f"{what} needs the scope {scope}; {granted(actor)}"
    return GraphQLError(message, original_error=Forbidden(message))

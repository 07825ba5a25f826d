"""Answering queries by plans: compiled once for a document and what decides about its SQL, then only run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import orjson
import strawberry
from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    ListValueNode,
    Node,
    OperationDefinitionNode,
    OperationType,
    ValueNode,
    VariableNode,
)

from models import reading
from models.access import Actor
from models.base import is_id
from models.database import Param, in_order, is_sqlite, placed
from models.errors import BellwetherError
from models.visibility import scope_of
from schema.core.documents import Document, Documents
from schema.core.kept import Kept
from schema.core.later import Later, Value, Variables
from schema.core.plans.catalog import Catalog
from schema.core.plans.coercion import Coercion
from schema.core.plans.compiler import Compiler
from schema.core.plans.json_sql import together, utf8
from schema.core.plans.selections import Selections
from schema.core.plans.unplanned import Unplanned
from schema.core.scopes import Needs

#: So many plans are kept, and of so many characters of SQL together: others are compiled anew.
MOST_PLANS, LONGEST_SQL = 5_000, 50_000_000


@dataclass(frozen=True)
class Statement:
    """SQL in the driver's own form with its values; its row has the JSON of each field that is planned.

    It is brief where it reads a few rows by their ids alone.
    """

    sql: str
    values: Sequence[Param]
    is_brief: bool


@dataclass
class Plan:
    """What an operation is answered by: SQL that gives the JSON of its fields ``keys``, one in each column.

    The SQL is in the driver's own form, with parameters of these names. It is partial where other fields are
    left to Python, and brief where it reads a few rows by their ids alone.
    """

    sql: str
    names: tuple[str, ...]
    params: Mapping[str, Value]
    keys: tuple[str, ...]
    is_partial: bool
    is_brief: bool
    for_sqlite: bool

    def statement(self, variables: Variables, scope: Mapping[str, Param]) -> Statement:
        """The statement for these variables, and for what somebody may see."""
        values = {
            name: value.get(variables) if isinstance(value, Later) else value
            for name, value in self.params.items()
        }
        ordered = in_order(self.names, {**values, **scope}, sqlite=self.for_sqlite)
        return Statement(self.sql, ordered, self.is_brief)


@dataclass(frozen=True)
class Ready:
    """An operation with the plan that answers it, or a part of it, and the statement to run."""

    operation: OperationDefinitionNode
    plan: Plan
    statement: Statement


class Reads:
    """The plans of a schema's queries."""

    def __init__(
        self, schema: strawberry.Schema, catalog: Catalog, documents: Documents, needs: Needs
    ) -> None:
        self._schema = schema
        self._catalog = catalog
        self.documents = documents
        self._needs = needs
        self._plans = Kept[object, Plan | None](MOST_PLANS, LONGEST_SQL)

    def __len__(self) -> int:
        return len(self._plans)

    def statement(
        self, query: str, variables: Variables, operation_name: str | None, actor: Actor
    ) -> Statement | None:
        """The statement that answers a query; None where the ordinary path does, in whole or in part."""
        document = self.documents.read(query)
        if self.documents.errors(document, operation_name, variables):
            return None
        found = self.ready(document, variables, operation_name, actor)
        return None if found is None or found.plan.is_partial else found.statement

    def ready(
        self, document: Document, variables: Variables, operation_name: str | None, actor: Actor
    ) -> Ready | None:
        """What answers an operation of a valid document, in whole or part; None where the ordinary path does.

        That path tells what is wrong with the variables.
        """
        operation = document.operation(operation_name)
        if operation is None or operation.operation is not OperationType.QUERY:
            return None
        if self._needs.missing(document, operation, variables, actor):
            return None
        found = self._planned(document, operation, variables, operation_name, actor)
        if found is None:
            return None
        plan, given = found
        try:
            return Ready(operation, plan, plan.statement(given, scope_of(actor)))
        except BellwetherError:
            return None

    async def fields(self, ready: Ready) -> Mapping[str, bytes] | None:
        """The JSON of the fields of the query type that a plan answers, by response key.

        None where the database does not take the statement: the ordinary path answers, from now on.
        """
        try:
            statement = ready.statement
            texts = await reading.values(statement.sql, statement.values, brief=statement.is_brief)
        except reading.TooNested:
            ready.plan.keys = ()
            return None
        return dict(zip(ready.plan.keys, texts, strict=True))

    def _planned(
        self,
        document: Document,
        operation: OperationDefinitionNode,
        variables: Variables,
        operation_name: str | None,
        actor: Actor,
    ) -> tuple[Plan, Variables] | None:
        """The plan of a query and its coerced variables; None where nothing of it can be planned."""
        takes = self._takes(document, operation)
        try:
            given = takes.coercion.coerced(variables)
        except (Unplanned, RecursionError):
            return None
        scope = None if actor.owners is None else len(actor.owners)
        key = (document.text, operation_name, takes.shape(given), scope, is_sqlite())
        try:
            plan = self._plans[key]
        except KeyError:
            try:
                plan = self._compiled(document, operation, given, actor)
            except BellwetherError:
                return None  # other values may be right
            self._plans.keep(key, plan, len(plan.sql) if plan else 0)
        return (plan, given) if plan and plan.keys else None

    def _takes(self, document: Document, operation: OperationDefinitionNode) -> _Takes:
        found = document.kept.get(id(operation))
        if found is None:
            found = document.kept[id(operation)] = _Takes(self._schema, document, operation)
        assert isinstance(found, _Takes)
        return found

    def _compiled(
        self, document: Document, operation: OperationDefinitionNode, given: Variables, actor: Actor
    ) -> Plan | None:
        selections = Selections(document.fragments, given)
        compiler = Compiler(self._catalog, selections, given, actor)
        written, is_partial = dict[str, str](), False
        for key, nodes in selections.of([operation.selection_set], self._catalog.query).items():
            try:
                written[key] = utf8(together([compiler.root(nodes)]))
            except Unplanned:
                is_partial = True
        if not written:
            return None
        sql = f"select {', '.join(written.values())}"
        params = {name: value for name, value in compiler.params.items() if not name.startswith("v_")}
        text, names = placed(sql, is_sqlite())
        return Plan(text, names, params, tuple(written), is_partial, not compiler.walks, is_sqlite())


class _Takes:
    """The variables that an operation takes, and what in them decides about the SQL."""

    def __init__(
        self, schema: strawberry.Schema, document: Document, operation: OperationDefinitionNode
    ) -> None:
        self.coercion = Coercion(schema._schema, operation)
        cursors, ids = set[str](), set[str]()
        for node in _fields([operation, *document.fragments.values()]):
            for argument in node.arguments or ():
                if argument.name.value in ("after", "before"):
                    cursors |= set(_variables(argument.value))
                elif node.name.value in ("node", "nodes"):
                    ids |= set(_variables(argument.value))
        self._shapes: list[tuple[str, Callable[[object], object]]] = []
        for name, type_ in self.coercion.types.items():
            if name in cursors:
                self._shapes.append((name, _of_cursor))
            elif name in ids:
                self._shapes.append((name, _of_ids))
            else:
                self._shapes.append((name, _shape_of(type_)))

    def shape(self, given: Variables) -> object:
        """What in the variables decides about the SQL."""
        return tuple(shape(given[name]) if name in given else _ABSENT for name, shape in self._shapes)


_ABSENT, _GIVEN = "absent", "given"


def _shape_of(type_: GraphQLInputType) -> Callable[[object], object]:
    """What in a coerced value of a type decides about the SQL: which parts it has, and not what they are."""
    if isinstance(type_, GraphQLNonNull):
        return _shape_of(type_.of_type)
    if isinstance(type_, GraphQLEnumType) or type_ is GraphQLBoolean:
        return lambda value: value
    if isinstance(type_, GraphQLList):
        item = _shape_of(type_.of_type)
        return lambda value: None if value is None else tuple(map(item, value))  # type: ignore[call-overload]
    if isinstance(type_, GraphQLInputObjectType):
        return _shape_of_object(type_)
    return lambda value: None if value is None else _GIVEN


def _shape_of_object(type_: GraphQLInputObjectType) -> Callable[[object], object]:
    shapes: dict[str, Callable[[object], object]] = {}

    def shape(value: object) -> object:
        if value is None:
            return None
        assert isinstance(value, dict)
        for name in value:
            if name not in shapes:  # a filter holds filters of its own type
                shapes[name] = _shape_of(type_.fields[name].type)
        return tuple((name, shapes[name](each)) for name, each in value.items())

    return shape


def _of_cursor(value: object) -> object:
    """Which values of the row that it stands at are missing."""
    if value is None:
        return None
    try:
        return tuple(each is None for each in orjson.loads(bytes.fromhex(str(value))))
    except (TypeError, ValueError):
        return str(value)


def _of_ids(value: object) -> object:
    """The kinds of objects, None for what is no id."""
    ids = [value] if isinstance(value, str) else value
    assert isinstance(ids, list)
    return tuple(kind if is_id(str(each), kind := str(each).rpartition("_")[0]) else None for each in ids)


def _variables(value: ValueNode) -> Iterator[str]:
    """The names of the variables in a value of one, or in a list of them."""
    for each in value.values if isinstance(value, ListValueNode) else [value]:
        if isinstance(each, VariableNode):
            yield each.name.value


def _fields(nodes: Sequence[OperationDefinitionNode | FragmentDefinitionNode]) -> Iterator[FieldNode]:
    waiting: list[Node] = list(nodes)
    while waiting:
        node = waiting.pop()
        if isinstance(node, FieldNode):
            yield node
        selected = getattr(node, "selection_set", None)
        waiting += selected.selections if selected else ()

"""Compiling what a query asks for to SQL that writes the answer's JSON, with what the actor may see."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import count

from graphql import FieldNode, GraphQLField, GraphQLObjectType, GraphQLOutputType, get_named_type
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.field import StrawberryField

from models.access import Actor
from models.accounts import Account, standing_id
from models.base import is_id
from models.database import is_sqlite, text_order
from models.visibility import visible
from schema.core import listing
from schema.core.cursors import Kind
from schema.core.later import Value, Variables, now, through
from schema.core.listing import Statement, on_alias
from schema.core.plans import json_sql
from schema.core.plans.arguments import arguments
from schema.core.plans.catalog import Amount, Catalog, Meaning, Scalar, Shown
from schema.core.plans.json_sql import Literal, together
from schema.core.plans.selections import Selected, Selections
from schema.core.plans.unplanned import Unplanned
from schema.core.readable import AnyById, AnyByIds, ById, Children, Connected, Kinds, Related, Viewer

#: How many texts an answer may be put together from: beyond it the statement would be longer than is good.
MOST_PIECES = 4_000


class Compiler:
    """Compiles the root fields of one operation.

    ``params`` are the parameters of what it has compiled; ``walks`` says whether that reads lists, and not
    only rows by their ids.
    """

    def __init__(self, catalog: Catalog, selections: Selections, given: Variables, actor: Actor) -> None:
        self.catalog = catalog
        self.selections = selections
        self.given = given
        self.actor = actor
        self.params: dict[str, Value] = {}
        self.walks = False
        self._numbers = count()
        self._pieces = 0

    def root(self, nodes: Sequence[FieldNode]) -> str:
        """SQL for the JSON of a field of the query type.

        Raises:
            Unplanned: the ordinary path answers it.
            BellwetherError: an argument is wrong, which the ordinary path tells.
        """
        name = nodes[0].name.value
        if name == "__typename":
            return Literal(f'"{self.catalog.query.name}"')
        meaning = self.catalog.roots.get(name)
        field = self.catalog.query.fields.get(name)
        if meaning is None or field is None:
            raise Unplanned(f"{name} is computed")
        return self._value(meaning, field, nodes, None)

    def _value(
        self, meaning: Meaning, field: GraphQLField, nodes: Sequence[FieldNode], alias: str | None
    ) -> str:
        """SQL for the JSON of a field, of the row ``alias`` if it is one of an object."""
        match meaning:
            case Scalar():
                assert alias
                return meaning.write(on_alias(meaning.sql, alias))
            case Amount():
                assert alias
                return self._amount(on_alias(meaning.minor, alias), nodes, alias)
            case Related():
                return self._one(self.catalog.of(meaning.shown()), f"{alias}.{meaning.key}", nodes)
            case Children():
                return self._children(meaning, nodes, f"{alias}.id")
            case Connected():
                return self._connection(meaning, field, nodes, alias)
            case ById():
                return self._by_id(meaning, field, nodes)
            case AnyById():
                return self._by_any_id(self._given(field, nodes[0])["id"], meaning.kinds, nodes)
            case AnyByIds():
                return self._by_ids(meaning, field, nodes)
            case Viewer():
                return self._one(self.catalog.of(meaning.shown()), f":{meaning.parameter}", nodes)
        raise Unplanned(f"{nodes[0].name.value} is computed")

    def object_of(self, shown: Shown, nodes: Sequence[FieldNode], alias: str) -> str:
        """SQL for the JSON of the row ``alias``."""
        type_ = self.catalog.type_of(shown)
        return self.selected(
            type_,
            self.selections.below(nodes, type_),
            lambda name, of: self._value(shown.fields.get(name), type_.fields[name], of, alias),
        )

    def selected(
        self,
        type_: GraphQLObjectType,
        selected: Selected,
        value: Callable[[str, Sequence[FieldNode]], str],
    ) -> str:
        """SQL for a JSON object with these keys, ``value`` giving that of each field."""
        pieces: list[str] = [Literal("{")]
        self._pieces += len(selected)
        if self._pieces > MOST_PIECES:
            raise Unplanned("it asks for too much at once")
        for number, (key, nodes) in enumerate(selected.items()):
            name = nodes[0].name.value
            pieces.append(Literal(f'{"," if number else ""}"{key}":'))
            if name == "__typename":
                pieces.append(Literal(f'"{type_.name}"'))
            else:
                pieces.append(value(name, nodes))
        return together([*pieces, Literal("}")])

    def _amount(self, minor: str, nodes: Sequence[FieldNode], alias: str) -> str:
        values = {"amount": json_sql.amount(minor), "currency": json_sql.text(f"{alias}.currency")}
        selected = self.selections.below(nodes, self.catalog.money)
        written = self.selected(self.catalog.money, selected, lambda name, _: values[name])
        return json_sql.null_unless(f"{minor} is not null", written)

    def _rows(self, shown: Shown) -> tuple[str, str]:
        """A new name for rows of a type, and the condition that the actor may see one."""
        alias = f"t{next(self._numbers)}"
        return alias, self._seen(shown, alias)

    def _seen(self, shown: Shown, alias: str) -> str:
        seen = visible(shown.model, self.actor, alias)
        self.params |= seen.params
        return seen.sql

    def _one(self, shown: Shown, key: str, nodes: Sequence[FieldNode]) -> str:
        """The object with an id, null where there is none that the actor may see."""
        alias, seen = self._rows(shown)
        written = self.object_of(shown, nodes, alias)
        table = shown.model._meta.db_table
        found = f'select {written} from "{table}" {alias} where {alias}.id = {key} and {seen}'
        return f"coalesce(({found}), 'null')"

    def _children(self, meaning: Children, nodes: Sequence[FieldNode], key: str) -> str:
        self.walks = True
        shown = self.catalog.of(meaning.shown())
        alias, seen = self._rows(shown)
        written = self.object_of(shown, nodes, alias)
        order = [_ordered(shown, name, alias) for name in meaning.order]
        standing = f" and {alias}.{meaning.standing} is null" if meaning.standing else ""
        rows = (
            f'select * from "{shown.model._meta.db_table}" {alias} where {alias}.{meaning.key} = {key}'
            f"{standing} and {seen} order by {', '.join(order)}"
        )
        return f"(select {json_sql.array(written, order)} from ({rows}) {alias})"

    def _by_id(self, meaning: ById, field: GraphQLField, nodes: Sequence[FieldNode]) -> str:
        given = self._given(field, nodes[0])["id"]
        return self._named(self.catalog.of(meaning.shown()), given, nodes)

    def _by_ids(self, meaning: AnyByIds, field: GraphQLField, nodes: Sequence[FieldNode]) -> str:
        given = self._given(field, nodes[0])["ids"]
        assert isinstance(given, list)
        self.walks = True
        if len(given) > meaning.most:
            raise Unplanned("too many ids")
        pieces: list[str] = [Literal("[")]
        for number, each in enumerate(given):
            pieces += [Literal("," if number else ""), self._by_any_id(each, meaning.kinds, nodes)]
        return together([*pieces, Literal("]")])

    def _by_any_id(self, given: object, kinds: Kinds, nodes: Sequence[FieldNode]) -> str:
        """The object with an id; which type it is of decides about the SQL."""
        record_id = str(now(given))
        prefix = record_id.rpartition("_")[0]
        if prefix not in kinds or not is_id(record_id, prefix):
            return Literal("null")
        return self._named(self.catalog.of(kinds[prefix]), given, nodes)

    def _named(self, shown: Shown, given: object, nodes: Sequence[FieldNode]) -> str:
        """The object that a client calls by an id: of a duplicate that was merged, what it is part of."""
        key = self._bound(given)
        return self._one(shown, standing_id(key) if shown.model is Account else key, nodes)

    def _bound(self, value: object) -> str:
        name = f"b_{next(self._numbers)}"
        self.params[name] = through(str, value)
        return f":{name}"

    def _given(self, field: GraphQLField, node: FieldNode) -> Mapping[str, object]:
        declared = field.extensions[GraphQLCoreConverter.DEFINITION_BACKREF]
        assert isinstance(declared, StrawberryField)
        return arguments(self.catalog.schema, field, declared, node, self.given)

    def _connection(
        self, meaning: Connected, field: GraphQLField, nodes: Sequence[FieldNode], parent: str | None
    ) -> str:
        self.walks = True
        given = dict(self._given(field, nodes[0]))
        order = [(entry.field.value, entry.direction) for entry in given.pop("order_by", None) or ()]  # type: ignore[attr-defined]
        paging = {name: given.get(name) for name in ("first", "after", "last", "before")}
        wanted = listing.arguments(meaning.of.listing, given.get("filter"), order, **paging)  # type: ignore[arg-type]
        alias = f"t{next(self._numbers)}"
        parts = Statement(meaning.of.listing, self.actor, wanted, alias, few=meaning.parent is not None)
        below = f" and {parts.below(meaning.parent, f'{parent}.id')}" if meaning.parent else ""
        type_ = get_named_type(field.type)
        assert isinstance(type_, GraphQLObjectType)
        return _Connection(self, parts, below, type_, self.catalog.of(meaning.of.shown)).sql(nodes)


class _Connection:
    """One connection: its rows, and what is told of them."""

    def __init__(
        self, compiler: Compiler, parts: Statement, below: str, type_: GraphQLObjectType, shown: Shown
    ) -> None:
        self.compiler = compiler
        self.parts = parts
        self.below = below
        self.type = type_
        self.shown = shown
        self.beyond = parts.beyond()
        self.size = parts.size
        self.alias = parts.alias
        #: Whether it matters which of the rows is the one too many.
        self.looks_ahead = False
        #: Whether anything is told of the rows.
        self.reads_rows = False

    def sql(self, nodes: Sequence[FieldNode]) -> str:
        """SQL for the connection's JSON."""
        selected = self.compiler.selections.below(nodes, self.type)
        asked = {of[0].name.value for of in selected.values()}
        self.looks_ahead = "pageInfo" in asked
        written = self.compiler.selected(self.type, selected, self._part)
        self.compiler.params |= self.parts.params
        if not self.reads_rows:
            return written
        return f"(select {written} from {self._rows(written)} {self.alias})"

    def _part(self, name: str, nodes: Sequence[FieldNode]) -> str:
        match name:
            case "nodes":
                return self._list(self.compiler.object_of(self.shown, nodes, self.alias))
            case "edges":
                return self._list(self._edge(nodes))
            case "pageInfo":
                return self._page_info(nodes)
            case "totalCount":
                return json_sql.integer(
                    f"(select count(*) from {self.parts.table} where {self.parts.where}{self.below})"
                )
        raise Unplanned(f"{name} of a connection")

    def _list(self, item: str) -> str:
        self.reads_rows = True
        which = f"{self.alias}.place <= {self.size}" if self.looks_ahead else ""
        return json_sql.array(item, self._order(), which)

    def _order(self) -> list[str]:
        """The client's order: what is walked backward is turned round."""
        if self.looks_ahead:
            return [f"{self.alias}.place{' desc' if self.parts.wanted.backward else ''}"]
        return self.parts.order_by(shown=True)

    def _edge(self, nodes: Sequence[FieldNode]) -> str:
        type_ = _object_type(self.type.fields["edges"].type)

        def value(name: str, of: Sequence[FieldNode]) -> str:
            if name == "node":
                return self.compiler.object_of(self.shown, of, self.alias)
            return self._cursor()

        return self.compiler.selected(type_, self.compiler.selections.below(nodes, type_), value)

    def _page_info(self, nodes: Sequence[FieldNode]) -> str:
        type_ = _object_type(self.type.fields["pageInfo"].type)
        backward, has_cursor = self.parts.wanted.backward, self.parts.wanted.cursor is not None
        more = f"(case when count(*) > {self.size} then 'true' else 'false' end)"
        came = Literal("true" if has_cursor else "false")
        first, last = self._cursor_at("1"), self._cursor_at(json_sql.least(f"{self.alias}.whole", self.size))
        values: Mapping[str, str] = {
            "hasNextPage": came if backward else more,
            "hasPreviousPage": more if backward else came,
            "startCursor": last if backward else first,
            "endCursor": first if backward else last,
        }

        def value(name: str, _of: Sequence[FieldNode]) -> str:
            self.reads_rows |= not isinstance(values[name], Literal)
            return values[name]

        return self.compiler.selected(type_, self.compiler.selections.below(nodes, type_), value)

    def _cursor_at(self, place: str) -> str:
        within = f"{self.alias}.place <= {self.size} and {self.alias}.place = {place}"
        return f"coalesce(max(case when {within} then {self._cursor()} end), 'null')"

    def _cursor(self) -> str:
        """SQL for a row's cursor as JSON; see ``cursors.encode``."""
        values = [_WRITTEN[column.kind](column.on(self.alias)) for column, _ in self.parts.keys]
        pieces: list[str] = [Literal(f'["{self.parts.order}"')]
        for value in values:
            pieces += [Literal(","), value]
        return together([Literal('"'), json_sql.hexadecimal(together([*pieces, Literal("]")])), Literal('"')])

    def _rows(self, written: str) -> str:
        """The rows of the page, in order, with those columns alone that are asked for."""
        parts = self.parts
        order = ", ".join(parts.order_by())
        names = sorted({"id", *_columns(f"{written} {order}", self.alias)} - {"place", "whole"})
        columns = ", ".join(f"{self.alias}.{name}" for name in names)
        limit = parts.limit if self.looks_ahead else self.size
        rows = (
            f"(select {columns} from {parts.table} where {parts.where}{self.below} and {self.beyond}"
            f" order by {order} limit {limit})"
        )
        if self.looks_ahead:
            placed = f"row_number() over (order by {order}) as place, count(*) over () as whole"
            rows = f"(select {self.alias}.*, {placed} from {rows} {self.alias})"
        if is_sqlite() and parts.wanted.backward:  # there, what is read comes as it was walked
            return f"(select * from {rows} {self.alias} order by {', '.join(self._order())})"
        return rows


_WRITTEN = {
    Kind.TEXT: json_sql.text,
    Kind.NUMBER: json_sql.integer,
    Kind.FLOAT: json_sql.number,
    Kind.DATE: json_sql.day,
    Kind.BOOLEAN: json_sql.boolean,
}


def _columns(sql: str, alias: str) -> Iterator[str]:
    """The columns of the rows ``alias`` of which SQL speaks."""
    return (found[1] for found in re.finditer(rf"\b{alias}\.(\w+)", sql))


def _ordered(shown: Shown, name: str, alias: str) -> str:
    column = shown.model._meta.fields_map[name]
    is_text = column.field_type is str
    return text_order(f"{alias}.{name}") if is_text else f"{alias}.{name}"


def _object_type(type_: GraphQLOutputType) -> GraphQLObjectType:
    found = get_named_type(type_)
    assert isinstance(found, GraphQLObjectType)
    return found

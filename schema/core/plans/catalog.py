"""What every object type means in SQL, derived from the Strawberry types and their models once, at start."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import Any

import strawberry
from graphql import (
    GraphQLEnumType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLOutputType,
    get_named_type,
)
from strawberry.types.base import StrawberryObjectDefinition
from strawberry.types.field import StrawberryField
from tortoise import fields
from tortoise.fields.base import Field

from models.base import Record
from schema.core.plans import json_sql
from schema.core.plans.json_sql import Writer
from schema.core.readable import Computed, Readable, meaning_of
from schema.core.reflection import is_list
from schema.core.stored import Stored

MONEY = "Money"
#: Scalars by the columns that hold what they show; anything else is left to Python.
_WRITERS: Mapping[str, tuple[Writer, tuple[type[Field[Any]], ...]]] = {
    "ID": (json_sql.text, (fields.CharField, fields.TextField)),
    "String": (json_sql.text, (fields.CharField, fields.TextField)),
    "CurrencyCode": (json_sql.text, (fields.CharField,)),
    "Int": (json_sql.integer, (fields.IntField, fields.SmallIntField)),
    "Float": (json_sql.number, (fields.FloatField,)),
    "Boolean": (json_sql.boolean, (fields.BooleanField,)),
    "Date": (json_sql.day, (fields.DateField,)),
    "DateTime": (json_sql.moment, (fields.DatetimeField,)),
}
#: How a computed field of a type is written that SQL gives.
_COMPUTED: Mapping[str, Writer] = {
    "ID": json_sql.text,
    "String": json_sql.text,
    "Int": json_sql.integer,
    "Date": json_sql.day,
    "JSON": json_sql.raw,
}


@dataclass(frozen=True)
class Scalar:
    """A field that SQL over the row ``t`` gives, with how it is written."""

    sql: str
    write: Writer


@dataclass(frozen=True)
class Amount:
    """A field that shows money: minor units in the row's currency."""

    minor: str


#: What a field means; None for one that only Python can compute.
Meaning = Scalar | Amount | Readable | None


@dataclass(frozen=True)
class Shown:
    """An object type: the model whose rows it shows, and what each of its fields means, by GraphQL name."""

    name: str
    model: type[Record]
    fields: Mapping[str, Meaning]


class Catalog:
    """The object types of a schema that show rows, by their classes."""

    def __init__(self, schema: strawberry.Schema) -> None:
        self.schema = schema
        self.by_class = {definition.origin: self._shown(definition) for definition in self._stored()}

    def of(self, shown: type[Stored[Record]]) -> Shown:
        """What a class of objects means."""
        return self.by_class[shown]

    def type_of(self, shown: Shown) -> GraphQLObjectType:
        """The type as graphql-core has it."""
        found = self.schema._schema.type_map[shown.name]
        assert isinstance(found, GraphQLObjectType)
        return found

    @cached_property
    def by_name(self) -> Mapping[str, Shown]:
        """The object types that show rows, by their GraphQL names."""
        return {shown.name: shown for shown in self.by_class.values()}

    def in_python(self, type_name: str, field_name: str) -> bool:
        """Whether only Python can answer a field."""
        if type_name == self.query.name:
            return field_name not in self.roots
        shown = self.by_name.get(type_name)
        return shown is not None and shown.fields.get(field_name) is None

    @cached_property
    def roots(self) -> Mapping[str, Readable]:
        """What the fields of the query type mean that mean something in SQL, by GraphQL name."""
        definition = self.schema.query.__strawberry_definition__  # type: ignore[attr-defined]
        found = {self._field_name(field): meaning_of(field.metadata) for field in definition.fields}
        return {name: meaning for name, meaning in found.items() if meaning}

    @cached_property
    def query(self) -> GraphQLObjectType:
        """The query type."""
        found = self.schema._schema.query_type
        assert found
        return found

    @cached_property
    def money(self) -> GraphQLObjectType:
        """The type of amounts."""
        found = self.schema._schema.type_map[MONEY]
        assert isinstance(found, GraphQLObjectType)
        return found

    def _stored(self) -> list[StrawberryObjectDefinition]:
        definitions = [concrete.definition for concrete in self.schema.schema_converter.type_map.values()]
        return [
            definition
            for definition in definitions
            if isinstance(definition, StrawberryObjectDefinition)
            and isinstance(definition.origin, type)
            and issubclass(definition.origin, Stored)
        ]

    def _field_name(self, field: StrawberryField) -> str:
        return self.schema.config.name_converter.from_field(field)

    def _shown(self, definition: StrawberryObjectDefinition) -> Shown:
        model = definition.origin.model
        name = self.schema.config.name_converter.from_type(definition)
        described = self.schema._schema.type_map[name]
        assert isinstance(described, GraphQLObjectType)
        meanings = {
            found: _meaning(definition.origin.__name__, model, field, described.fields[found].type)
            for field in definition.fields
            if (found := self._field_name(field)) in described.fields
        }
        return Shown(name, model, meanings)


def _meaning(shown: str, model: type[Record], field: StrawberryField, type_: GraphQLOutputType) -> Meaning:
    """What a field means.

    Raises:
        TypeError: the field can be neither read from the model nor resolved.
    """
    said = meaning_of(field.metadata)
    if said is not None or field.base_resolver is not None:
        return _said(said, type_)
    named = get_named_type(type_)
    columns = model._meta.fields_map
    if named.name == MONEY and f"{field.python_name}_minor" in columns:
        return Amount(f"t.{field.python_name}_minor")
    if field.python_name not in columns:
        raise TypeError(
            f"{shown}.{field.python_name} can be neither planned nor resolved: {model.__name__} has no column"
            f" {field.python_name!r}, and the field has no resolver"
        )
    return None if is_list(type_) else _column(columns[field.python_name], named)


def _said(said: Readable | None, type_: GraphQLOutputType) -> Meaning:
    if not isinstance(said, Computed):
        return said
    named = get_named_type(type_)
    if isinstance(named, GraphQLEnumType):
        return Scalar(said.sql, json_sql.text) if _is_stored(named) else None
    return Amount(said.sql) if named.name == MONEY else Scalar(said.sql, _COMPUTED[named.name])


def _column(column: Field[Any], type_: GraphQLNamedType) -> Meaning:
    sql = f"t.{column.model_field_name}"
    if isinstance(type_, GraphQLEnumType):
        return Scalar(sql, json_sql.text) if _is_stored(type_) else None
    writer, columns = _WRITERS.get(type_.name, (json_sql.text, ()))
    return Scalar(sql, writer) if isinstance(column, columns) else None


def _is_stored(type_: GraphQLEnumType) -> bool:
    """Whether the values of an enum are stored under the names that clients know."""
    return all(_stored_value(each.value) == name for name, each in type_.values.items())


def _stored_value(value: object) -> object:
    return value.value if isinstance(value, Enum) else value

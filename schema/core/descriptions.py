"""Descriptions in the schema: what a type or a resolver says of itself in Python is what clients read."""

from __future__ import annotations

import inspect

import strawberry
from graphql import GraphQLField, GraphQLNamedType
from strawberry.types.base import StrawberryObjectDefinition
from strawberry.types.enum import StrawberryEnumDefinition
from strawberry.types.field import StrawberryField

_DEFINITION = "strawberry-definition"


def describe(schema: strawberry.Schema) -> strawberry.Schema:
    """The schema, with docstrings as the descriptions of types and resolvers that have none of their own."""
    for type_ in schema._schema.type_map.values():
        if type_.description is None:
            type_.description = _of_type(type_)
        for field in (getattr(type_, "fields", None) or {}).values():
            if isinstance(field, GraphQLField) and field.description is None:
                field.description = _of_field(field)
    return schema


def _of_type(type_: GraphQLNamedType) -> str | None:
    definition = (type_.extensions or {}).get(_DEFINITION)
    if isinstance(definition, StrawberryEnumDefinition):
        return _text(definition.wrapped_cls)
    if not isinstance(definition, StrawberryObjectDefinition):
        return None
    origin = definition.concrete_of.origin if definition.concrete_of else definition.origin
    return _text(origin)


def _of_field(field: GraphQLField) -> str | None:
    definition = (field.extensions or {}).get(_DEFINITION)
    if not isinstance(definition, StrawberryField) or definition.base_resolver is None:
        return None
    return _text(definition.base_resolver.wrapped_func)


def _text(source: object) -> str | None:
    text = inspect.getdoc(source)
    return " ".join(text.split()) if text else None

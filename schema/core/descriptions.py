"""Descriptions in the schema: what types, resolvers and enumerations say of themselves is what clients read.

What a filter, an order or an argument is about follows from what it is of, so that it is said once.
"""

from __future__ import annotations

from collections.abc import Mapping

import strawberry
from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    Undefined,
    get_named_type,
)
from strawberry.types.base import StrawberryObjectDefinition
from strawberry.types.enum import StrawberryEnumDefinition

from models.described import Described
from schema.core.connections import UNSEEN
from schema.core.reflection import declared

_DEFINITION = "strawberry-definition"
_Types = Mapping[str, GraphQLNamedType]
_Fields = Mapping[str, GraphQLField]


def describe(schema: strawberry.Schema) -> strawberry.Schema:
    """The schema, with everything described that has no description of its own.

    Types and resolvers by their docstrings, values of enumerations by their meanings; filters and orders by
    the fields that they are about, arguments by the inputs that they take.
    """
    types = schema._schema.type_map
    for type_ in types.values():
        type_.description = type_.description or _of_type(type_)
    for type_ in types.values():
        if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType):
            _describe_fields(type_.fields)
    for type_ in types.values():
        if isinstance(type_, GraphQLEnumType):
            _describe_values(type_, types)
        elif isinstance(type_, GraphQLInputObjectType):
            _describe_inputs(type_, types)
    return schema


def _of_type(type_: GraphQLNamedType) -> str | None:
    definition = (type_.extensions or {}).get(_DEFINITION)
    if isinstance(definition, StrawberryEnumDefinition):
        return _text(definition.wrapped_cls)
    if not isinstance(definition, StrawberryObjectDefinition):
        return None
    origin = definition.concrete_of.origin if definition.concrete_of else definition.origin
    return _text(origin)


def _describe_fields(fields: _Fields) -> None:
    for field in fields.values():
        field.description = field.description or _of_resolver(field)
        for argument in field.args.values():
            argument.description = argument.description or _of_input(argument)


def _of_resolver(field: GraphQLField) -> str | None:
    made = declared(field)
    return _text(made.base_resolver.wrapped_func) if made and made.base_resolver else None


def _of_input(argument: GraphQLArgument) -> str | None:
    """An argument that is an input object says what that says."""
    type_ = get_named_type(argument.type)
    return type_.description if isinstance(type_, GraphQLInputObjectType) else None


def _describe_values(type_: GraphQLEnumType, types: _Types) -> None:
    definition = (type_.extensions or {}).get(_DEFINITION)
    shown = _listed(type_, "OrderField", types)
    for name, value in type_.values.items():
        if value.description is None and isinstance(definition, StrawberryEnumDefinition):
            member: object = definition.wrapped_cls[name]
            value.description = (member.meaning if isinstance(member, Described) else "") or _order(
                name, shown
            )


def _describe_inputs(type_: GraphQLInputObjectType, types: _Types) -> None:
    shown = _listed(type_, "Filter", types)
    for name, field in type_.fields.items():
        if field.description is None:
            field.description = _step(field) if type_.name.endswith("Order") else _condition(name, shown)
        elif type_.name.startswith("Update") and _may_be_absent(field):
            field.description += " Absent leaves it as it is."


def _may_be_absent(field: GraphQLInputField) -> bool:
    return not isinstance(field.type, GraphQLNonNull) and field.default_value is Undefined


def _listed(type_: GraphQLNamedType, ending: str, types: _Types) -> _Fields:
    """The fields of the objects that an input or enumeration called like them and ``ending`` is about."""
    of = types.get(type_.name.removesuffix(ending))
    return of.fields if type_.name.endswith(ending) and isinstance(of, GraphQLObjectType) else {}


def _order(name: str, shown: _Fields) -> str | None:
    head, *rest = name.lower().split("_")
    field = head + "".join(part.title() for part in rest)
    return f"By `{field}`: {_inside(shown[field])}" if field in shown else None


def _step(field: GraphQLInputField) -> str | None:
    """One step of an order says what its enumerations say."""
    return get_named_type(field.type).description


def _condition(name: str, shown: _Fields) -> str | None:
    other = name.removesuffix("Id")
    if name in shown:
        return f"Condition on `{name}`: {_inside(shown[name])}"
    return f"Condition on the id of `{other}`: {_inside(shown[other])}" if other in shown else None


def _inside(field: GraphQLField) -> str:
    """A field's description within a sentence; words in capitals stay."""
    text = (field.description or "").removesuffix(UNSEEN).rstrip()
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]


def _text(source: object) -> str | None:
    return " ".join((source.__doc__ or "").replace("``", "`").split()) or None

"""The arguments of a planned field: what the document says, and where variables come in."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import strawberry
from graphql import (
    FieldNode,
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    ListValueNode,
    NullValueNode,
    ObjectValueNode,
    Undefined,
    ValueNode,
    VariableNode,
)
from graphql.utilities.coerce_input_value import coerce_default_value, coerce_input_literal
from strawberry.types.arguments import convert_argument
from strawberry.types.field import StrawberryField

from schema.core.later import Later, Variables
from schema.core.plans.unplanned import Unplanned

Get = Callable[[Variables], object]


def arguments(
    schema: strawberry.Schema,
    field: GraphQLField,
    declared: StrawberryField,
    node: FieldNode,
    given: Variables,
) -> Mapping[str, object]:
    """The arguments that a field is given, by their Python names, as its resolver would get them.

    What comes from a variable is ``Later``, but for what the key of a plan tells apart.
    """
    found = {}
    said = {argument.name.value: argument.value for argument in node.arguments or ()}
    for argument in declared.arguments:
        name = schema.config.name_converter.from_argument(argument)
        if name not in said:
            continue
        value = _of_node(said[name], field.args[name].type, given)
        if value is Undefined:
            continue
        found[argument.python_name] = convert_argument(
            value, argument.type, schema.schema_converter.scalar_registry, schema.config
        )
    return found


def _of_node(node: ValueNode, type_: GraphQLInputType, given: Variables) -> object:
    """The value that a node of the document says; Undefined where it is a variable that was not given.

    Raises:
        Unplanned: it is null where null is not allowed, which the ordinary path tells.
    """
    if isinstance(type_, GraphQLNonNull):
        value = _of_node(node, type_.of_type, given)
        if value is None:
            raise Unplanned("null where a value is needed")
        return value
    if isinstance(node, VariableNode):
        name = node.name.value
        return _of_variable(given[name], type_, lambda v: v[name]) if name in given else Undefined
    if isinstance(node, NullValueNode):
        return None
    if isinstance(type_, GraphQLList):
        nodes = node.values if isinstance(node, ListValueNode) else [node]
        return [_of_node(each, type_.of_type, given) for each in nodes]
    if isinstance(type_, GraphQLInputObjectType):
        assert isinstance(node, ObjectValueNode)
        return _of_object(node, type_, given)
    return coerce_input_literal(node, type_)


def _of_object(node: ObjectValueNode, type_: GraphQLInputObjectType, given: Variables) -> dict[str, object]:
    said = {
        field.name.value: _of_node(field.value, type_.fields[field.name.value].type, given)
        for field in node.fields
    }
    found = {name: value for name, value in said.items() if value is not Undefined}
    for name, field in type_.fields.items():
        if name not in found and (default := coerce_default_value(field)) is not Undefined:
            found[name] = default
    return found


def _of_variable(value: object, type_: GraphQLInputType, get: Get) -> object:
    """A coerced value with its parts later: an enumeration's value or a boolean decides about the SQL."""
    if isinstance(type_, GraphQLNonNull):
        return _of_variable(value, type_.of_type, get)
    if value is None or isinstance(type_, GraphQLEnumType) or type_ is GraphQLBoolean:
        return value
    if isinstance(type_, GraphQLList):
        assert isinstance(value, list)
        return [_of_variable(each, type_.of_type, _item(get, number)) for number, each in enumerate(value)]
    if isinstance(type_, GraphQLInputObjectType):
        assert isinstance(value, Mapping)
        return {
            name: _of_variable(each, type_.fields[name].type, _item(get, name))
            for name, each in value.items()
        }
    return Later(get, value)


def _item(get: Get, key: object) -> Get:
    return lambda variables: get(variables)[key]  # type: ignore[index]

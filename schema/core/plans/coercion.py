"""Coercing variables: what graphql-core does for each request, made ready for each operation once.

A value that is wrong is left to graphql-core, which tells what is wrong with it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from graphql import (
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLSchema,
    OperationDefinitionNode,
    Undefined,
    VariableDefinitionNode,
    is_input_type,
    type_from_ast,
)
from graphql.utilities.coerce_input_value import coerce_default_value, coerce_input_literal

from schema.core.later import Variables
from schema.core.plans.unplanned import Unplanned

Coerce = Callable[[object], object]


class Coercion:
    """Coerces the variables of an operation."""

    def __init__(self, schema: GraphQLSchema, operation: OperationDefinitionNode) -> None:
        self.types = {
            definition.variable.name.value: _type_of(schema, definition)
            for definition in operation.variable_definitions or ()
        }
        self._coerce = {name: _coercer(type_) for name, type_ in self.types.items()}
        self._defaults = {
            definition.variable.name.value: coerce_input_literal(
                definition.default_value, _type_of(schema, definition)
            )
            for definition in operation.variable_definitions or ()
            if definition.default_value
        }

    def coerced(self, given: Variables) -> Variables:
        """The variables with the values that resolvers would get.

        Raises:
            Unplanned: one is missing or wrong.
        """
        found: dict[str, object] = {}
        for name, coerce in self._coerce.items():
            if name in given:
                found[name] = coerce(given[name])
            elif name in self._defaults:
                found[name] = self._defaults[name]
            elif isinstance(self.types[name], GraphQLNonNull):
                raise Unplanned(f"${name} is missing")
        return found


def _type_of(schema: GraphQLSchema, definition: VariableDefinitionNode) -> GraphQLInputType:
    found = type_from_ast(schema, definition.type)
    assert is_input_type(found)  # the document is valid
    return found


def _coercer(type_: GraphQLInputType) -> Coerce:
    if isinstance(type_, GraphQLNonNull):
        return _never_null(_coercer(type_.of_type))
    if isinstance(type_, GraphQLList):
        return _listed(_coercer(type_.of_type))
    if isinstance(type_, GraphQLInputObjectType):
        return _object(type_)
    leaf: Any = type_  # an enumeration wants texts, and tells of anything else as scalars do

    def coerce(value: object) -> object:
        if value is None:
            return None
        try:
            return leaf.coerce_input_value(value)
        except Exception as error:
            raise Unplanned("a scalar or an enumeration is wrong") from error

    return coerce


def _never_null(coerce: Coerce) -> Coerce:
    def coerce_given(value: object) -> object:
        if value is None:
            raise Unplanned("null where a value is needed")
        return coerce(value)

    return coerce_given


def _listed(coerce: Coerce) -> Coerce:
    def coerce_list(value: object) -> object:
        if value is None:
            return None
        return [coerce(each) for each in value] if isinstance(value, list) else [coerce(value)]

    return coerce_list


def _object(type_: GraphQLInputObjectType) -> Coerce:
    coercers: dict[str, Coerce] = {}
    defaults = {
        name: default
        for name, field in type_.fields.items()
        if (default := coerce_default_value(field)) is not Undefined
    }
    needed = {
        name
        for name, field in type_.fields.items()
        if isinstance(field.type, GraphQLNonNull) and name not in defaults
    }

    def coerce_object(value: object) -> object:
        if value is None:
            return None
        if not isinstance(value, dict) or (needed and not needed <= value.keys()):
            raise Unplanned("an object is wrong or lacks something")
        found = dict(defaults)
        for name, each in value.items():
            if name not in coercers:  # a filter holds filters of its own type
                if name not in type_.fields:
                    raise Unplanned(f"there is no {name}")
                coercers[name] = _coercer(type_.fields[name].type)
            found[name] = coercers[name](each)
        return found

    return coerce_object

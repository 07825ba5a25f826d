"""What the fields of a made schema say of themselves: how they were declared, and what they show."""

from __future__ import annotations

from graphql import GraphQLField, GraphQLList, GraphQLNonNull, GraphQLOutputType
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.field import StrawberryField


def declared(described: GraphQLField) -> StrawberryField | None:
    """The field as it was declared; None for one that is graphql-core's own."""
    found = (described.extensions or {}).get(GraphQLCoreConverter.DEFINITION_BACKREF)
    return found if isinstance(found, StrawberryField) else None


def is_list(type_: GraphQLOutputType) -> bool:
    """Whether a field of this type shows a list."""
    return isinstance(type_.of_type if isinstance(type_, GraphQLNonNull) else type_, GraphQLList)

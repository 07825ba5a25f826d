"""What becomes of clients of an older schema: what they would miss, and what may surprise them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from graphql import GraphQLError, build_schema
from graphql.utilities import find_breaking_changes, find_dangerous_changes

from models.errors import Invalid


@dataclass(frozen=True)
class SchemaChanges:
    """Changes from one schema to another, in words.

    A breaking one makes operations invalid that were valid, a dangerous one may change what a client meets,
    such as a new value of an enumeration.
    """

    breaking: Sequence[str]
    dangerous: Sequence[str]


def changes(before: str, after: str) -> SchemaChanges:
    """What changed between two schemas, each as text.

    Raises:
        Invalid: the one before is no schema.
    """
    try:
        old = build_schema(before)
    except (GraphQLError, TypeError) as error:
        raise Invalid(f"it is no GraphQL schema: {error}", ["against"]) from error
    new = build_schema(after)
    return SchemaChanges(
        sorted(each.description for each in find_breaking_changes(old, new)),
        sorted(each.description for each in find_dangerous_changes(old, new)),
    )

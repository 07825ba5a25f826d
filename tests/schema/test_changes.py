"""What clients of an older schema would miss is named, and so is what may surprise them."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.errors import Invalid
from schema.core.changes import changes

SCHEMA = Path("schema.graphql").read_text("utf-8")


def test_nothing_is_named_where_nothing_changed() -> None:
    found = changes(SCHEMA, SCHEMA)
    assert (list(found.breaking), list(found.dangerous)) == ([], [])


def test_each_change_is_named_by_what_it_does_to_clients() -> None:
    found = changes(
        "type Query { a: Int b(c: Int): E } enum E { X Y }", "type Query { b(c: Int!): E } enum E { X Z }"
    )
    assert found.breaking == [
        "Argument Query.b(c:) has changed type from Int to Int!.",
        "Enum value E.Y was removed.",
        "Field Query.a was removed.",
    ]
    assert found.dangerous == ["Enum value E.Z was added."]


@pytest.mark.parametrize("text", ["no schema", "type Query { a: Missing }", ""])
def test_what_is_no_schema_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match="is no GraphQL schema"):
        changes(text, SCHEMA)

"""One operation of a document runs, the one that is meant; what goes wrong before it is coded too."""

from __future__ import annotations

import pytest
from graphql import GraphQLError

from schema.core.documents import Documents
from tests.schema.asking import SCHEMA, refused

TWO = "query A { a: __typename } query B { b: __typename }"


async def test_of_several_operations_the_one_that_is_named_runs() -> None:
    result = await SCHEMA.execute(TWO, operation_name="B")
    assert (result.data, result.errors) == ({"b": "Query"}, None)


@pytest.mark.parametrize("name", [None, ""])
async def test_several_operations_without_a_name_are_refused_rather_than_the_first_run(
    name: str | None,
) -> None:
    result = await SCHEMA.execute(TWO, operation_name=name)
    (error,) = result.errors or []
    assert result.data is None
    assert "operationName is missing" in error.message
    assert error.extensions == {"code": "GRAPHQL_INVALID"}


async def test_a_bug_before_the_operation_runs_is_told_without_its_insides(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(*_given: object) -> list[GraphQLError]:
        raise RuntimeError("select secret from /srv/here.py")

    monkeypatch.setattr(Documents, "errors", broken)
    told = await refused(None, "{ __typename }")
    assert told["code"] == "INTERNAL"
    assert "secret" not in told["message"]

"""Documents beyond the limits are refused before anything is read, by name of the limit and its value."""

from __future__ import annotations

import time

import pytest
import strawberry
from graphql import GraphQLError, get_introspection_query

from schema.core.cost import PYTHON, Prices, costs
from schema.core.documents import Documents, Prepared
from schema.core.limits import MAX_NESTING, MAX_REPEATS, MAX_VALUES, Limits, check_size, check_values


@strawberry.type
class Page:
    """A page of queries."""

    @strawberry.field
    def nodes(self) -> list[Query]:
        return []

    @costs(7)
    @strawberry.field
    def total(self) -> int:
        return 0


@strawberry.type
class Query:
    """A field that leads to itself, and one with an argument."""

    @strawberry.field
    def again(self) -> Query:
        return Query()

    @strawberry.field
    def some(self) -> list[Query]:
        return []

    @costs(5)
    @strawberry.field
    def summed(self) -> list[Query]:
        return []

    @costs(3)
    @strawberry.field
    def slow(self) -> int:
        return 0

    @strawberry.field
    def page(self, first: int = 50) -> Page:
        assert first
        return Page()

    @strawberry.field
    def name(self, of: list[list[int]] | None = None) -> str:
        return f"a name of {of}"


def schema(
    depth: int = 5, aliases: int = 3, tokens: int = 4000, directives: int = 3, cost: int = 10_000
) -> strawberry.Schema:
    found = strawberry.Schema(Query, extensions=[lambda: Prepared(documents)])
    prices = Prices(found._schema, frozenset({"Query"}), lambda _type, name: name == "slow")
    documents = Documents(found._schema, prices, Limits(tokens, depth, aliases, directives, cost))
    return found


async def refused(query: str, **allowed: int) -> list[GraphQLError]:
    return (await schema(**allowed).execute(query)).errors or []


def nested(depth: int) -> str:
    """A query with a chain of so many fields."""
    return "{" + "again {" * (depth - 1) + "name" + "}" * depth


async def test_a_query_at_every_limit_is_answered() -> None:
    assert await refused(nested(5)) == []
    assert await refused("{ a: name b: name c: name name }") == []
    assert await refused("{ name name }", tokens=4) == []


@pytest.mark.parametrize(
    ("query", "limit", "allowed"),
    [
        (nested(6), "maxDepth", 5),
        (
            "{ ... on Query { again { ... { again { again { again { again { name } } } } } } } }",
            "maxDepth",
            5,
        ),
        (
            "{ again { ...deep } } fragment deep on Query { again { again { again { again { name } } } } }",
            "maxDepth",
            5,
        ),
        ("query A { name } query B " + nested(6), "maxDepth", 5),
        ("{ a: name b: name c: name d: name }", "maxAliases", 3),
        (
            "{ ...two again { ...two } } fragment two on Query { a: name b: name }",
            "maxAliases",
            3,
        ),
        ("{ a: __typename b: __typename c: __typename d: __typename }", "maxAliases", 3),
        ("{ name @a @b @c @d }", "maxDirectives", 3),
        ("query @a { again @b { ...F @c } } fragment F on Query { name @d }", "maxDirectives", 3),
        ("{" + " name" * 4000 + " }", "maxTokens", 4000),
        (nested(MAX_NESTING + 1), "maxNesting", MAX_NESTING),
        (nested(1200), "maxNesting", MAX_NESTING),
        ("{ name(of: " + "[" * 1000 + "]" * 1000 + ") }", "maxNesting", MAX_NESTING),
        ("query ($x: " + "[" * 1000 + "Int" + "]" * 1000 + ") { name }", "maxNesting", MAX_NESTING),
    ],
)
async def test_a_document_beyond_a_limit_is_refused_by_its_name(query: str, limit: str, allowed: int) -> None:
    (error, *_) = await refused(query)
    assert error.extensions == {"code": "LIMIT_EXCEEDED", "limit": limit, "allowed": allowed}
    assert limit in error.message
    assert f"allowed: {allowed:,}" in error.message


async def test_introspection_as_tools_send_it_is_answered() -> None:
    query = get_introspection_query(descriptions=True, input_value_deprecation=True)
    assert await refused(query) == []


async def test_introspection_that_goes_round_in_circles_is_refused() -> None:
    circles = "{ __schema { types " + "{ fields { type " * 4 + "{ name }" + "} }" * 4 + " } }"
    assert "introspection depth" in (await refused(circles))[0].message


async def test_fragments_that_multiply_or_meet_themselves_are_refused_at_once() -> None:
    spread = " ".join(
        f"fragment f{n} on Query {{ ...f{n - 1} a{n}: again {{ ...f{n - 1} }} }}" for n in range(1, 200)
    )
    began = time.process_time()
    assert await refused("fragment f0 on Query { name } " + spread + " { ...f199 }")
    assert await refused("{ ...f } fragment f on Query { again { ...f } }")
    assert await refused("{ ...missing }")
    assert time.process_time() - began < 5


async def test_a_long_chain_of_fragments_is_refused() -> None:
    chain = " ".join(f"fragment f{n} on Query {{ ...f{n - 1} }}" for n in range(1, 480))
    (error,) = await refused(f"fragment f0 on Query {{ name }} {chain} {{ ...f479 }}")
    assert error.extensions == {"code": "LIMIT_EXCEEDED", "limit": "maxNesting", "allowed": MAX_NESTING}


def test_values_count_wherever_they_are_and_whatever_is_in_texts_does_not() -> None:
    half = ["x" * 100] * (MAX_VALUES // 2 - 3)
    check_values({"a": half, "b": {"c": half}})
    beyond: list[dict[str, object]] = [{"a": half, "b": [half, [1, 2, 3, 4]]}, {"a": [{}] * MAX_VALUES}]
    for more in beyond:
        with pytest.raises(GraphQLError) as refused:
            check_values(more)
        assert refused.value.extensions == {
            "code": "LIMIT_EXCEEDED", "limit": "maxValues", "allowed": MAX_VALUES,
        }  # fmt: skip


def test_text_is_no_structure() -> None:
    check_size('{ name(of: "' + "{" * 3000 + '") }', max_tokens=4000)


def test_a_document_that_does_not_parse_is_left_to_the_parser() -> None:
    check_size("{ name(of: " + "[" * 90 + '"' * 3 + "{" * 200, max_tokens=4000)


COSTS = {
    "{ name }": 1,
    "{ page(first: 100) { nodes { page(first: 100) { nodes { name } } } } }": 100 * (1 + 100),
    "{ page { nodes { page(first: 200) { nodes { name } } } } }": 50 * (1 + 200),
    "{ page(first: 900) { nodes { name } } }": 200,
    """query ($n: Int!, $m: Int = 100) {
        page(first: $n) { nodes { page(first: $m) { nodes { name } } } } }""": 100 * (1 + 100),
    """{ page(first: 100) { ...P } } fragment P on Page { nodes { ...Q } }
        fragment Q on Query { page(first: 90) { ... on Page { nodes { name } } } }""": 100 * (1 + 90),
    "{ page(first: 100) { nodes { a: page { nodes { name } } b: page { nodes { name } } } } }": 100
    * (1 + 50 + 50),
    "{ some { name } }": 10,
    "{ summed { name } }": 5 + 10,
    "{ page { total nodes { name } } }": 50 + 7,
    "{ page { nodes { slow } } a: page { nodes { name } } }": 50 * (1 + 3) * PYTHON + 50,
    "{ page { nodes { ...F } } } fragment F on Query { again { slow } }": 50 * (1 + 1 + 3) * PYTHON,
}


@pytest.mark.parametrize("query", COSTS)
async def test_a_query_costs_what_it_may_show(query: str) -> None:
    async def errors(cost: int) -> list[GraphQLError]:
        built = schema(depth=9, cost=cost)
        return (await built.execute(query, variable_values={"n": 100})).errors or []

    assert await errors(COSTS[query]) == []
    (error,) = await errors(COSTS[query] - 1)
    allowed = COSTS[query] - 1
    assert error.extensions == {"code": "LIMIT_EXCEEDED", "limit": "maxCost", "allowed": allowed}
    assert f"{COSTS[query]:,}; allowed: {allowed:,}" in error.message


async def test_variables_that_are_no_sizes_are_left_to_coercion() -> None:
    query = "query ($n: Int) { page(first: $n) { nodes { name } } }"
    for wrong in ("many", 2.5, None, {"n": 1}):
        errors = (await schema().execute(query, variable_values={"n": wrong})).errors or []
        assert all("limit" not in (error.extensions or {}) for error in errors)


async def test_fields_selected_again_and_again_are_refused_before_they_are_compared() -> None:
    began = time.process_time()
    for query in (
        "{" + " again { name }" * (MAX_REPEATS + 2) + "}",
        "{ again {" + " ...F" * 2 + "} } fragment F on Query {" + " name" * (MAX_REPEATS + 2) + "}",
        "{" + " again { again { name } again { name } }" * (MAX_REPEATS // 2 + 2) + "}",
    ):
        (error,) = await refused(query, depth=9)
        assert error.extensions == {"code": "LIMIT_EXCEEDED", "limit": "maxRepeats", "allowed": MAX_REPEATS}
    assert await refused("{" + " name" * MAX_REPEATS + "}") == []
    assert time.process_time() - began < 2

"""Plans: what is kept of a query, what decides about its SQL, and what is left to the resolvers."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import pytest
import strawberry

from models import reading
from models.access import Actor, User
from models.accounts import Account
from models.database import is_sqlite
from schema.core import documents
from schema.core.kept import Kept
from schema.core.metrics import OPERATIONS
from schema.core.plans import reads
from schema.core.plans.catalog import Catalog
from schema.core.plans.compiler import Compiler
from schema.core.plans.reads import Reads
from schema.core.schema import Schema
from schema.core.stored import Stored, column
from schema.root import build
from settings import Settings
from tests import factories
from tests.door import Door, door
from tests.measures import counts

BY_ID = "query ($id: ID!) { account(id: $id) { name } }"


@pytest.fixture
async def ada(db: str) -> User:
    return await factories.user(await factories.tenant(), name="Ada")


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of root fields that are compiled from now on."""
    found: list[str] = []
    compile_root = Compiler.root

    def noted(self: Compiler, nodes: list[object]) -> str:
        found.append(nodes[0].name.value)  # type: ignore[attr-defined]
        return compile_root(self, nodes)  # type: ignore[arg-type]

    monkeypatch.setattr(Compiler, "root", noted)
    return found


async def how(client: Door, query: str, variables: Mapping[str, object] | None = None) -> str:
    """Whether a query was answered whole by a plan, in part, or not at all."""
    before = counts(OPERATIONS, "answered")
    await client.answer(query, variables)
    (found,) = counts(OPERATIONS, "answered") - before
    return found


async def test_other_values_are_answered_by_the_plan_that_is_there(ada: User, compiled: list[str]) -> None:
    accounts = [await factories.account(ada, name=name) for name in ("Nordwind", "Südwind")]
    async with door(ada) as client:
        answers = [await client.ask(BY_ID, {"id": account.id}) for account in accounts]
        assert await client.ask(BY_ID, {"id": "acc_of_nobody"}) == {"account": None}
    assert answers == [{"account": {"name": "Nordwind"}}, {"account": {"name": "Südwind"}}]
    assert compiled in ([], ["account"])  # the application may have been asked before


async def test_what_variables_say_about_the_sql_makes_a_plan_of_its_own(ada: User) -> None:
    for name, segment in (("A", "banks"), ("B", None)):
        await factories.account(ada, name=name, segment=segment)
    query = """
      query ($filter: AccountFilter, $order: [AccountOrder!], $with: Boolean = false, $after: String) {
        accounts(filter: $filter, orderBy: $order, first: 1, after: $after) {
            nodes { name segment @include(if: $with) } pageInfo { endCursor } } }"""
    async with door(ada) as client:

        async def names(**variables: object) -> object:
            answer = await client.ask(query, variables)
            return answer["accounts"]["nodes"]  # type: ignore[index]

        down = [{"field": "SEGMENT", "direction": "DESC"}]
        assert await names() == [{"name": "A"}]
        assert await names(filter={"segment": {"isNull": True}}) == [{"name": "B"}]
        assert await names(filter={"segment": {"isNull": False}}) == [{"name": "A"}]
        assert await names(filter={"name": {"in": ["B", "C"]}}) == [{"name": "B"}]
        assert await names(filter={"not": {"name": {"eq": "A"}}}) == [{"name": "B"}]
        assert await names(filter=None, order=down) == [{"name": "A"}]
        assert await names(**{"with": True}) == [{"name": "A", "segment": "banks"}]
        first = await client.ask(query, {"order": down})
        cursor = first["accounts"]["pageInfo"]["endCursor"]  # type: ignore[index]
        assert await names(order=down, after=cursor) == [{"name": "B"}]
        second = await client.ask(query, {"order": down, "after": cursor})
        missing = second["accounts"]["pageInfo"]["endCursor"]  # type: ignore[index]
        assert await names(order=down, after=missing) == []


async def test_an_id_among_others_decides_about_the_type(ada: User) -> None:
    account = await factories.account(ada, name="Nordwind")
    deal = await factories.deal(account, name="Cloud")
    query = """query ($one: ID!, $other: ID!) { nodes(ids: [$one, $other]) { __typename id
        ... on Account { name } ... on Deal { stage } } __typename }"""
    async with door(ada) as client:
        for one, other in ((account, deal), (deal, account), (account, account)):
            answer = await client.ask(query, {"one": one.id, "other": other.id})
            told = [each["id"] for each in answer["nodes"]]  # type: ignore[attr-defined]
            assert told == [one.id, other.id]
        assert await how(client, query, {"one": account.id, "other": "nothing"}) == "planned"


async def test_a_wrong_value_is_told_and_the_next_right_one_is_planned(ada: User) -> None:
    await factories.account(ada)
    query = "query ($first: Int, $after: String) { accounts(first: $first, after: $after) { nodes { id } } }"
    async with door(ada) as client:
        for wrong in ({"first": 201}, {"first": 1, "after": "nonsense"}, {"first": -1}):
            answer = await client.answer(query, wrong)
            assert answer["errors"], wrong
        assert await how(client, query, {"first": 1}) == "planned"
        assert (await client.answer(query, {"first": 201}))["errors"]


async def test_two_who_see_as_many_share_a_plan_and_not_what_they_see(ada: User) -> None:
    other = await factories.user(await factories.tenant(), name="Bob")
    mine, theirs = await factories.account(ada), await factories.account(other)
    for who, account in ((ada, mine), (other, theirs)):
        async with door(who) as client:
            answer = await client.ask("{ accounts { totalCount nodes { id } } me { name } }")
            assert answer["accounts"] == {"totalCount": 1, "nodes": [{"id": account.id}]}
            assert answer["me"] == {"name": who.name}
            hidden = await client.ask(BY_ID, {"id": (theirs if who is ada else mine).id})
            assert hidden == {"account": None}


async def test_of_a_query_python_computes_what_only_it_can(ada: User) -> None:
    account = await factories.account(ada, name="Nordwind")
    whole = "{ b: accounts { nodes { name } } p: portfolio { total { openDeals } } a: me { name } }"
    async with door(ada) as client:
        answer = await client.ask(whole)
        assert await how(client, whole) == "partly"
        assert await how(client, "{ portfolio { total { openDeals } } }") == "ordinary"
        assert await how(client, "{ __schema { queryType { name } } }") == "ordinary"
        assert await how(client, BY_ID, {"id": account.id}) == "planned"
    assert list(answer.items()) == [
        ("b", {"nodes": [{"name": "Nordwind"}]}),
        ("p", {"total": {"openDeals": 0}}),
        ("a", {"name": "Ada"}),
    ]


async def test_where_one_part_fails_the_others_stand_as_without_plans(ada: User) -> None:
    query = "{ a: me { name } b: accounts(first: 999) { totalCount } p: portfolio { currency } }"
    async with door(ada) as client:
        answer = await client.answer(query)
    assert answer["data"] is None
    assert [error["path"] for error in answer["errors"]] == [["b"]]  # type: ignore[attr-defined]


async def test_what_sqlite_cannot_parse_is_resolved(ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(*_given: object, **_more: object) -> None:
        raise reading.TooNested

    account = await factories.account(ada, name="Nordwind")
    unheard = BY_ID.replace("name", "n1: name")
    async with door(ada) as client:
        with monkeypatch.context() as patched:
            patched.setattr(reading, "values", refuse)
            assert await client.ask(unheard, {"id": account.id}) == {"account": {"n1": "Nordwind"}}
        assert await how(client, unheard, {"id": account.id}) == "ordinary"


@cache
def _deep() -> Schema:
    return build(Settings.model_construct(max_cost=10**12, max_depth=100))


@pytest.mark.parametrize("depth", [1, 3, 6])
async def test_objects_within_objects_are_one_statement(ada: User, depth: int) -> None:
    await factories.account(ada, name="Nordwind")
    inside = "name"
    for _ in range(depth):
        inside = f"name owner {{ name }} subsidiaries {{ totalCount nodes {{ {inside} }} }}"
    query = f"{{ accounts {{ nodes {{ {inside} }} }} }}"
    statement = _deep().reads.statement(query, {}, None, await factories.actor(ada))
    assert statement
    try:
        assert await reading.values(statement.sql, statement.values)
    except reading.TooNested:
        assert is_sqlite() and depth > 3  # resolvers answer it there


async def test_plans_and_documents_are_bounded(ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "MOST", 10)
    monkeypatch.setattr(reads, "MOST_PLANS", 20)
    schema, actor = build(), await factories.actor(ada)
    for number in range(30):
        schema.reads.statement(f"{{ a{number}: me {{ id }} }}", {}, None, actor)
    assert len(schema.documents._kept) == 10
    many = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }"
    for number in range(30):
        assert schema.reads.statement(many, {"ids": [Account.make_id()] * number}, None, actor)
    assert len(schema.reads._plans) == 20
    again = schema.documents.read(f" {many} "[1:-1])
    assert again is schema.documents.read(many)


def test_what_is_kept_is_bounded_by_what_it_weighs() -> None:
    kept = Kept[str, int](3, 10)
    for number, key in enumerate("abc"):
        kept.keep(key, number, 2)
    assert kept["a"] == 0
    kept.keep("d", 3, 2)
    assert [key for key in "abcd" if has(kept, key)] == ["a", "c", "d"]
    kept.keep("c", 4, 8)
    assert [key for key in "abcd" if has(kept, key)] == ["c", "d"]
    kept.keep("e", 5, 11)
    assert len(kept) == 0


def has(kept: Kept[str, int], key: str) -> bool:
    """Whether there is a value, without using it."""
    return key in kept._values


@strawberry.type
class Customer(Stored[Account]):
    """An account with a field that nothing gives."""

    model = Account
    name: str = column("The name.")
    shoe_size: int = column("What nobody stores.")


@strawberry.type
class Customers:
    """A query type with one of them."""

    @strawberry.field
    def customer(self) -> Customer | None:
        return None


def test_a_field_that_can_be_neither_planned_nor_resolved_is_named() -> None:
    with pytest.raises(TypeError, match=r"Customer\.shoe_size can be neither planned nor resolved: Account"):
        Catalog(strawberry.Schema(Customers))


async def test_a_plan_never_holds_what_an_actor_is(ada: User) -> None:
    """Values of one actor in a plan would be told to the next."""
    actor: Actor = await factories.actor(ada)
    schema = build()
    query = "{ accounts { nodes { id owner { id } } } me { id } }"
    assert schema.reads.statement(query, {}, None, actor)
    told = [repr(plan) for plan, _ in schema.reads._plans._values.values()]
    assert told
    assert not any(actor.tenant_id in text or actor.user_id in text for text in told)
    assert isinstance(schema.reads, Reads)

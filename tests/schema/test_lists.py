"""Lists: filtered, ordered and cut into pages that stay right while others write."""

from __future__ import annotations

import asyncio
import base64
import json
import random
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from models.access import Actor, User
from models.accounts import Account, Tier
from models.deals import Deal, Stage
from tests import factories
from tests.schema.asking import ask, counted, refused

PAGE = """
query ($first: Int, $after: String, $last: Int, $before: String, $order: [DealOrder!], $filter: DealFilter) {
  deals(first: $first, after: $after, last: $last, before: $before, orderBy: $order, filter: $filter) {
    totalCount
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    edges { cursor node { id name } }
  }
}
"""
CLOSE = [None, date(2026, 4, 1), date(2026, 4, 1), date(2026, 5, 1), date(2026, 6, 1)]


@pytest.fixture
async def owner(db: str) -> User:
    return await factories.user(await factories.tenant())


@pytest.fixture
async def actor(owner: User) -> Actor:
    return await factories.actor(owner)


@pytest.fixture
async def deals(owner: User) -> list[Deal]:
    """Twenty-five deals with ties and missing values in what they can be ordered by."""
    account = await factories.account(owner, name="Harbour")
    names = ["alpha", "Beta", "beta", "éclair", "Zeta"]
    return [
        await factories.deal(
            account,
            name=f"{names[n % 5]} {n // 5}",
            amount_minor=(n % 3) * 1000,
            close_on=CLOSE[n % 5],
            competitor="Globex 50%" if n % 4 == 0 else None,
            stage=list(Stage)[n % 4],
        )
        for n in range(25)
    ]


async def _walk(actor: Actor, size: int, *, backward: bool = False, **given: Any) -> list[str]:
    """The ids of all pages, in the order of the list."""
    ids: list[str] = []
    cursor = None
    while True:
        ends = {"last": size, "before": cursor} if backward else {"first": size, "after": cursor}
        found = (await ask(actor, PAGE, **ends, **given))["deals"]
        page = [edge["node"]["id"] for edge in found["edges"]]
        ids = page + ids if backward else ids + page
        info = found["pageInfo"]
        if not info["hasPreviousPage" if backward else "hasNextPage"]:
            return ids
        cursor = info["startCursor" if backward else "endCursor"]


async def _names(actor: Actor, **given: Any) -> list[str]:
    found = (await ask(actor, PAGE, first=200, **given))["deals"]
    assert found["totalCount"] == len(found["edges"])
    return [edge["node"]["name"] for edge in found["edges"]]


async def test_pages_of_any_size_in_any_order_hold_everything_once(actor: Actor, deals: list[Deal]) -> None:
    rng = random.Random(3)
    fields = ["NAME", "AMOUNT", "STAGE", "PROBABILITY", "CLOSE_ON", "IDENTIFIED_ON"]
    for _ in range(12):
        order = [
            {"field": field, "direction": rng.choice(["ASC", "DESC"])}
            for field in rng.sample(fields, rng.randrange(1, 4))
        ]
        whole = await _walk(actor, 200, order=order)
        assert sorted(whole) == sorted(deal.id for deal in deals)
        size = rng.randrange(1, 9)
        assert await _walk(actor, size, order=order) == whole
        assert await _walk(actor, size, order=order, backward=True) == whole


async def test_missing_values_come_last_in_both_directions(actor: Actor, deals: list[Deal]) -> None:
    by_id = {deal.id: deal for deal in deals}
    for direction in ("ASC", "DESC"):
        ids = await _walk(actor, 7, order=[{"field": "CLOSE_ON", "direction": direction}])
        dates = [by_id[deal_id].close_on for deal_id in ids]
        known = [day for day in dates if day]
        assert dates[len(known) :] == [None] * 5
        assert known == sorted(known, reverse=direction == "DESC")


async def test_text_orders_by_code_points_on_both_databases(actor: Actor, deals: list[Deal]) -> None:
    names = await _names(actor, order=[{"field": "NAME", "direction": "ASC"}])
    assert names == sorted(deal.name for deal in deals)


async def test_a_page_goes_on_where_it_stood_while_others_insert(owner: User, actor: Actor) -> None:
    account = await factories.account(owner)
    before = [await factories.deal(account, name=f"m{n:02}") for n in range(10)]
    order = [{"field": "NAME", "direction": "ASC"}]
    first = (await ask(actor, PAGE, first=4, order=order))["deals"]
    for n in range(10):
        await factories.deal(account, name=f"a{n:02}")  # ahead of the cursor: must not shift the page
    late = await factories.deal(account, name="m04b")  # behind it: must be seen
    rest = (await ask(actor, PAGE, first=200, after=first["pageInfo"]["endCursor"], order=order))["deals"]
    names = [edge["node"]["name"] for edge in [*first["edges"], *rest["edges"]]]
    assert names == sorted([*(deal.name for deal in before), late.name])


async def test_a_cursor_outlives_the_object_that_it_points_at(owner: User, actor: Actor) -> None:
    account = await factories.account(owner)
    kept = [await factories.deal(account, name=f"d{n}") for n in range(4)]
    order = [{"field": "NAME", "direction": "ASC"}]
    first = (await ask(actor, PAGE, first=2, order=order))["deals"]
    await Deal.filter(id=kept[1].id).delete()
    rest = (await ask(actor, PAGE, first=2, after=first["pageInfo"]["endCursor"], order=order))["deals"]
    assert [edge["node"]["id"] for edge in rest["edges"]] == [kept[2].id, kept[3].id]


FILTERS: list[tuple[Any, Callable[[Deal], object]]] = [
        ({"name": {"eq": "Beta 0"}}, lambda d: d.name == "Beta 0"),
        ({"name": {"in": ["Beta 0", "alpha 1", "none"]}}, lambda d: d.name in ("Beta 0", "alpha 1")),
        ({"name": {"contains": "bETA"}}, lambda d: "beta" in d.name.lower()),
        ({"name": {"contains": "É"}}, lambda _: False),
        ({"competitor": {"contains": "50%"}}, lambda d: d.competitor is not None),
        ({"competitor": {"contains": "5_%"}}, lambda _: False),
        ({"competitor": {"isNull": True}}, lambda d: d.competitor is None),
        ({"competitor": {"isNull": False}}, lambda d: d.competitor is not None),
        ({"amount": {"gte": "10.00", "lt": "20"}}, lambda d: d.amount_minor == 1000),
        ({"amount": {"in": ["0", "20.00"]}}, lambda d: d.amount_minor in (0, 2000)),
        ({"amount": {"eq": "10"}}, lambda d: d.amount_minor == 1000),
        ({"closeOn": {"lt": "2026-05-01"}}, lambda d: d.close_on == date(2026, 4, 1)),
        ({"closeOn": {"gte": "2026-05-01"}}, lambda d: d.close_on and d.close_on >= date(2026, 5, 1)),
        ({"closeOn": {"in": ["2026-06-01"]}}, lambda d: d.close_on == date(2026, 6, 1)),
        ({"closeOn": {"isNull": True}}, lambda d: d.close_on is None),
        ({"stage": {"eq": "QUALIFIED"}}, lambda d: d.stage == Stage.QUALIFIED),
        ({"stage": {"in": ["QUALIFIED", "WON"]}}, lambda d: d.stage == Stage.QUALIFIED),
        ({"stage": {"in": []}}, lambda _: False),
        ({"probability": {"gte": 10, "lt": 11}}, lambda d: d.probability == 10),
        ({"or": [{"name": {"eq": "Zeta 0"}}, {"amount": {"eq": "20"}}]},
         lambda d: d.name == "Zeta 0" or d.amount_minor == 2000),
        ({"and": [{"competitor": {"isNull": False}}, {"amount": {"eq": "0"}}]},
         lambda d: d.competitor is not None and d.amount_minor == 0),
        ({"not": {"closeOn": {"lt": "2026-05-01"}}},
         lambda d: not (d.close_on and d.close_on < date(2026, 5, 1))),
        ({"or": []}, lambda _: False),
        ({"and": []}, lambda _: True),
        ({}, lambda _: True),
        ({"not": {"or": [{"stage": {"eq": "QUALIFIED"}}, {"not": {"amount": {"eq": "0"}}}]}, "name": None},
         lambda d: d.stage != Stage.QUALIFIED and d.amount_minor == 0),
]  # fmt: skip


async def test_filters_mean_what_they_say(actor: Actor, deals: list[Deal]) -> None:
    for given, matches in FILTERS:
        expected = sorted(deal.name for deal in deals if matches(deal))
        assert sorted(await _names(actor, filter=given)) == expected, given


def _forged(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


@pytest.mark.parametrize(
    "cursor",
    ["", "xxx", "ünïcode", "a" * 5000, _forged(b"7"), _forged(b"[]"), _forged(b'["close_on:asc",1,2]'),
     _forged(b'["close_on:asc","2026-13-45","deal_1"]'), _forged(b'["close_on:asc",null]'),
     _forged(b'["name:asc","x","deal_1"]'), _forged(b'["close_on:asc",null,{"a":1}]'),
     _forged(b'["close_on:asc",null,"\\u0000"]')],
)  # fmt: skip
@pytest.mark.parametrize("db_url", ["sqlite"], indirect=True)
async def test_a_cursor_that_is_not_ours_is_refused_by_name(actor: Actor, cursor: str) -> None:
    error = await refused(actor, PAGE, after=cursor)
    assert (error["code"], error["path"]) == ("INVALID_CURSOR", ["after"])


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({"first": -1}, ["first"]),
        ({"first": 201}, ["first"]),
        ({"last": -3}, ["last"]),
        ({"first": 1, "last": 1}, ["last"]),
        ({"filter": {"amount": {"gte": "0.001"}}}, ["filter", "amount"]),
        *(
            ({"filter": {"amount": {"gte": amount}}}, ["filter", "amount"])
            for amount in ("NaN", "-Infinity", "1e1000000", "-1e1000000", "1e-1000000", "0.001")
        ),
        ({"filter": {"name": {"eq": "a\u0000b"}}}, ["filter", "name"]),
        ({"filter": {"name": {"in": ["x"] * 501}}}, ["filter", "name", "in"]),
        ({"filter": {"name": {"contains": "x" * 1001}}}, ["filter", "name", "contains"]),
        ({"filter": json.loads('{"not": ' * 9 + "{}" + "}" * 9)}, ["filter"]),
        ({"filter": {"or": [{"name": {"eq": "x"}}] * 101}}, ["filter"]),
        ({"order": [{"field": "NAME"}, {"field": "NAME", "direction": "DESC"}]}, ["orderBy"]),
    ],
)
@pytest.mark.parametrize("db_url", ["sqlite"], indirect=True)
async def test_wrong_arguments_are_refused_by_name(actor: Actor, given: Any, path: list[str]) -> None:
    error = await refused(actor, PAGE, **given)
    assert (error["code"], error["path"]) == ("INVALID", path)


async def test_the_first_and_the_last_day_of_the_calendar_are_days_like_others_in_a_filter(
    actor: Actor, deals: list[Deal]
) -> None:
    count = "query ($f: DealFilter) { deals(filter: $f) { totalCount } }"
    for bound, found in (
        ({"gte": "0001-01-01"}, 20),
        ({"lt": "9999-12-31"}, 20),
        ({"gte": "9999-12-31"}, 0),
        ({"lt": "0001-01-01"}, 0),
        ({"in": ["0001-01-01", "9999-12-31"]}, 0),
    ):
        assert (await ask(actor, count, f={"closeOn": bound}))["deals"]["totalCount"] == found


async def test_nested_lists_take_a_statement_for_each_level_and_not_for_each_object(
    owner: User, actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(8):
        account = await factories.account(owner, name=f"A{number}", tier=Tier.KEY)
        for _ in range(4):
            await factories.deal(account)
    query = """{ accounts(first: 50) { nodes { name owner { name }
        deals(first: 3, filter: {stage: {eq: IDENTIFIED}}) { totalCount nodes { name
            owner { name } } } } } }"""
    with counted(monkeypatch) as statements:
        found = await ask(actor, query)
    assert [len(node["deals"]["nodes"]) for node in found["accounts"]["nodes"]] == [3] * 8
    assert {node["deals"]["totalCount"] for node in found["accounts"]["nodes"]} == {4}
    assert len(statements) <= 12, statements


async def test_a_nested_field_that_fails_fails_alone_and_not_what_its_neighbours_wait_for(
    owner: User, actor: Actor
) -> None:
    for number in range(6):
        account = await factories.account(owner, name=f"A{number}")
        for _ in range(4):
            await factories.deal(account)
    query = """{ deals {
        edges { node { risks(after: "wrong") { totalCount } owner { name tenant { id } } } }
        nodes { owner { name team { name } } account { name owner { name } } lines { id } }
    } }"""
    for _ in range(20):
        assert (await asyncio.wait_for(refused(actor, query), 10))["code"] == "INVALID_CURSOR"


async def test_the_total_is_counted_only_when_it_is_asked_for(
    actor: Actor, deals: list[Deal], monkeypatch: pytest.MonkeyPatch
) -> None:
    with counted(monkeypatch) as statements:
        await ask(actor, "{ deals(first: 1) { nodes { id } } }")
    assert not any("count(*)" in statement for statement in statements)


async def test_a_nested_list_pages_within_its_parent(owner: User, actor: Actor) -> None:
    accounts = [await factories.account(owner, name=f"A{n}") for n in range(2)]
    for account in accounts:
        for number in range(5):
            await factories.deal(account, name=f"{account.name}-{number}")
    query = """query ($id: ID!, $after: String) { account(id: $id) {
        deals(first: 2, after: $after, orderBy: [{field: NAME}]) {
            totalCount pageInfo { hasNextPage endCursor } nodes { name } } } }"""
    names: list[str] = []
    cursor, more = None, True
    while more:
        found = (await ask(actor, query, id=accounts[1].id, after=cursor))["account"]["deals"]
        names += [node["name"] for node in found["nodes"]]
        cursor, more = found["pageInfo"]["endCursor"], found["pageInfo"]["hasNextPage"]
        assert found["totalCount"] == 5
    assert names == [f"A1-{n}" for n in range(5)]


async def test_lists_are_empty_rather_than_wrong_where_there_is_nothing(actor: Actor) -> None:
    found = (await ask(actor, PAGE, first=0))["deals"]
    assert found == {
        "totalCount": 0,
        "pageInfo": {"hasNextPage": False, "hasPreviousPage": False, "startCursor": None, "endCursor": None},
        "edges": [],
    }
    assert await Account.all().count() == 0

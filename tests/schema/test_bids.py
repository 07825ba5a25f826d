"""Bids as clients read them: from their account and deal, with filters, and as of a day."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from commands import bids, discounts
from commands.discounts import Level
from models.access import Role, User
from models.base import today
from models.bids import BidApproval, BidDecision, BidState
from tests import factories
from tests.door import Door, door

FIRST, SECOND = today() - timedelta(days=9), today() - timedelta(days=4)
LIST = """query ($id: ID!, $filter: BidFilter) { account(id: $id) { bids(filter: $filter) {
  totalCount nodes { name } } } }"""
SPLICED = "query ($id: ID!) { account(id: $id) { bids(first: 2) { nodes { name dueOn deal { name } } } } }"
NEGOTIATION = """query ($id: ID!, $on: Date) { bids(filter: { id: { eq: $id } }) { nodes {
  negotiated(asOf: $on) { tcv { amount } discount margin }
  lastRound(asOf: $on) { number discount floorDiscount aboveFloor { amount } margin
    change { tcv { amount } discount margin } } } } }"""


@pytest.fixture
async def ids(db: str) -> dict[str, str]:
    """Ada's account and its three bids, and another account of hers with one."""
    tenant = await factories.tenant()
    north = await factories.team(tenant)
    mara = await factories.user(tenant, Role.MANAGER, team_id=north.id)
    ada = await factories.user(tenant, team_id=north.id)
    actor = await factories.actor(ada)
    await discounts.set_levels(
        await factories.actor(mara), [Level(5, Role.DIRECTOR), Level(50, Role.MANAGER, below_floor=True)]
    )
    account, other = await factories.account(ada), await factories.account(ada)
    east, west = await factories.deal(account, name="East"), await factories.deal(account, name="West")
    deals = {"Waiting": east, "Approved": east, "New": west, "Elsewhere": await factories.deal(other)}
    made = {"account": account.id, "ada": ada.id}
    for number, (name, deal) in enumerate(deals.items()):
        bid = await bids.create(actor, deal.id, name, today() + timedelta(days=number))
        made[name] = bid.id
    for day, offered, cost in ((FIRST, 960_00, 600_00), (SECOND, 800_00, 500_00)):
        values = {"listed_minor": 1_000_00, "floor_minor": 1_000_00, "offered_minor": offered}
        await bids.record_round(actor, made["Waiting"], {**values, "cost_minor": cost}, held_on=day)
    await bids.decide(actor, made["Approved"], BidDecision.GO, "we can win it")
    await bids.record_round(actor, made["Approved"], {"listed_minor": 100, "offered_minor": 90})
    approval = await BidApproval.get(bid_id=made["Approved"])
    await discounts.approve(await factories.actor(mara), approval.id)
    await bids.submit(actor, made["Approved"])
    return made


@pytest.fixture
async def ada(ids: dict[str, str]) -> AsyncIterator[Door]:
    async with door(await User.get(id=ids["ada"])) as client:
        yield client


async def _named(ada: Door, ids: dict[str, str], given: dict[str, object] | None) -> list[str]:
    found: Any = await ada.ask(LIST, {"id": ids["account"], "filter": given})
    of = found["account"]["bids"]
    assert of["totalCount"] == len(of["nodes"])
    return [node["name"] for node in of["nodes"]]


async def test_an_account_lists_the_bids_for_its_deals(ada: Door, ids: dict[str, str]) -> None:
    filters: list[tuple[dict[str, object] | None, list[str]]] = [
        (None, ["Waiting", "Approved", "New"]),
        ({"approval": {"eq": "OPEN"}}, ["Waiting"]),
        ({"approval": {"eq": "APPROVED"}}, ["Approved"]),
        ({"approval": {"isNull": True}}, ["New"]),
        ({"decision": {"eq": "OPEN"}}, ["Waiting", "New"]),
        ({"state": {"eq": BidState.SUBMITTED}}, ["Approved"]),
        ({"dueOn": {"gte": (today() + timedelta(days=2)).isoformat()}}, ["New"]),
        ({"accountId": {"eq": ids["account"]}}, ["Waiting", "Approved", "New"]),
        ({"not": {"accountId": {"eq": ids["account"]}}}, []),
    ]
    for given, expected in filters:
        assert await _named(ada, ids, given) == expected, given
    found: Any = await ada.ask(SPLICED, {"id": ids["account"]})
    assert [(node["name"], node["deal"]["name"]) for node in found["account"]["bids"]["nodes"]] == [
        ("Waiting", "East"),
        ("Approved", "East"),
    ]


async def test_a_negotiation_is_read_as_of_a_day(ada: Door, ids: dict[str, str]) -> None:
    """Of 1,000.00 by list and by floor: 960.00 that cost 600.00 leave 37.5 %, 800.00 that cost 500.00 too."""

    async def on(days: int) -> Any:
        day = (FIRST + timedelta(days=days)).isoformat()
        found: Any = await ada.ask(NEGOTIATION, {"id": ids["Waiting"], "on": day})
        (node,) = found["bids"]["nodes"]
        return node

    first = {"number": 1, "discount": 4.0, "floorDiscount": 4.0, "aboveFloor": {"amount": "-40.00"}}
    second = {"number": 2, "discount": 20.0, "floorDiscount": 20.0, "aboveFloor": {"amount": "-200.00"}}
    step = {"tcv": {"amount": "-160.00"}, "discount": 16.0, "margin": 0.0}
    assert await on(-1) == {"negotiated": None, "lastRound": None}
    for days in (0, 4):
        assert await on(days) == {
            "negotiated": None,
            "lastRound": {**first, "margin": 37.5, "change": None},
        }
    assert await on(5) == {"negotiated": step, "lastRound": {**second, "margin": 37.5, "change": step}}

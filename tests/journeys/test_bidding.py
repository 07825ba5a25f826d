"""A tender from its arrival to the signature: decided on, negotiated, approved, submitted and won.

All by GraphQL; what docs/bids.md shows is sent here.
"""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

from models.access import Role
from models.base import today
from tests import factories
from tests.door import Door, Payload, door

GUIDE = Path(__file__).parents[2].joinpath("docs/bids.md").read_text("utf-8")
BLOCKS = re.findall(r"```graphql\n(.*?)```", GUIDE, re.DOTALL)
DEAL = """query ($id: ID!) { deal(id: $id) { version stage amount { amount } exitCriteria { fact met shownBy }
  bids { nodes { id state decision } } } }"""


def shown(name: str) -> str:
    """The operation that the guide shows under this name."""
    (block,) = [each for each in BLOCKS if re.search(rf"\b{name}\b", each.splitlines()[0])]
    return str(block)


def test_every_operation_of_the_guide_is_sent_here() -> None:
    named = [re.match(r"(?:query|mutation) (\w+)", block) for block in BLOCKS]
    assert {each[1] for each in named if each} == {
        "Open", "Begin", "Prepare", "Decide", "Negotiate", "Negotiated", "Levels", "Desk", "Approve",
        "Submit",
    }  # fmt: skip
    assert None not in named


async def test_a_tender_from_its_arrival_to_the_signature(db: str) -> None:
    operator = await factories.tenant()
    north = await factories.team(operator)
    mara = await factories.user(operator, Role.MANAGER, team_id=north.id, name="Mara Falk")
    ada = await factories.user(operator, team_id=north.id, name="Ada Lind")
    bo = await factories.user(operator, team_id=north.id, name="Bo Quist")
    account = await factories.account(ada)
    fibre = await factories.product(operator, name="Fibre", list_price_minor=1_000_00)

    async with door(mara) as manager:
        levels = await _done(manager, "Levels", {})
        assert [each["upToPercent"] for each in levels["setDiscountLevels"]["levels"]] == [5, 20, 40]
        stages = [
            {"name": "Tender", "stage": "PROPOSED", "required": ["BID_DECIDED", "OFFER_APPROVED"]},
            {"name": "Contract", "stage": "NEGOTIATING"},
        ]
        pipeline: Payload = {"name": "Tenders", "kinds": ["NEW"], "defaultFor": ["NEW"], "stages": stages}
        assert (await _do(manager, "createPipeline", "pipeline { id }", pipeline))["errors"] == []

    async with door(ada) as director:
        deal = (await _do(director, "createDeal", "deal { id }", {"name": "City", "accountId": account.id}))[
            "deal"
        ]
        line = {"dealId": deal["id"], "productId": fibre.id, "quantity": 1, "termMonths": 36}
        line |= {"mrc": {"amount": "1000.00"}}
        added = (await _do(director, "addDealLine", "line { id version }", line))["line"]
        begun = await _done(director, "Begin", {"deal": deal["id"]})
        bid = begun["createBid"]["bid"]["id"]
        forward = {"id": deal["id"], "version": 1, "stage": "NEGOTIATING"}
        refused = await _do(director, "advanceDeal", "deal { id }", forward)
        assert [each["path"][-1] for each in refused["errors"]] == ["BID_DECIDED", "OFFER_APPROVED"]

        await _done(director, "Prepare", {"bid": bid, "user": bo.id})
        decided = await _done(director, "Decide", {"bid": bid})
        assert decided["decideBid"]["bid"]["decision"] == "GO"
        first = await _round(director, bid, "36000.00", "34200.00")
        assert (first["discount"], first["approvals"]) == (5.0, [])  # a director gives that
        sent = await _done(director, "Submit", {"bid": bid})
        assert sent["submitBid"]["bid"]["state"] == "SUBMITTED"

        second = await _round(director, bid, "36000.00", "30600.00")
        assert (second["discount"], second["margin"]) == (15.0, 21.57)
        assert second["change"] == {"tcv": {"amount": "-3600.00"}, "discount": 10.0, "margin": -8.26}
        (waiting,) = second["approvals"]
        assert (waiting["state"], waiting["level"]["role"]) == ("OPEN", "MANAGER")
        won = {"id": bid, "state": "WON"}
        early = await _do(director, "closeBid", "bid { state }", won)
        assert early["errors"][0]["code"] == "INVALID_TRANSITION"
        await _negotiated_by_now_and_before(director, bid)
        own = await _do(director, "approveBidRound", "approval { state }", {"id": waiting["id"]})
        assert own["errors"][0]["message"] == (
            "you may not decide on this discount; allowed, for others who see the deal:"
            " MANAGER (up to 20 percent), ADMIN (up to 40 percent, below the floor)"
        )

    async with door(mara) as manager:
        desk: Any = await manager.ask(shown("Desk"))
        assert [each["id"] for each in desk["approvalsToDecide"]] == [waiting["id"]]
        assert desk["approvalsToDecide"][0]["discount"] == 15.0
        approved = await _done(manager, "Approve", {"approval": waiting["id"]})
        assert approved["approveBidRound"]["approval"]["state"] == "APPROVED"

    async with door(ada) as director:
        listed: Any = await director.ask(shown("Open"), {"account": account.id})
        (found,) = listed["account"]["bids"]["nodes"]
        assert (found["id"], found["members"][0]["user"]) == (bid, {"name": "Bo Quist"})
        assert found["documents"][0]["title"] == "The call"
        assert (found["lastRound"]["number"], found["lastRound"]["approvals"]) == (2, [{"state": "APPROVED"}])
        ended = await _do(director, "closeBid", "bid { state negotiated { tcv { amount } discount } }", won)
        assert ended == {
            "bid": {"state": "WON", "negotiated": {"tcv": {"amount": "-3600.00"}, "discount": 10.0}},
            "errors": [],
        }
        now = (await _asked(director, DEAL, deal["id"]))["deal"]
        assert {each["fact"]: (each["met"], each["shownBy"]) for each in now["exitCriteria"]} == {
            "BID_DECIDED": (True, bid), "OFFER_APPROVED": (True, bid),
        }  # fmt: skip
        priced = {**added, "mrc": {"amount": "850.00"}}
        assert (await _do(director, "updateDealLine", "line { id }", priced))["errors"] == []
        taken = {"id": deal["id"], "version": now["version"]}
        version = (await _do(director, "takeAmountFromLines", "deal { version }", taken))["deal"]["version"]
        signed = {"id": deal["id"], "version": version, "stage": "WON"}
        assert (await _do(director, "closeDeal", "deal { stage }", signed))["errors"] == []
        assert (await _asked(director, DEAL, deal["id"]))["deal"] | {"exitCriteria": [], "version": 0} == {
            "version": 0, "stage": "WON", "amount": {"amount": "30600.00"}, "exitCriteria": [],
            "bids": {"nodes": [{"id": bid, "state": "WON", "decision": "GO"}]},
        }  # fmt: skip


async def _negotiated_by_now_and_before(client: Door, bid: str) -> None:
    yesterday = (today() - timedelta(days=1)).isoformat()
    for day, expected in ((None, (2, "-3600.00")), (yesterday, (None, None))):
        answer: Any = await client.ask(shown("Negotiated"), {"bid": bid, "asOf": day})
        node = answer["node"]
        last, did = node["lastRound"] or {"number": None}, node["negotiated"] or {"tcv": {"amount": None}}
        assert (last["number"], did["tcv"]["amount"]) == expected


async def _round(client: Door, bid: str, listed: str, offered: str) -> Any:
    variables: Payload = {"bid": bid, "listed": {"amount": listed}, "offered": {"amount": offered}}
    return (await _done(client, "Negotiate", variables))["recordBidRound"]["round"]


async def _done(client: Door, name: str, variables: Payload) -> Any:
    """What an operation of the guide answers, without an error."""
    answer: Any = await client.ask(shown(name), variables)
    assert all(each["errors"] == [] for each in answer.values()), answer
    return answer


async def _do(client: Door, mutation: str, selected: str, given: Payload) -> Any:
    return await client.do(mutation, selected, given)


async def _asked(client: Door, text: str, deal_id: str) -> Any:
    return await client.ask(text, {"id": deal_id})

"""Facts about bids: worked examples as of several days, and what the hygiene pack says of them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date, timedelta
from typing import Any

import pytest

from commands import bids, discounts, evaluations, rulebooks
from commands.access import system_actor
from commands.discounts import Level
from models.access import Actor, Role, Tenant, User
from models.accounts import Account
from models.base import today
from models.bids import Bid, BidApproval, BidDecision, BidRound, BidState
from models.deals import Deal, Stage
from models.history import Change
from models.recommendations import Recommendation, RecommendationState
from rules import packs
from rules.engine.pool import EnginePool
from rules.facts import gather
from rules.needs import everything
from rules.reference import Fact
from tests import factories
from tests.door import door

BIDS = everything(["bid"])


def ago(days: int) -> date:
    return today() - timedelta(days=days)


@pytest.fixture
async def tenant(db: str) -> Tenant:
    return await factories.tenant()


@pytest.fixture
async def ada(tenant: Tenant) -> User:
    return await factories.user(tenant, name="Ada", team_id=(await factories.team(tenant)).id)


@pytest.fixture
async def mara(ada: User) -> Actor:
    """Who manages Ada."""
    of = await Tenant.get(id=ada.tenant_id)
    return await factories.actor(await factories.user(of, Role.MANAGER, name="Mara", team_id=ada.team_id))


@pytest.fixture
async def deal(ada: User) -> Deal:
    return await factories.deal(await factories.account(ada), amount_minor=5_000_00)


async def _facts(deal: Deal, day: date, known_on: date | None = None) -> list[Fact]:
    facts = await gather(deal.tenant_id, [deal.account_id], day, BIDS, known_on=known_on)
    return facts.get(deal.account_id, {}).get("bid", [])


async def _round(actor: Actor, bid: Bid, offered: int, days: int) -> BidRound:
    values = {"listed_minor": 800_00, "floor_minor": 650_00, "offered_minor": offered, "cost_minor": 500_00}
    return await bids.record_round(actor, bid.id, values, held_on=ago(days))


async def _since(record_id: str, days: int) -> None:
    """Have a change log say that everything so far of a record was so many days ago, and known then."""
    await Change.filter(entity_id=record_id).update(effective_on=ago(days), known_on=ago(days))


async def test_a_bid_tells_where_it_stands_and_what_it_offers_last(
    deal: Deal, ada: User, mara: Actor
) -> None:
    """Of 800.00 by list, 700.00 are 12.5 % off and leave 2/7 at a cost of 500.00; 640.00 are 20 % off."""
    actor = await factories.actor(ada)
    levels = [Level(15, Role.DIRECTOR), Level(30, Role.MANAGER, below_floor=True)]
    await discounts.set_levels(mara, levels)
    bid = await bids.create(actor, deal.id, "Backbone", today() + timedelta(days=5))
    await _since(bid.id, 20)
    await bids.decide(actor, bid.id, BidDecision.GO, "we can win it")
    await _round(actor, bid, 700_00, 9)
    second = await _round(actor, bid, 640_00, 2)
    (fact,) = await _facts(deal, today())
    assert fact == {
        "id": bid.id, "_source": "bellwether", "name": "Backbone", "state": "PREPARING", "is_open": True,
        "decision": "GO", "is_decided": True, "days_to_due": 5, "rounds": 2, "days_since_round": 2,
        "offered": 640_00, "discount": 20, "margin": 21.875, "is_below_floor": True, "is_approval_open": True,
        "deal_is_open": True, "deal_id": deal.id, "currency": "EUR",
    }  # fmt: skip
    (fact,) = await _facts(deal, ago(3))
    assert (fact["rounds"], fact["discount"], fact["margin"]) == (1, 12.5, 28.571429)
    assert (fact["is_decided"], fact["decision"], fact["days_to_due"]) == (False, "OPEN", 8)
    assert (fact["is_below_floor"], fact["is_approval_open"]) == (False, False)
    (fact,) = await _facts(deal, ago(10))
    assert (fact["rounds"], "discount" in fact, "days_since_round" in fact) == (0, False, False)
    assert await _facts(deal, ago(21)) == []  # it was not begun yet

    approval = await BidApproval.get(round_id=second.id)
    await discounts.approve(mara, approval.id)
    (fact,) = await _facts(deal, today())
    assert fact["is_approval_open"] is False
    (fact,) = await _facts(deal, ago(1))  # it waited still
    assert fact["is_approval_open"] is True


async def test_a_round_that_was_learned_of_later_is_not_known_before(deal: Deal, ada: User) -> None:
    actor = await factories.actor(ada)
    bid = await bids.create(actor, deal.id, "Backbone", today())
    await _since(bid.id, 20)
    await _round(actor, bid, 700_00, 9)
    (fact,) = await _facts(deal, ago(5))
    assert fact["rounds"] == 1
    (fact,) = await _facts(deal, ago(5), known_on=ago(5))  # it was written down today
    assert fact["rounds"] == 0
    await Change.filter(entity_id=bid.id, field="created").update(known_on=today())
    assert await _facts(deal, ago(5), known_on=ago(5)) == []


@pytest.mark.parametrize(
    ("state", "is_open"), [(state, state in (BidState.PREPARING, BidState.SUBMITTED)) for state in BidState]
)
async def test_a_bid_is_open_until_it_has_ended(
    deal: Deal, ada: User, state: BidState, is_open: bool
) -> None:
    bid = await bids.create(await factories.actor(ada), deal.id, "Backbone", ago(3))
    await Bid.filter(id=bid.id).update(state=state)
    (fact,) = await _facts(deal, today())
    assert (fact["is_open"], fact["state"], fact["days_to_due"]) == (is_open, state, -3)


async def test_bids_are_facts_of_the_account_of_their_deal_alone(deal: Deal, ada: User) -> None:
    other = await factories.deal(await factories.account(ada))
    for of in (deal, other):
        await bids.create(await factories.actor(ada), of.id, "Backbone", today())
    for of in (deal, other):
        assert [fact["deal_id"] for fact in await _facts(of, today())] == [of.id]


@pytest.fixture
async def engine() -> AsyncIterator[EnginePool]:
    async with EnginePool(1, 20.0) as pool:
        yield pool


async def _judged(tenant: Tenant, engine: EnginePool) -> set[str]:
    """What the rules say of bids, once everything was judged."""
    run = await evaluations.evaluate(system_actor(tenant), engine, today())
    assert (run.failures, run.disagreements) == ([], [])
    open_now = await Recommendation.filter(state=RecommendationState.OPEN, rule_key__startswith="bid-")
    return {row.rule_key for row in open_now}


async def test_the_hygiene_pack_speaks_of_a_bid_until_it_is_decided_approved_and_submitted(
    tenant: Tenant, deal: Deal, ada: User, mara: Actor, engine: EnginePool
) -> None:
    actor = await factories.actor(ada)
    await discounts.set_levels(mara, [Level(5, Role.DIRECTOR), Level(30, Role.MANAGER)])
    system = system_actor(tenant)
    book, _ = await rulebooks.keep(system, "hygiene", packs.load("pipeline-hygiene"))
    await rulebooks.activate(system, engine, book.id)
    bid = await bids.create(actor, deal.id, "Backbone", today() + timedelta(days=3))
    assert await _judged(tenant, engine) == {"bid-undecided"}
    await _is_shown_to_the_owner_of_the_deal(tenant, deal)
    await bids.decide(actor, bid.id, BidDecision.GO, "we can win it")
    assert await _judged(tenant, engine) == set()
    held = await _round(actor, bid, 700_00, 0)
    assert await _judged(tenant, engine) == {"bid-discount-waits"}
    (told,) = await Recommendation.filter(rule_key="bid-discount-waits")
    assert told.because == "Backbone is due in 3 days, and its discount of 12.5 percent waits for approval"
    assert told.deal_id == deal.id
    approval = await BidApproval.get(round_id=held.id)
    await discounts.approve(mara, approval.id)
    assert await _judged(tenant, engine) == set()
    await bids.update(actor, bid.id, {"due_on": ago(1)})
    assert await _judged(tenant, engine) == {"bid-past-due"}
    await bids.submit(actor, bid.id, on=ago(1))
    assert await _judged(tenant, engine) == set()


async def _is_shown_to_the_owner_of_the_deal(tenant: Tenant, deal: Deal) -> None:
    """Who has the deal alone, on somebody else's account, sees what is said of its bid."""
    seller = await factories.user(tenant, name="Bo")
    await Deal.filter(id=deal.id).update(owner_id=seller.id)
    async with door(seller) as client:
        query = "{ recommendations(first: 5) { nodes { ruleKey deal { id } } } }"
        found: Any = await client.ask(query)
    assert {"ruleKey": "bid-undecided", "deal": {"id": deal.id}} in found["recommendations"]["nodes"]
    account = await Account.get(id=deal.account_id)
    await Deal.filter(id=deal.id).update(owner_id=account.owner_id)


async def test_a_bid_of_a_deal_that_ended_long_ago_is_no_fact(deal: Deal, ada: User) -> None:
    await bids.create(await factories.actor(ada), deal.id, "Backbone", today())
    await Deal.filter(id=deal.id).update(stage=Stage.LOST, closed_on=ago(10))
    (fact,) = await _facts(deal, today())
    assert fact["deal_is_open"] is False
    await Deal.filter(id=deal.id).update(closed_on=ago(365))
    assert await _facts(deal, today()) == []

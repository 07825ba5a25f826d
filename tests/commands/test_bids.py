"""Bids: decided with a reason, negotiated in rounds, approved by whom levels name, submitted and ended."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import date, timedelta

import pytest

from commands import bids, discounts, privacy
from commands.actors import actor_of
from commands.discounts import Level
from models.access import Actor, Delegation, Role, Tenant, User
from models.accounts import Account
from models.base import Record, today
from models.bids import (
    ApprovalState,
    Bid,
    BidApproval,
    BidDecision,
    BidDocument,
    BidDocumentKind,
    BidMember,
    BidRound,
    BidState,
    DiscountLevel,
)
from models.deals import Deal, Stage
from models.errors import Conflict, Forbidden, Invalid, InvalidTransition, NotFound
from models.history import AuditRecord, Change
from models.rulebooks import PendingJudgement
from models.visibility import find
from tests import factories
from tests.door import written

DUE = today() + timedelta(days=30)
TOMORROW = today() + timedelta(days=1)
GO, NO_GO = BidDecision.GO, BidDecision.NO_GO
LADDER = (
    Level(5, role=Role.DIRECTOR),
    Level(15, role=Role.MANAGER),
    Level(40, role=Role.ADMIN, below_floor=True),
)


@dataclass
class World:
    """Mara manages the team of Ada, whose deal it is; Otto manages another; Root administers."""

    mara: User
    ada: User
    bo: User
    otto: User
    root: User
    deal: Deal

    async def actor(self, name: str) -> Actor:
        return await factories.actor(getattr(self, name))

    async def bid(self, decision: BidDecision | None = GO, due_on: date = DUE) -> Bid:
        ada = await self.actor("ada")
        bid = await bids.create(ada, self.deal.id, "Backbone 2027", due_on)
        return await bids.decide(ada, bid.id, decision, "we can win it") if decision else bid


@pytest.fixture
async def world(db: str) -> World:
    tenant = await factories.tenant()
    north, south = [await factories.team(tenant, name=name) for name in ("North", "South")]
    mara = await factories.user(tenant, Role.MANAGER, team_id=north.id, name="Mara")
    ada, bo = [await factories.user(tenant, team_id=north.id, name=name) for name in ("Ada", "Bo")]
    otto = await factories.user(tenant, Role.MANAGER, team_id=south.id, name="Otto")
    root = await factories.user(tenant, Role.ADMIN, name="Root")
    deal = await factories.deal(await factories.account(ada))
    return World(mara, ada, bo, otto, root, deal)


@pytest.fixture
async def ladder(world: World) -> list[DiscountLevel]:
    return await discounts.set_levels(await world.actor("mara"), LADDER)


async def held(
    world: World, bid: Bid, offered: int, who: str = "ada", floor: int | None = None, listed: int = 1_000_00
) -> tuple[BidRound, BidApproval | None]:
    """A round at a list of 1,000.00, with the approval that it asked for."""
    values = {"listed_minor": listed, "floor_minor": floor, "offered_minor": offered, "cost_minor": 600_00}
    found = await bids.record_round(await world.actor(who), bid.id, values)
    return found, await BidApproval.get_or_none(round_id=found.id)


async def level_of(approval: BidApproval | None) -> int | None:
    """Up to how many percent the level allows that an approval was asked at."""
    return (await DiscountLevel.get(id=approval.level_id)).up_to_percent if approval else None


async def test_a_bid_is_decided_with_a_reason_and_may_be_decided_anew(world: World) -> None:
    ada, bid = await world.actor("ada"), await world.bid(None)
    assert (bid.state, bid.decision, bid.decided_by_id) == (BidState.PREPARING, BidDecision.OPEN, None)
    for reason in ("", "  "):
        with pytest.raises(Invalid, match="may not be blank"):
            await bids.decide(ada, bid.id, GO, reason)
    with pytest.raises(Invalid, match="OPEN is no decision; allowed: GO, NO_GO"):
        await bids.decide(ada, bid.id, BidDecision.OPEN, "later")
    bid = await bids.decide(ada, bid.id, NO_GO, "too small")
    bid = await bids.decide(await world.actor("mara"), bid.id, GO, "the customer is strategic")
    assert (bid.decision, bid.decided_by_id, bid.decided_at is not None) == (GO, world.mara.id, True)
    told = await Change.filter(entity_id=bid.id, field="decided_because").order_by("created_at", "seq")
    assert [each.new for each in told] == ["too small", "the customer is strategic"]


async def test_a_no_go_takes_no_rounds_and_is_not_submitted(world: World, ladder: object) -> None:
    bid, ada = await world.bid(), await world.actor("ada")
    _, approval = await held(world, bid, 900_00)
    await bids.decide(ada, bid.id, NO_GO, "no capacity")
    assert approval and (await BidApproval.get(id=approval.id)).state == ApprovalState.LAPSED
    before = await written()
    with pytest.raises(InvalidTransition, match="NO_GO and takes no rounds"):
        await held(world, bid, 1_000_00)
    with pytest.raises(InvalidTransition, match="the decision is NO_GO"):
        await bids.submit(ada, bid.id)
    assert await written() == before
    await bids.decide(ada, bid.id, GO, "there is capacity now")
    with pytest.raises(InvalidTransition, match="round 1 is not approved, it is LAPSED"):
        await bids.submit(ada, bid.id)
    assert (await bids.close(ada, bid.id, BidState.WITHDRAWN)).state == BidState.WITHDRAWN


async def test_only_a_go_is_submitted(world: World) -> None:
    bid = await world.bid(None)
    with pytest.raises(InvalidTransition, match="the decision is OPEN; only a GO"):
        await bids.submit(await world.actor("ada"), bid.id)


async def test_a_bid_is_late_only_with_a_reason(world: World) -> None:
    ada, late = await world.actor("ada"), await world.bid(due_on=today() - timedelta(days=1))
    with pytest.raises(Invalid, match="say why it is late") as refused:
        await bids.submit(ada, late.id)
    assert refused.value.path == ("lateBecause",)
    with pytest.raises(Invalid, match="is in the future"):
        await bids.submit(ada, late.id, on=TOMORROW)
    submitted = await bids.submit(ada, late.id, late_because="the customer gave us a day")
    assert (submitted.submitted_on, submitted.late_because) == (today(), "the customer gave us a day")
    in_time = await world.bid(due_on=today())
    submitted = await bids.submit(ada, in_time.id, late_because="it is not")
    assert (submitted.state, submitted.late_because) == (BidState.SUBMITTED, None)


@pytest.mark.parametrize(
    ("state", "may_become"),
    [
        (BidState.PREPARING, {BidState.SUBMITTED, BidState.WITHDRAWN}),
        (BidState.SUBMITTED, {BidState.WON, BidState.LOST, BidState.WITHDRAWN}),
        *((each, set()) for each in (BidState.WON, BidState.LOST, BidState.WITHDRAWN)),
    ],
)
async def test_what_a_bid_may_become(world: World, state: BidState, may_become: set[BidState]) -> None:
    ada = await world.actor("ada")
    for to in (BidState.SUBMITTED, BidState.WON, BidState.LOST, BidState.WITHDRAWN):
        bid = await world.bid()
        await Bid.filter(id=bid.id).update(state=state)
        act = bids.submit(ada, bid.id) if to is BidState.SUBMITTED else bids.close(ada, bid.id, to)
        if to in may_become:
            assert (await act).state == to
        else:
            with pytest.raises(InvalidTransition, match=f"the bid is {state}; allowed: "):
                await act


async def test_nothing_of_a_bid_changes_once_it_has_ended(world: World) -> None:
    ada, bid = await world.actor("ada"), await world.bid()
    document = await bids.put_document(ada, bid.id, "https://files.example/a", "Call", BidDocumentKind.TENDER)
    member = await bids.set_member(ada, bid.id, world.bo.id, "prices")
    await bids.close(ada, bid.id, BidState.WITHDRAWN, because="the customer stopped it")
    before = await written()
    for act in (
        bids.update(ada, bid.id, {"name": "Other"}),
        bids.decide(ada, bid.id, GO, "after all"),
        bids.put_document(ada, bid.id, "https://files.example/b", "Offer", BidDocumentKind.OFFER),
        bids.remove_document(ada, document.id),
        bids.set_member(ada, bid.id, world.ada.id, "leads"),
        bids.remove_member(ada, member.id),
        bids.record_round(ada, bid.id, {"listed_minor": 100, "offered_minor": 100}),
        bids.submit(ada, bid.id),
    ):
        with pytest.raises(InvalidTransition, match="WITHDRAWN"):
            await act
    assert await written() == before


async def test_a_bid_is_for_an_open_deal_and_made_once(world: World) -> None:
    ada = await world.actor("ada")
    made = [
        await bids.create(ada, world.deal.id, "Backbone", DUE, idempotency_key="the same") for _ in range(2)
    ]
    assert made[0].id == made[1].id
    with pytest.raises(Invalid, match="something else was asked"):
        await bids.create(ada, world.deal.id, "Other", DUE, idempotency_key="the same")
    with pytest.raises(NotFound):
        await bids.create(await world.actor("otto"), world.deal.id, "Backbone", DUE)
    await Deal.filter(id=world.deal.id).update(stage=Stage.LOST)
    with pytest.raises(InvalidTransition):
        await bids.create(ada, world.deal.id, "Backbone", DUE)


async def test_documents_are_https_links_and_stay_in_the_history(world: World) -> None:
    ada, bid = await world.actor("ada"), await world.bid()
    for url in (
        "http://files.example/a",
        "javascript:alert(1)",
        "https://",
        "https:///a",
        "https://ada:secret@files.example/a",
        "https://files.example/ä",
        "https://files.example/a b",
        "https://[files.example/a",
        "HTTPS://files.example/a",
        "files.example/a",
    ):
        with pytest.raises(Invalid, match="url is no link") as refused:
            await bids.put_document(ada, bid.id, url, "Call", BidDocumentKind.TENDER)
        assert refused.value.path == ("url",)
    url = "https://files.example/a?version=2#page=3"
    first = await bids.put_document(ada, bid.id, url, "Call", BidDocumentKind.TENDER)
    again = await bids.put_document(ada, bid.id, url, "The call", BidDocumentKind.TENDER)
    assert (first.id, again.title) == (again.id, "The call")
    assert (await bids.remove_document(ada, first.id)).removed_on == today()
    with pytest.raises(InvalidTransition, match="was taken out on"):
        await bids.remove_document(ada, first.id)
    back = await bids.put_document(ada, bid.id, url, "The call", BidDocumentKind.TENDER)
    assert (back.id, back.removed_on) == (first.id, None)
    told = await Change.filter(entity_id=first.id, field="removed_on").order_by("created_at", "seq")
    assert [each.new for each in told] == [today().isoformat(), None]


async def test_who_works_on_a_bid_has_one_duty_and_sees_no_more_by_it(world: World) -> None:
    ada, bid = await world.actor("ada"), await world.bid()
    member = await bids.set_member(ada, bid.id, world.bo.id, "prices")
    again = await bids.set_member(ada, bid.id, world.bo.id, "prices and terms")
    assert (member.id, again.duty) == (again.id, "prices and terms")
    with pytest.raises(NotFound):
        await find(Bid, await world.actor("bo"), bid.id, "id")
    await bids.remove_member(ada, member.id)
    with pytest.raises(InvalidTransition, match="work on it no more"):
        await bids.remove_member(ada, member.id)
    assert (await bids.set_member(ada, bid.id, world.bo.id, "terms")).removed_on is None
    await User.filter(id=world.otto.id).update(active=False)
    with pytest.raises(NotFound):
        await bids.set_member(ada, bid.id, world.otto.id, "legal")


async def test_rounds_count_up_and_are_never_changed(world: World) -> None:
    bid = await world.bid()
    rounds = [(await held(world, bid, offered))[0] for offered in (1_000_00, 950_00, 970_00)]
    assert [each.number for each in rounds] == [1, 2, 3]
    assert (await Bid.get(id=bid.id)).rounds_held == 3
    assert "offered_minor" in rounds[0].immutable
    ada = await world.actor("ada")
    values = {"asked": "a year less", "listed_minor": 1_000_00, "offered_minor": 900_00}
    twice = [await bids.record_round(ada, bid.id, values, idempotency_key="fourth") for _ in range(2)]
    assert [each.number for each in twice] == [4, 4]


async def test_of_two_who_act_on_one_round_at_the_same_moment_the_later_is_told(world: World) -> None:
    ada, bid = await world.actor("ada"), await world.bid()
    read_at = bid.version
    await held(world, bid, 900_00)
    with pytest.raises(Conflict):
        await bids.submit(ada, bid.id, version=read_at)


@pytest.mark.parametrize(
    ("values", "path"),
    [
        ({"listed_minor": 0}, "listed"),
        ({"listed_minor": -1}, "listed"),
        ({"offered_minor": -1}, "offered"),
        ({"offered_minor": 2**53}, "offered"),
        ({"cost_minor": -1}, "cost"),
        ({"floor_minor": 1_000_01}, "floor"),
        ({"asked": " "}, "asked"),
        ({"got": "x" * 2001}, "got"),
    ],
)
async def test_a_round_has_amounts_and_texts_in_range(
    world: World, values: dict[str, object], path: str
) -> None:
    bid = await world.bid()
    with pytest.raises(Invalid) as refused:
        await bids.record_round(
            await world.actor("ada"), bid.id, {"listed_minor": 1_000_00, "offered_minor": 900_00, **values}
        )
    assert refused.value.path == (path,)
    assert not await BidRound.all().exists()
    with pytest.raises(Invalid):
        await bids.record_round(
            await world.actor("ada"), bid.id, {"listed_minor": 1, "offered_minor": 1}, held_on=TOMORROW
        )


@pytest.mark.parametrize(
    ("offered", "floor", "who", "level"),
    [
        (1_000_00, None, "ada", None),  # no discount
        (1_100_00, None, "ada", None),  # more than the list
        (950_00, None, "ada", None),  # 5 %: what a director gives
        (949_99, None, "ada", 15),  # 5.001 %
        (850_00, None, "ada", 15),  # 15 %
        (849_99, None, "ada", 40),  # 15.001 %
        (850_00, None, "mara", None),  # 15 %: what a manager gives
        (849_99, None, "mara", 40),
        (600_00, None, "root", None),
        (960_00, 960_00, "ada", None),  # 4 %, at the floor
        (959_99, 960_00, "ada", 40),  # 4.001 %, below the floor
        (959_99, 960_00, "mara", 40),
        (959_99, 960_00, "root", None),
    ],
)
async def test_a_discount_is_asked_for_at_the_lowest_level_that_covers_it(
    world: World, ladder: object, offered: int, floor: int | None, who: str, level: int | None
) -> None:
    """Of a list of 1,000.00: directors give 5 %, managers 15 %, administrators 40 %, and below the floor."""
    bid = await world.bid()
    _, approval = await held(world, bid, offered, who, floor)
    assert await level_of(approval) == level
    if approval:
        assert approval.requested_by_id == getattr(world, who).id
        assert approval.discount == round((1_000_00 - offered) / 10)


async def test_a_discount_beyond_every_level_is_no_round(world: World, ladder: object) -> None:
    bid = await world.bid()
    with pytest.raises(Invalid, match="beyond every level; allowed: up to 40 percent"):
        await held(world, bid, 599_99)
    await discounts.set_levels(await world.actor("mara"), LADDER[:2])
    with pytest.raises(Invalid, match="no level approves anything below the floor"):
        await held(world, bid, 899_99, floor=900_00)
    assert not await BidRound.all().exists()
    assert (await Bid.get(id=bid.id)).rounds_held == 0


async def test_without_levels_no_discount_needs_approval(world: World) -> None:
    assert (await held(world, await world.bid(), 1_00, floor=900_00))[1] is None


async def test_a_level_that_names_a_user_is_for_that_user_alone(world: World) -> None:
    await discounts.set_levels(await world.actor("mara"), [Level(20, user_id=world.mara.id)])
    _, approval = await held(world, await world.bid(), 900_00)
    assert approval
    root = await world.actor("root")
    with pytest.raises(Forbidden, match=r"allowed, for others who see the deal: Mara \(up to 20 percent\)$"):
        await discounts.approve(root, approval.id)
    assert await discounts.waiting(root, 9) == []
    assert await discounts.waiting(await world.actor("mara"), 9) == [approval.id]
    decided = await discounts.approve(await world.actor("mara"), approval.id)
    assert (decided.state, decided.decided_by_id) == (ApprovalState.APPROVED, world.mara.id)


@pytest.mark.parametrize(
    ("offered", "floor", "may", "allowed"),
    [
        (
            900_00,
            None,
            {"mara", "root"},
            "MANAGER (up to 15 percent), ADMIN (up to 40 percent, below the floor)",
        ),
        (800_00, None, {"root"}, "ADMIN (up to 40 percent, below the floor)"),
        (980_00, 990_00, {"root"}, "ADMIN (up to 40 percent, below the floor)"),
    ],
)
async def test_whoever_may_give_a_discount_may_let_others_give_it(
    world: World, ladder: object, offered: int, floor: int | None, may: set[str], allowed: str
) -> None:
    for who in ("mara", "root"):
        _, approval = await held(world, await world.bid(), offered, floor=floor)
        assert approval
        for other in {"ada", "mara", "root"} - may:
            actor = await world.actor(other)
            assert approval.id not in await discounts.waiting(actor, 9)
            with pytest.raises(Forbidden) as refused:
                await discounts.approve(actor, approval.id)
            assert refused.value.message == (
                f"you may not decide on this discount; allowed, for others who see the deal: {allowed}"
            )
        if who in may:
            actor = await world.actor(who)
            assert approval.id in await discounts.waiting(actor, 9)
            assert (await discounts.approve(actor, approval.id)).state == ApprovalState.APPROVED
            assert approval.id not in await discounts.waiting(actor, 9)


async def test_a_discount_is_decided_once_by_who_sees_the_deal(world: World, ladder: object) -> None:
    bid = await world.bid()
    _, approval = await held(world, bid, 900_00)
    assert approval
    with pytest.raises(NotFound):
        await discounts.approve(await world.actor("otto"), approval.id)
    mara = await world.actor("mara")
    with pytest.raises(Invalid, match="reason may not be blank"):
        await discounts.reject(mara, approval.id, " ")
    with pytest.raises(Conflict):
        await discounts.approve(mara, approval.id, version=7)
    rejected = await discounts.reject(mara, approval.id, "too much for one year")
    assert (rejected.state, rejected.reason) == (ApprovalState.REJECTED, "too much for one year")
    with pytest.raises(InvalidTransition, match="the approval is REJECTED"):
        await discounts.approve(mara, approval.id)


async def test_nobody_decides_on_what_they_asked_for(world: World, ladder: object) -> None:
    """Neither by a level that names them since, nor by a role that they have since: they offer it anew."""
    bid = await world.bid()
    _, approval = await held(world, bid, 900_00)
    assert approval
    await discounts.set_levels(await world.actor("root"), [*LADDER, Level(20, user_id=world.ada.id)])
    for role in (Role.DIRECTOR, Role.MANAGER):
        await User.filter(id=world.ada.id).update(role=role)
        ada = await world.actor("ada")
        for act in (discounts.approve(ada, approval.id), discounts.reject(ada, approval.id, "no")):
            with pytest.raises(Forbidden, match="nobody decides on what they asked for; allowed, for others"):
                await act
        assert await discounts.waiting(ada, 9) == []
    assert (await BidApproval.get(id=approval.id)).state == ApprovalState.OPEN
    assert (await held(world, bid, 900_00))[1] is None


async def test_of_two_who_decide_at_once_one_is_told_that_it_is_done(world: World, ladder: object) -> None:
    _, approval = await held(world, await world.bid(), 900_00)
    assert approval
    mara, root = await world.actor("mara"), await world.actor("root")
    done = await asyncio.gather(
        discounts.approve(mara, approval.id),
        discounts.reject(root, approval.id, "too much"),
        return_exceptions=True,
    )
    (decided,) = [each for each in done if isinstance(each, BidApproval)]
    (refused,) = [each for each in done if not isinstance(each, BidApproval)]
    assert isinstance(refused, Conflict | InvalidTransition)
    stored = await BidApproval.get(id=approval.id)
    assert (stored.state, stored.decided_by_id) == (decided.state, decided.decided_by_id)
    told = await Change.filter(entity_id=approval.id, field="state")
    assert [(each.old, each.new) for each in told] == [("OPEN", str(decided.state))]


async def test_of_two_rounds_that_are_written_down_at_once_both_count_or_one_is_told(
    world: World, ladder: object
) -> None:
    ada, bid = await world.actor("ada"), await world.bid()
    done = await asyncio.gather(
        *(
            bids.record_round(ada, bid.id, {"listed_minor": 100, "offered_minor": offered})
            for offered in (90, 89)
        ),
        return_exceptions=True,
    )
    held_now = [each for each in done if isinstance(each, BidRound)]
    assert all(isinstance(each, BidRound | Conflict) for each in done)
    assert held_now
    assert (await Bid.get(id=bid.id)).rounds_held == len(held_now) == await BidRound.all().count()
    assert await BidApproval.filter(state=ApprovalState.OPEN).count() == 1


async def test_a_round_that_is_sent_twice_at_once_with_one_key_is_one_round(
    world: World, ladder: object
) -> None:
    ada, bid = await world.actor("ada"), await world.bid()
    values = {"listed_minor": 100, "offered_minor": 90}
    sent = [bids.record_round(ada, bid.id, values, idempotency_key="once") for _ in range(2)]
    first, second = await asyncio.gather(*sent)
    assert first.id == second.id
    assert (await Bid.get(id=bid.id)).rounds_held == await BidApproval.all().count() == 1
    with pytest.raises(Invalid, match="something else was asked"):
        await bids.record_round(ada, bid.id, {**values, "offered_minor": 80}, idempotency_key="once")


async def test_what_somebody_else_changed_meanwhile_is_not_overwritten(world: World, ladder: object) -> None:
    ada, bid = await world.actor("ada"), await world.bid()
    await bids.update(ada, bid.id, {"due_on": TOMORROW}, bid.version)
    for act in (
        bids.update(ada, bid.id, {"name": "Other"}, bid.version),
        bids.decide(ada, bid.id, NO_GO, "too small", bid.version),
        bids.submit(ada, bid.id, version=bid.version),
        bids.close(ada, bid.id, BidState.WITHDRAWN, version=bid.version),
    ):
        with pytest.raises(Conflict) as refused:
            await act
        assert isinstance(refused.value.current, Bid)
    assert (await Bid.get(id=bid.id)).due_on == TOMORROW


async def test_rounds_are_written_down_in_the_order_in_which_they_were_held(world: World) -> None:
    ada, bid = await world.actor("ada"), await world.bid()
    values = {"listed_minor": 100, "offered_minor": 100}
    day = today() - timedelta(days=5)
    await bids.record_round(ada, bid.id, values, held_on=day)
    with pytest.raises(Invalid, match=f"round 1 was held on {day}; allowed: from then on") as refused:
        await bids.record_round(ada, bid.id, values, held_on=day - timedelta(days=1))
    assert refused.value.path == ("heldOn",)
    assert (await bids.record_round(ada, bid.id, values, held_on=day)).number == 2


async def test_what_waits_for_a_deal_that_was_lost_is_on_no_desk(world: World, ladder: object) -> None:
    _, approval = await held(world, await world.bid(), 900_00)
    assert approval
    mara = await world.actor("mara")
    await Deal.filter(id=world.deal.id).update(stage=Stage.WON)
    assert await discounts.waiting(mara, 9) == [approval.id]
    await Deal.filter(id=world.deal.id).update(stage=Stage.LOST)
    assert await discounts.waiting(mara, 9) == []


async def test_the_history_has_who_asked_and_who_decided_what_when(world: World, ladder: object) -> None:
    ada, bid = await world.actor("ada"), await world.bid()
    day = today() - timedelta(days=3)
    values = {"listed_minor": 100, "offered_minor": 90}
    held_then = await bids.record_round(ada, bid.id, values, held_on=day)
    approval = await BidApproval.get(round_id=held_then.id)
    await discounts.approve(await world.actor("mara"), approval.id, "a reference")
    told = await Change.filter(entity_id__in=[bid.id, held_then.id, approval.id]).order_by("id")
    rows = [(each.entity, each.field, each.new, each.effective_on) for each in told]
    assert [row for row in rows if row[0] == "bid_round"] == [("bid_round", "created", held_then.id, day)]
    assert ("bid", "rounds_held", "1", day) in rows
    assert {row[1:] for row in rows if row[0] == "bid_approval"} >= {
        ("created", approval.id, day),
        ("state", "APPROVED", today()),
        ("reason", "a reference", today()),
        ("decided_by_id", world.mara.id, today()),
    }
    commands = [each.command for each in await AuditRecord.all().order_by("id")]
    assert commands[-4:] == ["bids.create", "bids.decide", "bids.record_round", "discounts.approve"]


async def test_whatever_moves_the_facts_of_a_bid_has_its_account_judged_again(
    world: World, ladder: object
) -> None:
    ada, bid = await world.actor("ada"), await world.bid()

    async def noted(act: Awaitable[object]) -> object:
        await PendingJudgement.all().delete()
        done = await act
        assert [each.account_id for each in await PendingJudgement.all()] == [world.deal.account_id]
        return done

    await noted(bids.update(ada, bid.id, {"due_on": TOMORROW}))
    await noted(held(world, bid, 900_00))
    approval = await BidApproval.get(bid_id=bid.id)
    await noted(discounts.approve(await world.actor("mara"), approval.id))
    await noted(bids.submit(ada, bid.id))


async def test_an_assistant_gives_what_the_principal_may_and_approves_nothing(
    world: World, ladder: object
) -> None:
    bid = await world.bid()
    helper = await factories.user(await Tenant.get(id=world.ada.tenant_id), Role.ASSISTANT)
    for principal in (world.ada, world.mara):
        await Delegation.create(
            id=Delegation.make_id(),
            tenant_id=world.ada.tenant_id,
            assistant_id=helper.id,
            principal_id=principal.id,
        )
    values = {"listed_minor": 1_000_00, "offered_minor": 900_00}
    for principal, state in ((world.mara, None), (world.ada, ApprovalState.OPEN)):
        acting = await actor_of(helper.id, helper.tenant_id, principal.id)
        found = await bids.record_round(acting, bid.id, values)
        approval = await BidApproval.get_or_none(round_id=found.id)
        assert (approval and approval.state) == state
        assert found.recorded_by_id == helper.id
    assert approval and approval.requested_by_id == world.ada.id
    acting = await actor_of(helper.id, helper.tenant_id, world.mara.id)
    with pytest.raises(Forbidden, match=r"an? ASSISTANT may not decide on discounts"):
        await discounts.approve(acting, approval.id)
    assert await discounts.waiting(acting, 9) == []


async def test_a_bid_goes_out_and_is_won_only_at_a_discount_that_was_approved(
    world: World, ladder: object
) -> None:
    bid, ada, mara = await world.bid(), await world.actor("ada"), await world.actor("mara")
    _, first = await held(world, bid, 900_00)
    assert first
    with pytest.raises(InvalidTransition, match="round 1 is not approved, it is OPEN"):
        await bids.submit(ada, bid.id)
    await discounts.reject(mara, first.id, "too much")
    with pytest.raises(InvalidTransition, match="round 1 is not approved, it is REJECTED"):
        await bids.submit(ada, bid.id)
    await held(world, bid, 960_00)  # what Ada may give: the rejected round is past
    await bids.submit(ada, bid.id)
    _, third = await held(world, bid, 870_00)  # the customer has the bid, and asks for more
    assert third
    with pytest.raises(InvalidTransition, match="round 3 is not approved"):
        await bids.close(ada, bid.id, BidState.WON)
    await discounts.approve(mara, third.id)
    won = await bids.close(ada, bid.id, BidState.WON, because="price and delivery")
    assert (won.state, won.ended_on, won.ended_because) == (BidState.WON, today(), "price and delivery")
    assert (await Deal.get(id=world.deal.id)).stage == Stage.IDENTIFIED


async def test_what_waits_lapses_with_another_round_and_with_the_bid(world: World, ladder: object) -> None:
    bid = await world.bid()
    _, first = await held(world, bid, 900_00)
    _, second = await held(world, bid, 890_00)
    assert first and second
    assert await discounts.waiting(await world.actor("mara"), 9) == [second.id]
    with pytest.raises(InvalidTransition, match="the approval is LAPSED"):
        await discounts.approve(await world.actor("mara"), first.id)
    await bids.close(await world.actor("ada"), bid.id, BidState.WITHDRAWN)
    assert await discounts.waiting(await world.actor("mara"), 9) == []


async def test_levels_are_set_all_at_once_and_those_that_stay_are_the_same(
    world: World, ladder: list[DiscountLevel]
) -> None:
    mara = await world.actor("mara")
    _, approval = await held(world, await world.bid(), 900_00)
    assert approval
    found = await discounts.set_levels(mara, [LADDER[2], Level(10, role=Role.MANAGER), LADDER[0]])
    assert [(each.up_to_percent, each.role) for each in found] == [
        (5, Role.DIRECTOR),
        (10, Role.MANAGER),
        (40, Role.ADMIN),
    ]
    assert (found[0].id, found[2].id) == (ladder[0].id, ladder[2].id)
    assert (await DiscountLevel.get(id=ladder[1].id)).removed_on == today()
    assert (await discounts.approve(mara, approval.id)).state == ApprovalState.APPROVED  # it waited on
    before = await written()
    await discounts.set_levels(mara, [LADDER[0], Level(10, role=Role.MANAGER), LADDER[2]])
    assert await written() == before


@pytest.mark.parametrize(
    ("level", "path"),
    [
        (Level(101, role=Role.MANAGER), "levels.1.upToPercent"),
        (Level(-1, role=Role.MANAGER), "levels.1.upToPercent"),
        (Level(10), "levels.1"),
        (Level(10, role=Role.MANAGER, user_id="usr_x"), "levels.1"),
        (Level(10, role=Role.READER), "levels.1.role"),
        (Level(5, role=Role.DIRECTOR), "levels.1"),
    ],
)
async def test_a_level_names_one_who_approves(world: World, level: Level, path: str) -> None:
    with pytest.raises(Invalid) as refused:
        await discounts.set_levels(await world.actor("mara"), [LADDER[0], level])
    assert refused.value.path == (path,)
    assert not await DiscountLevel.all().exists()


async def test_who_sets_levels_and_whom_they_may_name(world: World) -> None:
    with pytest.raises(Forbidden):
        await discounts.set_levels(await world.actor("ada"), LADDER)
    mara = await world.actor("mara")
    with pytest.raises(NotFound):
        await discounts.set_levels(mara, [Level(10, user_id=User.make_id())])
    await User.filter(id=world.bo.id).update(role=Role.READER)
    with pytest.raises(Invalid, match="a READER approves nothing"):
        await discounts.set_levels(mara, [Level(10, user_id=world.bo.id)])
    with pytest.raises(Invalid, match="51 levels; allowed: 50"):
        await discounts.set_levels(mara, [Level(each, role=Role.MANAGER) for each in range(51)])


async def test_what_is_written_of_a_person_goes_when_the_person_is_erased(world: World) -> None:
    contact = await factories.contact(await Account.get(id=world.deal.account_id), name="Ada Lovelace")
    bid, ada = await world.bid(), await world.actor("ada")
    await bids.decide(ada, bid.id, GO, "Ada Lovelace wants us")
    values = {"asked": "Ada Lovelace asked for less", "listed_minor": 100, "offered_minor": 100}
    found = await bids.record_round(ada, bid.id, values)
    await privacy.erase(await world.actor("root"), contact.id)
    texts: list[tuple[type[Record], str, str]] = [
        (Bid, bid.id, "decided_because"),
        (BidRound, found.id, "asked"),
    ]
    for model, record_id, column in texts:
        text = getattr(await model.get(id=record_id), column)
        assert "Lovelace" not in text and "(erased)" in text
    logged = await Change.filter(entity_id__in=[bid.id, found.id]).values_list("new", flat=True)
    assert not any("Lovelace" in str(each) for each in logged)


@pytest.mark.parametrize("who", ["otto", "bo"])
async def test_whoever_does_not_see_the_deal_sees_nothing_of_its_bids(
    world: World, ladder: object, who: str
) -> None:
    ada, bid = await world.actor("ada"), await world.bid()
    document = await bids.put_document(ada, bid.id, "https://files.example/a", "A", BidDocumentKind.OTHER)
    member = await bids.set_member(ada, bid.id, world.bo.id, "prices")
    recorded, approval = await held(world, bid, 900_00)
    assert approval
    found: list[tuple[type[Record], str]] = [
        (Bid, bid.id), (BidDocument, document.id), (BidMember, member.id), (BidRound, recorded.id),
        (BidApproval, approval.id),
    ]  # fmt: skip
    for model, record_id in found:
        assert (await find(model, await world.actor("mara"), record_id, "id")).id == record_id
        with pytest.raises(NotFound):
            await find(model, await world.actor(who), record_id, "id")

"""Bids for tenders: whether they are made, who works on them, what is negotiated, and how they end.

A round that offers a larger discount than whoever records it may give, or less than the floor, asks for
approval at the lowest level that covers it. ``commands/discounts.py`` says who may give what.
"""

from __future__ import annotations

from datetime import date

from commands import discounts
from commands.journal import Repeat, Values, Work, check_version, once, unit_of_work
from commands.permissions import SELL, require
from commands.validation import MAX_MINOR, active_user, check_value, validate
from metrics.bids import not_approved
from models.access import Actor
from models.base import check_day, today, utcnow
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
    check_link,
)
from models.deals import Deal
from models.errors import Invalid, InvalidTransition, allowed
from models.visibility import find

_ACT = "work on bids"
_ENDS = (BidState.WON, BidState.LOST, BidState.WITHDRAWN)
_DECISIONS = (BidDecision.GO, BidDecision.NO_GO)


async def create(
    actor: Actor, deal_id: str, name: str, due_on: date, *, idempotency_key: str | None = None
) -> Bid:
    """Begin a bid for a tender of an open deal, which is due on a day.

    Raises:
        NotFound: there is no such deal that the actor sees.
        InvalidTransition: the deal has ended.
    """
    require(actor, SELL, _ACT)
    values = {"deal_id": deal_id, "name": name, "due_on": due_on}
    repeat = Repeat.of(actor, "bids.create", idempotency_key, values)

    async def make() -> Bid:
        deal = await find(Deal, actor, deal_id, "dealId")
        deal.check_open("dealId")
        validate(Bid, {"name": name, "due_on": due_on})
        async with unit_of_work(actor, "bids.create", repeat=repeat) as work:
            return await work.create(Bid(id=Bid.make_id(), tenant_id=actor.tenant_id, **values))

    return await once(actor, Bid, repeat, make)


async def update(actor: Actor, bid_id: str, values: Values, version: int | None = None) -> Bid:
    """Change the name or the due day of a bid that the customer has not got yet.

    Raises:
        InvalidTransition: it was submitted, or has ended.
        Conflict: somebody changed it since ``version``.
    """
    bid = await _found(actor, bid_id, version)
    bid.check_preparing("id")
    validate(Bid, values)
    async with unit_of_work(actor, "bids.update") as work:
        return await work.update(bid, values, version)


async def decide(
    actor: Actor, bid_id: str, decision: BidDecision, because: str, version: int | None = None
) -> Bid:
    """Decide whether a bid is made, and say why; while it is prepared, it may be decided anew.

    Raises:
        Invalid: OPEN is no decision, or no reason is given.
        InvalidTransition: it was submitted, or has ended.
    """
    bid = await _found(actor, bid_id, version)
    bid.check_preparing("id")
    if decision not in _DECISIONS:
        raise Invalid(f"{decision} is no decision; allowed: {allowed(_DECISIONS)}", ["decision"])
    check_value(Bid, "decided_because", because, "because")
    async with unit_of_work(actor, "bids.decide") as work:
        if decision is BidDecision.NO_GO:
            await _lapse(work, bid)
        return await work.update(
            bid,
            {
                "decision": decision,
                "decided_because": because,
                "decided_by_id": actor.user_id or None,
                "decided_at": utcnow(),
            },
            version,
        )


async def put_document(actor: Actor, bid_id: str, url: str, title: str, kind: BidDocumentKind) -> BidDocument:
    """Put a document into a bid by a link to it, which tells it from others, or call it otherwise.

    Raises:
        Invalid: the link is none, or leads to no place over https.
        InvalidTransition: the bid has ended.
    """
    bid = await _going_on(actor, bid_id)
    validate(BidDocument, {"url": url, "title": title})
    check_link(url, "url")
    known = await BidDocument.get_or_none(tenant_id=bid.tenant_id, bid_id=bid.id, url=url)
    async with unit_of_work(actor, "bids.put_document") as work:
        if known:
            return await work.update(known, {"title": title, "kind": kind, "removed_on": None})
        new = BidDocument(
            id=BidDocument.make_id(), tenant_id=bid.tenant_id, bid_id=bid.id, url=url, title=title, kind=kind
        )
        return await work.create(new)


async def remove_document(actor: Actor, document_id: str) -> BidDocument:
    """Take a document out of a bid; the history keeps it.

    Raises:
        InvalidTransition: it was taken out before, or the bid has ended.
    """
    require(actor, SELL, _ACT)
    document = await find(BidDocument, actor, document_id, "id")
    (await Bid.get(id=document.bid_id)).check_going_on("id")
    if document.removed_on is not None:
        raise InvalidTransition(f"the document was taken out on {document.removed_on}", ["id"])
    async with unit_of_work(actor, "bids.remove_document") as work:
        return await work.update(document, {"removed_on": work.on})


async def set_member(actor: Actor, bid_id: str, user_id: str, duty: str) -> BidMember:
    """Have somebody work on a bid and say what they do; it replaces what they did. They see no more by it.

    Raises:
        NotFound: there is no such active user.
        InvalidTransition: the bid has ended.
    """
    bid = await _going_on(actor, bid_id)
    user = await active_user(actor, user_id, "userId")
    validate(BidMember, {"duty": duty})
    known = await BidMember.get_or_none(tenant_id=bid.tenant_id, bid_id=bid.id, user_id=user.id)
    async with unit_of_work(actor, "bids.set_member") as work:
        if known:
            return await work.update(known, {"duty": duty, "removed_on": None})
        return await work.create(
            BidMember(
                id=BidMember.make_id(), tenant_id=bid.tenant_id, bid_id=bid.id, user_id=user.id, duty=duty
            )
        )


async def remove_member(actor: Actor, member_id: str) -> BidMember:
    """Have somebody work on a bid no more; the history keeps that they did.

    Raises:
        InvalidTransition: they do not already, or the bid has ended.
    """
    require(actor, SELL, _ACT)
    member = await find(BidMember, actor, member_id, "id")
    (await Bid.get(id=member.bid_id)).check_going_on("id")
    if member.removed_on is not None:
        raise InvalidTransition(f"they work on it no more since {member.removed_on}", ["id"])
    async with unit_of_work(actor, "bids.remove_member") as work:
        return await work.update(member, {"removed_on": work.on})


async def record_round(
    actor: Actor,
    bid_id: str,
    values: Values,
    *,
    held_on: date | None = None,
    idempotency_key: str | None = None,
) -> BidRound:
    """Write down a round of negotiation, and ask for approval of what the actor may not give.

    ``values`` are what was ``asked``, ``given`` and ``got``, and in minor units what it comes to by list
    prices, the floor, what is offered, and its cost. What an earlier round asked for lapses.

    Raises:
        Invalid: an amount is out of range, the floor is above the list, no level covers the discount, or it
            was held before the round before.
        InvalidTransition: the bid has ended, or is a NO_GO.
    """
    require(actor, SELL, _ACT)
    repeat = Repeat.of(
        actor, "bids.record_round", idempotency_key, {**values, "bid_id": bid_id, "held_on": held_on}
    )

    async def make() -> BidRound:
        bid = await _going_on(actor, bid_id)
        if BidDecision(bid.decision) is BidDecision.NO_GO:
            raise InvalidTransition("the bid is a NO_GO and takes no rounds; decide it anew", ["bidId"])
        on = _past(held_on, "heldOn")
        await _check_follows(bid, on)
        held = BidRound(
            id=BidRound.make_id(),
            tenant_id=bid.tenant_id,
            bid_id=bid.id,
            number=bid.rounds_held + 1,
            held_on=on,
            currency=actor.currency,
            recorded_by_id=actor.user_id or None,
            **values,
        )
        _check_round(held, values)
        async with unit_of_work(actor, "bids.record_round", on=on, repeat=repeat) as work:
            await _lapse(work, bid)
            await work.create(held)
            await discounts.ask(work, held)
            await work.update(bid, {"rounds_held": held.number})
            return held

    return await once(actor, BidRound, repeat, make)


async def submit(
    actor: Actor,
    bid_id: str,
    *,
    on: date | None = None,
    late_because: str | None = None,
    version: int | None = None,
) -> Bid:
    """Hand a bid in to the customer, on a day that is not in the future (default today).

    Raises:
        InvalidTransition: it is not prepared, no GO, or the discount of its last round is not approved.
        Invalid: it is late, and no reason is given.
    """
    bid = await _found(actor, bid_id, version)
    bid.check_transition(BidState.SUBMITTED)
    if BidDecision(bid.decision) is not BidDecision.GO:
        raise InvalidTransition(f"the decision is {bid.decision}; only a GO is submitted", ["id"])
    day = _past(on, "on")
    check_value(Bid, "late_because", late_because, "lateBecause")
    if day > bid.due_on and late_because is None:
        raise Invalid(f"it was due on {bid.due_on}; say why it is late", ["lateBecause"])
    await _check_approved(bid)
    late = late_because if day > bid.due_on else None
    async with unit_of_work(actor, "bids.submit", on=day) as work:
        values = {"state": BidState.SUBMITTED, "submitted_on": day, "late_because": late}
        return await work.update(bid, values, version)


async def close(
    actor: Actor,
    bid_id: str,
    state: BidState,
    *,
    on: date | None = None,
    because: str | None = None,
    version: int | None = None,
) -> Bid:
    """End a bid as WON, LOST or WITHDRAWN, on a day that is not in the future (default today).

    The deal stays as it is. Approvals that wait lapse.

    Raises:
        InvalidTransition: it cannot end so, or is won at a discount that is not approved.
        Invalid: the state is no end, or the day is before it was submitted.
    """
    bid = await _found(actor, bid_id, version)
    if state not in _ENDS:
        raise Invalid(f"{state} is no end; allowed: {allowed(_ENDS)}", ["state"])
    bid.check_transition(state)
    day = _past(on, "on")
    if bid.submitted_on is not None and day < bid.submitted_on:
        raise Invalid(f"it was submitted on {bid.submitted_on}; allowed: from then on", ["on"])
    check_value(Bid, "ended_because", because, "because")
    if state is BidState.WON:
        await _check_approved(bid)
    async with unit_of_work(actor, "bids.close", on=day) as work:
        await _lapse(work, bid)
        return await work.update(bid, {"state": state, "ended_on": day, "ended_because": because}, version)


async def _found(actor: Actor, bid_id: str, version: int | None, path: str = "id") -> Bid:
    require(actor, SELL, _ACT)
    bid = await find(Bid, actor, bid_id, path)
    check_version(bid, version)
    return bid


async def _going_on(actor: Actor, bid_id: str) -> Bid:
    bid = await _found(actor, bid_id, None, "bidId")
    bid.check_going_on("bidId")
    return bid


def _past(day: date | None, path: str) -> date:
    """The day, today unless one is given.

    Raises:
        Invalid: it is in the future, or no business date.
    """
    if day is None:
        return today()
    check_day(day, path)
    if day > today():
        raise Invalid(f"{day} is in the future; allowed: {today()} and earlier", [path])
    return day


def _check_round(held: BidRound, values: Values) -> None:
    validate(BidRound, values)
    if held.listed_minor == 0:
        raise Invalid(f"listed is out of range; allowed: 1 to {MAX_MINOR} minor units", ["listed"])
    if held.floor_minor is not None and held.floor_minor > held.listed_minor:
        raise Invalid("the floor is above what list prices come to; allowed: that much and less", ["floor"])


async def _check_follows(bid: Bid, held_on: date) -> None:
    before = await BidRound.get_or_none(tenant_id=bid.tenant_id, bid_id=bid.id, number=bid.rounds_held)
    if before and held_on < before.held_on:
        message = f"round {before.number} was held on {before.held_on}; allowed: from then on"
        raise Invalid(message, ["heldOn"])


async def _lapse(work: Work, bid: Bid) -> None:
    """Nobody needs to decide any more what rounds of a bid asked for."""
    waiting = BidApproval.filter(tenant_id=bid.tenant_id, bid_id=bid.id, state=ApprovalState.OPEN)
    for approval in await waiting:
        await work.update(approval, {"state": ApprovalState.LAPSED})


async def _check_approved(bid: Bid) -> None:
    """Raise InvalidTransition where the last round's discount waits for approval, lapsed or was rejected."""
    found = await not_approved(bid)
    if found is not None:
        raise InvalidTransition(
            f"the discount of round {bid.rounds_held} is not approved, it is {found.state};"
            f" allowed once it is {ApprovalState.APPROVED}, or after another round",
            ["id"],
        )

"""What rounds of negotiation did to discount, contract value and margin by a day; what waits for approval."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from models.access import Actor
from models.bids import HUNDREDTHS, WHOLE, ApprovalState, Bid, BidApproval, BidRound
from models.database import fetch
from models.deals import Stage
from models.visibility import visible

#: A level ``l`` that stands and covers the round ``r``, as ``DiscountLevel.covers`` has it.
_COVERS = (
    "(l.removed_on is null"
    f" and (r.listed_minor - r.offered_minor) * {WHOLE} <= l.up_to_percent * r.listed_minor"
    " and (l.below_floor = true or r.floor_minor is null or r.offered_minor >= r.floor_minor))"
)


@dataclass(frozen=True)
class Offer:
    """What a round offers in minor units: by list, the floor and the cost if known, and the offer itself."""

    listed_minor: int
    floor_minor: int | None
    offered_minor: int
    cost_minor: int | None

    @classmethod
    def of(cls, held: BidRound) -> Offer:
        """What a stored round offers."""
        return cls(held.listed_minor, held.floor_minor, held.offered_minor, held.cost_minor)


@dataclass(frozen=True)
class Change:
    """From one offer to another: by how many minor units, and by which parts of 1."""

    tcv_minor: int
    discount: Fraction | None
    margin: Fraction | None


def discount(offer: Offer) -> Fraction | None:
    """The discount against list, a part of 1: 1 - offered / list; None where the list comes to nothing.

    900.00 of 1,000.00 is 1/10; more than the list is less than 0.
    """
    if not offer.listed_minor:
        return None
    return 1 - Fraction(offer.offered_minor, offer.listed_minor)


def above_floor(offer: Offer) -> int | None:
    """How much is offered above the floor in minor units, less than 0 below it; None without a floor."""
    return None if offer.floor_minor is None else offer.offered_minor - offer.floor_minor


def floor_discount(offer: Offer) -> Fraction | None:
    """The discount against the floor, a part of 1: 1 - offered / floor; None without a floor, or of nothing.

    800.00 of a floor of 1,000.00 are 1/5; what is above the floor is less than 0.
    """
    return 1 - Fraction(offer.offered_minor, offer.floor_minor) if offer.floor_minor else None


def margin(offer: Offer) -> Fraction | None:
    """The margin, a part of 1: (offered - cost) / offered; None without a cost, or where nothing is offered.

    900.00 that cost 600.00 leave 1/3; what costs more than it brings is less than 0.
    """
    if offer.cost_minor is None or not offer.offered_minor:
        return None
    return Fraction(offer.offered_minor - offer.cost_minor, offer.offered_minor)


def change(before: Offer | None, after: Offer) -> Change | None:
    """What became of contract value, discount and margin; None where there is no offer before."""
    if before is None:
        return None
    return Change(
        after.offered_minor - before.offered_minor,
        _difference(discount(before), discount(after)),
        _difference(margin(before), margin(after)),
    )


def negotiated(offers: Sequence[Offer]) -> Change | None:
    """From the first offer to the last, in order; None of fewer than two.

    The changes of contract value from round to round add up to that, and so do those of discount and margin
    where every round has one.
    """
    return change(offers[0], offers[-1]) if len(offers) > 1 else None


def held_by(rounds: Iterable[BidRound], as_of: date) -> list[BidRound]:
    """Those of a bid's rounds that had been held by the end of a day, in order."""
    return sorted((each for each in rounds if each.held_on <= as_of), key=lambda each: each.number)


def hundredths(part: Fraction) -> int:
    """A part of 1 in hundredths of a percent, halves to even: 1/8 is 1,250."""
    return round(part * HUNDREDTHS)


def _difference(before: Fraction | None, after: Fraction | None) -> Fraction | None:
    return None if before is None or after is None else after - before


async def not_approved(bid: Bid) -> BidApproval | None:
    """What keeps the last round of a bid from being offered: its approval waits, lapsed or was refused."""
    of_last = BidApproval.filter(tenant_id=bid.tenant_id, bid_id=bid.id, round__number=bid.rounds_held)
    return await of_last.exclude(state=ApprovalState.APPROVED).first()


async def to_decide(actor: Actor, most: int) -> list[str]:
    """The ids of the open approvals that the actor may decide, those that have waited longest first.

    A level that covers the discount names the actor, or the actor's role: one that stands, or the one that it
    was asked for at. What one asked for oneself is not among them, nor what is for a deal that was lost.
    """
    condition = visible(BidApproval, actor, "t")
    rows = await fetch(
        "select t.id from bid_approval t join bid_round r on r.id = t.round_id join bid b on b.id = t.bid_id"
        " join deal d on d.id = b.deal_id"
        f" where t.state = :state and d.stage <> :lost and {condition.sql}"
        " and coalesce(t.requested_by_id, '') <> :decider"
        " and exists (select 1 from discount_level l where l.tenant_id = t.tenant_id"
        f" and (l.user_id = :decider or l.role = :role) and (l.id = t.level_id or {_COVERS}))"
        " order by t.id limit :most",
        {
            **condition.params,
            "state": ApprovalState.OPEN.value,
            "lost": Stage.LOST.value,
            "decider": actor.user_id,
            "role": actor.role.value,
            "most": most,
        },
    )
    return [str(row["id"]) for row in rows]

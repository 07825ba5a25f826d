"""Bids as clients see them: documents, team, rounds with what they did, and approvals of discounts."""

from __future__ import annotations

from datetime import date, datetime
from fractions import Fraction

import strawberry
from strawberry import UNSET

from commands import discounts
from metrics import bids as metric
from models import bids as stored
from models import deals as stored_deals
from models.access import Role, Scope
from models.base import today
from models.bids import ApprovalState, BidDecision, BidDocumentKind, BidState
from models.described import Described
from schema.context import Info
from schema.core.arguments import AsOf
from schema.core.connections import Listed, children, connection, related
from schema.core.cost import costs
from schema.core.cursors import Kind
from schema.core.enums import Direction
from schema.core.filters import DateFilter, Filter, IDFilter, IntFilter, StringFilter, clause
from schema.core.listing import Column, Listing, Through
from schema.core.money import Money, certain_money
from schema.core.readable import in_sql, needs
from schema.core.stored import Node, Stored, column

#: So many approvals that wait are shown at once.
MOST = 200


@strawberry.type
class DiscountLevel(Node, Stored[stored.DiscountLevel]):
    """Who may give discounts up to how much, by themselves and when others ask."""

    model = stored.DiscountLevel

    up_to_percent: int = column("The largest discount against list that it allows in percent, 0 to 100.")
    role: Role | None = column("The role that it names; null where it names a user.")
    below_floor: bool = column("Whether it allows to offer less than the floor.")
    removed_on: date | None = column("The day on which it was taken out; null for one that holds.")
    user = related("schema.access", "User", "user_id", "The only one whom it names.")


@strawberry.type
class BidDocument(Stored[stored.BidDocument]):
    """A document of a bid, which is kept elsewhere."""

    model = stored.BidDocument

    id: strawberry.ID = column("The id of the document, unlike all others.")
    title: str = column("What it is called.", Scope.READ_PERSONAL)
    url: str = column("The https link to it, which tells it from others of the bid.", Scope.READ_PERSONAL)
    kind: BidDocumentKind = column("What it is.")
    removed_on: date | None = column("The day on which it was taken out; null for one in the bid.")


@strawberry.type
class BidMember(Stored[stored.BidMember]):
    """Somebody who works on a bid."""

    model = stored.BidMember

    id: strawberry.ID = column("The id of the person's part in the bid, unlike all others.")
    duty: str = column("What they do for it.", Scope.READ_PERSONAL)
    removed_on: date | None = column(
        "The day since when they work on it no more; null while they work on it."
    )
    user = related("schema.access", "User", "user_id", "Who it is.")


@strawberry.type
class BidChange:
    """What became of an offer from one round to another."""

    found: strawberry.Private[metric.Change]
    tcv: Money = strawberry.field(
        description="The total contract value that is offered more; below 0 when it is less."
    )

    @strawberry.field
    def discount(self) -> float | None:
        """How many percentage points of discount against list were added, to two places.

        Below 0 when there are fewer; null where one of the two has no discount.
        """
        return percent(self.found.discount)

    @strawberry.field
    def margin(self) -> float | None:
        """How many percentage points the margin grew, to two places.

        Below 0 when it fell; null where one of the two has no margin.
        """
        return percent(self.found.margin)


@strawberry.type
class BidRound(Node, Stored[stored.BidRound]):
    """A round of negotiation; it is never changed, another one follows."""

    model = stored.BidRound

    number: int = column("The number of the round in its bid, from 1.")
    held_on: date = column("The day on which it was held.")
    asked: str | None = column("What the customer asked for; null when nothing is said.", Scope.READ_PERSONAL)
    given: str | None = column("What we gave; null when nothing is said.", Scope.READ_PERSONAL)
    got: str | None = column("What we got for it; null when nothing is said.", Scope.READ_PERSONAL)
    listed: Money = column("What it comes to by list prices, over the whole term.")
    floor: Money | None = column("The least that should be taken; null when nothing is said.")
    offered: Money = column("The total contract value that is offered.")
    cost: Money | None = column("What it costs us, over the whole term; null when it is not known.")
    bid = related("schema.bids", "Bid", "bid_id", "The bid that is negotiated.")
    recorded_by = related("schema.access", "User", "recorded_by_id", "Who wrote it down.")
    approvals = children(
        "schema.bids",
        "BidApproval",
        "round_id",
        "The approval that its discount needs; empty where whoever recorded it may give that.",
    )

    @in_sql("t.offered_minor - t.floor_minor")
    def above_floor(self) -> Money | None:
        """How much is offered above the floor; below 0 when it is less, null without a floor."""
        found = metric.above_floor(metric.Offer.of(self.record))
        return None if found is None else certain_money(found, self.record.currency)

    @needs(Scope.READ_MONEY)
    def discount(self) -> float | None:
        """The discount against list in percent, to two places: 100 x (1 - offered / listed).

        Below 0 when more is offered; null where the list comes to nothing.
        """
        return percent(metric.discount(metric.Offer.of(self.record)))

    @needs(Scope.READ_MONEY)
    def floor_discount(self) -> float | None:
        """The discount against the floor in percent, to two places: 100 x (1 - offered / floor).

        Below 0 when more is offered; null without a floor, or where that is nothing.
        """
        return percent(metric.floor_discount(metric.Offer.of(self.record)))

    @needs(Scope.READ_MONEY)
    def margin(self) -> float | None:
        """The margin in percent, to two places: 100 x (offered - cost) / offered.

        Below 0 when it costs more; null where the cost is not known or nothing is offered.
        """
        return percent(metric.margin(metric.Offer.of(self.record)))

    @costs(2)
    @needs(Scope.READ_MONEY)
    async def change(self, info: Info) -> BidChange | None:
        """What it changed against the round before; null for the first."""
        found = await rounds_of(info, self.record.bid_id)
        before = next((each for each in found if each.number == self.record.number - 1), None)
        offer = metric.Offer.of(before) if before else None
        return _change(metric.change(offer, metric.Offer.of(self.record)), self.record.currency)


@strawberry.type
class BidApproval(Node, Stored[stored.BidApproval]):
    """That the discount of a round is to be approved, and whether it was."""

    model = stored.BidApproval

    version: int = column("Grows by one with each change; a command may name the one that it has read.")
    state: ApprovalState = column("Whether it waits, and how it was decided.")
    created_at: datetime = column("When it was asked for (UTC).")
    decided_at: datetime | None = column("When it was decided (UTC); null when it was not.")
    reason: str | None = column("Why it was decided so; null when nothing is said.", Scope.READ_PERSONAL)
    bid = related("schema.bids", "Bid", "bid_id", "The bid that is negotiated.")
    round = related("schema.bids", "BidRound", "round_id", "The round whose discount it is about.")
    level = related("schema.bids", "DiscountLevel", "level_id", "The level that says who decides.")
    requested_by = related("schema.access", "User", "requested_by_id", "In whose name it was asked for.")
    decided_by = related("schema.access", "User", "decided_by_id", "Who decided.")

    @needs(Scope.READ_MONEY)
    def discount(self) -> float:
        """The discount against list when it was asked for in percent, to two places."""
        return self.record.discount / stored.WHOLE


@strawberry.type
class Bid(Node, Stored[stored.Bid]):
    """An offer for a tender of a customer."""

    model = stored.Bid

    version: int = column("Grows by one with each change; a command may name the one that it has read.")
    name: str = column("The tender's name.")
    due_on: date = column("The last day on which the customer takes it.")
    state: BidState = column("Where it stands.")
    decision: BidDecision = column("Whether it is made.")
    decided_at: datetime | None = column("When that was decided (UTC); null when it was not.")
    decided_because: str | None = column(
        "Why it was decided so; null when it was not decided.", Scope.READ_PERSONAL
    )
    submitted_on: date | None = column("The day on which the customer got it; null until then.")
    late_because: str | None = column(
        "Why it was submitted after its due day; null when it was not.", Scope.READ_PERSONAL
    )
    ended_on: date | None = column("The day on which it ended; null until then.")
    ended_because: str | None = column(
        "Why it ended as it did; null when nothing is said.", Scope.READ_PERSONAL
    )
    rounds_held: int = column("How many rounds of negotiation there were.")
    deal = related("schema.deals", "Deal", "deal_id", "The deal that it is made for.")
    decided_by = related("schema.access", "User", "decided_by_id", "Who decided whether it is made.")
    documents = children(
        "schema.bids",
        "BidDocument",
        "bid_id",
        "Its documents, without those that were taken out.",
        standing="removed_on",
    )
    members = children(
        "schema.bids",
        "BidMember",
        "bid_id",
        "The people who work on it, without those who do no more.",
        standing="removed_on",
    )
    rounds = children("schema.bids", "BidRound", "bid_id", "Its rounds of negotiation, in order.", "number")
    approvals = children(
        "schema.bids", "BidApproval", "bid_id", "The approvals that its rounds needed, in order."
    )

    @costs(2)
    @needs(Scope.READ_MONEY)
    async def negotiated(self, info: Info, as_of: AsOf = None) -> BidChange | None:
        """What the whole negotiation changed, from the first round to the last; null for fewer than two."""
        found = metric.held_by(await rounds_of(info, self.record.id), as_of or today())
        offers = [metric.Offer.of(each) for each in found]
        return _change(metric.negotiated(offers), found[0].currency if found else "")

    @costs(2)
    @strawberry.field
    async def last_round(self, info: Info, as_of: AsOf = None) -> BidRound | None:
        """The last round that was held, which says what is offered; null before the first."""
        found = metric.held_by(await rounds_of(info, self.record.id), as_of or today())
        return BidRound.of(found[-1]) if found else None


async def rounds_of(info: Info, bid_id: str) -> list[stored.BidRound]:
    """The rounds of a bid, in order."""
    found = await info.context.loaders.children(stored.BidRound, "bid_id", bid_id)
    return sorted(found, key=lambda each: (each.number, each.id))


def percent(part: Fraction | None) -> float | None:
    """A part of 1 in percent, to two places, halves to even; none stays none."""
    return None if part is None else metric.hundredths(part) / stored.WHOLE


def _change(found: metric.Change | None, currency: str) -> BidChange | None:
    if found is None:
        return None
    return BidChange(found=found, tcv=certain_money(found.tcv_minor, currency))


@strawberry.input
class BidFilter:
    """Which bids; all conditions given must hold."""

    and_: list[BidFilter] | None = clause("and")
    or_: list[BidFilter] | None = clause("or")
    not_: BidFilter | None = clause("not")
    id: IDFilter | None = UNSET
    deal_id: IDFilter | None = UNSET
    account_id: IDFilter | None = strawberry.field(
        default=UNSET, description="The id of the account that its deal is with."
    )
    name: StringFilter | None = UNSET
    state: Filter[BidState] | None = UNSET
    decision: Filter[BidDecision] | None = UNSET
    approval: Filter[ApprovalState] | None = strawberry.field(
        default=UNSET,
        description="What became of the discount of its last round; null where nobody had to approve it.",
    )
    due_on: DateFilter | None = UNSET
    submitted_on: DateFilter | None = UNSET
    ended_on: DateFilter | None = UNSET
    rounds_held: IntFilter | None = UNSET


@strawberry.enum
class BidOrderField(Described):
    """What bids are ordered by."""

    DUE_ON = "due_on"
    NAME = "name"
    SUBMITTED_ON = "submitted_on"
    ENDED_ON = "ended_on"
    ROUNDS_HELD = "rounds_held"


@strawberry.input
class BidOrder:
    """One step of an order."""

    field: BidOrderField
    direction: Direction = Direction.ASC


#: What became of the discount of the last round.
_APPROVAL = (
    "(select a.state from bid_round r join bid_approval a on a.round_id = r.id"
    " where r.tenant_id = t.tenant_id and r.bid_id = t.id and r.number = t.rounds_held)"
)
BIDS = Listed(
    "schema.bids",
    "Bid",
    Listing(
        stored.Bid,
        {
            "id": Column("t.id"),
            "deal_id": Column("t.deal_id"),
            "account_id": Column("(select d.account_id from deal d where d.id = t.deal_id)", may_lack=False),
            "approval": Column(_APPROVAL),
            "name": Column("t.name"),
            "state": Column("t.state"),
            "decision": Column("t.decision"),
            "due_on": Column("t.due_on", Kind.DATE),
            "submitted_on": Column("t.submitted_on", Kind.DATE),
            "ended_on": Column("t.ended_on", Kind.DATE),
            "rounds_held": Column("t.rounds_held", Kind.NUMBER),
        },
        (("due_on", Direction.ASC),),
        {"account_id": Through("deal_id", stored_deals.Deal)},
    ),
)


@strawberry.type
class BidQueries:
    """Reading bids, and what waits for a decision."""

    bids = connection(BIDS, "The bids for the deals that the caller sees.")

    @strawberry.field
    async def discount_levels(self, info: Info) -> list[DiscountLevel]:
        """Who may give which discounts, the lowest level first; of none, no discount needs approval."""
        found = await discounts.standing(info.context.actor.tenant_id)
        return [DiscountLevel.of(level) for level in found]

    @costs(20)
    @strawberry.field
    async def approvals_to_decide(self, info: Info) -> list[BidApproval]:
        """The discounts that wait for the caller's word, those that have waited longest first: up to 200."""
        ids = await discounts.waiting(info.context.actor, MOST)
        found = await info.context.loaders.many(stored.BidApproval, ids)
        return [BidApproval.of(approval) for approval in found]

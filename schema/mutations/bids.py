"""Working on bids: whether they are made, documents, people, rounds, approvals, and how they end."""

from __future__ import annotations

from datetime import date

import strawberry
from strawberry import UNSET

from commands import bids, discounts
from commands.discounts import Level
from models import bids as stored
from models.access import Role
from models.bids import BidDecision, BidDocumentKind, BidState
from schema.bids import Bid, BidApproval, BidDocument, BidMember, BidRound, DiscountLevel
from schema.context import Info
from schema.core.errors import UserError
from schema.core.stored import column
from schema.mutations.translation import (
    IDEMPOTENCY_KEY,
    READ_AT_IF_TOLD,
    MoneyInput,
    attempt,
    columns,
)

_BID = "The id of the bid."
_APPROVAL = "The id of the approval that waits."
_TEXT = "up to 2,000 characters; absent or null when nothing is said."


@strawberry.input
class CreateBidInput:
    """A tender that a bid is made for."""

    deal_id: strawberry.ID = strawberry.field(description="The id of the open deal that it is about.")
    name: str = strawberry.field(description="The tender's name, up to 200 characters, not blank.")
    due_on: date = strawberry.field(description="The last day on which the customer takes bids.")
    idempotency_key: str | None = strawberry.field(default=None, description=IDEMPOTENCY_KEY)


@strawberry.input
class UpdateBidInput:
    """Changes of a bid that is being prepared: what is absent stays."""

    id: strawberry.ID = strawberry.field(description=_BID)
    version: int | None = strawberry.field(default=None, description=READ_AT_IF_TOLD)
    name: str | None = strawberry.field(
        default=UNSET, description="The tender's name, up to 200 characters, not blank, never null."
    )
    due_on: date | None = strawberry.field(
        default=UNSET, description="The last day on which the customer takes bids, never null."
    )


@strawberry.input
class DecideBidInput:
    """Whether a bid is made, and why."""

    id: strawberry.ID = strawberry.field(description=_BID)
    version: int | None = strawberry.field(default=None, description=READ_AT_IF_TOLD)
    decision: BidDecision = strawberry.field(description="GO or NO_GO.")
    because: str = strawberry.field(description="Why, up to 1,000 characters, not blank.")


@strawberry.input
class AddBidDocumentInput:
    """A document of a bid; one with the same link is replaced."""

    bid_id: strawberry.ID = strawberry.field(description=_BID)
    title: str = strawberry.field(description="What it is called, up to 200 characters, not blank.")
    url: str = strawberry.field(
        description="The link to it: https, up to 1,000 characters in ASCII, without a name or password."
    )
    kind: BidDocumentKind = strawberry.field(default=BidDocumentKind.OTHER, description="What it is.")


@strawberry.input
class RemoveBidDocumentInput:
    """Which document is taken out of its bid."""

    id: strawberry.ID = strawberry.field(description="The id of the document.")


@strawberry.input
class SetBidMemberInput:
    """What somebody does for a bid; it replaces what they did."""

    bid_id: strawberry.ID = strawberry.field(description=_BID)
    user_id: strawberry.ID = strawberry.field(description="The id of an active user of the tenant.")
    duty: str = strawberry.field(description="What they do, up to 200 characters, not blank.")


@strawberry.input
class RemoveBidMemberInput:
    """Who works on a bid no more."""

    id: strawberry.ID = strawberry.field(description="The id of the person's part in the bid.")


@strawberry.input
class RecordBidRoundInput:
    """A round of negotiation. Amounts are for the whole term."""

    bid_id: strawberry.ID = strawberry.field(description=_BID)
    held_on: date | None = strawberry.field(
        default=None, description="The day on which it was held, not in the future; default: today (UTC)."
    )
    asked: str | None = strawberry.field(default=None, description=f"What the customer asked for, {_TEXT}")
    given: str | None = strawberry.field(default=None, description=f"What we gave, {_TEXT}")
    got: str | None = strawberry.field(default=None, description=f"What we got for it, {_TEXT}")
    listed: MoneyInput = strawberry.field(description="What it comes to by list prices, more than 0.")
    floor: MoneyInput | None = strawberry.field(
        default=None,
        description="The least that should be taken, no more than `listed`; absent or null when nothing is"
        " said.",
    )
    offered: MoneyInput = strawberry.field(description="The total contract value that is offered.")
    cost: MoneyInput | None = strawberry.field(
        default=None, description="What it costs us; absent or null when it is not known."
    )
    idempotency_key: str | None = strawberry.field(default=None, description=IDEMPOTENCY_KEY)


@strawberry.input
class ApproveBidRoundInput:
    """Which discount may be given."""

    id: strawberry.ID = strawberry.field(description=_APPROVAL)
    version: int | None = strawberry.field(default=None, description=READ_AT_IF_TOLD)
    reason: str | None = strawberry.field(
        default=None, description="Why, up to 1,000 characters; absent or null when nothing is said."
    )


@strawberry.input
class RejectBidRoundInput:
    """Which discount may not be given, and why."""

    id: strawberry.ID = strawberry.field(description=_APPROVAL)
    version: int | None = strawberry.field(default=None, description=READ_AT_IF_TOLD)
    reason: str = strawberry.field(description="Why, up to 1,000 characters, not blank.")


@strawberry.input
class SubmitBidInput:
    """Which bid is handed in to the customer."""

    id: strawberry.ID = strawberry.field(description=_BID)
    version: int | None = strawberry.field(default=None, description=READ_AT_IF_TOLD)
    on: date | None = strawberry.field(
        default=None, description="The day of it, not in the future; default: today (UTC)."
    )
    late_because: str | None = strawberry.field(
        default=None,
        description="Why it is late, up to 500 characters, needed after the due day; absent or null on time.",
    )


@strawberry.input
class CloseBidInput:
    """How a bid ended."""

    id: strawberry.ID = strawberry.field(description=_BID)
    version: int | None = strawberry.field(default=None, description=READ_AT_IF_TOLD)
    state: BidState = strawberry.field(description="WON, LOST or WITHDRAWN.")
    on: date | None = strawberry.field(
        default=None, description="The day of it, not in the future; default: today (UTC)."
    )
    because: str | None = strawberry.field(
        default=None, description="Why, up to 1,000 characters; absent or null when nothing is said."
    )


@strawberry.input
class DiscountLevelInput:
    """Up to how much somebody may give; it names a role or a user, one of the two."""

    up_to_percent: int = strawberry.field(
        description="The largest discount against list in percent, 0 to 100."
    )
    role: Role | None = strawberry.field(
        default=None, description="DIRECTOR, MANAGER or ADMIN; absent or null where a user is named."
    )
    user_id: strawberry.ID | None = strawberry.field(
        default=None,
        description="The id of an active user of one of these roles; absent or null where a role is named.",
    )
    below_floor: bool = strawberry.field(
        default=False, description="Whether it allows to offer less than the floor."
    )


@strawberry.input
class SetDiscountLevelsInput:
    """All levels that there are from now on; the others are taken out."""

    levels: list[DiscountLevelInput] = strawberry.field(
        description="Up to 50, none twice; of none, no discount needs approval."
    )


@strawberry.type
class BidPayload:
    """The bid as it is now, or why nothing was written."""

    bid: Bid | None = column("As it is now; null when nothing was written, but for a conflict.")
    errors: list[UserError] = column("What was wrong; empty when it was written.")


@strawberry.type
class BidDocumentPayload:
    """The document as it is now, or why nothing was written."""

    document: BidDocument | None = column("As it is now; null when nothing was written.")
    errors: list[UserError] = column("What was wrong; empty when it was written.")


@strawberry.type
class BidMemberPayload:
    """The person's part as it is now, or why nothing was written."""

    member: BidMember | None = column("As it is now; null when nothing was written.")
    errors: list[UserError] = column("What was wrong; empty when it was written.")


@strawberry.type
class BidRoundPayload:
    """The round, with the approval that it needs, or why nothing was written."""

    round: BidRound | None = column("As it was written down; null when nothing was written.")
    errors: list[UserError] = column("What was wrong; empty when it was written.")


@strawberry.type
class BidApprovalPayload:
    """The approval as it is now, or why nothing was written."""

    approval: BidApproval | None = column("As it is now; null when nothing was written, but for a conflict.")
    errors: list[UserError] = column("What was wrong; empty when it was written.")


@strawberry.type
class DiscountLevelsPayload:
    """The levels as they are now, or why nothing was written."""

    levels: list[DiscountLevel] | None = column(
        "Those that hold now, the lowest first; null when nothing was written."
    )
    errors: list[UserError] = column("What was wrong; empty when it was written.")


@strawberry.type
class BidMutations:
    """What clients do with bids."""

    @strawberry.mutation
    async def create_bid(self, info: Info, input: CreateBidInput) -> BidPayload:
        """Begin a bid for a tender; repeated with the same ``idempotencyKey``, answer with the first one."""
        actor = info.context.actor
        return _payload(
            *await attempt(
                stored.Bid,
                lambda: bids.create(
                    actor, input.deal_id, input.name, input.due_on, idempotency_key=input.idempotency_key
                ),
            )
        )

    @strawberry.mutation
    async def update_bid(self, info: Info, input: UpdateBidInput) -> BidPayload:
        """Change the name or the due day of a bid that the customer has not got yet."""
        actor = info.context.actor
        return _payload(
            *await attempt(
                stored.Bid, lambda: bids.update(actor, input.id, columns(actor, input), input.version)
            )
        )

    @strawberry.mutation
    async def decide_bid(self, info: Info, input: DecideBidInput) -> BidPayload:
        """Decide whether a bid is made; while it is being prepared, it may be decided anew."""
        actor = info.context.actor
        return _payload(
            *await attempt(
                stored.Bid,
                lambda: bids.decide(actor, input.id, input.decision, input.because, input.version),
            )
        )

    @strawberry.mutation
    async def add_bid_document(self, info: Info, input: AddBidDocumentInput) -> BidDocumentPayload:
        """Put a document into a bid by a link to it, or call one otherwise that is there."""
        actor = info.context.actor
        found, errors = await attempt(
            stored.BidDocument,
            lambda: bids.put_document(actor, input.bid_id, input.url, input.title, input.kind),
        )
        return BidDocumentPayload(document=BidDocument.of(found) if found else None, errors=errors)

    @strawberry.mutation
    async def remove_bid_document(self, info: Info, input: RemoveBidDocumentInput) -> BidDocumentPayload:
        """Take a document out of a bid; the history keeps it."""
        actor = info.context.actor
        found, errors = await attempt(stored.BidDocument, lambda: bids.remove_document(actor, input.id))
        return BidDocumentPayload(document=BidDocument.of(found) if found else None, errors=errors)

    @strawberry.mutation
    async def set_bid_member(self, info: Info, input: SetBidMemberInput) -> BidMemberPayload:
        """Have somebody work on a bid; they see no more by it than they do anyhow."""
        actor = info.context.actor
        found, errors = await attempt(
            stored.BidMember, lambda: bids.set_member(actor, input.bid_id, input.user_id, input.duty)
        )
        return BidMemberPayload(member=BidMember.of(found) if found else None, errors=errors)

    @strawberry.mutation
    async def remove_bid_member(self, info: Info, input: RemoveBidMemberInput) -> BidMemberPayload:
        """Have somebody work on a bid no more; the history keeps that they did."""
        actor = info.context.actor
        found, errors = await attempt(stored.BidMember, lambda: bids.remove_member(actor, input.id))
        return BidMemberPayload(member=BidMember.of(found) if found else None, errors=errors)

    @strawberry.mutation
    async def record_bid_round(self, info: Info, input: RecordBidRoundInput) -> BidRoundPayload:
        """Write down a round of negotiation.

        What the caller may not give waits for approval at the lowest level that covers it; what an earlier
        round asked for lapses. Repeated with the same ``idempotencyKey``, answer with the first one.
        """
        actor = info.context.actor

        async def command() -> stored.BidRound:
            values = columns(actor, input)
            del values["bid_id"], values["held_on"]
            return await bids.record_round(
                actor, input.bid_id, values, held_on=input.held_on, idempotency_key=input.idempotency_key
            )

        found, errors = await attempt(stored.BidRound, command)
        return BidRoundPayload(round=BidRound.of(found) if found else None, errors=errors)

    @strawberry.mutation
    async def approve_bid_round(self, info: Info, input: ApproveBidRoundInput) -> BidApprovalPayload:
        """Let the discount of a round be given; for those alone whom its level names."""
        actor = info.context.actor
        return _approval(
            *await attempt(
                stored.BidApproval,
                lambda: discounts.approve(actor, input.id, input.reason, input.version),
            )
        )

    @strawberry.mutation
    async def reject_bid_round(self, info: Info, input: RejectBidRoundInput) -> BidApprovalPayload:
        """Refuse the discount of a round, which needs another one then; for whom its level names alone."""
        actor = info.context.actor
        return _approval(
            *await attempt(
                stored.BidApproval,
                lambda: discounts.reject(actor, input.id, input.reason, input.version),
            )
        )

    @strawberry.mutation
    async def submit_bid(self, info: Info, input: SubmitBidInput) -> BidPayload:
        """Hand a bid in to the customer: a GO whose last discount waits for nobody's word."""
        actor = info.context.actor
        return _payload(
            *await attempt(
                stored.Bid,
                lambda: bids.submit(
                    actor, input.id, on=input.on, late_because=input.late_because, version=input.version
                ),
            )
        )

    @strawberry.mutation
    async def close_bid(self, info: Info, input: CloseBidInput) -> BidPayload:
        """Say how a bid ended; the deal stays as it is."""
        actor = info.context.actor
        return _payload(
            *await attempt(
                stored.Bid,
                lambda: bids.close(
                    actor,
                    input.id,
                    input.state,
                    on=input.on,
                    because=input.because,
                    version=input.version,
                ),
            )
        )

    @strawberry.mutation
    async def set_discount_levels(self, info: Info, input: SetDiscountLevelsInput) -> DiscountLevelsPayload:
        """Set who may give discounts up to how much, all levels at once."""
        actor = info.context.actor
        wanted = [
            Level(each.up_to_percent, each.role, each.user_id, each.below_floor) for each in input.levels
        ]
        found, errors = await attempt(list, lambda: discounts.set_levels(actor, wanted))
        shown = None if errors else [DiscountLevel.of(each) for each in found or ()]
        return DiscountLevelsPayload(levels=shown, errors=errors)


def _payload(found: stored.Bid | None, errors: list[UserError]) -> BidPayload:
    return BidPayload(bid=Bid.of(found) if found else None, errors=errors)


def _approval(found: stored.BidApproval | None, errors: list[UserError]) -> BidApprovalPayload:
    return BidApprovalPayload(approval=BidApproval.of(found) if found else None, errors=errors)

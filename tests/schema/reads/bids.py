"""The bids of one tenant of the world: documents, people, rounds, levels of discount, and approvals."""

from __future__ import annotations

from models.access import Role
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
from tests.schema.reads.odd_values import INTEGERS, MONEY, SHARES
from tests.schema.reads.records import Records

#: What waits on the desk of the access matrix is a discount of 90 %, which its own level alone covers.
PERCENTS = tuple(share for share in SHARES if share < 90)


def furnish_bids(records: Records) -> None:
    """Levels, and a bid of every second deal with all that belongs to it."""
    made = _Bids(records)
    levels = made.levels()
    for deal in records.deals[::2]:
        made.bid(deal.id, levels)


class _Bids:
    def __init__(self, records: Records) -> None:
        self.world = records.world
        self.tenant = records.tenant
        self.people = sorted({*records.owners})

    def levels(self) -> list[DiscountLevel]:
        world = self.world
        return [
            world.make(
                DiscountLevel,
                tenant_id=self.tenant.id,
                up_to_percent=world.pick(PERCENTS),
                role=role,
                user_id=None if role else world.pick(self.people),
                below_floor=world.pick((True, False)),
                removed_on=world.maybe(world.day(), 0.2),
            )
            for role in (Role.DIRECTOR, Role.MANAGER, Role.MANAGER, Role.ADMIN, None)
        ]

    def bid(self, deal_id: str, levels: list[DiscountLevel]) -> None:
        world = self.world
        held = world.pick((0, 1, 3))
        bid = world.make(
            Bid,
            tenant_id=self.tenant.id,
            deal_id=deal_id,
            name=world.text(),
            due_on=world.day(),
            state=world.pick(list(BidState)),
            decision=world.pick(list(BidDecision)),
            decided_by_id=world.maybe(world.pick(self.people)),
            decided_at=world.maybe(world.moment()),
            decided_because=world.maybe(world.text(1000)),
            submitted_on=world.maybe(world.day()),
            late_because=world.maybe(world.text(500), 0.3),
            ended_on=world.maybe(world.day()),
            ended_because=world.maybe(world.text(1000)),
            rounds_held=world.pick((held, held, held, *INTEGERS)),
        )
        of_bid = {"tenant_id": self.tenant.id, "bid_id": bid.id}
        for _ in range(2):
            world.make(
                BidDocument,
                title=world.text(),
                url=lambda new: f"https://files.example/{new}",
                kind=world.pick(list(BidDocumentKind)),
                removed_on=world.maybe(world.day(), 0.2),
                **of_bid,
            )
        for user_id in world.random.sample(self.people, 2):
            world.make(
                BidMember,
                user_id=user_id,
                duty=world.text(),
                removed_on=world.maybe(world.day(), 0.2),
                **of_bid,
            )
        for number in range(1, held + 1):
            round_ = self._round(bid, number)
            if world.pick((True, False)):
                world.make(
                    BidApproval,
                    round_id=round_.id,
                    level_id=world.pick(levels).id,
                    discount=world.pick((0, 1, 1_250, 10_000)),
                    state=world.pick(list(ApprovalState)),
                    requested_by_id=world.maybe(world.pick(self.people)),
                    decided_by_id=world.maybe(world.pick(self.people)),
                    decided_at=world.maybe(world.moment()),
                    reason=world.maybe(world.text(1000)),
                    **of_bid,
                )

    def _round(self, bid: Bid, number: int) -> BidRound:
        world = self.world
        return world.make(
            BidRound,
            tenant_id=self.tenant.id,
            bid_id=bid.id,
            number=number,
            held_on=world.day(),
            asked=world.maybe(world.text(2000)),
            given=world.maybe(world.text(2000)),
            got=world.maybe(world.text(2000)),
            listed_minor=world.pick(MONEY),
            floor_minor=world.maybe(world.pick(MONEY)),
            offered_minor=world.pick(MONEY),
            cost_minor=world.maybe(world.pick(MONEY)),
            currency=self.tenant.currency,
            recorded_by_id=world.maybe(world.pick(self.people)),
        )

"""Bids for tenders: documents, team, rounds of negotiation, and who approves which discount."""

from __future__ import annotations

from urllib.parse import urlsplit

from tortoise import fields

from models.access import Role
from models.base import Record, reference
from models.described import Described
from models.errors import Invalid, InvalidTransition, allowed

WHOLE = 100
#: Hundredths of a percent in all of something.
HUNDREDTHS = 100 * WHOLE


class BidState(Described):
    """Where a bid stands."""

    PREPARING = "PREPARING", "Being worked on: the customer has not got it yet."
    SUBMITTED = "SUBMITTED", "Handed in to the customer, who has not decided; it may be negotiated still."
    WON = "WON", "Ended: the customer took it."
    LOST = "LOST", "Ended: the customer took another one, or none."
    WITHDRAWN = "WITHDRAWN", "Ended by us."

    @property
    def has_ended(self) -> bool:
        """Whether nothing becomes of such a bid any more."""
        return not NEXT[self]


class BidDecision(Described):
    """Whether a bid is made."""

    OPEN = "OPEN", "Not decided yet."
    GO = "GO", "It is made."
    NO_GO = "NO_GO", "It is not made: it takes no rounds, and cannot be submitted."


class BidDocumentKind(Described):
    """What a document of a bid is."""

    TENDER = "TENDER", "What the customer sent: the call, its requirements, answers to questions."
    OFFER = "OFFER", "What we offer, in words or prices."
    CALCULATION = "CALCULATION", "What it costs us, and how prices were found."
    CONTRACT = "CONTRACT", "Terms, as a draft or agreed."
    OTHER = "OTHER", "Anything else."


class ApprovalState(Described):
    """What became of a discount that somebody asked for."""

    OPEN = "OPEN", "It waits for whom its level names."
    APPROVED = "APPROVED", "It may be given."
    REJECTED = "REJECTED", "It may not be given: another round is needed."
    LAPSED = "LAPSED", "Nobody needs to decide it any more: another round followed, or the bid ended."


#: What a bid may become.
NEXT = {
    BidState.PREPARING: (BidState.SUBMITTED, BidState.WITHDRAWN),
    BidState.SUBMITTED: (BidState.WON, BidState.LOST, BidState.WITHDRAWN),
    BidState.WON: (),
    BidState.LOST: (),
    BidState.WITHDRAWN: (),
}
#: Those whose word on a discount may be asked for.
APPROVERS = (Role.DIRECTOR, Role.MANAGER, Role.ADMIN)


class Bid(Record):
    """An offer for a tender of a customer, due on ``due_on``.

    ``rounds_held`` is how many rounds of negotiation there were. ``late_because`` says why it was submitted
    after its due day, ``ended_because`` why it ended as it did.
    """

    prefix = "bid"
    immutable = frozenset({"deal_id"})

    tenant = reference("Tenant")
    deal = reference("Deal", "bids")
    name = fields.CharField(max_length=200)
    due_on = fields.DateField()
    state = fields.CharEnumField(BidState, max_length=20, default=BidState.PREPARING)
    decision = fields.CharEnumField(BidDecision, max_length=20, default=BidDecision.OPEN)
    decided_by = reference("User", null=True)
    decided_at = fields.DatetimeField(null=True)
    decided_because = fields.CharField(max_length=1000, null=True)
    submitted_on = fields.DateField(null=True)
    late_because = fields.CharField(max_length=500, null=True)
    ended_on = fields.DateField(null=True)
    ended_because = fields.CharField(max_length=1000, null=True)
    rounds_held = fields.IntField(default=0, db_default=0)
    tenant_id: str
    deal_id: str
    decided_by_id: str | None

    class Meta:
        table = "bid"
        indexes = (
            ("tenant_id", "deal_id"),
            ("tenant_id", "due_on"),
            ("tenant_id", "decided_by_id"),
        )

    @property
    def has_ended(self) -> bool:
        """Whether nothing becomes of it any more."""
        return BidState(self.state).has_ended

    def check_transition(self, to: BidState) -> None:
        """Raise InvalidTransition unless the bid may become ``to``."""
        current = BidState(self.state)
        if to not in NEXT[current]:
            raise InvalidTransition(f"the bid is {current}; allowed: {allowed(NEXT[current])}", ["state"])

    def check_preparing(self, path: str) -> None:
        """Raise InvalidTransition, naming ``path``, unless the customer has not got it yet."""
        if BidState(self.state) is not BidState.PREPARING:
            raise InvalidTransition(
                f"the bid is {self.state}; allowed while it is {BidState.PREPARING}", [path]
            )

    def check_going_on(self, path: str) -> None:
        """Raise InvalidTransition, naming ``path``, for a bid that has ended."""
        if self.has_ended:
            raise InvalidTransition(f"the bid is {self.state}; nothing of it changes any more", [path])


class BidDocument(Record):
    """A document of a bid, which is kept elsewhere: ``url`` leads there.

    One that was taken out stays, with the day of it in ``removed_on``.
    """

    prefix = "bdoc"

    tenant = reference("Tenant")
    bid = reference("Bid", "documents")
    title = fields.CharField(max_length=200)
    url = fields.CharField(max_length=1000)
    kind = fields.CharEnumField(BidDocumentKind, max_length=20, default=BidDocumentKind.OTHER)
    removed_on = fields.DateField(null=True)
    tenant_id: str
    bid_id: str

    class Meta:
        table = "bid_document"
        unique_together = (("tenant", "bid", "url"),)


class BidMember(Record):
    """Somebody who works on a bid, ``duty`` is what they do there.

    Who works on it no more stays, with the day of it in ``removed_on``.
    """

    prefix = "bmem"

    tenant = reference("Tenant")
    bid = reference("Bid", "members")
    user = reference("User")
    duty = fields.CharField(max_length=200)
    removed_on = fields.DateField(null=True)
    tenant_id: str
    bid_id: str
    user_id: str

    class Meta:
        table = "bid_member"
        unique_together = (("tenant", "bid", "user"),)
        indexes = (("tenant_id", "user_id"),)


class BidRound(Record):
    """A round of negotiation: what the customer asked for, what we gave, and what we got for it.

    ``number`` counts up from 1. In minor units, for the whole term: ``listed_minor`` is what list prices
    come to, ``floor_minor`` the least that should be taken, ``offered_minor`` the total contract value that
    is offered, ``cost_minor`` what it costs us. A round is never changed: another one follows.
    """

    prefix = "brnd"
    immutable = frozenset(
        {"number", "held_on", "asked", "given", "got", "listed_minor", "floor_minor", "offered_minor"}
        | {"cost_minor", "currency", "bid_id", "recorded_by_id"}
    )

    tenant = reference("Tenant")
    bid = reference("Bid", "rounds")
    number = fields.IntField()
    held_on = fields.DateField()
    asked = fields.CharField(max_length=2000, null=True)
    given = fields.CharField(max_length=2000, null=True)
    got = fields.CharField(max_length=2000, null=True)
    listed_minor = fields.BigIntField()
    floor_minor = fields.BigIntField(null=True)
    offered_minor = fields.BigIntField()
    cost_minor = fields.BigIntField(null=True)
    currency = fields.CharField(max_length=3)
    recorded_by = reference("User", null=True)
    tenant_id: str
    bid_id: str
    recorded_by_id: str | None

    class Meta:
        table = "bid_round"
        unique_together = (("tenant", "bid", "number"),)
        indexes = (("tenant_id", "recorded_by_id"),)

    @property
    def is_below_floor(self) -> bool:
        """Whether less is offered than should be taken; a floor that is not known is never missed."""
        return self.floor_minor is not None and self.offered_minor < self.floor_minor

    @property
    def is_discounted(self) -> bool:
        """Whether less is offered than list prices come to, or than should be taken."""
        return self.offered_minor < self.listed_minor or self.is_below_floor


class DiscountLevel(Record):
    """Who may give discounts up to ``up_to_percent``, 0 to 100: whoever has ``role``, or ``user`` alone.

    Exactly one of these is set. Below the floor it holds if ``below_floor`` says so. One that was taken out
    stays, with the day of it in ``removed_on``.
    """

    prefix = "dlvl"
    immutable = frozenset({"up_to_percent", "role", "user_id", "below_floor"})

    tenant = reference("Tenant")
    up_to_percent = fields.IntField()
    role = fields.CharEnumField(Role, max_length=20, null=True)
    user = reference("User", null=True)
    below_floor = fields.BooleanField(default=False, db_default=False)
    removed_on = fields.DateField(null=True)
    tenant_id: str
    user_id: str | None

    class Meta:
        table = "discount_level"
        indexes = (("tenant_id", "up_to_percent"), ("tenant_id", "user_id"))

    def covers(self, held: BidRound) -> bool:
        """Whether what a round offers is within it: to the minor unit, nothing is rounded."""
        discount = (held.listed_minor - held.offered_minor) * WHOLE
        within = discount <= self.up_to_percent * held.listed_minor
        return within and (self.below_floor or not held.is_below_floor)

    def names(self, user_id: str | None, role: Role) -> bool:
        """Whether somebody may give what it allows."""
        if self.role is not None:
            return Role(self.role) is role
        return self.user_id == user_id

    @property
    def rank(self) -> tuple[int, bool, str]:
        """By what levels are in order, the lowest first."""
        return self.up_to_percent, self.below_floor, self.id


class BidApproval(Record):
    """That a round's discount is to be approved at a level, by whom it was, or was not.

    ``discount`` is that of the round when it was asked for, in hundredths of a percent.
    """

    prefix = "bapp"
    immutable = frozenset({"bid_id", "round_id", "level_id", "discount", "requested_by_id"})

    tenant = reference("Tenant")
    bid = reference("Bid", "approvals")
    round = reference("BidRound", "approvals")
    level = reference("DiscountLevel")
    discount = fields.IntField()
    state = fields.CharEnumField(ApprovalState, max_length=20, default=ApprovalState.OPEN)
    requested_by = reference("User", null=True)
    decided_by = reference("User", null=True)
    decided_at = fields.DatetimeField(null=True)
    reason = fields.CharField(max_length=1000, null=True)
    tenant_id: str
    bid_id: str
    round_id: str
    level_id: str
    requested_by_id: str | None
    decided_by_id: str | None

    class Meta:
        table = "bid_approval"
        unique_together = (("tenant", "round"),)
        indexes = (
            ("tenant_id", "bid_id"),
            ("tenant_id", "level_id"),
            ("tenant_id", "state"),
            ("tenant_id", "requested_by_id"),
            ("tenant_id", "decided_by_id"),
        )

    def check_open(self) -> None:
        """Raise InvalidTransition unless it is to be decided."""
        if ApprovalState(self.state) is not ApprovalState.OPEN:
            raise InvalidTransition(
                f"the approval is {self.state}; allowed while it is {ApprovalState.OPEN}", ["id"]
            )


def check_link(url: str, path: str) -> None:
    """Raise Invalid, naming ``path``, for a text that is no https link, or one with a password in it."""
    try:
        parts = urlsplit(url)
        host, secret = parts.hostname, parts.username is not None or parts.password is not None
    except ValueError:
        parts, host, secret = urlsplit(""), None, False
    plain = url.isascii() and url.isprintable() and " " not in url
    if not (plain and url.startswith("https://") and host) or secret:
        raise Invalid(
            f"{path} is no link; allowed: https://host/…, in ASCII, without a name or password", [path]
        )

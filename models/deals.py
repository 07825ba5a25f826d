"""Deals, their lines, people and stage history, and the lifecycle they follow."""

from __future__ import annotations

from tortoise import fields

from models.base import Record, Sourced, reference
from models.described import Described
from models.errors import InvalidTransition


class DealKind(Described):
    """What a deal does to the revenue we have."""

    NEW = "NEW", "Revenue that we do not have yet, from something new to the account."
    EXPANSION = "EXPANSION", "More revenue on top of what the account has."
    RENEWAL = "RENEWAL", "Keeps revenue whose contract comes to its end."
    WIN_BACK = "WIN_BACK", "Revenue that we had and lost."


class ForecastCategory(Described):
    """How a deal counts in the forecast."""

    OMITTED = "OMITTED", "In no forecast."
    PIPELINE = "PIPELINE", "Worked on; nothing is promised of it."
    BEST_CASE = "BEST_CASE", "Won if everything goes well."
    COMMIT = "COMMIT", "Promised: whoever sells it expects to win it."
    CLOSED = "CLOSED", "Won: no forecast any more."


class Stage(Described):
    """How far a deal is, in order; WON and LOST are its ends."""

    IDENTIFIED = "IDENTIFIED", "There may be a sale: the first stage; 10 percent unless said otherwise."
    QUALIFIED = "QUALIFIED", "There is a need and somebody who decides; 25 percent unless said otherwise."
    PROPOSED = "PROPOSED", "The customer has an offer; 50 percent unless said otherwise."
    NEGOTIATING = (
        "NEGOTIATING",
        "Terms are being agreed: the last open stage; 75 percent unless said otherwise.",
    )
    WON = "WON", "Ended: the customer has signed."
    LOST = "LOST", "Ended without a sale, for a reason that is said."

    @property
    def is_open(self) -> bool:
        """Whether the deal can still be won."""
        return self not in CLOSED_STAGES

    @property
    def rank(self) -> int:
        """1 for IDENTIFIED to 4 for NEGOTIATING, 5 for both ends."""
        return STAGE_RANK[self]

    @property
    def default_probability(self) -> int:
        """Chance of winning in percent that a deal gets when it enters the stage."""
        return DEFAULT_PROBABILITY[self]

    @property
    def default_category(self) -> ForecastCategory:
        """Forecast category that a deal gets when it enters the stage."""
        return DEFAULT_CATEGORY[self]


CLOSED_STAGES = frozenset({Stage.WON, Stage.LOST})
STAGE_RANK = {
    Stage.IDENTIFIED: 1,
    Stage.QUALIFIED: 2,
    Stage.PROPOSED: 3,
    Stage.NEGOTIATING: 4,
    Stage.WON: 5,
    Stage.LOST: 5,
}
DEFAULT_PROBABILITY = {
    Stage.IDENTIFIED: 10,
    Stage.QUALIFIED: 25,
    Stage.PROPOSED: 50,
    Stage.NEGOTIATING: 75,
    Stage.WON: 100,
    Stage.LOST: 0,
}
DEFAULT_CATEGORY = {
    Stage.IDENTIFIED: ForecastCategory.PIPELINE,
    Stage.QUALIFIED: ForecastCategory.PIPELINE,
    Stage.PROPOSED: ForecastCategory.BEST_CASE,
    Stage.NEGOTIATING: ForecastCategory.COMMIT,
    Stage.WON: ForecastCategory.CLOSED,
    Stage.LOST: ForecastCategory.OMITTED,
}


class ContactRole(Described):
    """What a contact is in the buying centre of a deal."""

    ECONOMIC_BUYER = "ECONOMIC_BUYER", "Has the money, and the last word on spending it."
    DECISION_MAKER = "DECISION_MAKER", "Decides, or has a vote in it."
    CHAMPION = "CHAMPION", "Wants us to win, and says so where we are not."
    INFLUENCER = "INFLUENCER", "Is asked for an opinion."
    USER = "USER", "Will work with what is sold."
    BLOCKER = "BLOCKER", "Is against it."


class Deal(Sourced):
    """A sale in progress or ended.

    ``amount_minor`` is the total contract value in minor units of ``currency``, ``probability`` is in
    percent, ``close_on`` the expected close date while the deal is open and ``closed_on`` the real one,
    ``valid_from`` is when it was identified.
    """

    prefix = "deal"

    tenant = reference("Tenant")
    account = reference("Account", "deals")
    owner = reference("User", "deals", null=True)
    contract = reference("Contract", "deals", null=True)
    name = fields.CharField(max_length=200)
    kind = fields.CharEnumField(DealKind, max_length=20, default=DealKind.NEW)
    stage = fields.CharEnumField(Stage, max_length=20, default=Stage.IDENTIFIED)
    stage_since = fields.DateField(null=True)
    forecast_category = fields.CharEnumField(
        ForecastCategory, max_length=20, default=ForecastCategory.PIPELINE
    )
    probability = fields.IntField(default=10)
    amount_minor = fields.BigIntField(default=0)
    currency = fields.CharField(max_length=3)
    close_on = fields.DateField(null=True)
    closed_on = fields.DateField(null=True)
    loss_reason = fields.CharField(max_length=200, null=True)
    competitor = fields.CharField(max_length=200, null=True)
    next_step = fields.CharField(max_length=500, null=True)
    next_step_on = fields.DateField(null=True)
    tenant_id: str
    account_id: str
    owner_id: str | None
    contract_id: str | None

    class Meta:
        table = "deal"
        unique_together = (("tenant", "source", "external_id"),)
        indexes = (
            ("tenant_id", "account_id"),
            ("tenant_id", "owner_id"),
            ("tenant_id", "contract_id"),
            ("tenant_id", "stage"),
            ("tenant_id", "close_on"),
            ("tenant_id", "closed_on"),
        )

    def check_transition(self, to: Stage) -> None:
        """Raise InvalidTransition unless the deal may go to ``to``.

        An open deal moves freely among the open stages (forward and back) and may be won or lost; an
        ended one stays ended.
        """
        current = Stage(self.stage)
        if current is to:
            raise InvalidTransition(f"the deal is in {to} already", ["stage"])
        if not current.is_open:
            raise InvalidTransition(f"a deal that is {current} has no next stage; allowed: none", ["stage"])


class DealLine(Sourced):
    """One product of a deal, the charges are for the whole quantity, in minor units."""

    prefix = "line"

    tenant = reference("Tenant")
    deal = reference("Deal", "lines")
    product = reference("Product", "deal_lines")
    quantity = fields.IntField(default=1)
    mrc_minor = fields.BigIntField(default=0)
    nrc_minor = fields.BigIntField(default=0)
    term_months = fields.IntField(default=0)
    currency = fields.CharField(max_length=3)
    tenant_id: str
    deal_id: str
    product_id: str

    class Meta:
        table = "deal_line"
        unique_together = (("tenant", "source", "external_id"),)
        indexes = (("tenant_id", "deal_id"), ("tenant_id", "product_id"))


class DealContact(Record):
    """A contact taking part in a deal, as far as we knew since ``known_on`` (null: all the time)."""

    prefix = "dc"

    tenant = reference("Tenant")
    deal = reference("Deal", "contact_roles")
    contact = reference("Contact", "deal_roles")
    role = fields.CharEnumField(ContactRole, max_length=20, default=ContactRole.INFLUENCER)
    known_on = fields.DateField(null=True)
    tenant_id: str
    deal_id: str
    contact_id: str

    class Meta:
        table = "deal_contact"
        unique_together = (("tenant", "deal", "contact"),)
        indexes = (("tenant_id", "contact_id"),)


class StageChange(Record):
    """A deal entering a stage on a business date, the first has no ``from_stage``."""

    prefix = "stg"

    tenant = reference("Tenant")
    deal = reference("Deal", "stage_changes")
    from_stage = fields.CharEnumField(Stage, max_length=20, null=True)
    to_stage = fields.CharEnumField(Stage, max_length=20)
    changed_on = fields.DateField()
    tenant_id: str
    deal_id: str

    class Meta:
        table = "stage_change"
        indexes = (("tenant_id", "deal_id", "changed_on"),)

"""Deals, their lines, people, competitors and stage history, and the lifecycle they follow."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from tortoise import fields

from models.base import Record, Sourced, days_between, reference
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
    TECHNICAL = "TECHNICAL", "Judges whether it does what it must, and can say no."
    PROCUREMENT = "PROCUREMENT", "Negotiates prices and terms."
    APPROVER = "APPROVER", "Has to sign off what others have decided."


class CompetitorStatus(Described):
    """How a competitor stands in a deal."""

    INCUMBENT = "INCUMBENT", "Supplies today what the deal is about."
    SHORTLISTED = "SHORTLISTED", "Is among those whom the customer considers."
    OUT = "OUT", "Is considered no more."
    WINNER = "WINNER", "Has won the deal."


class Deal(Sourced):
    """A sale in progress or ended.

    ``amount_minor`` is the total contract value in minor units of ``currency``, ``probability`` is in
    percent, ``close_on`` the expected close date while the deal is open and ``closed_on`` the real one,
    ``valid_from`` is when it was identified. In a ``pipeline`` it is in a ``pipeline_stage`` while it is
    open. ``pushes`` and ``days_pushed`` say how often and by how many days in all ``close_on`` moved later;
    they follow from the change log and are no part of it. ``competitor`` is the main one, ``uncontested``
    that there is none. ``offered_minor`` is what it is offered at in minor units of ``offered_currency``,
    where its amount follows from that by an exchange rate.
    """

    prefix = "deal"
    untracked = Sourced.untracked | {"pushes", "days_pushed"}

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
    pipeline = reference("Pipeline", null=True)
    pipeline_stage = reference("PipelineStage", null=True)
    loss_cause = reference("LossReason", null=True)
    offered_minor = fields.BigIntField(null=True)
    offered_currency = fields.CharField(max_length=3, null=True)
    uncontested = fields.BooleanField(default=False, db_default=False)
    pushes = fields.IntField(default=0, db_default=0)
    days_pushed = fields.IntField(default=0, db_default=0)
    tenant_id: str
    account_id: str
    owner_id: str | None
    contract_id: str | None
    pipeline_id: str | None
    pipeline_stage_id: str | None
    loss_cause_id: str | None

    class Meta:
        table = "deal"
        unique_together = (("tenant", "source", "external_id"),)
        indexes = (
            ("tenant_id", "account_id"),
            ("tenant_id", "owner_id"),
            ("tenant_id", "contract_id"),
            ("tenant_id", "stage"),
            ("tenant_id", "close_on"),
            ("tenant_id", "pipeline_id"),
            ("tenant_id", "pipeline_stage_id"),
            ("tenant_id", "loss_cause_id"),
            ("tenant_id", "closed_on"),
            ("tenant_id", "valid_from"),
        )

    def following(self, changed: Mapping[str, object]) -> dict[str, object]:
        """The push counts, where the expected close date is about to change."""
        later = days_pushed(self.close_on, changed.get("close_on"))
        return {"pushes": self.pushes + 1, "days_pushed": self.days_pushed + later} if later else {}

    def check_transition(self, to: Stage) -> None:
        """Raise InvalidTransition unless the deal may go to ``to``.

        An open deal moves freely among the open stages (forward and back) and may be won or lost; an
        ended one stays ended.
        """
        if Stage(self.stage) is to:
            raise InvalidTransition(f"the deal is in {to} already", ["stage"])
        self.check_open("stage")

    def check_open(self, path: str) -> None:
        """Raise InvalidTransition, naming ``path``, for a deal that has ended."""
        current = Stage(self.stage)
        if not current.is_open:
            raise InvalidTransition(f"a deal that is {current} has no next stage; allowed: none", [path])


def valued(values: Mapping[str, object]) -> dict[str, object]:
    """Values of a deal, where one that sets the amount ends that it follows from an offer."""
    own = {"offered_minor": None, "offered_currency": None} if "amount_minor" in values else {}
    return {**own, **values}


def days_pushed(before: object, after: object) -> int:
    """By how many days an expected close date moved later; 0 when it did not, or was not known."""
    if not isinstance(before, date) or not isinstance(after, date):
        return 0
    return max(0, days_between(before, after))


class DealLine(Sourced):
    """One product of a deal, the charges are for the whole quantity, in minor units.

    One that was taken out stays, with the day of it in ``removed_on``.
    """

    prefix = "line"

    tenant = reference("Tenant")
    deal = reference("Deal", "lines")
    product = reference("Product", "deal_lines")
    quantity = fields.IntField(default=1)
    mrc_minor = fields.BigIntField(default=0)
    nrc_minor = fields.BigIntField(default=0)
    term_months = fields.IntField(default=0)
    currency = fields.CharField(max_length=3)
    removed_on = fields.DateField(null=True)
    tenant_id: str
    deal_id: str
    product_id: str

    class Meta:
        table = "deal_line"
        unique_together = (("tenant", "source", "external_id"),)
        indexes = (("tenant_id", "deal_id"), ("tenant_id", "product_id"))


class DealContact(Record):
    """A contact taking part in a deal, as far as we knew since ``known_on`` (null: all the time).

    One who takes part no more stays, with the day of it in ``removed_on``. A contact has one role in a deal.
    """

    prefix = "dc"

    tenant = reference("Tenant")
    deal = reference("Deal", "contact_roles")
    contact = reference("Contact", "deal_roles")
    role = fields.CharEnumField(ContactRole, max_length=20, default=ContactRole.INFLUENCER)
    known_on = fields.DateField(null=True)
    removed_on = fields.DateField(null=True)
    tenant_id: str
    deal_id: str
    contact_id: str

    class Meta:
        table = "deal_contact"
        unique_together = (("tenant", "deal", "contact"),)
        indexes = (("tenant_id", "contact_id"),)


class DealCompetitor(Record):
    """Who else wants to sell what a deal is about, ``price_minor`` is what is known of the offer.

    The price is in minor units of ``currency``, for the whole of the deal. One that was named by mistake
    stays, with the day of its removal in ``removed_on``.
    """

    prefix = "comp"

    tenant = reference("Tenant")
    deal = reference("Deal", "competitors")
    name = fields.CharField(max_length=200)
    status = fields.CharEnumField(CompetitorStatus, max_length=20, default=CompetitorStatus.SHORTLISTED)
    price_minor = fields.BigIntField(null=True)
    currency = fields.CharField(max_length=3)
    note = fields.CharField(max_length=1000, null=True)
    removed_on = fields.DateField(null=True)
    tenant_id: str
    deal_id: str

    class Meta:
        table = "deal_competitor"
        unique_together = (("tenant", "deal", "name"),)


class StageChange(Record):
    """A deal entering a stage on a business date, the first has no ``from_stage``.

    Where it left or entered a stage of a pipeline, that is named, too.
    """

    prefix = "stg"

    tenant = reference("Tenant")
    deal = reference("Deal", "stage_changes")
    from_stage = fields.CharEnumField(Stage, max_length=20, null=True)
    to_stage = fields.CharEnumField(Stage, max_length=20)
    changed_on = fields.DateField()
    from_pipeline_stage = reference("PipelineStage", null=True)
    to_pipeline_stage = reference("PipelineStage", null=True)
    tenant_id: str
    deal_id: str
    from_pipeline_stage_id: str | None
    to_pipeline_stage_id: str | None

    class Meta:
        table = "stage_change"
        indexes = (
            ("tenant_id", "deal_id", "changed_on"),
            ("tenant_id", "from_pipeline_stage_id"),
            ("tenant_id", "to_pipeline_stage_id"),
        )

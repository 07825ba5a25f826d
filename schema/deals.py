"""Deals as clients see them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction

import strawberry
from strawberry import UNSET

from models import deals as stored
from models.access import Scope
from models.base import today
from models.deals import STAGE_RANK, DealKind, ForecastCategory, Stage
from models.described import Described
from models.forecast import DealSplit as DealSplitRow
from models.stakeholders import BuyingCentre
from schema.bids import BIDS
from schema.context import Info
from schema.core.arguments import AsOf
from schema.core.connections import Listed, by_id, children, connection, related
from schema.core.cost import costs
from schema.core.cursors import Kind
from schema.core.enums import Direction
from schema.core.filters import (
    BooleanFilter,
    DateFilter,
    Filter,
    IDFilter,
    IntFilter,
    MoneyFilter,
    StringFilter,
    clause,
)
from schema.core.listing import Column, Listing
from schema.core.money import CurrencyCode, ForeignMoney, Money, certain_money
from schema.core.readable import in_sql, needs
from schema.core.stored import Node, Stored, column
from schema.people import INTERACTIONS
from schema.projections import DealLikelihood, LikelihoodMissing, likelihood_missing, likelihood_of
from schema.qualification import ExitCriterion, Qualification, exit_criteria, qualification
from schema.recommendations import RECOMMENDATIONS, RISKS
from schema.signals import SIGNALS
from schema.stakeholders import StakeholderMap, stakeholder_map

#: Whole minor units, halves to even, whatever the sign; in two parts, as the product may be larger than a
#: database takes.
_WHOLE = "(abs(t.amount_minor) / 100 * t.probability + abs(t.amount_minor) % 100 * t.probability / 100)"
_REST = "(abs(t.amount_minor) % 100 * t.probability % 100)"
_WEIGHTED = (
    f"(case when t.amount_minor < 0 then -1 else 1 end)"
    f" * ({_WHOLE} + case when {_REST} * 2 + {_WHOLE} % 2 > 100 then 1 else 0 end)"
)
_RANK = " ".join(f"when '{stage.value}' then {rank}" for stage, rank in STAGE_RANK.items())


@strawberry.type
class DealSplit(Stored[DealSplitRow]):
    """Somebody's share in a deal: what it counts for their quota."""

    model = DealSplitRow

    percent: int = column("The share in percent, 0 to 100; 0 for one that has ended.")
    valid_from: date = column("The day since when they have one.")
    user = related("schema.access", "User", "user_id", "Whose it is.")


@strawberry.type
class Deal(Node, Stored[stored.Deal]):
    """A sale in progress or ended."""

    model = stored.Deal

    version: int = column("Grows by one with each change; an update names the one that it has read.")
    name: str = column("The deal's name.")
    kind: DealKind = column("What the deal does to the revenue we have.")
    stage: Stage = column("How far it is, or how it ended.")
    stage_since: date | None = column("The day since when it is in its stage; null when it is not known.")
    forecast_category: ForecastCategory = column("How it counts in the forecast.")
    probability: int = column("The chance of winning it in percent, 0 to 100.")
    amount: Money = column("The total contract value, which is all charges over the whole term.")
    close_on: date | None = column("The day on which it is expected to close; null when none is expected.")
    closed_on: date | None = column("The day on which it was won or lost; null while it is open.")
    loss_reason: str | None = column("Why it was lost; null unless it was.", Scope.READ_PERSONAL)
    loss_cause = related(
        "schema.pipelines", "LossReason", "loss_cause_id", "Why it was lost, by the tenant's list of reasons."
    )
    competitor: str | None = column("The main one of who else wants to sell it; null when nobody is known.")
    uncontested: bool = column("Whether it is said that nobody else wants to sell it.")
    next_step: str | None = column(
        "What is to be done next; null when nothing is planned.", Scope.READ_PERSONAL
    )
    next_step_on: date | None = column(
        "The day by which the next step is to be done; null when there is none."
    )
    pushes: int = column("How often the expected close date moved later.")
    days_pushed: int = column("By how many days it moved later in all; earlier moves take nothing away.")
    valid_from: date | None = column("The day on which it was identified; null when it is not known.")
    pipeline = related(
        "schema.pipelines",
        "Pipeline",
        "pipeline_id",
        "The pipeline that it goes through; without one it goes through the six stages as such.",
    )
    pipeline_stage = related(
        "schema.pipelines",
        "PipelineStage",
        "pipeline_stage_id",
        "The stage of its pipeline that it is in; none when it has ended.",
    )
    account = related("schema.accounts", "Account", "account_id", "The customer that it is with.")
    owner = related("schema.access", "User", "owner_id", "Who sells it.")
    contract = related("schema.revenue", "Contract", "contract_id", "The contract that it renews or expands.")
    signals = connection(SIGNALS, "What was heard about it.", "deal_id")
    interactions = connection(INTERACTIONS, "Calls, visits, mails and the like about it.", "deal_id")
    recommendations = connection(RECOMMENDATIONS, "What to do next about it.", "deal_id")
    risks = connection(RISKS, "The risks that are about it.", "deal_id")

    @in_sql(_WEIGHTED)
    def weighted_amount(self) -> Money:
        """The amount times the probability, rounded to the minor unit, halves to even."""
        weighted = round(Fraction(self.record.amount_minor * self.record.probability, 100))
        return certain_money(weighted, self.record.currency)

    @needs(Scope.READ_MONEY)
    def offered(self) -> ForeignMoney | None:
        """What it is offered at in a currency, from which its amount follows; null when it is not said."""
        minor, currency = self.record.offered_minor, self.record.offered_currency
        if minor is None or currency is None:
            return None
        return ForeignMoney(
            amount=(Decimal(minor) / 100).quantize(Decimal("0.01")), currency=CurrencyCode(currency)
        )

    lines = children(
        "schema.deal_parts",
        "DealLine",
        "deal_id",
        "The products that are sold in it, without those that were taken out.",
        standing="removed_on",
    )
    totals = related(
        "schema.deal_parts",
        "DealTotals",
        "id",
        "What it comes to by its lines; its amount is another matter.",
    )
    stage_history = children(
        "schema.deal_parts", "StageChange", "deal_id", "The stages that it entered, in order.", "changed_on"
    )
    contacts = children(
        "schema.deal_parts",
        "DealContact",
        "deal_id",
        "The people who take part in it, without those who do no more.",
        standing="removed_on",
    )
    competitors = children(
        "schema.deal_parts",
        "DealCompetitor",
        "deal_id",
        "Who else wants to sell it, in the order of their naming; without those who were taken out.",
        standing="removed_on",
    )
    waivers = children(
        "schema.deal_parts",
        "StageWaiver",
        "deal_id",
        "Where it left a stage without what it needed, in order.",
        "waived_on",
    )

    splits = children(
        "schema.deals",
        "DealSplit",
        "deal_id",
        "The shares that people have in it; ended ones are 0.",
        "user_id",
    )

    bids = connection(BIDS, "The bids for tenders that are made for it.", "deal_id")

    @costs(10)
    @strawberry.field
    async def stakeholders(self, info: Info, as_of: AsOf = None) -> StakeholderMap:
        """Its buying centre as of a date: who is what in it, which may differ from the account's."""
        return await stakeholder_map(info, BuyingCentre.DEAL, self.id, as_of)

    @costs(5)
    @strawberry.field
    async def qualification(self, info: Info, as_of: AsOf = None) -> Qualification:
        """How well it is qualified by MEDDICC, as of a date."""
        return await qualification(info, self.id, as_of or today())

    @costs(3)
    @strawberry.field
    async def likelihood(self, info: Info) -> DealLikelihood | None:
        """How likely it is to be won by the tenant's own past, and when; null where `likelihoodMissing`."""
        return await likelihood_of(info, self.record)

    @costs(3)
    @strawberry.field
    async def likelihood_missing(self, info: Info) -> LikelihoodMissing | None:
        """Why there is no likelihood; null where there is one."""
        return await likelihood_missing(info, self.record)

    @costs(5)
    @strawberry.field
    async def exit_criteria(self) -> list[ExitCriterion]:
        """What it needs to leave its pipeline stage forward, and what shows it; empty without a stage."""
        return await exit_criteria(self.record)


@strawberry.input
class DealFilter:
    """Which deals; all conditions given must hold."""

    and_: list[DealFilter] | None = clause("and")
    or_: list[DealFilter] | None = clause("or")
    not_: DealFilter | None = clause("not")
    id: IDFilter | None = UNSET
    account_id: IDFilter | None = UNSET
    owner_id: IDFilter | None = UNSET
    contract_id: IDFilter | None = UNSET
    pipeline_id: IDFilter | None = UNSET
    pipeline_stage_id: IDFilter | None = UNSET
    loss_cause_id: IDFilter | None = UNSET
    name: StringFilter | None = UNSET
    kind: Filter[DealKind] | None = UNSET
    stage: Filter[Stage] | None = UNSET
    forecast_category: Filter[ForecastCategory] | None = UNSET
    probability: IntFilter | None = UNSET
    amount: MoneyFilter | None = UNSET
    close_on: DateFilter | None = UNSET
    closed_on: DateFilter | None = UNSET
    valid_from: DateFilter | None = UNSET
    competitor: StringFilter | None = UNSET
    uncontested: BooleanFilter | None = UNSET
    pushes: IntFilter | None = UNSET
    days_pushed: IntFilter | None = UNSET
    next_step: StringFilter | None = UNSET
    next_step_on: DateFilter | None = UNSET


@strawberry.enum
class DealOrderField(Described):
    """What deals are ordered by."""

    NAME = "name"
    AMOUNT = "amount"
    STAGE = "stage_rank", "By `stage`: ascending from IDENTIFIED to WON and LOST, which are equal."
    PROBABILITY = "probability"
    CLOSE_ON = "close_on"
    CLOSED_ON = "closed_on"
    PUSHES = "pushes"
    DAYS_PUSHED = "days_pushed"
    IDENTIFIED_ON = "valid_from", "By `validFrom`: the day on which it was identified."


@strawberry.input
class DealOrder:
    """One step of an order."""

    field: DealOrderField
    direction: Direction = Direction.ASC


DEALS = Listed(
    "schema.deals",
    "Deal",
    Listing(
        stored.Deal,
        {
            "id": Column("t.id"),
            "account_id": Column("t.account_id"),
            "owner_id": Column("t.owner_id"),
            "contract_id": Column("t.contract_id"),
            "pipeline_id": Column("t.pipeline_id"),
            "pipeline_stage_id": Column("t.pipeline_stage_id"),
            "loss_cause_id": Column("t.loss_cause_id"),
            "name": Column("t.name"),
            "kind": Column("t.kind"),
            "stage": Column("t.stage"),
            "stage_rank": Column(f"case t.stage {_RANK} end", Kind.NUMBER, may_lack=False),
            "forecast_category": Column("t.forecast_category"),
            "probability": Column("t.probability", Kind.NUMBER),
            "amount": Column("t.amount_minor", Kind.NUMBER),
            "close_on": Column("t.close_on", Kind.DATE),
            "closed_on": Column("t.closed_on", Kind.DATE),
            "valid_from": Column("t.valid_from", Kind.DATE),
            "competitor": Column("t.competitor"),
            "uncontested": Column("t.uncontested", Kind.BOOLEAN),
            "pushes": Column("t.pushes", Kind.NUMBER),
            "days_pushed": Column("t.days_pushed", Kind.NUMBER),
            "next_step": Column("t.next_step"),
            "next_step_on": Column("t.next_step_on", Kind.DATE),
        },
        (("close_on", Direction.ASC),),
    ),
)


@strawberry.type
class DealQueries:
    """Reading deals."""

    deals = connection(DEALS, "The deals that the caller owns or manages, or on accounts they own or manage.")

    deal = by_id("schema.deals", "Deal", "One deal by its id.")

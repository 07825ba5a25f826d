"""Trends as clients see them: one by one, and across accounts."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import strawberry
from strawberry import UNSET

from metrics import trend_report as metric
from metrics.trend_report import TrendGrouping
from models import trends as stored
from models.access import Scope
from models.base import EARLIEST, check_day, today
from models.deals import Deal as DealRow
from models.described import Described
from models.errors import Invalid
from models.revenue import Contract as ContractRow
from models.severity import Severity
from models.trends import Confidence, TrendImpact, TrendKind, TrendOutcome, TrendState
from schema import sales
from schema.context import Info
from schema.core.arguments import AsOf
from schema.core.connections import Listed, connection, related
from schema.core.cost import costs
from schema.core.cursors import Kind
from schema.core.enums import Direction
from schema.core.filters import DateFilter, Filter, IDFilter, StringFilter, clause
from schema.core.listing import Column, Listing
from schema.core.money import CurrencyCode, Money, certain_money
from schema.core.readable import needs
from schema.core.stored import Node, Stored, column
from schema.deals import Deal
from schema.revenue import Contract


@strawberry.type
class Trend(Node, Stored[stored.Trend]):
    """A change at an account, what should be done about it, and what came of that."""

    model = stored.Trend

    version: int = column("Grows by one with each change; a command may name the one that it has read.")
    kind: TrendKind = column("What kind of change it is.")
    title: str = column("What changes, in a few words.", Scope.READ_PERSONAL)
    details: str | None = column("What else is known; null when nothing is.", Scope.READ_PERSONAL)
    heard_from: str | None = column("Where it is known from; null when nobody said.", Scope.READ_PERSONAL)
    link: str | None = column(
        "An https link to where it is known from; null without one.", Scope.READ_PERSONAL
    )
    observed_on: date = column("The day on which it was observed.")
    impact: TrendImpact = column("What it means for us.")
    severity: Severity = column("How much it means.")
    confidence: Confidence = column("How sure it is.")
    families: list[str] = column("The product families that it affects; empty when none is named.")
    course: str | None = column("The course of action; null when none is decided on.", Scope.READ_PERSONAL)
    course_due_on: date | None = column("The day by which it is to be taken; null for none.")
    state: TrendState = column("Where it stands.")
    outcome: TrendOutcome | None = column("What came of the course of action; null until that is said.")
    outcome_note: str | None = column(
        "More of what came of it; null when nothing is said.", Scope.READ_PERSONAL
    )
    outcome_on: date | None = column("The day on which that was so; null without an outcome.")
    source: str | None = column("The system that it came from; null when it is not known.")
    external_id: str | None = column("Its key in that system; null when it has none.")
    account = related("schema.accounts", "Account", "account_id", "The account that it is about.")
    signal = related("schema.signals", "Signal", "signal_id", "The signal that it was made of.")
    course_owner = related("schema.access", "User", "course_owner_id", "Who is to take the course.")

    @costs(5)
    @strawberry.field
    async def deals(self, info: Info) -> list[Deal]:
        """The deals that it affects, those that the caller sees."""
        found = [await info.context.loaders.one(DealRow, each) for each in self.record.deal_ids]
        return [Deal.of(each) for each in found if each]

    @costs(5)
    @strawberry.field
    async def contracts(self, info: Info) -> list[Contract]:
        """The contracts that it affects, those that the caller sees."""
        found = [await info.context.loaders.one(ContractRow, each) for each in self.record.contract_ids]
        return [Contract.of(each) for each in found if each]


@strawberry.input
class TrendFilter:
    """Which trends; all conditions given must hold."""

    and_: list[TrendFilter] | None = clause("and")
    or_: list[TrendFilter] | None = clause("or")
    not_: TrendFilter | None = clause("not")
    id: IDFilter | None = UNSET
    account_id: IDFilter | None = UNSET
    course_owner_id: IDFilter | None = UNSET
    kind: Filter[TrendKind] | None = UNSET
    impact: Filter[TrendImpact] | None = UNSET
    severity: Filter[Severity] | None = UNSET
    confidence: Filter[Confidence] | None = UNSET
    state: Filter[TrendState] | None = UNSET
    outcome: Filter[TrendOutcome] | None = UNSET
    title: StringFilter | None = UNSET
    course: StringFilter | None = UNSET
    source: StringFilter | None = UNSET
    observed_on: DateFilter | None = UNSET
    course_due_on: DateFilter | None = UNSET
    segment: StringFilter | None = strawberry.field(
        default=UNSET, description="The segment that the account is in now."
    )
    industry: StringFilter | None = strawberry.field(
        default=UNSET, description="The industry that the account works in now."
    )
    region: StringFilter | None = strawberry.field(
        default=UNSET, description="The region that the account is in now."
    )


@strawberry.enum
class TrendOrderField(Described):
    """What trends are ordered by."""

    OBSERVED_ON = "observed_on"
    COURSE_DUE_ON = "course_due_on"
    KIND = "kind", "By `kind`: ascending as texts, from BUDGET_CUT to TENDER_ANNOUNCED."


@strawberry.input
class TrendOrder:
    """One step of an order."""

    field: TrendOrderField
    direction: Direction = Direction.ASC


def _of_account(name: str) -> str:
    return f"(select ta.{name} from account ta where ta.id = t.account_id)"


TRENDS = Listed(
    "schema.trends",
    "Trend",
    Listing(
        stored.Trend,
        {
            "id": Column("t.id"),
            "account_id": Column("t.account_id"),
            "course_owner_id": Column("t.course_owner_id"),
            "kind": Column("t.kind"),
            "impact": Column("t.impact"),
            "severity": Column("t.severity"),
            "confidence": Column("t.confidence"),
            "state": Column("t.state"),
            "outcome": Column("t.outcome"),
            "title": Column("t.title"),
            "course": Column("t.course"),
            "source": Column("t.source"),
            "observed_on": Column("t.observed_on", Kind.DATE),
            "course_due_on": Column("t.course_due_on", Kind.DATE),
            "segment": Column(_of_account("segment")),
            "industry": Column(_of_account("industry")),
            "region": Column(_of_account("region")),
        },
        (("observed_on", Direction.DESC),),
    ),
)


@strawberry.type
class TrendFigures:
    """What was observed in a period, and what the accounts mean in money; each of them once."""

    trends: int = column("How many trends were observed in the period.")
    accounts: int = column("At how many accounts.")
    trends_before: int = column("How many trends were observed in as many days right before.")
    accounts_before: int = column("At how many accounts.")
    recurring_revenue: Money = column("What the running contracts of these accounts bring a month.")
    open_pipeline: Money = column("The sum of the amounts of their open deals.")
    open_deals: int = column("How many open deals that is.")
    ending_revenue: Money = column("What those of the contracts bring a month that end within a year.")
    ending_contracts: int = column("How many contracts that is.")

    @classmethod
    def told(cls, found: metric.TrendFigures, currency: str) -> TrendFigures:
        """As clients see them."""
        return cls(
            trends=found.trends,
            accounts=found.accounts,
            trends_before=found.trends_before,
            accounts_before=found.accounts_before,
            recurring_revenue=certain_money(found.recurring_minor, currency),
            open_pipeline=certain_money(found.pipeline_minor, currency),
            open_deals=found.open_deals,
            ending_revenue=certain_money(found.ending_minor, currency),
            ending_contracts=found.ending_contracts,
        )


@strawberry.type
class TrendCourse:
    """A course of action that was chosen for trends of a kind, and what came of it."""

    course: str = column("The course of action.", Scope.READ_PERSONAL)
    chosen: int = column("For how many trends it was chosen.")
    worked: int = column("How often it worked.")
    failed: int = column("How often it failed.")
    share: float | None = column(
        "Worked of worked and failed, 0 to 1; null when nothing is known to have come of it."
    )
    low: float | None = column(
        "The lower end of the 95 % interval of that share (Wilson), 0 to 1; null without one."
    )
    high: float | None = column("The upper end of that interval, 0 to 1; null without one.")

    @classmethod
    def told(cls, found: metric.Course) -> TrendCourse:
        """As clients see it."""
        low, high = found.interval or (None, None)
        return cls(
            course=found.name,
            chosen=found.chosen,
            worked=found.worked,
            failed=found.failed,
            share=found.share,
            low=low,
            high=high,
        )


@strawberry.type
class TrendPart:
    """The accounts with trends of a kind that have an industry, segment or region in common."""

    key: str | None = column("The industry, segment or region; null for accounts without one.")
    figures: TrendFigures = column("The figures of these accounts.")


@strawberry.type
class TrendGroup:
    """The trends of one kind."""

    kind: TrendKind = column("The kind of all of them.")
    figures: TrendFigures = column("The figures of these accounts.")
    parts: list[TrendPart] = column(
        "The same by what accounts have in common, most accounts first; none unless groupBy is given."
    )
    courses: list[TrendCourse] = column(
        "The courses of action chosen for trends of the kind until the date, whenever they were observed:"
        " those first that are surest to work, by the lower end of the interval."
    )


@strawberry.type
class TrendReport:
    """The trends across the accounts that the caller sees, of a period, as of a date."""

    as_of: date = column("The business date of the figures.")
    from_on: date = column("The first day of the period.")
    until_on: date = column("The last day of the period.")
    currency: CurrencyCode = column("The currency of every amount: the tenant's.")
    total: TrendFigures = column("The whole; an account with trends of two kinds is in it once.")
    groups: list[TrendGroup] = column("The kinds, most accounts first.")


@strawberry.type
class TrendQueries:
    """Reading trends."""

    trends = connection(TRENDS, "What changes at the accounts that the caller sees.")

    @costs(500)
    @needs(Scope.READ_MONEY)
    async def trend_report(
        self,
        info: Info,
        observed: Annotated[
            sales.DayRange,
            strawberry.argument(
                description="The days on which trends were observed; `from` is needed, `until` is today by"
                " default."
            ),
        ],
        group_by: Annotated[
            TrendGrouping | None,
            strawberry.argument(description="What the parts of each kind are; default: no parts."),
        ] = None,
        as_of: AsOf = None,
    ) -> TrendReport:
        """The trends of a period across accounts, against as many days right before, and what helped.

        Refuted ones are left out. Which trends these are: `trends`, filtered by kind, day and industry.
        """
        day = as_of or today()
        check_day(day, "asOf")
        first, last = observed.from_, observed.until or today()
        period = sales.days(first, last, "observed")
        if period.from_on is None or first is None:
            raise Invalid("from is needed: the period before is as long", ["observed", "from"])
        _check_before(first, last)
        found = await metric.trend_report(info.context.actor, day, first, last, group_by)
        return TrendReport(
            as_of=day,
            from_on=first,
            until_on=last,
            currency=CurrencyCode(found.currency),
            total=TrendFigures.told(found.total, found.currency),
            groups=[_group(each, found.currency) for each in found.groups],
        )


def _check_before(first: date, last: date) -> None:
    """Raise Invalid where as many days right before would begin before business dates do."""
    least = date.fromordinal((EARLIEST.toordinal() + last.toordinal() + 2) // 2)
    if first < least:
        raise Invalid(
            f"{first} is too early: the period before is as long, and no day is before {EARLIEST}; allowed"
            f" until {last}: {least} and later",
            ["observed", "from"],
        )


def _group(found: metric.TrendGroup, currency: str) -> TrendGroup:
    return TrendGroup(
        kind=found.kind,
        figures=TrendFigures.told(found.figures, currency),
        parts=[
            TrendPart(key=part.key, figures=TrendFigures.told(part.figures, currency)) for part in found.parts
        ],
        courses=[TrendCourse.told(each) for each in found.courses],
    )

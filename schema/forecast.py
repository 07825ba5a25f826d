"""The weekly forecast as clients see it: what was called, adjusted and handed in, and attainment."""

from __future__ import annotations

from datetime import date, datetime
from fractions import Fraction
from typing import Annotated, Any

import strawberry

from commands import forecast as commands
from metrics import attainment as attained
from metrics import weekly
from metrics.forecast import OPEN
from metrics.organisation import Along, NodeKind
from metrics.organisation import Node as TreeNode
from models import access
from models import forecast as stored
from models.access import Scope
from models.base import check_day, today
from models.deals import ForecastCategory
from models.forecast import Measure, Period, SubmissionState, quarter_of, week_of
from models.projections import ForecastProjection as ProjectionRow
from schema.context import Info
from schema.core.arguments import AsOf
from schema.core.connections import connection, related
from schema.core.cost import costs
from schema.core.money import CurrencyCode, Money, certain_money, money
from schema.core.readable import needs
from schema.core.stored import Node, Stored, column
from schema.pipeline_snapshots import SNAPSHOTS
from schema.projections import ForecastProjection, projection_of
from schema.quotas import QUOTAS

strawberry.enum(Along, name="RollUp", description="Which tree figures are rolled up along.")
strawberry.enum(NodeKind, name="ForecastNodeKind", description="What a node of a roll-up is.")
strawberry.enum(SubmissionState, description="Where somebody's forecast of a week stands.")


@strawberry.input
class PeriodInput:
    """A period, from its first day to its last, of 1 to 366 days."""

    first: date = strawberry.field(description="The first day of it.")
    last: date = strawberry.field(description="The last day of it.")

    def period(self) -> Period:
        """The period that is meant."""
        return Period(self.first, self.last)


PeriodArgument = Annotated[
    PeriodInput | None,
    strawberry.argument(
        description="The period that is forecast; default: the quarter of the tenant's fiscal year that the"
        " date is in."
    ),
]
AlongArgument = Annotated[
    Along, strawberry.argument(description="The tree that figures are rolled up along.")
]


@strawberry.type
class ForecastCalendar(Stored[access.Tenant]):
    """When fiscal years begin, and when the forecasts of a week are due."""

    model = access.Tenant

    version: int = column("Grows by one with each change; an update may name the one that it has read.")
    fiscal_month: int = column("The number of the month with which fiscal years begin: 1 for January to 12.")
    forecast_weekday: int = column(
        "The number of the weekday on which forecasts are due: 1 for Monday to 7 for Sunday."
    )
    forecast_hour: int = column(
        "The number of the hour of that day by whose end they are due (UTC): 1 to 24."
    )


@strawberry.type
class ForecastSubmission(Node, Stored[stored.ForecastSubmission]):
    """What somebody forecasts in one week for one period."""

    model = stored.ForecastSubmission

    version: int = column("Grows by one with each change; a command may name the one that it has read.")
    week: date = column("The Monday of the week.")
    first_on: date = column("The first day of the period.")
    last_on: date = column("The last day of the period.")
    state: SubmissionState = column("Where it stands.")
    submitted_at: datetime | None = column("When it was handed in last (UTC); null when it never was.")
    is_late: bool = column("Whether that was after the deadline.")
    won: Money = column("What was won in the period when it was handed in; 0 until then.")
    won_deals: int = column("How many deals that was.")
    comment: str | None = column("What its owner says about it; null for nothing.", Scope.READ_PERSONAL)
    reopened_because: str | None = column(
        "Why it was opened again the last time; null when it never was.", Scope.READ_PERSONAL
    )
    user = related("schema.access", "User", "user_id", "Whose it is.")

    @costs(5)
    @strawberry.field
    async def projection(self, info: Info) -> ForecastProjection | None:
        """What its owner will have won in the period by the past, as it stood in its week; null for none."""
        of = self.record
        return await projection_of(info, of.user_id, of.week, of.first_on, of.last_on)


@strawberry.type
class ForecastAdjustment(Node, Stored[stored.ForecastAdjustment]):
    """What a manager puts on top of the forecast of somebody or of a team."""

    model = stored.ForecastAdjustment

    version: int = column("Grows by one with each change.")
    week: date = column("The Monday of the week.")
    first_on: date = column("The first day of the period.")
    last_on: date = column("The last day of the period.")
    category: ForecastCategory = column("The category whose number it is on top of.")
    amount: Money = column("What is added to the number; less than 0 takes from it.")
    reason: str = column("Why it was put there.", Scope.READ_PERSONAL)
    user = related("schema.access", "User", "user_id", "Whose number it is; null for a team's.")
    team = related("schema.access", "Team", "team_id", "The team whose number it is; null for a person's.")
    made_by = related("schema.access", "User", "made_by_id", "Who put it there first.")


@strawberry.type
class CategoryForecast:
    """A forecast category at a node of the roll-up."""

    category: ForecastCategory = strawberry.field(description="COMMIT, BEST_CASE or PIPELINE.")
    deals: int = strawberry.field(
        description="How many deals, or shares in some, are in exactly the category."
    )
    single: Money = strawberry.field(description="The sum of their amounts.")
    cumulative: Money = strawberry.field(
        description="With the deals of better categories, and with what is won but for PIPELINE."
    )
    called: Money = strawberry.field(
        description="What is called for it: one's own call, or where none was made the cumulative deals, and"
        " what the nodes right below come to, adjusted."
    )
    is_called: bool = strawberry.field(description="Whether the node's owner called a number.")
    comment: str | None = column(
        "What the owner says about the number; null for nothing.", Scope.READ_PERSONAL
    )
    adjustment_id: strawberry.Private[str | None]
    adjusted: Money = strawberry.field(
        description="The number with the adjustment: what the node above takes over."
    )

    @strawberry.field
    async def adjustment(self, info: Info) -> ForecastAdjustment | None:
        """What a manager put on top of it; null for nothing, or where the caller does not see it."""
        if self.adjustment_id is None:
            return None
        found = await info.context.loaders.one(stored.ForecastAdjustment, self.adjustment_id)
        return ForecastAdjustment.of(found) if found else None


@strawberry.type
class Attainment:
    """Where somebody, or a team, stands against a quota; a team without one has the sum of those below."""

    quota: Money | None = strawberry.field(description="What is to be won; null where deals are counted.")
    quota_deals: int | None = strawberry.field(
        description="How many deals are to be won; null where money is counted."
    )
    won: Money | None = strawberry.field(description="What is won; null where deals are counted.")
    won_deals: float | None = strawberry.field(
        description="How many deals are won, of shared ones the shares; null where money is counted."
    )
    gap: Money | None = strawberry.field(
        description="What is left to win, at least 0; null where deals are counted."
    )
    gap_deals: float | None = strawberry.field(
        description="How many deals are left to win, at least 0; null where money is counted."
    )
    open_pipeline: Money | None = strawberry.field(
        description="What is open and expected to close in the period; null where deals are counted."
    )
    open_deals: float | None = strawberry.field(
        description="How many deals are open and expected to close in it, of shared ones the shares; null"
        " where money is counted."
    )
    attainment: float | None = strawberry.field(
        description="Won by quota, a number of 0 or more: 1 is all of it; null without a quota."
    )
    coverage: float | None = strawberry.field(
        description="Open pipeline by what is left to win, a number of 0 or more: 1 is just enough; null"
        " when nothing is left."
    )


@strawberry.type
class ForecastNode:
    """Somebody or a team in the roll-up of a week's forecast."""

    id: strawberry.ID = strawberry.field(description="The id of the user or team.")
    kind: NodeKind = strawberry.field(description="What it is.")
    name: str = strawberry.field(description="Its name.")
    parent_id: strawberry.ID | None = strawberry.field(
        description="The id of the node above; null for the topmost that the caller sees."
    )
    depth: int = strawberry.field(
        description="How many nodes are above it, of those that the caller sees; 0 for the topmost."
    )
    closed: Money = strawberry.field(description="What was won in the period, of the deals that it counts.")
    categories: list[CategoryForecast] = strawberry.field(description="COMMIT, BEST_CASE and PIPELINE.")
    attainment: Attainment = strawberry.field(description="Where it stands against its quota in TCV.")
    submission_id: strawberry.Private[str | None]
    missing: list[strawberry.ID] = strawberry.field(
        description="The ids of the active directors at it and below who handed in nothing for the week."
    )

    projection_id: strawberry.Private[str | None]

    @strawberry.field
    async def projection(self, info: Info) -> ForecastProjection | None:
        """What it will have won in the period by the past, as it stands in the week.

        Null where none was made, where the caller does not see all that it is made of, and along managers for
        whoever has somebody below.
        """
        return await _projection(info, self.projection_id)

    @strawberry.field
    async def submission(self, info: Info) -> ForecastSubmission | None:
        """Its forecast of the week; null when nothing was written, and for teams."""
        if self.submission_id is None:
            return None
        found = await info.context.loaders.one(stored.ForecastSubmission, self.submission_id)
        return ForecastSubmission.of(found) if found else None


@strawberry.type
class WeeklyForecast:
    """The forecast of a period as it stood in a week."""

    week: date = strawberry.field(description="The Monday of the week.")
    first_on: date = strawberry.field(description="The first day of the period.")
    last_on: date = strawberry.field(description="The last day of the period.")
    as_of: date = strawberry.field(
        description="The day as of which the deals of those are who handed in nothing: the week's end, or"
        " today."
    )
    due_at: datetime = strawberry.field(description="When the forecasts of the week are due (UTC).")
    currency: CurrencyCode = strawberry.field(description="The currency of every amount: the tenant's.")
    nodes: list[ForecastNode] = strawberry.field(
        description="Everybody and every team that the caller sees, each before what is below it."
    )
    projection_id: strawberry.Private[str | None]

    @strawberry.field
    async def projection(self, info: Info) -> ForecastProjection | None:
        """What the whole tenant will have won by the past; null for none, or who does not see all of it."""
        return await _projection(info, self.projection_id)


async def _projection(info: Info, projection_id: str | None) -> ForecastProjection | None:
    found = await info.context.loaders.one(ProjectionRow, projection_id)
    return ForecastProjection.of(found) if found else None


@strawberry.type
class AttainmentNode:
    """Where somebody, or a team, stands."""

    id: strawberry.ID = strawberry.field(description="The id of the user or team.")
    kind: NodeKind = strawberry.field(description="What it is.")
    name: str = strawberry.field(description="Its name.")
    parent_id: strawberry.ID | None = strawberry.field(
        description="The id of the node above; null for the topmost that the caller sees."
    )
    depth: int = strawberry.field(
        description="How many nodes are above it, of those that the caller sees; 0 for the topmost."
    )
    attainment: Attainment = strawberry.field(description="Where it stands.")


@strawberry.type
class ForecastQueries:
    """Reading forecasts."""

    quotas = connection(QUOTAS, "What the caller, their teams and their people are to win.")

    pipeline_snapshots = connection(SNAPSHOTS, "The pipeline of past Sunday evenings.")

    @costs(500)
    @needs(Scope.READ_MONEY, Scope.READ_PERSONAL)
    async def forecast(
        self,
        info: Info,
        week: Annotated[
            date | None,
            strawberry.argument(description="Any day of the week; default: the present one (UTC)."),
        ] = None,
        period: PeriodArgument = None,
        along: AlongArgument = Along.TEAM,
    ) -> WeeklyForecast:
        """A week's forecast of a period, rolled up along the organisation that the caller sees."""
        actor, day = info.context.actor, week or today()
        check_day(day, "week")
        monday = week_of(day)
        wanted = await _period(actor, period, monday)
        found = await weekly.weekly_forecast(actor, monday, wanted, today(), along)
        currency = actor.currency
        return WeeklyForecast(
            week=found.week,
            first_on=found.period.first,
            last_on=found.period.last,
            as_of=found.as_of,
            due_at=await commands.due(actor, found.week),
            currency=CurrencyCode(currency),
            nodes=[_node(node, currency) for node in found.nodes],
            projection_id=found.projection_id,
        )

    @costs(300)
    @needs(Scope.READ_MONEY)
    async def attainment(
        self,
        info: Info,
        period: PeriodArgument = None,
        measure: Annotated[
            Measure, strawberry.argument(description="What is counted of the deals that are won.")
        ] = Measure.TCV,
        as_of: AsOf = None,
        along: AlongArgument = Along.TEAM,
    ) -> list[AttainmentNode]:
        """Where everybody and every team that the caller sees stands against their quotas for a period."""
        actor, day = info.context.actor, as_of or today()
        check_day(day, "asOf")
        wanted = await _period(actor, period, day)
        found = await attained.attainment(actor, wanted, measure, day, along)
        return [
            AttainmentNode(**_place(node, depth), attainment=_attainment(standing, measure, actor.currency))
            for node, depth, standing in found
        ]

    @strawberry.field
    async def forecast_calendar(self, info: Info) -> ForecastCalendar:
        """When fiscal years begin, and when the forecasts of a week are due."""
        return ForecastCalendar.of(await access.Tenant.get(id=info.context.actor.tenant_id))


async def _period(actor: access.Actor, given: PeriodInput | None, day: date) -> Period:
    if given is not None:
        return commands.checked(given.period())
    tenant = await access.Tenant.get(id=actor.tenant_id)
    return quarter_of(day, tenant.fiscal_month)


def _place(node: TreeNode, depth: int) -> dict[str, Any]:
    return {
        "id": strawberry.ID(node.id),
        "kind": node.kind,
        "name": node.name,
        "parent_id": strawberry.ID(node.parent_id) if node.parent_id else None,
        "depth": depth,
    }


def _node(found: weekly.NodeForecast, currency: str) -> ForecastNode:
    return ForecastNode(
        **_place(found.node, found.depth),
        closed=certain_money(found.deals.of(ForecastCategory.CLOSED).minor, currency),
        categories=[_category(category, found.categories[category], currency) for category in OPEN],
        attainment=_attainment(found.standing, Measure.TCV, currency),
        submission_id=found.submission.id if found.submission else None,
        projection_id=found.projection_id,
        missing=[strawberry.ID(each) for each in found.missing],
    )


def _category(category: ForecastCategory, found: weekly.CategoryForecast, currency: str) -> CategoryForecast:
    adjustment = found.adjustment
    return CategoryForecast(
        category=category,
        deals=found.deals.deals,
        single=certain_money(found.deals.minor, currency),
        cumulative=certain_money(found.cumulative.minor, currency),
        called=certain_money(found.call.called, currency),
        is_called=found.is_called,
        comment=found.comment,
        adjustment_id=adjustment.id if adjustment else None,
        adjusted=certain_money(found.call.adjusted, currency),
    )


def _attainment(standing: attained.Standing, measure: Measure, currency: str) -> Attainment:
    values = {
        "quota": Fraction(standing.quota),
        "won": standing.won,
        "gap": standing.gap,
        "open": standing.open,
    }
    amounts = {
        name: money(round(each), currency) if measure.is_money else None for name, each in values.items()
    }
    deals = {name: None if measure.is_money else float(each) for name, each in values.items()}
    return Attainment(
        quota=amounts["quota"],
        quota_deals=None if measure.is_money else standing.quota,
        won=amounts["won"],
        won_deals=deals["won"],
        gap=amounts["gap"],
        gap_deals=deals["gap"],
        open_pipeline=amounts["open"],
        open_deals=deals["open"],
        attainment=standing.attainment,
        coverage=standing.coverage,
    )

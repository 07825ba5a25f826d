"""What a model learned from the tenant's own past says beside people's judgement, as clients see it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

import strawberry
from strawberry import UNSET

from models import projections as stored
from models.access import Scope
from models.database import fetch
from models.deals import Deal as DealRow
from models.deals import Stage
from models.described import Described
from models.projections import LikelihoodFeature, ProjectionMethod
from models.visibility import visible
from schema.context import Info
from schema.core.connections import Listed, connection, related
from schema.core.cursors import Kind
from schema.core.enums import Direction
from schema.core.filters import BooleanFilter, DateFilter, Filter, IDFilter, IntFilter, MoneyFilter, clause
from schema.core.listing import Column, Listing
from schema.core.money import Money
from schema.core.readable import needs
from schema.core.stored import Node, Stored, column

strawberry.enum(ProjectionMethod, description="How a projection is made of what was known.")
strawberry.enum(LikelihoodFeature, description="What is known of a deal that speaks for or against it.")


@strawberry.enum
class LikelihoodMissing(Described):
    """Why there is no likelihood of a deal."""

    ENDED = "ENDED", "The deal has ended."
    TOO_LITTLE_HISTORY = (
        "TOO_LITTLE_HISTORY",
        "Too few of the tenant's deals have ended yet: 20 that were won and 20 that were lost are needed.",
    )
    NOT_YET = (
        "NOT_YET",
        "Deals were not judged since it is known: that is done each week, and when asked for.",
    )


@strawberry.type
class LikelihoodReason:
    """What one thing that is known of a deal does to its likelihood, beside what is usual."""

    feature: LikelihoodFeature = strawberry.field(description="What it is.")
    number: float | None = strawberry.field(
        description="What it is for this deal, where it is a number, in the unit of the feature; null for a"
        " text, and where nothing is known."
    )
    text: str | None = strawberry.field(
        description="What it is for this deal, where it is a text; null for a number, and where nothing is"
        " known."
    )
    usual_number: float | None = strawberry.field(
        description="The median of the deals that were learned from, where it is a number; null for a text."
    )
    usual_text: str | None = strawberry.field(
        description="The most frequent of the deals that were learned from, where it is a text; null for a"
        " number."
    )
    effect: float = strawberry.field(
        description="What it does to the log-odds of winning, a number without a unit: above 0 it speaks for"
        " the deal, below 0 against it; 0.7 about doubles the odds."
    )


@strawberry.type
class DealLikelihood(Stored[stored.DealLikelihood]):
    """How likely an open deal is to be won, and when: what a model learned from the tenant's own past."""

    model = stored.DealLikelihood

    probability: int = column("The chance that it is won, in percent, 0 to 100.")
    in_period: int = column("The chance that it is won by the end of `lastOn`, in percent, 0 to 100.")
    last_on: date = column("The last day of the quarter that the chance in the period is about.")
    close_early_on: date | None = column(
        "If it is won, that is by this day with 10 percent; null where it has no chance."
    )
    close_on: date | None = column(
        "If it is won, that is by this day with 50 percent; null where it has no chance."
    )
    close_late_on: date | None = column(
        "If it is won, that is by this day with 90 percent; null where it has no chance."
    )
    known_on: date = column("The deal was judged as it was known by the end of this day.")
    learned_on: date = column("The model learned from what was known by the end of this day.")
    made_at: datetime = column("When it was judged (UTC).")

    @needs(Scope.READ_MONEY)
    def reasons(self) -> list[LikelihoodReason]:
        """What speaks for and against it, the weightiest first; what hardly matters is left out."""
        return [_reason(each) for each in self.record.reasons]


def _reason(found: stored.StoredReason) -> LikelihoodReason:
    value, usual = found["value"], found["usual"]
    return LikelihoodReason(
        feature=LikelihoodFeature(found["feature"]),
        number=None if isinstance(value, str) or value is None else float(value),
        text=value if isinstance(value, str) else None,
        usual_number=None if isinstance(usual, str) or usual is None else float(usual),
        usual_text=usual if isinstance(usual, str) else None,
        effect=float(found["log_odds"]),
    )


async def likelihood_of(info: Info, deal: DealRow) -> DealLikelihood | None:
    """The likelihood of an open deal; None where there is none."""
    if not Stage(deal.stage).is_open:
        return None
    found = await info.context.loaders.children(stored.DealLikelihood, "deal_id", deal.id)
    return DealLikelihood.of(found[0]) if found else None


async def likelihood_missing(info: Info, deal: DealRow) -> LikelihoodMissing | None:
    """Why there is no likelihood of a deal; None where there is one."""
    if not Stage(deal.stage).is_open:
        return LikelihoodMissing.ENDED
    if await likelihood_of(info, deal):
        return None
    loaders = info.context.loaders
    refused = await loaders.batched("likelihoods refused", _refused, deal.tenant_id)
    return LikelihoodMissing.TOO_LITTLE_HISTORY if refused else LikelihoodMissing.NOT_YET


async def _refused(tenant_ids: Sequence[str]) -> list[bool]:
    """Of each tenant, whether projections were made and yet no deal was ever judged."""
    return [
        await stored.ForecastProjection.filter(tenant_id=each).exists()
        and not await stored.DealLikelihood.filter(tenant_id=each).exists()
        for each in tenant_ids
    ]


@strawberry.type
class ForecastProjection(Node, Stored[stored.ForecastProjection]):
    """What somebody, a team or the whole tenant will have won in a period, by the tenant's own past.

    It stands beside what people call in a week, and never changes once it has figures.
    """

    model = stored.ForecastProjection

    version: int = column("Grows by one with each change.")
    subject_id: strawberry.ID = column("The id of whose it is: of a user, a team or the tenant.")
    week: date = column("The Monday of the week beside whose forecasts it stands.")
    first_on: date = column("The first day of the period.")
    last_on: date = column("The last day of the period.")
    known_on: date = column("It rests on what was known by the end of this day, the Sunday before the week.")
    made_at: datetime = column("When it was made (UTC).")
    won: Money | None = column("What was won in the period by then; null where it is refused.")
    expected: Money | None = column(
        "What will have been won by the end of the period: what was won by then, what comes of open"
        " deals, and"
        " new business; null where it is refused."
    )
    low: Money | None = column("The lower end of the interval around it; null where it is refused.")
    high: Money | None = column("The upper end of the interval around it; null where it is refused.")
    confidence: int = column("How often the interval is to hold what comes, in percent.")
    windows: int | None = column(
        "How many past windows were looked at for the interval, which overlap; null where it is refused."
    )
    method: ProjectionMethod | None = column(
        "The way that did best on past windows and counts most; null where it is refused."
    )
    refused: str | None = column("Why nothing is said, and what would be enough; null where something is.")
    user = related("schema.access", "User", "user_id", "Whose it is; null for a team's and the tenant's.")
    team = related("schema.access", "Team", "team_id", "Which team's; null for a person's and the tenant's.")


@strawberry.input
class ForecastProjectionFilter:
    """Which projections; all conditions given must hold."""

    and_: list[ForecastProjectionFilter] | None = clause("and")
    or_: list[ForecastProjectionFilter] | None = clause("or")
    not_: ForecastProjectionFilter | None = clause("not")
    id: IDFilter | None = UNSET
    subject_id: IDFilter | None = UNSET
    user_id: IDFilter | None = UNSET
    team_id: IDFilter | None = UNSET
    week: DateFilter | None = UNSET
    first_on: DateFilter | None = UNSET
    last_on: DateFilter | None = UNSET
    known_on: DateFilter | None = UNSET
    expected: MoneyFilter | None = UNSET
    windows: IntFilter | None = UNSET
    method: Filter[ProjectionMethod] | None = UNSET
    is_refused: BooleanFilter | None = strawberry.field(
        default=UNSET, description="Whether nothing is said, as `refused` says why."
    )


@strawberry.enum
class ForecastProjectionOrderField(Described):
    """What projections are ordered by."""

    WEEK = "week"
    EXPECTED = "expected"


@strawberry.input
class ForecastProjectionOrder:
    """One step of an order."""

    field: ForecastProjectionOrderField
    direction: Direction = Direction.ASC


PROJECTIONS = Listed(
    "schema.projections",
    "ForecastProjection",
    Listing(
        stored.ForecastProjection,
        {
            "id": Column("t.id"),
            "subject_id": Column("t.subject_id"),
            "user_id": Column("t.user_id"),
            "team_id": Column("t.team_id"),
            "week": Column("t.week", Kind.DATE),
            "first_on": Column("t.first_on", Kind.DATE),
            "last_on": Column("t.last_on", Kind.DATE),
            "known_on": Column("t.known_on", Kind.DATE),
            "expected": Column("t.expected_minor", Kind.NUMBER),
            "windows": Column("t.windows", Kind.NUMBER),
            "method": Column("t.method"),
            "is_refused": Column("(t.refused is not null)", Kind.BOOLEAN),
        },
        (("week", Direction.DESC),),
    ),
)


async def projection_of(
    info: Info, user_id: str, week: date, first_on: date, last_on: date
) -> ForecastProjection | None:
    """Somebody's projection of a period in a week, as far as the caller sees it."""

    async def load(user_ids: list[str]) -> list[stored.ForecastProjection | None]:
        seen = visible(stored.ForecastProjection, info.context.actor, "t")
        of = {"week": week, "first_on": first_on, "last_on": last_on}
        rows = await fetch(
            "select t.id from forecast_projection t where t.week = :week and t.first_on = :first_on"
            f" and t.last_on = :last_on and t.user_id is not null and {seen.sql}",
            {**seen.params, **of},
        )
        records = await stored.ForecastProjection.filter(
            id__in=[str(row["id"]) for row in rows], user_id__in=user_ids
        )
        found = {record.user_id: record for record in records}
        return [found.get(each) for each in user_ids]

    key = ("projection", week, first_on, last_on)
    found = await info.context.loaders.batched(key, load, user_id)
    return ForecastProjection.of(found) if found else None


@strawberry.type
class ProjectionQueries:
    """Reading projections."""

    forecast_projections = connection(
        PROJECTIONS, "What the caller, their people and their teams will have won, by the tenant's own past."
    )

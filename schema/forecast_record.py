"""How good forecasts were, as clients see it: by person and team, by lead time, and period by period."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated

import strawberry

from metrics import forecast_record as metric
from metrics.forecast import OPEN
from metrics.forecast_record import ForecastSource
from metrics.frozen_forecasts import Asked
from metrics.organisation import Along, NodeKind
from models import access
from models import forecast as stored
from models.access import Scope
from models.base import EARLIEST, check_day, today
from models.deals import ForecastCategory
from models.errors import Invalid, allowed
from schema.access import User
from schema.context import Info
from schema.core.cost import costs
from schema.core.money import CurrencyCode, Money, certain_money, money
from schema.core.readable import needs
from schema.forecast import AlongArgument, ForecastSubmission

strawberry.enum(ForecastSource, description="Whose number a forecast is.")

#: Three years and a day: twelve quarters, whichever they are.
_SINCE = timedelta(days=3 * 366)
_LONGEST_LEAD = 366
_MOST_LEADS = 20
_MONTHS = 12

Since = Annotated[
    date | None,
    strawberry.argument(
        description="Periods count that ended on this day or later; default: three years before `until`."
    ),
]
Until = Annotated[
    date | None,
    strawberry.argument(
        description="Periods count that ended on this day or earlier and are over, and what was won in them"
        " as of it and as it was known by its end; default: today (UTC), with all that is known now."
    ),
]
LeadDays = Annotated[
    int,
    strawberry.argument(
        description="The lead time in days, 0 to 366: of each period that forecast counts which is of the"
        " week that holds the day so many days before its last. 0 is the week in which it ends."
    ),
]
Category = Annotated[
    ForecastCategory,
    strawberry.argument(description="The category that was forecast: COMMIT, BEST_CASE or PIPELINE."),
]
Months = Annotated[
    int | None,
    strawberry.argument(
        description="Periods count that have so many whole months, 1 to 12; null: of any length, which counts"
        " what was won twice where periods overlap. Default: 3, which is quarters."
    ),
]
ProjectedLater = Annotated[
    bool,
    strawberry.argument(
        description="Whether projections count that were made when their period was over"
        " (`requestProjections` with `on`), from what was known in their week; default: false."
    ),
]
NodeId = Annotated[
    strawberry.ID | None,
    strawberry.argument(
        description="The id of the user or team whose record it is; default: all that the caller sees"
        " together."
    ),
]


@strawberry.type
class ForecastAccuracy:
    """How far forecasts of one source were from what was won, over all periods."""

    source: ForecastSource = strawberry.field(description="Whose number it is.")
    periods: int = strawberry.field(description="How many periods there are forecasts of; one counts once.")
    forecast: Money = strawberry.field(description="The sum of the forecasts.")
    actual: Money = strawberry.field(
        description="The sum of what was won: of those who handed in, and for PROJECTION of all whom it is"
        " about."
    )
    wape: float | None = strawberry.field(
        description="Sum of |actual - forecast| by sum of actual, a number of 0 or more; null where nothing"
        " was won."
    )
    bias: float | None = strawberry.field(
        description="Sum of (forecast - actual) by sum of actual, a number: above 0 forecasts were too high,"
        " below 0 too low; null where nothing was won."
    )
    mase: float | None = strawberry.field(
        description="Sum of |actual - forecast| by the same of repeating what was won in the period before, a"
        " number of 0 or more: below 1 is better than that; null where repeating had no error."
    )
    mape: float | None = strawberry.field(
        description="Mean of |actual - forecast| by actual, a number of 0 or more; null where nothing was won"
        " in one of the periods."
    )


@strawberry.type
class IntervalCoverage:
    """How often what was won lay in the interval that a projection stated."""

    intervals: int = strawberry.field(description="How many intervals of periods that are over there are.")
    inside: int = strawberry.field(description="How many of them had what was won in them, ends included.")
    share: float | None = strawberry.field(description="Inside by intervals, 0 to 1; null of no interval.")
    low: float | None = strawberry.field(
        description="The lower end of the sampling error of `share`, 0 to 1: of its 95 % interval by Wilson's"
        " score, as if intervals were independent of each other; null of no interval."
    )
    high: float | None = strawberry.field(
        description="The upper end of the sampling error of `share`, 0 to 1; null of no interval."
    )
    confidence: float | None = strawberry.field(
        description="The share that they stated themselves, 0 to 1, the mean of them: what `share` is to be"
        " held up against; null of no interval."
    )


@strawberry.type
class ForecastRecordFigures:
    """The record of somebody, of a team, or of all together, at one lead time."""

    handed_in: int = strawberry.field(
        description="How many forecasts of people it rests on; of each person one a period."
    )
    accuracy: list[ForecastAccuracy] = strawberry.field(description="By source, each of them.")
    coverage: IntervalCoverage = strawberry.field(
        description="How good the intervals were of the projections that are about exactly this person or"
        " team, or the whole tenant."
    )


@strawberry.type
class ForecastRecordNode:
    """The record of somebody or a team in the tree."""

    id: strawberry.ID = strawberry.field(description="The id of the user or team.")
    kind: NodeKind = strawberry.field(description="What it is.")
    name: str = strawberry.field(description="Its name.")
    parent_id: strawberry.ID | None = strawberry.field(
        description="The id of the node above; null for the topmost that the caller sees."
    )
    depth: int = strawberry.field(
        description="How many nodes are above it, of those that the caller sees; 0 for the topmost."
    )
    record: ForecastRecordFigures = strawberry.field(
        description="Its figures. Whoever was below it in the week of a forecast counts with that."
    )


@strawberry.type
class ForecastRecord:
    """What forecasts of periods that are over were worth, from what was handed in and projected then."""

    since: date = strawberry.field(description="The day on which or later periods ended.")
    until: date = strawberry.field(description="The day on which or earlier they ended.")
    lead_days: int = strawberry.field(description="The lead time in days.")
    category: ForecastCategory = strawberry.field(description="The category that was forecast.")
    currency: CurrencyCode = strawberry.field(description="The currency of every amount: the tenant's.")
    total: ForecastRecordFigures = strawberry.field(
        description="All that the caller sees together; PROJECTION is there for whoever sees the whole"
        " tenant."
    )
    coverage: IntervalCoverage = strawberry.field(
        description="How good the intervals of all projections were that the caller sees, of people, teams"
        " and the tenant. They are about the same deals, so that their sampling error is larger than it"
        " says."
    )
    nodes: list[ForecastRecordNode] = strawberry.field(
        description="Everybody and every team that the caller sees, each before what is below it."
    )


@strawberry.type
class ForecastRecordAtLead:
    """The record at one lead time."""

    lead_days: int = strawberry.field(description="The lead time in days.")
    record: ForecastRecordFigures = strawberry.field(description="Its figures.")


@strawberry.type
class ForecastBySource:
    """What one source forecast of a period."""

    source: ForecastSource = strawberry.field(description="Whose number it is.")
    forecast: Money = strawberry.field(description="What it said would be won in the period.")
    actual: Money = strawberry.field(
        description="What was won: by those who handed in, and for PROJECTION by all whom it is about."
    )
    error: Money = strawberry.field(description="Forecast - actual: above 0 it was too high.")


@strawberry.type
class ForecastInterval:
    """Between which two amounts it was to be, as a projection had it."""

    low: Money = strawberry.field(description="The lower end.")
    high: Money = strawberry.field(description="The upper end.")
    confidence: float = strawberry.field(
        description="With which share of such intervals it was to be in them, 0 to 1."
    )
    actual: Money = strawberry.field(description="What was won.")
    is_inside: bool = strawberry.field(description="Whether that lies in it, its ends included.")


@strawberry.type
class PersonForecast:
    """What one person forecast of a period, and what they won in it."""

    user_id: strawberry.Private[str]
    submission_id: strawberry.Private[str]
    called: Money = strawberry.field(
        description="What they called, or their deals where they called no number."
    )
    adjustment: Money = strawberry.field(
        description="What managers put on top of the person's own number in the week; 0 for nothing, and"
        " where the caller does not see it."
    )
    deals: Money = strawberry.field(
        description="Their deals of the category and of better ones when they handed it in."
    )
    projection: Money | None = strawberry.field(
        description="What a model expected of them in that week; null for nothing."
    )
    actual: Money = strawberry.field(description="What they won in the period, with their shares of deals.")
    error: Money = strawberry.field(description="Called - actual: above 0 it was too high.")

    @strawberry.field
    async def user(self, info: Info) -> User:
        """Whose forecast it is."""
        found = await info.context.loaders.one(access.User, self.user_id)
        assert found
        return User.of(found)

    @strawberry.field
    async def submission(self, info: Info) -> ForecastSubmission:
        """What they handed in."""
        found = await info.context.loaders.one(stored.ForecastSubmission, self.submission_id)
        assert found
        return ForecastSubmission.of(found)


@strawberry.type
class ForecastRecordPeriod:
    """What was forecast of one period, and what came."""

    first_on: date = strawberry.field(description="The first day of the period.")
    last_on: date = strawberry.field(description="The last day of the period.")
    week: date = strawberry.field(description="The Monday of the week in which it was forecast.")
    forecasts: list[ForecastBySource] = strawberry.field(
        description="By source, without those that forecast nothing."
    )
    interval: ForecastInterval | None = strawberry.field(
        description="The interval of the projection that is about exactly the node; null where there is none."
    )
    people: list[PersonForecast] = strawberry.field(
        description="What those handed in who were at the node or below it in that week."
    )


@strawberry.type
class ForecastRecordQueries:
    """Reading what forecasts were worth."""

    @costs(500)
    @needs(Scope.READ_MONEY)
    async def forecast_record(
        self,
        info: Info,
        lead_days: LeadDays = 28,
        category: Category = ForecastCategory.COMMIT,
        since: Since = None,
        until: Until = None,
        along: AlongArgument = Along.TEAM,
        months: Months = 3,
        projected_later: ProjectedLater = False,
    ) -> ForecastRecord:
        """How far what was called, adjusted, in the pipeline and projected was from what was won, by node.

        Only what was handed in or projected by the end of its period counts, as it was then; nothing in it
        changes when deals, teams or rates do. What was won follows corrections until `until`.
        """
        actor = info.context.actor
        asked = _asked(category, since, until, along, months, projected_later=projected_later)
        _check_leads([lead_days])
        found = await metric.forecast_record(actor, asked, lead_days)
        return ForecastRecord(
            since=asked.since,
            until=asked.until,
            lead_days=lead_days,
            category=category,
            currency=CurrencyCode(actor.currency),
            total=_figures(found.total, actor.currency),
            coverage=_coverage(found.coverage),
            nodes=[_node(each, actor.currency) for each in found.nodes],
        )

    @costs(500)
    @needs(Scope.READ_MONEY)
    async def forecast_record_by_lead(
        self,
        info: Info,
        node_id: NodeId = None,
        lead_days: Annotated[
            list[int] | None,
            strawberry.argument(
                description="Lead times in days, 0 to 366, 20 at most; default: 13, 8, 4, 2 weeks and 1 week."
            ),
        ] = None,
        category: Category = ForecastCategory.COMMIT,
        since: Since = None,
        until: Until = None,
        along: AlongArgument = Along.TEAM,
        months: Months = 3,
        projected_later: ProjectedLater = False,
    ) -> list[ForecastRecordAtLead]:
        """The record of one user or team at several lead times, in the order in which they are given."""
        actor = info.context.actor
        asked = _asked(category, since, until, along, months, projected_later=projected_later)
        leads = list(dict.fromkeys([91, 56, 28, 14, 7] if lead_days is None else lead_days))
        _check_leads(leads)
        found = await metric.record_by_lead(actor, asked, node_id, leads)
        return [
            ForecastRecordAtLead(lead_days=lead, record=_figures(each, actor.currency))
            for lead, each in found.items()
        ]

    @costs(500)
    @needs(Scope.READ_MONEY)
    async def forecast_record_by_period(
        self,
        info: Info,
        node_id: NodeId = None,
        lead_days: LeadDays = 28,
        category: Category = ForecastCategory.COMMIT,
        since: Since = None,
        until: Until = None,
        along: AlongArgument = Along.TEAM,
        months: Months = 3,
        projected_later: ProjectedLater = False,
    ) -> list[ForecastRecordPeriod]:
        """The same period by period, the latest first, with the forecasts of people that it rests on."""
        actor = info.context.actor
        asked = _asked(category, since, until, along, months, projected_later=projected_later)
        _check_leads([lead_days])
        found = await metric.record_by_period(actor, asked, node_id, lead_days)
        return [_period(each, actor.currency) for each in found]


def _asked(
    category: ForecastCategory,
    since: date | None,
    until: date | None,
    along: Along,
    months: int | None,
    *,
    projected_later: bool,
) -> Asked:
    """What metrics take.

    Raises:
        Invalid: a day or a number is out of range, or the category is none that is called.
    """
    now, as_of = today(), until or today()
    check_day(as_of, "until")
    first = since or max(EARLIEST, as_of - _SINCE)
    check_day(first, "since")
    if first > as_of:
        raise Invalid(f"{first} is after {as_of}; allowed: a day before it, or the same", ["since"])
    if category not in OPEN:
        raise Invalid(f"{category} is not called; allowed: {allowed(list(OPEN))}", ["category"])
    if months is not None and not 1 <= months <= _MONTHS:
        raise Invalid(f"{months} is out of range; allowed: 1 to {_MONTHS}, or null", ["months"])
    ended_by = min(as_of, now - timedelta(days=1))
    known_on = as_of if as_of < now else None
    return Asked(first, ended_by, as_of, known_on, category, along, months, projected_later)


def _check_leads(leads: list[int]) -> None:
    if not 1 <= len(leads) <= _MOST_LEADS:
        raise Invalid(f"{len(leads)} lead times; allowed: 1 to {_MOST_LEADS}", ["leadDays"])
    for lead in leads:
        if not 0 <= lead <= _LONGEST_LEAD:
            raise Invalid(f"{lead} is out of range; allowed: 0 to {_LONGEST_LEAD}", ["leadDays"])


def _node(found: metric.NodeRecord, currency: str) -> ForecastRecordNode:
    node = found.node
    assert node
    return ForecastRecordNode(
        id=strawberry.ID(node.id),
        kind=node.kind,
        name=node.name,
        parent_id=strawberry.ID(node.parent_id) if node.parent_id else None,
        depth=found.depth,
        record=_figures(found, currency),
    )


def _figures(found: metric.NodeRecord, currency: str) -> ForecastRecordFigures:
    return ForecastRecordFigures(
        handed_in=found.handed_in,
        accuracy=[
            ForecastAccuracy(
                source=source,
                periods=each.periods,
                forecast=certain_money(each.forecast_minor, currency),
                actual=certain_money(each.actual_minor, currency),
                wape=each.wape,
                bias=each.bias,
                mase=each.mase,
                mape=each.mape,
            )
            for source, each in found.accuracy.items()
        ],
        coverage=_coverage(found.coverage),
    )


def _coverage(found: metric.Coverage) -> IntervalCoverage:
    return IntervalCoverage(**found.__dict__)


def _period(found: metric.PeriodRecord, currency: str) -> ForecastRecordPeriod:
    return ForecastRecordPeriod(
        first_on=found.made.first,
        last_on=found.made.last,
        week=found.made.week,
        forecasts=[
            ForecastBySource(
                source=source,
                forecast=certain_money(pair.forecast_minor, currency),
                actual=certain_money(pair.actual_minor, currency),
                error=certain_money(pair.error_minor, currency),
            )
            for source, pair in found.pairs.items()
        ],
        interval=_interval(found.interval, currency) if found.interval else None,
        people=[_person(each, currency) for each in found.people],
    )


def _interval(found: metric.Interval, currency: str) -> ForecastInterval:
    return ForecastInterval(
        low=certain_money(found.low_minor, currency),
        high=certain_money(found.high_minor, currency),
        confidence=found.confidence / 100,
        actual=certain_money(found.actual_minor, currency),
        is_inside=found.has_it,
    )


def _person(found: metric.PersonForecast, currency: str) -> PersonForecast:
    return PersonForecast(
        user_id=found.handed_in.user_id,
        submission_id=found.handed_in.id,
        called=certain_money(found.handed_in.called_minor, currency),
        adjustment=certain_money(found.put_on_top_minor, currency),
        deals=certain_money(found.handed_in.deals_minor, currency),
        projection=money(found.expected_minor, currency),
        actual=certain_money(found.actual_minor, currency),
        error=certain_money(found.error_minor, currency),
    )

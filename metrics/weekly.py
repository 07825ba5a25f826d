"""A week's forecast of a period at every node of the organisation: what was handed in, and on what deals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction

from metrics.credit import Standing
from metrics.forecast import OPEN, Call, Categories, Sum, categories, rolled_up
from metrics.organisation import Along, Node, NodeKind, organisation
from models.access import Actor
from models.database import Param, Row, as_int, fetch
from models.deals import ForecastCategory
from models.forecast import (
    WEEK,
    ForecastAdjustment,
    ForecastCall,
    ForecastSubmission,
    Measure,
    Period,
    Quota,
)
from models.visibility import visible


@dataclass(frozen=True)
class Submission:
    """The record of what somebody handed in, or is writing."""

    id: str
    is_handed_in: bool


@dataclass(frozen=True)
class Adjustment:
    """The record of what a manager put on top of a number, and how much (minor units)."""

    id: str
    amount_minor: int


@dataclass(frozen=True)
class CategoryForecast:
    """A category at a node; money in minor units of the tenant's currency.

    ``deals`` are those in exactly the category, ``cumulative`` with better ones. ``call`` holds what was
    called for it (its own and what is below, each adjusted) and the adjustment on top; ``is_called`` says
    whether the owner called a number, and ``comment`` what they said: for whoever called none, their
    cumulative deals stand.
    """

    call: Call
    deals: Sum
    cumulative: Sum
    is_called: bool = False
    comment: str | None = None
    adjustment: Adjustment | None = None


@dataclass(frozen=True)
class NodeForecast:
    """The forecast of a node, with where it stands against its quota, if it has one.

    ``missing`` are the ids of those at it and below who have handed in nothing for the week.
    """

    node: Node
    depth: int
    deals: Categories
    categories: Mapping[ForecastCategory, CategoryForecast]
    standing: Standing
    submission: Submission | None = None
    missing: Sequence[str] = ()


@dataclass(frozen=True)
class WeeklyForecast:
    """A week's forecast of a period, node by node from the top down."""

    week: date
    period: Period
    as_of: date
    nodes: Sequence[NodeForecast] = field(default_factory=tuple)


@dataclass(frozen=True)
class _Stored:
    """What is stored of a week and period, by whom it is about."""

    submissions: Mapping[str, Submission]
    frozen: Mapping[str, Categories]
    calls: Mapping[tuple[str, ForecastCategory], tuple[int | None, str | None]]
    adjustments: Mapping[tuple[str, ForecastCategory], Adjustment]
    quotas: Mapping[str, int]


async def weekly_forecast(
    actor: Actor, week: date, period: Period, today: date, along: Along = Along.TEAM
) -> WeeklyForecast:
    """The forecast of a period as it stood in a week, for everybody and every team that the actor sees.

    Of whoever handed in, deals and calls are as they were then, whatever became of them. For others the deals
    are as of the end of the week, or of ``today``, with what was known by then. A team's number is the sum of
    what is right below it, each with its adjustment.
    """
    as_of = min(week + WEEK - timedelta(days=1), today)
    tree = await organisation(actor, as_of, along)
    stored = await _stored(actor, week, period)
    live = await categories(actor, period, as_of, as_of if as_of < today else None)
    found: dict[str, NodeForecast] = {}
    walked = list(tree.walked())
    for node, depth in reversed(walked):
        parts = [found[below.id] for below in tree.below.get(node.id, ())]
        found[node.id] = _node(node, depth, parts, stored, live)
    return WeeklyForecast(week, period, as_of, tuple(found[node.id] for node, _ in walked))


def _node(
    node: Node,
    depth: int,
    parts: Sequence[NodeForecast],
    stored: _Stored,
    live: Mapping[str | None, Categories],
) -> NodeForecast:
    submission = stored.submissions.get(node.id)
    own = stored.frozen.get(node.id) or live.get(node.id, Categories())
    deals = sum((part.deals for part in parts), own if node.kind is NodeKind.USER else Categories())
    shown = {category: _category(node, category, own, deals, parts, stored) for category in OPEN}
    quota = stored.quotas.get(node.id)
    if quota is None:
        quota = sum(part.standing.quota for part in parts)
    won = deals.of(ForecastCategory.CLOSED).minor
    standing = Standing(quota, Fraction(won), Fraction(deals.cumulative(ForecastCategory.PIPELINE).minor))
    is_missing = node.is_seller and not (submission and submission.is_handed_in)
    missing = [node.id] * is_missing + [each for part in parts for each in part.missing]
    return NodeForecast(node, depth, deals, shown, standing, submission, missing)


def _category(
    node: Node,
    category: ForecastCategory,
    own: Categories,
    deals: Categories,
    parts: Sequence[NodeForecast],
    stored: _Stored,
) -> CategoryForecast:
    called, comment = stored.calls.get((node.id, category), (None, None))
    adjustment = stored.adjustments.get((node.id, category))
    numbers = [part.categories[category].call for part in parts]
    if node.kind is NodeKind.USER:
        numbers.append(Call(category, own.cumulative(category).minor if called is None else called))
    call = rolled_up(category, numbers, adjustment.amount_minor if adjustment else 0)
    return CategoryForecast(
        call, deals.of(category), deals.cumulative(category), called is not None, comment, adjustment
    )


async def _stored(actor: Actor, week: date, period: Period) -> _Stored:
    submissions = await _rows(actor, ForecastSubmission, week, period)
    calls = await _calls(actor, week, period)
    adjustments = await _rows(actor, ForecastAdjustment, week, period)
    by_id = {str(row["id"]): str(row["user_id"]) for row in submissions}
    handed_in = {str(row["id"]) for row in submissions if row["submitted_at"] is not None}
    frozen: dict[str, dict[ForecastCategory, Sum]] = {by_id[each]: {} for each in handed_in}
    for row in submissions:
        if str(row["id"]) in handed_in:
            frozen[str(row["user_id"])][ForecastCategory.CLOSED] = Sum(
                as_int(row["won_deals"]), as_int(row["won_minor"])
            )
    called: dict[tuple[str, ForecastCategory], tuple[int | None, str | None]] = {}
    for row in calls:
        if str(row["submission_id"]) not in handed_in:
            continue
        who, category = by_id[str(row["submission_id"])], ForecastCategory(str(row["category"]))
        frozen[who][category] = Sum(as_int(row["deals"]), as_int(row["single_minor"]))
        amount = None if row["amount_minor"] is None else as_int(row["amount_minor"])
        called[who, category] = (amount, _text(row["comment"]))
    return _Stored(
        {str(row["user_id"]): Submission(str(row["id"]), str(row["id"]) in handed_in) for row in submissions},
        {who: Categories(single) for who, single in frozen.items()},
        called,
        {
            (str(row["user_id"] or row["team_id"]), ForecastCategory(str(row["category"]))): Adjustment(
                str(row["id"]), as_int(row["amount_minor"])
            )
            for row in adjustments
        },
        await quotas(actor, period, Measure.TCV),
    )


def _text(value: object) -> str | None:
    return None if value is None else str(value)


async def quotas(actor: Actor, period: Period, measure: Measure) -> dict[str, int]:
    """The quotas of people and teams for exactly a period, by their ids: minor units, or deals."""
    seen = visible(Quota, actor, "t")
    rows = await fetch(
        "select coalesce(t.user_id, t.team_id) as id, t.target from quota t where t.first_on = :first"
        f" and t.last_on = :last and t.measure = :measure and {seen.sql}",
        {**seen.params, "first": period.first, "last": period.last, "measure": measure.value},
    )
    return {str(row["id"]): as_int(row["target"]) for row in rows}


async def _rows(
    actor: Actor, model: type[ForecastSubmission | ForecastAdjustment], week: date, period: Period
) -> list[Row]:
    seen = visible(model, actor, "t")
    return await fetch(
        f"select t.* from {model._meta.db_table} t where t.week = :week and t.first_on = :first"
        f" and t.last_on = :last and {seen.sql}",
        {**seen.params, **_of(week, period)},
    )


async def _calls(actor: Actor, week: date, period: Period) -> list[Row]:
    seen = visible(ForecastCall, actor, "t")
    return await fetch(
        "select t.* from forecast_call t join forecast_submission s on s.id = t.submission_id"
        f" where s.week = :week and s.first_on = :first and s.last_on = :last and {seen.sql}",
        {**seen.params, **_of(week, period)},
    )


def _of(week: date, period: Period) -> dict[str, Param]:
    return {"week": week, "first": period.first, "last": period.last}

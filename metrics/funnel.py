"""The funnel: what is open and closes in a period, by stage and by forecast category."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from metrics.rounding import as_float, percent
from metrics.sales import (
    ALWAYS,
    EVERYTHING,
    FORECAST,
    OPEN,
    AsOf,
    DayRange,
    Deals,
    SalesFilter,
    deals_as_of,
    quoted,
)
from models.access import Actor
from models.database import Row, as_int, fetch
from models.deals import ForecastCategory, Stage


@dataclass(frozen=True)
class Line:
    """Deals of one stage or category; amounts in minor units, days in the present stage, None without any.

    The median is the middle age, or half the sum of the two in the middle.
    """

    deals: int = 0
    amount_minor: int = 0
    weighted_minor: int = 0
    median_days: float | None = None
    mean_days: float | None = None


@dataclass(frozen=True)
class Funnel:
    """A funnel as of a date: the whole, its open stages and its categories in order, and what ended."""

    as_of: date
    currency: str
    total: Line
    stages: dict[Stage, Line]
    categories: dict[ForecastCategory, Line]
    won: Line
    lost: Line


_COLUMNS = (
    "stage", "stage_since", "valid_from", "forecast_category", "amount_minor", "probability", "close_on",
    "closed_on",
)  # fmt: skip
_TOTAL, _STAGE, _CATEGORY, _ENDED = "TOTAL", "STAGE", "CATEGORY", "ENDED"


async def funnel(
    actor: Actor,
    at: AsOf,
    period: DayRange = ALWAYS,
    wanted: SalesFilter = EVERYTHING,
    categories: Collection[ForecastCategory] = FORECAST,
) -> Funnel:
    """Open deals of ``categories`` that close in the period: count, amount and weighted = sum(amount x
    probability).

    Won and lost are what closed in the period. Days in the stage are those from the day on which a deal
    entered it, or was identified, to the date; deals of which neither is known are in no median and no mean.
    """
    sought = period.sought("close_on"), period.sought("closed_on")
    deals = await deals_as_of(actor, at, wanted, _COLUMNS, period, sought)
    found = await fetch(_grouped(_counted(deals, period, categories)), deals.params)
    lines = {(str(row["part"]), str(row["name"])): _line(row) for row in found}
    return Funnel(
        as_of=at.day,
        currency=actor.currency,
        total=lines.get((_TOTAL, ""), Line()),
        stages={each: lines.get((_STAGE, each.value), Line()) for each in Stage if each.is_open},
        categories={
            each: lines.get((_CATEGORY, each.value), Line())
            for each in ForecastCategory
            if each in categories
        },
        won=lines.get((_ENDED, Stage.WON.value), Line()),
        lost=lines.get((_ENDED, Stage.LOST.value), Line()),
    )


def _counted(deals: Deals, period: DayRange, categories: Collection[ForecastCategory]) -> str:
    """The deals that are open and close in the period, and those that have ended in it."""
    standing = f"{OPEN} and t.forecast_category in ({quoted(categories)}) and {period.holds('t.close_on')}"
    ended = f"not ({OPEN}) and {period.holds('t.closed_on')}"
    values = "t.stage, t.forecast_category, t.amount_minor"
    since = "coalesce(t.stage_since, t.valid_from)"
    if deals.view.moved is None:  # what they were is found out in one pass
        return (
            f"select {values}, t.probability, {since} as since, case when {OPEN} then 1 else 0 end as is_open"
            f" from {deals.rows} where (({standing}) or ({ended})) and {deals.where}"
        )
    return (
        f"select {values}, t.probability, {since} as since, 1 as is_open from {deals.rows}"
        f" where {standing} and {deals.where}"
        f" union all select {values}, t.probability, {since}, 0 from {deals.rows} where {ended} and"
        f" {deals.where}"
    )


def _grouped(deals: str) -> str:
    """Deals in the whole, in their stages and in their categories, each with the ages in the middle."""
    every = " union all ".join(
        f"select '{part}' as part, {name} as name, amount_minor, probability, days from aged where"
        f" is_open = {open_}"
        for part, name, open_ in (
            (_TOTAL, "''", 1), (_STAGE, "stage", 1), (_CATEGORY, "forecast_category", 1),
            (_ENDED, "stage", 0),
        )
    )  # fmt: skip
    return (
        f"with aged as (select x.*, DAYS(:as_of, x.since) as days from ({deals}) x), every_ as ({every}),"
        " placed as (select e.*, row_number() over (partition by part, name order by days is null, days)"
        " as place,"
        " count(days) over (partition by part, name) as known from every_ e)"
        " select part, name, count(*) as deals, sum(amount_minor) as amount,"
        " sum(amount_minor / 100 * probability) as hundreds,"  # in two parts: the product may be large
        " sum(amount_minor % 100 * probability) as rest, avg(days) as mean,"
        " avg(case when place in ((known + 1) / 2, (known + 2) / 2) then days end) as median"
        " from placed group by part, name"
    )


def _line(row: Row) -> Line:
    return Line(
        deals=as_int(row["deals"]),
        amount_minor=as_int(row["amount"]),
        weighted_minor=percent(as_int(row["hundreds"]) * 100 + as_int(row["rest"])),
        median_days=as_float(row["median"]),
        mean_days=as_float(row["mean"]),
    )

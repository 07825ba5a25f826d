"""Trends across accounts: how many, what they mean in money, and what came of what was done about them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta

from metrics.proportions import wilson
from metrics.sales import DayRange
from models.access import Actor
from models.accounts import Account
from models.asof import as_of_rows, view_of
from models.base import days_between
from models.database import Param, Row, as_int, fetch
from models.deals import Deal
from models.described import Described
from models.revenue import RUNNING, Contract
from models.trends import Trend, TrendKind, TrendOutcome, TrendState
from models.view import View
from models.visibility import visible

#: A contract that ends within so many days is in ``ending``.
SOON = 365


class TrendGrouping(Described):
    """What the parts of a trend report are, within each kind."""

    INDUSTRY = "INDUSTRY", "By the industry of the account."
    SEGMENT = "SEGMENT", "By the segment of the account."
    REGION = "REGION", "By the region of the account."


@dataclass(frozen=True)
class TrendFigures:
    """What was observed in a period, and of how much money; each account, contract and deal once.

    Money is in minor units of the tenant's currency: ``recurring_minor`` a month of the contracts that run,
    ``pipeline_minor`` the amounts of open deals, ``ending_minor`` a month of the contracts that run and end
    within a year. ``before`` counts are of the period of the same length before.
    """

    trends: int = 0
    accounts: int = 0
    trends_before: int = 0
    accounts_before: int = 0
    recurring_minor: int = 0
    pipeline_minor: int = 0
    open_deals: int = 0
    ending_minor: int = 0
    ending_contracts: int = 0


@dataclass(frozen=True)
class Course:
    """A course of action, in how many trends it was chosen, and what came of it."""

    name: str
    chosen: int
    worked: int
    failed: int

    @property
    def share(self) -> float | None:
        """Worked / (worked + failed), 0 to 1; None when nothing is known to have come of it."""
        cases = self.worked + self.failed
        return self.worked / cases if cases else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """The 95 % interval of the share (Wilson); None without a share."""
        share = self.share
        return None if share is None else wilson(share, self.worked + self.failed)


@dataclass(frozen=True)
class TrendPart:
    """The accounts of a kind that have an industry, segment or region in common; None: none is known."""

    key: str | None
    figures: TrendFigures


@dataclass(frozen=True)
class TrendGroup:
    """Trends of one kind: in all, by part, and the courses of action taken in such trends so far."""

    kind: TrendKind
    figures: TrendFigures
    parts: tuple[TrendPart, ...] = ()
    courses: tuple[Course, ...] = field(default=())


@dataclass(frozen=True)
class TrendReport:
    """Trends observed in a period, as of a date; kinds by their accounts, most first."""

    as_of: date
    period: DayRange
    before: DayRange
    currency: str
    total: TrendFigures
    groups: tuple[TrendGroup, ...]


async def trend_report(
    actor: Actor, as_of: date, from_on: date, until_on: date, grouping: TrendGrouping | None = None
) -> TrendReport:
    """What the actor may see of trends observed from ``from_on`` to ``until_on``, both included.

    Refuted ones are left out. Trends, accounts, contracts and deals are as of the date; who sees them is
    decided as of today.
    """
    days = days_between(from_on, until_on) + 1
    before = DayRange(from_on - timedelta(days=days), from_on - timedelta(days=1))
    view = await view_of(actor.tenant_id, as_of)
    rows = await _figures(actor, as_of, view, before.from_on or from_on, from_on, until_on, grouping)
    courses = await _courses(actor, as_of, view)
    total, kinds, parts = TrendFigures(), {}, defaultdict[str, list[TrendPart]](list)
    for row in rows:
        figures = _told(row)
        match as_int(row["depth"]):
            case 0:
                total = figures
            case 1:
                kinds[str(row["kind"])] = figures
            case _:
                parts[str(row["kind"])].append(TrendPart(str(row["part"]) or None, figures))
    groups = [
        TrendGroup(TrendKind(kind), found, tuple(sorted(parts[kind], key=_ranked)), courses.get(kind, ()))
        for kind, found in kinds.items()
    ]
    groups.sort(key=lambda each: (-each.figures.accounts, -each.figures.trends, each.kind))
    return TrendReport(as_of, DayRange(from_on, until_on), before, actor.currency, total, tuple(groups))


def _ranked(part: TrendPart) -> tuple[int, int, str]:
    return -part.figures.accounts, -part.figures.trends, part.key or ""


_COUNTED = (
    "trends", "accounts", "trends_before", "accounts_before", "recurring_minor", "pipeline_minor",
    "open_deals", "ending_minor", "ending_contracts",
)  # fmt: skip


def _told(row: Row) -> TrendFigures:
    return TrendFigures(**{name: as_int(row[name]) for name in _COUNTED})


async def _figures(
    actor: Actor,
    as_of: date,
    view: View,
    before_on: date,
    from_on: date,
    until_on: date,
    grouping: TrendGrouping | None,
) -> list[Row]:
    """Rows of depth 0 (all), 1 (a kind) and 2 (a kind and a part): per account first, then summed."""
    part = "''" if grouping is None else f"coalesce(a.{grouping.lower()}, '')"
    columns = [] if grouping is None else [grouping.lower()]
    trends = as_of_rows(Trend, ["account_id", "kind", "observed_on", "state"], view)
    heard, dealt, signed = (
        visible(Trend, actor, "n"),
        visible(Deal, actor, "n"),
        visible(Contract, actor, "n"),
    )
    depths = [(0, "''", "''"), (1, "kind", "''"), *([(2, "kind", "part")] if grouping else [])]
    spread = " union all ".join(
        f"select {depth} as depth, {kind} as kind, {part_} as part, account_id, sum(is_now) as now_,"
        " sum(1 - is_now) as before_ from heard group by 1, 2, 3, account_id"
        for depth, kind, part_ in depths
    )
    ending = "t.ends_on is not null and t.ends_on <= :soon"
    return await fetch(
        f"with heard as (select t.account_id, t.kind, {part} as part,"
        " case when t.observed_on >= :from_on then 1 else 0 end as is_now"
        f" from {trends} t join trend n on n.id = t.id"
        f" join {as_of_rows(Account, columns, view)} a on a.id = t.account_id"
        f" where t.state <> '{TrendState.REFUTED}' and t.observed_on between :before_on and :until_on"
        f" and {heard.sql}),"
        f" spread as ({spread}),"
        f" signed as (select t.account_id, sum(t.mrc_minor) as recurring,"
        f" sum(case when {ending} then t.mrc_minor else 0 end) as ending,"
        f" sum(case when {ending} then 1 else 0 end) as contracts"
        f" from {as_of_rows(Contract, _CONTRACT, view)} t join contract n on n.id = t.id"
        f" where {RUNNING} and {signed.sql} group by t.account_id),"
        " dealt as (select t.account_id, sum(t.amount_minor) as pipeline, count(*) as deals"
        f" from {as_of_rows(Deal, ['account_id', 'stage', 'amount_minor'], view)} t"
        f" join deal n on n.id = t.id where t.stage not in ('WON', 'LOST') and {dealt.sql}"
        " group by t.account_id)"
        " select s.depth, s.kind, s.part, sum(s.now_) as trends, sum(s.before_) as trends_before,"
        f" sum({_now('1')}) as accounts, sum(case when s.before_ > 0 then 1 else 0 end) as accounts_before,"
        f" sum({_now('c.recurring')}) as recurring_minor, sum({_now('c.ending')}) as ending_minor,"
        f" sum({_now('c.contracts')}) as ending_contracts, sum({_now('d.pipeline')}) as pipeline_minor,"
        f" sum({_now('d.deals')}) as open_deals"
        " from spread s left join signed c on c.account_id = s.account_id"
        " left join dealt d on d.account_id = s.account_id group by s.depth, s.kind, s.part"
        " order by s.depth, s.kind, s.part",
        {
            "tenant": actor.tenant_id,
            "as_of": as_of,
            "before_on": before_on,
            "from_on": from_on,
            "until_on": min(until_on, as_of),
            "soon": as_of + timedelta(days=SOON),
            **heard.params,
            **dealt.params,
            **signed.params,
        },
    )


_CONTRACT = ["account_id", "starts_on", "ends_on", "terminated_on", "mrc_minor"]


def _now(what: str) -> str:
    """What counts of an account of which something was observed in the period itself."""
    return f"case when s.now_ > 0 then coalesce({what}, 0) else 0 end"


async def _courses(actor: Actor, as_of: date, view: View) -> dict[str, tuple[Course, ...]]:
    """The courses of action by kind of trend, of all that was observed: those that worked most first."""
    seen = visible(Trend, actor, "n")
    params: dict[str, Param] = {"tenant": actor.tenant_id, "as_of": as_of, **seen.params}
    rows = await fetch(
        "select t.kind, t.course, count(*) as chosen,"
        f" sum(case when t.outcome = '{TrendOutcome.WORKED}' then 1 else 0 end) as worked,"
        f" sum(case when t.outcome = '{TrendOutcome.FAILED}' then 1 else 0 end) as failed"
        f" from {as_of_rows(Trend, ['kind', 'course', 'outcome', 'state', 'observed_on'], view)} t"
        f" join trend n on n.id = t.id where t.course is not null and t.state <> '{TrendState.REFUTED}'"
        f" and t.observed_on <= :as_of and {seen.sql} group by t.kind, t.course",
        params,
    )
    found = defaultdict[str, list[Course]](list)
    for row in rows:
        counted = {name: as_int(row[name]) for name in ("chosen", "worked", "failed")}
        found[str(row["kind"])].append(Course(str(row["course"]), **counted))
    return {kind: tuple(sorted(courses, key=_promising)) for kind, courses in found.items()}


def _promising(course: Course) -> tuple[float, int, str]:
    """By the lower end of the interval: what worked once in one case promises less than nine times in ten."""
    lower = course.interval[0] if course.interval else -1.0
    return -lower, -course.chosen, course.name

"""What was forecast of periods that have ended, as it was handed in, put on top and projected at the time.

Nothing is taken from deals as they are now but what was won in the periods.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from metrics.credit import won_in_each
from metrics.organisation import Along, Organisation, organisations
from models.access import Actor
from models.database import Param, Row, as_date, as_int, fetch
from models.deals import ForecastCategory
from models.forecast import (
    WEEK,
    ForecastAdjustment,
    ForecastSubmission,
    Measure,
    Period,
    period_before,
    whole_months,
)
from models.projections import ForecastProjection
from models.visibility import visible

Won = Mapping[str | None, int]


@dataclass(frozen=True)
class Asked:
    """Which forecasts: of periods that ended from ``since`` to ``ended_by``, and for a category.

    ``months`` are how many whole months a period has, None for periods of any length. What came of it is
    taken as of ``until``, with what was known by the end of ``known_on``, None for all that is known now.
    With ``projected_later`` projections count that were made when the period was over, of what was known
    before.
    """

    since: date
    ended_by: date
    until: date
    known_on: date | None = None
    category: ForecastCategory = ForecastCategory.COMMIT
    along: Along = Along.TEAM
    months: int | None = 3
    projected_later: bool = False


@dataclass(frozen=True, order=True, slots=True)
class Made:
    """Of which period a forecast was made, and in which week (its Monday)."""

    last: date
    first: date
    week: date

    @property
    def period(self) -> Period:
        """The period."""
        return Period(self.first, self.last)

    def is_at(self, lead_days: int) -> bool:
        """Whether the week holds the day so many days before the period's last."""
        return lead_days <= (self.last - self.week).days < lead_days + WEEK.days


@dataclass(frozen=True, slots=True)
class HandedIn:
    """What one person handed in: what they called, and what their deals came to; minor units.

    ``deals_minor`` are the deals of the category and better ones; for whoever called no number they stand.
    """

    made: Made
    id: str
    user_id: str
    called_minor: int
    deals_minor: int


@dataclass(frozen=True, slots=True)
class PutOnTop:
    """What a manager put on top of the number of a user or a team in the week; minor units."""

    made: Made
    subject_id: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Projected:
    """What a model expected that the people will win, and between which two amounts; minor units.

    ``people`` is None for the whole tenant, whose ``subject_id`` is None, too. ``confidence`` is in percent.
    """

    made: Made
    subject_id: str | None
    people: Sequence[str] | None
    expected_minor: int
    low_minor: int
    high_minor: int
    confidence: int


@dataclass(frozen=True)
class Frozen:
    """All that was forecast at some lead times, by period, with the tree of each week, and what came."""

    handed_in: Sequence[HandedIn]
    put_on_top: Sequence[PutOnTop]
    projected: Sequence[Projected]
    trees: Mapping[date, Organisation]
    won: Mapping[Period, Won]

    def lines(self, made: Made) -> Mapping[str, tuple[str, ...]]:
        """Of each node of the tree at the end of the week: the ids of it and of those above it."""
        return self.trees[_end(made.week)].lines

    def line(self, each: HandedIn) -> tuple[str, ...]:
        """The ids of whoever handed it in and of those above; of whoever was not in the tree, their own."""
        return self.lines(each.made).get(each.user_id, (each.user_id,))

    def came(self, period: Period, people: Collection[str] | None) -> int:
        """What people won in a period, or everybody and nobody did; minor units."""
        won = self.won[period]
        return sum(won.values()) if people is None else sum(won.get(who, 0) for who in people)


async def frozen_forecasts(
    actor: Actor, asked: Asked, leads: Collection[int], subject_id: str | None = None
) -> Frozen:
    """The forecasts that the actor sees, of the weeks that hold a day so many days before a period's last.

    What was handed in, or projected, when the period was over is none. Where people belonged is what was
    known by the end of the week, for a projection by the end of the day that it rests on. With
    ``subject_id``, which may be that of the tenant, other projections are left out.
    """
    handed_in = await _handed_in(actor, asked, leads)
    put_on_top = await _put_on_top(actor, asked, leads)
    rows = await _projections(actor, asked, leads, subject_id)
    made = {each.made for each in handed_in} | {made for made, _ in rows}
    known = {_day(row["known_on"]) for _, row in rows if row["team_id"] is not None}
    days = {_end(each.week) for each in made} | known
    trees = await organisations(actor.tenant_id, days, asked.along)
    projected = [_projected(actor, made, row, trees) for made, row in rows]
    return Frozen(
        handed_in,
        put_on_top,
        [each for each in projected if each is not None],
        trees,
        await _won(actor, asked, {each.period for each in made}),
    )


async def _won(actor: Actor, asked: Asked, periods: set[Period]) -> dict[Period, Won]:
    """What was won in each of the periods, and in those before them."""
    both = periods | {period_before(period) for period in periods}
    won = await won_in_each(actor, both, Measure.TCV, asked.until, asked.known_on)
    return {period: {who: int(minor) for who, minor in each.items()} for period, each in won.items()}


async def _handed_in(actor: Actor, asked: Asked, leads: Collection[int]) -> list[HandedIn]:
    rows = await _rows(
        actor,
        asked,
        leads,
        ForecastSubmission,
        "t.user_id, t.submitted_at, c.amount_minor, c.cumulative_minor",
        "t.submitted_at is not null",
        " join forecast_call c on c.tenant_id = t.tenant_id and c.submission_id = t.id"
        " and c.category = :category",
    )
    found = []
    for made, row in rows:
        if _day(row["submitted_at"]) <= made.last:
            deals = as_int(row["cumulative_minor"])
            called = deals if row["amount_minor"] is None else as_int(row["amount_minor"])
            found.append(HandedIn(made, str(row["id"]), str(row["user_id"]), called, deals))
    return found


async def _put_on_top(actor: Actor, asked: Asked, leads: Collection[int]) -> list[PutOnTop]:
    columns = "coalesce(t.user_id, t.team_id) as subject_id, t.amount_minor"
    rows = await _rows(actor, asked, leads, ForecastAdjustment, columns, "t.category = :category")
    return [PutOnTop(made, str(row["subject_id"]), as_int(row["amount_minor"])) for made, row in rows]


async def _projections(
    actor: Actor, asked: Asked, leads: Collection[int], subject_id: str | None
) -> list[tuple[Made, Row]]:
    columns = (
        "t.user_id, t.team_id, t.known_on, t.made_at, t.expected_minor, t.low_minor, t.high_minor,"
        " t.confidence"
    )
    which = "t.refused is null" + (" and t.subject_id = :subject" if subject_id else "")
    rows = await _rows(actor, asked, leads, ForecastProjection, columns, which, subject=subject_id)
    return [(made, row) for made, row in rows if asked.projected_later or _day(row["made_at"]) <= made.last]


async def _rows(
    actor: Actor,
    asked: Asked,
    leads: Collection[int],
    model: type[ForecastSubmission | ForecastAdjustment | ForecastProjection],
    columns: str,
    which: str,
    joined: str = "",
    **named: Param,
) -> list[tuple[Made, Row]]:
    """Rows of a model of the periods and lead times that are asked for, with what they are about."""
    seen = visible(model, actor, "t")
    at = [
        f"(DAYS(t.last_on, t.week) >= {int(lead)} and DAYS(t.last_on, t.week) < {int(lead) + WEEK.days})"
        for lead in sorted(leads)
    ]
    rows = await fetch(
        f"select t.id, t.week, t.first_on, t.last_on, {columns} from {model._meta.db_table} t{joined}"
        f" where t.last_on >= :since and t.last_on <= :ended_by and ({' or '.join(at)})"
        f" and {which} and {seen.sql} order by t.last_on, t.first_on, t.week, t.id",
        {
            "since": asked.since,
            "ended_by": asked.ended_by,
            "category": asked.category.value,
            **named,
            **seen.params,
        },
    )
    made: dict[tuple[object, ...], Made | None] = {}
    found = []
    for row in rows:
        key = row["last_on"], row["first_on"], row["week"]
        if key not in made:
            about = Made(*map(_day, key))
            made[key] = about if asked.months in (None, whole_months(about.period)) else None
        if (each := made[key]) is not None:
            found.append((each, row))
    return found


def _projected(actor: Actor, made: Made, row: Row, trees: Mapping[date, Organisation]) -> Projected | None:
    """A projection; None where it is of a team with people whom the actor does not see, or of none."""
    subject = row["user_id"] or row["team_id"]
    people: Sequence[str] | None = None
    if row["user_id"] is not None:
        people = [str(row["user_id"])]
    elif subject is not None:
        tree = trees[_day(row["known_on"])]
        people = tree.people(str(subject))
        if not people or (actor.owners is not None and not set(people) <= set(actor.owners)):
            return None
    return Projected(
        made,
        None if subject is None else str(subject),
        people,
        as_int(row["expected_minor"]),
        as_int(row["low_minor"]),
        as_int(row["high_minor"]),
        as_int(row["confidence"]),
    )


def _day(value: object) -> date:
    found = as_date(value)
    assert found
    return found


def _end(week: date) -> date:
    return week + WEEK - timedelta(days=1)

"""To whom deals are credited, and what was won against quotas."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from metrics.deal_money import YEAR
from models.access import Actor
from models.asof import as_of_rows, view_of
from models.database import as_int, fetch
from models.deals import Deal, DealLine
from models.forecast import DealSplit, Measure, Period
from models.view import View
from models.visibility import visible

_DEAL_COLUMNS = [
    "owner_id",
    "kind",
    "stage",
    "forecast_category",
    "probability",
    "amount_minor",
    "close_on",
    "closed_on",
]


def credited_deals(view: View) -> str:
    """A subquery of deals as of ``:as_of``, once for each person who has a share in one.

    Columns: those of the deal with ``credited_id`` (null for nobody), ``percent``, and ``credited_minor``,
    the share of its amount. The shares of a deal add up to its amount to the cent: each is the difference of
    two rounded running sums. Parameters it needs: ``:tenant``, ``:as_of``.
    """
    deals = as_of_rows(Deal, _DEAL_COLUMNS, view)
    splits = as_of_rows(DealSplit, ["deal_id", "user_id", "percent"], view)
    running = "cast(sum(percent) over (partition by deal_id order by user_id) as bigint)"
    shares = (
        f"(select deal_id, user_id, percent, {running} as until_percent from {splits} p where percent > 0)"
    )
    part = f"case when s.user_id is null then d.amount_minor else {_part('d.amount_minor')} end"
    return (
        f"(select d.*, coalesce(s.user_id, d.owner_id) as credited_id, coalesce(s.percent, 100) as percent,"
        f" {part} as credited_minor from {deals} d left join {shares} s on s.deal_id = d.id)"
    )


def _part(amount: str) -> str:
    """A share of an amount, by the running sums of percents in ``s``."""
    return f"({amount} * s.until_percent / 100 - {amount} * (s.until_percent - s.percent) / 100)"


async def won(
    actor: Actor, period: Period, measure: Measure, as_of: date, known_on: date | None = None
) -> dict[str | None, Fraction]:
    """What each person won in the part of a period until ``as_of``, with their shares of others' deals.

    In minor units of the tenant's currency, or deals, by the measure. A deal counts on the day on which it
    was won. Its MRC is the sum of the monthly charges of its lines, its ACV twelve times that. Deals are
    those that the actor may see; None is nobody.
    """
    which = "t.stage = 'WON' and t.closed_on >= :first and t.closed_on <= :last and t.closed_on <= :as_of"
    return await _by_person(actor, period, measure, which, as_of, known_on)


async def open_in(
    actor: Actor, period: Period, measure: Measure, as_of: date, known_on: date | None = None
) -> dict[str | None, Fraction]:
    """What each person has open that is expected to close in a period, by the measure, with their shares.

    Deals whose forecast category is OMITTED do not count. Units and who sees what are as for ``won``.
    """
    which = (
        "t.stage not in ('WON', 'LOST') and t.forecast_category <> 'OMITTED'"
        " and t.close_on >= :first and t.close_on <= :last"
    )
    return await _by_person(actor, period, measure, which, as_of, known_on)


async def _by_person(
    actor: Actor, period: Period, measure: Measure, which: str, as_of: date, known_on: date | None
) -> dict[str | None, Fraction]:
    view, seen = await view_of(actor.tenant_id, as_of, known_on), visible(Deal, actor, "n")
    rows = await fetch(
        f"select t.credited_id as who, {_value(measure)} as value from {credited_deals(view)} t"
        f" join deal n on n.id = t.id{_lines(view) if measure in (Measure.ACV, Measure.MRC) else ''}"
        f" where {which} and {seen.sql} group by t.credited_id",
        {
            "tenant": actor.tenant_id,
            "as_of": as_of,
            "known_on": known_on,
            "first": period.first,
            "last": period.last,
            **seen.params,
        },
    )
    scale = 1 if measure is Measure.TCV else 100
    return {_who(row["who"]): Fraction(as_int(row["value"]), scale) for row in rows}


def _value(measure: Measure) -> str:
    """What a share of a deal counts; but for TCV in hundredths."""
    match measure:
        case Measure.TCV:
            return "sum(t.credited_minor)"
        case Measure.COUNT:
            return "sum(t.percent)"
        case Measure.MRC:
            return "coalesce(sum(l.mrc * t.percent), 0)"
        case Measure.ACV:
            return "coalesce(sum(l.acv * t.percent), 0)"


def _lines(view: View) -> str:
    lines = as_of_rows(DealLine, ["deal_id", "mrc_minor", "nrc_minor", "removed_on"], view)
    one_off = "case when n.acv_with_one_off then x.nrc_minor else 0 end"
    summed = (
        f"(select x.deal_id, cast(sum(x.mrc_minor) as bigint) as mrc,"
        f" cast(sum(x.mrc_minor * {YEAR} + {one_off}) as bigint) as acv from {lines} x"
        " join tenant n on n.id = x.tenant_id where x.removed_on is null group by x.deal_id)"
    )
    return f" left join {summed} l on l.deal_id = t.id"


@dataclass(frozen=True)
class Standing:
    """How somebody, or a team, stands against a quota; all in minor units, or deals, but for the ratios.

    ``attainment`` = won / quota. ``gap`` = what is left to win, at least 0. ``coverage`` = open pipeline that
    closes in the period / what is left to win; None when nothing is left.
    """

    quota: int
    won: Fraction
    open: Fraction

    @property
    def gap(self) -> Fraction:
        """What is left to win."""
        return max(Fraction(0), self.quota - self.won)

    @property
    def attainment(self) -> float | None:
        """The share of the quota that is won; None without a quota."""
        return float(self.won / self.quota) if self.quota else None

    @property
    def coverage(self) -> float | None:
        """How many times what is left to win is in the pipeline; None when nothing is left."""
        return float(self.open / self.gap) if self.gap else None


def together(parts: Iterable[str | None], found: Mapping[str | None, Fraction]) -> Fraction:
    """The sum of what some people have."""
    return sum((found.get(part, Fraction(0)) for part in parts), Fraction(0))


def _who(value: object) -> str | None:
    return None if value is None else str(value)

"""Slippage: what was to close in a period and did not; and how often close dates were moved later."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from metrics.rounding import share
from metrics.sales import (
    EVERYTHING,
    AsOf,
    DayRange,
    SalesFilter,
    deals_as_of,
    fitting,
    members_of,
    node,
    params_of,
)
from models.access import Actor
from models.asof import both_ends, known_change, log_of, swift_view_of
from models.database import as_int, fetch
from models.deals import Deal, Stage
from models.view import View
from models.visibility import visible


@dataclass(frozen=True)
class Slippage:
    """Deals that were to close in a period, as known at its start, and what became of them; minor units.

    ``due`` is frozen at the start, at the amounts of then: so are all the amounts.
    """

    from_on: date
    until_on: date
    as_of: date
    currency: str
    due: int
    due_minor: int
    slipped: int
    slipped_minor: int
    won: int
    won_minor: int
    lost: int
    lost_minor: int

    @property
    def by_count(self) -> float | None:
        """Slipped / due, 0 to 1; None when none was due."""
        return share(self.slipped, self.due)

    @property
    def by_amount(self) -> float | None:
        """Slipped amount / due amount; None when nothing of any amount was due."""
        return share(self.slipped_minor, self.due_minor)


@dataclass(frozen=True)
class Pushes:
    """How often close dates were moved later in a period, of how many deals, by how many days together."""

    pushes: int
    deals: int
    days: int


async def slippage(
    actor: Actor, at: AsOf, from_on: date, until_on: date, wanted: SalesFilter = EVERYTHING
) -> Slippage:
    """Slippage = deals that were to close from a day until another and did not / all that were to.

    Due are the deals that were open at the end of the first day and expected to close in the period, as known
    then and in the hands of then. They slipped that were neither won nor lost by the last day, as known at
    ``at``; before the last day is over, those whose close date has moved past it, or away.
    """
    end = AsOf(min(until_on, at.day), at.known_on)
    view = await swift_view_of(actor.tenant_id, end.day, end.known_on)
    start = View(from_on, None, "since", "since")
    seen = visible(Deal, actor, "t")
    columns = ["account_id", "owner_id", "stage", "close_on", "amount_minor", "kind"]
    period = DayRange(from_on, until_on)
    ended = f"t.e_stage in ('{Stage.WON}', '{Stage.LOST}')"
    slipped = f"not ({ended})"
    if at.day < until_on:
        slipped = f"({slipped} and (t.e_close_on is null or t.e_close_on > :until_on))"
    figures = {"due": "1 = 1", "slipped": slipped, "won": "t.e_stage = 'WON'", "lost": "t.e_stage = 'LOST'"}
    sums = ", ".join(
        f"sum(case when {sql} then 1 else 0 end) as {name},"
        f" sum(case when {sql} then t.s_amount_minor else 0 end) as {name}_minor"
        for name, sql in figures.items()
    )
    (row,) = await fetch(
        f"select {sums} from {both_ends(Deal, columns, start, view, seen.sql, [period.sought('close_on')])} t"
        " where t.s_there and t.s_stage not in ('WON', 'LOST') and "
        f"{period.holds('t.s_close_on')} and {node(wanted, 't.s_owner_id')}"
        f" and {fitting(wanted, start, 't', 't.s_kind')}",
        {
            **params_of(actor, wanted, period),
            "since": from_on,
            "as_of": end.day,
            "known_on": end.known_on,
            "members": await members_of(actor, wanted, AsOf(from_on, from_on)),
        },
    )
    return Slippage(from_on, until_on, at.day, actor.currency, **{name: as_int(row[name]) for name in row})


async def pushes(
    actor: Actor, at: AsOf, from_on: date, until_on: date, wanted: SalesFilter = EVERYTHING
) -> Pushes:
    """How often close dates of the wanted deals were moved later after ``from_on``, by ``until_on``."""
    end = replace(at, day=min(until_on, at.day))
    deals = await deals_as_of(actor, end, wanted, ())
    known = f" and {known_change('c', deals.view)}" if deals.view.known else ""
    (row,) = await fetch(
        "select count(*) as pushes, count(distinct c.entity_id) as deals, sum(DAYS(c.new, c.old)) as days"
        f" from {log_of(Deal, 'close_on')} and c.new > c.old and c.effective_on > :from_on"
        f" and c.effective_on <= :as_of{known}"
        f" and c.entity_id in (select t.id from {deals.rows} where {deals.where})",
        {**deals.params, "from_on": from_on},
    )
    return Pushes(as_int(row["pushes"]), as_int(row["deals"]), as_int(row["days"]))

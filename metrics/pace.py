"""The pace of selling: what share of deals is won, how long it takes, and what that comes to a day."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction

from metrics.rounding import as_float, share
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
from models.access import Actor, User
from models.accounts import Account
from models.asof import as_of_rows, known_change
from models.database import Row, as_int, fetch
from models.deals import STAGE_RANK, ForecastCategory
from models.described import Described


class WinRateGrouping(Described):
    """What the groups of win rates are."""

    STAGE = "STAGE", "By the furthest open stage that the deal was ever in."
    SEGMENT = "SEGMENT", "By the segment of the account."
    PRODUCT_FAMILY = "PRODUCT_FAMILY", "By product family; a deal of several is in the group of each."
    COMPETITOR = "COMPETITOR", "By who else wanted to sell it."
    OWNER = "OWNER", "By who sells it."
    TEAM = "TEAM", "By the team of its owner."
    KIND = "KIND", "By what the deal does to the revenue we have."


@dataclass(frozen=True)
class WinRate:
    """Deals that closed, of one group or in all: how many and how much (minor units) was won and lost.

    ``key`` is the id of an owner or team or else the value that the group has in common; None for none.
    """

    key: str | None
    label: str
    won: int = 0
    lost: int = 0
    won_minor: int = 0
    lost_minor: int = 0

    @property
    def by_count(self) -> float | None:
        """Won / (won + lost), 0 to 1; None when nothing closed."""
        return share(self.won, self.won + self.lost)

    @property
    def by_amount(self) -> float | None:
        """Won amount / (won + lost amount); None when nothing of any amount closed."""
        return share(self.won_minor, self.won_minor + self.lost_minor)


@dataclass(frozen=True)
class WinRates:
    """Win rates as of a date: of everything that closed, and of its groups, most deals first."""

    as_of: date
    currency: str
    total: WinRate
    groups: tuple[WinRate, ...]


@dataclass(frozen=True)
class Pace:
    """What is open, and how fast what closed did; money in minor units, days whole or a half.

    ``velocity_minor`` is money per day: None without a win rate or a cycle, or where a cycle takes no day.
    """

    as_of: date
    currency: str
    open_deals: int
    open_minor: int
    won: int
    lost: int
    cycle_days: float | None
    won_cycle_days: float | None

    @property
    def win_rate(self) -> float | None:
        """Won / (won + lost), 0 to 1; None when nothing closed."""
        return share(self.won, self.won + self.lost)

    @property
    def average_minor(self) -> int | None:
        """The average amount of what is open, halves to even; None when nothing is."""
        return round(Fraction(self.open_minor, self.open_deals)) if self.open_deals else None

    @property
    def velocity_minor(self) -> int | None:
        """Open count x average amount x win rate / cycle days, rounded once, halves to even."""
        if not self.won + self.lost or not self.cycle_days:
            return None
        rate = Fraction(self.won, self.won + self.lost)
        return round(self.open_minor * rate / Fraction(self.cycle_days))


_CLOSED = ("stage", "closed_on", "amount_minor", "competitor", "valid_from")
_NO_ONE = "nobody"


async def win_rates(
    actor: Actor,
    at: AsOf,
    closed: DayRange,
    grouping: WinRateGrouping | None = None,
    wanted: SalesFilter = EVERYTHING,
) -> WinRates:
    """Win rate = won / (won + lost) by count and by amount, over deals that closed in a window.

    Open deals are in no denominator. What a deal was worth and whose it was, is as of the date.
    """
    deals = await deals_as_of(actor, at, wanted, _CLOSED, closed, [closed.sought("closed_on")])
    key, label, joins = _group(deals, grouping)
    rows = await fetch(
        f"with closed as (select t.* from {deals.rows} where not ({OPEN}) and {closed.holds('t.closed_on')}"
        f" and {deals.where}), every_ as (select 0 as grouped, null as key, null as label, t.stage,"
        " t.amount_minor from closed t"
        + (
            f" union all select 1, {key}, {label}, t.stage, t.amount_minor from closed t{joins}"
            if grouping
            else ""
        )
        + ") select grouped, key, max(label) as label,"
        " sum(case when stage = 'WON' then 1 else 0 end) as won,"
        " sum(case when stage = 'LOST' then 1 else 0 end) as lost,"
        " sum(case when stage = 'WON' then amount_minor else 0 end) as won_minor,"
        " sum(case when stage = 'LOST' then amount_minor else 0 end) as lost_minor"
        " from every_ group by grouped, key",
        deals.params,
    )
    total = [_rate(row) for row in rows if not as_int(row["grouped"])]
    groups = [_rate(row) for row in rows if as_int(row["grouped"])]
    groups.sort(key=lambda group: (-group.won - group.lost, group.label, group.key or ""))
    return WinRates(at.day, actor.currency, total[0] if total else WinRate(None, ""), tuple(groups))


def _rate(row: Row) -> WinRate:
    counted = {name: as_int(row[name]) for name in ("won", "lost", "won_minor", "lost_minor")}
    key = None if row["key"] is None else str(row["key"])
    return WinRate(key, str(row["label"] or key or _NO_ONE), **counted)


def _group(deals: Deals, grouping: WinRateGrouping | None) -> tuple[str, str, str]:
    """The key and the label of a closed deal's group, and what has to be joined for them."""
    view = deals.view
    if grouping is WinRateGrouping.OWNER:
        return "o.id", "o.name", ' left join "user" o on o.id = t.owner_id'
    if grouping is WinRateGrouping.TEAM:
        users = as_of_rows(User, ["team_id"], view)
        return (
            "g.id",
            "g.name",
            f" left join {users} o on o.id = t.owner_id left join team g on g.id = o.team_id",
        )
    if grouping is WinRateGrouping.SEGMENT:
        accounts = as_of_rows(Account, ["segment"], view)
        return "nullif(a.segment, '')", "null", f" left join {accounts} a on a.id = t.account_id"
    if grouping is WinRateGrouping.PRODUCT_FAMILY:
        families = (
            " left join (select distinct l.deal_id, p.family from deal_line l join product p"
            " on p.id = l.product_id where l.tenant_id = :tenant) f on f.deal_id = t.id"
        )
        return "nullif(f.family, '')", "null", families
    if grouping is WinRateGrouping.STAGE:
        return "r.stage", "null", f" left join ({_reached(deals)}) r on r.deal_id = t.id"
    column = "t.kind" if grouping is WinRateGrouping.KIND else "nullif(t.competitor, '')"
    return column, "null", ""


_RANKS = " ".join(f"when '{stage.value}' then {rank}" for stage, rank in STAGE_RANK.items() if stage.is_open)
_NAMES = " ".join(f"when {rank} then '{stage.value}'" for stage, rank in STAGE_RANK.items() if stage.is_open)


def _reached(deals: Deals) -> str:
    """The furthest open stage that each closed deal left or entered, by the change log."""
    known = f" and {known_change('c', deals.view)}" if deals.view.known else ""
    steps = (
        f"select t.id as deal_id, case c.old {_RANKS} else 0 end as left_rank,"
        f" case c.new {_RANKS} else 0 end as entered_rank from closed t cross join change c"
        " where c.tenant_id = :tenant and c.entity_id = t.id and c.field = 'stage'"
        f" and c.effective_on <= :as_of{known}"
    )
    furthest = "max(case when left_rank > entered_rank then left_rank else entered_rank end)"
    return f"select deal_id, case {furthest} {_NAMES} end as stage from ({steps}) s group by deal_id"


async def pace(
    actor: Actor,
    at: AsOf,
    closed: DayRange,
    closing: DayRange = ALWAYS,
    wanted: SalesFilter = EVERYTHING,
    categories: Collection[ForecastCategory] = FORECAST,
) -> Pace:
    """Velocity = open count x average amount x win rate / cycle days: currency per day.

    Open are the deals of ``categories`` that close in the period ``closing``. Win rate and cycle are over
    deals that closed in the window ``closed``. Sales cycle = median days from the day on which a deal was
    identified to the day on which it was won or lost; deals of which the first is not known are left out.
    """
    expected = replace(closing, named="closing_")
    sought = expected.sought("close_on"), closed.sought("closed_on")
    columns = (*_CLOSED, "forecast_category", "close_on")
    deals = await deals_as_of(actor, at, wanted, columns, closed, sought)
    open_ = f"{OPEN} and t.forecast_category in ({quoted(categories)}) and {expected.holds('t.close_on')}"
    ended = f"not ({OPEN}) and {closed.holds('t.closed_on')}"
    rows = await fetch(
        "with x as (select t.stage, t.amount_minor, t.closed_on, t.valid_from from"
        f" {deals.rows} where (({open_}) or ({ended})) and {deals.where}),"
        " y as (select stage, amount_minor, case when stage in ('WON', 'LOST') then"
        " DAYS(x.closed_on, x.valid_from) end as days from x),"
        " z as (select y.*, row_number() over (partition by stage in ('WON', 'LOST') order by days is"
        " null, days)"
        " as place, row_number() over (partition by stage order by days is null, days) as own_place,"
        " count(days) over (partition by stage in ('WON', 'LOST')) as known,"
        " count(days) over (partition by stage) as own_known from y)"
        " select sum(case when stage not in ('WON', 'LOST') then 1 else 0 end) as deals,"
        " sum(case when stage not in ('WON', 'LOST') then amount_minor else 0 end) as amount,"
        " sum(case when stage = 'WON' then 1 else 0 end) as won,"
        " sum(case when stage = 'LOST' then 1 else 0 end) as lost,"
        " avg(case when place in ((known + 1) / 2, (known + 2) / 2) then days end) as cycle,"
        " avg(case when stage = 'WON' and own_place in ((own_known + 1) / 2, (own_known + 2) / 2) then"
        " days end)"
        " as won_cycle from z",
        deals.params | expected.params,
    )
    (row,) = rows
    return Pace(
        as_of=at.day,
        currency=actor.currency,
        open_deals=as_int(row["deals"]),
        open_minor=as_int(row["amount"]),
        won=as_int(row["won"]),
        lost=as_int(row["lost"]),
        cycle_days=as_float(row["cycle"]),
        won_cycle_days=as_float(row["won_cycle"]),
    )

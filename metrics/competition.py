"""Wins and losses against each competitor, and the prices of theirs that were seen beside ours.

A deal counts for a competitor once, whether it is the main one, named on the deal, or both, and whichever of
its names is written there. Names that nobody knows count under themselves.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

import orjson

from metrics.pace import WinRate
from metrics.proportions import wilson
from metrics.sales import EVERYTHING, OPEN, AsOf, DayRange, SalesFilter, deals_as_of
from models.access import Actor
from models.asof import ANY, as_of_rows
from models.competition import spelling_key
from models.database import Param, Row, as_date, as_int, fetch, is_sqlite
from models.deals import DealCompetitor, Stage
from models.described import Described


class CompetitorFigure(Described):
    """Which figure of a competitor's record deals are counted by."""

    CASES = "CASES", "`cases`: every deal that closed."
    WON = "WON", "`won` and `wonAmount`: those that we won."
    LOST = "LOST", "`lost` and `lostAmount`: those that we lost."
    PRICES_SEEN = (
        "PRICES_SEEN",
        "`pricesSeen`, `priceSeen` and `priceOurs`: those in which the competitor's price is known.",
    )


#: The condition by which a figure counts a deal.
_COUNTED = {
    CompetitorFigure.CASES: ANY,
    CompetitorFigure.WON: "stage = 'WON'",
    CompetitorFigure.LOST: "stage = 'LOST'",
    CompetitorFigure.PRICES_SEEN: "price is not null",
}


@dataclass(frozen=True)
class Case:
    """A deal that closed and in which a competitor was, as of the date: ours and theirs in minor units.

    ``stage`` is WON or LOST, ``closed_on`` None where it is not known. ``price_minor`` is the competitor's
    price for the whole deal, None where it is not known.
    """

    deal_id: str
    stage: Stage
    closed_on: date | None
    amount_minor: int
    price_minor: int | None


@dataclass(frozen=True)
class AgainstCompetitor:
    """How deals went in which a competitor was; ``competitor_id`` is None for a name that nobody knows.

    Of ``priced`` of them the competitor's price is known: they come to ``seen_minor`` for the whole of the
    deals, and our amounts of the same deals to ``ours_minor``, in minor units of the tenant's currency.
    """

    competitor_id: str | None
    name: str
    rate: WinRate
    priced: int = 0
    seen_minor: int = 0
    ours_minor: int = 0

    @property
    def key(self) -> str:
        """What its deals have in common: its id, or what the spellings of a name do that nobody knows."""
        return self.competitor_id or _unknown(spelling_key(self.name))

    def counted(self, figure: CompetitorFigure) -> int:
        """How many deals a figure counts."""
        return {
            CompetitorFigure.CASES: self.cases,
            CompetitorFigure.WON: self.rate.won,
            CompetitorFigure.LOST: self.rate.lost,
            CompetitorFigure.PRICES_SEEN: self.priced,
        }[figure]

    @property
    def cases(self) -> int:
        """How many deals closed in which it was."""
        return self.rate.won + self.rate.lost

    @property
    def interval(self) -> tuple[float, float] | None:
        """The 95 % interval of the win rate by count (Wilson); None without a case."""
        share = self.rate.by_count
        return None if share is None else wilson(share, self.cases)

    @property
    def price_ratio(self) -> float | None:
        """Their prices / our amounts, of the deals whose price was seen; None without any of ours."""
        return self.seen_minor / self.ours_minor if self.ours_minor else None


@dataclass(frozen=True)
class Asked:
    """Whose deals are looked at: which deals, closed when, as of when; with a name those of one competitor.

    The name may be any that the competitor goes by, in any spelling.
    """

    at: AsOf
    closed: DayRange
    wanted: SalesFilter = EVERYTHING
    name: str | None = None


async def ledger(actor: Actor, asked: Asked) -> list[AgainstCompetitor]:
    """Each competitor in deals that closed in a window, those with most cases first.

    Win rate = won / (won + lost), over the deals that the actor sees, as ``metrics.pace.win_rates`` has it.
    """
    found = await _cases(actor, asked)
    rows = await fetch(
        f"{found.sql}"
        " select key, sum(case when stage = 'WON' then 1 else 0 end) as won,"
        " sum(case when stage = 'LOST' then 1 else 0 end) as lost,"
        " sum(case when stage = 'WON' then amount_minor else 0 end) as won_minor,"
        " sum(case when stage = 'LOST' then amount_minor else 0 end) as lost_minor,"
        " count(price) as priced, coalesce(sum(price), 0) as seen_minor,"
        " coalesce(sum(case when price is not null then amount_minor end), 0) as ours_minor"
        " from once group by key",
        found.params,
    )
    against = [_against(row, *found.labels[str(row["key"])]) for row in rows]
    return sorted(against, key=lambda each: (-each.cases, each.name, each.competitor_id or ""))


async def cases(
    actor: Actor,
    asked: Asked,
    keys: Sequence[str],
    figure: CompetitorFigure,
    first: int,
    after: tuple[int, str] | None = None,
) -> list[list[Case]]:
    """The first so many deals that a figure counts, of each competitor by its key, the largest first.

    ``after`` is the amount and the id of the deal before the first.
    """
    found = await _cases(actor, asked, frozenset(keys))
    amount, last = after or (None, None)
    beyond = "(amount_minor < :after_amount or (amount_minor = :after_amount and id > :after_id))"
    rows = await fetch(
        f"{found.sql} select * from (select o.*, row_number() over (partition by key"
        f" order by amount_minor desc, id) as place from once o where {_COUNTED[figure]}"
        f" and {beyond if after else ANY}) placed where place <= :first order by key, place",
        {**found.params, "after_amount": amount, "after_id": last, "first": first},
    )
    of: dict[str, list[Case]] = {key: [] for key in keys}
    for row in rows:
        of[str(row["key"])].append(_case(row))
    return [of[key] for key in keys]


_COLUMNS = ("stage", "closed_on", "amount_minor", "competitor")


@dataclass(frozen=True)
class _Cases:
    """A statement's beginning, which names ``once``: deals by competitor, each once; and whose keys are."""

    sql: str
    params: dict[str, Param]
    labels: dict[str, tuple[str | None, str]]


async def _cases(actor: Actor, asked: Asked, keys: frozenset[str] | None = None) -> _Cases:
    """The deals that closed, by the competitors in them: those of some keys, or of all."""
    closed = asked.closed
    deals = await deals_as_of(actor, asked.at, asked.wanted, _COLUMNS, closed, [closed.sought("closed_on")])
    also = as_of_rows(DealCompetitor, ["deal_id", "name", "price_minor", "removed_on"], deals.view)
    shown = "t.id, t.stage, t.closed_on, t.amount_minor"
    named = (
        f"select {shown}, t.competitor as spelling, null as price from closed t"
        " where t.competitor is not null and t.competitor <> ''"
        f" union all select {shown}, c.name, c.price_minor from closed t"
        f" join {also} c on c.deal_id = t.id where c.removed_on is null or c.removed_on > :as_of"
    )
    closing = (
        f"with closed as (select t.* from {deals.rows} where not ({OPEN}) and {closed.holds('t.closed_on')}"
        f" and {deals.where}), named as ({named})"
    )
    spelled = await fetch(f"{closing} select distinct spelling from named order by 1", deals.params)
    spellings = [str(row["spelling"]) for row in spelled]
    sought = [] if asked.name is None else [asked.name]
    whose = await competitors_of(actor.tenant_id, [*spellings, *sought])
    if keys is None and sought:
        keys = frozenset(whose[each][0] for each in sought)
    counted = {each: whose[each] for each in spellings if keys is None or whose[each][0] in keys}
    once = (
        "select k.key, n.id, n.stage, n.closed_on, n.amount_minor, max(n.price) as price"
        " from named n join known k on k.spelling = n.spelling"
        " group by k.key, n.id, n.stage, n.closed_on, n.amount_minor"
    )
    return _Cases(
        f"{closing}, known as ({_known()}), once as ({once})",
        {**deals.params, "spellings": orjson.dumps([[k, v[0]] for k, v in counted.items()]).decode()},
        {key: (competitor_id, name) for key, competitor_id, name in counted.values()},
    )


def _case(row: Row) -> Case:
    price = row["price"]
    return Case(
        str(row["id"]),
        Stage(str(row["stage"])),
        as_date(row["closed_on"]),
        as_int(row["amount_minor"]),
        None if price is None else as_int(price),
    )


def _against(row: dict[str, object], competitor_id: str | None, name: str) -> AgainstCompetitor:
    counted = {each: as_int(row[each]) for each in ("won", "lost", "won_minor", "lost_minor")}
    seen = {each: as_int(row[each]) for each in ("priced", "seen_minor", "ours_minor")}
    return AgainstCompetitor(competitor_id, name, WinRate(competitor_id, name, **counted), **seen)


def _known() -> str:
    """The spellings with the key of whose they are, as a table."""
    if is_sqlite():
        return (
            "select json_extract(value, '$[0]') as spelling, json_extract(value, '$[1]') as key"
            " from json_each(:spellings)"
        )
    return (
        "select value ->> 0 as spelling, value ->> 1 as key"
        " from jsonb_array_elements(cast(:spellings as jsonb)) as each_(value)"
    )


async def competitors_of(tenant_id: str, spellings: Iterable[str]) -> dict[str, tuple[str, str | None, str]]:
    """Whose each spelling is: a key, the id of the competitor if anybody knows it, and its name."""
    known = {
        str(row["key"]): (str(row["id"]), str(row["name"]))
        for row in await fetch(
            "select n.key, c.id, c.name from competitor_name n join competitor c on c.id = n.competitor_id"
            " where n.tenant_id = :tenant",
            {"tenant": tenant_id},
        )
    }
    found: dict[str, tuple[str, str | None, str]] = {}
    first: dict[str, str] = {}
    for spelling in spellings:
        key = spelling_key(spelling)
        if key in known:
            found[spelling] = (known[key][0], *known[key])
        else:
            found[spelling] = (_unknown(key), None, first.setdefault(key, spelling))
    return found


def _unknown(key: str) -> str:
    return f"name:{key}"

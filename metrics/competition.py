"""Wins and losses against each competitor, and the prices of theirs that were seen beside ours.

A deal counts for a competitor once, whether it is the main one, named on the deal, or both, and whichever of
its names is written there. Names that nobody knows count under themselves.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import orjson

from metrics.pace import WinRate
from metrics.proportions import wilson
from metrics.sales import EVERYTHING, OPEN, AsOf, DayRange, SalesFilter, deals_as_of
from models.access import Actor
from models.asof import as_of_rows
from models.competition import spelling_key
from models.database import as_int, fetch, is_sqlite
from models.deals import DealCompetitor


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


async def ledger(
    actor: Actor, at: AsOf, closed: DayRange, wanted: SalesFilter = EVERYTHING
) -> list[AgainstCompetitor]:
    """Each competitor in deals that closed in a window, those with most cases first.

    Win rate = won / (won + lost), over the deals that the actor sees, as ``metrics.pace.win_rates`` has it.
    """
    deals = await deals_as_of(actor, at, wanted, _COLUMNS, closed, [closed.sought("closed_on")])
    also = as_of_rows(DealCompetitor, ["deal_id", "name", "price_minor", "removed_on"], deals.view)
    named = (
        "select t.id, t.stage, t.amount_minor, t.competitor as spelling, null as price from closed t"
        " where t.competitor is not null and t.competitor <> ''"
        " union all select t.id, t.stage, t.amount_minor, c.name, c.price_minor from closed t"
        f" join {also} c on c.deal_id = t.id where c.removed_on is null or c.removed_on > :as_of"
    )
    closing = (
        f"closed as (select t.* from {deals.rows} where not ({OPEN}) and {closed.holds('t.closed_on')}"
        f" and {deals.where}), named as ({named})"
    )
    spelled = await fetch(f"with {closing} select distinct spelling from named order by 1", deals.params)
    whose = await competitors_of(actor.tenant_id, [str(row["spelling"]) for row in spelled])
    rows = await fetch(
        f"with {closing}, known as ({_known()}),"
        " once as (select k.key, n.id, n.stage, n.amount_minor, max(n.price) as price"
        " from named n join known k on k.spelling = n.spelling group by k.key, n.id, n.stage, n.amount_minor)"
        " select key, sum(case when stage = 'WON' then 1 else 0 end) as won,"
        " sum(case when stage = 'LOST' then 1 else 0 end) as lost,"
        " sum(case when stage = 'WON' then amount_minor else 0 end) as won_minor,"
        " sum(case when stage = 'LOST' then amount_minor else 0 end) as lost_minor,"
        " count(price) as priced, coalesce(sum(price), 0) as seen_minor,"
        " coalesce(sum(case when price is not null then amount_minor end), 0) as ours_minor"
        " from once group by key",
        {**deals.params, "spellings": orjson.dumps([[k, v[0]] for k, v in whose.items()]).decode()},
    )
    labels = {key: (competitor_id, name) for key, competitor_id, name in whose.values()}
    found = [_against(row, *labels[str(row["key"])]) for row in rows]
    return sorted(found, key=lambda each: (-each.cases, each.name, each.competitor_id or ""))


_COLUMNS = ("stage", "closed_on", "amount_minor", "competitor")


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
            found[spelling] = (f"name:{key}", None, first.setdefault(key, spelling))
    return found

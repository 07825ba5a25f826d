"""The forecast of a period by category, from the deals and from what people call of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from metrics.credit import credited_deals
from models.access import Actor
from models.asof import view_of
from models.database import as_int, fetch
from models.deals import Deal, ForecastCategory
from models.forecast import Period
from models.visibility import visible

#: Categories that may still become better ones, the best first.
OPEN = (ForecastCategory.COMMIT, ForecastCategory.BEST_CASE, ForecastCategory.PIPELINE)


@dataclass(frozen=True)
class Sum:
    """So many deals (or shares in some), and what they come to in minor units of the tenant's currency."""

    deals: int = 0
    minor: int = 0

    def __add__(self, other: Sum) -> Sum:
        return Sum(self.deals + other.deals, self.minor + other.minor)


@dataclass(frozen=True)
class Categories:
    """The deals of a period by forecast category.

    ``single`` of a category are the deals in exactly it; CLOSED are those won in the period. OMITTED
    counts nowhere.
    """

    single: Mapping[ForecastCategory, Sum] = field(default_factory=dict)

    def of(self, category: ForecastCategory) -> Sum:
        """The deals in exactly a category."""
        return self.single.get(category, Sum())

    def cumulative(self, category: ForecastCategory) -> Sum:
        """The deals in a category or a better one.

        COMMIT = commit + closed, BEST_CASE = best case + commit + closed, and PIPELINE = pipeline + best case
        + commit, without what is closed (as Salesforce's cumulative forecast roll-ups have it); CLOSED is
        itself.
        """
        if category is ForecastCategory.CLOSED:
            return self.of(category)
        found = Sum()
        for better in OPEN[: OPEN.index(category) + 1]:
            found += self.of(better)
        return found if category is ForecastCategory.PIPELINE else found + self.of(ForecastCategory.CLOSED)

    def __add__(self, other: Categories) -> Categories:
        both = {*self.single, *other.single}
        return Categories({category: self.of(category) + other.of(category) for category in both})


async def categories(
    actor: Actor, period: Period, as_of: date, known_on: date | None = None
) -> dict[str | None, Categories]:
    """The deals of a period by forecast category, as of a date, for each person who is credited with some.

    Open deals count that are expected to close in the period, in their category, and deals that were won in
    it until ``as_of`` as CLOSED; each with the share that the person has in it. With ``known_on`` only what
    was known by the end of that day counts. Deals are those that the actor may see; None is nobody.
    """
    view, seen = await view_of(actor.tenant_id, as_of, known_on), visible(Deal, actor, "n")
    rows = await fetch(
        "select t.credited_id as who, case when t.stage = 'WON' then 'CLOSED' else t.forecast_category end"
        " as category, count(*) as deals, sum(t.credited_minor) as minor"
        f" from {credited_deals(view)} t join deal n on n.id = t.id"
        " where ((t.stage = 'WON' and t.closed_on >= :first and t.closed_on <= :last"
        " and t.closed_on <= :as_of)"
        " or (t.stage not in ('WON', 'LOST') and t.forecast_category not in ('OMITTED', 'CLOSED')"
        f" and t.close_on >= :first and t.close_on <= :last)) and {seen.sql} group by 1, 2",
        {
            "tenant": actor.tenant_id,
            "as_of": as_of,
            "known_on": known_on,
            "first": period.first,
            "last": period.last,
            **seen.params,
        },
    )
    found: dict[str | None, dict[ForecastCategory, Sum]] = {}
    for row in rows:
        who = None if row["who"] is None else str(row["who"])
        category = ForecastCategory(str(row["category"]))
        found.setdefault(who, {})[category] = Sum(as_int(row["deals"]), as_int(row["minor"]))
    return {who: Categories(single) for who, single in found.items()}


@dataclass(frozen=True)
class Call:
    """A number for a category: what its owner called, and what a manager put on top of it (minor units)."""

    category: ForecastCategory
    called: int
    adjustment: int = 0

    @property
    def adjusted(self) -> int:
        """What the level above takes over."""
        return self.called + self.adjustment


def rolled_up(category: ForecastCategory, parts: Iterable[Call], adjustment: int = 0) -> Call:
    """The number of a team: what its parts come to, each adjusted, and what is put on top of that."""
    return Call(category, sum(part.adjusted for part in parts), adjustment)

"""How often and how far the expected close dates of deals moved later, by the change log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from models.access import Actor
from models.asof import known_change
from models.database import as_date, fetch, listed, one_of
from models.deals import Deal, days_pushed
from models.visibility import visible


@dataclass(frozen=True)
class Pushes:
    """How often a deal's expected close date moved later, and by how many days in all."""

    times: int = 0
    days: int = 0


async def pushes(
    actor: Actor, deal_ids: Sequence[str], as_of: date, known_on: date | None = None
) -> Mapping[str, Pushes]:
    """The pushes of deals that the actor may see, by the changes until ``as_of``.

    Pushes = how often ``close_on`` moved later (vocabulary); days = the sum of those moves. Earlier moves
    take nothing away, a date that was not known before or after is no move. With ``known_on`` only by what
    was known by its end. ``Deal.pushes`` and ``Deal.days_pushed`` are the same as of today.
    """
    seen = visible(Deal, actor, "d")
    known = f" and {known_change('c')}" if known_on else ""
    rows = await fetch(
        "select c.entity_id, c.old, c.new from change c join deal d on d.id = c.entity_id"
        f" where {seen.sql} and c.tenant_id = :v_tenant and c.entity = 'deal' and c.field = 'close_on'"
        f" and c.effective_on <= :as_of and c.new > c.old and {one_of('c.entity_id', 'deals')}{known}",
        {**seen.params, "deals": listed(deal_ids), "as_of": as_of, "known_on": known_on},
    )
    found: dict[str, Pushes] = {}
    for row in rows:
        so_far = found.get(str(row["entity_id"]), Pushes())
        days = days_pushed(as_date(row["old"]), as_date(row["new"]))
        found[str(row["entity_id"])] = Pushes(so_far.times + 1, so_far.days + days)
    return {deal_id: found.get(deal_id, Pushes()) for deal_id in deal_ids}

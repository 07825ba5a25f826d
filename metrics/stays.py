"""How long deals stay in a stage before they leave it, for all stages of a tenant at once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from models.asof import known_change, known_row, log_of
from models.database import as_int, fetch
from models.deals import Deal
from models.view import WHOLE, View

#: The window in which stays count, and how many there must be to say what is usual.
WINDOW = timedelta(days=730)
LEAST_STAYS = 10


@dataclass(frozen=True)
class UsualStay:
    """How many days deals stay in a stage: half of them left it within ``usual_days``, four of five within
    ``long_days``.

    ``stage`` is the id of a stage of a pipeline, or for deals that go through none the stage itself.
    """

    stage: str
    stays: int
    usual_days: int
    long_days: int


async def usual_stays(tenant_id: str, as_of: date, known_on: date | None = None) -> list[UsualStay]:
    """How long the stays lasted that began and ended within the 730 days until ``as_of``, by stage.

    A stay lasts from the day on which a deal entered the stage, or was identified in it, to that on which it
    left it for any other, won and lost among them; those that last are not counted. The figures are nearest
    ranks: the shortest time within which at least half, or four of five, of the stays had ended. A stage
    with fewer than 10 stays is left out. With ``known_on`` only what was known by its end counts.
    """
    rows = await fetch(
        _statement(View(known_on) if known_on else WHOLE),
        {
            "tenant": tenant_id,
            "as_of": as_of,
            "known_on": known_on,
            "since": as_of - WINDOW,
            "least": LEAST_STAYS,
        },
    )
    return [
        UsualStay(str(row["stage"]), as_int(row["stays"]), as_int(row["usual"]), as_int(row["long"]))
        for row in rows
    ]


def _statement(view: View) -> str:
    """Each change of a stage ends a stay; what went before it is the change that began it."""
    known = f" and {known_change('c', view)}" if view.known else ""
    there = f" and {known_row('d', view)}" if view.known else ""
    return (
        "with left_ as (select c.entity_id, c.field, c.old as stage, c.effective_on as left_on,"
        " lag(c.effective_on) over (partition by c.entity_id, c.field"
        " order by c.effective_on, c.created_at, c.seq) as entered_on"
        f" from {log_of(Deal, 'stage', 'pipeline_stage_id')}"
        f" and c.effective_on > :since and c.effective_on <= :as_of{known}),"
        " stays as (select l.stage, DAYS(l.left_on, l.began_on) as days from"
        " (select l.*, coalesce(l.entered_on, d.valid_from) as began_on from left_ l"
        " join deal d on d.id = l.entity_id where d.tenant_id = :tenant and l.stage is not null"
        " and l.stage not in ('WON', 'LOST')"
        f" and (l.field = 'pipeline_stage_id' or d.pipeline_id is null){there}) l"
        " where l.began_on > :since and l.began_on <= l.left_on),"
        " ended as (select stage, days, sum(number) over (partition by stage order by days) as by_then,"
        " sum(number) over (partition by stage) as stays"
        " from (select stage, days, count(*) as number from stays group by stage, days) each_)"
        " select stage, max(stays) as stays,"
        " min(case when by_then * 2 >= stays then days end) as usual,"
        " min(case when by_then * 5 >= stays * 4 then days end) as long"
        " from ended where stays >= :least group by stage order by stage"
    )

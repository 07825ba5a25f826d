"""What the workbook of a week's forecast tells, of what its reader may see."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from metrics.bridge import Asked, PipelineChange, Reason, movements, pipeline_change
from metrics.deal_list import DealShare, deal_shares
from metrics.sales import AsOf, DayRange
from metrics.weekly import WeeklyForecast, weekly_forecast
from models.access import Actor, Tenant
from models.database import Row, fetch, listed, one_of
from models.forecast import Period
from models.projections import ForecastProjection

#: So many deals that moved are listed; the table of reasons counts them all.
MOST_MOVES = 5_000


@dataclass(frozen=True)
class Moved:
    """A deal that changed the pipeline within the week; money in minor units."""

    deal_id: str
    name: str
    account: str
    owner: str
    reason: Reason
    before_minor: int
    after_minor: int
    change_minor: int


@dataclass(frozen=True)
class Content:
    """What the workbook tells of a week; who sees what is decided by whom it is made for."""

    tenant: str
    currency: str
    forecast: WeeklyForecast
    deals: Sequence[DealShare]
    change: PipelineChange
    moved: Sequence[Moved]
    projections: Mapping[str, ForecastProjection]

    @property
    def whole(self) -> ForecastProjection | None:
        """What the past says of all that is told: of the tenant, or of the one node at the top."""
        tops = [each.projection_id for each in self.forecast.nodes if each.node.parent_id is None]
        only = tops[0] if len(tops) == 1 else None
        return self.projections.get(self.forecast.projection_id or only or "")


async def gathered(actor: Actor, week: date, period: Period, today: date) -> Content:
    """What there is to tell of a week's forecast of a period, of what the actor may see."""
    found = await weekly_forecast(actor, week, period, today)
    known = found.as_of if found.as_of < today else None
    before = week - timedelta(days=1)
    asked = Asked(AsOf(before, before), AsOf(found.as_of, known), DayRange(period.first, period.last))
    tenant = await Tenant.get(id=actor.tenant_id)
    return Content(
        tenant.name,
        actor.currency,
        found,
        await deal_shares(actor, period, found.as_of, known),
        await pipeline_change(actor, asked),
        await _moved(actor, asked),
        await _projections(found),
    )


async def _projections(found: WeeklyForecast) -> dict[str, ForecastProjection]:
    """What the past says of the nodes, by id; the forecast names those alone that its reader may see."""
    named = (found.projection_id, *(each.projection_id for each in found.nodes))
    rows = await ForecastProjection.filter(id__in=[each for each in named if each])
    return {row.id: row for row in rows}


async def _moved(actor: Actor, asked: Asked) -> list[Moved]:
    reasons = [reason for reason in Reason if reason is not Reason.UNCHANGED]
    found = await movements(actor, asked, reasons, MOST_MOVES)
    names = await _names([each.deal_id for each in found])
    return [
        Moved(
            each.deal_id,
            str(names[each.deal_id]["name"]),
            str(names[each.deal_id]["account"]),
            str(names[each.deal_id]["owner"] or "nobody"),
            each.reason,
            each.before_minor or 0,
            each.after_minor or 0,
            each.change_minor + each.revaluation_minor,
        )
        for each in found
    ]


async def _names(deal_ids: Iterable[str]) -> Mapping[str, Row]:
    rows = await fetch(
        "select d.id, d.name, a.name as account, u.name as owner from deal d"
        ' join account a on a.id = d.account_id left join "user" u on u.id = d.owner_id'
        f" where {one_of('d.id', 'deals')}",
        {"deals": listed(deal_ids)},
    )
    return {str(row["id"]): row for row in rows}

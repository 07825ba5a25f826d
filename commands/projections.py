"""Judging open deals and projecting periods from a tenant's own past; what is learned is learned here."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from commands.journal import unit_of_work
from commands.permissions import ADMINISTER, LEAD, require
from metrics.projections.projecting import Judged, Projected, Projections, project
from metrics.projections.stored import stored_history
from metrics.projections.subjects import Subjects, subjects
from models.access import Actor, Tenant
from models.base import check_day, today, utcnow
from models.errors import Invalid
from models.forecast import Period, quarter_of, week_of
from models.projections import DealLikelihood, ForecastProjection

#: Deals whose judgements are written together: a writer that waits does not wait for all.
BATCH = 500
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Made:
    """What was made: for the week and period, how many deals were judged anew and how much was projected.

    ``refused`` is why no deal is judged, if none is.
    """

    week: date
    period: Period
    judged: int
    projected: int
    refused: str | None


async def make(actor: Actor, on: date | None = None) -> Made:
    """Judge the open deals as known by the end of a day, and project the quarter, if it is not yet.

    ``on`` is a day that is over, by default yesterday. What is learned, and the projections, rest on what was
    known by the end of the Sunday before the week of the day after it: made again, they are the same, and
    what stands stays; only a refusal gives way to figures. A judgement replaces one as of an earlier day. All
    that is read, learned and written takes as long as the history is: it is for a process beside the server.

    Raises:
        Invalid: the day is not over.
    """
    require(actor, ADMINISTER, "make projections")
    on = _over(on)
    week = week_of(on + _DAY)
    learned_on = week - _DAY
    tenant = await Tenant.get(id=actor.tenant_id)
    period = quarter_of(week, tenant.fiscal_month)
    whose = await subjects(actor, period, learned_on)
    history = await stored_history(actor.tenant_id)
    found = await asyncio.to_thread(project, history, whose.all, period, learned_on, on)
    judged = await _judge(actor, found, period.last)
    projected = await _project(actor, found.projected, whose, week, period, learned_on)
    await Tenant.filter(id=actor.tenant_id, projections_wanted=on).update(projections_wanted=None)
    return Made(week, period, judged, projected, found.refused)


async def request(actor: Actor, on: date | None = None) -> date:
    """Have open deals judged, and a quarter projected, as ``make`` does it, by a process beside the server.

    The day as of which that is to be; of several that are asked for before, the last is taken.

    Raises:
        Invalid: the day is not over.
    """
    require(actor, LEAD, "ask for projections")
    on = _over(on)
    async with unit_of_work(actor, "projections.request"):
        await Tenant.filter(id=actor.tenant_id).update(projections_wanted=on)
    return on


async def make_wanted(actor: Actor) -> Made:
    """Make what was asked for, or else what the present week lacks."""
    return await make(actor, (await Tenant.get(id=actor.tenant_id)).projections_wanted)


def _over(on: date | None) -> date:
    """The day, or yesterday; raise Invalid for one that is not over."""
    yesterday = today() - _DAY
    on = on or yesterday
    check_day(on, "on")
    if on > yesterday:
        raise Invalid(f"{on} is not over; allowed: {yesterday} and earlier", ["on"])
    return on


async def is_due(actor: Actor) -> bool:
    """Whether projections are to be made: they were asked for, or the present week has none."""
    tenant = await Tenant.get(id=actor.tenant_id)
    week = week_of(today())
    period = quarter_of(week, tenant.fiscal_month)
    made = ForecastProjection.filter(
        tenant_id=tenant.id, subject_id=tenant.id, week=week, first_on=period.first, last_on=period.last
    )
    return tenant.projections_wanted is not None or not await made.exists()


async def _judge(actor: Actor, found: Projections, last_on: date) -> int:
    """Store judgements that differ from what stands, and are not older; how many."""
    written = 0
    for start in range(0, len(found.judged), BATCH):
        batch = found.judged[start : start + BATCH]
        standing = {
            row.deal_id: row
            for row in await DealLikelihood.filter(
                tenant_id=actor.tenant_id, deal_id__in=[each.deal_id for each in batch]
            )
        }
        new = [each for each in batch if each.deal_id not in standing]
        changed = [
            (standing[each.deal_id], values)
            for each in batch
            if each.deal_id in standing
            and standing[each.deal_id].known_on <= found.known_on
            and _differs(standing[each.deal_id], values := _values(each, found, last_on))
        ]
        if new or changed:
            await _write(actor, [_likelihood(actor, each, found, last_on) for each in new], changed)
        written += len(new) + len(changed)
    return written


async def _write(
    actor: Actor,
    new: Sequence[DealLikelihood],
    changed: Iterable[tuple[DealLikelihood, dict[str, object]]],
) -> None:
    now = utcnow()
    async with unit_of_work(actor, "projections.judge") as work:
        await work.create_all(new, log=False)
        for record, values in changed:
            if values["probability"] != record.probability:
                await work.update(record, {**values, "made_at": now})
            else:  # nothing that anybody's rules are told
                await DealLikelihood.filter(id=record.id).update(**values, made_at=now, updated_at=now)


def _differs(record: DealLikelihood, values: Mapping[str, object]) -> bool:
    return any(getattr(record, name) != value for name, value in values.items())


def _values(judged: Judged, found: Projections, last_on: date) -> dict[str, object]:
    return {
        "known_on": found.known_on,
        "learned_on": found.learned_on,
        "last_on": last_on,
        **{name: getattr(judged, name) for name in Judged.__dataclass_fields__ if name != "deal_id"},
    }


def _likelihood(actor: Actor, judged: Judged, found: Projections, last_on: date) -> DealLikelihood:
    return DealLikelihood(
        id=DealLikelihood.make_id(),
        tenant_id=actor.tenant_id,
        deal_id=judged.deal_id,
        valid_from=today(),
        made_at=utcnow(),
        **_values(judged, found, last_on),
    )


async def _project(
    actor: Actor,
    found: Sequence[Projected],
    whose: Subjects,
    week: date,
    period: Period,
    known_on: date,
) -> int:
    """Store what is not there yet, all together, and what was refused before; how many."""
    of = {"week": week, "first_on": period.first, "last_on": period.last}
    standing: Mapping[str, ForecastProjection] = {
        row.subject_id: row for row in await ForecastProjection.filter(tenant_id=actor.tenant_id, **of)
    }
    now = utcnow()
    new = [
        ForecastProjection(
            id=ForecastProjection.make_id(),
            tenant_id=actor.tenant_id,
            user_id=each.subject_id if each.subject_id in whose.people else None,
            team_id=each.subject_id if each.subject_id in whose.teams else None,
            known_on=known_on,
            made_at=now,
            currency=actor.currency,
            **of,
            **each.__dict__,
        )
        for each in found
        if each.subject_id not in standing
    ]
    better = [
        (standing[each.subject_id], {**each.__dict__, "made_at": now})
        for each in found
        if each.refused is None
        and each.subject_id in standing
        and standing[each.subject_id].refused is not None
    ]
    if new or better:
        async with unit_of_work(actor, "projections.project") as work:
            await work.create_all(new, log=False)
            for record, values in better:
                await work.update(record, values)
    return len(new) + len(better)

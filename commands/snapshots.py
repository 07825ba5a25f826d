"""Freezing the pipeline each week, so that what was forecast of it can be held up against what came."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from commands.journal import unit_of_work
from commands.permissions import ADMINISTER, require
from metrics.snapshots import FrozenDeal, accounts_then, digest, open_deals
from models.access import Actor
from models.base import check_day, today
from models.errors import Invalid
from models.forecast import WEEK, PipelineSnapshot, SnapshotDeal, week_of

#: After a pause so many missing weeks are frozen at most; earlier ones can be rebuilt.
MOST_WEEKS = 8


async def take(actor: Actor, on: date) -> PipelineSnapshot:
    """The snapshot of the pipeline on the evening of a Sunday; taken once, it stays as it is.

    Raises:
        Invalid: the day is no Sunday, or not over.
    """
    require(actor, ADMINISTER, "freeze the pipeline")
    check_day(on, "on")
    if on.isoweekday() != WEEK.days or on >= today():
        raise Invalid(f"{on} is no Sunday that is over; allowed: {latest()} and Sundays before", ["on"])
    if standing := await PipelineSnapshot.get_or_none(tenant_id=actor.tenant_id, as_of=on):
        return standing
    found = await open_deals(actor.tenant_id, on)
    snapshot = PipelineSnapshot(
        id=PipelineSnapshot.make_id(),
        tenant_id=actor.tenant_id,
        as_of=on,
        deals=len(found),
        amount_minor=sum(deal.amount_minor for deal in found),
        currency=actor.currency,
        digest=digest(found, await accounts_then(actor.tenant_id, on)),
    )
    async with unit_of_work(actor, "forecast.snapshot", on=on) as work:
        await work.create(snapshot)
        await work.create_all([_row(snapshot, deal) for deal in found], log=False)
    return snapshot


async def take_missing(actor: Actor) -> Sequence[PipelineSnapshot]:
    """Freeze the Sundays since the last snapshot, or the last one where there is none yet."""
    last = await PipelineSnapshot.filter(tenant_id=actor.tenant_id).order_by("-as_of").first()
    on = latest()
    missing = [on] if last is None else []
    while last is not None and on > last.as_of and len(missing) < MOST_WEEKS:
        missing.append(on)
        on -= WEEK
    return [await take(actor, each) for each in reversed(missing)]


async def rebuilt(actor: Actor, on: date) -> str:
    """The digest of the pipeline on an evening as the change log has it now: that of its snapshot."""
    return digest(await open_deals(actor.tenant_id, on), await accounts_then(actor.tenant_id, on))


def latest() -> date:
    """The last Sunday that is over."""
    return week_of(today()) - timedelta(days=1)


def _row(snapshot: PipelineSnapshot, deal: FrozenDeal) -> SnapshotDeal:
    return SnapshotDeal(
        id=SnapshotDeal.make_id(),
        tenant_id=snapshot.tenant_id,
        pipeline_snapshot_id=snapshot.id,
        currency=snapshot.currency,
        **{name: getattr(deal, name) for name in FrozenDeal.__dataclass_fields__},
    )

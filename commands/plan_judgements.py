"""Judging account plans and keeping how they stand, so that rules can see it.

A plan is judged when it is approved, and again when a new day began or something of its account was written.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from commands.announcements import Happened, Topic
from commands.journal import Work, unit_of_work
from commands.permissions import KEEP_JUDGED, require
from models.access import Actor
from models.base import utcnow
from models.database import Param, fetch, listed, one_of
from models.plan_records import Health, PlanJudgement
from models.plans import AccountPlan
from rules.plan_health import judged
from rules.plan_judgements import Judged, ReasonKind

#: Plans judged and written together.
BATCH = 200


async def judge(actor: Actor, on: date, account_ids: Sequence[str] | None = None) -> int:
    """Judge the plans that are due as of a day, of all accounts or of some; how many.

    Those are due that were not judged as of that day yet, and those of accounts that wait to be judged; never
    one that was judged as of a later day. Judging again changes nothing.

    Raises:
        Forbidden: only operators keep plans judged.
    """
    require(actor, KEEP_JUDGED, "judge account plans")
    some = "" if account_ids is None else f" and {one_of('p.account_id', 'accounts')}"
    params: dict[str, Param] = {"tenant": actor.tenant_id, "on": on}
    rows = await fetch(
        "select p.id from account_plan p left join plan_judgement j on j.account_plan_id = p.id"
        " where p.tenant_id = :tenant and p.closed_on is null and p.valid_from <= :on"
        " and (j.id is null or j.judged_on < :on or (j.judged_on = :on and exists (select 1"
        " from pending_judgement w where w.tenant_id = p.tenant_id and w.account_id = p.account_id)))"
        f"{some} order by p.id",
        params if account_ids is None else params | {"accounts": listed(account_ids)},
    )
    ids = [str(row["id"]) for row in rows]
    for start in range(0, len(ids), BATCH):
        plans = await AccountPlan.filter(id__in=ids[start : start + BATCH]).order_by("id")
        async with unit_of_work(actor, "plans.judge", on=on) as work:
            await judge_within(work, plans, on)
    return len(ids)


async def judge_within(work: Work, plans: Sequence[AccountPlan], on: date) -> None:
    """Judge plans as of a day, and keep what differs; what was kept of a later day is not touched."""
    found = await judged(work.actor.tenant_id, plans, on)
    standing = {
        row.account_plan_id: row
        for row in await PlanJudgement.filter(
            tenant_id=work.actor.tenant_id, account_plan_id__in=[plan.id for plan in plans]
        )
    }
    new = [plan for plan in plans if plan.id not in standing]
    await work.create_all([_new(plan, found[plan.id], on) for plan in new], log=False)
    for plan in new:
        _tell(work, plan, Health.NOT_BEGUN, found[plan.id].health)
    same: list[str] = []
    for plan in plans:
        record = standing.get(plan.id)
        if record is None or record.judged_on > on:
            continue
        values = _values(found[plan.id])
        if all(getattr(record, name) == value for name, value in values.items()):
            same.append(record.id)
        else:
            _tell(work, plan, record.health, found[plan.id].health)
            await work.update(record, {**values, "judged_on": on})
    await PlanJudgement.filter(id__in=same).update(judged_on=on, updated_at=utcnow())


def _tell(work: Work, plan: AccountPlan, before: Health, after: Health) -> None:
    """Have followers told of a plan whose health changes."""
    if before is not after:
        work.tell(Topic.PLAN, plan.id, plan.account_id, Happened.MOVED)


def _new(plan: AccountPlan, found: Judged, on: date) -> PlanJudgement:
    return PlanJudgement(
        id=PlanJudgement.make_id(),
        tenant_id=plan.tenant_id,
        account_id=plan.account_id,
        account_plan_id=plan.id,
        judged_on=on,
        valid_from=on,
        **_values(found),
    )


def _values(found: Judged) -> dict[str, object]:
    begun = found.health is not Health.NOT_BEGUN
    idle, overdue = ReasonKind.OBJECTIVE_WITHOUT_ACTION, ReasonKind.ACTION_OVERDUE
    return {
        "health": found.health,
        "objectives_behind": found.objectives_behind,
        "objectives": found.objectives_counted if begun else None,
        "objectives_without_action": found.count(idle) if begun else None,
        "actions_overdue": found.count(overdue) if begun else None,
        "moved_on": found.moved_on,
    }

"""How the health of account plans changed last, as it was kept when they were judged."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from models.history import Change
from models.plan_records import Health, PlanJudgement
from models.plans import AccountPlan


@dataclass(frozen=True)
class HealthChange:
    """A plan's health before and after it changed last, and the day as of which it was judged so."""

    before: Health
    after: Health
    on: date


async def last_change(plan: AccountPlan) -> HealthChange | None:
    """The last change of a plan's health; None of one that was never judged.

    What a plan was before it was judged for the first time is NOT_BEGUN.
    """
    judgement = await PlanJudgement.get_or_none(tenant_id=plan.tenant_id, account_plan_id=plan.id)
    if judgement is None:
        return None
    table = PlanJudgement._meta.db_table
    of = Change.filter(tenant_id=plan.tenant_id, entity=table, entity_id=judgement.id, field="health")
    last = await of.order_by("-created_at", "-seq", "-id").first()
    if last is None:
        return HealthChange(Health.NOT_BEGUN, judgement.health, judgement.valid_from)
    return HealthChange(Health(str(last.old)), Health(str(last.new)), last.effective_on)

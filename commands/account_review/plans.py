"""The account plan that a review holds up against reality."""

from __future__ import annotations

from datetime import date

from commands.account_review.content import Action, Plan
from models.access import Actor, User
from models.database import fetch
from models.plans import AccountPlan, PlanAction, PlanEntry, PlanEntryKind
from models.visibility import visible
from rules.plan_health import judged


async def followed_plan(actor: Actor, account_id: str, as_of: date) -> Plan | None:
    """The plan of an account that is followed on a day: of several the one that was approved last."""
    seen = visible(AccountPlan, actor, "t")
    rows = await fetch(
        f"select t.id from account_plan t where {seen.sql} and t.account_id = :account"
        " and t.first_on <= :as_of and t.last_on >= :as_of and t.valid_from <= :as_of"
        " and (t.closed_on is null or t.closed_on > :as_of)"
        " order by case when t.approved_on is null then 1 else 0 end, t.approved_on desc, t.id desc limit 1",
        {**seen.params, "account": account_id, "as_of": as_of},
    )
    if not rows:
        return None
    plan = await AccountPlan.get(id=str(rows[0]["id"]))
    found = (await judged(actor.tenant_id, [plan], as_of))[plan.id]
    parts = {"account_plan_id": plan.id, "removed_on": None}
    strategies = PlanEntry.filter(kind=PlanEntryKind.STRATEGY, **parts).order_by("position", "id")
    actions = await PlanAction.filter(**parts).order_by("due_on", "id")
    owners = await User.filter(id__in=[each.owner_id for each in actions if each.owner_id])
    names = {each.id: each.name for each in owners}
    return Plan(
        plan,
        found,
        [each.text for each in await strategies],
        [
            Action(
                each.title,
                names.get(each.owner_id or "", "nobody"),
                each.due_on,
                each.done_on if each.done_on and each.done_on <= as_of else None,
            )
            for each in actions
        ],
    )

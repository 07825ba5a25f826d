"""The account plan that a review holds up against reality, and what of it was agreed with the customer."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from typing import TypeVar

from commands.account_review.content import Action, Goal, Plan, Shared, Taken
from commands.account_review.people import names_of
from models.access import Actor
from models.asof import as_of_rows, view_of
from models.database import fetch
from models.errors import NotFound, allowed
from models.plans import AcceptedRisk, AccountPlan, Objective, PlanAction, PlanEntry, PlanPart, PlanState
from models.visibility import visible
from rules.plan_health import judged

Part = TypeVar("Part", bound=PlanPart)
Due = TypeVar("Due", Objective, PlanAction)


async def followed(actor: Actor, account_id: str, as_of: date) -> AccountPlan | None:
    """The plan of an account that is followed on a day: of several the one that was approved last."""
    seen = visible(AccountPlan, actor, "t")
    rows = await fetch(
        f"select t.id from account_plan t where {seen.sql} and t.account_id = :account"
        " and t.first_on <= :as_of and t.last_on >= :as_of and t.valid_from <= :as_of"
        " and (t.closed_on is null or t.closed_on > :as_of)"
        " order by case when t.approved_on is null then 1 else 0 end, t.approved_on desc, t.id desc limit 1",
        {**seen.params, "account": account_id, "as_of": as_of},
    )
    return await AccountPlan.get(id=str(rows[0]["id"])) if rows else None


async def told(actor: Actor, plan: AccountPlan, as_of: date) -> Plan:
    """A plan with how it stands as of a day, and its parts as of then."""
    entries: dict[str, list[str]] = {}
    for entry in _there(await PlanEntry.filter(account_plan_id=plan.id).order_by("position", "id"), as_of):
        entries.setdefault(entry.kind.value, []).append(entry.text)
    taken = _there(await AcceptedRisk.filter(account_plan_id=plan.id).order_by("until_on", "id"), as_of)
    return Plan(
        plan,
        await _state(plan, as_of),
        (await judged(actor.tenant_id, [plan], as_of))[plan.id],
        entries,
        await _actions(await _of(PlanAction, plan, as_of), as_of),
        [Taken(each.what, each.because, each.until_on) for each in taken],
    )


async def _state(plan: AccountPlan, as_of: date) -> PlanState:
    """Where a plan stood with whoever approves it."""
    then = as_of_rows(AccountPlan, ["state"], await view_of(plan.tenant_id, as_of), which="t.id = :plan")
    rows = await fetch(
        f"select t.state from {then} t", {"tenant": plan.tenant_id, "as_of": as_of, "plan": plan.id}
    )
    return PlanState(str(rows[0]["state"])) if rows else PlanState(plan.state)


async def shared(actor: Actor, plan: AccountPlan | None, ids: Collection[str], as_of: date) -> Shared | None:
    """The objectives and actions of a plan that were agreed with the customer; None where none were.

    Raises:
        NotFound: one of them is none of the plan's, or the actor sees no plan that is followed.
    """
    if not ids:
        return None
    if plan is None:
        first = min(ids)
        raise NotFound(f"no objective or action {first!r}: no plan of the account is followed", ["share"])
    objectives = await _of(Objective, plan, as_of)
    actions = await _of(PlanAction, plan, as_of)
    known = {each.id: each.title for each in objectives} | {each.id: each.title for each in actions}
    for each in sorted(ids):
        if each not in known:
            choice = allowed([f"{key} ({title})" for key, title in known.items()])
            raise NotFound(f"no objective or action {each!r} in the plan; known: {choice}", ["share"])
    standing = (await judged(actor.tenant_id, [plan], as_of))[plan.id].objectives
    reached = {each.id for each in standing if each.reached}
    return Shared(
        [Goal(each.title, each.due_on, each.id in reached) for each in objectives if each.id in ids],
        await _actions([each for each in actions if each.id in ids], as_of),
    )


async def _of(model: type[Due], plan: AccountPlan, as_of: date) -> list[Due]:
    return _there(await model.filter(account_plan_id=plan.id).order_by("due_on", "id"), as_of)


async def _actions(actions: Sequence[PlanAction], as_of: date) -> list[Action]:
    names = await names_of(each.owner_id for each in actions if each.owner_id)
    return [
        Action(
            each.title,
            names.get(each.owner_id or "", "nobody"),
            each.due_on,
            each.done_on if each.done_on and each.done_on <= as_of else None,
        )
        for each in actions
    ]


def _there(parts: Sequence[Part], as_of: date) -> list[Part]:
    return [
        each
        for each in parts
        if each.valid_from <= as_of and (each.removed_on is None or each.removed_on > as_of)
    ]

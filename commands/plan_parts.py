"""What account plans are made of: entries, objectives with measures, actions, and risks taken knowingly.

Each is set as a whole, and stays in the history when it is taken out.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import TypeVar

from commands.journal import Values, differing, unit_of_work
from commands.permissions import SELL, require
from commands.plans import ACT, changing, found, past
from commands.validation import active_user, validate
from models.access import Actor
from models.base import is_id
from models.deals import Deal
from models.errors import Invalid, InvalidTransition, NotFound
from models.plans import (
    PARTS,
    AcceptedRisk,
    AccountPlan,
    Aggregate,
    MeasureDirection,
    Objective,
    ObjectiveMeasure,
    ObjectiveStatus,
    PlanAction,
    PlanEntry,
    PlanEntryKind,
    PlanPart,
)
from models.plays import Play
from models.visibility import find
from rules.measures import measure

P = TypeVar("P", bound=PlanPart)
#: A plan has at most so many parts of a kind: it is judged as a whole.
MOST_PARTS = 100
#: The places of a number that something is measured against.
_DIGITS, _PLACES = 15, 6
_ABOVE = Decimal(10**_DIGITS)


async def put_entry(
    actor: Actor, plan_id: str, entry_id: str | None, kind: PlanEntryKind, text: str, position: int | None
) -> PlanEntry:
    """Write an entry into a plan, or write one anew that is there; without a position it is the last."""
    plan = await found(actor, plan_id, None, "planId")
    entry = await _part(actor, PlanEntry, plan, entry_id)
    if position is None:
        others = await PlanEntry.filter(
            tenant_id=plan.tenant_id, account_plan_id=plan.id, kind=kind, removed_on__isnull=True
        )
        kept = entry.position if entry and PlanEntryKind(entry.kind) is kind else None
        position = kept or 1 + max((each.position for each in others), default=0)
    return await _put(actor, PlanEntry, plan, entry, {"kind": kind, "text": text, "position": position})


async def put_objective(actor: Actor, plan_id: str, objective_id: str | None, values: Values) -> Objective:
    """Set an objective of a plan: its title, due day, status and who of us sees to it.

    Raises:
        NotFound: there is no such active user.
        Invalid: it is due before the plan begins.
    """
    plan = await found(actor, plan_id, None, "planId")
    objective = await _part(actor, Objective, plan, objective_id)
    await _check_user(actor, values)
    due_on = values["due_on"]
    assert isinstance(due_on, date)
    validate(Objective, values)
    if due_on <= plan.first_on:
        raise Invalid(f"{due_on} is not after the plan's first day; allowed: from then on", ["dueOn"])
    return await _put(actor, Objective, plan, objective, values)


async def put_measure(
    actor: Actor, objective_id: str, measure_id: str | None, values: Values
) -> ObjectiveMeasure:
    """Say by what an objective is measured: facts of a kind, how they become a number, and where it is to go.

    Raises:
        Invalid: there is no such kind, field or condition, or the target lies the other way.
    """
    require(actor, SELL, ACT)
    objective = await find(Objective, actor, objective_id, "objectiveId")
    plan = await found(actor, objective.account_plan_id, None, "objectiveId")
    known = await _part(actor, ObjectiveMeasure, plan, measure_id)
    _check_there(objective, "objectiveId")
    measure(
        str(values["fact_kind"]),
        Aggregate(str(values["aggregate"])),
        None if values["field"] is None else str(values["field"]),
        values["conditions"],
    )
    numbers = {name: _number(values[name], name) for name in ("baseline", "target")}
    rises = MeasureDirection(str(values["direction"])) is MeasureDirection.AT_LEAST
    if numbers["baseline"] != numbers["target"] and rises != (numbers["target"] > numbers["baseline"]):
        allowed_way = "the baseline and above" if rises else "the baseline and below"
        raise Invalid(f"the target lies the other way; allowed: {allowed_way}", ["target"])
    if known is not None and known.objective_id != objective.id:
        raise Invalid("the measure is one of another objective; allowed: its own", ["objectiveId"])
    written = {name: _plain(each) for name, each in numbers.items()}
    return await _put(
        actor, ObjectiveMeasure, plan, known, {**values, **written, "objective_id": objective.id}
    )


async def put_action(actor: Actor, plan_id: str, action_id: str | None, values: Values) -> PlanAction:
    """Say what somebody does by a day, for which objective, about which deal, and by which play.

    Raises:
        NotFound: the owner, objective, deal or play is none that there is.
        Invalid: the objective is of another plan, or the deal of another account.
        InvalidTransition: the action is done.
    """
    plan = await found(actor, plan_id, None, "planId")
    action = await _part(actor, PlanAction, plan, action_id)
    await _check_user(actor, values)
    if values["objective_id"] is not None:
        objective = await find(Objective, actor, str(values["objective_id"]), "objectiveId")
        _check_there(objective, "objectiveId")
        if objective.account_plan_id != plan.id:
            raise Invalid("the objective is of another plan; allowed: those of this one", ["objectiveId"])
    if values["deal_id"] is not None:
        deal = await find(Deal, actor, str(values["deal_id"]), "dealId")
        if deal.account_id != plan.account_id:
            raise Invalid("the deal is of another account; allowed: those of the plan's", ["dealId"])
    if values["play_id"] is not None:
        await find(Play, actor, str(values["play_id"]), "playId")
    if action is not None and action.done_on is not None:
        raise InvalidTransition(f"the action was done on {action.done_on}; add another one", ["id"])
    return await _put(actor, PlanAction, plan, action, values)


async def complete_action(actor: Actor, action_id: str, on: date | None = None) -> PlanAction:
    """Say that an action was done, on a day that is not in the future (default today).

    Raises:
        InvalidTransition: it was done before, or taken out, or the plan was closed.
    """
    require(actor, SELL, ACT)
    action = await find(PlanAction, actor, action_id, "id")
    plan = await AccountPlan.get(id=action.account_plan_id)
    plan.check_followed("id")
    _check_there(action, "id")
    if action.done_on is not None:
        raise InvalidTransition(f"the action was done on {action.done_on}", ["id"])
    day = past(on, "on")
    async with unit_of_work(actor, "plans.complete_action", on=day) as work:
        return await work.update(action, {"done_on": day})


async def put_risk(actor: Actor, plan_id: str, risk_id: str | None, values: Values) -> AcceptedRisk:
    """Write down a risk that is taken knowingly: what, why, until when, and in the actor's name by whom."""
    plan = await found(actor, plan_id, None, "planId")
    risk = await _part(actor, AcceptedRisk, plan, risk_id)
    return await _put(
        actor, AcceptedRisk, plan, risk, {**values, "accepted_by_id": actor.principal_id or None}
    )


async def remove_part(actor: Actor, part_id: str) -> AccountPlan:
    """Take an entry, objective, measure, action or accepted risk out of a plan; the history keeps it.

    With an objective go its measures; its actions stay without it. What was approved with it is judged by it
    until the plan is approved without it.

    Raises:
        NotFound: there is no such part that the actor sees.
        InvalidTransition: it was taken out before, or the plan waits for approval or was closed.
    """
    require(actor, SELL, ACT)
    model = next((part for part in PARTS if is_id(part_id, part.prefix)), None)
    if model is None:
        raise NotFound(f"no part of a plan {part_id!r}", ["id"])
    part = await find(model, actor, part_id, "id")
    plan = await AccountPlan.get(id=part.account_plan_id)
    async with unit_of_work(actor, "plans.remove_part") as work:
        plan = await changing(work, plan, "id")
        _check_there(part, "id")
        await work.update(part, {"removed_on": work.on})
        if isinstance(part, Objective):
            of = {"tenant_id": part.tenant_id, "objective_id": part.id, "removed_on__isnull": True}
            for each in await ObjectiveMeasure.filter(**of):
                await work.update(each, {"removed_on": work.on})
            for action in await PlanAction.filter(**of):
                await work.update(action, {"objective_id": None})
    return plan


async def _part(actor: Actor, model: type[P], plan: AccountPlan, part_id: str | None) -> P | None:
    """The part of the plan with this id; None without an id.

    Raises:
        Invalid: it is of another plan.
        InvalidTransition: it was taken out.
    """
    if part_id is None:
        return None
    part = await find(model, actor, part_id, "id")
    if part.account_plan_id != plan.id:
        raise Invalid("it is of another plan; allowed: what belongs to this one", ["id"])
    _check_there(part, "id")
    return part


def _check_there(part: PlanPart, path: str) -> None:
    if part.removed_on is not None:
        raise InvalidTransition(f"it was taken out of the plan on {part.removed_on}", [path])


async def _put(actor: Actor, model: type[P], plan: AccountPlan, part: P | None, values: Values) -> P:
    validate(model, values)
    async with unit_of_work(actor, f"plans.put_{model._meta.db_table}") as work:
        plan = await changing(work, plan, "planId", keeps=part is not None and _keeps(part, values))
        if part is not None:
            part = await work.update(part, values)
            work.object_id = part.id
            return part
        held = await model.filter(
            tenant_id=plan.tenant_id, account_plan_id=plan.id, removed_on__isnull=True
        ).count()
        if held >= MOST_PARTS:
            raise Invalid(f"the plan has {held} of them; allowed: {MOST_PARTS}", ["planId"])
        new = model(
            id=model.make_id(),
            tenant_id=plan.tenant_id,
            account_id=plan.account_id,
            account_plan_id=plan.id,
            valid_from=work.on,
            **values,
        )
        await work.create(new)
        work.object_id = new.id
        return new


def _keeps(part: PlanPart, values: Values) -> bool:
    """Whether what was approved stays: nothing changes, or only how far people say an objective is."""
    changed = differing(part, values)
    if isinstance(part, Objective) and changed.keys() == {"status"}:
        return all(ObjectiveStatus(str(each)).counts for each in (part.status, values["status"]))
    return not changed


async def _check_user(actor: Actor, values: Mapping[str, object]) -> None:
    if values["owner_id"] is not None:
        await active_user(actor, str(values["owner_id"]), "ownerId")


def _number(value: object, path: str) -> Decimal:
    """A number that something is measured against."""
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or not -_ABOVE < number < _ABOVE or number != round(number, _PLACES):
        raise Invalid(
            f"{path} is no number that can be reached; allowed: below 10^{_DIGITS}, {_PLACES} places", [path]
        )
    return number


def _plain(number: Decimal) -> str:
    """A number as text, without an exponent and zeros that say nothing."""
    text = f"{number:f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"

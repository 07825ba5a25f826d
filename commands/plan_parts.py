"""What account plans are made of: entries, objectives with measures, actions, and risks taken knowingly.

What is not said of one that is there stays as it is, and what is taken out stays in the history.
"""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import TypeVar

from commands import actors
from commands.journal import Values, check_version, differing, unit_of_work
from commands.permissions import SELL, require
from commands.plans import ACT, changing, found, moved, past
from commands.validation import active_user, api_name, validate
from models.access import Actor
from models.base import is_id
from models.deals import Deal
from models.errors import Conflict, Invalid, InvalidTransition, NotFound
from models.plans import (
    MOST_MEASURES,
    MOST_PARTS,
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
from models.visibility import find, sees
from rules.measures import measure

P = TypeVar("P", bound=PlanPart)
#: What a measure is unless it is said, and what it is computed by.
_MEASURE: Values = {"field": None, "conditions": {}, "direction": MeasureDirection.AT_LEAST}
_MEASURED = ("fact_kind", "aggregate", "field", "conditions", "direction", "baseline", "target")
_NUMBERS = ("baseline", "target")
#: The places of a number that something is measured against.
_DIGITS, _PLACES = 15, 6
_ABOVE = Decimal(10**_DIGITS)


async def put_entry(
    actor: Actor, plan_id: str, entry_id: str | None, values: Values, version: int | None = None
) -> PlanEntry:
    """Write an entry into a plan, or change one that is there; without a position a new one is the last."""
    plan = await found(actor, plan_id, None, "planId")
    entry = await _part(actor, PlanEntry, plan, entry_id, values, version)
    kind = PlanEntryKind(str(_said(entry, values, "kind")))
    if values.get("position") is None:
        values = {name: each for name, each in values.items() if name != "position"}
        if entry is None or PlanEntryKind(entry.kind) is not kind:
            others = await PlanEntry.filter(
                tenant_id=plan.tenant_id, account_plan_id=plan.id, kind=kind, removed_on__isnull=True
            )
            values = {**values, "position": 1 + max((each.position for each in others), default=0)}
    elif values["position"] == 0:
        raise Invalid("position is out of range; allowed: from 1", ["position"])
    return await _put(actor, PlanEntry, plan, entry, values)


async def put_objective(
    actor: Actor, plan_id: str, objective_id: str | None, values: Values, version: int | None = None
) -> Objective:
    """Set an objective of a plan: its title, due day, status and who of us sees to it.

    Raises:
        NotFound: there is no such active user.
        Invalid: it is due outside of the plan's period, or its owner would not see the plan.
    """
    plan = await found(actor, plan_id, None, "planId")
    objective = await _part(actor, Objective, plan, objective_id, values, version)
    await _check_owner(actor, plan, objective, values)
    return await _put(actor, Objective, plan, objective, values)


async def put_measure(
    actor: Actor, objective_id: str, measure_id: str | None, values: Values, version: int | None = None
) -> ObjectiveMeasure:
    """Say by what an objective is measured: facts of a kind, how they become a number, and where it is to go.

    Raises:
        Invalid: there is no such kind, field or condition, or the target lies the other way.
    """
    require(actor, SELL, ACT)
    objective = await find(Objective, actor, objective_id, "objectiveId")
    plan = await found(actor, objective.account_plan_id, None, "objectiveId")
    known = await _part(actor, ObjectiveMeasure, plan, measure_id, values, version)
    _check_there(objective, "objectiveId")
    if known is not None and known.objective_id != objective.id:
        raise Invalid("the measure is one of another objective; allowed: its own", ["objectiveId"])
    if values.get("conditions", "") is None:
        values = {**values, "conditions": {}}
    whole = {**_MEASURE, **{name: _said(known, values, name) for name in _MEASURED}, **values}
    validate(ObjectiveMeasure, {name: each for name, each in values.items() if name not in _NUMBERS})
    field = whole["field"]
    measure(
        str(whole["fact_kind"]),
        Aggregate(str(whole["aggregate"])),
        None if field is None else str(field),
        whole["conditions"],
    )
    numbers = {name: _number(whole[name], name) for name in _NUMBERS}
    rises = MeasureDirection(str(whole["direction"])) is MeasureDirection.AT_LEAST
    if numbers["baseline"] != numbers["target"] and rises != (numbers["target"] > numbers["baseline"]):
        allowed_way = "the baseline and above" if rises else "the baseline and below"
        raise Invalid(f"the target lies the other way; allowed: {allowed_way}", ["target"])
    written = {name: _plain(each) for name, each in numbers.items()}
    return await _put(
        actor, ObjectiveMeasure, plan, known, {**whole, **written, "objective_id": objective.id}
    )


async def put_action(
    actor: Actor, plan_id: str, action_id: str | None, values: Values, version: int | None = None
) -> PlanAction:
    """Say what somebody does by a day, for which objective, about which deal, and by which play.

    Raises:
        NotFound: the owner, objective, deal or play is none that there is.
        Invalid: the objective is of another plan, or the deal of another account; it is due after the plan's
            last day, or before it was begun; its owner would not see the plan.
        InvalidTransition: the action is done.
    """
    plan = await found(actor, plan_id, None, "planId")
    action = await _part(actor, PlanAction, plan, action_id, values, version)
    await _check_owner(actor, plan, action, values)
    if values.get("objective_id") is not None:
        objective = await find(Objective, actor, str(values["objective_id"]), "objectiveId")
        _check_there(objective, "objectiveId")
        if objective.account_plan_id != plan.id:
            raise Invalid("the objective is of another plan; allowed: those of this one", ["objectiveId"])
    if values.get("deal_id") is not None:
        deal = await find(Deal, actor, str(values["deal_id"]), "dealId")
        if deal.account_id != plan.account_id:
            raise Invalid("the deal is of another account; allowed: those of the plan's", ["dealId"])
    if values.get("play_id") is not None:
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
        action = await work.update(action, {"done_on": day})
        await moved(plan)
        return action


async def put_risk(
    actor: Actor, plan_id: str, risk_id: str | None, values: Values, version: int | None = None
) -> AcceptedRisk:
    """Write down a risk that is taken knowingly: what, why, until when, and in the actor's name by whom."""
    plan = await found(actor, plan_id, None, "planId")
    risk = await _part(actor, AcceptedRisk, plan, risk_id, values, version)
    return await _put(
        actor, AcceptedRisk, plan, risk, {**values, "accepted_by_id": actor.principal_id or None}
    )


async def remove_part(actor: Actor, part_id: str, version: int | None = None) -> AccountPlan:
    """Take an entry, objective, measure, action or accepted risk out of a plan; the history keeps it.

    With an objective go its measures; its actions stay without it. What was approved with it is judged by it
    until the plan is approved without it.

    Raises:
        NotFound: there is no such part that the actor sees.
        InvalidTransition: it was taken out before, or the plan waits for approval or was closed.
        Conflict: the part was changed since ``version``; with the plan as it stands.
    """
    require(actor, SELL, ACT)
    model = next((part for part in PARTS if is_id(part_id, part.prefix)), None)
    if model is None:
        raise NotFound(f"no part of a plan {part_id!r}", ["id"])
    part = await find(model, actor, part_id, "id")
    read = await AccountPlan.get(id=part.account_plan_id)
    async with unit_of_work(actor, "plans.remove_part") as work:
        plan = await changing(work, read, "id", of_a_part=True)
        part = await model.get(id=part.id)
        _check_there(part, "id")
        try:
            check_version(part, version)
        except Conflict as conflict:
            conflict.current = read
            raise
        await work.update(part, {"removed_on": work.on})
        if isinstance(part, Objective):
            of = {"tenant_id": part.tenant_id, "objective_id": part.id, "removed_on__isnull": True}
            for each in await ObjectiveMeasure.filter(**of):
                await work.update(each, {"removed_on": work.on})
            for action in await PlanAction.filter(**of):
                await work.update(action, {"objective_id": None})
    return plan


async def _part(
    actor: Actor, model: type[P], plan: AccountPlan, part_id: str | None, values: Values, version: int | None
) -> P | None:
    """The part of the plan with this id; None without an id, for which ``values`` say what is needed.

    Raises:
        Invalid: it is of another plan, or something is not said of a new one.
        InvalidTransition: it was taken out.
        Conflict: it was changed since ``version``.
    """
    if part_id is None:
        for name in model.needed:
            if name not in values:
                raise Invalid(f"{api_name(name)} is needed for a new one", [api_name(name)])
        return None
    part = await find(model, actor, part_id, "id")
    if part.account_plan_id != plan.id:
        raise Invalid("it is of another plan; allowed: what belongs to this one", ["id"])
    _check_there(part, "id")
    check_version(part, version)
    return part


def _said(part: PlanPart | None, values: Values, name: str) -> object:
    """What a column of a part is to hold: what is said, or what it holds."""
    if name in values:
        return values[name]
    return _MEASURE.get(name) if part is None else getattr(part, name)


def _check_there(part: PlanPart, path: str) -> None:
    if part.removed_on is not None:
        raise InvalidTransition(f"it was taken out of the plan on {part.removed_on}", [path])


async def _put(actor: Actor, model: type[P], plan: AccountPlan, part: P | None, values: Values) -> P:
    validate(model, values)
    keeps = part is not None and _keeps(part, values)
    changes = part is None or bool(differing(part, values))
    async with unit_of_work(actor, f"plans.put_{model._meta.db_table}") as work:
        plan = await changing(work, plan, "planId", keeps=keeps, of_a_part=changes)
        _check_due(plan, model, part, values)
        if part is not None:
            part = await work.update(part, values)
            work.object_id = part.id
            return part
        held = await model.filter(
            tenant_id=plan.tenant_id, account_plan_id=plan.id, removed_on__isnull=True
        ).count()
        if held >= MOST_PARTS:
            raise Invalid(f"the plan has {held} of them; allowed: {MOST_PARTS}", ["planId"])
        if model is ObjectiveMeasure:
            await _check_measures(plan, str(values["objective_id"]))
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


async def _check_measures(plan: AccountPlan, objective_id: str) -> None:
    """Raise Invalid for one measure more than an objective may have."""
    held = await ObjectiveMeasure.filter(
        tenant_id=plan.tenant_id, objective_id=objective_id, removed_on__isnull=True
    ).count()
    if held >= MOST_MEASURES:
        raise Invalid(f"the objective has {held} measures; allowed: {MOST_MEASURES}", ["objectiveId"])


def _keeps(part: PlanPart, values: Values) -> bool:
    """Whether what was approved stays: nothing changes, or only how far people say an objective is."""
    changed = differing(part, values)
    if isinstance(part, Objective) and changed.keys() == {"status"}:
        return all(ObjectiveStatus(str(each)).counts for each in (part.status, values["status"]))
    return not changed


def _check_due(plan: AccountPlan, model: type[PlanPart], part: PlanPart | None, values: Values) -> None:
    """Raise Invalid for a day, if it is a new one, on which an objective or action of the plan is not due.

    What is reached is reached after its first day; what is done to prepare it may be due from the day on
    which it was begun to be written.
    """
    due_on = values.get("due_on")
    if due_on is None or (part is not None and not differing(part, {"due_on": due_on})):
        return
    first = plan.first_on + timedelta(days=1) if model is Objective else plan.begun_on
    assert isinstance(due_on, date)
    if not first <= due_on <= plan.last_on:
        raise Invalid(f"{due_on} is outside of the plan; allowed: {first} to {plan.last_on}", ["dueOn"])


async def _check_owner(
    actor: Actor, plan: AccountPlan, part: Objective | PlanAction | None, values: Values
) -> None:
    """Raise NotFound for a new owner who is no active user, and Invalid for one who does not see the plan."""
    owner_id = values.get("owner_id")
    if owner_id is None or (part is not None and part.owner_id == owner_id):
        return
    user = await active_user(actor, str(owner_id), "ownerId")
    for each in await actors.acting(user):
        if await sees(AccountPlan, each, plan.id):
            return
    raise Invalid(
        f"{user.name} does not see the plan; allowed: who owns the account, the managers above, and who acts"
        " for them",
        ["ownerId"],
    )


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

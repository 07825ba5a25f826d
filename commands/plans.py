"""Account plans: writing them, handing them in, agreeing to them or not, and closing them.

What is written after a plan was approved makes it a draft again: it is judged by what was approved until a
manager approves the next revision.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import TypeVar

from commands.journal import Repeat, Values, Work, check_version, differing, once, unit_of_work
from commands.permissions import LEAD, SELL, require
from commands.plan_judgements import judge_within
from commands.validation import active_user, check_value, validate
from metrics.plan_documents import document_of
from models.access import Actor
from models.accounts import Account
from models.base import check_day, is_id, today
from models.deals import Deal
from models.errors import Forbidden, Invalid, InvalidTransition, NotFound
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
    PlanRevision,
    PlanState,
    Play,
    RevisionState,
)
from models.visibility import answers_for, find
from rules.measures import measure

P = TypeVar("P", bound=PlanPart)
_ACT = "write account plans"
#: A plan has at most so many parts of a kind: it is judged as a whole.
MOST_PARTS = 100
#: The places of a number that something is measured against.
_DIGITS, _PLACES = 15, 6


async def create(
    actor: Actor, account_id: str, values: Values, *, idempotency_key: str | None = None
) -> AccountPlan:
    """Begin a plan of an account for a period that no other plan of it has a part in, unless that is closed.

    Raises:
        NotFound: there is no such account that the actor sees.
        Forbidden: the actor sees the account by a deal on it, and neither owns nor manages it.
        Invalid: the period has no days, or another plan has a part in it.
    """
    require(actor, SELL, _ACT)
    repeat = Repeat.of(actor, "plans.create", idempotency_key, {**values, "account_id": account_id})

    async def make() -> AccountPlan:
        account = await _own_account(actor, account_id)
        plan = AccountPlan(
            id=AccountPlan.make_id(),
            tenant_id=actor.tenant_id,
            account_id=account.id,
            currency=actor.currency,
            valid_from=today(),
            **values,
        )
        _check(plan, values)
        async with unit_of_work(actor, "plans.create", repeat=repeat) as work:
            await _check_alone(plan)
            return await work.create(plan)

    return await once(actor, AccountPlan, repeat, make)


async def update(actor: Actor, plan_id: str, values: Values, version: int | None = None) -> AccountPlan:
    """Change a plan's name, period, vision or revenue target.

    Raises:
        InvalidTransition: it waits for approval, or was closed.
        Invalid: the period has no days, or another plan of the account has a part in it.
        Conflict: somebody changed it since ``version``.
    """
    plan = await _found(actor, plan_id, version)
    async with unit_of_work(actor, "plans.update") as work:
        plan = await _changing(work, plan, "id", version, keeps=not differing(plan, values))
        wanted = AccountPlan(**{**_period(plan), **values, "id": plan.id, "tenant_id": plan.tenant_id})
        wanted.account_id = plan.account_id
        _check(wanted, values)
        await _check_alone(wanted)
        return await work.update(plan, values)


async def put_entry(
    actor: Actor, plan_id: str, entry_id: str | None, kind: PlanEntryKind, text: str, position: int | None
) -> PlanEntry:
    """Write an entry into a plan, or write one anew that is there; without a position it is the last."""
    plan = await _found(actor, plan_id, None, "planId")
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
    plan = await _found(actor, plan_id, None, "planId")
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
    require(actor, SELL, _ACT)
    objective = await find(Objective, actor, objective_id, "objectiveId")
    plan = await _found(actor, objective.account_plan_id, None, "objectiveId")
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
    plan = await _found(actor, plan_id, None, "planId")
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
    require(actor, SELL, _ACT)
    action = await find(PlanAction, actor, action_id, "id")
    plan = await AccountPlan.get(id=action.account_plan_id)
    plan.check_followed("id")
    _check_there(action, "id")
    if action.done_on is not None:
        raise InvalidTransition(f"the action was done on {action.done_on}", ["id"])
    day = _past(on, "on")
    async with unit_of_work(actor, "plans.complete_action", on=day) as work:
        return await work.update(action, {"done_on": day})


async def put_risk(actor: Actor, plan_id: str, risk_id: str | None, values: Values) -> AcceptedRisk:
    """Write down a risk that is taken knowingly: what, why, until when, and in the actor's name by whom."""
    plan = await _found(actor, plan_id, None, "planId")
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
    require(actor, SELL, _ACT)
    model = next((part for part in PARTS if is_id(part_id, part.prefix)), None)
    if model is None:
        raise NotFound(f"no part of a plan {part_id!r}", ["id"])
    part = await find(model, actor, part_id, "id")
    plan = await AccountPlan.get(id=part.account_plan_id)
    async with unit_of_work(actor, "plans.remove_part") as work:
        plan = await _changing(work, plan, "id")
        _check_there(part, "id")
        await work.update(part, {"removed_on": work.on})
        if isinstance(part, Objective):
            of = {"tenant_id": part.tenant_id, "objective_id": part.id, "removed_on__isnull": True}
            for each in await ObjectiveMeasure.filter(**of):
                await work.update(each, {"removed_on": work.on})
            for action in await PlanAction.filter(**of):
                await work.update(action, {"objective_id": None})
    return plan


async def submit(
    actor: Actor, plan_id: str, *, on: date | None = None, version: int | None = None
) -> AccountPlan:
    """Hand a plan in for approval, as it stands: that is kept as its next revision.

    ``on`` is a day that is not in the future, nor before the plan was handed in or decided last.

    Raises:
        InvalidTransition: it waits already, was approved as it stands, or was closed.
        Invalid: it has no objective.
    """
    plan = await _found(actor, plan_id, version)
    day = _past(on, "on")
    async with unit_of_work(actor, "plans.submit", on=day) as work:
        plan = await _locked(plan)
        check_version(plan, version)
        plan.check_transition(PlanState.SUBMITTED)
        await _check_order(plan, day)
        if not await Objective.filter(
            tenant_id=plan.tenant_id, account_plan_id=plan.id, removed_on__isnull=True
        ).exists():
            raise Invalid("the plan has no objective; allowed: one at least", ["id"])
        number = plan.revisions_held + 1
        await work.create(
            PlanRevision(
                id=PlanRevision.make_id(),
                tenant_id=plan.tenant_id,
                account_id=plan.account_id,
                account_plan_id=plan.id,
                number=number,
                submitted_on=day,
                submitted_by_id=actor.principal_id or None,
                document=await document_of(plan),
            )
        )
        work.object_id = plan.id
        return await work.update(
            plan,
            {
                "state": PlanState.SUBMITTED,
                "submitted_on": day,
                "submitted_by_id": actor.principal_id or None,
                "revisions_held": number,
            },
        )


async def approve(
    actor: Actor, plan_id: str, *, on: date | None = None, version: int | None = None
) -> AccountPlan:
    """Agree to a plan as it was handed in: from now on it is judged by that.

    Raises:
        Forbidden: the actor handed it in, or owns the account: somebody above them approves it.
        InvalidTransition: it does not wait for approval.
    """
    plan = await _to_decide(actor, plan_id, version)
    day = _past(on, "on")
    async with unit_of_work(actor, "plans.approve", on=day) as work:
        plan = await _decided(work, plan, RevisionState.APPROVED, None, version)
        plan = await work.update(
            plan,
            {
                "state": PlanState.APPROVED,
                "approved_on": day,
                "approved_by_id": actor.principal_id or None,
                "returned_because": None,
            },
        )
        await judge_within(work, [plan], day)
        return plan


async def give_back(
    actor: Actor, plan_id: str, because: str, *, on: date | None = None, version: int | None = None
) -> AccountPlan:
    """Return a plan that was handed in, and say why; it may be changed and handed in again.

    Raises:
        Forbidden: the actor handed it in, or owns the account.
        InvalidTransition: it does not wait for approval.
    """
    plan = await _to_decide(actor, plan_id, version)
    check_value(AccountPlan, "returned_because", because, "because")
    day = _past(on, "on")
    async with unit_of_work(actor, "plans.return", on=day) as work:
        plan = await _decided(work, plan, RevisionState.RETURNED, because, version)
        return await work.update(plan, {"state": PlanState.RETURNED, "returned_because": because})


async def close(
    actor: Actor, plan_id: str, because: str, *, on: date | None = None, version: int | None = None
) -> AccountPlan:
    """Follow a plan no more, for a reason; another one may take its time.

    Raises:
        InvalidTransition: it was closed before.
    """
    plan = await _found(actor, plan_id, version)
    plan.check_followed("id")
    check_value(AccountPlan, "closed_because", because, "because")
    day = _past(on, "on")
    async with unit_of_work(actor, "plans.close", on=day) as work:
        return await work.update(plan, {"closed_on": day, "closed_because": because}, version)


async def _own_account(actor: Actor, account_id: str) -> Account:
    account = await find(Account, actor, account_id, "accountId")
    if not answers_for(account.owner_id, actor):
        raise Forbidden(
            f"only the owner of the account and the managers above may {_ACT} for it", ["accountId"]
        )
    return account


async def _found(actor: Actor, plan_id: str, version: int | None, path: str = "id") -> AccountPlan:
    require(actor, SELL, _ACT)
    plan = await find(AccountPlan, actor, plan_id, path)
    check_version(plan, version)
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
        plan = await _changing(work, plan, "planId", keeps=part is not None and _keeps(part, values))
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


async def _changing(
    work: Work, plan: AccountPlan, path: str, version: int | None = None, *, keeps: bool = False
) -> AccountPlan:
    """The plan, for the length of the transaction, as one that is being written.

    One that was approved becomes a draft, unless what is written ``keeps`` what was approved.
    """
    plan = await _locked(plan)
    check_version(plan, version)
    plan.check_open_to_changes(path)
    if PlanState(plan.state) is PlanState.APPROVED and not keeps:
        plan = await work.update(plan, {"state": PlanState.DRAFT})
    return plan


async def _locked(plan: AccountPlan) -> AccountPlan:
    """The plan as it is now; whoever else writes it waits."""
    return await AccountPlan.filter(id=plan.id).select_for_update(no_key=True).get()


async def _to_decide(actor: Actor, plan_id: str, version: int | None) -> AccountPlan:
    require(actor, LEAD, "approve account plans")
    plan = await find(AccountPlan, actor, plan_id, "id")
    check_version(plan, version)
    account = await Account.get(id=plan.account_id)
    if actor.principal_id and actor.principal_id in (plan.submitted_by_id, account.owner_id):
        raise Forbidden("nobody approves their own plan; somebody above does", ["id"])
    return plan


async def _decided(
    work: Work, plan: AccountPlan, state: RevisionState, because: str | None, version: int | None
) -> AccountPlan:
    """The plan, whose last revision was decided."""
    plan = await _locked(plan)
    check_version(plan, version)
    plan.check_transition(PlanState(state.value))
    await _check_order(plan, work.on)
    revision = await PlanRevision.get(account_plan_id=plan.id, number=plan.revisions_held)
    await work.update(
        revision,
        {
            "state": state,
            "decided_on": work.on,
            "decided_by_id": work.actor.principal_id or None,
            "decided_because": because,
        },
    )
    work.object_id = plan.id
    return plan


async def _check_order(plan: AccountPlan, day: date) -> None:
    """Raise Invalid for a day before what was last done with the plan's revisions."""
    last = await PlanRevision.filter(account_plan_id=plan.id).order_by("-number").first()
    days = [each for each in (last and last.submitted_on, last and last.decided_on) if each]
    if days and day < max(days):
        raise Invalid(f"{day} is before {max(days)}, when it was last; allowed: from then on", ["on"])


def _check(plan: AccountPlan, values: Values) -> None:
    validate(AccountPlan, values)
    check_day(plan.first_on, "firstOn")
    check_day(plan.last_on, "lastOn")
    if plan.last_on <= plan.first_on:
        raise Invalid(f"{plan.last_on} is not after {plan.first_on}; allowed: later days", ["lastOn"])


def _period(plan: AccountPlan) -> dict[str, object]:
    return {"name": plan.name, "first_on": plan.first_on, "last_on": plan.last_on, "currency": plan.currency}


async def _check_alone(plan: AccountPlan) -> None:
    """Raise Invalid where another plan of the account, that was not closed, has a part in the period."""
    await Account.filter(id=plan.account_id).select_for_update(no_key=True).get()
    other = (
        await AccountPlan.filter(
            tenant_id=plan.tenant_id,
            account_id=plan.account_id,
            closed_on__isnull=True,
            first_on__lte=plan.last_on,
            last_on__gte=plan.first_on,
        )
        .exclude(id=plan.id)
        .order_by("first_on", "id")
        .first()
    )
    if other is not None:
        raise Invalid(
            f"the plan {other.name!r} goes from {other.first_on} to {other.last_on};"
            " allowed: days of no other plan, or close that one",
            ["firstOn"],
        )


async def _check_user(actor: Actor, values: Mapping[str, object]) -> None:
    if values["owner_id"] is not None:
        await active_user(actor, str(values["owner_id"]), "ownerId")


def _number(value: object, path: str) -> Decimal:
    """A number that something is measured against."""
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or abs(number) >= 10**_DIGITS or number != round(number, _PLACES):
        raise Invalid(
            f"{path} is no number that can be reached; allowed: below 10^{_DIGITS}, {_PLACES} places", [path]
        )
    return number


def _plain(number: Decimal) -> str:
    """A number as text, without an exponent and zeros that say nothing."""
    text = f"{number:f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"


def _past(day: date | None, path: str) -> date:
    """The day, today unless one is given.

    Raises:
        Invalid: it is in the future, or no business date.
    """
    if day is None:
        return today()
    check_day(day, path)
    if day > today():
        raise Invalid(f"{day} is in the future; allowed: {today()} and earlier", [path])
    return day

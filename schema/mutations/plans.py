"""Writing account plans: what is in them, handing them in, agreeing to them, and closing them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import TypeVar

import strawberry
from strawberry import UNSET
from strawberry.scalars import JSON

from commands import plan_parts, plans
from models import plans as stored
from models.access import Actor
from models.plans import Aggregate, MeasureDirection, ObjectiveStatus, PlanEntryKind
from schema.context import Info
from schema.core.errors import UserError
from schema.core.stored import column
from schema.mutations.translation import (
    IDEMPOTENCY_KEY,
    READ_AT_IF_TOLD,
    MoneyInput,
    attempt,
    columns,
)
from schema.plans import AcceptedRisk, AccountPlan, Objective, ObjectiveMeasure, PlanAction, PlanEntry

P = TypeVar("P", bound=stored.PlanPart)
_PLAN = "The id of the plan."
_ON = "The business day of it, not in the future; default: today (UTC)."
_ON_AFTER = (
    "The business day of it, not in the future, and not before the plan was begun or was submitted or decided"
    " on last; default: today (UTC)."
)
_KNOWN = "The id of the {} that is changed; default: a new one is added."
_PART_READ_AT = f"With `id`: {READ_AT_IF_TOLD[0].lower()}{READ_AT_IF_TOLD[1:]}"
#: Said of what a new part needs, and of what one that is there keeps.
_NEEDED = "Never null; needed for a new one, and as it is by default for one that is there."
_KEPT = "{} for a new one by default, and as it is for one that is there."
_NOBODY = _KEPT.format("Nobody")
_NONE = _KEPT.format("None")
_WRONG = "What was wrong; empty when it was written."


@strawberry.input
class CreateAccountPlanInput:
    """A plan of an account for a period."""

    account_id: strawberry.ID = strawberry.field(
        description="The id of the account, which the caller owns or manages."
    )
    name: str = strawberry.field(description="What it is called, up to 200 characters, not blank.")
    first_on: date = strawberry.field(description="Its first day.")
    last_on: date = strawberry.field(
        description="Its last day, after the first. No other plan of the account that is not closed has a"
        " day of it."
    )
    vision: str | None = strawberry.field(
        default=None, description="What the account is to become, up to 4,000 characters; null for nothing."
    )
    revenue_target: MoneyInput | None = strawberry.field(
        default=None, description="What the account is to bring in a year by its last day; null for nothing."
    )
    idempotency_key: str | None = strawberry.field(default=None, description=IDEMPOTENCY_KEY)


@strawberry.input
class UpdateAccountPlanInput:
    """Changes of a plan: what is absent stays."""

    id: strawberry.ID = strawberry.field(description=_PLAN)
    version: int | None = strawberry.field(default=None, description=READ_AT_IF_TOLD)
    name: str | None = strawberry.field(
        default=UNSET, description="What it is called, up to 200 characters, not blank, never null."
    )
    first_on: date | None = strawberry.field(default=UNSET, description="Its first day, never null.")
    last_on: date | None = strawberry.field(default=UNSET, description="Its last day, never null.")
    vision: str | None = strawberry.field(
        default=UNSET, description="What the account is to become, up to 4,000 characters; null for nothing."
    )
    revenue_target: MoneyInput | None = strawberry.field(
        default=UNSET, description="What the account is to bring in a year by its last day; null for nothing."
    )


@strawberry.input
class PutPlanEntryInput:
    """An entry of a plan: a new one, or changes of one that is there; what is absent of that stays."""

    plan_id: strawberry.ID = strawberry.field(description=_PLAN)
    id: strawberry.ID | None = strawberry.field(default=None, description=_KNOWN.format("entry"))
    version: int | None = strawberry.field(default=None, description=_PART_READ_AT)
    kind: PlanEntryKind | None = strawberry.field(
        default=UNSET, description=f"What it says something of. {_NEEDED}"
    )
    text: str | None = strawberry.field(
        default=UNSET, description=f"What it says, up to 2,000 characters, not blank. {_NEEDED}"
    )
    position: int | None = strawberry.field(
        default=None,
        description="The number of its place among those of its kind, from 1; default or null: where it is,"
        " or after the last.",
    )


@strawberry.input
class PutObjectiveInput:
    """An objective of a plan: a new one, or changes of one that is there; what is absent of that stays."""

    plan_id: strawberry.ID = strawberry.field(description=_PLAN)
    id: strawberry.ID | None = strawberry.field(default=None, description=_KNOWN.format("objective"))
    version: int | None = strawberry.field(default=None, description=_PART_READ_AT)
    title: str | None = strawberry.field(
        default=UNSET, description=f"What is to be reached, up to 300 characters, not blank. {_NEEDED}"
    )
    due_on: date | None = strawberry.field(
        default=UNSET,
        description=f"The day by which, after the first day of the plan and up to its last. {_NEEDED}",
    )
    status: ObjectiveStatus | None = strawberry.field(
        default=UNSET,
        description=f"What people say of it, never null. {_KEPT.format(ObjectiveStatus.NOT_STARTED)}",
    )
    owner_id: strawberry.ID | None = strawberry.field(
        default=UNSET,
        description="The id of the active user who sees to it, one who sees the plan; null for nobody."
        f" {_NOBODY}",
    )


@strawberry.input
class PutObjectiveMeasureInput:
    """By what an objective is measured, anew, or changes of a measure; what is absent of that stays."""

    objective_id: strawberry.ID = strawberry.field(description="The id of the objective.")
    id: strawberry.ID | None = strawberry.field(default=None, description=_KNOWN.format("measure"))
    version: int | None = strawberry.field(default=None, description=_PART_READ_AT)
    title: str | None = strawberry.field(
        default=UNSET, description=f"What it is called, up to 300 characters, not blank. {_NEEDED}"
    )
    fact_kind: str | None = strawberry.field(
        default=UNSET, description=f"The kind of facts that count, as `factKinds` names it. {_NEEDED}"
    )
    aggregate: Aggregate | None = strawberry.field(
        default=UNSET, description=f"How they become one number. {_NEEDED}"
    )
    field: str | None = strawberry.field(
        default=UNSET,
        description=f"The numeric field that is added up or compared; null for COUNT alone. {_NONE}",
    )
    conditions: JSON | None = strawberry.field(
        default=UNSET,
        description="Which facts count, an object as `where` is in rules, such as"
        ' `{"state": {"eq": "ACTIVE"}}`; null or without keys: all of the kind.'
        f" {_KEPT.format('All of the kind')}",
    )
    direction: MeasureDirection | None = strawberry.field(
        default=UNSET,
        description=f"Which way it is to go, never null. {_KEPT.format(MeasureDirection.AT_LEAST)}",
    )
    baseline: Decimal | None = strawberry.field(
        default=UNSET,
        description="Where it starts, at most six places; money in whole units of the tenant's currency."
        f" {_NEEDED}",
    )
    target: Decimal | None = strawberry.field(
        default=UNSET,
        description="Where it is to go, in the same unit: no less than the baseline, or no more for AT_MOST."
        f" {_NEEDED}",
    )


@strawberry.input
class PutPlanActionInput:
    """An action of a plan: a new one, or changes of one that is there; what is absent of that stays."""

    plan_id: strawberry.ID = strawberry.field(description=_PLAN)
    id: strawberry.ID | None = strawberry.field(default=None, description=_KNOWN.format("action"))
    version: int | None = strawberry.field(default=None, description=_PART_READ_AT)
    title: str | None = strawberry.field(
        default=UNSET, description=f"What is to be done, up to 300 characters, not blank. {_NEEDED}"
    )
    due_on: date | None = strawberry.field(
        default=UNSET,
        description="The day by which, up to the last day of the plan, and not before its first or the one on"
        f" which it was created, whichever is earlier. {_NEEDED}",
    )
    owner_id: strawberry.ID | None = strawberry.field(
        default=UNSET,
        description="The id of the active user who does it, one who sees the plan; null for nobody."
        f" {_NOBODY}",
    )
    objective_id: strawberry.ID | None = strawberry.field(
        default=UNSET,
        description=f"The id of the plan's objective that it is done for; null for none. {_NONE}",
    )
    deal_id: strawberry.ID | None = strawberry.field(
        default=UNSET, description=f"The id of the account's deal that it is about; null for none. {_NONE}"
    )
    play_id: strawberry.ID | None = strawberry.field(
        default=UNSET, description=f"The id of the play by which it is done; null for none. {_NONE}"
    )


@strawberry.input
class CompletePlanActionInput:
    """That an action of a plan was done."""

    id: strawberry.ID = strawberry.field(description="The id of the action.")
    on: date | None = strawberry.field(default=None, description=_ON)


@strawberry.input
class PutAcceptedRiskInput:
    """A risk that is taken knowingly, anew, or changes of one; what is absent of that stays."""

    plan_id: strawberry.ID = strawberry.field(description=_PLAN)
    id: strawberry.ID | None = strawberry.field(default=None, description=_KNOWN.format("accepted risk"))
    version: int | None = strawberry.field(default=None, description=_PART_READ_AT)
    what: str | None = strawberry.field(
        default=UNSET, description=f"What may happen, up to 500 characters, not blank. {_NEEDED}"
    )
    because: str | None = strawberry.field(
        default=UNSET, description=f"Why that is accepted, up to 1,000 characters, not blank. {_NEEDED}"
    )
    until_on: date | None = strawberry.field(
        default=UNSET, description=f"The last day for which that holds. {_NEEDED}"
    )


@strawberry.input
class RemovePlanPartInput:
    """What is taken out of a plan."""

    id: strawberry.ID = strawberry.field(
        description="The id of an entry, objective, measure, action or accepted risk."
    )
    version: int | None = strawberry.field(default=None, description=READ_AT_IF_TOLD)


@strawberry.input
class SubmitAccountPlanInput:
    """A plan that is handed in for approval as it was read."""

    id: strawberry.ID = strawberry.field(description=_PLAN)
    version: int = strawberry.field(
        description="The version at which the plan was read; CONFLICT, and nothing is written, when it or any"
        " part of it has changed since."
    )
    on: date | None = strawberry.field(default=None, description=_ON_AFTER)


@strawberry.input
class WithdrawAccountPlanInput:
    """A plan that is taken back before anybody has decided on it."""

    id: strawberry.ID = strawberry.field(description=_PLAN)
    version: int | None = strawberry.field(default=None, description=READ_AT_IF_TOLD)
    on: date | None = strawberry.field(default=None, description=_ON_AFTER)


@strawberry.input
class ApproveAccountPlanInput:
    """A plan that is agreed to."""

    id: strawberry.ID = strawberry.field(description=_PLAN)
    version: int | None = strawberry.field(default=None, description=READ_AT_IF_TOLD)
    on: date | None = strawberry.field(default=None, description=_ON_AFTER)


@strawberry.input
class ReturnAccountPlanInput:
    """A plan that is not agreed to."""

    id: strawberry.ID = strawberry.field(description=_PLAN)
    because: str = strawberry.field(description="Why, up to 1,000 characters, not blank.")
    version: int | None = strawberry.field(default=None, description=READ_AT_IF_TOLD)
    on: date | None = strawberry.field(default=None, description=_ON_AFTER)


@strawberry.input
class CloseAccountPlanInput:
    """A plan that nobody follows any more."""

    id: strawberry.ID = strawberry.field(description=_PLAN)
    because: str = strawberry.field(description="Why, up to 1,000 characters, not blank.")
    version: int | None = strawberry.field(default=None, description=READ_AT_IF_TOLD)
    on: date | None = strawberry.field(default=None, description=_ON_AFTER)


PutPart = (
    PutPlanEntryInput
    | PutObjectiveInput
    | PutObjectiveMeasureInput
    | PutPlanActionInput
    | PutAcceptedRiskInput
)


@strawberry.type
class AccountPlanPayload:
    """What became of a plan."""

    plan: AccountPlan | None = column(
        "The plan as it is now; with a conflict, as it stands; null with other errors."
    )
    errors: list[UserError] = column(_WRONG)


@strawberry.type
class PlanEntryPayload:
    """What became of an entry of a plan."""

    entry: PlanEntry | None = column(
        "The entry as it is now; with a conflict, as it stands; null with other errors."
    )
    errors: list[UserError] = column(_WRONG)


@strawberry.type
class ObjectivePayload:
    """What became of an objective."""

    objective: Objective | None = column(
        "The objective as it is now; with a conflict, as it stands; null with other errors."
    )
    errors: list[UserError] = column(_WRONG)


@strawberry.type
class ObjectiveMeasurePayload:
    """What became of a measure."""

    measure: ObjectiveMeasure | None = column(
        "The measure as it is now; with a conflict, as it stands; null with other errors."
    )
    errors: list[UserError] = column(_WRONG)


@strawberry.type
class PlanActionPayload:
    """What became of an action of a plan."""

    action: PlanAction | None = column(
        "The action as it is now; with a conflict, as it stands; null with other errors."
    )
    errors: list[UserError] = column(_WRONG)


@strawberry.type
class AcceptedRiskPayload:
    """What became of an accepted risk."""

    risk: AcceptedRisk | None = column(
        "The accepted risk as it is now; with a conflict, as it stands; null with other errors."
    )
    errors: list[UserError] = column(_WRONG)


@strawberry.type
class PlanMutations:
    """What clients do with account plans."""

    @strawberry.mutation
    async def create_account_plan(self, info: Info, input: CreateAccountPlanInput) -> AccountPlanPayload:
        """Begin a plan of an account; repeated with the same ``idempotencyKey``, answer with the first."""
        actor = info.context.actor

        async def command() -> stored.AccountPlan:
            values = columns(actor, input)
            account_id = str(values.pop("account_id"))
            return await plans.create(actor, account_id, values, idempotency_key=input.idempotency_key)

        return await _plan(command)

    @strawberry.mutation
    async def update_account_plan(self, info: Info, input: UpdateAccountPlanInput) -> AccountPlanPayload:
        """Change a plan; one that was approved needs another approval then."""
        actor = info.context.actor
        return await _plan(lambda: plans.update(actor, input.id, columns(actor, input), input.version))

    @strawberry.mutation
    async def put_plan_entry(self, info: Info, input: PutPlanEntryInput) -> PlanEntryPayload:
        """Write a strength, weakness, opportunity, threat or strategy into a plan, or change it."""
        found, errors = await _put(info, stored.PlanEntry, plan_parts.put_entry, input)
        return PlanEntryPayload(entry=PlanEntry.of(found) if found else None, errors=errors)

    @strawberry.mutation
    async def put_objective(self, info: Info, input: PutObjectiveInput) -> ObjectivePayload:
        """Set an objective of a plan; how far people say it is needs no other approval."""
        found, errors = await _put(info, stored.Objective, plan_parts.put_objective, input)
        return ObjectivePayload(objective=Objective.of(found) if found else None, errors=errors)

    @strawberry.mutation
    async def put_objective_measure(
        self, info: Info, input: PutObjectiveMeasureInput
    ) -> ObjectiveMeasurePayload:
        """Say by what an objective is measured; it is computed from records, never typed in."""
        found, errors = await _put(
            info, stored.ObjectiveMeasure, plan_parts.put_measure, input, of="objective_id"
        )
        return ObjectiveMeasurePayload(measure=ObjectiveMeasure.of(found) if found else None, errors=errors)

    @strawberry.mutation
    async def put_plan_action(self, info: Info, input: PutPlanActionInput) -> PlanActionPayload:
        """Say what somebody does by a day; one that is done stays as it is."""
        found, errors = await _put(info, stored.PlanAction, plan_parts.put_action, input)
        return PlanActionPayload(action=PlanAction.of(found) if found else None, errors=errors)

    @strawberry.mutation
    async def complete_plan_action(self, info: Info, input: CompletePlanActionInput) -> PlanActionPayload:
        """Say that an action was done; what is measured moves by records alone."""
        actor = info.context.actor
        found, errors = await attempt(
            stored.PlanAction, lambda: plan_parts.complete_action(actor, input.id, input.on)
        )
        return PlanActionPayload(action=PlanAction.of(found) if found else None, errors=errors)

    @strawberry.mutation
    async def put_accepted_risk(self, info: Info, input: PutAcceptedRiskInput) -> AcceptedRiskPayload:
        """Write down a risk that is taken knowingly, in the caller's name."""
        found, errors = await _put(info, stored.AcceptedRisk, plan_parts.put_risk, input)
        return AcceptedRiskPayload(risk=AcceptedRisk.of(found) if found else None, errors=errors)

    @strawberry.mutation
    async def remove_plan_part(self, info: Info, input: RemovePlanPartInput) -> AccountPlanPayload:
        """Take something out of a plan; the history keeps it, and so does what was approved."""
        actor = info.context.actor
        return await _plan(lambda: plan_parts.remove_part(actor, input.id, input.version))

    @strawberry.mutation
    async def submit_account_plan(self, info: Info, input: SubmitAccountPlanInput) -> AccountPlanPayload:
        """Hand a plan in for approval: as it stands it becomes the next revision."""
        actor = info.context.actor
        return await _plan(lambda: plans.submit(actor, input.id, on=input.on, version=input.version))

    @strawberry.mutation
    async def withdraw_account_plan(self, info: Info, input: WithdrawAccountPlanInput) -> AccountPlanPayload:
        """Take back a plan that was handed in and not decided on; for who did so and the account's owner."""
        actor = info.context.actor
        return await _plan(lambda: plans.withdraw(actor, input.id, on=input.on, version=input.version))

    @strawberry.mutation
    async def approve_account_plan(self, info: Info, input: ApproveAccountPlanInput) -> AccountPlanPayload:
        """Agree to a plan as it was handed in; nobody approves their own."""
        actor = info.context.actor
        return await _plan(lambda: plans.approve(actor, input.id, on=input.on, version=input.version))

    @strawberry.mutation
    async def return_account_plan(self, info: Info, input: ReturnAccountPlanInput) -> AccountPlanPayload:
        """Not agree to a plan as it was handed in, and say why."""
        actor = info.context.actor
        return await _plan(
            lambda: plans.give_back(actor, input.id, input.because, on=input.on, version=input.version)
        )

    @strawberry.mutation
    async def close_account_plan(self, info: Info, input: CloseAccountPlanInput) -> AccountPlanPayload:
        """Follow a plan no more; another one may take its days.

        Who may approve a plan closes one that was approved, whoever may write it any other.
        """
        actor = info.context.actor
        return await _plan(
            lambda: plans.close(actor, input.id, input.because, on=input.on, version=input.version)
        )


async def _plan(command: Callable[[], Awaitable[stored.AccountPlan]]) -> AccountPlanPayload:
    found, errors = await attempt(stored.AccountPlan, command)
    return AccountPlanPayload(plan=AccountPlan.of(found) if found else None, errors=errors)


async def _put(
    info: Info,
    model: type[P],
    command: Callable[[Actor, str, str | None, Mapping[str, object], int | None], Awaitable[P]],
    given: PutPart,
    of: str = "plan_id",
) -> tuple[P | None, list[UserError]]:
    """A part of a plan as a command sets it; ``of`` names the field with what it belongs to."""
    actor = info.context.actor
    values = columns(actor, given)
    parent = str(values.pop(of))
    return await attempt(model, lambda: command(actor, parent, given.id, values, given.version))

"""Writing plays, starting them, taking their steps, and ending them."""

from __future__ import annotations

from datetime import date

import strawberry

from commands import plays
from models import plays as stored
from models.plays import PlayRunState
from models.recommendations import Outcome
from schema.context import Info
from schema.core.errors import UserError
from schema.core.stored import column
from schema.mutations.translation import IDEMPOTENCY_KEY, attempt
from schema.plays import Play, PlayRun, PlayRunStep

_ON = "The business day of it, from the start of the play to today; default: today (UTC)."
_WRONG = "What was wrong; empty when it was written."


@strawberry.input
class PlayStepInput:
    """A step of a play."""

    text: str = strawberry.field(description="What is to be done, up to 500 characters, not blank.")
    due_after_days: int = strawberry.field(
        default=0, description="How many days after the start of the play it is due, 0 to 365."
    )


@strawberry.input
class SetPlayInput:
    """A play as a whole, known by its key."""

    key: str = strawberry.field(
        description="What rules that recommend it call it: small letters, digits and single hyphens, up to"
        " 100 characters."
    )
    name: str = strawberry.field(description="What people call it, up to 200 characters, not blank.")
    action: str | None = strawberry.field(
        default=None,
        description="The kind of action that it is for: capitals, digits and underscores; null for any.",
    )
    active: bool = strawberry.field(default=True, description="Whether it is started from now on.")
    steps: list[PlayStepInput] = strawberry.field(description="Its steps in order: 1 to 50.")


@strawberry.input
class StartPlayInput:
    """A play that is started for an account."""

    play_id: strawberry.ID = strawberry.field(description="The id of the play, which is active.")
    account_id: strawberry.ID = strawberry.field(
        description="The id of the account, which the caller owns or manages, unless a deal is named."
    )
    deal_id: strawberry.ID | None = strawberry.field(
        default=None, description="The id of the account's deal that it is about; null for none."
    )
    plan_action_id: strawberry.ID | None = strawberry.field(
        default=None, description="The id of the action of the account's plan that starts it; null for none."
    )
    idempotency_key: str | None = strawberry.field(default=None, description=IDEMPOTENCY_KEY)


@strawberry.input
class AnswerPlayStepInput:
    """A step of a play that was taken, or passed over."""

    id: strawberry.ID = strawberry.field(description="The id of the step of the play that was started.")
    skipped: bool = strawberry.field(default=False, description="Whether it was passed over.")
    on: date | None = strawberry.field(default=None, description=_ON)


@strawberry.input
class EndPlayInput:
    """A play that has ended."""

    id: strawberry.ID = strawberry.field(description="The id of the play that was started.")
    state: PlayRunState = strawberry.field(
        description="DONE once all of its steps are answered, or ABANDONED."
    )
    outcome: Outcome | None = strawberry.field(
        default=None,
        description="What came of it; null when nothing is said: what came of its recommendation counts.",
    )
    on: date | None = strawberry.field(default=None, description=_ON)


@strawberry.type
class PlayPayload:
    """What became of a play."""

    play: Play | None = column("The play as it is now; null with errors.")
    errors: list[UserError] = column(_WRONG)


@strawberry.type
class PlayRunPayload:
    """What became of a play that was started."""

    run: PlayRun | None = column("It, as it is now; null with errors.")
    errors: list[UserError] = column(_WRONG)


@strawberry.type
class PlayRunStepPayload:
    """What became of a step of a play that was started."""

    step: PlayRunStep | None = column("The step as it is now; null with errors.")
    errors: list[UserError] = column(_WRONG)


@strawberry.type
class PlayMutations:
    """What clients do with plays."""

    @strawberry.mutation
    async def set_play(self, info: Info, input: SetPlayInput) -> PlayPayload:
        """Set a play and its steps; what was started keeps the steps that it was started with."""
        actor = info.context.actor
        steps = [plays.Step(each.text, each.due_after_days) for each in input.steps]
        found, errors = await attempt(
            stored.Play,
            lambda: plays.set_play(actor, input.key, input.name, input.action, steps, active=input.active),
        )
        return PlayPayload(play=Play.of(found) if found else None, errors=errors)

    @strawberry.mutation
    async def start_play(self, info: Info, input: StartPlayInput) -> PlayRunPayload:
        """Start a play for an account; accepting a recommendation that names one starts it, too.

        Repeated with the same ``idempotencyKey``, answer with the first one.
        """
        actor = info.context.actor
        return _run(
            *await attempt(
                stored.PlayRun,
                lambda: plays.start(
                    actor,
                    input.play_id,
                    input.account_id,
                    deal_id=input.deal_id,
                    plan_action_id=input.plan_action_id,
                    idempotency_key=input.idempotency_key,
                ),
            )
        )

    @strawberry.mutation
    async def answer_play_step(self, info: Info, input: AnswerPlayStepInput) -> PlayRunStepPayload:
        """Say that a step of a play that runs was taken, or passed over."""
        actor = info.context.actor
        found, errors = await attempt(
            stored.PlayRunStep,
            lambda: plays.answer_step(actor, input.id, skipped=input.skipped, on=input.on),
        )
        return PlayRunStepPayload(step=PlayRunStep.of(found) if found else None, errors=errors)

    @strawberry.mutation
    async def end_play(self, info: Info, input: EndPlayInput) -> PlayRunPayload:
        """End a play that runs, and say what came of it if that is known."""
        actor = info.context.actor
        return _run(
            *await attempt(
                stored.PlayRun,
                lambda: plays.end(actor, input.id, input.state, outcome=input.outcome, on=input.on),
            )
        )


def _run(found: stored.PlayRun | None, errors: list[UserError]) -> PlayRunPayload:
    return PlayRunPayload(run=PlayRun.of(found) if found else None, errors=errors)

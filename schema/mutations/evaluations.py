"""Having accounts judged."""

from __future__ import annotations

from datetime import date

import strawberry

from commands import evaluations
from models import rulebooks as stored
from models.base import today
from schema.context import Info
from schema.core.cost import costs
from schema.core.errors import UserError
from schema.core.stored import column
from schema.mutations.translation import attempt
from schema.rulebooks import EvaluationRun


@strawberry.input
class EvaluateInput:
    """Which accounts (default: all of the caller and those below), as of which day (default: today)."""

    account_ids: list[strawberry.ID] | None = strawberry.field(
        default=None, description="The ids of the accounts; default: all that the caller and those below own."
    )
    as_of: date | None = strawberry.field(
        default=None,
        description="The business date as of which they are judged, not in the future; default: today (UTC).",
    )


@strawberry.type
class EvaluatePayload:
    """What the judgement came to, or why there was none."""

    run: EvaluationRun | None = column("The evaluation, complete; null when nothing was judged.")
    errors: list[UserError] = column("What was wrong; empty when it was written.")


@strawberry.type
class EvaluationMutations:
    """What clients do with the engine."""

    @costs(10_000)
    @strawberry.mutation
    async def evaluate(self, info: Info, input: EvaluateInput) -> EvaluatePayload:
        """Judge accounts by the live rules; doing it again on the same day changes nothing."""
        actor, engine = info.context.actor, info.context.engine
        run, errors = await attempt(
            stored.EvaluationRun,
            lambda: evaluations.evaluate(actor, engine, input.as_of or today(), input.account_ids),
        )
        return EvaluatePayload(run=EvaluationRun.of(run) if run else None, errors=errors)

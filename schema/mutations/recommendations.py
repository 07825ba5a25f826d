"""Answering recommendations: accept, snooze, dismiss, complete."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date

import strawberry

from commands import plays, recommendations
from models import recommendations as stored
from models.recommendations import Outcome
from schema.context import Info
from schema.core.errors import UserError
from schema.core.stored import column
from schema.mutations.translation import READ_AT_IF_TOLD, attempt
from schema.recommendations import Recommendation


@strawberry.input
class AcceptRecommendationInput:
    """Which recommendation; with ``version``, only if it is still at that one."""

    id: strawberry.ID = strawberry.field(description="The id of the recommendation.")
    version: int | None = strawberry.field(default=None, description=READ_AT_IF_TOLD)


@strawberry.input
class SnoozeRecommendationInput:
    """Which recommendation, and the day from which it may come back."""

    id: strawberry.ID = strawberry.field(description="The id of the recommendation.")
    until: date = strawberry.field(description="The day from which it opens again, in the future.")
    version: int | None = strawberry.field(default=None, description=READ_AT_IF_TOLD)


@strawberry.input
class DismissRecommendationInput:
    """Which recommendation, and why it is turned down."""

    id: strawberry.ID = strawberry.field(description="The id of the recommendation.")
    reason: str = strawberry.field(description="Why it is turned down, up to 500 characters, not blank.")
    version: int | None = strawberry.field(default=None, description=READ_AT_IF_TOLD)


@strawberry.input
class CompleteRecommendationInput:
    """Which recommendation was carried out, and what came of it."""

    id: strawberry.ID = strawberry.field(description="The id of the recommendation.")
    outcome: Outcome = strawberry.field(description="What came of it; UNKNOWN until that can be told.")
    version: int | None = strawberry.field(default=None, description=READ_AT_IF_TOLD)


@strawberry.input
class RecordOutcomeInput:
    """Which recommendation that was carried out, and what came of it."""

    id: strawberry.ID = strawberry.field(
        description="The id of the recommendation; INVALID_TRANSITION for one that was not carried out."
    )
    outcome: Outcome = strawberry.field(description="What came of it, in the place of what was said before.")


@strawberry.type
class RecommendationPayload:
    """The recommendation as it is now, or why nothing was written."""

    recommendation: Recommendation | None = column(
        "As it is now; null when nothing was written, but for a conflict."
    )
    errors: list[UserError] = column("What was wrong; empty when it was written.")
    missing_play: str | None = strawberry.field(
        default=None,
        description="Of one that was accepted, the key of the play that it names when there is none of that"
        " key, or none that is active: no play was started. Null otherwise, and with errors.",
    )


@strawberry.type
class RecommendationMutations:
    """How people answer the engine."""

    @strawberry.mutation
    async def accept_recommendation(
        self, info: Info, input: AcceptRecommendationInput
    ) -> RecommendationPayload:
        """Say that the recommendation will be followed; it stays listed until it is completed.

        The play that it names is started; `missingPlay` says so when there is none to start.
        """
        actor = info.context.actor
        found, errors = await attempt(
            stored.Recommendation, lambda: recommendations.accept(actor, input.id, input.version)
        )
        is_missing = found is not None and not errors and await plays.active_for(found) is None
        return RecommendationPayload(
            recommendation=Recommendation.of(found) if found else None,
            errors=errors,
            missing_play=found.play if found and is_missing else None,
        )

    @strawberry.mutation
    async def snooze_recommendation(
        self, info: Info, input: SnoozeRecommendationInput
    ) -> RecommendationPayload:
        """Put a recommendation aside until a later day."""
        actor = info.context.actor
        return await _payload(lambda: recommendations.snooze(actor, input.id, input.until, input.version))

    @strawberry.mutation
    async def dismiss_recommendation(
        self, info: Info, input: DismissRecommendationInput
    ) -> RecommendationPayload:
        """Turn a recommendation down; it does not come back while its condition lasts."""
        actor = info.context.actor
        return await _payload(lambda: recommendations.dismiss(actor, input.id, input.reason, input.version))

    @strawberry.mutation
    async def complete_recommendation(
        self, info: Info, input: CompleteRecommendationInput
    ) -> RecommendationPayload:
        """Say that a recommendation was carried out, and how that went."""
        actor = info.context.actor
        return await _payload(lambda: recommendations.complete(actor, input.id, input.outcome, input.version))

    @strawberry.mutation
    async def record_outcome(self, info: Info, input: RecordOutcomeInput) -> RecommendationPayload:
        """Say, later perhaps, what came of a recommendation that was carried out; it counts once."""
        actor = info.context.actor
        return await _payload(lambda: recommendations.record_outcome(actor, input.id, input.outcome))


async def _payload(command: Callable[[], Awaitable[stored.Recommendation]]) -> RecommendationPayload:
    found, errors = await attempt(stored.Recommendation, command)
    return RecommendationPayload(recommendation=Recommendation.of(found) if found else None, errors=errors)

"""How people answer the engine: accept, snooze, dismiss or complete a recommendation."""

from __future__ import annotations

from datetime import date

from commands.journal import Values, unit_of_work
from commands.permissions import SELLERS, require
from commands.validation import check_value
from models.access import Actor
from models.base import check_day, today
from models.errors import Invalid
from models.recommendations import Outcome, Recommendation, RecommendationState
from models.visibility import find


async def accept(actor: Actor, recommendation_id: str, version: int | None = None) -> Recommendation:
    """Say that the recommendation will be followed; it stays listed until it is completed."""
    return await _answer(actor, recommendation_id, version, RecommendationState.ACCEPTED, {})


async def snooze(
    actor: Actor, recommendation_id: str, until: date, version: int | None = None
) -> Recommendation:
    """Put a recommendation aside until a later day; an evaluation from then on opens it again."""
    if until <= today():
        raise Invalid(f"{until} is not in the future", ["until"])
    check_day(until, "until")
    return await _answer(
        actor, recommendation_id, version, RecommendationState.SNOOZED, {"snoozed_until": until}
    )


async def dismiss(
    actor: Actor, recommendation_id: str, reason: str, version: int | None = None
) -> Recommendation:
    """Turn a recommendation down for a reason; it does not come back while its condition lasts."""
    check_value(Recommendation, "dismissed_reason", reason, "reason")
    return await _answer(
        actor, recommendation_id, version, RecommendationState.DISMISSED, {"dismissed_reason": reason}
    )


async def complete(
    actor: Actor, recommendation_id: str, outcome: Outcome, version: int | None = None
) -> Recommendation:
    """Say that the recommendation was carried out and what came of it."""
    return await _answer(actor, recommendation_id, version, RecommendationState.DONE, {"outcome": outcome})


async def _answer(
    actor: Actor, recommendation_id: str, version: int | None, to: RecommendationState, values: Values
) -> Recommendation:
    require(actor, SELLERS, "answer recommendations")
    recommendation = await find(Recommendation, actor, recommendation_id, "id")
    if version in (None, recommendation.version):
        recommendation.check_transition(to)
    async with unit_of_work(actor, f"recommendations.{to.lower()}") as work:
        return await work.update(recommendation, {"state": to, **values}, version)

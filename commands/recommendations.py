"""How people answer the engine: accept, snooze, dismiss or complete a recommendation."""

from __future__ import annotations

from datetime import date

from commands.announcements import Happened, Topic
from commands.arbitration import arrange
from commands.journal import Values, Work, unit_of_work
from commands.permissions import SELL, require
from commands.plays import start_for
from commands.validation import check_value
from models.access import Actor, Tenant
from models.base import check_day, today
from models.errors import Invalid, InvalidTransition
from models.recommendations import Answer, Outcome, Recommendation, RecommendationState
from models.visibility import find


async def accept(actor: Actor, recommendation_id: str, version: int | None = None) -> Recommendation:
    """Say that the recommendation will be followed; it stays listed until it is completed.

    The play that it names is started, if there is one of that key.
    """
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


async def record_outcome(actor: Actor, recommendation_id: str, outcome: Outcome) -> Recommendation:
    """Say, later perhaps, what came of a recommendation that was carried out; it counts once.

    Raises:
        InvalidTransition: it was never carried out.
    """
    require(actor, SELL, "answer recommendations")
    recommendation = await find(Recommendation, actor, recommendation_id, "id")
    carried_out = Answer.filter(recommendation_id=recommendation.id, state=RecommendationState.DONE)
    answer = await carried_out.order_by("-created_at", "-id").first()
    if answer is None:
        raise InvalidTransition(
            f"it is {recommendation.state} and was not carried out; allowed: DONE", ["id"]
        )
    async with unit_of_work(actor, "recommendations.outcome") as work:
        await work.update(answer, {"outcome": outcome, "outcome_on": answer.outcome_on or today()})
        if recommendation.state == RecommendationState.DONE:
            recommendation = await work.update(recommendation, {"outcome": outcome})
        _tell(work, recommendation, Happened.OUTCOME_RECORDED)
    return recommendation


async def _answer(
    actor: Actor, recommendation_id: str, version: int | None, to: RecommendationState, values: Values
) -> Recommendation:
    require(actor, SELL, "answer recommendations")
    recommendation = await find(Recommendation, actor, recommendation_id, "id")
    if version in (None, recommendation.version):
        recommendation.check_transition(to)
    async with unit_of_work(actor, f"recommendations.{to.lower()}") as work:
        given = {"state": to, "answered_on": today(), **values}
        recommendation = await work.update(recommendation, given, version)
        await work.create(_kept(recommendation, to))
        if to is RecommendationState.ACCEPTED:
            await start_for(work, recommendation)
        _tell(work, recommendation, Happened(to.value))
        tenant = await Tenant.get(id=actor.tenant_id)
        await arrange(work, tenant, [recommendation.account_id], today())
    return recommendation


def _tell(work: Work, recommendation: Recommendation, happened: Happened) -> None:
    work.tell(Topic.RECOMMENDATION, recommendation.id, recommendation.account_id, happened)


def _kept(recommendation: Recommendation, to: RecommendationState) -> Answer:
    """The answer as the record of the rule keeps it."""
    outcome = recommendation.outcome if to is RecommendationState.DONE else None
    known = outcome not in (None, Outcome.UNKNOWN)
    return Answer(
        id=Answer.make_id(),
        tenant_id=recommendation.tenant_id,
        recommendation_id=recommendation.id,
        account_id=recommendation.account_id,
        rule_key=recommendation.rule_key,
        action=recommendation.action,
        state=to,
        outcome=outcome,
        answered_on=today(),
        outcome_on=today() if known else None,
    )

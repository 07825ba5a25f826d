"""Recording trends, many at once, and saying what is done about them."""

from __future__ import annotations

from datetime import date

import strawberry
from strawberry import UNSET

from commands import trends
from models import trends as stored
from models.errors import BellwetherError
from models.severity import Severity
from models.trends import Confidence, TrendImpact, TrendKind, TrendOutcome, TrendState
from schema.context import Info
from schema.core.cost import costs
from schema.core.errors import UserError, user_errors
from schema.core.stored import column
from schema.mutations.translation import IDEMPOTENCY_KEY, READ_AT, READ_AT_IF_TOLD, attempt, columns
from schema.trends import Trend


@strawberry.input
class TrendKnowledge:
    """What may be known of a trend; what is absent stays, null clears where it may."""

    details: str | None = strawberry.field(
        default=UNSET, description="What else is known, up to 4,000 characters, not blank; null for nothing."
    )
    heard_from: str | None = strawberry.field(
        default=UNSET,
        description="Where it is known from, up to 500 characters, not blank; null when nobody said.",
    )
    link: str | None = strawberry.field(
        default=UNSET,
        description="An https link to that, up to 1,000 characters; null for none.",
    )
    impact: TrendImpact | None = strawberry.field(
        default=UNSET, description="What it means for us, never null; NEUTRAL for a new one unless given."
    )
    severity: Severity | None = strawberry.field(
        default=UNSET, description="How much it means, never null; MEDIUM for a new one unless given."
    )
    confidence: Confidence | None = strawberry.field(
        default=UNSET, description="How sure it is, never null; MEDIUM for a new one unless given."
    )
    families: list[str] | None = strawberry.field(
        default=UNSET,
        description="The product families that it affects, at most 100, never null; default: none.",
    )
    deal_ids: list[strawberry.ID] | None = strawberry.field(
        default=UNSET,
        description="The ids of deals of the account that it affects, at most 100, never null; default:"
        " none.",
    )
    contract_ids: list[strawberry.ID] | None = strawberry.field(
        default=UNSET,
        description="The ids of contracts of the account that it affects, at most 100, never null; default:"
        " none.",
    )
    course: str | None = strawberry.field(
        default=UNSET,
        description="The course of action, up to 200 characters, not blank; courses with the same text are"
        " counted together; null for none, which takes its owner and day away, too.",
    )
    course_owner_id: strawberry.ID | None = strawberry.field(
        default=UNSET, description="The id of who is to take the course, somebody active; null for nobody."
    )
    course_due_on: date | None = strawberry.field(
        default=UNSET, description="The day by which the course is to be taken; null for none."
    )


_SIGNAL = "The id of the signal that it is made of, one of the same account; null, the default, for none."


@strawberry.input
class TrendInput(TrendKnowledge):
    """One change at an account; ``externalId`` makes recording it again a correction."""

    account_id: strawberry.ID = strawberry.field(description="The id of the account that it is about.")
    kind: TrendKind = strawberry.field(description="What kind of change it is.")
    title: str = strawberry.field(
        description="What changes, in a few words: up to 200 characters, not blank."
    )
    observed_on: date = strawberry.field(description="The day on which it was observed, not in the future.")
    signal_id: strawberry.ID | None = strawberry.field(default=UNSET, description=_SIGNAL)
    external_id: str | None = strawberry.field(
        default=None,
        description="What the caller calls it, up to 200 characters: what was recorded under it before is"
        " corrected. Default: it is recorded anew each time.",
    )


@strawberry.input
class RecordTrendsInput:
    """Up to 1,000 trends, recorded all or none."""

    trends: list[TrendInput] = strawberry.field(
        description="The trends, at most 1,000; one that is wrong keeps all from being recorded."
    )


@strawberry.type
class RecordTrendsPayload:
    """The trends in the order given, or why none was recorded."""

    trends: list[Trend] = column("The trends in the order given; none when something was wrong.")
    errors: list[UserError] = column("What was wrong; empty when it was written.")


@strawberry.input
class TrendFromSignalInput(TrendKnowledge):
    """Which signal becomes a trend; its kind, day, summary and account are the signal's."""

    signal_id: strawberry.ID = strawberry.field(description="The id of the signal.")
    idempotency_key: str | None = strawberry.field(default=None, description=IDEMPOTENCY_KEY)


@strawberry.input
class UpdateTrendInput(TrendKnowledge):
    """Changes of a trend that was read at ``version``: what is absent stays."""

    id: strawberry.ID = strawberry.field(description="The id of the trend.")
    version: int = strawberry.field(description=READ_AT)
    kind: TrendKind | None = strawberry.field(
        default=UNSET, description="What kind of change it is, never null."
    )
    title: str | None = strawberry.field(
        default=UNSET, description="What changes, up to 200 characters, not blank, never null."
    )
    observed_on: date | None = strawberry.field(
        default=UNSET, description="The day on which it was observed, not in the future, never null."
    )


@strawberry.input
class MoveTrendInput:
    """Where a trend goes, and what came of its course of action."""

    id: strawberry.ID = strawberry.field(description="The id of the trend.")
    version: int | None = strawberry.field(default=None, description=READ_AT_IF_TOLD)
    to: TrendState = strawberry.field(
        description="OPEN goes to ACTED (with a course of action), CLOSED and REFUTED; ACTED to OPEN, CLOSED"
        " and REFUTED; CLOSED to OPEN and REFUTED; REFUTED to OPEN."
    )
    outcome: TrendOutcome | None = strawberry.field(
        default=None,
        description="What came of the course of action, of one that is closed; null, the default, when that"
        " is not known.",
    )
    outcome_note: str | None = strawberry.field(
        default=None,
        description="More of that, up to 1,000 characters, not blank; null, the default, for nothing.",
    )
    on: date | None = strawberry.field(
        default=None, description="The business day of it, not in the future; default: today (UTC)."
    )


@strawberry.type
class TrendPayload:
    """The trend as it is now, or why nothing was written."""

    trend: Trend | None = column("As it is now; null when nothing was written, but for a conflict.")
    errors: list[UserError] = column("What was wrong; empty when it was written.")


@strawberry.type
class TrendMutations:
    """What clients say of changes at their customers."""

    @costs(50)
    @strawberry.mutation
    async def record_trends(self, info: Info, input: RecordTrendsInput) -> RecordTrendsPayload:
        """Record what changes at accounts; those known by their ``externalId`` are corrected."""
        actor = info.context.actor
        try:
            recorded = await trends.record(actor, [_observed(info, each) for each in input.trends])
        except BellwetherError as error:
            return RecordTrendsPayload(trends=[], errors=user_errors(error, "input"))
        return RecordTrendsPayload(trends=[Trend.of(each) for each in recorded], errors=[])

    @strawberry.mutation
    async def trend_from_signal(self, info: Info, input: TrendFromSignalInput) -> TrendPayload:
        """Make a trend of what was heard; of one signal there is one trend."""
        actor = info.context.actor
        values = columns(actor, input)
        del values["signal_id"]
        made, errors = await attempt(
            stored.Trend,
            lambda: trends.from_signal(actor, input.signal_id, values, idempotency_key=input.idempotency_key),
        )
        return TrendPayload(trend=Trend.of(made) if made else None, errors=errors)

    @strawberry.mutation
    async def update_trend(self, info: Info, input: UpdateTrendInput) -> TrendPayload:
        """Correct what is known of a trend, or decide on its course of action."""
        actor = info.context.actor
        made, errors = await attempt(
            stored.Trend,
            lambda: trends.update(actor, input.id, columns(actor, input), version=input.version),
        )
        return TrendPayload(trend=Trend.of(made) if made else None, errors=errors)

    @strawberry.mutation
    async def move_trend(self, info: Info, input: MoveTrendInput) -> TrendPayload:
        """Say that a trend was acted on, is over, was not so, or holds again."""
        actor = info.context.actor
        made, errors = await attempt(
            stored.Trend,
            lambda: trends.move(
                actor,
                input.id,
                input.to,
                version=input.version,
                outcome=input.outcome,
                outcome_note=input.outcome_note,
                on=input.on,
            ),
        )
        return TrendPayload(trend=Trend.of(made) if made else None, errors=errors)


def _observed(info: Info, given: TrendInput) -> trends.Observed:
    values = columns(info.context.actor, given)
    account_id = str(values.pop("account_id"))
    external_id = values.pop("external_id")
    return trends.Observed(account_id, values, None if external_id is None else str(external_id))

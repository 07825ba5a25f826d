"""What clients can follow as it changes, and may see: advice, risks, plans, trends, plays and evaluations."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from enum import Enum
from typing import Annotated, TypeVar

import strawberry
from strawberry import enum_value

from commands.announcements import ANNOUNCEMENTS, Batches, Event, Happened, Interest, Topic
from metrics.plan_changes import last_change
from models import plans as stored_plans
from models import plays as stored_plays
from models import recommendations as stored
from models import rulebooks as stored_rulebooks
from models import trends as stored_trends
from models.accounts import Account
from models.base import Record
from models.errors import TooSlow
from models.rulebooks import RunState
from models.visibility import find
from schema.context import Live, LiveInfo
from schema.core import metrics
from schema.core.loaders import visible_records
from schema.core.stored import column
from schema.plan_changes import AccountPlanHealthChange
from schema.plays import PlayRun
from schema.recommendations import Recommendation, Risk
from schema.rulebooks import EvaluationRun
from schema.trends import Trend

R = TypeVar("R", bound=Record)


@strawberry.enum
class RecommendationChangeKind(Enum):
    """What happened to a recommendation. Where several things did before it was told, the last one."""

    OPENED = enum_value(Happened.OPENED, description="An evaluation found it; it is new.")
    REFRESHED = enum_value(
        Happened.REFRESHED, description="It still holds, with other evidence, values or as of a later day."
    )
    LAPSED = enum_value(Happened.LAPSED, description="Its condition no longer holds.")
    REOPENED = enum_value(Happened.REOPENED, description="It had lapsed or was answered, and holds again.")
    WOKEN = enum_value(Happened.WOKEN, description="It was snoozed until a day that has come, and is open.")
    ACCEPTED = enum_value(Happened.ACCEPTED, description="Somebody said that it will be followed.")
    SNOOZED = enum_value(Happened.SNOOZED, description="Somebody put it aside until a later day.")
    DISMISSED = enum_value(Happened.DISMISSED, description="Somebody turned it down.")
    DONE = enum_value(Happened.DONE, description="Somebody said that it was carried out.")
    OUTCOME_RECORDED = enum_value(
        Happened.OUTCOME_RECORDED, description="Somebody said, after it was carried out, what came of it."
    )
    OFFERED = enum_value(Happened.OFFERED, description="It is open and no longer withheld.")
    WITHHELD = enum_value(
        Happened.WITHHELD, description="It is open and is withheld, or withheld for another reason."
    )


@strawberry.enum
class RiskChangeKind(Enum):
    """What happened to a risk. Where several things did before it was told, the last one."""

    OPENED = enum_value(Happened.OPENED, description="An evaluation found it; it is new.")
    REFRESHED = enum_value(
        Happened.REFRESHED, description="It still holds, with other evidence, revenue or as of a later day."
    )
    LAPSED = enum_value(Happened.LAPSED, description="Its condition no longer holds.")
    REOPENED = enum_value(Happened.REOPENED, description="It had lapsed and holds again.")


@strawberry.enum
class TrendChangeKind(Enum):
    """What happened to a trend. Where several things did before it was told, the last one."""

    OPENED = enum_value(Happened.OPENED, description="It was recorded.")
    REFRESHED = enum_value(
        Happened.REFRESHED, description="What is known of it, or its course of action, is another one."
    )
    MOVED = enum_value(Happened.MOVED, description="It was acted on, is over, was not so, or holds again.")


@strawberry.enum
class PlayRunChangeKind(Enum):
    """What happened to a play that was started. Where several things did before it was told, the last one."""

    STARTED = enum_value(Happened.OPENED, description="It was started.")
    WENT_ON = enum_value(Happened.REFRESHED, description="A step was taken, or passed over.")
    ENDED = enum_value(Happened.DONE, description="It was played to its end, or given up.")


@strawberry.type
class RecommendationChange:
    """Something happened to a recommendation."""

    change: RecommendationChangeKind = column("What happened.")
    recommendation: Recommendation = column("The recommendation as it is when this is sent.")


@strawberry.type
class RiskChange:
    """Something happened to a risk."""

    change: RiskChangeKind = column("What happened.")
    risk: Risk = column("The risk as it is when this is sent.")


@strawberry.type
class TrendChange:
    """Something happened to a trend."""

    change: TrendChangeKind = column("What happened.")
    trend: Trend = column("The trend as it is when this is sent.")


@strawberry.type
class PlayRunChange:
    """Something happened to a play that was started."""

    change: PlayRunChangeKind = column("What happened.")
    run: PlayRun = column("It, as it is when this is sent.")


_AccountId = Annotated[
    strawberry.ID | None,
    strawberry.argument(description="The account to follow alone; null follows all that the caller sees."),
]
_RunId = Annotated[
    strawberry.ID | None,
    strawberry.argument(
        description="The evaluation to follow alone: how far it is comes at once, and the subscription"
        " completes when it has ended. Null follows all that the caller sees, until the client completes it."
    ),
]


@strawberry.type
class Subscription:
    """What can be followed over a WebSocket (graphql-transport-ws), from the moment of subscribing on.

    What the caller may not see when it would be sent is left out. Whoever does not take events as fast as
    they come is told TOO_SLOW and disconnected: subscribe again, and read what is so by then.
    """

    @strawberry.subscription
    async def recommendation_changed(
        self, info: LiveInfo, account_id: _AccountId = None
    ) -> AsyncGenerator[RecommendationChange, None]:
        """Each recommendation to which something happened, once that is stored."""
        async with aclosing(
            _of_accounts(info.context, stored.Recommendation, Topic.RECOMMENDATION, account_id)
        ) as changes:
            async for event, record in changes:
                kind = RecommendationChangeKind(event.happened)
                yield RecommendationChange(change=kind, recommendation=Recommendation.of(record))

    @strawberry.subscription
    async def risk_changed(
        self, info: LiveInfo, account_id: _AccountId = None
    ) -> AsyncGenerator[RiskChange, None]:
        """Each risk to which something happened, once that is stored."""
        async with aclosing(_of_accounts(info.context, stored.Risk, Topic.RISK, account_id)) as changes:
            async for event, record in changes:
                yield RiskChange(change=RiskChangeKind(event.happened), risk=Risk.of(record))

    @strawberry.subscription
    async def account_plan_health_changed(
        self, info: LiveInfo, account_id: _AccountId = None
    ) -> AsyncGenerator[AccountPlanHealthChange, None]:
        """Each plan that was judged and stands otherwise than before, once that is stored.

        Plans are judged when they are approved, when a new day began, and when something of their account
        changed. How a plan stands at the moment of subscribing is in `AccountPlan.health`.
        """
        model = stored_plans.AccountPlan
        async with aclosing(_of_accounts(info.context, model, Topic.PLAN, account_id)) as changes:
            async for _, plan in changes:
                if (change := await last_change(plan)) is not None:
                    yield AccountPlanHealthChange.of(plan, change)

    @strawberry.subscription
    async def trend_changed(
        self, info: LiveInfo, account_id: _AccountId = None
    ) -> AsyncGenerator[TrendChange, None]:
        """Each trend that was recorded, corrected or moved, once that is stored."""
        model = stored_trends.Trend
        async with aclosing(_of_accounts(info.context, model, Topic.TREND, account_id)) as changes:
            async for event, trend in changes:
                yield TrendChange(change=TrendChangeKind(event.happened), trend=Trend.of(trend))

    @strawberry.subscription
    async def play_run_changed(
        self, info: LiveInfo, account_id: _AccountId = None
    ) -> AsyncGenerator[PlayRunChange, None]:
        """Each play that was started, went on or ended, once that is stored."""
        model = stored_plays.PlayRun
        async with aclosing(_of_accounts(info.context, model, Topic.PLAY_RUN, account_id)) as changes:
            async for event, run in changes:
                yield PlayRunChange(change=PlayRunChangeKind(event.happened), run=PlayRun.of(run))

    @strawberry.subscription
    async def evaluation_progress(
        self, info: LiveInfo, run_id: _RunId = None
    ) -> AsyncGenerator[EvaluationRun, None]:
        """Evaluations as they begin, get on and end: the caller's own, and those of whoever works below."""
        context, model = info.context, stored_rulebooks.EvaluationRun
        interest = Interest(context.actor.tenant_id, Topic.EVALUATION, run_id)
        async with aclosing(_changes(context, model, interest, model, "runId")) as changes:
            async for _, run in changes:
                yield EvaluationRun.of(run)
                if run_id is not None and run.state != RunState.RUNNING:
                    return


V = TypeVar(
    "V",
    stored.Recommendation,
    stored.Risk,
    stored_plans.AccountPlan,
    stored_trends.Trend,
    stored_plays.PlayRun,
)


async def _of_accounts(
    context: Live, model: type[V], topic: Topic, account_id: str | None
) -> AsyncGenerator[tuple[Event, V], None]:
    """What happens to records of a model that belong to accounts, of one account where it is named."""
    interest = Interest(context.actor.tenant_id, topic, account_id)
    async with aclosing(_changes(context, model, interest, Account, "accountId")) as changes:
        async for event, record in changes:
            if account_id in (None, record.account_id):
                yield event, record


async def _changes(
    context: Live, model: type[R], interest: Interest, of: type[Record], path: str
) -> AsyncGenerator[tuple[Event, R], None]:
    """Events with their records, looked up as the caller sees them at that moment.

    Where the part that is followed is a record of the model itself, it comes first, as it stands.

    Raises:
        NotFound: the caller may not see what is to be followed, a record of the model ``of``.
        TooSlow, Unauthenticated: as the client is told.
    """
    async with ANNOUNCEMENTS.follow(interest, context.most_waiting) as batches:
        if interest.part is not None:
            await context.renew()
            part = await find(of, context.actor, interest.part, path)
            if isinstance(part, model):
                yield Event(interest.tenant_id, interest.topic, part.id, part.id, Happened.MOVED), part
        async for events in _counted(batches):
            for event in await _in_sight(context, model, events):
                await context.renew()
                record = await context.loaders.one(model, event.record_id)
                metrics.EVENTS.labels("hidden" if record is None else "sent").inc()
                if record is not None:
                    yield event, record


async def _counted(batches: Batches) -> Batches:
    """The batches of a subscription, which counts as long as they come."""
    with metrics.SUBSCRIPTIONS.track_inprogress():
        try:
            async for events in batches:
                yield events
        except TooSlow:
            metrics.EVENTS.labels("dropped").inc()
            raise


async def _in_sight(context: Live, model: type[Record], events: list[Event]) -> list[Event]:
    """Those of many events that the caller may see now: what others work on costs one statement in all."""
    if len(events) == 1:
        return events
    await context.renew()
    found = await visible_records(model, context.actor, [event.record_id for event in events])
    seen = [event for event, record in zip(events, found, strict=True) if record]
    metrics.EVENTS.labels("hidden").inc(len(events) - len(seen))
    return seen

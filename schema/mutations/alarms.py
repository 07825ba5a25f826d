"""Having the engine judge a rule again."""

from __future__ import annotations

import strawberry

from commands import alarms
from models import rulebooks as stored
from schema.alarms import EngineAlarm
from schema.context import Info
from schema.core.errors import UserError
from schema.core.stored import column
from schema.mutations.translation import attempt


@strawberry.input
class ResolveEngineAlarmInput:
    """Which alarm is dealt with."""

    id: strawberry.ID = strawberry.field(description="The id of the alarm.")


@strawberry.type
class EngineAlarmPayload:
    """The alarm as it is now, or what was wrong."""

    alarm: EngineAlarm | None = column("As it is now; null when nothing was written.")
    errors: list[UserError] = column("What was wrong; empty when it was written.")


@strawberry.type
class AlarmMutations:
    """What managers do about alarms."""

    @strawberry.mutation
    async def resolve_engine_alarm(self, info: Info, input: ResolveEngineAlarmInput) -> EngineAlarmPayload:
        """Have the engine judge the rule again; if it is wrong again, there is another alarm."""
        actor, engine = info.context.actor, info.context.engine
        alarm, errors = await attempt(stored.EngineAlarm, lambda: alarms.resolve(actor, engine, input.id))
        return EngineAlarmPayload(alarm=EngineAlarm.of(alarm) if alarm else None, errors=errors)

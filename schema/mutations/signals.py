"""Recording observations, many at once."""

from __future__ import annotations

from datetime import date

import strawberry

from commands import signals
from commands.signals import Observation
from models.errors import BellwetherError
from models.signals import SignalKind
from schema.context import Info
from schema.core.cost import costs
from schema.core.errors import UserError, user_errors
from schema.core.stored import column
from schema.signals import Signal


@strawberry.input
class SignalInput:
    """One thing heard about an account; ``externalId`` makes recording it again harmless."""

    account_id: strawberry.ID = strawberry.field(description="The id of the account that it is about.")
    kind: SignalKind = strawberry.field(description="What kind of thing was observed.")
    summary: str = strawberry.field(
        description="What was heard, in a sentence or two: up to 1,000 characters, not blank."
    )
    observed_on: date = strawberry.field(description="The day on which it was observed, not in the future.")
    deal_id: strawberry.ID | None = strawberry.field(
        default=None,
        description="The id of the deal that it is about, one of the same account; default: none.",
    )
    contact_id: strawberry.ID | None = strawberry.field(
        default=None,
        description="The id of the person that it is about, one of the same account; default: none.",
    )
    external_id: str | None = strawberry.field(
        default=None,
        description="What the caller calls it, up to 200 characters: what was recorded under it before is"
        " answered as it stands. Default: it is recorded anew each time.",
    )

    def observation(self) -> Observation:
        """As the command takes it."""
        return Observation(**vars(self))


@strawberry.input
class RecordSignalsInput:
    """Up to 1,000 observations, recorded all or none."""

    signals: list[SignalInput] = strawberry.field(
        description="The observations, at most 1,000; one that is wrong keeps all from being recorded."
    )


@strawberry.type
class RecordSignalsPayload:
    """The signals in the order given, or why none was recorded."""

    signals: list[Signal] = column("The signals in the order given; none when something was wrong.")
    errors: list[UserError] = column("What was wrong; empty when it was written.")


@strawberry.type
class SignalMutations:
    """What clients do with signals."""

    @costs(50)
    @strawberry.mutation
    async def record_signals(self, info: Info, input: RecordSignalsInput) -> RecordSignalsPayload:
        """Record what was heard about accounts; those known by their ``externalId`` answer as they stand."""
        actor = info.context.actor
        try:
            recorded = await signals.record(actor, [signal.observation() for signal in input.signals])
        except BellwetherError as error:
            return RecordSignalsPayload(signals=[], errors=user_errors(error, "input"))
        return RecordSignalsPayload(signals=[Signal.of(signal) for signal in recorded], errors=[])

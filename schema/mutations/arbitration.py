"""Levers and limits: what managers want to be offered first, and how much."""

from __future__ import annotations

import strawberry
from strawberry import UNSET

from commands import arbitration
from models import access
from models import recommendations as stored
from schema.arbitration import ArbitrationLimits, Lever
from schema.context import Info
from schema.core.errors import UserError
from schema.core.stored import column
from schema.mutations.translation import READ_AT_IF_TOLD, attempt, columns


@strawberry.input
class SetLeverInput:
    """What is wanted more (or less) of: an action, a segment, or an action in a segment; and why."""

    percent: int = strawberry.field(
        description="What is put on top of priorities in percent, -75 to 300: 55 makes 1.55, -20 makes 0.8, 0"
        " nothing."
    )
    reason: str = strawberry.field(description="Why, up to 500 characters, not blank.")
    action: str | None = strawberry.field(
        default=None,
        description="The action that it is for, as rules name it: OPEN_RENEWAL. Default: all actions of the"
        " segment.",
    )
    segment: str | None = strawberry.field(
        default=None, description="The segment of accounts that it is for. Default: accounts of all segments."
    )


@strawberry.input
class ClearLeverInput:
    """Which lever is set to nothing."""

    id: strawberry.ID = strawberry.field(description="The id of the lever.")


@strawberry.input
class SetArbitrationLimitsInput:
    """The limits that change."""

    max_offers: int | None = strawberry.field(
        default=UNSET,
        description="How many open recommendations an account is offered at once, 1 to 1,000. Absent or null"
        " leaves it as it is.",
    )
    dismissal_days: int | None = strawberry.field(
        default=UNSET,
        description="For how many days what was dismissed does not come back, though it lapsed and returned,"
        " 1 to 1,000. Absent or null leaves it as it is.",
    )
    dismissals_until_pause: int | None = strawberry.field(
        default=UNSET,
        description="After how many dismissals of an action at an account it is not offered there, 1 to"
        " 1,000. Absent or null leaves it as it is.",
    )
    pause_days: int | None = strawberry.field(
        default=UNSET,
        description="Over how many days dismissals of an action at an account are counted, 1 to 1,000. Absent"
        " or null leaves it as it is.",
    )
    version: int | None = strawberry.field(default=None, description=READ_AT_IF_TOLD)


@strawberry.type
class LeverPayload:
    """The lever as it is now, or what was wrong."""

    lever: Lever | None = column("As it is now; null when nothing was written.")
    errors: list[UserError] = column("What was wrong; empty when it was written.")


@strawberry.type
class ArbitrationLimitsPayload:
    """The limits as they are now, or what was wrong."""

    limits: ArbitrationLimits | None = column(
        "As they are now; null when nothing was written, but for a conflict."
    )
    errors: list[UserError] = column("What was wrong; empty when it was written.")


@strawberry.type
class ArbitrationMutations:
    """What managers weigh."""

    @strawberry.mutation
    async def set_lever(self, info: Info, input: SetLeverInput) -> LeverPayload:
        """Want more or less of something from the next evaluation on."""
        actor = info.context.actor
        lever, errors = await attempt(
            stored.Lever,
            lambda: arbitration.set_lever(actor, input.percent, input.reason, input.action, input.segment),
        )
        return LeverPayload(lever=Lever.of(lever) if lever else None, errors=errors)

    @strawberry.mutation
    async def clear_lever(self, info: Info, input: ClearLeverInput) -> LeverPayload:
        """Set a lever to nothing."""
        actor = info.context.actor
        lever, errors = await attempt(stored.Lever, lambda: arbitration.clear_lever(actor, input.id))
        return LeverPayload(lever=Lever.of(lever) if lever else None, errors=errors)

    @strawberry.mutation
    async def set_arbitration_limits(
        self, info: Info, input: SetArbitrationLimitsInput
    ) -> ArbitrationLimitsPayload:
        """Change how many recommendations an account is offered; what is offered follows at once."""
        actor = info.context.actor
        given = {name: value for name, value in columns(actor, input).items() if isinstance(value, int)}
        tenant, errors = await attempt(
            access.Tenant, lambda: arbitration.set_limits(actor, given, input.version)
        )
        return ArbitrationLimitsPayload(
            limits=ArbitrationLimits.of(tenant) if tenant else None, errors=errors
        )

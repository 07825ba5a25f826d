"""Asking for projections before the week's are made, or of a past week."""

from __future__ import annotations

from datetime import date

import strawberry

from commands import projections
from schema.context import Info
from schema.core.errors import UserError
from schema.core.stored import column
from schema.mutations.translation import attempt


@strawberry.input
class RequestProjectionsInput:
    """As of which day deals are to be judged, and which week's forecasts projections are to stand beside."""

    on: date | None = strawberry.field(
        default=None,
        description="A day that is over: deals are judged as they were known by its end, and the quarter is"
        " projected in which the week of the next day begins. Default: yesterday (UTC).",
    )


@strawberry.type
class RequestProjectionsPayload:
    """The day as of which projections are asked for, or what was wrong."""

    on: date | None = column("The day as of which they will be made; null when they were not asked for.")
    errors: list[UserError] = column("What was wrong; empty when they were asked for.")


@strawberry.type
class ProjectionMutations:
    """What is learned from the past."""

    @strawberry.mutation
    async def request_projections(
        self, info: Info, input: RequestProjectionsInput
    ) -> RequestProjectionsPayload:
        """Have open deals judged, and a quarter projected where it is not yet, from the tenant's own past.

        A server takes it up within a minute and works beside everything else, for minutes where there are
        many deals. Figures that stand already stay, and so do judgements as of a later day.
        """
        on, errors = await attempt(date, lambda: projections.request(info.context.actor, input.on))
        return RequestProjectionsPayload(on=on, errors=errors)

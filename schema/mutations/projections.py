"""Asking for projections before the week's are made."""

from __future__ import annotations

from datetime import datetime

import strawberry

from commands import projections
from models.access import Tenant
from schema.context import Info
from schema.core.errors import UserError
from schema.core.stored import column
from schema.mutations.translation import attempt


@strawberry.type
class RequestProjectionsPayload:
    """Since when projections are asked for, or what was wrong."""

    requested_at: datetime | None = column("When they were asked for (UTC); null when they were not.")
    errors: list[UserError] = column("What was wrong; empty when they were asked for.")


@strawberry.type
class ProjectionMutations:
    """What is learned from the past."""

    @strawberry.mutation
    async def request_projections(self, info: Info) -> RequestProjectionsPayload:
        """Have open deals judged as of yesterday, and the quarter projected where it is not yet.

        A server takes it up within a minute and works beside everything else, for minutes where there are
        many deals. Figures of this week that stand already stay.
        """
        tenant, errors = await attempt(Tenant, lambda: projections.request(info.context.actor))
        return RequestProjectionsPayload(
            requested_at=tenant.projections_wanted if tenant else None, errors=errors
        )

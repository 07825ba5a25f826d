"""Saying of likely duplicates that they are not the same, and taking that back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import strawberry

from commands import duplicates
from models import accounts as stored
from schema.context import Info
from schema.core.errors import UserError
from schema.core.stored import column
from schema.duplicate_dismissals import DuplicateDismissal
from schema.mutations.translation import READ_AT_IF_TOLD, attempt


@strawberry.input
class DismissDuplicateInput:
    """Two accounts that are not the same; both are the caller's own, or of those below."""

    account_id: strawberry.ID = strawberry.field(description="The id of one of the accounts.")
    other_id: strawberry.ID = strawberry.field(description="The id of the other one.")
    because: str = strawberry.field(
        description="Why they are not the same, up to 1,000 characters, not blank."
    )


@strawberry.input
class RestoreDuplicateInput:
    """Which dismissal is taken back."""

    id: strawberry.ID = strawberry.field(description="The id of the dismissal.")
    version: int | None = strawberry.field(default=None, description=READ_AT_IF_TOLD)


@strawberry.type
class DuplicateDismissalPayload:
    """What was said as it is now, or why nothing was written."""

    dismissal: DuplicateDismissal | None = column(
        "As it is now; null when nothing was written, but for a conflict."
    )
    errors: list[UserError] = column("What was wrong; empty when it was written.")


@strawberry.type
class DuplicateMutations:
    """What clients do about accounts that are not the same."""

    @strawberry.mutation
    async def dismiss_duplicate(self, info: Info, input: DismissDuplicateInput) -> DuplicateDismissalPayload:
        """Say of two accounts that may be one that they are not; they are shown as duplicates no more.

        They come back when what they are alike in changes, or something is added to it.
        """
        actor = info.context.actor
        return await _payload(
            lambda: duplicates.dismiss(actor, input.account_id, input.other_id, input.because)
        )

    @strawberry.mutation
    async def restore_duplicate(self, info: Info, input: RestoreDuplicateInput) -> DuplicateDismissalPayload:
        """Take back that two accounts are not the same."""
        actor = info.context.actor
        return await _payload(lambda: duplicates.restore(actor, input.id, input.version))


async def _payload(
    command: Callable[[], Awaitable[stored.DuplicateDismissal]],
) -> DuplicateDismissalPayload:
    found, errors = await attempt(stored.DuplicateDismissal, command)
    return DuplicateDismissalPayload(dismissal=DuplicateDismissal.of(found) if found else None, errors=errors)

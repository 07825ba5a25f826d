"""Merging duplicate accounts, and undoing it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import strawberry

from commands import merging, unmerging
from models import accounts as stored
from models.base import Record
from schema.accounts import Account
from schema.context import Info
from schema.core.errors import UserError
from schema.core.stored import column
from schema.merges import AccountMerge
from schema.mutations.translation import IDEMPOTENCY_KEY, READ_AT, READ_AT_IF_TOLD, attempt


@strawberry.input
class MergeAccountsInput:
    """Two accounts that are one; both are the caller's own, or of those below."""

    into_id: strawberry.ID = strawberry.field(description="The id of the account that stays.")
    from_id: strawberry.ID = strawberry.field(
        description="The id of the duplicate, which becomes part of the other; from then on it leads there."
    )
    version: int = strawberry.field(description=f"Of the account that stays. {READ_AT}")
    from_version: int | None = strawberry.field(
        default=None, description=f"Of the duplicate. {READ_AT_IF_TOLD}"
    )
    idempotency_key: str | None = strawberry.field(default=None, description=IDEMPOTENCY_KEY)


@strawberry.input
class UndoMergeInput:
    """Which merge is undone; of several into one account the last goes first."""

    id: strawberry.ID = strawberry.field(description="The id of the merge.")
    version: int | None = strawberry.field(default=None, description=READ_AT_IF_TOLD)


@strawberry.type
class AccountMergePayload:
    """The merge as it is now, or why nothing was written."""

    merge: AccountMerge | None = column("As it is now; null when nothing was written, but for a conflict.")
    account: Account | None = column(
        "The account that stayed or that was given back; of a conflict the one that was changed meanwhile,"
        " null when that was none."
    )
    errors: list[UserError] = column("What was wrong; empty when it was written.")


@strawberry.type
class MergeMutations:
    """What clients do about duplicates."""

    @strawberry.mutation
    async def merge_accounts(self, info: Info, input: MergeAccountsInput) -> AccountMergePayload:
        """Make a duplicate part of another account, with all that refers to it; `undoMerge` gives it back.

        Repeated with the same `idempotencyKey`, it answers with the first merge.
        """
        actor = info.context.actor
        return await _payload(
            info,
            lambda: merging.merge(
                actor,
                input.into_id,
                input.from_id,
                input.version,
                input.from_version,
                idempotency_key=input.idempotency_key,
            ),
        )

    @strawberry.mutation
    async def undo_merge(self, info: Info, input: UndoMergeInput) -> AccountMergePayload:
        """Give a duplicate back as it was, with all that was its own; what changed since stays changed."""
        actor = info.context.actor
        return await _payload(info, lambda: unmerging.undo(actor, input.id, input.version))


async def _payload(info: Info, command: Callable[[], Awaitable[Record]]) -> AccountMergePayload:
    found, errors = await attempt(Record, command)
    merge = found if isinstance(found, stored.AccountMerge) else None
    account = found if isinstance(found, stored.Account) else None
    if merge is not None and not errors:
        shown = merge.account_id if merge.undone_at is None else merge.merged_id
        account = await info.context.loaders.one(stored.Account, shown)
    return AccountMergePayload(
        merge=AccountMerge.of(merge) if merge else None,
        account=Account.of(account) if account else None,
        errors=errors,
    )

"""Creating and changing accounts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date

import strawberry
from strawberry import UNSET

from commands import accounts
from models import accounts as stored
from models.accounts import Tier
from schema.accounts import Account
from schema.context import Info
from schema.core.errors import UserError
from schema.core.stored import column
from schema.mutations.translation import MoneyInput, attempt, columns, documented


@documented
@strawberry.input
class AccountInput:
    """What an account may say besides its name."""

    parent_id: strawberry.ID | None = UNSET
    owner_id: strawberry.ID | None = UNSET
    segment: str | None = UNSET
    industry: str | None = UNSET
    tier: Tier | None = UNSET
    country: str | None = UNSET
    region: str | None = UNSET
    employees: int | None = UNSET
    overdue: MoneyInput | None = UNSET
    overdue_since: date | None = UNSET


@documented
@strawberry.input
class CreateAccountInput(AccountInput):
    """A new account; without an owner it is the caller's own."""

    name: str
    idempotency_key: str | None = None


@documented
@strawberry.input
class UpdateAccountInput(AccountInput):
    """Changes of an account that was read at ``version``: what is absent stays, null clears."""

    id: strawberry.ID
    version: int
    name: str | None = UNSET


@documented
@strawberry.type
class AccountPayload:
    """The account as it is now, or why nothing was written."""

    account: Account | None = column("As it is now; null when nothing was written, but for a conflict.")
    errors: list[UserError] = column("What was wrong; empty when it was written.")


@documented
@strawberry.type
class AccountMutations:
    """What clients do with accounts."""

    @strawberry.mutation
    async def create_account(self, info: Info, input: CreateAccountInput) -> AccountPayload:
        """Create an account; repeated with the same ``idempotencyKey``, answer with the first one."""
        actor = info.context.actor
        return await _payload(
            lambda: accounts.create(actor, columns(actor, input), idempotency_key=input.idempotency_key)
        )

    @strawberry.mutation
    async def update_account(self, info: Info, input: UpdateAccountInput) -> AccountPayload:
        """Change an account; CONFLICT, with its present state, when its version is another."""
        actor = info.context.actor
        return await _payload(lambda: accounts.update(actor, input.id, input.version, columns(actor, input)))


async def _payload(command: Callable[[], Awaitable[stored.Account]]) -> AccountPayload:
    account, errors = await attempt(stored.Account, command)
    return AccountPayload(account=Account.of(account) if account else None, errors=errors)

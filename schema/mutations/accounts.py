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
from schema.mutations.translation import IDEMPOTENCY_KEY, READ_AT, MoneyInput, attempt, columns


@strawberry.input
class AccountInput:
    """What an account may say besides its name."""

    parent_id: strawberry.ID | None = strawberry.field(
        default=UNSET,
        description="The id of the account above it, which may not be the account itself or one below it;"
        " null for none.",
    )
    owner_id: strawberry.ID | None = strawberry.field(
        default=UNSET,
        description="The id of the active user who carries it; null for nobody. Directors and managers name"
        " somebody in their own team.",
    )
    segment: str | None = strawberry.field(
        default=UNSET,
        description="The segment that the operator puts it in, up to 60 characters; null for none.",
    )
    industry: str | None = strawberry.field(
        default=UNSET,
        description="The industry that it works in, up to 100 characters; null when it is not known.",
    )
    tier: Tier | None = strawberry.field(
        default=UNSET,
        description="How much attention the operator gives it, never null; STANDARD for a new account unless"
        " given.",
    )
    country: str | None = strawberry.field(
        default=UNSET,
        description="The country that it is in, up to 100 characters; null when it is not known.",
    )
    region: str | None = strawberry.field(
        default=UNSET,
        description="The part of the country or of the operator's network that it is in, up to 100"
        " characters; null when it is not known.",
    )
    city: str | None = strawberry.field(
        default=UNSET,
        description="The city that it is in, up to 100 characters; null when it is not known.",
    )
    registration_number: str | None = strawberry.field(
        default=UNSET,
        description="Its number in the register that it stands in, as of companies or of taxes, up to 60"
        " characters; null when it is not known.",
    )
    domain: str | None = strawberry.field(
        default=UNSET,
        description="The domain of its mails and pages, as in nordwind.example, up to 253 characters; null"
        " when it is not known.",
    )
    employees: int | None = strawberry.field(
        default=UNSET, description="How many people work there, 0 or more; null when it is not known."
    )
    sites: int | None = strawberry.field(
        default=UNSET, description="At how many places it works, 0 or more; null when it is not known."
    )
    overdue: MoneyInput | None = strawberry.field(
        default=UNSET,
        description="What it owes past its due date, in all, never null; 0 for a new account unless given.",
    )
    overdue_since: date | None = strawberry.field(
        default=UNSET,
        description="The day since when the oldest of that is due; null when nothing is, or it is not known.",
    )


@strawberry.input
class CreateAccountInput(AccountInput):
    """A new account; without an owner it is the caller's own."""

    name: str = strawberry.field(description="The account's name, up to 200 characters, not blank.")
    idempotency_key: str | None = strawberry.field(default=None, description=IDEMPOTENCY_KEY)


@strawberry.input
class UpdateAccountInput(AccountInput):
    """Changes of an account that was read at ``version``: what is absent stays, null clears."""

    id: strawberry.ID = strawberry.field(description="The id of the account.")
    version: int = strawberry.field(description=READ_AT)
    name: str | None = strawberry.field(
        default=UNSET, description="The account's name, up to 200 characters, neither blank nor null."
    )


@strawberry.type
class AccountPayload:
    """The account as it is now, or why nothing was written."""

    account: Account | None = column("As it is now; null when nothing was written, but for a conflict.")
    errors: list[UserError] = column("What was wrong; empty when it was written.")


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

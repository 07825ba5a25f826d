"""Making and revoking API keys, delegating to assistants and ending that."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date

import strawberry

from commands import delegations, keys
from models import access as stored
from models.access import Scope
from schema.context import Info
from schema.core.errors import UserError
from schema.core.stored import column
from schema.mutations.translation import attempt
from schema.signing_in import ApiKey, Delegation


@strawberry.input
class CreateApiKeyInput:
    """A new key for an integration."""

    user_id: strawberry.ID = strawberry.field(description="The integration that it speaks for: a user's id.")
    name: str = strawberry.field(description="What it is for, up to 200 characters.")
    scopes: list[Scope] = strawberry.field(description="What it may be used for; one at least.")
    days: int = strawberry.field(default=keys.DAYS, description="For how many days it is good, 1 to 400.")
    idempotency_key: str | None = strawberry.field(
        default=None,
        description="A text of the caller's choice: asking again with it makes no second key."
        " Absent or null: each time a new key is made.",
    )


@strawberry.input
class RevokeApiKeyInput:
    """Which key is taken out of use."""

    id: strawberry.ID = strawberry.field(description="The key's id.")


@strawberry.input
class DelegateInput:
    """Who acts on whose behalf, and until when."""

    assistant_id: strawberry.ID = strawberry.field(description="Who acts: the id of an ASSISTANT.")
    principal_id: strawberry.ID | None = strawberry.field(
        default=None,
        description="On whose behalf: the id of a DIRECTOR or MANAGER. Null: the caller's. Administrators"
        " delegate for others.",
    )
    good_until: date | None = strawberry.field(
        default=None, description="The last day (UTC) on which it is good; null: until it is ended."
    )


@strawberry.input
class EndDelegationInput:
    """Which delegation ends."""

    id: strawberry.ID = strawberry.field(description="The delegation's id.")


@strawberry.type
class CreateApiKeyPayload:
    """The new key with its secret, or what was wrong."""

    api_key: ApiKey | None = column("The key; null when none was made.")
    secret: str | None = column(
        "What the integration sends as `Authorization: Bearer bwk_…`. It is shown this once and kept nowhere:"
        " null when nothing was made, also when an `idempotencyKey` found the key that was made before."
    )
    errors: list[UserError] = column("What was wrong; empty when it was made.")


@strawberry.type
class ApiKeyPayload:
    """The key as it is now, or what was wrong."""

    api_key: ApiKey | None = column("As it is now; null when nothing was written.")
    errors: list[UserError] = column("What was wrong; empty when it was written.")


@strawberry.type
class DelegationPayload:
    """The delegation as it is now, or what was wrong."""

    delegation: Delegation | None = column("As it is now; null when nothing was written.")
    errors: list[UserError] = column("What was wrong; empty when it was written.")


@strawberry.type
class SigningInMutations:
    """By what integrations sign in, and who acts on whose behalf."""

    @strawberry.mutation
    async def create_api_key(self, info: Info, input: CreateApiKeyInput) -> CreateApiKeyPayload:
        """Make an API key for an integration and show its secret, once. For administrators."""
        actor, secrets = info.context.actor, list[str | None]()

        async def make() -> stored.ApiKey:
            made = await keys.create(
                actor,
                input.user_id,
                input.name,
                input.scopes,
                input.days,
                idempotency_key=input.idempotency_key,
            )
            secrets.append(made.secret)
            return made.key

        key, errors = await attempt(stored.ApiKey, make)
        secret = secrets[0] if secrets else None
        return CreateApiKeyPayload(api_key=ApiKey.of(key) if key else None, secret=secret, errors=errors)

    @strawberry.mutation
    async def revoke_api_key(self, info: Info, input: RevokeApiKeyInput) -> ApiKeyPayload:
        """Take an API key out of use, within a second; doing it again is harmless. For administrators."""
        actor = info.context.actor
        key, errors = await attempt(stored.ApiKey, lambda: keys.revoke(actor, input.id))
        return ApiKeyPayload(api_key=ApiKey.of(key) if key else None, errors=errors)

    @strawberry.mutation
    async def delegate(self, info: Info, input: DelegateInput) -> DelegationPayload:
        """Have an assistant act on somebody's behalf; doing it again renews it, to another day perhaps."""
        actor = info.context.actor
        return await _delegation(
            lambda: delegations.delegate(actor, input.assistant_id, input.principal_id, input.good_until)
        )

    @strawberry.mutation
    async def end_delegation(self, info: Info, input: EndDelegationInput) -> DelegationPayload:
        """End a delegation, within a second; again, nothing happens. For the principal and administrators."""
        actor = info.context.actor
        return await _delegation(lambda: delegations.end(actor, input.id))


async def _delegation(command: Callable[[], Awaitable[stored.Delegation]]) -> DelegationPayload:
    found, errors = await attempt(stored.Delegation, command)
    return DelegationPayload(delegation=Delegation.of(found) if found else None, errors=errors)

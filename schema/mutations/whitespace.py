"""Saying what accounts could buy, and which product families go together."""

from __future__ import annotations

from datetime import date

import strawberry

from commands import whitespace
from models import catalog
from models import whitespace as stored
from models.catalog import Compatibility
from schema.context import Info
from schema.core.errors import UserError
from schema.core.stored import column
from schema.mutations.translation import MoneyInput, attempt, minor
from schema.whitespace import AccountPotential, CompatibilityRule

_ON = "The business day of it, not in the future and not before what was said last; default: today (UTC)."


@strawberry.input
class SetPotentialInput:
    """What an account could pay a month for a product family; it replaces what was said before."""

    account_id: strawberry.ID = strawberry.field(
        description="The id of the account, which the caller owns or manages."
    )
    product_family: str = strawberry.field(description="The family, which a product is of.")
    mrc: MoneyInput = strawberry.field(description="What it could pay a month.")
    because: str = strawberry.field(description="Why, up to 1,000 characters, not blank.")
    on: date | None = strawberry.field(default=None, description=_ON)


@strawberry.input
class RemovePotentialInput:
    """A potential that is taken back: what peers buy counts again."""

    id: strawberry.ID = strawberry.field(description="The id of the potential.")
    on: date | None = strawberry.field(default=None, description=_ON)


@strawberry.type
class AccountPotentialPayload:
    """The potential as it is now, or what was wrong."""

    potential: AccountPotential | None = column("As it is now; null when nothing was written.")
    errors: list[UserError] = column("What was wrong; empty when it was written.")


@strawberry.input
class SetCompatibilityInput:
    """How a product family goes with another one; it replaces what was said of the two before."""

    family: str = strawberry.field(description="The family that excludes or requires the other one.")
    other_family: str = strawberry.field(description="The family that is excluded or required.")
    kind: Compatibility | None = strawberry.field(
        default=None, description="How the two go together; null: neither excludes nor requires the other."
    )
    because: str | None = strawberry.field(
        default=None, description="Why, up to 500 characters; null for nothing."
    )


@strawberry.type
class CompatibilityRulePayload:
    """The rule as it is now, or what was wrong."""

    rule: CompatibilityRule | None = column("As it is now; null when nothing was written.")
    errors: list[UserError] = column("What was wrong; empty when it was written.")


@strawberry.type
class WhitespaceMutations:
    """What clients say of whitespace."""

    @strawberry.mutation
    async def set_potential(self, info: Info, input: SetPotentialInput) -> AccountPotentialPayload:
        """Say what an account could pay for a product family; it is told beside what peers buy.

        In the audit trail it is `whitespace.set_potential`.
        """
        actor = info.context.actor

        async def said() -> stored.AccountPotential:
            amount = minor(actor, input.mrc, "mrc")
            assert amount is not None
            return await whitespace.set_potential(
                actor, input.account_id, input.product_family, amount, input.because, on=input.on
            )

        found, errors = await attempt(stored.AccountPotential, said)
        return AccountPotentialPayload(potential=AccountPotential.of(found) if found else None, errors=errors)

    @strawberry.mutation
    async def remove_potential(self, info: Info, input: RemovePotentialInput) -> AccountPotentialPayload:
        """Take back what was said of a potential."""
        actor = info.context.actor
        found, errors = await attempt(
            stored.AccountPotential, lambda: whitespace.remove_potential(actor, input.id, on=input.on)
        )
        return AccountPotentialPayload(potential=AccountPotential.of(found) if found else None, errors=errors)

    @strawberry.mutation
    async def set_compatibility(self, info: Info, input: SetCompatibilityInput) -> CompatibilityRulePayload:
        """Say how a product family goes with another one: what cannot be sold is no whitespace."""
        actor = info.context.actor
        found, errors = await attempt(
            catalog.CompatibilityRule,
            lambda: whitespace.set_compatibility(
                actor, input.family, input.other_family, input.kind, input.because
            ),
        )
        return CompatibilityRulePayload(rule=CompatibilityRule.of(found) if found else None, errors=errors)

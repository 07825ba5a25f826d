"""From GraphQL input to a command's values, and from what a command raises to errors that are values."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import fields
from decimal import Decimal
from typing import TYPE_CHECKING, TypeVar

import strawberry
from strawberry import UNSET

from commands.validation import LARGEST, MONEY_NAMES, api_name, check_currency
from models.access import Actor
from models.errors import BellwetherError, Conflict, Invalid, Unavailable, under
from schema.core.errors import UserError, user_errors

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T")
#: Inputs that say which record and under which conditions, not what it becomes.
ADDRESS = frozenset({"id", "version", "idempotency_key"})
#: What clients are told of these.
READ_AT = "The version at which it was read; CONFLICT, and nothing is written, when it has changed since."
READ_AT_IF_TOLD = f"{READ_AT} Default: whichever it is at."
IDEMPOTENCY_KEY = (
    "What the caller calls this creation, up to 200 characters. Sent again with the same input it answers"
    " with what was created first; INVALID with another input. Default: sent again, it creates another one."
)


@strawberry.input
class MoneyInput:
    """An amount in the tenant's currency; none is converted."""

    amount: Decimal = strawberry.field(
        description="In whole units with at most two places, from 0: 1932466.00."
    )
    currency: str | None = strawberry.field(
        default=None,
        description="The tenant's currency, by its ISO 4217 code; INVALID for another; default: the same.",
    )


def columns(actor: Actor, given: DataclassInstance) -> dict[str, object]:
    """The model columns that an input sets: what is absent stays as it is, null clears.

    Raises:
        Invalid: money that is no amount of the tenant's currency.
    """
    values: dict[str, object] = {}
    for field in fields(given):
        value = getattr(given, field.name)
        if value is UNSET or field.name in ADDRESS:
            continue
        if (name := api_name(field.name)) in MONEY_NAMES:
            values[f"{field.name}_minor"] = minor(actor, value, name)
        else:
            values[field.name] = value
    return values


def minor(actor: Actor, money: MoneyInput | None, path: str) -> int | None:
    """Money as the integer that is stored; null stays null.

    Raises:
        Invalid: not a number, negative, too large, a fraction of a cent, or of another currency.
    """
    if money is None:
        return None
    with under(path):
        check_currency(actor, money.currency, "currency")
    return minor_units(money.amount, path)


def minor_units(amount: Decimal, path: str) -> int:
    """An amount in whole units of a currency as the integer that is stored.

    Raises:
        Invalid: not a number, negative, too large, or a fraction of a cent.
    """
    if not amount.is_finite() or not 0 <= amount <= LARGEST:
        raise Invalid(f"{path} is out of range; allowed: 0 to {LARGEST:,}", [path])
    if amount != round(amount, 2):
        raise Invalid(f"{path} has more than two decimals", [path])
    return int(amount * 100)


async def attempt(kind: type[T], command: Callable[[], Awaitable[T]]) -> tuple[T | None, list[UserError]]:
    """What a command gives, or its errors as values; with a conflict, the record as it stands.

    Raises:
        Unavailable: which is no fault of the input.
    """
    try:
        return await command(), []
    except Unavailable:
        raise
    except BellwetherError as error:
        current = error.current if isinstance(error, Conflict) else None
        return current if isinstance(current, kind) else None, user_errors(error, "input")

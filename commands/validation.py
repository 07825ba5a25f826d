"""Checks of input values against the columns they go into, before anything is written."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import Enum

from tortoise import fields

from models.access import Actor, User
from models.base import Record, called, check_day, fits
from models.errors import Invalid, NotFound
from models.visibility import sees

#: The largest amount in minor units; also the largest integer that every client can hold exactly.
MAX_MINOR = 2**53 - 1
#: The same in whole units.
LARGEST = Decimal(MAX_MINOR) / 100
MAX_INT = 2**31 - 1


def validate(model: type[Record], values: Mapping[str, object]) -> None:
    """Raise Invalid, naming the field, for a value that its column cannot or should not hold.

    Text is not blank and fits; money is not negative; integers and dates are in range; nulls only where
    allowed.
    """
    for name, value in values.items():
        check_value(model, name, value, api_name(name))


def check_value(model: type[Record], name: str, value: object, path: str) -> None:
    """Raise Invalid for a value that the column ``name`` cannot or should not hold, naming it ``path``."""
    column = model._meta.fields_map[name]
    if value is None:
        if not column.null:
            raise Invalid(f"{path} may not be null", [path])
    elif isinstance(value, str) and not isinstance(value, Enum):
        _check_text(column, path, value)
    elif isinstance(value, int) and not isinstance(value, bool):
        _check_number(path, value)
    elif isinstance(value, date):
        check_day(value.date() if isinstance(value, datetime) else value, path)


def _check_text(column: fields.Field[object], path: str, value: str) -> None:
    if not value.strip():
        raise Invalid(f"{path} may not be blank", [path])
    if "\x00" in value:
        raise Invalid(f"{path} may not contain a NUL character", [path])
    limit = getattr(column, "max_length", None)
    if limit is not None and len(value) > limit:
        raise Invalid(f"{path} has {len(value):,} characters; allowed: {limit:,}", [path])


def _check_number(path: str, value: int) -> None:
    limit = MAX_MINOR if path in MONEY_NAMES else MAX_INT
    if not 0 <= value <= limit:
        raise Invalid(f"{path} is out of range; allowed: 0 to {limit}", [path])


#: How money columns are called by clients; ``amount_minor`` is ``amount`` there.
MONEY_NAMES = frozenset(
    {
        *("amount", "mrc", "nrc", "overdue", "listPrice", "unitPrice", "charge", "price"),
        *("listed", "floor", "offered", "cost"),
        "revenueTarget",
    }
)


def api_name(column: str) -> str:
    """A column's name as clients know it: camel case, money without its unit."""
    head, *rest = column.removesuffix("_minor").split("_")
    return head + "".join(part.title() for part in rest)


async def check_reference(actor: Actor, model: type[Record], record_id: object, path: str) -> None:
    """Raise NotFound when ``record_id`` names nothing that the actor may see; null passes."""
    if record_id is not None and not await sees(model, actor, str(record_id)):
        raise NotFound(f"no {called(model)} {record_id!r}", [path])


async def active_user(actor: Actor, user_id: str, path: str) -> User:
    """The active user of the actor's tenant with this id.

    Raises:
        NotFound: there is none.
    """
    known = User.filter(id=user_id, tenant_id=actor.tenant_id, active=True)
    user = await known.first() if fits(User, "id", user_id) else None
    if user is None:
        raise NotFound(f"no active user {user_id!r}", [path])
    return user


def check_currency(actor: Actor, currency: str | None, path: str) -> None:
    """Raise Invalid for money in another currency than the tenant's; nothing here converts."""
    if currency is not None and currency != actor.currency:
        raise Invalid(f"{path} is in {currency}; this tenant keeps its books in {actor.currency}", [path])

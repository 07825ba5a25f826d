"""When something last happened at accounts: records that began, and states and amounts that moved.

What is merely written about an account, such as notes, next steps and phone numbers, is nothing that happens.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from tortoise import Tortoise

from models.base import Record, Sourced
from models.database import fetch, listed, one_of
from models.history import CREATED
from models.people import Contact, Interaction
from models.services import UsageMonth

#: What comes about without anybody, or is only known of somebody.
_LEFT_OUT: tuple[type[Record], ...] = (UsageMonth, Contact)
#: The columns in which something that happened shows, where a model has them.
_MOVING = (
    "state",
    "stage",
    "amount_minor",
    "mrc_minor",
    "nrc_minor",
    "terminated_on",
    "resolved_on",
    "started_on",
)


async def moved_on(tenant_id: str, account_ids: Sequence[str], as_of: date) -> dict[str, date]:
    """The last day, until a date, on which something happened at each of these accounts, by their ids.

    One without anything is left out.
    """
    if not account_ids:
        return {}
    days = " union all ".join(part for model in _models() for part in _days(model))
    rows = await fetch(
        f"select m.account, max(m.day) as day from ({days}) m where m.day <= :as_of group by m.account",
        {"tenant": tenant_id, "as_of": as_of, "accounts": listed(account_ids)},
    )
    return {str(row["account"]): _day(row["day"]) for row in rows}


def _models() -> list[type[Record]]:
    assert Tortoise.apps is not None
    return sorted(
        (
            model
            for model in Tortoise.apps.get_models_iterable()
            if issubclass(model, Sourced)
            and "account_id" in model._meta.db_fields
            and not issubclass(model, _LEFT_OUT)
        ),
        key=lambda model: model._meta.db_table,
    )


def _days(model: type[Record]) -> list[str]:
    """Statements of accounts and days on which records of a model began, and moved."""
    table = model._meta.db_table
    began = "happened_on" if model is Interaction else "valid_from"
    rows = f"t.tenant_id = :tenant and {one_of('t.account_id', 'accounts')}"
    parts = [f'select t.account_id as account, t.{began} as day from "{table}" t where {rows}']
    if model is not Interaction:
        names = [CREATED, *(name for name in _MOVING if name in model._meta.fields_map)]
        moving = ", ".join(f"'{name}'" for name in names)
        parts.append(
            f'select t.account_id as account, c.effective_on as day from "{table}" t'
            f" join change c on c.tenant_id = t.tenant_id and c.entity_id = t.id and c.entity = '{table}'"
            f" and c.field in ({moving}) where {rows}"
        )
    return parts


def _day(value: object) -> date:
    return value if isinstance(value, date) else date.fromisoformat(str(value)[:10])

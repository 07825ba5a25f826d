"""How fact kinds are declared: shorthand for fields, and conditions that several kinds say alike.

The SQL of a field is an expression over the kind's rows (``t``) as of ``:as_of``; ``DAYS(later, earlier)`` is
said in the dialect when it is run. Missing stays missing: null is never turned into a number.
"""

from __future__ import annotations

import re
from enum import StrEnum

from models.accounts import Account
from models.asof import as_of_rows
from models.base import Record
from models.catalog import Product
from models.revenue import RUNNING
from models.view import WHOLE, View
from rules.registry import FactField, FactKind, FieldType, Rows


def number(
    name: str, unit: str, meaning: str, sql: str, minimum: float | None = None, maximum: float | None = None
) -> FactField:
    """A number in a unit, with the range that it can have."""
    return FactField(name, FieldType.NUMBER, unit, meaning, sql, minimum, maximum)


def money(name: str, meaning: str, sql: str) -> FactField:
    """An amount in minor units, never below nothing."""
    return FactField(name, FieldType.MONEY, "minor units", meaning, sql, minimum=0)


def days(name: str, meaning: str, sql: str, minimum: float | None = None) -> FactField:
    """A whole number of days, relative to the as-of date unless the meaning says otherwise."""
    return FactField(name, FieldType.DAYS, "days", meaning, sql, minimum)


def text(name: str, meaning: str, sql: str, values: type[StrEnum] | None = None) -> FactField:
    """A text, or one of the values of an enumeration."""
    allowed = tuple(value.value for value in values) if values else None
    return FactField(name, FieldType.STRING, "", meaning, sql, values=allowed)


def flag(name: str, meaning: str, sql: str) -> FactField:
    """Whether a condition holds; never missing."""
    return FactField(name, FieldType.BOOLEAN, "", meaning, f"(case when {sql} then 1 else 0 end)")


def identity(name: str, meaning: str, sql: str) -> FactField:
    """The id of another record."""
    return FactField(name, FieldType.ID, "", meaning, sql)


def kind(name: str, meaning: str, rows: Rows, *fields: FactField) -> FactKind:
    """A kind of fact, which is called by its ``name`` field."""
    return FactKind(name, meaning, {field.name: field for field in fields}, "name", rows)


_COLUMN = re.compile(r"\bt\.(\w+)")


def columns_in(*sql: str) -> list[str]:
    """The columns of rows ``t`` that expressions speak of, but for those that every row has."""
    spoken = {column for each in sql for column in _COLUMN.findall(each)}
    return sorted(spoken - {"id", "tenant_id"})


def stored(model: type[Record], *sql: str, view: View = WHOLE) -> str:
    """A subquery, called ``t``, of the rows as of ``:as_of`` with the columns that ``sql`` speaks of.

    ``AMONG(…)`` stands for the accounts whose facts are gathered, ``CHANGED(deal, column)`` for the changes
    ``c`` of a column of their deals until the date, with a condition.
    """
    return f"{as_of_rows(model, columns_in(*sql), view, _changes_of(model))} t"


def _changes_of(model: type[Record]) -> str:
    """That a change is of a record of the accounts whose facts are gathered."""
    if model is Account:
        return "AMONG(c.entity_id)"
    if "account_id" not in model._meta.db_fields:
        return ""
    table = model._meta.db_table
    return f'c.entity_id in (select id from "{table}" where tenant_id = :tenant and AMONG(account_id))'


def per_account(model: type[Record], select: str, where: str, view: View) -> str:
    """A subquery of aggregates over the model's rows as of ``:as_of``, one row for each account.

    ``AMONG(t.account_id)`` stands for the accounts whose facts are gathered.
    """
    rows = stored(model, select, where, "t.account_id", view=view)
    return (
        f"(select t.account_id, {select} from {rows} where {where} and AMONG(t.account_id)"
        " group by t.account_id)"
    )


def owners(view: View) -> str:
    """A subquery of the accounts as of ``:as_of``: their ids, and whose they are."""
    rows = stored(Account, "t.owner_id", view=view)
    return f"(select t.id, t.owner_id from {rows} where AMONG(t.id))"


def and_known(condition: str, view: View) -> str:
    """A further condition of a WHERE that counts where only what was known does."""
    return f" and {condition}" if view.known else ""


def products(view: View) -> str:
    """A subquery of the products as of ``:as_of``: what they are called, and how they are charged."""
    columns = "t.id, t.name, t.family, t.charge"
    return f"(select {columns} from {stored(Product, columns, view=view)})"


CURRENCY = text("currency", "ISO 4217 code of the fact's money", "t.currency")
#: A contract that has begun, has not ended and was not terminated.
ACTIVE = RUNNING
#: A deal that can still be won.
OPEN = "t.stage not in ('WON', 'LOST')"
#: A person whose data had not been erased by then: rules do not speak of others.
KEPT = "t.erased_at is null"

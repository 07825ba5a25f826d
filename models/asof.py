"""Rows as they were on a past business date, rebuilt in SQL from the current row and the change log."""

from __future__ import annotations

from tortoise import fields

from models.base import Record
from models.database import is_sqlite

#: Columns that say what a record belongs to, where it came from and who sees it: taken as they are now.
FIXED = frozenset({"account_id", "deal_id", "source", "confidential"})


def as_of_rows(model: type[Record], columns: list[str]) -> str:
    """A subquery with ``id``, ``tenant_id`` and ``columns`` of ``model`` as of ``:as_of`` (a date).

    Parameters it needs: ``:tenant``, ``:as_of``. A column's value is the ``old`` of its earliest change
    after the date, or the current value when there was none; rows that began after the date are left
    out. Two changes on one day are ordered by when they were recorded.
    """
    table = model._meta.db_table
    tracked = [column for column in columns if column not in FIXED]
    values = "".join(
        f", case when l.n_{c} = 1 then {_typed(model, c, f'l.v_{c}')} else t.{c} end as {c}" for c in tracked
    )
    fixed = "".join(f", t.{c}" for c in columns if c not in tracked)
    starts = (
        "and (t.valid_from is null or t.valid_from <= :as_of)"
        if "valid_from" in model._meta.fields_map
        else ""
    )
    return (
        f'(select t.id, t.tenant_id{fixed}{values} from "{table}" t{_later(table, tracked)}'
        f" where t.tenant_id = :tenant {starts})"
    )


def _later(table: str, columns: list[str]) -> str:
    """A join, called ``l``, with what each column was before its earliest change after the date."""
    if not columns:
        return ""
    seen = ", ".join(
        f"max(case when field = '{c}' then 1 end) as n_{c},"
        f" max(case when field = '{c}' then old end) as v_{c}"
        for c in columns
    )
    names = ", ".join(f"'{column}'" for column in columns)
    return (
        f" left join (select entity_id, {seen} from (select entity_id, field, old, row_number() over"
        " (partition by entity_id, field order by effective_on, created_at, seq) as rn from change"
        f" where tenant_id = :tenant and entity = '{table}' and effective_on > :as_of"
        f" and field in ({names})) c"
        " where rn = 1 group by entity_id) l on l.entity_id = t.id"
    )


def text_as_of(model: type[Record], column: str, alias: str) -> str:
    """A text column of the row ``alias`` of ``model`` as of ``:as_of``: for few rows, each looked up alone.

    Parameters it needs: ``:tenant``, ``:as_of``. An empty text is as good as none.
    """
    return (
        "nullif(coalesce((select coalesce(c.old, '') from change c where c.tenant_id = :tenant"
        f" and c.entity = '{model._meta.db_table}' and c.entity_id = {alias}.id and c.field = '{column}'"
        " and c.effective_on > :as_of order by c.effective_on, c.created_at, c.seq limit 1),"
        f" {alias}.{column}), '')"
    )


def _typed(model: type[Record], column: str, text: str) -> str:
    """SQL that turns a change's text into the column's type."""
    field = model._meta.fields_map[column]
    if isinstance(field, fields.BooleanField):
        return f"({text} = 'true')" if not is_sqlite() else f"(case {text} when 'true' then 1 else 0 end)"
    if isinstance(field, fields.BigIntField | fields.IntField):
        return f"cast({text} as bigint)"
    if isinstance(field, fields.FloatField):
        return f"cast({text} as double precision)"
    if isinstance(field, fields.DateField) and not is_sqlite():
        return f"cast({text} as date)"
    return text

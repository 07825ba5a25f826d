"""The SQL under the facts: where each kind's rows come from as of a date, and what their values are to us."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal

from models.asof import log_of
from models.database import Param, as_int, is_sqlite, listed, one_of
from models.deals import Deal
from models.services import first_of_month, months_before
from models.view import WHOLE, View
from rules.kinds.declaring import stored
from rules.reference import Fact
from rules.registry import FactField, FactKind, FieldType
from rules.tree import Scalar

#: Ratios are rounded so that both databases give the same number.
RATIO_PLACES = 6
#: A look-up that means nothing where no accounts are chosen.
_EVERY = re.compile(
    r'c\.entity_id in \(select id from "\w+" where tenant_id = :tenant and AMONG\(account_id\)\)'
)
_CHANGED = re.compile(r"\bCHANGED\(deal, (\w+)\)")
_AMONG = re.compile(r"\bAMONG\(([^()]+)\)")
#: The parameters that differ from day to day.
_OF_DAY = re.compile(r":(as_of|this_month|(?:month|day)_\d+|found_[a-z_]+)\b")


def rows_of(kind: FactKind, spoken: Iterable[str], *, chosen: bool = False, view: View = WHOLE) -> str:
    """The FROM and WHERE of a kind's facts, rows called ``t``, with what the expressions speak of.

    Parameters it needs: those of ``parameters``; ``chosen`` gives only facts of the accounts named there.
    """
    rows = kind.rows
    assert rows
    wanted = " ".join((*spoken, rows.account, rows.where))
    joins = {name: join for name, join in rows.joins.items() if re.search(rf"\b{name}\.", wanted)}
    if rows.model:
        source = stored(rows.model, wanted, *(on for _, on in joins.values()), view=view)
    else:
        assert rows.subquery
        source = rows.subquery(view)
    for name, (subquery, on) in joins.items():
        source += f" left join {subquery(view)} {name} on {on}"
    where = rows.where if rows.narrowed else f"{rows.where} and AMONG({rows.account})"
    if chosen:
        said = _CHANGED.sub(lambda found: _changes_of_some(found[1]), f"{source} where {where}")
        return _AMONG.sub(lambda found: among(found[1]), said)
    return of_all(f"{source} where {where}")


def of_all(sql: str) -> str:
    """SQL of declarations where no accounts are chosen."""
    said = _CHANGED.sub(lambda found: f"{log_of(Deal, found[1])} and c.effective_on <= :as_of", sql)
    return _AMONG.sub("1 = 1", _EVERY.sub("1 = 1", said))


def _changes_of_some(column: str) -> str:
    """The changes of deals of chosen accounts, deal by deal.

    With its signs SQLite does not read the log of the whole tenant by its days.
    """
    sign = "+" if is_sqlite() else ""
    return (
        f"change c where c.tenant_id = :tenant and {sign}c.entity = 'deal' and c.entity_id in"
        " (select id from deal where tenant_id = :tenant and AMONG(account_id))"
        f" and c.field = '{column}' and {sign}c.effective_on <= :as_of"
    )


def among(account: str) -> str:
    """The condition that an account is one of those that the parameters name."""
    return one_of(account, "accounts")


def chosen_accounts() -> str:
    """A subquery of the ids of the accounts that the parameters name, to begin a statement with."""
    if is_sqlite():
        return "(select value as id from json_each(:accounts))"
    return "(select jsonb_array_elements_text(cast(:accounts as jsonb)) as id)"


def parameters(
    tenant_id: str,
    as_of: date,
    account_ids: Sequence[str] | None = None,
    known_on: date | None = None,
) -> dict[str, Param]:
    """What the statements ask for: the tenant, the date, and the months and windows before it."""
    this_month = first_of_month(as_of)
    accounts: dict[str, Param] = {} if account_ids is None else {"accounts": listed(account_ids)}
    known: dict[str, Param] = {} if known_on is None else {"known_on": known_on}
    return (
        accounts
        | known
        | {
            "tenant": tenant_id,
            "as_of": as_of,
            "this_month": this_month,
            "month_1": months_before(this_month, 1),
            "month_3": months_before(this_month, 3),
            "month_4": months_before(this_month, 4),
            "month_12": months_before(this_month, 12),
            "day_30": as_of - timedelta(days=30),
            "day_90": as_of - timedelta(days=90),
            "day_180": as_of - timedelta(days=180),
            "day_365": as_of - timedelta(days=365),
        }
    )


def on_day(sql: str, ending: str) -> str:
    """A statement's parameters that differ from day to day under names that end so: to speak of several."""
    return _OF_DAY.sub(rf":\1_{ending}", sql)


def parameters_on(
    tenant_id: str, day: date, ending: str, account_ids: Sequence[str] | None = None
) -> dict[str, Param]:
    """What a statement on another day, as ``on_day`` says it, asks for."""
    return named_on(parameters(tenant_id, day, account_ids), ending)


def named_on(params: Mapping[str, Param], ending: str) -> dict[str, Param]:
    """Parameters under the names that they have in a statement on another day, as ``on_day`` says it."""
    return {
        f"{name}_{ending}" if _OF_DAY.fullmatch(f":{name}") else name: value for name, value in params.items()
    }


def fact_of(row: dict[str, object], fields: Iterable[FactField]) -> Fact:
    """The values of a row, each under ``f_`` and its field's name, but for those that are missing."""
    seen = ((field, row[f"f_{field.name}"]) for field in fields)
    return {field.name: scalar(value, field.type) for field, value in seen if value is not None}


def scalar(value: object, type_: FieldType) -> Scalar:
    """A value as a statement gives it, as facts hold it."""
    if type_ is FieldType.BOOLEAN:
        return bool(value)
    if type_ in (FieldType.MONEY, FieldType.DAYS):
        return as_int(value)
    if isinstance(value, Decimal | float):
        return int(value) if value == int(value) else round(float(value), RATIO_PLACES)
    return value if isinstance(value, int) else str(value)

"""Facts of kind ``usage``: what services were used for, by month and unit."""

from __future__ import annotations

from models.asof import View, known_row
from models.database import is_sqlite
from rules.kinds.declaring import CURRENCY, and_known, kind, money, number, text
from rules.registry import Rows


def _months(view: View) -> str:
    month = "substr(month, 1, 7)" if is_sqlite() else "to_char(month, 'YYYY-MM')"
    index = (
        "(cast(substr({0}, 1, 4) as integer) * 12 + cast(substr({0}, 6, 2) as integer))"
        if is_sqlite()
        else "cast(extract(year from cast({0} as date)) * 12"
        " + extract(month from cast({0} as date)) as integer)"
    )
    months_ago = f"{index.format(':this_month')} - {index.format('month')}"
    return (
        f"(select account_id || ':' || {month} || ':' || unit as id, account_id, {month} as month, unit,"
        f" {months_ago} as months_ago, sum(quantity) as quantity, sum(charge_minor) as charge_minor,"
        " min(currency) as currency from usage_month where tenant_id = :tenant"
        " and month >= :month_12 and month < :this_month and AMONG(account_id)"
        f"{and_known(known_row('usage_month'), view)} group by account_id, month, unit) t"
    )


USAGE = kind(
    "usage",
    "what all services of the account were used for in one of the last 12 full months, by unit",
    Rows(source="null", subquery=_months),
    text("name", "the month", "t.month"),
    text("unit", "what the quantity is counted in, such as GB or minutes", "t.unit"),
    number(
        "months_ago", "months", "1 for the last full month, up to 12", "t.months_ago", minimum=1, maximum=12
    ),
    number("quantity", "units", "quantity used", "t.quantity", minimum=0),
    money("charge", "what was billed for it", "t.charge_minor"),
    CURRENCY,
)

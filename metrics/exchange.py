"""What amounts in other currencies come to in the tenant's, by dated rates."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from fractions import Fraction

from models.database import fetch, listed, one_of
from models.errors import RateMissing
from models.rates import ExchangeRate


async def ratios(
    tenant_id: str, own: str, currencies: Collection[str], on: date, path: str
) -> Mapping[str, Fraction]:
    """What one unit of each of these currencies comes to in the tenant's ``own`` on a day.

    It is the rate of that day, or of the last day before that has one, as on a weekend; 1 for its own.

    Raises:
        RateMissing: there is none until that day.
    """
    others = sorted({currency for currency in currencies if currency != own})
    rows = await fetch(
        "select r.currency, r.rate from exchange_rate r where r.tenant_id = :tenant"
        f" and {one_of('r.currency', 'currencies')} and r.held_on = (select max(l.held_on)"
        " from exchange_rate l where l.tenant_id = r.tenant_id and l.currency = r.currency"
        " and l.held_on <= :day)",
        {"tenant": tenant_id, "currencies": listed(others), "day": on},
    )
    found = {str(row["currency"]): ExchangeRate(rate=str(row["rate"])).ratio for row in rows}
    if lacking := [currency for currency in others if currency not in found]:
        raise RateMissing(
            f"there is no rate of {lacking[0]} until {on}; set one with setExchangeRate", [path]
        )
    return {own: Fraction(1), **found}

"""Exchange rates as clients see them."""

from __future__ import annotations

from datetime import date

import strawberry
from strawberry import UNSET

from models import rates as stored
from models.described import Described
from schema.core.connections import Listed, connection
from schema.core.cursors import Kind
from schema.core.enums import Direction
from schema.core.filters import DateFilter, IDFilter, StringFilter, clause
from schema.core.listing import Column, Listing
from schema.core.money import CurrencyCode
from schema.core.stored import Node, Stored, column


@strawberry.type
class ExchangeRate(Node, Stored[stored.ExchangeRate]):
    """What one unit of another currency came to in the tenant's on a day."""

    model = stored.ExchangeRate

    version: int = column("Grows by one with each change.")
    currency: CurrencyCode = column("The other currency.")
    held_on: date = column("The day of the rate; it holds until the next day that has one.")
    rate: str = column("Units of the tenant's currency for one unit, a decimal number as text: 0.9235.")


@strawberry.input
class ExchangeRateFilter:
    """Which rates; all conditions given must hold."""

    and_: list[ExchangeRateFilter] | None = clause("and")
    or_: list[ExchangeRateFilter] | None = clause("or")
    not_: ExchangeRateFilter | None = clause("not")
    id: IDFilter | None = UNSET
    currency: StringFilter | None = UNSET
    held_on: DateFilter | None = UNSET


@strawberry.enum
class ExchangeRateOrderField(Described):
    """What rates are ordered by."""

    CURRENCY = "currency"
    HELD_ON = "held_on"


@strawberry.input
class ExchangeRateOrder:
    """One step of an order."""

    field: ExchangeRateOrderField
    direction: Direction = Direction.ASC


EXCHANGE_RATES = Listed(
    "schema.rates",
    "ExchangeRate",
    Listing(
        stored.ExchangeRate,
        {
            "id": Column("t.id"),
            "currency": Column("t.currency"),
            "held_on": Column("t.held_on", Kind.DATE),
        },
        (("currency", Direction.ASC), ("held_on", Direction.DESC)),
    ),
)


@strawberry.type
class RateQueries:
    """Reading exchange rates."""

    exchange_rates = connection(EXCHANGE_RATES, "The exchange rates of the tenant.")

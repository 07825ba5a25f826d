"""Money as clients see it."""

from __future__ import annotations

from decimal import Decimal
from typing import NewType

import strawberry

CurrencyCode = NewType("CurrencyCode", str)


@strawberry.type
class Money:
    """An amount in the tenant's currency, exact to the minor unit.

    All amounts of a tenant are in its one currency: none is converted, but that of a deal which is offered
    in another currency (`Deal.offered`) is what the offer comes to at a dated rate.
    """

    amount: Decimal = strawberry.field(description="In whole units with two places, as text: 1932466.00.")
    currency: CurrencyCode = strawberry.field(description="The currency of the amount: the tenant's.")


@strawberry.type
class ForeignMoney:
    """An amount in any currency, as it was offered; it is part of no sum."""

    amount: Decimal = strawberry.field(
        description="In whole units of its currency with two places, as text: 1932466.00."
    )
    currency: CurrencyCode = strawberry.field(description="The currency of the amount, whichever it is.")


def money(minor: int | None, currency: str) -> Money | None:
    """Minor units as money; null stays null."""
    if minor is None:
        return None
    return Money(amount=(Decimal(minor) / 100).quantize(Decimal("0.01")), currency=CurrencyCode(currency))


def certain_money(minor: int, currency: str) -> Money:
    """Minor units, which are never null here, as money."""
    found = money(minor, currency)
    assert found
    return found

"""Exchange rates by day, and converting by them; amounts have two places in every currency."""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction

from tortoise import fields

from models.base import Record, reference
from models.errors import Invalid

_CODE = re.compile(r"[A-Z]{3}")


class ExchangeRate(Record):
    """What one unit of another currency came to in the tenant's on a day, as a decimal number in a text."""

    prefix = "rate"

    tenant = reference("Tenant")
    currency = fields.CharField(max_length=3)
    held_on = fields.DateField()
    rate = fields.CharField(max_length=30)
    tenant_id: str

    class Meta:
        table = "exchange_rate"
        unique_together = (("tenant", "currency", "held_on"),)

    @property
    def ratio(self) -> Fraction:
        """The rate as a number that is exact."""
        return Fraction(Decimal(self.rate))


def check_code(currency: str, path: str) -> None:
    """Raise Invalid for what is no ISO 4217 code."""
    if not _CODE.fullmatch(currency):
        raise Invalid(f"{currency!r} is no currency; allowed: three capitals, as in EUR", [path])


def convert(minor: int, ratio: Fraction) -> int:
    """Minor units in another currency at a rate, rounded to the minor unit, halves to even."""
    return round(minor * ratio)

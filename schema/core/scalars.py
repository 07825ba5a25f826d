"""The scalars with what clients are told of their form: units and time zones are said here for all fields."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

import strawberry
from strawberry.scalars import JSON
from strawberry.schema.types.scalar import DEFAULT_SCALAR_REGISTRY
from strawberry.types.scalar import ScalarDefinition

from models.base import EARLIEST, LATEST
from schema.core.money import CurrencyCode

_FORMS = {
    date: "A business date: a day of the calendar, without a time zone, as ISO 8601 text: 2026-03-31. Those"
    f" that are written lie from {EARLIEST} to {LATEST}. Where a default is today, it is today in UTC.",
    datetime: "A moment in UTC, as RFC 3339 text: 2026-03-31T08:00:00.250000+00:00, without the fraction when"
    " there is none.",
    Decimal: "A decimal number, exact, as text: 1932466.00. Inputs may be numbers, too.",
    JSON: "A JSON value as it is: an object, a list, text, a number, true, false or null. Each field says"
    " what is in it.",
}
SCALARS: dict[object, ScalarDefinition] = {
    CurrencyCode: strawberry.scalar(
        name="CurrencyCode",
        description="A currency by its ISO 4217 code: EUR.",
        serialize=str,
        parse_value=str,
    ),
    **{kind: replace(DEFAULT_SCALAR_REGISTRY[kind], description=form) for kind, form in _FORMS.items()},
}

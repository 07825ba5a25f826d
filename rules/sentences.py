"""A verdict in a plain sentence, made of its evidence alone; numbers and money as the reader writes them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal

from babel import Locale, UnknownLocaleError
from babel.numbers import format_currency, format_decimal, format_percent

from rules.evidence import Seen
from rules.kinds import REGISTRY
from rules.registry import FactField, FieldType

_OPS: Mapping[str, str] = {
    "eq": "{field} is {seen}",
    "ne": "{field} is {seen}, not {threshold}",
    "lt": "{field} is {seen}, below {threshold}",
    "lte": "{field} is {seen}, at most {threshold}",
    "gt": "{field} is {seen}, above {threshold}",
    "gte": "{field} is {seen}, at least {threshold}",
    "in": "{field} is {seen}, one of {threshold}",
    "not_in": "{field} is {seen}, none of {threshold}",
    "between": "{field} is {seen}, between {threshold}",
    "contains": "{field} is {seen}, which has {threshold} in it",
    "starts_with": "{field} is {seen}, which begins with {threshold}",
}
_FALLBACK = "en"
_VERBS = re.compile(r"(is|has)_(\w+)")


def sentence(evidence: Iterable[Seen], currency: str, locale: str = _FALLBACK) -> str:
    """Why the verdict holds, condition by condition; every number in it is in the evidence.

    ``locale`` (``de``, ``fr_CH``) says how numbers and money are written; an unknown one is English.
    """
    spoken = _Speaker(currency, _known(locale))
    said = dict.fromkeys(spoken.of(seen) for seen in evidence)
    return "; ".join(said) + "."


def _known(locale: str) -> Locale:
    try:
        return Locale.parse(locale.replace("-", "_"))
    except (UnknownLocaleError, ValueError, TypeError):
        return Locale.parse(_FALLBACK)


class _Speaker:
    def __init__(self, currency: str, locale: Locale) -> None:
        self._currency = currency
        self._locale = locale

    def of(self, seen: Seen) -> str:
        """One condition with what was seen."""
        kind = seen.fact_kind.replace("_", " ")
        if seen.field == "count":
            return f"there is no such {kind}"
        if seen.field == "id":
            return f"there is the {kind} {seen.fact_id}"
        field = _field(seen)
        if isinstance(seen.seen, bool) and (verb := _VERBS.match(seen.field)):
            return f"the {kind} {verb[1]}{'' if seen.seen else ' not'} {verb[2].replace('_', ' ')}"
        name = f"{seen.field.replace('_', ' ')} of the {kind}"
        if seen.op.endswith("is_null"):
            missing = (seen.seen is None) if seen.op == "is_null" or seen.seen is None else False
            return f"{name} is {'not known' if missing else self._value(field, seen.seen)}"
        op = seen.op.removeprefix("not ")
        if op != seen.op:
            value = "not known" if seen.seen is None else self._value(field, seen.seen)
            return (
                f"{name} is {value}, and so not {op.replace('_', ' ')} {self._several(field, seen.threshold)}"
            )
        return _OPS[op].format(
            field=name, seen=self._value(field, seen.seen), threshold=self._several(field, seen.threshold)
        )

    def _several(self, field: FactField | None, values: object) -> str:
        if isinstance(values, list | tuple):
            return " and ".join(self._value(field, value) for value in values)
        return self._value(field, values)

    def _value(self, field: FactField | None, value: object) -> str:
        if isinstance(value, bool):
            return "true" if value else "false"
        if field and field.type is FieldType.MONEY and value is not None:
            return str(format_currency(Decimal(str(value)), self._currency, locale=self._locale))
        if not isinstance(value, int | float):
            return str(value)
        if field and field.unit == "ratio":
            return str(format_percent(Decimal(str(value)), "#,##0.####%", locale=self._locale))
        unit = f" {field.unit}" if field and field.unit else ""
        return f"{format_decimal(Decimal(str(value)), '#,##0.######', locale=self._locale)}{unit}"


def _field(seen: Seen) -> FactField | None:
    """The declared field that the evidence is of; None for arithmetic and for concluded facts."""
    try:
        return REGISTRY.field(seen.fact_kind, seen.field)
    except KeyError:
        return None

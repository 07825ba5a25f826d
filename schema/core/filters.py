"""Typed filters: the inputs that clients write, and the SQL conditions that they mean."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Any, Generic, TypeVar

import strawberry
from strawberry import UNSET

from commands.validation import LARGEST
from models.database import Param, ascii_lower
from models.errors import Invalid
from schema.core.later import Value, through

E = TypeVar("E", bound=Enum)
MAX_VALUES = 500
#: How deep a filter may be nested, how many parts it may have, and how long a text to look for.
MAX_DEPTH = 8
MAX_PARTS = 100
MAX_TEXT = 1_000


_CLAUSES = {"and": "All of these hold.", "or": "One of these holds.", "not": "This does not hold."}


def clause(name: str) -> Any:
    """A field of a filter that combines filters: ``and``, ``or`` (lists) or ``not``."""
    return strawberry.field(name=name, default=UNSET, description=_CLAUSES[name])


_OPERATORS = {
    "eq": "It is this value.",
    "in": f"It is one of these values, at most {MAX_VALUES}; nothing meets an empty list.",
    "lt": "It is less than this value.",
    "gte": "It is this value or more.",
    "contains": "It has this text somewhere in it, whatever the case of the letters A to Z; at most"
    f" {MAX_TEXT:,} characters.",
    "isNull": "With true, the value is missing; with false, it is there.",
}


def operator(name: str, description: str | None = None) -> Any:
    """A field of a filter that holds a value against the one that is given."""
    return strawberry.field(name=name, default=UNSET, description=description or _OPERATORS[name])


@strawberry.input
class StringFilter:
    """Conditions on text; all that are given must hold. What is missing meets none but `isNull`."""

    eq: str | None = operator("eq")
    in_: list[str] | None = operator("in")
    contains: str | None = operator("contains")
    is_null: bool | None = operator("isNull")


@strawberry.input
class IDFilter:
    """Conditions on an id; all that are given must hold. What is missing meets none but `isNull`."""

    eq: strawberry.ID | None = operator("eq")
    in_: list[strawberry.ID] | None = operator("in")
    is_null: bool | None = operator("isNull")


@strawberry.input
class BooleanFilter:
    """Whether something is so."""

    eq: bool | None = operator("eq")


@strawberry.input
class IntFilter:
    """Conditions on a whole number; all that are given must hold. What is missing meets none but `isNull`."""

    eq: int | None = operator("eq")
    in_: list[int] | None = operator("in")
    lt: int | None = operator("lt")
    gte: int | None = operator("gte")
    is_null: bool | None = operator("isNull")


@strawberry.input
class FloatFilter:
    """Conditions on a number; all that are given must hold. What is missing meets none but `isNull`."""

    eq: float | None = operator("eq")
    in_: list[float] | None = operator("in")
    lt: float | None = operator("lt")
    gte: float | None = operator("gte")
    is_null: bool | None = operator("isNull")


@strawberry.input
class MoneyFilter:
    """Conditions on an amount, in whole units of the tenant's currency with at most two places.

    All that are given must hold. What is missing meets none but ``isNull``.
    """

    eq: Decimal | None = operator("eq")
    in_: list[Decimal] | None = operator("in")
    lt: Decimal | None = operator("lt")
    gte: Decimal | None = operator("gte")
    is_null: bool | None = operator("isNull")


@strawberry.input
class DateFilter:
    """Conditions on a day; all that are given must hold. What is missing meets none but `isNull`."""

    eq: date | None = operator("eq")
    in_: list[date] | None = operator("in")
    lt: date | None = operator("lt", "It is before this day.")
    gte: date | None = operator("gte", "It is on this day or after it.")
    is_null: bool | None = operator("isNull")


@strawberry.input
class Filter(Generic[E]):
    """Conditions on one of a fixed set of values; all that are given must hold.

    What is missing meets none but ``isNull``.
    """

    eq: E | None = operator("eq")
    in_: list[E] | None = operator("in")
    is_null: bool | None = operator("isNull")


class Conditions:
    """Collects a filter's SQL and its parameters; ``columns`` gives the expression of each field.

    The names of parameters begin with ``prefix``.
    """

    def __init__(self, columns: Mapping[str, str], prefix: str = "") -> None:
        self.columns = columns
        self.prefix = prefix
        self.params: dict[str, Value] = {}
        self.size = 0

    def sql(self, given: object, depth: int = 0) -> str:
        """The condition that a filter input means; true for an empty one.

        Raises:
            Invalid: it is nested deeper, or has more parts, than a database takes.
        """
        if depth > MAX_DEPTH:
            raise Invalid(f"the filter is nested more than {MAX_DEPTH} deep", ["filter"])
        parts = [part for name, value in _given(given) for part in self._field(name, value, depth)]
        return " and ".join(parts) if parts else "1 = 1"

    def _field(self, name: str, value: object, depth: int) -> Iterator[str]:
        self.size += len(value) if isinstance(value, list) else 1
        if self.size > MAX_PARTS:
            raise Invalid(f"the filter has more than {MAX_PARTS} parts", ["filter"])
        if name in ("and_", "or_"):
            assert isinstance(value, list)
            word, empty = (" and ", "1 = 1") if name == "and_" else (" or ", "1 = 0")
            yield word.join(f"({self.sql(each, depth + 1)})" for each in value).join("()") if value else empty
        elif name == "not_":
            yield f"not coalesce(({self.sql(value, depth + 1)}), (1 = 0))"
        else:
            for op, operand in _given(value):
                yield self._compare(self.columns[name], op, operand, name)

    def _compare(self, expression: str, op: str, operand: object, name: str) -> str:
        if op == "is_null":
            return f"{expression} is {'null' if operand else 'not null'}"
        if op == "in_":
            assert isinstance(operand, list)
            if len(operand) > MAX_VALUES:
                raise Invalid(f"{len(operand):,} values; allowed: {MAX_VALUES}", ["filter", name, "in"])
            among = ", ".join(self._bind(item, name) for item in operand)
            return f"{expression} in ({among})" if operand else "1 = 0"
        if op == "contains":
            pattern = through(lambda text: _pattern(text, name), operand)
            return f"{ascii_lower(expression)} like {self._bind(pattern, name)} escape '\\'"
        sign = {"eq": "=", "lt": "<", "gte": ">="}[op]
        return f"{expression} {sign} {self._bind(operand, name)}"

    def _bind(self, value: object, name: str) -> str:
        key = f"{self.prefix}f_{len(self.params)}"
        self.params[key] = through(lambda given: _param(given, name), value)
        return f":{key}"


def _given(given: object) -> Iterator[tuple[str, object]]:
    """Those fields of an input that the client wrote; null is as if it had not."""
    for field in fields(given):  # type: ignore[arg-type]
        value = getattr(given, field.name)
        if value is not UNSET and value is not None:
            yield field.name, value


def _pattern(operand: object, name: str) -> str:
    """What ``like`` looks for."""
    text = str(operand)
    if len(text) > MAX_TEXT:
        raise Invalid(f"{len(text):,} characters; allowed: {MAX_TEXT:,}", ["filter", name, "contains"])
    for special in ("\\", "%", "_"):
        text = text.replace(special, f"\\{special}")
    return _lower(f"%{text}%")


def _param(value: object, name: str) -> Param:
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, Decimal):
        if not value.is_finite() or not -LARGEST <= value <= LARGEST or value != round(value, 2):
            raise Invalid(f"{value} is no amount; allowed: up to two places", ["filter", name])
        return int(value * 100)
    if isinstance(value, str) and "\x00" in value:
        raise Invalid("text may not contain a NUL character", ["filter", name])
    assert isinstance(value, str | int | float | date)
    return value


def _lower(text: str) -> str:
    """Lower case of A to Z alone, as the databases do it."""
    return "".join(chr(ord(c) + 32) if "A" <= c <= "Z" else c for c in text)

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
IS_NULL = "Whether the value is missing."
MAX_VALUES = 500
#: How deep a filter may be nested, how many parts it may have, and how long a text to look for.
MAX_DEPTH = 8
MAX_PARTS = 100
MAX_TEXT = 1_000


_CLAUSES = {"and": "All of these hold.", "or": "One of these holds.", "not": "This does not hold."}


def clause(name: str) -> Any:
    """A field of a filter that combines filters: ``and``, ``or`` (lists) or ``not``."""
    return strawberry.field(name=name, default=UNSET, description=_CLAUSES[name])


@strawberry.input
class StringFilter:
    """Conditions on text; all that are given must hold."""

    eq: str | None = strawberry.field(default=UNSET, description="Equal.")
    in_: list[str] | None = strawberry.field(name="in", default=UNSET, description="One of these.")
    contains: str | None = strawberry.field(
        default=UNSET, description="Contains this text; the case of the letters A to Z does not matter."
    )
    is_null: bool | None = strawberry.field(default=UNSET, description=IS_NULL)


@strawberry.input
class IDFilter:
    """Conditions on an id; all that are given must hold."""

    eq: strawberry.ID | None = strawberry.field(default=UNSET, description="Equal.")
    in_: list[strawberry.ID] | None = strawberry.field(name="in", default=UNSET, description="One of these.")
    is_null: bool | None = strawberry.field(default=UNSET, description=IS_NULL)


@strawberry.input
class BooleanFilter:
    """Whether something is so."""

    eq: bool | None = strawberry.field(default=UNSET, description="Equal.")


@strawberry.input
class IntFilter:
    """Conditions on a whole number; all that are given must hold."""

    eq: int | None = strawberry.field(default=UNSET, description="Equal.")
    in_: list[int] | None = strawberry.field(name="in", default=UNSET, description="One of these.")
    lt: int | None = strawberry.field(default=UNSET, description="Less than.")
    gte: int | None = strawberry.field(default=UNSET, description="At least.")
    is_null: bool | None = strawberry.field(default=UNSET, description=IS_NULL)


@strawberry.input
class FloatFilter:
    """Conditions on a number; all that are given must hold."""

    eq: float | None = strawberry.field(default=UNSET, description="Equal.")
    in_: list[float] | None = strawberry.field(name="in", default=UNSET, description="One of these.")
    lt: float | None = strawberry.field(default=UNSET, description="Less than.")
    gte: float | None = strawberry.field(default=UNSET, description="At least.")
    is_null: bool | None = strawberry.field(default=UNSET, description=IS_NULL)


@strawberry.input
class MoneyFilter:
    """Conditions on an amount of money, in whole units of its currency."""

    eq: Decimal | None = strawberry.field(default=UNSET, description="Equal.")
    in_: list[Decimal] | None = strawberry.field(name="in", default=UNSET, description="One of these.")
    lt: Decimal | None = strawberry.field(default=UNSET, description="Less than.")
    gte: Decimal | None = strawberry.field(default=UNSET, description="At least.")
    is_null: bool | None = strawberry.field(default=UNSET, description=IS_NULL)


@strawberry.input
class DateFilter:
    """Conditions on a date; all that are given must hold."""

    eq: date | None = strawberry.field(default=UNSET, description="On this day.")
    in_: list[date] | None = strawberry.field(name="in", default=UNSET, description="On one of these days.")
    lt: date | None = strawberry.field(default=UNSET, description="Before this day.")
    gte: date | None = strawberry.field(default=UNSET, description="On this day or later.")
    is_null: bool | None = strawberry.field(default=UNSET, description=IS_NULL)


@strawberry.input
class Filter(Generic[E]):
    """Conditions on one of a fixed set of values; all that are given must hold."""

    eq: E | None = strawberry.field(default=UNSET, description="Equal.")
    in_: list[E] | None = strawberry.field(name="in", default=UNSET, description="One of these.")
    is_null: bool | None = strawberry.field(default=UNSET, description=IS_NULL)


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

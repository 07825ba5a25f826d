"""Cursors: the values of a row by which its list is ordered, so that a page survives inserts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from enum import Enum

import orjson

from models.database import Param, as_date
from models.errors import InvalidCursor


class Kind(Enum):
    """How a column's values order and travel in a cursor; a NUMBER is whole."""

    TEXT = "text"
    NUMBER = "number"
    FLOAT = "float"
    DATE = "date"
    BOOLEAN = "boolean"


def encode(order: str, values: Sequence[object], kinds: Sequence[Kind]) -> str:
    """The cursor of a row with these values in a list of this order.

    It is their JSON in hexadecimal digits, which both databases can write too.
    """
    plain = [_plain(value, kind) for value, kind in zip(values, kinds, strict=True)]
    return orjson.dumps([order, *plain]).hex()


def decode(
    cursor: str, order: str, kinds: Sequence[Kind], argument: str, *, whole: bool = False
) -> list[Param]:
    """The values that a cursor holds, as the database compares them; none of a ``whole`` one is missing.

    Raises:
        InvalidCursor: it is malformed, or was made for another order; the place is ``argument``.
    """
    try:
        made_for, *values = _unpacked(cursor)
        if made_for != order:
            raise InvalidCursor("the cursor was made for another order", [argument])
        if whole and None in values:
            raise TypeError
        return [_param(value, kind) for value, kind in zip(values, kinds, strict=True)]
    except (TypeError, ValueError) as error:
        raise InvalidCursor("the cursor is malformed", [argument]) from error


def _unpacked(cursor: str) -> list[object]:
    content = orjson.loads(bytes.fromhex(cursor))
    if not isinstance(content, list):
        raise TypeError
    return content


def _plain(value: object, kind: Kind) -> object:
    if value is None:
        return None
    if kind is Kind.BOOLEAN:
        return bool(value)
    if kind is Kind.DATE:
        return str(as_date(value))
    if kind is Kind.FLOAT:
        return float(str(value))
    if kind is Kind.NUMBER:
        return int(str(value))
    return str(value)


def _param(value: object, kind: Kind) -> Param:
    """A cursor's value as the database compares it; TypeError or ValueError for one of another type."""
    if value is None:
        return None
    if kind in (Kind.NUMBER, Kind.FLOAT):
        wanted = int if kind is Kind.NUMBER else int | float
        if isinstance(value, bool) or not isinstance(value, wanted) or abs(value) >= 2**63:
            raise TypeError
        return value
    if kind is Kind.BOOLEAN:
        if not isinstance(value, bool):
            raise TypeError
        return value
    if not isinstance(value, str) or "\x00" in value:
        raise TypeError
    if kind is Kind.DATE:
        return date.fromisoformat(value)
    return value

"""Values that authors write in rules: checked against the field they are compared with, held as facts are."""

from __future__ import annotations

from decimal import Decimal, DecimalException

from models.errors import Invalid, allowed
from rules.language import shown
from rules.reference import canonical
from rules.registry import FactField, FieldType, Op
from rules.tree import MAX_INTEGER, MAX_TEXT_BYTES, Scalar

#: Why no evaluator holds a value, by whether it is text.
_BEYOND = {
    False: f"is too large; allowed: below {MAX_INTEGER} and above -{MAX_INTEGER}",
    True: f"cannot be compared; allowed: {MAX_TEXT_BYTES} bytes of UTF-8 without NUL",
}
_CHOOSING = frozenset({Op.EQ, Op.NE, Op.IN, Op.NOT_IN})


def constant(field: FactField, op: Op, value: object) -> Scalar:
    """The value as the evaluators compare it with ``field``; money in minor units.

    Raises:
        Invalid: it is of another type, out of the field's range, or none of the field's values.
    """
    held = canonical(_typed(field, op, value))
    if held is None:
        raise Invalid(f"{shown(value)} {_BEYOND[isinstance(value, str)]}")
    return held


def constants(field: FactField, op: Op, values: object) -> tuple[Scalar, ...]:
    """The values of an operator that takes several; two in order for ``between``.

    Raises:
        Invalid: as for one value; the path is its place in the list.
    """
    if not isinstance(values, list) or not values or (op is Op.BETWEEN and len(values) != 2):
        wanted = "a list of two values" if op is Op.BETWEEN else "a list of values"
        raise Invalid(f"{shown(values)} is not {wanted}")
    held: list[Scalar] = []
    for index, value in enumerate(values):
        try:
            held.append(constant(field, op, value))
        except Invalid as error:
            raise Invalid(error.message, [str(index)]) from None
    if op is Op.BETWEEN and sorted(held, key=float) != held:
        raise Invalid(f"{shown(values)} has nothing in it; the lower value comes first")
    return tuple(held)


def _typed(field: FactField, op: Op, value: object) -> Scalar:
    if field.type is FieldType.MONEY:
        return _money(field, value)
    if field.type.is_numeric:
        return _number(field, value)
    if field.type is FieldType.BOOLEAN:
        if not isinstance(value, bool):
            raise Invalid(f"{shown(value)} is not true or false")
        return value
    if not isinstance(value, str):
        raise Invalid(f"{shown(value)} is not text")
    if field.values is not None and op in _CHOOSING and value not in field.values:
        raise Invalid(f"{shown(value)} is no {field.name}; allowed: {allowed(field.values)}")
    return value


def _number(field: FactField, value: object) -> Scalar:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Invalid(f"{shown(value)} is not a number")
    if field.type is FieldType.DAYS and not isinstance(value, int):
        raise Invalid(f"{shown(value)} is not a whole number of days")
    low, high = field.minimum, field.maximum
    if (low is not None and value < low) or (high is not None and value > high):
        raise Invalid(f"{shown(value)} is out of the range of {field.name}; allowed: {_range(field)}")
    return value


def _money(field: FactField, value: object) -> Scalar:
    """Money is written in whole units with up to two places and held in minor units."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise Invalid(f"{shown(value)} is not an amount of money")
    try:
        minor = Decimal(str(value)) * 100
    except (DecimalException, ValueError):
        minor = Decimal("NaN")
    if minor.is_finite() and abs(minor) >= MAX_INTEGER:
        raise Invalid(f"{shown(value)} is too large")
    low = field.minimum
    if not minor.is_finite() or minor != minor.to_integral_value() or (low is not None and minor < low):
        raise Invalid(f"{shown(value)} is no amount; allowed: {_amounts(field)}")
    return int(minor)


def _amounts(field: FactField) -> str:
    return ("any" if field.minimum is None else f"{field.minimum:g} or more") + " with at most two places"


def _range(field: FactField) -> str:
    if field.maximum is None:
        return f"{field.minimum:g} or more"
    return (
        f"{field.minimum:g} to {field.maximum:g}" if field.minimum is not None else f"up to {field.maximum:g}"
    )

"""Which values a fact's field or arithmetic can have, told apart only as far as conditions do.

Conditions on a number differ at their constants alone: each constant, and all that lies between two of
them, is one stretch, and a sample of it answers for all of it. How rules are compared is in ``implication``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Context, Decimal
from itertools import pairwise

from rules.kinds import REGISTRY
from rules.reference import held
from rules.registry import ID_FIELD, FactField, FieldType, Op
from rules.tree import Condition, FieldValue, Formula, Scalar, Term

Number = int | float
Bounds = tuple[Number, Number]
_WHOLE = frozenset({FieldType.DAYS, FieldType.MONEY})
#: Signs that nobody writes with and that have no upper and lower case.
_PRIVATE = range(0xE000, 0xF900)


@dataclass(frozen=True)
class Subject:
    """A value of one fact, by the name that the fact goes by: a field, or arithmetic on its fields."""

    fact: str
    kind: str
    formula: Formula
    type: FieldType = field(compare=False)

    @classmethod
    def of(cls, fact: str, kind: str, term: Term) -> Subject:
        """The value that a term has in a fact."""
        return cls(fact, kind, term.formula, term.type)

    def field(self, name: str) -> Subject:
        """A field that its arithmetic is on."""
        known = field_of(self.kind, name)
        return Subject(self.fact, self.kind, FieldValue(name), known.type if known else FieldType.NUMBER)

    @property
    def declared(self) -> FactField | None:
        """The field that it is, where that is declared: arithmetic and what rules conclude are not."""
        return field_of(self.kind, self.formula.name) if isinstance(self.formula, FieldValue) else None

    @property
    def bounds(self) -> Bounds:
        """The range of the field that it is; everything where none is declared."""
        known = self.declared
        low, high = (known.minimum, known.maximum) if known else (None, None)
        return -math.inf if low is None else low, math.inf if high is None else high


def field_of(kind: str, name: str) -> FactField | None:
    """The field of a kind as it is declared; what rules conclude is not."""
    return REGISTRY.field(kind, name) if kind in REGISTRY.kinds or name == ID_FIELD.name else None


@dataclass(frozen=True)
class Stretch:
    """Values that no condition tells apart, from ``low`` to ``high``: one is ``sample``, None if missing."""

    sample: Scalar | None
    low: Number = -math.inf
    high: Number = math.inf


MISSING = Stretch(None)


def stretches(
    subject: Subject, bounds: Bounds, conditions: Sequence[Condition], met: Sequence[Condition]
) -> Iterator[Stretch]:
    """All values that there may be, as far as the conditions tell them apart; missing is not among them.

    Of texts, those alone that meet the conditions ``met``, as far as they can.
    """
    declared = subject.declared
    if subject.type.is_numeric:
        whole = declared is not None and subject.type in _WHOLE
        yield from _numbers(filter(_is_number, _constants(conditions)), bounds, whole)
    elif subject.type is FieldType.BOOLEAN:
        yield from (Stretch(True), Stretch(False))
    elif declared is not None and declared.values is not None:
        yield from map(Stretch, declared.values)
    else:
        yield from map(Stretch, _texts(conditions, met))


def _constants(conditions: Iterable[Condition]) -> Iterator[Scalar]:
    for condition in conditions:
        if isinstance(condition.value, tuple):
            yield from condition.value
        elif not isinstance(condition.value, Term):
            yield condition.value


def _is_number(value: Scalar) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _numbers(constants: Iterable[Scalar], bounds: Bounds, whole: bool) -> Iterator[Stretch]:
    low, high = bounds
    numbers = (each for each in (*constants, low, high) if isinstance(each, int | float))
    ends = sorted({each for each in numbers if math.isfinite(each) and low <= each <= high})
    if not ends:
        yield Stretch(0, low, high)
        return
    if low < ends[0]:
        yield Stretch(ends[0] - 1, low, ends[0])
    yield Stretch(ends[0], ends[0], ends[0])
    for one, other in pairwise(ends):
        yield from _between(one, other, whole)
        yield Stretch(other, other, other)
    if ends[-1] < high:
        yield Stretch(ends[-1] + 1, ends[-1], high)


def _between(one: Number, other: Number, whole: bool) -> Iterator[Stretch]:
    middle = one + 1 if whole else (one + other) / 2
    if one < middle < other:
        yield Stretch(middle, one, other)


def _texts(conditions: Sequence[Condition], met: Sequence[Condition]) -> Iterator[str]:
    """Every constant, and a text that begins and contains as asked and is otherwise like none of them."""
    constants = [each for each in _constants(conditions) if isinstance(each, str)]
    yield from constants
    used = set("".join(constants))
    strange = next((sign for sign in map(chr, _PRIVATE) if sign not in used), chr(_PRIVATE[0]))
    begins = [str(each.value) for each in met if each.op is Op.STARTS_WITH]
    contains = [str(each.value) for each in met if each.op is Op.CONTAINS]
    for beginning in begins or [""]:
        yield strange.join([beginning, *contains, ""])


#: As the reference evaluator computes, but that what is too large is infinite.
_UNBOUNDED = Context(prec=34, traps=[])
_Span = tuple[Decimal, Decimal]


def bounds_of(formula: Formula, of: Callable[[str], Bounds | None]) -> Bounds | None:
    """The least and the most that arithmetic can come to, given those of each field; None: it is missing.

    Fields are taken to be free of each other, so it may be less far in truth, and never farther.
    """
    span = _span(formula, of)
    if span is None:
        return None
    low, high = held(span[0]), held(span[1])
    return -math.inf if low is None else low, math.inf if high is None else high


def _span(formula: Formula, of: Callable[[str], Bounds | None]) -> _Span | None:
    if isinstance(formula, Decimal):
        return formula, formula
    if isinstance(formula, FieldValue):
        bounds = of(formula.name)
        return (Decimal(str(bounds[0])), Decimal(str(bounds[1]))) if bounds else None
    left, right = _span(formula.left, of), _span(formula.right, of)
    return _COMBINED[formula.sign](left, right) if left and right else None


def _sum(left: _Span, right: _Span) -> _Span:
    return _UNBOUNDED.add(left[0], right[0]), _UNBOUNDED.add(left[1], right[1])


def _difference(left: _Span, right: _Span) -> _Span:
    return _UNBOUNDED.subtract(left[0], right[1]), _UNBOUNDED.subtract(left[1], right[0])


def _product(left: _Span, right: _Span) -> _Span:
    """The extremes are at the ends; nothing times however much is nothing."""
    corners = [_UNBOUNDED.multiply(a, b) if a and b else Decimal(0) for a in left for b in right]
    return min(corners), max(corners)


def _quotient(left: _Span, right: _Span) -> _Span | None:
    """A divisor near nothing makes it as large as one likes, one that is nothing makes it missing."""
    low, high = right
    if low == high == 0:
        return None
    if low < 0 < high:
        return Decimal("-Infinity"), Decimal("Infinity")
    below = high <= 0
    corners = [_divided(a, b, below) for a in left for b in right]
    return min(corners), max(corners)


def _divided(one: Decimal, other: Decimal, below: bool) -> Decimal:
    """A corner of a quotient; a divisor of nothing is the end of those ``below`` it or above."""
    if not one or other.is_infinite():
        return Decimal(0)
    if other:
        return _UNBOUNDED.divide(one, other)
    return Decimal("-Infinity") if (one < 0) != below else Decimal("Infinity")


_COMBINED: Mapping[str, Callable[[_Span, _Span], _Span | None]] = {
    "+": _sum,
    "-": _difference,
    "*": _product,
    "/": _quotient,
}

"""From the conditions of a rule's document to their tree: names, types and ranges are checked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from models.errors import Invalid, allowed
from rules.formulas import term
from rules.language import WhereDocument, shown
from rules.registry import COMPARISONS, OPERATORS, FactField, Op, comparable
from rules.scope import Path, Scope
from rules.tree import (
    MAX_CONDITIONS,
    MAX_DEPTH,
    Condition,
    FieldValue,
    Group,
    Quantifier,
    Scalar,
    Term,
    Where,
    leaves,
)
from rules.values import constant, constants

_SEVERAL = (Op.IN, Op.NOT_IN, Op.BETWEEN)


def build_where(scope: Scope, kind: str, document: WhereDocument, at: Path) -> Where:
    """What a fact of this kind must meet; what is wrong is noted in the scope."""
    where = _Conditions(scope, kind).where(document, at, 0)
    count = len(list(leaves(where)))
    if count > MAX_CONDITIONS:
        scope.problem(at, f"{count} conditions; allowed: {MAX_CONDITIONS}")
    return where


class _Conditions:
    """Conditions on facts of one kind."""

    def __init__(self, scope: Scope, kind: str) -> None:
        self.scope = scope
        self.kind = kind

    def where(self, document: WhereDocument, at: Path, depth: int) -> Where:
        """The conditions at a depth of groups, 0 outside of any."""
        parts: list[Condition | Group] = []
        for text, comparisons in document.comparisons.items():
            parts += self._compared(text, comparisons, (*at, text), depth)
        if document.groups and depth >= MAX_DEPTH:
            self.scope.problem(at, f"groups within groups; allowed: {MAX_DEPTH} levels")
            return tuple(parts)
        for quantifier, documents in document.groups.items():
            parts.append(self._group(quantifier, documents, (*at, quantifier.value), depth + 1))
        return tuple(parts)

    def _compared(
        self, text: str, comparisons: Mapping[Op, object], at: Path, depth: int
    ) -> Iterator[Condition]:
        """The comparisons of one field or formula; within groups, only those with constants."""
        found = self._left(text, at)
        if found is None:
            return
        left, field = found
        if not comparisons:
            options = allowed([op.value for op in OPERATORS[field.type]])
            self.scope.problem(at, f"is compared with nothing; allowed: {options}")
        for op, value in comparisons.items():
            condition = self._condition(left, field, op, value, (*at, op.value))
            if condition and condition.other and depth:
                self.scope.problem((*at, op.value), "other facts are compared outside of all, any and none")
            elif condition:
                yield condition

    def _group(
        self, quantifier: Quantifier, documents: Sequence[WhereDocument], at: Path, depth: int
    ) -> Group:
        """Each of the documents is one part; one of several conditions means all of them."""
        parts: list[Condition | Group] = []
        for index, document in enumerate(documents):
            if not document.comparisons and not document.groups:
                self.scope.problem((*at, str(index)), "asks for nothing")
            where = self.where(document, (*at, str(index)), depth)
            parts.append(where[0] if len(where) == 1 else Group(Quantifier.ALL, where))
        return Group(quantifier, tuple(parts))

    def _left(self, text: str, at: Path) -> tuple[Term, FactField] | None:
        """What is compared, and the field whose type and range its values have."""
        try:
            left = term(text, self._own)
        except Invalid as error:
            self.scope.problem(at, error.message)
            return None
        if isinstance(left.formula, FieldValue):
            return left, self.scope.field(self.kind, left.formula.name)
        return left, FactField(text, left.type, "", "", "")

    def _own(self, name: str) -> tuple[None, FactField]:
        if name.startswith("$") or "." in name:
            raise Invalid(f"{name} is of another fact, which stands to the right of the comparison")
        return None, self.scope.field(self.kind, name)

    def _condition(self, left: Term, field: FactField, op: Op, value: object, at: Path) -> Condition | None:
        try:
            return Condition(left, op, self._value(left, field, op, value))
        except Invalid as error:
            self.scope.problem((*at, *error.path), error.message)
            return None

    def _value(
        self, left: Term, field: FactField, op: Op, value: object
    ) -> Scalar | tuple[Scalar, ...] | Term:
        if op not in OPERATORS[field.type]:
            options = allowed([option.value for option in OPERATORS[field.type]])
            raise Invalid(f"{op} does not fit a {field.type.lower()} field; allowed: {options}")
        if isinstance(value, str) and _is_reference(field, value):
            return self._other(left, op, value)
        if op is Op.IS_NULL:
            if not isinstance(value, bool):
                raise Invalid(f"{shown(value)} is neither true nor false")
            return value
        return constants(field, op, value) if op in _SEVERAL else constant(field, op, value)

    def _other(self, left: Term, op: Op, text: str) -> Term:
        if op not in COMPARISONS:
            raise Invalid(f"{op} takes values, not {text!r}")
        other = term(text, self._referred)
        if not comparable(left.type, other.type):
            raise Invalid(f"{text} is {other.type.lower()} and {left.text} is {left.type.lower()}")
        return other

    def _referred(self, name: str) -> tuple[str, FactField]:
        if not name.startswith("$"):
            raise Invalid(f"{name} is of the fact itself, which stands to the left of the comparison")
        return self.scope.referred(name)


def _is_reference(field: FactField, value: str) -> bool:
    """Whether a text means another fact's value: it begins with ``$``, and in a formula ``$`` is in it."""
    return value.startswith("$") or (field.type.is_numeric and "$" in value)

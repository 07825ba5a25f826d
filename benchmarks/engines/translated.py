"""What every translation of a book needs: the fields that its conditions speak of, and which it takes."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

from rules.registry import Op
from rules.tree import Book, Condition, Exists, FieldValue, Operation, Pattern, Quantifier, Rule, Scalar, Term

#: Which rule matches which account.
Found = set[tuple[str, str]]
SIGNS = {Op.LT: "<", Op.LTE: "<=", Op.GT: ">", Op.GTE: ">="}
_CONSTANT = {Op.EQ, Op.BETWEEN, Op.IN, *SIGNS}


class Untranslatable(Exception):
    """A rule says what benchmark books do not."""


class Kind(StrEnum):
    """What a field holds, as far as a typed engine cares."""

    TEXT = "text"
    NUMBER = "number"
    TRUTH = "truth"


def check(book: Book) -> None:
    """Refuse books that the translations would get wrong.

    They take patterns of different kinds, ``none`` as the only quantifier, and plain comparisons.

    Raises:
        Untranslatable: a rule is not of that form.
    """
    for rule in book.rules:
        kinds = [pattern.kind for pattern in rule.patterns]
        plain = all(test.quantifier is Quantifier.NONE for test in rule.tests)
        nested = any(not isinstance(part, Exists) for test in rule.tests for part in test.parts)
        if len(set(kinds)) < len(kinds) or not plain or nested or rule.conclusion:
            raise Untranslatable(rule.key)
        for _, condition in conditions(rule):
            _check(rule, condition)


def _check(rule: Rule, condition: object) -> None:
    if not isinstance(condition, Condition) or isinstance(condition.term.formula, Operation):
        raise Untranslatable(rule.key)
    other = condition.other
    allowed = {Op.EQ, *SIGNS} if other else _CONSTANT
    if condition.op not in allowed or (other and isinstance(other.formula, Operation)):
        raise Untranslatable(rule.key)


def absent(rule: Rule) -> tuple[Exists, ...]:
    """The facts that must not be there."""
    return tuple(part for test in rule.tests for part in test.existences)


def parts(rule: Rule) -> tuple[Pattern | Exists, ...]:
    """The facts that must be there, and those that must not."""
    return (*rule.patterns, *absent(rule))


def conditions(rule: Rule) -> Iterator[tuple[str, Condition]]:
    """Every condition, with the kind of the fact that it is on."""
    for part in parts(rule):
        for condition in part.where:
            assert isinstance(condition, Condition)
            yield part.kind, condition


def of(part: Pattern | Exists) -> tuple[list[Condition], list[Condition]]:
    """Conditions on the fact alone, those that select most quickly first, and those that join it."""
    found = [each for each in part.where if isinstance(each, Condition)]
    single = [each for each in found if not each.other]
    single.sort(key=lambda each: (each.op is not Op.EQ, not isinstance(each.value, str), field(each.term)))
    return single, [each for each in found if each.other]


def field(term: Term) -> str:
    """The field that a term is."""
    assert isinstance(term.formula, FieldValue)
    return term.formula.name


def spoken(book: Book) -> dict[str, dict[str, Kind]]:
    """The fields that conditions speak of, by kind: all that an engine must be told."""
    fields: dict[str, dict[str, Kind]] = {
        pattern.kind: {} for rule in book.rules for pattern in rule.patterns
    }
    for rule in book.rules:
        for kind, condition in conditions(rule):
            holds = _holds(condition)
            fields.setdefault(kind, {})[field(condition.term)] = holds
            if condition.other:
                fields[rule.kind_of(condition.other.alias or "")][field(condition.other)] = holds
    return {kind: dict(sorted(names.items())) for kind, names in sorted(fields.items())}


def _holds(condition: Condition) -> Kind:
    if condition.other:
        return Kind.TEXT if condition.op is Op.EQ else Kind.NUMBER
    value = condition.value[0] if isinstance(condition.value, tuple) else condition.value
    assert not isinstance(value, Term)
    return kind_of(value)


def kind_of(value: Scalar) -> Kind:
    """What a constant is."""
    if isinstance(value, str):
        return Kind.TEXT
    return Kind.TRUTH if isinstance(value, bool) else Kind.NUMBER


def variable(alias: str) -> str:
    """A name that every engine takes: those that no author gave begin with an underscore."""
    return f"unnamed{alias.removeprefix('_')}" if alias.startswith("_") else alias

"""The meaning of the language: a plain evaluator that every other one is compared with.

Missing is missing: a comparison with a missing value is false, and only ``is_null`` sees it; arithmetic on
a missing field, a division by zero, or a value that is not of its field's type, is missing. The facts that
the patterns of a rule match are distinct; tests look at every fact of their kinds. What a rule concludes is
there for the rules above it.
"""

from __future__ import annotations

import hashlib
import operator
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal, DecimalException, DivisionByZero, InvalidOperation, Overflow
from typing import Any

from rules.registry import FieldType, Op
from rules.tree import (
    MAX_INTEGER,
    MAX_TEXT_BYTES,
    Condition,
    Exists,
    FieldValue,
    Formula,
    Group,
    Operation,
    Pattern,
    Rule,
    Scalar,
    Term,
    Test,
    Where,
    strata,
)

Fact = dict[str, Scalar]
#: Facts of one account by kind.
Facts = dict[str, list[Fact]]
Bound = Mapping[str, Fact]
#: Where a fact was read from: the key under which each fact carries it.
SOURCE = "_source"
#: Called before each fact that is looked at; what it raises ends the search.
Step = Callable[[], None]


@dataclass(frozen=True, order=True)
class Match:
    """One way in which a rule holds: the rule's key and the fact id of each alias, in pattern order."""

    rule: str
    facts: tuple[tuple[str, str], ...]


_COMPARE: dict[Op, Callable[[Any, Any], bool]] = {
    Op.EQ: operator.eq,
    Op.NE: operator.ne,
    Op.LT: operator.lt,
    Op.LTE: operator.le,
    Op.GT: operator.gt,
    Op.GTE: operator.ge,
}


def canonical(value: Scalar) -> Scalar | None:
    """The value as every evaluator holds it; None (missing) when one of them could not hold it exactly.

    Integers are under 2**53, floats print without an exponent (those below 0.0001 are rounded to four
    places), whole floats are integers, text is whole characters of at most 8,000 bytes.
    """
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return value if _is_held(value) else None
    if not abs(value) < MAX_INTEGER:  # nor is NaN
        return None
    if isinstance(value, int) or value == int(value):
        return int(value)
    return value if abs(value) >= 1e-4 else canonical(round(value, 4))


def _is_held(text: str) -> bool:
    try:
        return "\x00" not in text and len(text.encode()) <= MAX_TEXT_BYTES
    except UnicodeEncodeError:  # half of a surrogate pair
        return False


def canonical_facts(facts: Facts) -> Facts:
    """The facts with every value canonical and missing ones left out."""
    return {
        kind: [
            {name: v for name, value in fact.items() if (v := canonical(value)) is not None} for fact in of
        ]
        for kind, of in facts.items()
    }


#: Arithmetic is exact to 34 digits; what has no result is missing.
_EXACT = Context(prec=34, traps=[InvalidOperation, DivisionByZero, Overflow])
_ARITHMETIC: Mapping[str, Callable[[Decimal, Decimal], Decimal]] = {
    "+": _EXACT.add,
    "-": _EXACT.subtract,
    "*": _EXACT.multiply,
    "/": _EXACT.divide,
}


#: How values of each type are held; only these go to the engine, which compares mixed types as text.
_HELD: Mapping[FieldType, tuple[type, ...]] = {
    type_: {"n": (int, float), "b": (bool,), "s": (str,)}[type_.tag] for type_ in FieldType
}


def value_of(term: Term, fact: Fact) -> Scalar | None:
    """The value of a term in a (canonical) fact; None when it is missing."""
    if isinstance(term.formula, FieldValue):
        seen = fact.get(term.formula.name)
        return seen if type(seen) in _HELD[term.type] else None
    try:
        result = _computed(term.formula, fact)
    except DecimalException:
        return None
    return None if result is None else held(result)


def held(result: Decimal) -> int | float | None:
    """What arithmetic comes to, as every evaluator holds it; None when it is too large."""
    if not result.is_finite() or abs(result) >= MAX_INTEGER:
        return None
    number = canonical(int(result) if result == result.to_integral_value() else float(result))
    return number if isinstance(number, int | float) else None


def _computed(formula: Formula, fact: Fact) -> Decimal | None:
    if isinstance(formula, Operation):
        left, right = _computed(formula.left, fact), _computed(formula.right, fact)
        return None if left is None or right is None else _ARITHMETIC[formula.sign](left, right)
    if isinstance(formula, Decimal):
        return formula
    seen = fact.get(formula.name)
    return Decimal(str(seen)) if isinstance(seen, int | float) and not isinstance(seen, bool) else None


def meets(where: Where, fact: Fact, bound: Bound) -> bool:
    """Whether a fact meets all of ``where``, given the facts that earlier patterns matched."""
    return all(holds(part, fact, bound) for part in where)


def holds(part: Condition | Group, fact: Fact, bound: Bound) -> bool:
    """Whether a fact meets a condition or a group of them."""
    if isinstance(part, Group):
        return part.quantifier.of(holds(each, fact, bound) for each in part.parts)
    seen = value_of(part.term, fact)
    value = part.value
    if isinstance(value, Term):
        other = value_of(value, bound[value.alias or ""])
        return seen is not None and other is not None and compared(part.op, seen, other)
    return suits(part.op, seen, value)


def suits(op: Op, seen: Scalar | None, value: Scalar | tuple[Scalar, ...]) -> bool:
    """Whether a value, None when it is missing, compares so with a constant, or with several."""
    if op is Op.IS_NULL:
        return (seen is None) == value
    return seen is not None and compared(op, seen, value)


def compared(op: Op, seen: Scalar, value: Scalar | tuple[Scalar, ...]) -> bool:
    """Whether a value that is there compares so with a constant, or with several."""
    if isinstance(value, tuple):
        return _among(op, seen, value)
    if op is Op.CONTAINS:
        return str(value).casefold() in str(seen).casefold()
    if op is Op.STARTS_WITH:
        return str(seen).casefold().startswith(str(value).casefold())
    return _same_type(seen, value) and _COMPARE[op](seen, value)


def _among(op: Op, seen: Scalar, values: tuple[Scalar, ...]) -> bool:
    if op is Op.BETWEEN:
        low, high = values
        return _COMPARE[Op.LTE](low, seen) and _COMPARE[Op.LTE](seen, high)
    return (seen in values) == (op is Op.IN)


def _same_type(one: Scalar, other: Scalar) -> bool:
    """Numbers with numbers, text with text, booleans with booleans."""
    if isinstance(one, bool) or isinstance(other, bool):
        return isinstance(one, bool) and isinstance(other, bool)
    return isinstance(one, str) == isinstance(other, str)


def tested(test: Test | Exists, facts: Facts, bound: Bound) -> bool:
    """Whether the facts are there that a test asks for, or are not there."""
    if isinstance(test, Test):
        return test.quantifier.of(tested(part, facts, bound) for part in test.parts)
    return any(meets(test.where, fact, bound) for fact in facts.get(test.kind, ()))


def unhurried() -> None:
    """The step of a search that may take its time."""


def evaluate(rules: Sequence[Rule], facts: Facts, step: Step = unhurried) -> set[Match]:
    """Every way in which the rules hold over the (canonical) facts of one account."""
    found: set[Match] = set()
    for together in strata(rules):
        more = {match for rule in together for match in matches(rule, facts, step)}
        facts = with_conclusions(together, facts, more)
        found |= more
    return found


def with_conclusions(rules: Iterable[Rule], facts: Facts, found: Iterable[Match]) -> Facts:
    """The facts, and those that the rules conclude from these matches.

    A rule concludes one fact for each of its subjects; of several matches the first speaks.
    """
    concluding = {rule.key: rule for rule in rules if rule.conclusion}
    more = {kind: list(of) for kind, of in facts.items()} if concluding else facts
    known = {(kind, fact["id"]): fact for kind, of in facts.items() for fact in of}
    concluded: set[str] = set()
    for match in sorted(match for match in found if match.rule in concluding):
        rule = concluding[match.rule]
        bound = {alias: known[rule.kind_of(alias), fact_id] for alias, fact_id in match.facts}
        fact = _concluded(rule, bound)
        if fact["id"] not in concluded and rule.conclusion:
            concluded.add(str(fact["id"]))
            more.setdefault(rule.conclusion.fact, []).append(fact)
    return more


def conclusion_id(rule: Rule, bound: Bound) -> str:
    """The id of the fact that a rule concludes, one for each of its subjects."""
    subjects = "|".join([rule.key, *(str(bound[alias]["id"]) for alias in rule.subjects)])
    return f"concluded_{hashlib.blake2b(subjects.encode(), digest_size=10).hexdigest()}"


def _concluded(rule: Rule, bound: Bound) -> Fact:
    assert rule.conclusion
    fact: Fact = {"id": conclusion_id(rule, bound), SOURCE: f"rule {rule.key}"}
    for name, term in rule.conclusion.fields:
        value = value_of(term, bound[term.alias or ""])
        if value is not None:
            fact[name] = value
    return fact


def matches(rule: Rule, facts: Facts, step: Step = unhurried) -> Iterator[Match]:
    """Every way in which one rule holds over the (canonical) facts of one account."""
    for bound in _bindings(rule.patterns, facts, {}, step):
        if all(tested(test, facts, bound) for test in rule.tests):
            yield Match(rule.key, tuple((alias, str(fact["id"])) for alias, fact in bound.items()))


def _bindings(patterns: Sequence[Pattern], facts: Facts, bound: Bound, step: Step) -> Iterator[Bound]:
    if not patterns:
        yield bound
        return
    pattern, rest = patterns[0], patterns[1:]
    for fact in facts.get(pattern.kind, ()):
        step()
        taken = any(fact is other for other in bound.values())
        if not taken and meets(pattern.where, fact, bound):
            yield from _bindings(rest, facts, {**bound, pattern.alias: fact}, step)

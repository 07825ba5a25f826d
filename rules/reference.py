"""The meaning of the language: a plain evaluator that every other one is compared with.

Missing is missing: a comparison with a missing field is false, and only ``is_null`` sees it. The facts
that the patterns of a rule match are distinct; ``none`` looks at every fact of its kind.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rules.registry import Op
from rules.tree import MAX_INTEGER, MAX_TEXT_BYTES, Absence, Condition, Pattern, Ref, Rule, Scalar

Fact = dict[str, Scalar]
#: Facts of one account by kind.
Facts = dict[str, list[Fact]]
Bound = Mapping[str, Fact]
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
    places), whole floats are integers, text has at most 8,000 bytes.
    """
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return value if "\x00" not in value and len(value.encode()) <= MAX_TEXT_BYTES else None
    if not math.isfinite(value) or abs(value) >= MAX_INTEGER:
        return None
    if isinstance(value, int) or value == int(value):
        return int(value)
    return value if abs(value) >= 1e-4 else canonical(round(value, 4))


def canonical_facts(facts: Facts) -> Facts:
    """The facts with every value canonical and missing ones left out."""
    return {
        kind: [
            {name: v for name, value in fact.items() if (v := canonical(value)) is not None} for fact in of
        ]
        for kind, of in facts.items()
    }


def holds(condition: Condition, fact: Fact, bound: Bound) -> bool:
    """Whether a fact meets a condition, given the facts that earlier patterns matched."""
    seen = fact.get(condition.field)
    if condition.op is Op.IS_NULL:
        return (seen is None) == condition.value
    if seen is None:
        return False
    value = condition.value
    if isinstance(value, Ref):
        other = bound[value.alias].get(value.field)
        return other is not None and _same_type(seen, other) and _COMPARE[condition.op](seen, other)
    if isinstance(value, tuple):
        return _among(condition.op, seen, value)
    if condition.op is Op.CONTAINS:
        return str(value).casefold() in str(seen).casefold()
    if condition.op is Op.STARTS_WITH:
        return str(seen).casefold().startswith(str(value).casefold())
    return _same_type(seen, value) and _COMPARE[condition.op](seen, value)


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


def all_hold(conditions: Iterable[Condition], fact: Fact, bound: Bound) -> bool:
    """Whether a fact meets every one of the conditions."""
    return all(holds(condition, fact, bound) for condition in conditions)


def absent(absence: Absence, facts: Facts, bound: Bound) -> bool:
    """Whether no fact meets the conditions of a ``none``."""
    return not any(all_hold(absence.conditions, fact, bound) for fact in facts.get(absence.kind, ()))


def unhurried() -> None:
    """The step of a search that may take its time."""


def evaluate(rules: Sequence[Rule], facts: Facts) -> set[Match]:
    """Every way in which the rules hold over the (canonical) facts of one account."""
    return {match for rule in rules for match in matches(rule, facts)}


def matches(rule: Rule, facts: Facts, step: Step = unhurried) -> Iterator[Match]:
    """Every way in which one rule holds over the (canonical) facts of one account."""
    for bound in _bindings(rule.patterns, facts, {}, step):
        if all(absent(absence, facts, bound) for absence in rule.absences):
            yield Match(rule.key, tuple((alias, str(fact["id"])) for alias, fact in bound.items()))


def _bindings(patterns: Sequence[Pattern], facts: Facts, bound: Bound, step: Step) -> Iterator[Bound]:
    if not patterns:
        yield bound
        return
    pattern, rest = patterns[0], patterns[1:]
    for fact in facts.get(pattern.kind, ()):
        step()
        taken = any(fact is other for other in bound.values())
        if not taken and all_hold(pattern.conditions, fact, bound):
            yield from _bindings(rest, facts, {**bound, pattern.alias: fact}, step)

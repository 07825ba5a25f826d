"""Why a rule does not hold for an account: the first condition that failed, and how far off it was."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rules.evidence import telling, threshold_of, written
from rules.reference import (
    Bound,
    Fact,
    Facts,
    Step,
    evaluate,
    holds,
    meets,
    tested,
    unhurried,
    value_of,
    with_conclusions,
)
from rules.tree import Book, Condition, Exists, Group, Pattern, Quantifier, Rule, Scalar, Test, Where, strata


@dataclass(frozen=True)
class Failed:
    """What a rule asks for and an account has not, or has and must not.

    ``fact_id`` is the fact that came nearest, None where there is no fact of the kind. ``field`` is None
    where a fact is there that must not be. ``off_by`` is how far a number is from what it must reach, in the
    unit of the field, money in minor units.
    """

    fact_kind: str
    fact_id: str | None
    field: str | None
    op: str | None
    threshold: object
    seen: object
    off_by: float | None

    def __str__(self) -> str:
        if self.fact_id is None:
            return f"there is no {self.fact_kind}"
        if self.field is None:
            return f"there is the {self.fact_kind} {self.fact_id}, which must not be"
        seen = "missing" if self.seen is None else self.seen
        return (
            f"{self.field} of the {self.fact_kind} {self.fact_id} is {seen}, not {self.op} {self.threshold}"
        )


@dataclass(frozen=True)
class WhyNot:
    """Whether a rule holds, and if not, how far it came: the facts that it matched, and what failed."""

    rule: str
    holds: bool
    matched: tuple[tuple[str, str], ...] = ()
    failed: Failed | None = None


def why_not(book: Book, key: str, facts: Facts, step: Step = unhurried) -> WhyNot:
    """Why the rule does not hold over an account's (canonical) facts.

    Of all ways to match its patterns in order the one that comes farthest is told, then the one that misses
    by least.
    """
    for together in strata(book.upto(key))[:-1]:
        facts = with_conclusions(together, facts, evaluate(together, facts))
    rule = book.rule(key)
    best = max(_ends(rule, rule.patterns, facts, {}, step), key=lambda end: end.rank)
    matched = tuple((alias, str(fact["id"])) for alias, fact in best.bound.items())
    return WhyNot(key, best.failed is None, matched, best.failed)


@dataclass(frozen=True)
class _End:
    """Where one way of matching ended: after how many patterns and conditions, and how near."""

    bound: Bound
    failed: Failed | None
    passed: int = 0

    @property
    def rank(self) -> tuple[int, int, float]:
        off = self.failed.off_by if self.failed and self.failed.off_by is not None else float("inf")
        return len(self.bound) + (self.failed is None), self.passed, -off


def _ends(rule: Rule, patterns: Sequence[Pattern], facts: Facts, bound: Bound, step: Step) -> Iterator[_End]:
    if not patterns:
        yield _tests(rule, facts, bound)
        return
    pattern, rest = patterns[0], patterns[1:]
    free = [
        fact for fact in facts.get(pattern.kind, ()) if not any(fact is other for other in bound.values())
    ]
    if not free:
        yield _End(bound, Failed(pattern.kind, None, None, None, None, None, None))
    for fact in free:
        step()
        passed, failed = _first_failing(pattern.kind, pattern.where, fact, bound)
        if failed:
            yield _End(bound, failed, passed)
        else:
            yield from _ends(rule, rest, facts, {**bound, pattern.alias: fact}, step)


def _tests(rule: Rule, facts: Facts, bound: Bound) -> _End:
    for number, test in enumerate(rule.tests):
        if not tested(test, facts, bound):
            return _End(bound, _untrue(test, True, facts, bound), number)
    return _End(bound, None)


def _first_failing(kind: str, where: Where, fact: Fact, bound: Bound) -> tuple[int, Failed | None]:
    for number, part in enumerate(where):
        if not holds(part, fact, bound):
            return number, _of_condition(kind, part, fact, bound)
    return len(where), None


def _of_condition(kind: str, part: Condition | Group, fact: Fact, bound: Bound) -> Failed:
    condition, expected = next(iter(telling([part], fact, bound, expected=False)))
    seen = value_of(condition.term, fact)
    return Failed(
        fact_kind=kind,
        fact_id=str(fact["id"]),
        field=condition.term.text,
        op=f"not {condition.op}" if expected else condition.op.value,
        threshold=threshold_of(condition, bound),
        seen=written(condition.term, seen),
        off_by=_distance(condition, seen, bound),
    )


def _distance(condition: Condition, seen: Scalar | None, bound: Bound) -> float | None:
    """How far a number is from the nearest that it is compared with."""
    if not _is_number(seen):
        return None
    other = condition.other
    value = value_of(other, bound[other.alias or ""]) if other else condition.value
    values = value if isinstance(value, tuple) else (value,)
    numbers = [float(each) for each in values if isinstance(each, int | float) and _is_number(each)]
    return min((abs(float(seen) - each) for each in numbers), default=None)  # type: ignore[arg-type]


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _untrue(part: Test | Exists, expected: bool, facts: Facts, bound: Bound) -> Failed:
    """The first part of a test that is not as it must be."""
    if isinstance(part, Test):
        wanted = expected if part.quantifier is not Quantifier.NONE else not expected
        wrong = [each for each in part.parts if tested(each, facts, bound) is not wanted]
        return _untrue(wrong[0], wanted, facts, bound)
    of = facts.get(part.kind, ())
    if not expected:
        there = next(fact for fact in of if meets(part.where, fact, bound))
        return Failed(part.kind, str(there["id"]), None, None, None, None, None)
    misses = [_first_failing(part.kind, part.where, fact, bound) for fact in of]
    if not misses:
        return Failed(part.kind, None, None, None, None, None, None)
    _, nearest = max(misses, key=lambda miss: (miss[0], -((miss[1] and miss[1].off_by) or float("inf"))))
    assert nearest
    return nearest

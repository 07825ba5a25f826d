"""Checks on the documents of rules: which can never match, and which of their conditions say nothing.

Rules are compared with each other in ``overlaps``. That a rule never matches is certain, given the ranges
that the registry declares; a rule that nothing is said of may still be one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce

from rules.findings import Finding, FindingCode, all_said, range_said, said
from rules.implication import Holding
from rules.language import RuleDocument
from rules.overlaps import Overlaps
from rules.places import Places, conditions
from rules.possibility import ANYTHING, Literal, Role, Values, cases, possible, together
from rules.ranges import Subject
from rules.registry import Op
from rules.scope import Path
from rules.tree import Book, Condition, Exists, Group, Quantifier, Rule, Test


def findings(book: Book, documents: Sequence[object]) -> list[Finding]:
    """Everything that the checks find in the rules of these documents, with which the book begins.

    The book may have other rules after them, which are live beside them.
    """
    own = list(zip(book.rules, places_of(documents), strict=False))
    never = _reasons(book)
    overlaps = Overlaps(book, [rule.key for rule, _ in own], never)
    found: list[Finding] = []
    for rule, places in own:
        if rule.key in never:
            found.append(_never(rule, places, never[rule.key]))
        found += _out_of_range(rule, places)
        found += overlaps.of(rule, places)
    return found


def never_matching(book: Book, documents: Sequence[object]) -> list[Finding]:
    """The rules of the book, made of these documents, that can never match."""
    never = _reasons(book)
    own = zip(book.rules, places_of(documents), strict=False)
    return [_never(rule, places, never[rule.key]) for rule, places in own if rule.key in never]


def places_of(documents: Sequence[object]) -> list[Places]:
    """The places of the parts of sound documents."""
    return [
        Places(RuleDocument.model_validate(document), ("rules", str(index)))
        for index, document in enumerate(documents)
    ]


@dataclass(frozen=True)
class _Reason:
    """Why a rule never matches, and the number of the pattern or of the test that says so."""

    message: str
    pattern: int | None = None
    test: int | None = None

    def path(self, places: Places) -> Path:
        """Its place in the document."""
        if self.test is not None:
            return places.tests[self.test]
        return places.patterns[self.pattern or 0]


def _never(rule: Rule, places: Places, reason: _Reason) -> Finding:
    return Finding(FindingCode.NEVER_MATCHES, rule.key, reason.path(places), reason.message)


def _reasons(book: Book) -> dict[str, _Reason]:
    """Why rules never match, by key; those first on which others rest."""
    concluding: dict[str, list[str]] = defaultdict(list)
    for rule in book.rules:
        if rule.conclusion:
            concluding[rule.conclusion.fact].append(rule.key)
    reasons: dict[str, _Reason] = {}
    for rules in book.strata:
        absent = {kind: keys for kind, keys in concluding.items() if all(key in reasons for key in keys)}
        reasons |= {rule.key: reason for rule in rules if (reason := _reason(rule, absent))}
    return reasons


def _reason(rule: Rule, absent: Mapping[str, Sequence[str]]) -> _Reason | None:
    """Why a rule never matches, if it cannot; ``absent`` are kinds that only rules conclude that never do."""
    for number, pattern in enumerate(rule.patterns):
        if pattern.kind in absent:
            keys = ", ".join(absent[pattern.kind])
            return _Reason(f"no {pattern.kind} is ever concluded: {keys} can never match", pattern=number)
    holding = Holding(rule, absent)
    if not holding.cases:
        return _contradiction(rule, holding)
    for number, test in enumerate(rule.tests):
        if holding.truth(test) is False:
            return _Reason(_untrue(test, absent), test=number)
    return None


def _contradiction(rule: Rule, holding: Holding) -> _Reason:
    """The fewest conditions of its patterns that cannot hold together."""
    parts = [
        (number, holding.roles[pattern.alias], part)
        for number, pattern in enumerate(rule.patterns)
        for part in pattern.where
    ]
    for each in list(parts):
        fewer = [other for other in parts if other is not each]
        if not reduce(together, (cases(part, own, holding.roles) for _, own, part in fewer), ANYTHING):
            parts = fewer
    return _Reason(_cannot([(own, part) for _, own, part in parts]), pattern=parts[-1][0])


def _cannot(parts: Sequence[tuple[Role, Condition | Group]]) -> str:
    first, part = parts[0]
    if len(parts) == 1:
        range_ = _range_after(first.kind, part) if isinstance(part, Condition) else ""
        return f"{said(part)} never holds{range_}"
    if len({own.name for own, _ in parts}) == 1:
        return f"no {first.kind} has {' and '.join(said(each) for _, each in parts)}"
    named = [f"{said(each)} (of the {own.kind})" for own, each in parts]
    return f"{' and '.join(named)} cannot hold together"


def _untrue(test: Test, absent: Collection[str]) -> str:
    missing = [part.kind for part in test.existences if part.kind in absent]
    if missing:
        return f"no {missing[0]} is ever concluded: the rules that conclude it can never match"
    asked = "; ".join(map(_existence_said, test.existences))
    if test.quantifier is Quantifier.NONE:
        return f"whenever the rest of the rule holds there is a {asked}, and there must be none"
    return f"whenever the rest of the rule holds there is no {asked}, and {test.quantifier} of it must be"


def _existence_said(part: Exists) -> str:
    return f"{part.kind} with {all_said(part.where)}" if part.where else part.kind


def _out_of_range(rule: Rule, places: Places) -> Iterator[Finding]:
    """Conditions that hold never, or always when there is a value at all, whatever the facts are."""
    for (kind, condition), path in zip(conditions(rule), places.conditions, strict=True):
        if condition.other is None and (always := _decided(kind, condition)) is not None:
            known = "" if condition.op is Op.IS_NULL or not always else " where there is a value"
            when = f"{'always' if always else 'never'} holds{known}"
            message = f"{said(condition)} {when}{_range_after(kind, condition)}"
            yield Finding(FindingCode.OUT_OF_RANGE, rule.key, path, message)


def _decided(kind: str, condition: Condition) -> bool | None:
    """Whether a condition always holds or (False) never does, and None when it depends."""
    subject = Subject.of("", kind, condition.term)
    if not possible((Literal(subject, condition, True),)):
        return False
    there = () if condition.op is Op.IS_NULL else (subject,)
    return None if Values([Literal(subject, condition, False)], there).possible else True


def _range_after(kind: str, condition: Condition) -> str:
    range_ = range_said(kind, condition.term)
    return f": {condition.term.text} is {range_}" if range_ else ""

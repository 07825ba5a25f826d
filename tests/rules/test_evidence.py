"""Whoever reads the evidence of a verdict comes to the same verdict, from the evidence alone."""

from __future__ import annotations

import random
from decimal import Decimal
from typing import Any

from rules.build import build_book
from rules.evidence import Seen
from rules.explain import Verdict, verdicts
from rules.reference import Facts, canonical_facts, evaluate
from rules.registry import Op
from tests.rules.generate import facts_of, rule_documents

VERDICTS = 1_000


def _verdicts() -> list[tuple[Verdict, Facts]]:
    """Verdicts of random rules on random accounts, each with the account's facts."""
    found: list[tuple[Verdict, Facts]] = []
    seed = 0
    while len(found) < VERDICTS:
        rng = random.Random(seed)
        book, facts = build_book("random/1", rule_documents(rng, 12)), canonical_facts(facts_of(rng))
        found += [(v, facts) for v in verdicts(book, "a", facts, evaluate(book.rules, facts), "EUR")]
        seed += 1
    return found


def _holds(seen: Seen) -> bool:
    """The condition of one line of evidence, worked out by hand."""
    negated, op = seen.op.startswith("not "), Op(seen.op.removeprefix("not "))
    return _compared(op, seen.seen, seen.threshold) is not negated


def _compared(op: Op, value: Any, threshold: Any) -> bool:
    if op is Op.IS_NULL:
        return (value is None) is threshold
    if value is None or threshold is None:
        return False
    if op is Op.CONTAINS:
        return threshold.casefold() in value.casefold()
    if op is Op.STARTS_WITH:
        return bool(value.casefold().startswith(threshold.casefold()))
    if op in (Op.IN, Op.NOT_IN):
        return (_plain(value) in map(_plain, threshold)) is (op is Op.IN)
    if op is Op.BETWEEN:
        low, high = map(_plain, threshold)
        return bool(low <= _plain(value) <= high)
    if isinstance(threshold, dict):
        return bool(value == threshold["count"] == 0)
    one, other = _plain(value), _plain(threshold)
    held = {
        Op.EQ: lambda: one == other,
        Op.NE: lambda: one != other,
        Op.LT: lambda: one < other,
        Op.LTE: lambda: one <= other,
        Op.GT: lambda: one > other,
        Op.GTE: lambda: one >= other,
    }[op]()
    return bool(held)


def _plain(value: Any) -> Any:
    """Amounts of money are written as text with their places."""
    try:
        return Decimal(str(value)) if not isinstance(value, bool) else value
    except ArithmeticError:
        return value


def test_a_thousand_verdicts_follow_from_their_evidence_alone() -> None:
    told = _verdicts()
    assert len(told) >= VERDICTS
    for verdict, _ in told:
        assert verdict.evidence
        for seen in verdict.evidence:
            assert _holds(seen), (verdict.rule.key, seen)


def test_every_line_of_evidence_names_its_source_and_a_fact_that_is_there() -> None:
    for verdict, facts in _verdicts():
        known = {(kind, fact["id"]) for kind, of in facts.items() for fact in of}
        for seen in verdict.evidence:
            assert seen.source
            if seen.fact_id and not seen.source.startswith("rule "):
                assert (seen.fact_kind, seen.fact_id) in known
            elif not seen.fact_id:
                assert seen.alias.rpartition(".")[2] == "none"


def test_random_rules_speak_of_groups_tests_arithmetic_and_conclusions() -> None:
    """The others test what they say only if such verdicts are among them."""
    every = [seen for verdict, _ in _verdicts() for seen in verdict.evidence]
    assert any(seen.op.startswith("not ") for seen in every)
    assert any(seen.alias == "any" for seen in every)
    assert any(" * " in seen.field for seen in every)
    assert any(" / " in (seen.reference or seen.field) for seen in every)
    assert any(seen.source.startswith("rule ") for seen in every)
    assert any("." in seen.alias for seen in every)

"""Why a rule does not hold: the first condition that failed, in agreement with the trace of the decision."""

from __future__ import annotations

import random
from typing import Any

from rules.build import build_book
from rules.reference import Facts, canonical_facts, evaluate, holds, matches, meets, with_conclusions
from rules.tree import Book, strata
from rules.why_not import why_not
from tests.rules.generate import facts_of, rule_documents

PAIRS = 1_000


def _book(when: list[dict[str, Any]]) -> Book:
    then = [{"recommend": {"action": "LOOK", "because": "it matched"}}]
    return build_book("one/1", [{"key": "one", "title": "One", "when": when, "then": then}])


def _concluded(book: Book, key: str, facts: Facts) -> Facts:
    for together in strata(book.upto(key))[:-1]:
        facts = with_conclusions(together, facts, evaluate(together, facts))
    return facts


def test_a_thousand_pairs_agree_with_the_trace_of_the_decision() -> None:
    pairs = failed_conditions = held = 0
    for seed in range(10_000):
        if pairs >= PAIRS:
            break
        rng = random.Random(seed)
        book = build_book("random/1", rule_documents(rng, 3))
        facts = canonical_facts(facts_of(rng))
        for rule in book.rules:
            pairs += 1
            told = why_not(book, rule.key, facts)
            all_facts = _concluded(book, rule.key, facts)
            assert told.holds == any(True for _ in matches(rule, all_facts)), seed
            held += told.holds
            if told.failed is None:
                continue
            known = {(kind, str(fact["id"])): fact for kind, of in all_facts.items() for fact in of}
            bound = {alias: known[rule.kind_of(alias), fact] for alias, fact in told.matched}
            for pattern in rule.patterns[: len(bound)]:  # all before it hold
                assert meets(pattern.where, bound[pattern.alias], bound), seed
            if told.failed.field and len(bound) < len(rule.patterns):
                failed_conditions += 1
                pattern = rule.patterns[len(bound)]
                fact = known[told.failed.fact_kind, told.failed.fact_id or ""]
                wrong = next(part for part in pattern.where if not holds(part, fact, bound))
                assert pattern.kind == told.failed.fact_kind
                assert told.failed.field in repr(wrong), seed
            elif told.failed.fact_id is None:
                assert not [f for f in all_facts.get(told.failed.fact_kind, []) if f not in bound.values()]
    assert pairs >= PAIRS
    assert failed_conditions > 200
    assert held > 100


def test_the_nearest_fact_is_told_with_how_far_it_is_off() -> None:
    book = _book([{"deal": {"as": "d", "where": {"is_open": {"eq": True}, "amount": {"gt": 1000}}}}])
    facts: Facts = {
        "deal": [
            {"id": "far", "is_open": True, "amount": 100_00},
            {"id": "near", "is_open": True, "amount": 990_00},
            {"id": "closed", "is_open": False, "amount": 5_000_00},
        ]
    }
    told = why_not(book, "one", facts)
    assert told.failed
    assert (told.failed.fact_id, told.failed.field, told.failed.off_by) == ("near", "amount", 10_00)
    assert str(told.failed) == "amount of the deal near is 990.00, not gt 1000.00"


def test_what_must_not_be_there_is_named() -> None:
    book = _book(
        [
            {"contract": {"as": "c"}},
            {"none": {"deal": {"where": {"contract_id": {"eq": "$c.id"}}}}},
        ]
    )
    facts: Facts = {"contract": [{"id": "c1"}], "deal": [{"id": "d1", "contract_id": "c1"}]}
    told = why_not(book, "one", facts)
    assert told.matched == (("c", "c1"),)
    assert str(told.failed) == "there is the deal d1, which must not be"
    assert why_not(book, "one", {"contract": [{"id": "c1"}]}).holds
    assert str(why_not(book, "one", {}).failed) == "there is no contract"

"""What would clear a verdict does clear it, and nothing smaller of the same field does."""

from __future__ import annotations

import random
from decimal import Decimal
from typing import Any

import pytest

from rules import packs
from rules.build import build_book
from rules.counterfactuals import Actor, Counterfactual, counterfactuals
from rules.kinds import REGISTRY
from rules.reference import Facts, canonical_facts, evaluate
from rules.registry import FieldType
from rules.tree import Book
from tests.rules.generate import facts_of, rule_documents

STARTER = build_book("starter/1", packs.load(packs.STARTER).rules)


def _of(key: str, facts: Facts, book: Book = STARTER) -> list[Counterfactual]:
    (match,) = [match for match in evaluate(book.rules, facts) if match.rule == key]
    return counterfactuals(book, match, facts)


def test_usage_that_fell_clears_when_it_rises_just_above_the_threshold() -> None:
    facts: Facts = {
        "account": [
            {
                "id": "a",
                "usage_change_90d": -0.31,
                "usage_change_90d_percentile": 4,
                "annual_value": 100_00,
                "usage_unit": "GB",
            }
        ]
    }
    first, *_ = _of("usage-falling", facts)
    assert (first.actor, first.seen, first.needed) == (Actor.CUSTOMER, -0.31, -0.199999)
    assert first.text == "clears if usage_change_90d rises to -0.199999, now -0.31"


def test_a_renewal_that_is_missing_clears_when_one_is_opened() -> None:
    facts: Facts = {
        "contract": [
            {
                "id": "c",
                "is_active": True,
                "auto_renews": False,
                "days_to_end": 30,
                "monthly_recurring": 100_00,
            }
        ]
    }
    found = _of("renewal-unattended", facts)
    opened = next(each for each in found if each.field is None)
    assert (opened.actor, opened.fact_kind) == (Actor.US, "deal")
    assert opened.text == "clears when there is a deal with kind eq RENEWAL, stage ne LOST, contract_id eq c"
    ends = next(each for each in found if each.field == "days_to_end" and each.actor is Actor.US)
    assert ends.needed == 121  # a longer contract clears it, and so does time
    assert [each.days for each in found if each.actor is Actor.TIME] in ([], [31])


def test_what_time_alone_does_is_told_in_days_and_time_never_goes_back() -> None:
    facts: Facts = {"deal": [{"id": "d", "is_open": True, "age_days": 120, "amount": 5}]}
    fields = {each.field: each for each in _of("stalled-deal", facts)}
    assert "age_days" not in fields
    assert fields["is_open"].actor is Actor.US
    heard: Facts = {
        "deal": [{"id": "d", "is_open": True, "stage_rank": 3, "amount": 5}],
        "signal": [{"id": "s", "kind": "COMPETITOR_NAMED", "age_days": 59, "deal_id": "d"}],
    }
    by_itself = next(each for each in _of("competitor-late", heard) if each.actor is Actor.TIME)
    assert by_itself.text == "clears by itself in 2 days, when age_days is 61"


def test_what_nobody_can_change_is_not_offered() -> None:
    """That an account is a placeholder, what a signal is, and of which deal: no lever of anybody."""
    book = build_book("account-plans", packs.load("account-plans").rules)
    key: Facts = {"account": [{"id": "a", "tier": "KEY", "is_placeholder": False}]}
    assert {each.field for each in _of("key-account-without-plan", key, book)} == {None, "tier"}
    heard: Facts = {
        "deal": [{"id": "d", "is_open": True, "stage_rank": 3, "amount": 5}],
        "signal": [{"id": "s", "kind": "COMPETITOR_NAMED", "age_days": 59, "deal_id": "d"}],
    }
    found = _of("competitor-late", heard)
    assert {(each.fact_kind, each.field) for each in found} == {
        ("deal", "is_open"), ("deal", "stage_rank"), ("signal", "age_days"),
    }  # fmt: skip


def test_a_change_that_leaves_another_reason_is_not_offered() -> None:
    facts: Facts = {
        "deal": [{"id": "d", "is_open": True, "stage_rank": 3, "amount": 5}],
        "signal": [
            {"id": "s", "kind": "COMPETITOR_NAMED", "age_days": 59, "deal_id": "d"},
            {"id": "t", "kind": "COMPETITOR_NAMED", "age_days": 9, "deal_id": "d"},
        ],
    }
    match = min(match for match in evaluate(STARTER.rules, facts) if match.rule == "competitor-late")
    assert {each.fact_kind for each in counterfactuals(STARTER, match, facts)} == {"deal"}


def test_a_verdict_on_what_was_concluded_clears_by_what_it_was_concluded_from() -> None:
    pack = packs.load("relationship")
    book = build_book("relationship", pack.rules)
    facts: Facts = {
        "contact": [
            {"id": "p", "name": "Kim", "seniority": "EXECUTIVE", "has_left": True, "days_since_left": 9}
        ],
        "contract": [{"id": "c", "is_active": True, "days_to_end": 100, "monthly_recurring": 5}],
    }
    found = _of("sponsor-lost-before-renewal", facts, book)
    assert any(
        each.fact_kind == "contact" and each.field is None and each.actor is Actor.US for each in found
    )


@pytest.mark.parametrize("start", [0, 500])
def test_each_change_is_small_and_single_in_random_rules(start: int) -> None:
    told: list[Any] = []
    applied = 0
    for seed in range(start, start + 300):
        rng = random.Random(seed)
        book = build_book("random/1", rule_documents(rng, 3))
        facts = canonical_facts(facts_of(rng, 3))
        for match in sorted(evaluate(book.rules, facts))[:3]:
            before = repr(facts)
            found = counterfactuals(book, match, facts)
            assert repr(facts) == before, seed  # nothing is changed in place
            assert [each.size for each in found] == sorted(each.size for each in found)
            told += found
            for each in found:
                if each.field and each.fact_kind in facts:
                    applied += 1
                    after = evaluate(book.upto(match.rule), _applied(facts, each))
                    assert match not in after, (seed, each)
    assert len(told) > 40
    assert applied > 20
    assert {each.actor for each in told} == set(Actor)


def _applied(facts: Facts, change: Counterfactual) -> Facts:
    """The facts with the change made as it is told."""
    assert change.field
    needed = change.needed
    if REGISTRY.field(change.fact_kind, change.field).type is FieldType.MONEY and needed is not None:
        needed = int(Decimal(str(needed)) * 100)
    of = [
        {name: value for name, value in {**fact, change.field: needed}.items() if value is not None}
        if fact["id"] == change.fact_id
        else fact
        for fact in facts[change.fact_kind]
    ]
    return {**facts, change.fact_kind: of}  # type: ignore[dict-item]

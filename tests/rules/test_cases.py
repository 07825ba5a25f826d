"""Saved cases say what a rule must say of which facts."""

from __future__ import annotations

import random
from typing import Any

import pytest

from models.errors import InvalidRulebook
from rules import packs
from rules.build import build_book
from rules.cases import build_cases, captured, failures
from rules.reference import canonical_facts, evaluate
from tests.rules.generate import facts_of, rule_documents

BOOK = build_book("starter/1", packs.load(packs.STARTER).rules)
STALLED: dict[str, Any] = {
    "name": "a deal of a quarter",
    "rule": "stalled-deal",
    "facts": {
        "deal": [{"is_open": True, "age_days": 91, "amount": 500.5}, {"is_open": True, "age_days": 90}]
    },
    "expect": [{"d": "deal-1"}],
}


def test_a_case_that_holds_is_silent() -> None:
    assert failures(BOOK, build_cases(BOOK, [STALLED])) == []


@pytest.mark.parametrize(
    ("expect", "why"),
    [
        ([], "the case 'a deal of a quarter' of stalled-deal fails: it matches d = deal-1"),
        ([{"d": "deal-1"}, {"d": "deal-2"}], "it does not match d = deal-2"),
        ([{"d": "deal-2"}], "it does not match d = deal-2; it matches d = deal-1"),
    ],
)
def test_a_case_that_fails_says_what_was_expected_and_what_was_found(expect: list[Any], why: str) -> None:
    (failure,) = failures(BOOK, build_cases(BOOK, [{**STALLED, "expect": expect}]))
    assert why in str(failure)


@pytest.mark.parametrize(
    ("changes", "path", "why"),
    [
        ({"rule": "stalled"}, "cases.0.rule", "no rule 'stalled'; allowed: "),
        ({"facts": {"invoice": []}}, "cases.0.facts.invoice", "is no fact kind"),
        (
            {"facts": {"deal": [{"colour": 1}]}},
            "cases.0.facts.deal.0.colour",
            "no such field; allowed: id, name",
        ),
        ({"facts": {"deal": [{"amount": "a lot"}]}}, "cases.0.facts.deal.0.amount", "is no amount"),
        ({"facts": {"deal": [{"stage": "X"}]}}, "cases.0.facts.deal.0.stage", "allowed: IDENTIFIED"),
        ({"expect": [{"x": "deal-1"}]}, "cases.0.expect.0.x", "is no alias of stalled-deal; allowed: d"),
        ({"expect": [{"d": "deal-9"}]}, "cases.0.expect.0.d", "no fact 'deal-9'; allowed: deal-1, deal-2"),
        ({"named": "x"}, "cases.0.named", "there is no such key"),
        ({"name": " "}, "cases.0.name", "may not be blank"),
    ],
)
def test_a_wrong_case_names_the_place_and_what_is_allowed(
    changes: dict[str, Any], path: str, why: str
) -> None:
    with pytest.raises(InvalidRulebook) as caught:
        build_cases(BOOK, [{**STALLED, **changes}])
    assert [".".join(problem.path) for problem in caught.value.problems] == [path] * len(
        caught.value.problems
    )
    assert why in caught.value.problems[0].message


def test_a_case_captured_from_an_account_holds_for_the_rule_that_it_is_of() -> None:
    matched = 0
    for seed in range(160):
        rng = random.Random(seed)
        book = build_book("random/1", rule_documents(rng, 3))
        facts = canonical_facts(facts_of(rng))
        for rule in book.rules:
            case = captured(book, rule.key, "as it was", facts)
            (built,) = build_cases(book, [case])
            assert failures(book, [built]) == [], seed
            matched += any(match.rule == rule.key for match in evaluate(book.rules, facts))
    assert matched > 50

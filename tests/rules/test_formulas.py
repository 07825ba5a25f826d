"""Arithmetic on facts: exact, typed, and missing where it has no result."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.build import build_rule
from rules.reference import Fact, canonical_facts, matches
from rules.tree import Rule


def _rule(where: dict[str, Any], *further: dict[str, Any]) -> tuple[Rule | None, dict[str, str]]:
    document = {
        "key": "computed",
        "title": "computed",
        "when": [{"contract": {"as": "c"}}, {"deal": {"as": "d", "where": where}}, *further],
        "then": [{"recommend": {"action": "LOOK", "because": "computed"}}],
    }
    rule, problems = build_rule(document)
    return rule, {".".join(problem.path): problem.message for problem in problems}


def _holds(where: dict[str, Any], deal: Fact, contract: Fact | None = None) -> bool:
    rule, problems = _rule(where)
    assert rule, problems
    facts = canonical_facts({"deal": [{"id": "d", **deal}], "contract": [{"id": "c", **(contract or {})}]})
    return bool(list(matches(rule, facts)))


@pytest.mark.parametrize(
    ("where", "deal", "contract", "expected"),
    [
        ({"amount * 2": {"gte": 10}}, {"amount": 500}, {}, True),
        ({"amount * 2": {"gt": 10}}, {"amount": 500}, {}, False),
        ({"amount - weighted_amount": {"eq": "0.10"}}, {"amount": 30, "weighted_amount": 20}, {}, True),
        ({"amount * 0.1": {"eq": 0.3}}, {"amount": 300}, {}, True),  # exact: no binary fractions
        ({"amount + 1": {"eq": 6}}, {"amount": 500}, {}, True),  # a number beside money is whole units
        ({"amount - (1 + 1) * 2": {"eq": 1}}, {"amount": 500}, {}, True),
        ({"amount / weighted_amount": {"gte": 2}}, {"amount": 4, "weighted_amount": 2}, {}, True),
        ({"-age_days + 1": {"lt": 0}}, {"age_days": 2}, {}, True),
        ({"amount": {"gt": "$c.monthly_recurring * 12"}}, {"amount": 121}, {"monthly_recurring": 10}, True),
        ({"amount": {"gt": "12 * $c.monthly_recurring"}}, {"amount": 120}, {"monthly_recurring": 10}, False),
        (
            {"amount / 12": {"lte": "($c.monthly_recurring + $c.annual_value) / 2"}},
            {"amount": 78},
            {"monthly_recurring": 1, "annual_value": 12},
            True,
        ),
    ],
)
def test_both_sides_are_computed(where: dict[str, Any], deal: Fact, contract: Fact, expected: bool) -> None:
    assert _holds(where, deal, contract) is expected


@pytest.mark.parametrize(
    "deal",
    [{}, {"amount": 1}, {"weighted_amount": 1}, {"amount": 1, "weighted_amount": 0}],
)
def test_what_has_no_result_is_missing(deal: Fact) -> None:
    assert not _holds({"amount / weighted_amount": {"gte": -1}}, deal)
    assert not _holds({"amount / weighted_amount": {"ne": 7}}, deal)
    assert _holds({"amount / weighted_amount": {"is_null": True}}, deal)


@pytest.mark.parametrize(
    ("where", "path", "says"),
    [
        ({"amount + age_days": {"gt": 1}}, "amount + age_days", "money + days means nothing"),
        ({"amount * weighted_amount": {"gt": 1}}, "amount * weighted_amount", "money * money means nothing"),
        ({"1 / amount": {"gt": 1}}, "1 / amount", "number / money means nothing"),
        ({"stage * 2": {"gt": 1}}, "stage * 2", "string fields cannot be computed with"),
        ({"amount +": {"gt": 1}}, "amount +", "a sign or a parenthesis is missing"),
        ({"amount ** 2": {"gt": 1}}, "amount ** 2", "and nothing else"),
        ({"amount // 2": {"gt": 1}}, "amount // 2", "and nothing else"),
        ({"amount if amount": {"gt": 1}}, "amount if amount", "is no formula"),
        ({"__import__('os')": {"gt": 1}}, "__import__('os')", "allowed: fields, numbers"),
        ({"1 + 2": {"gt": 1}}, "1 + 2", "names no field"),
        ({"worth * 2": {"gt": 1}}, "worth * 2", "a deal has no field 'worth'"),
        ({"amount - $c.annual_value": {"gt": 1}}, "amount - $c.annual_value", "to the right"),
        ({"amount": {"gt": "$c.annual_value - amount"}}, "amount.gt", "to the left"),
        ({"amount": {"gt": "$c.annual_value * $c.days_to_end"}}, "amount.gt", "money * days"),
        ({"amount": {"gt": "$c.days_to_end * 2"}}, "amount.gt", "is days and amount is money"),
        ({"amount * 2": {"gt": "1.001"}}, "amount * 2.gt", "at most two places"),
        ({"amount" + " + amount" * 30: {"gt": 1}}, "amount" + " + amount" * 30, "allowed: 200"),
        ({"(" * 150 + "amount" + ")" * 10: {"gt": 1}}, "(" * 150 + "amount" + ")" * 10, "is missing"),
    ],
)
def test_what_cannot_be_computed_is_refused_in_the_authors_words(
    where: dict[str, Any], path: str, says: str
) -> None:
    _, problems = _rule(where)
    assert says in problems.get(f"when.1.deal.where.{path}", ""), problems


def test_a_side_speaks_of_one_fact() -> None:
    _, problems = _rule({}, {"deal": {"where": {"amount": {"gt": "$c.annual_value + $d.amount"}}}})
    (message,) = problems.values()
    assert "fields of several facts" in message


@given(st.text(max_size=40) | st.text(alphabet="amount $c.()+-*/0123456789e_N", max_size=40))
def test_any_text_at_all_is_a_formula_or_refused(text: str) -> None:
    rule, problems = _rule({text: {"gt": 1}, "amount": {"lt": text}})
    assert (rule is None) == bool(problems)

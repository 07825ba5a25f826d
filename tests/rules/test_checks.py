"""The checks find rules that can never match and conditions that are always or never so."""

from __future__ import annotations

from typing import Any

import pytest

from rules import packs
from rules.build import build_book
from rules.checks import findings, never_matching
from rules.findings import FindingCode, FindingSeverity
from tests.rules.checking import LOOK, deal, found, rule


def _never(*when: dict[str, Any]) -> str:
    """Why a rule of these clauses never matches; nothing when it may."""
    told = found(FindingCode.NEVER_MATCHES, rule(list(when)))
    return told[0].message if told else ""


# --- a rule that can never match


IMPOSSIBLE: list[tuple[dict[str, Any], str]] = [
    ({"age_days": {"gt": 100, "lt": 50}}, "no deal has age_days gt 100 and age_days lt 50"),
    ({"age_days": {"gt": 3, "lt": 4}}, "no deal has age_days gt 3 and age_days lt 4"),
    ({"amount": {"gt": 10, "lt": "10.01"}}, "no deal has amount gt 10.00 and amount lt 10.01"),
    ({"age_days": {"between": [1, 5], "gt": 5}}, "no deal has age_days between [1, 5] and age_days gt 5"),
    ({"amount": {"between": [1, 2], "eq": 3}}, "no deal has amount between [1.00, 2.00] and amount eq 3.00"),
    ({"amount": {"lt": 0}}, "amount lt 0.00 never holds: amount is 0.00 or more"),
    ({"stage": {"eq": "WON", "in": ["LOST"]}}, "no deal has stage eq 'WON' and stage in ['LOST']"),
    ({"stage": {"eq": "WON", "ne": "WON"}}, "no deal has stage eq 'WON' and stage ne 'WON'"),
    ({"is_open": {"eq": True, "ne": True}}, "no deal has is_open eq true and is_open ne true"),
    (
        {"competitor": {"is_null": True, "eq": "x"}},
        "no deal has competitor is_null true and competitor eq 'x'",
    ),
    (
        {"name": {"starts_with": "ab", "eq": "b"}},
        "no deal has name starts_with 'ab' and name eq 'b'",
    ),
    ({"name": {"starts_with": "ab"}, "none": [{"name": {"contains": "B"}}]}, "none of (name contains 'B')"),
    ({"amount_percentile": {"gt": 100}}, "amount_percentile gt 100 never holds"),
    (
        {
            "any": [{"age_days": {"lt": 5}}, {"stage": {"eq": "WON"}}],
            "age_days": {"gt": 5},
            "stage": {"eq": "LOST"},
        },
        "any of (age_days lt 5; stage eq 'WON')",
    ),
    ({"none": [{"pushes": {"gte": 5}}, {"pushes": {"lt": 5}}, {"pushes": {"is_null": True}}]}, "none of"),
    ({"all": [{"pushes": {"gt": 3}}, {"none": [{"pushes": {"gt": 2}}]}]}, "all of"),
    ({"age_days": {"gt": 10}, "age_days * 2": {"lt": 5}}, "no deal has age_days gt 10 and age_days * 2 lt 5"),
    ({"amount": {"is_null": True}, "amount * 2": {"gt": 1}}, "no deal has amount is_null true"),
    ({"amount / weighted_amount": {"lt": 0}}, "amount / weighted_amount lt 0 never holds"),
    ({"id": {"is_null": True}}, "id is_null true never holds"),
]  # fmt: skip


@pytest.mark.parametrize(("where", "message"), IMPOSSIBLE)
def test_conditions_that_contradict_each_other_are_named(where: dict[str, Any], message: str) -> None:
    told = found(FindingCode.NEVER_MATCHES, rule([{"account": {}}, deal(where)]))
    assert [(each.path, each.severity) for each in told] == [
        (("rules", "0", "when", "1", "deal", "where"), FindingSeverity.ERROR)
    ]
    assert message in told[0].message


POSSIBLE: list[dict[str, Any]] = [
    {"age_days": {"gt": 3, "lt": 5}},
    {"probability": {"gt": 3, "lt": 4}},
    {"amount": {"gt": 10, "lt": "10.02"}},
    {"stage": {"ne": "WON", "in": ["WON", "LOST"]}},
    {"competitor": {"is_null": True}, "stage": {"eq": "WON"}},
    {"name": {"contains": "a", "starts_with": "b"}, "none": [{"name": {"contains": "ab"}}]},
    {"name": {"starts_with": "a", "contains": "b", "ne": "ab"}},
    {"none": [{"age_days": {"gte": 5}}, {"age_days": {"lt": 5}}]},
    {"any": [{"age_days": {"lt": 5}}, {"stage": {"eq": "WON"}}], "age_days": {"gt": 5}},
    {"amount_percentile": {"gte": 100}},
    {"age_days - days_in_stage": {"lt": 0}},
    {"amount / weighted_amount": {"lt": 1}},
]


@pytest.mark.parametrize("where", POSSIBLE)
def test_conditions_that_can_hold_together_are_let_be(where: dict[str, Any]) -> None:
    assert _never(deal(where)) == ""


def test_more_alternatives_than_are_looked_at_count_as_possible() -> None:
    names = ("age_days", "days_in_stage", "days_to_close", "next_step_overdue_days", "pushes", "contacts")
    groups = [{"any": [{name: {"eq": value}} for value in range(2)]} for name in names]
    nested = {"all": [*groups, {"any": [{"stage_rank": {"lte": 2}}, {"stage_rank": {"gte": 4}}]}]}
    assert _never(deal({**nested, "stage_rank": {"eq": 2}})) == ""


def test_conditions_between_facts_that_cannot_hold_are_named() -> None:
    account = {"account": {"as": "a", "where": {"annual_value": {"lte": 100}}}}
    over = {"amount": {"gt": 200, "lt": "$a.annual_value"}}
    assert _never(account, deal(over)) == (
        "annual_value lte 100.00 (of the account) and amount gt 200.00 (of the deal) and"
        " amount lt $a.annual_value (of the deal) cannot hold together"
    )
    assert _never(account, deal({"amount": {"gt": 50, "lt": "$a.annual_value"}})) == ""
    both = {"amount": {"gt": "$a.annual_value"}, "amount * 1": {"lt": 5}}
    assert _never(account, deal(both)) == ""
    twice = {"id": {"eq": "$d.id"}, "none": [{"id": {"is_null": False}}]}
    assert "never holds" in _never(deal({}), deal(twice, "e"))


def test_two_comparisons_with_one_value_of_another_fact_contradict_each_other() -> None:
    clauses = [
        {"contract": {"as": "c"}},
        deal({"amount": {"gt": "$c.annual_value", "lte": "$c.annual_value"}}),
    ]
    assert _never(*clauses) == "no deal has amount gt $c.annual_value and amount lte $c.annual_value"


def test_a_fact_that_the_rule_asks_for_and_forbids_is_named() -> None:
    forbidden = {"none": {"deal": {"where": {"age_days": {"gt": 50}}}}}
    told = found(FindingCode.NEVER_MATCHES, rule([deal({"age_days": {"gt": 90}}), forbidden]))
    assert [(each.path, each.message) for each in told] == [
        (
            ("rules", "0", "when", "1"),
            "whenever the rest of the rule holds there is a deal with age_days gt 50, and there must be none",
        )
    ]
    assert _never(deal({"age_days": {"gt": 40}}), forbidden) == ""


def test_tests_are_held_against_each_other() -> None:
    late = {"deal": {"where": {"age_days": {"gt": 90}}}}
    later = {"deal": {"where": {"age_days": {"gt": 120}}}}
    account: dict[str, Any] = {"account": {}}
    assert "must be none" in _never(account, {"all": [later]}, {"none": late})
    assert "any of it must be" in _never(account, {"any": [later, later]}, {"none": late})
    assert _never(account, {"all": [late]}, {"none": later}) == ""
    assert _never(account, {"any": [later, {"ticket": {}}]}, {"none": late}) == ""


def test_a_test_of_other_facts_than_the_matched_one_may_hold() -> None:
    other = {"none": {"deal": {"where": {"age_days": {"gt": "$d.age_days"}}}}}
    assert _never(deal({}), other) == ""
    itself = {"none": {"deal": {"where": {"age_days": {"gte": "$d.age_days"}}}}}
    assert "must be none" in _never(deal({"age_days": {"gt": 1}}), itself)


def test_a_rule_that_rests_on_a_rule_that_never_matches_never_does() -> None:
    concluding = rule(
        [deal({"age_days": {"gt": 9, "lt": 5}})], "base", then=[{"conclude": {"fact": "old_deal"}}]
    )
    resting = rule([{"old_deal": {}}], "rests", then=[{"conclude": {"fact": "older_deal"}}])
    further = rule([{"account": {}}, {"all": [{"older_deal": {}}]}], "further")
    unlike = rule([{"account": {}}, {"none": {"old_deal": {}}}], "unlike")
    told = found(FindingCode.NEVER_MATCHES, further, resting, concluding, unlike)
    assert [(each.rule_key, each.message) for each in told] == [
        ("further", "no older_deal is ever concluded: the rules that conclude it can never match"),
        ("rests", "no old_deal is ever concluded: base can never match"),
        ("base", "no deal has age_days gt 9 and age_days lt 5"),
    ]
    again = rule([deal({"age_days": {"gt": 9}})], "again", then=[{"conclude": {"fact": "old_deal"}}])
    kept = found(FindingCode.NEVER_MATCHES, further, resting, concluding, unlike, again)
    assert [each.rule_key for each in kept] == ["base"]


# --- conditions that are always or never so


SEVERITIES = ["LOW", "MEDIUM", "HIGH", "CRITICAL"]
#: A kind, a condition on it, whether it always holds, and the range that it is told with.
DECIDED: list[tuple[str, dict[str, Any], bool, str]] = [
    ("deal", {"probability": {"lte": 100}}, True, ": probability is 0 to 100"),
    ("account", {"tickets_open": {"gte": 0}}, True, ": tickets_open is 0 or more"),
    ("account", {"employees_percentile": {"gt": 100}}, False, ": employees_percentile is 0 to 100"),
    ("deal", {"stage_rank": {"between": [1, 5]}}, True, ": stage_rank is 1 to 5"),
    (
        "ticket",
        {"severity": {"not_in": SEVERITIES}},
        False,
        ": severity is one of LOW, MEDIUM, HIGH, CRITICAL",
    ),
    ("deal", {"name": {"contains": ""}}, True, ""),
    ("deal", {"probability * 2": {"gt": 200}}, False, ": probability * 2 is 0 to 200"),
    ("deal", {"amount + 1": {"gte": 1}}, True, ": amount + 1 is 1.00 or more"),
]


@pytest.mark.parametrize(("kind", "where", "always", "range_"), DECIDED)
def test_a_condition_that_is_always_or_never_so_is_named_with_its_range(
    kind: str, where: dict[str, Any], always: bool, range_: str
) -> None:
    (told,) = found(FindingCode.OUT_OF_RANGE, rule([{kind: {"where": where}}]))
    ((name, comparison),) = where.items()
    (op,) = comparison
    assert told.message.startswith(f"{name} {op} ")
    assert told.message.endswith(
        f" {'always holds where there is a value' if always else 'never holds'}{range_}"
    )
    assert told.path == ("rules", "0", "when", "0", kind, "where", name, op)


def test_every_fact_has_an_id() -> None:
    (told,) = found(FindingCode.OUT_OF_RANGE, rule([deal({"id": {"is_null": False}})]))
    assert told.message == "id is_null false always holds"


def test_each_condition_is_told_at_its_place_in_groups_tests_and_gates() -> None:
    always = {"pushes": {"gte": 0}}
    document = rule(
        [
            {"none": {"deal": {"where": always}}},
            deal({"all": [{"stage": {"eq": "WON"}}, {"any": [always]}]}),
            {"any": [{"ticket": {}}, {"all": [{"deal": {"where": always}}]}]},
        ],
        then=[{"recommend": {**LOOK[0]["recommend"], "applicable": [{"deal": {"where": always}}]}}],
    )
    assert [".".join(told.path) for told in found(FindingCode.OUT_OF_RANGE, document)] == [
        "rules.0.when.1.deal.where.all.1.any.0.pushes.gte",
        "rules.0.when.0.none.deal.where.pushes.gte",
        "rules.0.when.2.any.1.all.0.deal.where.pushes.gte",
        "rules.0.then.0.recommend.applicable.0.deal.where.pushes.gte",
    ]


def test_conditions_on_the_edge_that_tell_something_apart_are_let_be() -> None:
    where = {"probability": {"gte": 100}, "pushes": {"gt": 0}, "age_days": {"gte": 0}, "amount": {"gt": 0}}
    assert found(FindingCode.OUT_OF_RANGE, rule([deal(where)])) == []


# --- what is shipped


def test_nothing_is_found_in_the_packs_together() -> None:
    documents = [rule for name in packs.names() for rule in packs.load(name).rules]
    book = build_book("packs", documents)
    assert findings(book, documents) == []
    assert never_matching(book, documents) == []

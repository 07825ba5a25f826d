"""``all``, ``any`` and ``none``, over the conditions on a fact and over the facts of an account."""

from __future__ import annotations

from typing import Any

import pytest

from rules.build import build_rule
from rules.reference import Fact, Facts, canonical_facts, matches


def _clauses(*when: dict[str, Any]) -> dict[str, Any]:
    then = [{"recommend": {"action": "LOOK", "because": "it is so"}}]
    return {"key": "grouped", "title": "grouped", "when": list(when), "then": then}


def _holds(facts: Facts, *when: dict[str, Any]) -> bool:
    rule, problems = build_rule(_clauses(*when))
    assert rule, problems
    return bool(list(matches(rule, canonical_facts(facts))))


def _problems(*when: dict[str, Any]) -> dict[str, str]:
    _, problems = build_rule(_clauses(*when))
    return {".".join(problem.path): problem.message for problem in problems}


LARGE_OR_KEY = {"any": [{"tier": {"eq": "KEY"}}, {"annual_value": {"gte": 100}, "employees": {"gt": 10}}]}


@pytest.mark.parametrize(
    ("account", "expected"),
    [
        ({"tier": "KEY"}, True),
        ({"annual_value": 100_00, "employees": 11}, True),
        ({"annual_value": 100_00, "employees": 10}, False),  # both of the second, or it does not hold
        ({"tier": "NAMED"}, False),
        ({}, False),
    ],
)
def test_one_of_several_conditions_is_enough(account: Fact, expected: bool) -> None:
    assert _holds({"account": [{"id": "a", **account}]}, {"account": {"where": LARGE_OR_KEY}}) is expected


def test_none_of_several_conditions_may_hold_and_missing_is_not_holding() -> None:
    where = {"none": [{"tier": {"eq": "KEY"}}, {"employees": {"lt": 5}}]}
    for account, expected in (({}, True), ({"tier": "KEY"}, False), ({"employees": 5}, True)):
        assert _holds({"account": [{"id": "a", **account}]}, {"account": {"where": where}}) is expected


DEAL = {"deal": {"as": "d"}}
TICKET = {"ticket": {"where": {"is_open": {"eq": True}}}}
SIGNAL = {"signal": {"where": {"deal_id": {"eq": "$d.id"}}}}


@pytest.mark.parametrize(
    ("test", "with_ticket", "with_signal", "expected"),
    [
        ({"any": [TICKET, SIGNAL]}, True, False, True),
        ({"any": [TICKET, SIGNAL]}, False, True, True),
        ({"any": [TICKET, SIGNAL]}, False, False, False),
        ({"all": [TICKET, SIGNAL]}, True, False, False),
        ({"all": [TICKET, SIGNAL]}, True, True, True),
        ({"none": [TICKET, SIGNAL]}, False, False, True),
        ({"none": [TICKET, SIGNAL]}, False, True, False),
        ({"none": SIGNAL}, True, False, True),
        ({"none": {"all": [TICKET, SIGNAL]}}, True, False, True),
        ({"none": {"all": [TICKET, SIGNAL]}}, True, True, False),
        ({"any": [{"none": TICKET}, SIGNAL]}, True, False, False),
        ({"any": [{"none": TICKET}, SIGNAL]}, False, False, True),
    ],
)
def test_facts_are_asked_for_together_or_instead_of_each_other(
    test: dict[str, Any], with_ticket: bool, with_signal: bool, expected: bool
) -> None:
    facts: Facts = {
        "deal": [{"id": "d1"}],
        "ticket": [{"id": "t", "is_open": with_ticket}],
        "signal": [{"id": "s", "deal_id": "d1" if with_signal else "d2"}],
    }
    assert _holds(facts, DEAL, test) is expected


@pytest.mark.parametrize(
    ("clause", "path", "says"),
    [
        ({"any": []}, "when.1.any", "at least 1"),
        ({"any": [TICKET], "none": TICKET}, "when.1", "stand alone"),
        ({"any": [TICKET], **TICKET}, "when.1", "stand alone"),
        ({"any": [{"ticket": {"as": "t"}}]}, "when.1.any.0.ticket.as", "cannot have a name"),
        ({"none": {"ticket": {}, "signal": {}}}, "when.1.none", "exactly one"),
        ({"any": TICKET}, "when.1.any", "allowed: a list"),
        (
            {"ticket": {"where": {"any": [{}, {"is_open": {"eq": True}}]}}},
            "when.1.ticket.where.any.0",
            "nothing",
        ),
        ({"ticket": {"where": {"is_open": {}}}}, "when.1.ticket.where.is_open", "allowed: eq, ne"),
        (
            {"none": [{"none": [{"none": [{"none": [{"none": [TICKET]}]}]}]}]},
            "when.1.none.0.none.0.none.0.none.0.none",
            "4 levels",
        ),
        (
            {"ticket": {"where": {"any": [{"service_id": {"eq": "$d.id"}}]}}},
            "when.1.ticket.where.any.0.service_id.eq",
            "outside of all, any and none",
        ),
        (
            {"ticket": {"where": {"any": [{"tier": {"eq": "KEY"}}]}}},
            "when.1.ticket.where.any.0.tier",
            "a ticket has no field 'tier'",
        ),
    ],
)
def test_a_wrong_group_is_told_where_and_why(clause: dict[str, Any], path: str, says: str) -> None:
    problems = _problems(DEAL, clause)
    assert says in problems.get(path, ""), problems


def test_a_rule_needs_a_fact_besides_its_tests() -> None:
    assert "0 patterns besides all, any and none" in _problems({"none": TICKET})["when"]

"""The checks find rules that add nothing to others, and rules that say opposite things."""

from __future__ import annotations

from typing import Any

import pytest

from rules.findings import FindingCode, FindingSeverity
from rules.overlaps import OPPOSITES, opposite
from tests.rules.checking import LOOK, deal, found, rule

Clauses = list[dict[str, Any]]

# --- a rule that adds nothing


def _subsumed(specific: dict[str, Any], general: dict[str, Any]) -> bool:
    told = found(FindingCode.SUBSUMED, general, specific)
    return [each.rule_key for each in told] == ["specific"]


def _pair(specific: list[dict[str, Any]], general: list[dict[str, Any]]) -> bool:
    """Whether a rule of these clauses is said to add nothing to one of those."""
    return _subsumed(rule(specific, "specific"), rule(general, "general"))


def test_a_tighter_rule_that_says_the_same_adds_nothing() -> None:
    told = found(
        FindingCode.SUBSUMED,
        rule([deal({"age_days": {"gt": 90}})], "wide"),
        rule([deal({"age_days": {"between": [100, 200]}, "is_open": {"eq": True}}, "x")], "narrow"),
    )
    assert [(each.rule_key, each.path, each.message, each.severity) for each in told] == [
        (
            "narrow",
            ("rules", "1"),
            "wide holds whenever this rule does and says as much: this one adds nothing",
            FindingSeverity.WARNING,
        )
    ]


ADDING_NOTHING: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"stage": {"eq": "WON"}}, {"stage": {"in": ["WON", "LOST"]}}),
    ({"stage": {"in": ["WON"]}}, {"stage": {"ne": "LOST"}}),
    ({"age_days": {"gt": 4}}, {"age_days": {"gte": 5}}),
    ({"amount": {"gt": 5}}, {"amount": {"is_null": False}}),
    ({"amount * 2": {"gt": 5}}, {"amount": {"is_null": False}}),
    ({"name": {"starts_with": "Abc"}}, {"name": {"contains": "b"}}),
    ({"age_days": {"gt": 9}}, {"any": [{"age_days": {"gt": 5}}, {"is_open": {"eq": True}}]}),
    ({"any": [{"age_days": {"gt": 9}}, {"age_days": {"lt": 2}}]}, {"none": [{"age_days": {"eq": 5}}]}),
    ({"probability": {"gte": 40}}, {"probability": {"between": [40, 100]}}),
]


@pytest.mark.parametrize(("specific", "general"), ADDING_NOTHING)
def test_conditions_imply_wider_ones_and_not_the_other_way_round(
    specific: dict[str, Any], general: dict[str, Any]
) -> None:
    assert _pair([deal(specific)], [deal(general)])
    account: list[dict[str, Any]] = [{"account": {}}]
    assert not _pair([*account, deal({})], [deal(general)])


def test_missing_values_are_not_taken_to_be_there() -> None:
    assert not _pair([deal({"none": [{"age_days": {"lte": 5}}]})], [deal({"age_days": {"gt": 5}})])
    assert not _pair([deal({"stage": {"is_null": False}})], [deal({"stage": {"in": ["WON", "LOST"]}})])


def test_patterns_are_laid_on_each_other_whatever_they_are_called_and_in_any_order() -> None:
    joined = {"contract_id": {"eq": "$c.id"}, "amount": {"gt": "$c.annual_value"}}
    contract = {"contract": {"as": "c", "where": {"days_to_end": {"lt": 30}}}}
    specific: Clauses = [{"account": {}}, contract, deal({"is_open": {"eq": True}}, "e"), deal(joined)]
    general: Clauses = [
        {"contract": {"as": "k", "where": {"days_to_end": {"lt": 60}}}},
        deal({"contract_id": {"eq": "$k.id"}, "amount": {"gte": "$k.annual_value"}}, "f"),
    ]
    assert _pair(specific, general)
    assert not _pair([contract, deal({"contract_id": {"eq": "$c.id"}})], general)
    assert not _pair([deal({})], [deal({}, "d"), deal({}, "e")]), "two deals are asked for, and one is there"


def test_facts_that_one_rule_asks_for_are_distinct_in_the_other_too() -> None:
    old_and_any: Clauses = [deal({"age_days": {"gt": 90}}, "d"), deal({}, "e")]
    two_old: Clauses = [deal({"age_days": {"gt": 50}}, "d"), deal({"age_days": {"gt": 50}}, "e")]
    assert not _pair(old_and_any, two_old)
    assert _pair([deal({"age_days": {"gt": 90}}, "d"), deal({"age_days": {"gt": 60}}, "e")], two_old)


def test_tests_imply_tests() -> None:
    account: dict[str, Any] = {"account": {"as": "a"}}
    none_open = {"none": {"deal": {"where": {"is_open": {"eq": True}}}}}
    none_open_renewal = {"none": {"deal": {"where": {"is_open": {"eq": True}, "kind": {"eq": "RENEWAL"}}}}}
    assert _pair([account, none_open], [account, none_open_renewal])
    assert not _pair([account, none_open_renewal], [account, none_open])
    assert _pair(
        [account, deal({"is_open": {"eq": True}})], [account, {"any": [{"deal": {}}, {"ticket": {}}]}]
    )
    either = {"any": [{"deal": {"where": {"amount": {"gt": "$c.annual_value"}}}}, {"ticket": {}}]}
    other = {"any": [{"deal": {"where": {"amount": {"gt": "$k.annual_value"}}}}, {"ticket": {}}]}
    assert _pair(
        [{"contract": {"as": "c", "where": {"is_active": {"eq": True}}}}, either],
        [{"contract": {"as": "k"}}, other],
    )
    assert not _pair([{"account": {}}, {"contract": {"as": "c"}}], [{"contract": {"as": "k"}}, other])


def _flag(severity: str, exposure: str = "$d.amount", **changes: Any) -> list[dict[str, Any]]:
    return [{"flag": {"risk": "CHURN", "severity": severity, "exposure": exposure, **changes}}]


def test_a_rule_that_says_something_else_adds_something() -> None:
    wide = [deal({"age_days": {"gt": 90}})]
    narrow = [deal({"age_days": {"gt": 99}})]

    def subsumed(one: list[dict[str, Any]], other: list[dict[str, Any]], **changes: Any) -> bool:
        return _subsumed(rule(narrow, "specific", then=one, **changes), rule(wide, "general", then=other))

    high, medium = _flag("HIGH"), _flag("MEDIUM")
    assert subsumed(medium, high)
    assert subsumed(high, high)
    assert subsumed(LOOK, [*high, *LOOK]) is False, "the one is about revenue, the other is not"
    assert not subsumed(high, medium), "it is more severe"
    assert not subsumed(_flag("HIGH", probability=0.9), high), "it is likelier"
    assert not subsumed([*high, *LOOK], high), "it recommends something too"
    assert not subsumed([*LOOK, {"conclude": {"fact": "seen"}}], LOOK), "others may rest on what it concludes"
    assert not subsumed(LOOK, [{"recommend": {"action": "ACT", "because": "x"}}])
    assert not subsumed(LOOK, LOOK, subject=[]), "the one is about the account, the other about the deal"
    gated = [{"recommend": {**LOOK[0]["recommend"], "eligible": [{"ticket": {}}]}}]
    assert not subsumed(LOOK, gated), "what the other recommends is not always offered"
    assert subsumed(gated, gated)
    assert subsumed(gated, LOOK)


def test_of_two_rules_that_are_alike_the_later_one_is_told_once() -> None:
    told = found(
        FindingCode.SUBSUMED,
        rule([deal({"age_days": {"gt": 90}})], "one"),
        rule([deal({"age_days": {"gte": 91}}, "e")], "other"),
    )
    assert [(each.rule_key, each.message) for each in told] == [
        ("other", "one holds of the same facts and says as much: this one adds nothing")
    ]


def test_rules_that_are_live_beside_it_are_compared_with_and_not_told_of() -> None:
    own = rule([deal({"age_days": {"gt": 99}})], "own")
    live = rule([deal({"age_days": {"gt": 90}})], "live")
    assert [each.rule_key for each in found(FindingCode.SUBSUMED, own, live, own=1)] == ["own"]
    wide, narrow = {**live, "key": "own"}, {**own, "key": "live"}
    assert found(FindingCode.SUBSUMED, wide, narrow, own=1) == []


# --- rules that say opposite things


def _against(specific: list[dict[str, Any]], general: list[dict[str, Any]]) -> list[str]:
    """What a rule of deals older than 99 days says against one of those older than 90."""
    wide = rule([deal({"age_days": {"gt": 90}})], "wide", then=general)
    narrow = rule([deal({"age_days": {"gt": 99}})], "narrow", then=specific)
    return [each.message for each in found(FindingCode.CONTRADICTING, wide, narrow)]


def test_a_milder_exception_that_does_not_silence_the_rule_contradicts_it() -> None:
    assert _against(_flag("MEDIUM", probability=0.5), _flag("HIGH", probability=0.5)) == [
        "whenever narrow holds so does wide: narrow says CHURN is MEDIUM with a probability of 0.5 and wide"
        " says CHURN is HIGH with a probability of 0.5"
    ]
    assert len(_against(_flag("HIGH", probability=0.1), _flag("HIGH", probability=0.5))) == 1


def test_to_escalate_on_fewer_facts_is_no_contradiction() -> None:
    assert _against(_flag("CRITICAL", probability=0.9), _flag("HIGH", probability=0.5)) == []
    assert _against(_flag("HIGH"), _flag("HIGH")) == []


def test_different_severities_of_the_very_same_facts_contradict_each_other_once() -> None:
    when = [deal({"age_days": {"gt": 90}})]
    told = found(
        FindingCode.CONTRADICTING,
        rule(when, "one", then=_flag("HIGH")),
        rule(when, "other", then=_flag("CRITICAL")),
    )
    assert [(each.rule_key, each.path) for each in told] == [("other", ("rules", "1", "then"))]


def test_opposite_actions_of_the_same_facts_contradict_each_other() -> None:
    def recommending(action: str) -> list[dict[str, Any]]:
        return [{"recommend": {"action": action, "because": "x"}}]

    assert _against(recommending("PREPARE_LEANER_OFFER"), recommending("PROPOSE_EXPANSION")) == [
        "whenever narrow holds so does wide: narrow recommends PREPARE_LEANER_OFFER and wide"
        " PROPOSE_EXPANSION, which is the opposite"
    ]
    assert _against(recommending("PROPOSE_EXPANSION"), recommending("FIND_WHITESPACE")) == []
    assert all(opposite(a, b) and opposite(b, a) for one, other in OPPOSITES for a in one for b in other)
    assert not any(opposite(a, b) for one, _ in OPPOSITES for a in one for b in one)


def test_an_action_that_another_rule_excludes_by_a_gate_contradicts_it() -> None:
    gated = [
        {
            "recommend": {
                **LOOK[0]["recommend"],
                "suitable": [{"none": {"deal": {"where": {"age_days": {"gt": 95}}}}}],
            }
        }
    ]
    (message,) = _against(LOOK, gated)
    assert message.startswith(
        "whenever narrow holds so does wide: narrow recommends LOOK, and for wide that is suitable"
    )
    assert _against(gated, LOOK) != [], "its own gate is never open"


def test_a_gate_that_the_rule_itself_closes_is_told_at_its_place() -> None:
    gates = {
        "eligible": [{"ticket": {}}],
        "suitable": [{"none": {"deal": {"where": {"age_days": {"gt": 9}}}}}],
    }
    document = rule([deal({"age_days": {"gt": 90}})], then=[{"recommend": {**LOOK[0]["recommend"], **gates}}])
    (told,) = found(FindingCode.CONTRADICTING, document)
    assert told.path == ("rules", "0", "then", "0", "recommend", "suitable", "0")
    assert "never offered" in told.message

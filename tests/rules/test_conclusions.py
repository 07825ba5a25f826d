"""What a rule concludes is a fact to other rules, whatever the order in which they are written."""

from __future__ import annotations

from typing import Any

import pytest

from models.errors import InvalidRulebook
from rules.build import build_book
from rules.engine.pool import EnginePool
from rules.explain import verdicts
from rules.reference import Facts, canonical_facts, evaluate

ADVICE = {"recommend": {"action": "FIND_SPONSOR", "because": "{s.title} is gone"}}


def _rule(key: str, *when: dict[str, Any], then: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    plain = [{"recommend": {"action": "LOOK", "because": key}}]
    return {"key": key, "title": key, "when": list(when), "then": then or plain}


LOST = _rule(
    "sponsor-left",
    {"contact": {"as": "p", "where": {"seniority": {"eq": "EXECUTIVE"}, "has_left": {"eq": True}}}},
    then=[{"conclude": {"fact": "sponsor_lost", "with": {"contact_id": "$p.id", "title": "$p.title"}}}],
)
UNATTENDED = _rule(
    "renewal-without-sponsor",
    {"contract": {"as": "c", "where": {"days_to_end": {"lte": 90}}}},
    {"sponsor_lost": {"as": "s"}},
    then=[
        {"flag": {"risk": "CHURN", "severity": "HIGH", "exposure": "$c.annual_value"}},
        ADVICE,
        {"conclude": {"fact": "renewal_exposed", "with": {"contract_id": "$c.id"}}},
    ],
)
QUIET = _rule("no-sponsor-lost", {"account": {"as": "a"}}, {"none": {"sponsor_lost": {}}})
THIRD = _rule(
    "exposed-and-ticket",
    {"ticket": {"as": "t"}},
    {"renewal_exposed": {"where": {"contract_id": {"eq": "$t.service_id"}}}},
)
FACTS: Facts = {
    "account": [{"id": "a1"}],
    "contact": [
        {"id": "p1", "seniority": "EXECUTIVE", "has_left": True, "title": "CIO", "_source": "crm"},
        {"id": "p2", "seniority": "EXECUTIVE", "has_left": False, "title": "CEO"},
    ],
    "contract": [{"id": "c1", "days_to_end": 30, "annual_value": 12_00, "is_active": True}],
    "ticket": [{"id": "t1", "service_id": "c1"}],
}


def test_rules_rest_on_conclusions_of_others_in_any_order() -> None:
    book = build_book("b/1", [THIRD, QUIET, UNATTENDED, LOST])
    assert {rule.key: rule.stratum for rule in book.rules} == {
        "exposed-and-ticket": 2,
        "no-sponsor-lost": 1,
        "renewal-without-sponsor": 1,
        "sponsor-left": 0,
    }
    assert {match.rule for match in evaluate(book.rules, FACTS)} == {
        "sponsor-left",
        "renewal-without-sponsor",
        "exposed-and-ticket",
    }
    nobody_left = {**FACTS, "contact": FACTS["contact"][1:]}
    assert {match.rule for match in evaluate(book.rules, nobody_left)} == {"no-sponsor-lost"}


async def test_the_engine_concludes_what_the_reference_evaluator_does() -> None:
    book = build_book("b/1", [THIRD, QUIET, UNATTENDED, LOST])
    async with EnginePool(1, 20.0) as pool:
        judged = (await pool.judge(book, {"a1": FACTS}, check=["a1"]))["a1"]
    assert judged.error is None
    assert not judged.differing
    assert set(judged.matches) == evaluate(book.rules, canonical_facts(FACTS))


def test_a_verdict_tells_of_the_facts_behind_a_conclusion() -> None:
    book = build_book("b/1", [LOST, UNATTENDED])
    (verdict,) = verdicts(book, "a1", FACTS, evaluate(book.rules, FACTS), "EUR")
    assert verdict.rule.key == "renewal-without-sponsor"  # what only concludes says nothing by itself
    assert verdict.because == "CIO is gone"
    assert verdict.confidential
    seen = {(each.alias, each.fact_kind, each.field): each for each in verdict.evidence}
    assert seen["c", "contract", "days_to_end"].seen == 30
    assert seen["s", "sponsor_lost", "id"].source == "rule sponsor-left"
    behind = seen["sponsor-left.p", "contact", "has_left"]
    assert (behind.fact_id, behind.seen, behind.source) == ("p1", True, "crm")


def test_a_conclusion_is_one_fact_for_each_subject() -> None:
    first = dict(LOST, subject=[])
    book = build_book("b/1", [first, _rule("count", {"sponsor_lost": {"as": "s"}})])
    two = {**FACTS, "contact": [dict(fact, has_left=True) for fact in FACTS["contact"]]}
    counted = [match for match in evaluate(book.rules, two) if match.rule == "count"]
    assert len(counted) == 1


@pytest.mark.parametrize(
    ("documents", "path", "says"),
    [
        (
            [
                _rule("a", {"f": {}}, then=[{"conclude": {"fact": "g"}}]),
                _rule("b", {"g": {}}, then=[{"conclude": {"fact": "f"}}]),
            ],
            "rules.0.when",
            "rests on its own conclusion: a -> b -> a",
        ),
        ([_rule("a", {"f": {}}, then=[{"conclude": {"fact": "f"}}])], "rules.0.when", "a -> a"),
        (
            [_rule("a", {"none": {"f": {}}}, {"deal": {}}, then=[{"conclude": {"fact": "f"}}])],
            "rules.0.when",
            "a -> a",
        ),
        ([_rule("a", {"sponsor_lost": {}})], "rules.0.when.0.sponsor_lost", "is no fact kind"),
        (
            [LOST, _rule("a", {"sponsor_lost": {"where": {"name": {"eq": "x"}}}})],
            "rules.1.when.0.sponsor_lost.where.name",
            "allowed: id, contact_id, title",
        ),
        (
            [_rule("a", {"deal": {}}, then=[{"conclude": {"fact": "deal"}}])],
            "rules.0.then.0.conclude.fact",
            "take another name",
        ),
        (
            [_rule("a", {"deal": {}}, then=[{"conclude": {"fact": "any"}}])],
            "rules.0.then.0.conclude.fact",
            "take another name",
        ),
        (
            [
                LOST,
                _rule(
                    "a",
                    {"deal": {"as": "d"}},
                    then=[{"conclude": {"fact": "sponsor_lost", "with": {"contact_id": "$d.amount"}}}],
                ),
            ],
            "rules.1.then",
            "with other fields",
        ),
        (
            [_rule("a", {"deal": {"as": "d"}}, then=[{"conclude": {"fact": "f", "with": {"id": "$d.id"}}}])],
            "rules.0.then.0.conclude.with.id",
            "use another name",
        ),
        (
            [_rule("a", {"deal": {"as": "d"}}, then=[{"conclude": {"fact": "f", "with": {"x": "$d.size"}}}])],
            "rules.0.then.0.conclude.with.x",
            "no field 'size'",
        ),
    ],
)
def test_a_wrong_conclusion_is_told_where_and_why(
    documents: list[dict[str, Any]], path: str, says: str
) -> None:
    with pytest.raises(InvalidRulebook) as caught:
        build_book("b/1", documents)
    problems = {".".join(problem.path): problem.message for problem in caught.value.problems}
    assert says in problems.get(path, ""), problems


def test_a_wrong_rule_is_not_blamed_on_those_that_rest_on_it() -> None:
    with pytest.raises(InvalidRulebook) as caught:
        build_book("b/1", [UNATTENDED, dict(LOST, when=[{"contakt": {"as": "p"}}]), QUIET])
    assert {problem.path[1] for problem in caught.value.problems} == {"1"}

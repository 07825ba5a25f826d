"""A rule document is understood, or every problem in it is named with its place and what is allowed."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import InvalidRulebook
from rules import files, packs
from rules.build import build_book, build_rule
from rules.tree import Ref, leaves

SOUND: dict[str, Any] = {
    "key": "renewal-unattended",
    "title": "Renewal in sight and nobody is working on it",
    "when": [
        {"contract": {"as": "c", "where": {"days_to_end": {"lte": 120}, "monthly_recurring": {"gt": 0}}}},
        {"account": {"as": "a", "where": {"tier": {"in": ["NAMED", "KEY"]}}}},
        {"none": {"deal": {"where": {"kind": {"eq": "RENEWAL"}, "contract_id": {"eq": "$c.id"}}}}},
    ],
    "then": [
        {"flag": {"risk": "CHURN", "severity": "HIGH", "exposure": "$c.annual_value"}},
        {"recommend": {"action": "OPEN_RENEWAL", "because": "{c.name} ends in {c.days_to_end}"}},
    ],
}


def _problems(document: object) -> dict[str, str]:
    rule, problems = build_rule(document)
    assert (rule is None) == bool(problems)
    return {".".join(problem.path): problem.message for problem in problems}


def _changed(*path: str | int, to: object) -> dict[str, Any]:
    document = deepcopy(SOUND)
    target: Any = document
    for step in path[:-1]:
        target = target[step]
    target[path[-1]] = to
    return document


def test_the_rule_of_the_documentation_is_understood() -> None:
    rule, problems = build_rule(SOUND)
    assert problems == []
    assert rule is not None
    assert [pattern.kind for pattern in rule.patterns] == ["contract", "account"]
    assert rule.tests[0].about == "c"
    assert rule.subjects == ("c",)  # the account is whose verdict it is, not what it is about
    assert rule.flag is not None and rule.flag.exposure == Ref("c", "annual_value")


def test_money_is_written_in_whole_units_and_held_in_minor_units() -> None:
    rule, _ = build_rule(_changed("when", 0, "contract", "where", "monthly_recurring", to={"gt": "12.34"}))
    assert rule is not None
    assert list(leaves(rule.patterns[0].where))[1].value == 1234


@pytest.mark.parametrize(
    ("document", "path", "says"),
    [
        (_changed("key", to="No Slug"), "key", "No Slug"),
        (_changed("when", to=[]), "when", "at least 1"),
        (_changed("when", 0, to={"dealz": {}}), "when.0.dealz", "allowed: account, contract, deal"),
        (_changed("when", 0, to={"deal": {}, "contact": {}}), "when.0", "exactly one"),
        (
            _changed("when", 0, "contract", "where", "days_to_end", to={"lte": "soon"}),
            "when.0.contract.where.days_to_end.lte",
            "'soon' is not a number",
        ),
        (
            _changed("when", 0, "contract", "where", "days_to_end", to={"about": 1}),
            "when.0.contract.where.days_to_end.about.[key]",
            "'about'",
        ),
        (
            _changed("when", 0, "contract", "where", "days_to_end", to={"contains": "1"}),
            "when.0.contract.where.days_to_end.contains",
            "allowed: eq, ne",
        ),
        (
            _changed("when", 0, "contract", "where", "worth", to={"gt": 1}),
            "when.0.contract.where.worth",
            "a contract has no field 'worth'; allowed: id, name",
        ),
        (
            _changed("when", 1, "account", "where", "tier", to={"in": ["NAMED", "GOLD"]}),
            "when.1.account.where.tier.in.1",
            "'GOLD' is no tier; allowed: KEY, NAMED, STANDARD",
        ),
        (
            _changed("when", 0, "contract", "where", "monthly_recurring", to={"gt": -1}),
            "when.0.contract.where.monthly_recurring.gt",
            "allowed: 0 or more",
        ),
        *(
            (
                _changed("when", 0, "contract", "where", "monthly_recurring", to={"gt": amount}),
                "when.0.contract.where.monthly_recurring.gt",
                says,
            )
            for amount, says in [
                ("1e1000000", "is no amount"),
                ("1e999990", "is too large"),
                ("1.001", "at most two places"),
                ("NaN", "is no amount"),
                ("-Infinity", "is no amount"),
            ]
        ),
        (
            _changed("when", 0, "contract", "where", "days_to_end", to={"between": [10, 1]}),
            "when.0.contract.where.days_to_end.between",
            "[10, 1] has nothing in it; the lower value comes first",
        ),
        (_changed("title", to=" \n "), "title", "may not be blank"),
        (
            _changed("when", 0, "contract", "where", "days_to_end", to={"between": [1]}),
            "when.0.contract.where.days_to_end.between",
            "a list of two values",
        ),
        (
            _changed("when", 2, "none", "deal", "where", "contract_id", to={"eq": "$x.id"}),
            "when.2.none.deal.where.contract_id.eq",
            "allowed: $c, $a",
        ),
        (
            _changed("when", 2, "none", "deal", "where", "age_days", to={"gt": "$c.monthly_recurring"}),
            "when.2.none.deal.where.age_days.gt",
            "is money and age_days is days",
        ),
        (
            _changed("when", 2, "none", "deal", "where", "name", to={"eq": "$a.name"}),
            "when.2.none",
            "one alias",
        ),
        (
            _changed("then", 0, "flag", "exposure", to="$c.days_to_end"),
            "then.0.flag.exposure",
            "revenue line",
        ),
        (_changed("then", 0, "flag", "severity", to="BAD"), "then.0.flag.severity", "'LOW'"),
        (_changed("then", 1, "recommend", "because", to="{c.size}"), "then.1.recommend.because", "'size'"),
        (_changed("then", 1, "recommend", "because", to="{c.name"), "then.1.recommend.because", "brace"),
        (_changed("then", 1, to={}), "then.1", "exactly one of flag, recommend and conclude"),
        (_changed("subject", to=["z"]), "subject.0", "allowed: c, a"),
        (_changed("urgency", to=2), "urgency", "less than or equal to 1"),
        (_changed("colour", to="red"), "colour", "no such key"),
    ],
)
def test_a_wrong_document_is_told_where_and_what_is_allowed(
    document: dict[str, Any], path: str, says: str
) -> None:
    problems = _problems(document)
    assert path in problems, problems
    assert says in problems[path]


def test_every_problem_of_a_rulebook_is_told_at_once() -> None:
    twice = [SOUND, SOUND, _changed("urgency", to=9), _changed("key", to="!")]
    with pytest.raises(InvalidRulebook) as caught:
        build_book("b/1", twice)
    assert [".".join(problem.path) for problem in caught.value.problems] == [
        "rules.1.key",
        "rules.2.urgency",
        "rules.3.key",
    ]


def test_the_starter_pack_has_at_least_ten_rules_and_is_sound() -> None:
    assert len(build_book("starter/1", packs.load(packs.STARTER).rules).rules) >= 10


@pytest.mark.parametrize("text", ["rules: [", "just text", "rules: 7", "- 1", "\x00"])
def test_a_file_that_is_no_rulebook_is_refused(text: str) -> None:
    with pytest.raises(InvalidRulebook):
        files.read(text)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["$c.id", "eq"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.text(max_size=6)
            | st.sampled_from(["key", "when", "then", "deal", "where", "as", "amount", "eq", "none"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@given(JSON)
def test_any_json_at_all_is_understood_or_refused_with_problems(document: object) -> None:
    _problems(document)


@given(JSON)
def test_any_conditions_at_all_are_understood_or_refused_with_problems(where: object) -> None:
    _problems(
        _changed("when", 0, to={"deal": {"as": "d", "where": {"amount": where, "stage": {"eq": where}}}})
    )

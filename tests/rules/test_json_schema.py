"""The published schema takes what the product takes, and says where a document is wrong in itself."""

from __future__ import annotations

import copy
import json
import random
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from rules import packs
from rules.build import build_rule
from rules.json_schema import file_schema, rule_schema
from rules.kinds import REGISTRY
from tests.rules.generate import rule_documents

RULE = Draft202012Validator(rule_schema())
GOOD: dict[str, Any] = {
    "key": "k",
    "title": "T",
    "when": [{"deal": {"as": "d", "where": {"amount": {"gt": 10}, "stage": {"in": ["PROPOSED"]}}}}],
    "then": [{"recommend": {"action": "LOOK", "because": "{d.name}"}}],
}


def test_they_are_schemas_themselves() -> None:
    for schema in (rule_schema(), file_schema()):
        Draft202012Validator.check_schema(schema)


def test_shipped_rules_and_random_ones_are_valid() -> None:
    assert Draft202012Validator(file_schema()).is_valid({"rules": packs.load(packs.STARTER).rules})
    for seed in range(200):
        for document in rule_documents(random.Random(seed), 3):
            problems = [error.message for error in RULE.iter_errors(document)]
            assert not problems, (seed, document, problems)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (["when", 0, "deal", "where", "amount"], {"above": 3}),
        (["when", 0, "deal", "where", "amount"], {"gt": -1}),
        (["when", 0, "deal", "where", "amount"], {"gt": True}),
        (["when", 0, "deal", "where", "amount"], {}),
        (["when", 0, "deal", "where", "colour"], {"eq": "red"}),
        (["when", 0, "deal", "where", "stage"], {"eq": "PROPOSD"}),
        (["when", 0, "deal", "where", "stage"], {"gt": "PROPOSED"}),
        (["when", 0, "deal", "where", "probability"], {"lt": 101}),
        (["when", 0, "deal", "where", "days_in_stage"], {"lt": 1.5}),
        (["when", 0, "deal", "where", "is_open"], {"eq": "yes"}),
        (["when", 0, "deal", "where", "amount_percentile"], {"gt": 101}),
        (["when", 0, "deal", "where", "amount"], {"between": [1]}),
        (["when", 0, "deal", "where", "any"], []),
        (["when", 0, "deal", "named"], "d"),
        (["when", 0, "contract"], {}),
        (["when"], []),
        (["then", 0, "flag"], {"risk": "CHURN", "severity": "HIGH", "exposure": "$d.amount"}),
        (["then", 0, "recommend", "action"], "look"),
        (["key"], "Not A Key"),
        (["colour"], "red"),
    ],
)
def test_what_the_product_refuses_for_one_place_of_a_document_is_not_valid(
    path: list[Any], value: Any
) -> None:
    document = copy.deepcopy(GOOD)
    assert RULE.is_valid(document)
    place = document
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    assert build_rule(document)[1], "the product takes it"
    assert not RULE.is_valid(document)


def test_every_field_is_told_with_its_meaning() -> None:
    text = json.dumps(rule_schema())
    for kind in REGISTRY.kinds.values():
        for field in kind.fields.values():
            assert json.dumps(field.meaning)[1:-1] in text

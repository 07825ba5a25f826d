"""A sentence says why a verdict holds, and no number in it comes from anywhere else than the evidence."""

from __future__ import annotations

import random
import re
from decimal import Decimal

import pytest

from rules import packs
from rules.build import build_book
from rules.explain import Verdict, verdicts
from rules.reference import canonical_facts, evaluate
from rules.sentences import sentence
from tests.rules.generate import facts_of, rule_documents

NUMBER = re.compile(r"(?<![\w.])-?\d[\d,]*(?:\.\d+)?")


def _verdicts() -> list[Verdict]:
    found: list[Verdict] = []
    for seed in range(600):
        rng = random.Random(seed)
        book = build_book("random/1", rule_documents(rng, 3))
        facts = canonical_facts(facts_of(rng))
        found += verdicts(book, "acc", facts, evaluate(book.rules, facts), "EUR")
    return found


def _numbers(value: object) -> set[Decimal]:
    if isinstance(value, list | tuple):
        return set().union(*map(_numbers, value))
    if isinstance(value, bool) or value is None:
        return set()
    text = str(value)
    return {Decimal(found.replace(",", "")) for found in NUMBER.findall(text)}


def test_every_number_in_a_sentence_is_in_the_evidence() -> None:
    told = _verdicts()
    assert len(told) > 300
    for verdict in told:
        known: set[Decimal] = set()
        for seen in verdict.evidence:
            known |= (
                _numbers(seen.seen) | _numbers(seen.threshold) | _numbers(seen.field) | _numbers(seen.fact_id)
            )
        known |= {
            *map(
                Decimal,
                re.findall(r"\d+", " ".join(f"{seen.fact_kind} {seen.field}" for seen in verdict.evidence)),
            )
        }
        known |= {number * 100 for number in known}  # ratios are told in percent
        spoken = sentence(verdict.evidence, "EUR", "en").replace("€", "")
        assert _numbers(spoken) <= known, spoken


@pytest.mark.parametrize(
    ("locale", "money"),
    [("en", "€1,200.00"), ("de", "1.200,00\xa0€"), ("fr", "1\u202f200,00\xa0€"), ("tlh", "€1,200.00")],
)
def test_money_is_written_as_the_reader_writes_it(locale: str, money: str) -> None:
    pack = packs.load("retention")
    book = build_book("retention", pack.rules)
    facts = {
        "contract": [{"id": "c", "is_active": True, "monthly_recurring": 100_00, "annual_value": 1200_00}],
        "deal": [{"id": "d", "kind": "RENEWAL", "is_open": True, "contract_id": "c", "amount": 1000_00}],
    }
    (verdict,) = verdicts(book, "acc", facts, evaluate(book.rules, facts), "EUR")  # type: ignore[arg-type]
    assert f"below {money}" in sentence(verdict.evidence, "EUR", locale)


def test_it_reads_as_a_sentence() -> None:
    book = build_book("starter", packs.load(packs.STARTER).rules)
    facts = {"deal": [{"id": "d", "is_open": True, "age_days": 120, "amount": 5}]}
    (verdict,) = verdicts(book, "acc", facts, evaluate(book.rules, facts), "EUR")  # type: ignore[arg-type]
    assert sentence(verdict.evidence, "EUR") == (
        "the deal is open; age days of the deal is 120 days, above 90 days."
    )

"""The pre-filter never drops an account that a rule matches, and drops most of those that none does."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import pytest

from models.database import fetch
from models.severity import Severity
from rules import packs
from rules.build import build_book
from rules.facts import accounts_as_of, gather
from rules.needs import needs
from rules.population import survey
from rules.prefilter import candidates
from rules.reference import canonical_facts, evaluate
from rules.rows import parameters
from rules.tree import Book
from tests import factories
from tests.rules.fuzzing import TOGETHER, seeds
from tests.rules.generate import rule_documents
from tests.rules.stored import portfolio

DAY = factories.TODAY
#: Random books of the short form, on each database.
BOOKS = 500


def _rule(when: list[dict[str, Any]]) -> Book:
    then = [{"recommend": {"action": "LOOK", "because": "it matched"}}]
    return build_book("one/1", [{"key": "one", "title": "One", "when": when, "then": then}])


async def _candidates(tenant_id: str, book: Book) -> set[str] | None:
    found = candidates(book, await survey(tenant_id, DAY, needs(book)))
    if found is None:
        return None
    rows = await fetch(found.sql, parameters(tenant_id, DAY) | found.params)
    return {str(row["account"]) for row in rows}


async def _matched(tenant_id: str, book: Book) -> set[str]:
    """The accounts that some rule holds for, found without a pre-filter."""
    ids = await accounts_as_of(tenant_id, DAY)
    facts = await gather(tenant_id, ids, DAY, needs(book))
    return {account for account, of in facts.items() if evaluate(book.rules, canonical_facts(of))}


async def test_no_account_that_matches_is_dropped_in_random_books_and_portfolios(db: str) -> None:
    standing: int | None = None
    dropped = passed = 0
    for seed in seeds(BOOKS):
        if standing != seed // TOGETHER:
            standing = seed // TOGETHER
            tenant_id = await portfolio(random.Random(standing), 30)
        rng = random.Random(seed)
        book = build_book("random/1", rule_documents(rng, rng.randrange(1, 5)))
        found = await _candidates(tenant_id, book)
        if found is None:
            continue
        matched = await _matched(tenant_id, book)
        assert matched <= found, f"seed {seed}"
        passed += len(matched)
        dropped += 30 - len(found)
    assert passed > BOOKS, "hardly anything matched"
    assert dropped > BOOKS, "hardly anything was dropped"


@pytest.mark.parametrize("pack", [packs.STARTER])
async def test_a_pack_sends_no_account_without_a_cause(db: str, pack: str) -> None:
    owner = await factories.user(await factories.tenant())
    account = await factories.account(owner)
    await factories.contract(account, ends_on=DAY + timedelta(days=700))
    book = build_book(f"{pack}/1", packs.load(pack).rules)
    assert await _candidates(owner.tenant_id, book) == set()


async def test_each_fact_that_must_exist_is_asked_for(db: str) -> None:
    owner = await factories.user(await factories.tenant())
    both, one = await factories.account(owner), await factories.account(owner)
    for account in (both, one):
        await factories.contract(account, ends_on=DAY + timedelta(days=30))
    await factories.ticket(both, severity=Severity.CRITICAL)
    book = _rule(
        [
            {"contract": {"where": {"days_to_end": {"lt": 60}}}},
            {"ticket": {"where": {"severity": {"in": ["HIGH", "CRITICAL"]}}}},
        ]
    )
    assert await _candidates(owner.tenant_id, book) == {both.id}


async def test_a_percentile_is_asked_for_as_the_values_that_stand_there(db: str) -> None:
    owner = await factories.user(await factories.tenant())
    ids = [(await factories.account(owner, employees=employees)).id for employees in range(20)]
    book = _rule([{"account": {"where": {"employees_percentile": {"gte": 90}}}}])
    assert await _candidates(owner.tenant_id, book) == set(ids[-2:])


async def test_a_rule_on_what_is_not_there_lets_every_account_pass(db: str) -> None:
    owner = await factories.user(await factories.tenant())
    book = _rule([{"account": {}}, {"none": {"deal": {"where": {"is_open": {"eq": True}}}}}])
    assert await _candidates(owner.tenant_id, book) is None

"""A new day has those accounts judged again that it may have changed something for, and hardly another."""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import Any

from models.database import fetch
from rules.build import build_book
from rules.crossing import crossings
from rules.facts import accounts_as_of, gather
from rules.needs import needs
from rules.population import survey
from rules.reference import Match, canonical_facts, evaluate
from rules.tree import Book
from tests import factories
from tests.rules.fuzzing import TOGETHER, seeds
from tests.rules.generate import rule_documents
from tests.rules.stored import portfolio

DAY = factories.TODAY
BOOKS = 150


async def _crossed(tenant_id: str, book: Book, before: date, now: date) -> set[str] | None:
    populations = (await survey(tenant_id, before, needs(book)), await survey(tenant_id, now, needs(book)))
    statements = crossings(book, tenant_id, (before, now), populations)
    if statements is None:
        return None
    return {str(row["account"]) for each in statements for row in await fetch(each.sql, each.params)}


async def _matches(tenant_id: str, book: Book, day: date) -> dict[str, set[Match]]:
    facts = await gather(tenant_id, await accounts_as_of(tenant_id, day), day, needs(book))
    return {account: evaluate(book.rules, canonical_facts(of)) for account, of in facts.items()}


async def test_no_account_whose_verdicts_change_with_the_days_is_missed(db: str) -> None:
    standing: int | None = None
    changed = spared = 0
    for seed in seeds(BOOKS):
        if standing != seed // TOGETHER:
            standing = seed // TOGETHER
            tenant_id = await portfolio(random.Random(standing), 30)
        rng = random.Random(seed)
        book = build_book("random/1", rule_documents(rng, rng.randrange(1, 5)))
        before = DAY - timedelta(days=rng.choice([0, 1, 50]))
        now = before + timedelta(days=rng.choice([1, 1, 2, 40]))
        crossed = await _crossed(tenant_id, book, before, now)
        if crossed is None:
            continue
        earlier, later = await _matches(tenant_id, book, before), await _matches(tenant_id, book, now)
        differing = {account for account in {*earlier, *later} if earlier.get(account) != later.get(account)}
        assert differing <= crossed, f"seed {seed}"
        changed += len(differing)
        spared += 30 - len(crossed)
    assert changed > BOOKS / 2, "hardly anything changed"
    assert spared > BOOKS, "hardly anything was spared"


def _rule(where: dict[str, Any]) -> Book:
    when = [{"contract": {"as": "c", "where": where}}]
    then = [{"recommend": {"action": "LOOK", "because": "it matched"}}]
    return build_book("one/1", [{"key": "one", "title": "One", "when": when, "then": then}])


async def test_a_contract_that_comes_within_120_days_of_its_end_is_a_change(db: str) -> None:
    owner = await factories.user(await factories.tenant())
    near, far = await factories.account(owner), await factories.account(owner)
    await factories.contract(near, ends_on=DAY + timedelta(days=121))
    await factories.contract(far, ends_on=DAY + timedelta(days=123))
    book = _rule({"days_to_end": {"lte": 120}})
    tomorrow = DAY + timedelta(days=1)
    assert await _crossed(owner.tenant_id, book, DAY, tomorrow) == {near.id}
    assert await _crossed(owner.tenant_id, book, tomorrow, tomorrow + timedelta(days=1)) == set()


async def test_a_day_that_comes_to_be_among_those_that_are_not_asked_for_is_a_change(db: str) -> None:
    owner = await factories.user(await factories.tenant())
    account, other = await factories.account(owner), await factories.account(owner)
    await factories.contract(account, ends_on=DAY + timedelta(days=121))
    await factories.contract(other, ends_on=DAY + timedelta(days=125))
    book = _rule({"days_to_end": {"not_in": [120, 90]}})
    for day in (DAY, DAY + timedelta(days=1)):  # it comes to be among them, and leaves
        assert await _crossed(owner.tenant_id, book, day, day + timedelta(days=1)) == {account.id}

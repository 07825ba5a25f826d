"""Relative fields say where an account stands among all, so that what hits everybody is nobody's risk."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.access import User
from models.severity import Severity
from rules.build import build_book
from rules.facts import gather
from rules.needs import needs
from rules.population import Ranks
from rules.reference import canonical_facts, evaluate
from rules.tree import Book
from tests import factories

DAY = factories.TODAY


def _book(field: str) -> Book:
    return build_book(
        "storm/1",
        [
            {
                "key": "ticket-storm",
                "title": "More severe tickets than elsewhere",
                "when": [{"account": {"as": "a", "where": {field: {"gt": 90}}}}],
                "then": [{"recommend": {"action": "CALL", "because": "{a.tickets_open_severe} tickets"}}],
            }
        ],
    )


STORM = _book("tickets_open_severe_percentile")


async def _flagged(owner: User, book: Book = STORM) -> set[str]:
    """Names of the accounts of which the rule holds, all gathered together."""
    accounts = {account.id: account.name for account in await owner.accounts}  # type: ignore[attr-defined]
    facts = await gather(owner.tenant_id, sorted(accounts), DAY, needs(book))
    return {accounts[account] for account, of in facts.items() if evaluate(book.rules, canonical_facts(of))}


@pytest.fixture
async def owner(db: str) -> User:
    return await factories.user(await factories.tenant())


async def _accounts(owner: User, severe: Mapping[int, int], segment: str | None = None) -> None:
    """So many accounts (value) with so many severe tickets (key), called by that number."""
    for tickets, count in severe.items():
        for _ in range(count):
            account = await factories.account(owner, name=f"{tickets}", segment=segment)
            for _ in range(tickets):
                await factories.ticket(account, severity=Severity.CRITICAL)


async def test_a_ticket_storm_on_one_account_is_flagged(owner: User) -> None:
    await _accounts(owner, {0: 19, 3: 1})
    assert await _flagged(owner) == {"3"}


async def test_an_outage_that_hits_two_fifths_of_the_accounts_flags_none_of_them(owner: User) -> None:
    await _accounts(owner, {0: 12, 3: 8})
    assert await _flagged(owner) == set()


async def test_within_its_segment_an_account_is_compared_with_its_like(owner: User) -> None:
    await _accounts(owner, {0: 12, 1: 1}, segment="small")
    await _accounts(owner, {3: 12}, segment="large")
    assert await _flagged(owner) == set()  # twelve large ones share the top
    assert await _flagged(owner, _book("tickets_open_severe_segment_percentile")) == {"1"}


async def test_an_account_of_no_segment_has_no_standing_within_one(owner: User) -> None:
    await _accounts(owner, {0: 19, 3: 1})
    assert await _flagged(owner, _book("tickets_open_severe_segment_percentile")) == set()


async def test_standing_is_of_the_date_and_of_the_tenant(owner: User) -> None:
    await _accounts(owner, {0: 19, 3: 1})
    stranger = await factories.user(await factories.tenant())
    await _accounts(stranger, {3: 20})
    assert await _flagged(owner) == {"3"}
    before = date(2024, 12, 31)
    assert await gather(owner.tenant_id, ["none"], before, needs(STORM)) == {}


@given(st.lists(st.integers(-5, 5) | st.sampled_from([0.5, -0.25]), min_size=1))
def test_percentiles_are_mid_ranks(values: list[float]) -> None:
    ranks = Ranks({value: values.count(value) for value in values})
    for value in [*values, 0.1]:
        below, equal = sum(v < value for v in values), values.count(value)
        assert ranks.percentile(value) == round(100 * (below + equal / 2) / len(values), 2)

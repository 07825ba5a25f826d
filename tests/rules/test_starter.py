"""The starter pack speaks where a director would, and is silent where somebody is at it already."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import pytest

from models.accounts import Account
from models.deals import DealKind, Stage
from models.people import Seniority
from models.signals import SignalKind
from rules import packs
from rules.build import build_book
from rules.explain import verdicts
from rules.facts import gather
from rules.needs import needs
from rules.reference import canonical_facts, evaluate
from rules.tree import Book
from tests import factories

DAY = factories.TODAY
STARTER = build_book("starter/1", packs.load(packs.STARTER).rules)


@pytest.fixture
async def account(db: str) -> Account:
    return await factories.account(await factories.user(await factories.tenant()))


async def _said(account: Account, book: Book = STARTER) -> Mapping[str, str | None]:
    """Why each rule that speaks does so, by its key."""
    facts = canonical_facts((await gather(account.tenant_id, [account.id], DAY, needs(book)))[account.id])
    found = verdicts(book, account.id, facts, evaluate(book.rules, facts), "EUR")
    return {verdict.rule.key: verdict.because for verdict in found}


async def test_a_contract_that_ends_soon_without_a_renewal_is_told(account: Account) -> None:
    await factories.contract(account, name="Backbone", ends_on=DAY + timedelta(days=30))
    assert (await _said(account))["renewal-unattended"] == (
        "Backbone ends in 30 days and no renewal of it is under way"
    )


@pytest.mark.parametrize(
    ("days", "told"), [(0, "left Nordbank today;"), (1, "left Nordbank 1 day ago;"), (2, "2 days ago;")]
)
async def test_how_long_ago_is_said_as_people_say_it(account: Account, days: int, told: str) -> None:
    account.name = "Nordbank"
    await account.save()
    await factories.contract(account)
    left = DAY - timedelta(days=days)
    await factories.contact(account, seniority=Seniority.EXECUTIVE, left_on=left)
    assert told in ((await _said(account))["executive-left"] or "")


@pytest.mark.parametrize("stage", [Stage.PROPOSED, Stage.WON])
async def test_a_renewal_under_way_or_won_is_not_unattended(account: Account, stage: Stage) -> None:
    contract = await factories.contract(account, ends_on=DAY + timedelta(days=30))
    ended = None if stage.is_open else DAY - timedelta(days=5)
    await factories.deal(
        account, kind=DealKind.RENEWAL, contract_id=contract.id, stage=stage, closed_on=ended
    )
    assert "renewal-unattended" not in await _said(account)


async def test_a_renewal_that_was_lost_leaves_the_contract_unattended(account: Account) -> None:
    contract = await factories.contract(account, ends_on=DAY + timedelta(days=30))
    lost = {"stage": Stage.LOST, "closed_on": DAY - timedelta(days=5)}
    await factories.deal(account, kind=DealKind.RENEWAL, contract_id=contract.id, **lost)
    assert "renewal-unattended" in await _said(account)


async def test_a_contract_that_renews_by_itself_is_not_unattended(account: Account) -> None:
    await factories.contract(account, ends_on=DAY + timedelta(days=30), auto_renews=True)
    assert "renewal-unattended" not in await _said(account)


async def test_a_competitor_in_a_late_deal_is_told_of_once(account: Account) -> None:
    deal = await factories.deal(account, name="WAN", stage=Stage.PROPOSED, competitor="Globex")
    assert {"competitor-in-late-deal"} == {key for key in await _said(account) if "competitor" in key}
    await factories.signal(
        account, kind=SignalKind.COMPETITOR_NAMED, observed_on=DAY - timedelta(days=9), deal_id=deal.id
    )
    assert {"competitor-late"} == {key for key in await _said(account) if "competitor" in key}


async def test_a_large_deal_that_hangs_on_nobody_says_so_in_a_sentence(account: Account) -> None:
    await factories.deal(account, name="WAN", stage=Stage.QUALIFIED, amount_minor=250_000_00)
    assert (await _said(account))["single-threaded-large-deal"] == (
        "WAN is worth EUR 250,000.00 and has 0 contacts; win more of the customer's people for it"
    )


async def test_advice_alone_is_worth_the_contracts_of_its_account(account: Account) -> None:
    await factories.contract(account, mrc_minor=10_00)
    advice = {"action": "CALL", "because": "{a.name}", "value": "$a.annual_value"}
    document = {
        "key": "call",
        "title": "Call",
        "when": [{"account": {"as": "a"}}],
        "then": [{"recommend": advice}],
    }
    book = build_book("mine/1", [document])
    facts = canonical_facts((await gather(account.tenant_id, [account.id], DAY, needs(book)))[account.id])
    (verdict,) = verdicts(book, account.id, facts, evaluate(book.rules, facts), "EUR")
    assert verdict.value_minor == 120_00

"""Each rule of each pack speaks where it should and is silent where it should, to both evaluators."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta

import pytest

from commands import evaluations, rulebooks
from commands.access import system_actor
from models.deals import DealKind, Stage
from models.people import Seniority
from models.recommendations import Recommendation, Risk
from models.services import ServiceState
from models.severity import Severity
from models.signals import SignalKind
from rules import packs
from rules.build import build_book
from rules.cases import build_cases, failures
from rules.engine import gate
from rules.engine.pool import EnginePool
from tests import factories

DAY = factories.TODAY
PACKS = [name for name in packs.names() if name != packs.STARTER]


def test_there_are_at_least_thirty_rules_and_their_keys_are_their_own() -> None:
    keys = [str(rule["key"]) for name in packs.names() for rule in packs.load(name).rules]
    assert len(keys) - len(packs.load(packs.STARTER).rules) >= 30
    assert len(set(keys)) == len(keys)
    assert {"retention", "growth", "pipeline-hygiene", "delivery", "relationship"} <= set(PACKS)


@pytest.mark.parametrize("name", PACKS)
async def test_every_rule_has_a_case_where_it_speaks_and_one_where_it_is_silent(name: str) -> None:
    file = packs.load(name)
    book = build_book(name, file.rules)
    cases = build_cases(book, file.cases)
    expected: dict[str, set[bool]] = defaultdict(set)
    for case in cases:
        expected[case.rule].add(bool(case.expect))
    assert dict(expected) == {rule.key: {True, False} for rule in book.rules}
    assert [str(failure) for failure in failures(book, cases)] == []
    await gate.check(book, {str(number): case.facts for number, case in enumerate(cases)}, 20.0)


def test_what_is_missing_in_the_records_is_never_revenue_at_risk() -> None:
    book = build_book("pipeline-hygiene", packs.load("pipeline-hygiene").rules)
    assert [rule.key for rule in book.rules if rule.flag] == []


async def test_all_packs_are_live_together_and_speak_of_what_is_stored(db: str) -> None:
    tenant = await factories.tenant()
    owner = await factories.user(tenant)
    account = await factories.account(owner, tier="KEY", employees=900)
    contract = await factories.contract(account, ends_on=DAY + timedelta(days=40), mrc_minor=500_00)
    service = await factories.service(
        account, state=ServiceState.DESIGNED, started_on=DAY - timedelta(days=40), mrc_minor=90_00
    )
    await factories.deal(
        account, kind=DealKind.RENEWAL, stage=Stage.QUALIFIED, contract_id=contract.id, amount_minor=100_00
    )
    await factories.contact(account, seniority=Seniority.EXECUTIVE, left_on=DAY - timedelta(days=20))
    await factories.ticket(
        account, severity=Severity.CRITICAL, opened_on=DAY - timedelta(days=20), service_id=service.id
    )
    await factories.signal(account, kind=SignalKind.SITE_OPENED)
    async with EnginePool(1, 20.0) as engine:
        for name in packs.names():
            book, _ = await rulebooks.keep(system_actor(tenant), name, packs.load(name))
            await rulebooks.activate(system_actor(tenant), engine, book.id)
        run = await evaluations.evaluate(system_actor(tenant), engine, DAY)
    assert (run.failures, run.disagreements) == ([], [])
    said = {row.rule_key for row in [*await Recommendation.all(), *await Risk.all()]}
    assert {
        "renewal-behind", "renewal-for-less", "service-late", "severe-ticket-old", "no-next-step",
        "sponsor-lost-before-renewal", "site-opened-without-deal", "no-close-date",
    } <= said  # fmt: skip


async def test_a_ticket_storm_that_hits_two_fifths_of_the_accounts_is_nobodys_risk(db: str) -> None:
    tenant = await factories.tenant()
    owner = await factories.user(tenant)
    for number in range(20):
        account = await factories.account(owner)
        await factories.contract(account, ends_on=DAY + timedelta(days=900))
        for _ in range(3 if number < 8 else 0):
            await factories.ticket(account, severity=Severity.CRITICAL, opened_on=DAY)
    rules = [rule for name in PACKS for rule in packs.load(name).rules if rule["key"] in STORM]
    async with EnginePool(1, 20.0) as engine:
        book = await rulebooks.save(system_actor(tenant), "storm", rules)
        await rulebooks.activate(system_actor(tenant), engine, book.id)
        await evaluations.evaluate(system_actor(tenant), engine, DAY)
        assert await Risk.all().count() == 0
        one = await factories.account(owner)
        await factories.contract(one, ends_on=DAY + timedelta(days=900))
        for _ in range(4):
            await factories.ticket(one, severity=Severity.CRITICAL, opened_on=DAY)
        await evaluations.evaluate(system_actor(tenant), engine, DAY)
    assert {row.account_id for row in await Risk.all()} == {one.id}


STORM = ("severe-tickets-above-others", "many-tickets-above-others")

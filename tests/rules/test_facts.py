"""Facts are what the rows say as of a date, the same on both databases."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from commands.access import system_actor
from commands.journal import unit_of_work
from models.access import Tenant, User
from models.accounts import Account, Tier
from models.catalog import Charge
from models.deals import ContactRole, DealContact, DealKind, Stage
from models.people import Seniority
from models.severity import Severity
from models.signals import SignalKind
from models.tickets import TicketState
from rules.facts import gather
from rules.kinds import REGISTRY
from rules.needs import everything
from rules.reference import Fact, Facts
from tests import factories

DAY = factories.TODAY


def _ago(days: int) -> date:
    return DAY - timedelta(days=days)


@pytest.fixture
async def tenant(db: str) -> Tenant:
    return await factories.tenant()


@pytest.fixture
async def account(tenant: Tenant) -> Account:
    owner = await factories.user(tenant)
    return await factories.account(
        owner, tier=Tier.KEY, employees=1200, sites=14, overdue_minor=9_99, overdue_since=_ago(45)
    )


async def _facts(account: Account, day: date = DAY) -> Facts:
    return (await gather(account.tenant_id, [account.id], day, everything()))[account.id]


async def _account(account: Account, day: date = DAY) -> Fact:
    (fact,) = (await _facts(account, day))["account"]
    return fact


async def test_an_account_carries_sums_over_what_belongs_to_it(account: Account) -> None:
    await factories.contract(account, mrc_minor=100_00)
    await factories.contract(account, mrc_minor=50_00, terminated_on=_ago(1))
    await factories.contract(account, mrc_minor=50_00, starts_on=DAY + timedelta(days=1))
    await factories.deal(account, amount_minor=10_00, kind=DealKind.EXPANSION)
    await factories.deal(account, amount_minor=10_00, stage=Stage.LOST, closed_on=_ago(3))
    await factories.contact(account, seniority=Seniority.EXECUTIVE, last_contacted_on=_ago(120))
    await factories.contact(
        account, seniority=Seniority.EXECUTIVE, last_contacted_on=_ago(2), left_on=_ago(1)
    )
    await factories.contact(account, last_contacted_on=_ago(5))
    await factories.ticket(account, severity=Severity.CRITICAL)
    await factories.ticket(account, severity=Severity.HIGH, resolved_on=_ago(2))
    await factories.ticket(account, severity=Severity.LOW)
    fact = await _account(account)
    expected: dict[str, Any] = {
        "tier": "KEY",
        "employees": 1200,
        "sites": 14,
        "currency": "EUR",
        "monthly_recurring": 100_00,
        "annual_value": 1200_00,
        "active_contracts": 1,
        "open_deals": 1,
        "open_expansion_deals": 1,
        "open_pipeline": 10_00,
        "contacts": 2,
        "executive_contacts": 1,
        "days_since_executive_contact": 120,
        "days_since_contact": 5,
        "tickets_open": 2,
        "tickets_open_severe": 1,
        "overdue": 9_99,
        "overdue_days": 45,
        "is_placeholder": False,
    }
    assert {name: fact.get(name) for name in expected} == expected
    assert "usage_change_90d" not in fact  # missing stays missing


@pytest.mark.parametrize(
    ("recent", "earlier", "expected"),
    [(80, 100, -0.2), (100, 100, 0), (130, 100, 0.3), (None, 100, None), (80, None, None), (100, 0, None)],
)
async def test_usage_is_compared_with_the_accounts_own_past(
    account: Account, recent: int | None, earlier: int | None, expected: float | None
) -> None:
    for back in range(1, 13):
        quantity = recent if back <= 3 else earlier
        if quantity is not None:
            index = DAY.year * 12 + DAY.month - 1 - back
            await factories.usage(account, date(index // 12, index % 12 + 1, 1), quantity)
    await factories.usage(account, DAY.replace(day=1), 10_000)  # the running month is not known yet
    assert (await _account(account)).get("usage_change_90d") == expected
    months = (await _facts(account)).get("usage", [])
    assert [fact["months_ago"] for fact in months] == sorted((f["months_ago"] for f in months), reverse=True)
    assert all(fact["months_ago"] != 0 for fact in months)


async def test_quantities_of_different_units_are_never_added(account: Account) -> None:
    for back in range(1, 13):
        index = DAY.year * 12 + DAY.month - 1 - back
        month = date(index // 12, index % 12 + 1, 1)
        await factories.usage(account, month, 50 if back <= 3 else 100, unit="GB", charge_minor=9_00)
        await factories.usage(
            account, month, 9_000 if back <= 3 else 1_000, unit="minutes", charge_minor=1_00
        )
    fact = await _account(account)
    assert (fact["usage_unit"], fact["usage_change_90d"]) == ("GB", -0.5)
    last = {f["unit"]: f["quantity"] for f in (await _facts(account))["usage"] if f["months_ago"] == 1}
    assert last == {"GB": 50, "minutes": 9_000}


@pytest.mark.parametrize("state", [state for state in TicketState if not state.is_open])
async def test_a_ticket_that_ended_is_not_open_though_nobody_said_when(
    account: Account, state: TicketState
) -> None:
    await factories.ticket(account, severity=Severity.HIGH, state=state)
    await factories.ticket(account, severity=Severity.HIGH, state=state, resolved_on=DAY)
    fact = await _account(account)
    assert (fact["tickets_open"], fact["tickets_open_severe"]) == (0, 0)
    assert [fact["is_open"] for fact in (await _facts(account))["ticket"]] == [False]
    assert (await _account(account, _ago(1)))["tickets_open"] == 1  # the one that ended today


async def test_facts_do_not_know_what_comes_after_their_day(account: Account) -> None:
    later = DAY + timedelta(days=3)
    await factories.contact(
        account, seniority=Seniority.EXECUTIVE, last_contacted_on=later, left_on=later + timedelta(days=1)
    )
    fact = await _account(account)
    assert not {"days_since_contact", "days_since_executive_contact"} & fact.keys()
    (person,) = (await _facts(account))["contact"]
    assert not {"days_since_contact", "days_since_left"} & person.keys()
    assert person["has_left"] is False


async def test_who_has_left_takes_part_in_no_deal(tenant: Tenant, account: Account) -> None:
    deal = await factories.deal(account)
    for left_on in (None, _ago(1), DAY + timedelta(days=1)):
        contact = await factories.contact(account, left_on=left_on)
        await DealContact.create(
            id=DealContact.make_id(), tenant_id=tenant.id, deal_id=deal.id, contact_id=contact.id
        )
    assert (await _facts(account))["deal"][0]["contacts"] == 2
    assert (await _facts(account, _ago(2)))["deal"][0]["contacts"] == 3


@pytest.mark.parametrize(
    ("amount", "percent", "weighted"),
    [
        (50, 1, 0),
        (150, 1, 2),
        (250, 1, 2),
        (151, 1, 2),
        (149, 1, 1),
        (101, 40, 40),
        (2**53 - 1, 100, 2**53 - 1),
    ],
)
async def test_a_weighted_amount_is_rounded_half_to_even(
    account: Account, amount: int, percent: int, weighted: int
) -> None:
    await factories.deal(account, amount_minor=amount, probability=percent)
    assert (await _facts(account))["deal"][0].get("weighted_amount") == weighted


async def test_a_deal_carries_its_ages_pushes_and_people(tenant: Tenant, account: Account) -> None:
    contract = await factories.contract(account)
    deal = await factories.deal(
        account,
        valid_from=_ago(91),
        stage=Stage.PROPOSED,
        stage_since=_ago(20),
        close_on=DAY + timedelta(days=9),
        probability=40,
        amount_minor=101,
        next_step="call",
        next_step_on=_ago(8),
        contract_id=contract.id,
    )
    for back in (30, 20, 10):
        async with unit_of_work(system_actor(tenant), "test", on=_ago(back)) as work:
            await work.update(deal, {"close_on": DAY + timedelta(days=40 - back)})
    async with unit_of_work(system_actor(tenant), "test", on=_ago(5)) as work:
        await work.update(deal, {"close_on": DAY - timedelta(days=1)})  # earlier: not a push
    contact = await factories.contact(account)
    await DealContact.create(
        id=DealContact.make_id(), tenant_id=tenant.id, deal_id=deal.id, contact_id=contact.id
    )
    (fact,) = (await _facts(account))["deal"]
    expected: dict[str, Any] = {
        "id": deal.id,
        "is_open": True,
        "age_days": 91,
        "days_in_stage": 20,
        "days_to_close": -1,
        "pushes": 3,
        "contacts": 1,
        "stage": "PROPOSED",
        "stage_rank": 3,
        "probability": 40,
        "amount": 101,
        "next_step_overdue_days": 8,
        "contract_id": contract.id,
        "owner_id": account.owner_id,
    }
    assert {name: fact.get(name) for name in expected} == expected
    assert (await _facts(account, _ago(15)))["deal"][0]["pushes"] == 2
    assert (await _facts(account, _ago(15)))["deal"][0]["days_to_close"] == 35
    assert "deal" not in await _facts(account, _ago(92))


async def test_a_deals_lines_tell_their_products_and_what_they_are_worth(
    tenant: Tenant, account: Account
) -> None:
    product = await factories.product(tenant, name="SD-WAN", family="Network", charge=Charge.RECURRING)
    deal = await factories.deal(account, valid_from=_ago(60))
    line = await factories.deal_line(
        deal, product, quantity=3, mrc_minor=100_00, nrc_minor=50_00, term_months=36, source="crm"
    )
    (fact,) = (await _facts(account))["deal_line"]
    assert fact == {
        "id": line.id, "_source": "crm", "name": "SD-WAN", "product_family": "Network", "charge": "RECURRING",
        "quantity": 3, "monthly_recurring": 100_00, "one_off": 50_00, "term_months": 36,
        "total_contract_value": 3650_00, "deal_is_open": True, "deal_id": deal.id, "product_id": product.id,
        "currency": "EUR",
    }  # fmt: skip
    async with unit_of_work(system_actor(tenant), "test", on=_ago(10)) as work:
        await work.update(line, {"term_months": 12})
        await work.update(product, {"family": "Access"})
        await work.update(deal, {"stage": Stage.LOST, "closed_on": _ago(10)})
    (fact,) = (await _facts(account))["deal_line"]
    assert (fact["total_contract_value"], fact["product_family"]) == (1250_00, "Access")
    assert fact["deal_is_open"] is False
    (fact,) = (await _facts(account, _ago(11)))["deal_line"]
    assert (fact["total_contract_value"], fact["product_family"]) == (3650_00, "Network")
    assert fact["deal_is_open"] is True
    assert "deal_line" not in await _facts(account, _ago(61))  # its deal was not there yet
    assert "deal_line" not in await _facts(account, DAY + timedelta(days=355))  # its deal ended a year ago


@pytest.mark.parametrize(
    ("mrc", "months", "total"),
    [(2**53 - 1, 1, 2**53 - 1), (2**53 - 1, 2**31 - 1, None), (2**52, 3, None), (5, 0, 0), (0, 2**31 - 1, 0)],
)
async def test_a_line_worth_more_than_can_be_held_has_no_value(
    tenant: Tenant, account: Account, mrc: int, months: int, total: int | None
) -> None:
    deal, product = await factories.deal(account), await factories.product(tenant)
    await factories.deal_line(deal, product, mrc_minor=mrc, term_months=months)
    assert (await _facts(account))["deal_line"][0].get("total_contract_value") == total


async def test_who_takes_part_in_a_deal_is_told_with_the_part(tenant: Tenant, account: Account) -> None:
    deal = await factories.deal(account, valid_from=_ago(60))
    contact = await factories.contact(
        account, name="Ada", title="CIO", seniority=Seniority.EXECUTIVE, last_contacted_on=_ago(9),
        left_on=_ago(5),
    )  # fmt: skip
    part = await factories.deal_contact(deal, contact, role=ContactRole.CHAMPION)
    (fact,) = (await _facts(account))["deal_contact"]
    assert fact == {
        "id": part.id, "_source": "bellwether", "name": "Ada", "title": "CIO", "role": "CHAMPION",
        "seniority": "EXECUTIVE", "days_since_contact": 9, "has_left": True, "deal_is_open": True,
        "deal_id": deal.id, "contact_id": contact.id, "days_since_left": 5, "strength": 0,
        "colleagues_in_contact": 0,
    }  # fmt: skip
    async with unit_of_work(system_actor(tenant), "test", on=_ago(3)) as work:
        await work.update(part, {"role": ContactRole.BLOCKER})
    assert (await _facts(account))["deal_contact"][0]["role"] == "BLOCKER"
    (fact,) = (await _facts(account, _ago(10)))["deal_contact"]
    assert (fact["role"], fact["has_left"], fact.get("days_since_contact")) == ("CHAMPION", False, None)
    assert "deal_contact" not in await _facts(account, _ago(61))


async def test_facts_of_deals_are_those_of_the_accounts_that_are_asked_for(
    tenant: Tenant, account: Account
) -> None:
    other = await factories.account(await factories.user(tenant))
    product = await factories.product(tenant)
    for of in (account, other):
        deal = await factories.deal(of)
        await factories.deal_line(deal, product)
        await factories.deal_contact(deal, await factories.contact(of))
    for of in (account, other):
        found = await gather(tenant.id, [of.id], DAY, everything())
        assert list(found) == [of.id]
        assert [len(found[of.id][kind]) for kind in ("deal", "deal_line", "deal_contact")] == [1, 1, 1]


async def test_contracts_contacts_services_tickets_and_signals_tell_their_days(account: Account) -> None:
    await factories.contract(account, ends_on=DAY + timedelta(days=60), auto_renews=True)
    await factories.contract(account, ends_on=None, terminated_on=DAY)
    await factories.contact(account, seniority=Seniority.EXECUTIVE, left_on=_ago(10))
    product = await factories.product(await Tenant.get(id=account.tenant_id), name="VPN", family="Network")
    service = await factories.service(account, mrc_minor=10_00, started_on=_ago(400), product_id=product.id)
    await factories.ticket(account, opened_on=_ago(7), service_id=service.id, severity=Severity.HIGH)
    await factories.ticket(account, opened_on=_ago(300), resolved_on=_ago(200))
    await factories.signal(account, kind=SignalKind.COMPETITOR_NAMED, observed_on=_ago(3))
    await factories.signal(account, observed_on=_ago(366))
    await factories.signal(account, observed_on=DAY + timedelta(days=1))
    facts = await _facts(account)
    running, ended = sorted(facts["contract"], key=lambda fact: not fact["is_active"])
    assert (running["days_to_end"], running["auto_renews"], running["annual_value"]) == (60, True, 12_000_00)
    assert ended["is_active"] is False
    assert "days_to_end" not in ended
    assert (facts["contact"][0]["has_left"], facts["contact"][0]["days_since_left"]) == (True, 10)
    assert (facts["service"][0]["annual_value"], facts["service"][0]["days_since_start"]) == (120_00, 400)
    assert (facts["service"][0]["product"], facts["service"][0]["product_family"]) == ("VPN", "Network")
    (ticket,) = facts["ticket"]
    assert (ticket["age_days"], ticket["severity_rank"], ticket["is_open"]) == (7, 2, True)
    (signal,) = facts["signal"]
    assert (signal["kind"], signal["age_days"]) == ("COMPETITOR_NAMED", 3)


async def test_an_event_is_a_fact_of_the_accounts_that_it_is_about_while_it_lasts(
    tenant: Tenant, account: Account
) -> None:
    async with unit_of_work(system_actor(tenant), "test", on=_ago(20)) as work:
        await work.update(account, {"segment": "Retail"})
    await factories.event(tenant, dimension="SEGMENT", part="Public", started_on=_ago(9))
    retail = await factories.event(
        tenant, dimension="SEGMENT", part="Retail", title="In retail", started_on=_ago(30), lapsed_on=_ago(2)
    )
    assert "event" not in await _facts(account)
    assert "event" not in await _facts(account, _ago(31))
    assert "event" not in await _facts(account, _ago(21))  # it was in no segment then
    (fact,) = (await _facts(account, _ago(3)))["event"]
    assert fact == {
        "id": retail.id, "_source": "bellwether", "name": "In retail", "direction": "ROSE", "age_days": 27,
        "measure": "account.tickets_open_severe", "dimension": "SEGMENT", "part": "Retail",
    }  # fmt: skip
    await factories.event(tenant, started_on=DAY)
    assert [(of["dimension"], of.get("part")) for of in (await _facts(account))["event"]] == [
        ("TENANT", None)
    ]


async def test_every_field_of_every_kind_has_the_type_that_the_registry_says(account: Account) -> None:
    product = await factories.product(await Tenant.get(id=account.tenant_id))
    service = await factories.service(account, product_id=product.id)
    await factories.contract(account, ends_on=DAY)
    contact = await factories.contact(account, last_contacted_on=DAY)
    deal = await factories.deal(account, close_on=DAY)
    await factories.deal_line(deal, product)
    await factories.deal_contact(deal, contact)
    await factories.bid_round(await factories.bid(deal))
    await factories.stakeholder(contact)
    await factories.event(await Tenant.get(id=account.tenant_id), dimension="SEGMENT", part="Retail")
    await Account.filter(id=account.id).update(segment="Retail")
    await factories.ticket(account, service_id=service.id)
    await factories.signal(account)
    await factories.usage(account, date(2026, 2, 1), 3)
    await factories.quota(await User.get(id=account.owner_id))
    await factories.account_plan(account)
    await factories.trend(account)
    await factories.competitor_position(account)
    await factories.product(await Tenant.get(id=account.tenant_id), family="WAN")
    facts = await _facts(account)
    assert set(facts) == set(REGISTRY.kinds)
    for kind, of in facts.items():
        for fact in of:
            for name, value in fact.items():
                if name == "_source":
                    continue
                tag = REGISTRY.field(kind, name).type.tag
                wanted = {"n": (int, float), "s": (str,), "b": (bool,)}[tag]
                assert isinstance(value, wanted), (kind, name, value)
                assert tag == "b" or not isinstance(value, bool), (kind, name, value)

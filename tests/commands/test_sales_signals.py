"""Each signal out of sales fires on a deal made for it, and lapses when the thing itself is mended."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from datetime import date, timedelta
from typing import Any

import pytest

from commands import deal_people, deals, evaluations, forecast, pending, people, rulebooks
from commands.access import system_actor
from commands.journal import unit_of_work
from metrics.portfolio import portfolio
from models.access import Actor, Role, Tenant, User
from models.accounts import Account
from models.base import today
from models.deals import ContactRole, Deal, DealContact, ForecastCategory, Stage
from models.forecast import Measure, Period
from models.people import Contact, InteractionKind
from models.recommendations import Recommendation, RecommendationState, Risk, RiskState
from rules import packs
from rules.build import build_book
from rules.engine.pool import EnginePool
from rules.needs import spoken_of
from tests import factories
from tests.door import Door, door

#: Fields that say how well a deal is written down.
QUALITY = {"next_step", "next_step_overdue_days", "close_overdue_days", "economic_buyers", "amount_changes"}
SIGNALS = {
    "forecast-deal-pushed", "stalled-in-stage", "deal-shrinking", "single-threaded-late",
    "category-raised-late", "next-step-overdue-before-close", "coverage-short", "quota-at-risk",
}  # fmt: skip
RISKS = SIGNALS - {"next-step-overdue-before-close", "coverage-short", "quota-at-risk"}


def ago(days: int) -> date:
    return today() - timedelta(days=days)


def ahead(days: int) -> date:
    return today() + timedelta(days=days)


@pytest.fixture
async def engine() -> AsyncIterator[EnginePool]:
    async with EnginePool(1, 20.0) as pool:
        yield pool


@pytest.fixture
async def tenant(db: str) -> Tenant:
    return await factories.tenant()


@pytest.fixture
async def owner(tenant: Tenant) -> User:
    return await factories.user(tenant)


@pytest.fixture
async def account(owner: User) -> Account:
    return await factories.account(owner, name="Nordbahn")


async def _live(tenant: Tenant, engine: EnginePool, *names: str) -> None:
    for name in names:
        book, _ = await rulebooks.keep(system_actor(tenant), name, packs.load(name))
        await rulebooks.activate(system_actor(tenant), engine, book.id)


async def _judge(tenant: Tenant, engine: EnginePool) -> None:
    run = await evaluations.evaluate(system_actor(tenant), engine, today())
    assert (run.failures, run.disagreements) == ([], [])


async def _then(deal: Deal, days: int, **values: Any) -> None:
    """Change a deal as it was changed so many days ago."""
    tenant = await Tenant.get(id=deal.tenant_id)
    async with unit_of_work(system_actor(tenant), "test", on=ago(days), history=True) as work:
        await work.update(deal, values)


async def _deal(account: Account, **values: Any) -> Deal:
    """A deal that nothing is to be said of: proposed since yesterday, to be closed in three months."""
    plain: dict[str, Any] = {
        "stage": Stage.PROPOSED, "valid_from": ago(50), "stage_since": ago(1), "close_on": ahead(90),
    }  # fmt: skip
    return await factories.deal(account, **(plain | values))


async def _change(actor: Actor, deal: Deal, **values: Any) -> None:
    now = await Deal.get(id=deal.id)
    await deals.update(actor, deal.id, now.version, values)


async def _open(*states: RecommendationState | RiskState) -> set[tuple[str, str]]:
    """What is recommended, or is at risk, by rule and name of the deal."""
    names = {deal.id: deal.name for deal in await Deal.all()}
    model = Risk if states and isinstance(states[0], RiskState) else Recommendation
    return {
        (row.rule_key, names[row.deal_id]) for row in await model.all()
        if row.deal_id and row.state in (states or (RecommendationState.OPEN,))
    }  # fmt: skip


async def _world(tenant: Tenant, owner: User, account: Account) -> dict[str, Deal]:
    """A deal for each signal, by the rule; those that the quota is about are large."""
    pushed = await _deal(account, forecast_category=ForecastCategory.COMMIT, close_on=ahead(50))
    for days in (30, 20):
        await _then(pushed, days, close_on=ahead(90 - days))
    others = await factories.account(await factories.user(tenant))
    for stay in range(11, 21):  # four of five left the stage within 18 days
        left = await _deal(others, valid_from=ago(200), stage_since=ago(200))
        await _then(left, 200 - stay, stage=Stage.LOST, closed_on=ago(200 - stay))
    shrunk = await _deal(account, amount_minor=1_000_00)
    await _then(shrunk, 10, amount_minor=700_00)
    single = await _deal(account, stage=Stage.NEGOTIATING)
    for name, contacted in (("Kim", 100), ("Ada", 5)):
        who = await factories.contact(account, name=name, last_contacted_on=ago(contacted))
        await factories.deal_contact(single, who)
    raised = await _deal(account, close_on=ahead(7))
    await _then(raised, 3, forecast_category=ForecastCategory.COMMIT)
    found = {
        "forecast-deal-pushed": pushed,
        "stalled-in-stage": await _deal(account, stage_since=ago(40)),
        "deal-shrinking": shrunk,
        "single-threaded-late": single,
        "category-raised-late": raised,
        "next-step-overdue-before-close": await _deal(
            account, close_on=ahead(20), next_step="call", next_step_on=ago(2)
        ),
        "coverage-short": await _deal(
            account, amount_minor=20_000_00, stage=Stage.QUALIFIED, close_on=ahead(60)
        ),
        "quota-at-risk": await _deal(account, amount_minor=20_000_00, close_on=ahead(15)),
    }
    await factories.quota(owner, first_on=ago(60), last_on=ahead(20), target=100_000_00)
    return found


async def test_each_signal_fires_on_its_deal_and_lapses_when_the_thing_is_mended(
    tenant: Tenant, owner: User, account: Account, engine: EnginePool
) -> None:
    await _live(tenant, engine, "sales-signals")
    world, actor = await _world(tenant, owner, account), await factories.actor(owner)
    expected = {(rule, deal.name) for rule, deal in world.items()}
    await _judge(tenant, engine)
    assert await _open() | await _open(RecommendationState.SNOOZED) == expected
    assert await _open(RiskState.OPEN) == {each for each in expected if each[0] in RISKS}

    await _change(actor, world["forecast-deal-pushed"], forecast_category=ForecastCategory.PIPELINE)
    stalled = world["stalled-in-stage"]
    await deals.advance(actor, stalled.id, stalled.version, Stage.NEGOTIATING)
    await _change(actor, world["deal-shrinking"], amount_minor=950_00)
    kim = await Contact.get(name="Kim")
    called: dict[str, object] = {"account_id": kim.account_id, "contact_id": kim.id, "happened_on": today()}
    await people.record_interaction(actor, {**called, "kind": InteractionKind.CALL})
    await _change(actor, world["category-raised-late"], forecast_category=ForecastCategory.PIPELINE)
    await _change(actor, world["next-step-overdue-before-close"], next_step_on=ahead(3))
    large = await _deal(await factories.account(owner), amount_minor=100_000_00, stage=Stage.NEGOTIATING)
    await deals.close(actor, large.id, large.version, Stage.WON)
    await _judge(tenant, engine)
    assert await _open() == set()
    assert await _open(RecommendationState.LAPSED) == expected
    assert await _open(RiskState.OPEN) == set()


async def test_a_quota_that_is_set_has_the_accounts_of_its_owner_judged_again(
    tenant: Tenant, owner: User, account: Account, engine: EnginePool
) -> None:
    await _live(tenant, engine, "sales-signals")
    deal = await _deal(account, amount_minor=20_000_00, close_on=ahead(15))
    await factories.account(await factories.user(tenant))
    await _judge(tenant, engine)
    assert await _open() == set()
    manager = await factories.actor(await factories.user(tenant, Role.ADMIN))
    period = Period(ago(60), ahead(20))
    await forecast.set_quota(manager, owner.id, period, Measure.TCV, 100_000_00)
    assert set(await pending.waiting(tenant.id)) == {account.id}
    await evaluations.evaluate_changes(system_actor(tenant), engine, today())
    assert await _open() == {("quota-at-risk", deal.name)}
    await forecast.set_quota(manager, owner.id, period, Measure.TCV, 0)
    await evaluations.evaluate_changes(system_actor(tenant), engine, today())
    assert await _open() == set()


async def test_whoever_owns_the_deal_alone_reads_nothing_of_the_account_owners_quota(
    tenant: Tenant, owner: User, account: Account, engine: EnginePool
) -> None:
    """Nor is a deal recommended for the quota of somebody else."""
    await _live(tenant, engine, "sales-signals")
    seller = await factories.user(tenant)
    deal = await _deal(account, amount_minor=20_000_00, close_on=ahead(15))
    await _deal(account, amount_minor=20_000_00, close_on=ahead(15), owner_id=seller.id)
    await factories.quota(owner, first_on=ago(60), last_on=ahead(20), target=100_000_00)
    await factories.quota(seller, first_on=ago(60), last_on=ahead(20), target=100_000_00)
    await _judge(tenant, engine)
    assert await _open() == {("quota-at-risk", deal.name)}
    await Deal.filter(id=deal.id).update(owner_id=seller.id)
    async with door(seller) as client:
        assert (await client.ask(RECOMMENDED))["recommendations"] == {"nodes": []}
    async with door(owner) as client:
        found: Any = await client.ask(RECOMMENDED)
    assert [each["deal"] for each in found["recommendations"]["nodes"]] == [{"name": deal.name}]


def _flagging() -> Iterator[tuple[str, str]]:
    """The fields that rules of any pack speak of which raise a risk."""
    for name in packs.names():
        for rule in build_book(name, packs.load(name).rules).rules:
            if rule.flag:
                yield from ((rule.key, field) for kind, field in spoken_of(rule) if kind == "deal")


def test_no_rule_of_a_pack_that_raises_a_risk_asks_how_well_a_deal_is_written_down() -> None:
    assert [each for each in _flagging() if each[1] in QUALITY] == []


def test_the_hygiene_pack_and_the_rules_on_quotas_recommend_only() -> None:
    hygiene = build_book("hygiene", packs.load("pipeline-hygiene").rules)
    signals = build_book("signals", packs.load("sales-signals").rules)
    assert [rule.key for rule in hygiene.rules if rule.flag] == []
    assert {rule.key for rule in signals.rules if rule.flag} == RISKS
    assert {rule.key for rule in signals.rules} == SIGNALS


async def _risks(actor: Actor) -> tuple[object, ...]:
    """Every risk with its money, and the revenue at risk of the whole portfolio."""
    rows = sorted(
        (row.rule_key, row.subject_key, row.state, row.severity, row.exposure_minor)
        for row in await Risk.all()
    )
    figures = (await portfolio(actor, today())).total
    return rows, figures.at_risk_minor, figures.at_risk_weighted_minor, figures.lines_at_risk


async def test_to_fill_in_fields_lapses_what_was_missing_and_changes_no_risk(
    tenant: Tenant, owner: User, account: Account, engine: EnginePool
) -> None:
    """A deal that is at risk for its age, and one that is not: neither is well written down."""
    actor = await factories.actor(owner)
    poor: dict[str, Any] = {"valid_from": ago(120), "stage_since": ago(10), "close_on": ago(40)}
    old = await _deal(account, name="Old", **poor)
    young = await _deal(account, name="Young", **(poor | {"valid_from": ago(80), "close_on": None}))
    for deal in (old, young):
        who = await factories.contact(account, last_contacted_on=ago(5))
        await factories.deal_contact(deal, who, role=ContactRole.USER)
    await _live(tenant, engine, "starter", "sales-signals")
    await _judge(tenant, engine)
    before = await _risks(actor)
    assert await _open(RiskState.OPEN) == {("stalled-deal", "Old")}
    await _live(tenant, engine, "pipeline-hygiene")
    await _judge(tenant, engine)
    missing = {
        ("no-next-step", "Old"), ("close-date-stale", "Old"), ("no-economic-buyer", "Old"),
        ("amount-never-changed", "Old"), ("no-next-step", "Young"), ("no-close-date", "Young"),
        ("no-economic-buyer", "Young"), ("amount-never-changed", "Young"),
    }  # fmt: skip
    assert missing <= await _open()
    assert await _risks(actor) == before  # to say what is missing opens no risk

    for deal in (old, young):
        await _change(actor, deal, next_step="offer", next_step_on=ahead(5), close_on=ahead(60))
        part = await DealContact.get(deal_id=deal.id)
        await deal_people.set_contact(actor, deal.id, part.contact_id, ContactRole.ECONOMIC_BUYER)
    await _change(actor, young, amount_minor=1_100_00)
    await _judge(tenant, engine)
    assert missing & await _open() == {("amount-never-changed", "Old")}
    assert await _risks(actor) == before


RECOMMENDED = """{ recommendations(first: 20, filter: { state: { eq: OPEN } }) { nodes { ruleKey because
  deal { name } } } }"""
TOLD = """{ recommendations(first: 20) { nodes { ruleKey state because sentence(locale: "de")
  evidence { field seen } changes { counterfactuals { actor field needed } } } } }"""
JUDGED = "run { state failures { reason } }"


async def _told(client: Door) -> Any:
    """The only recommendation, if there is one that is open, with all that it says of itself."""
    found: Any = await client.ask(RECOMMENDED)
    if not found["recommendations"]["nodes"]:
        return None
    found = await client.ask(TOLD.replace("first: 20", "first: 1"))
    (told,) = found["recommendations"]["nodes"]
    return told


def _parts(told: Any) -> set[str]:
    """The conditions that a sentence tells, without what it begins with; their order is the document's."""
    found = re.split(r"(?<=\)|[a-z0-9]), |; ", told["sentence"].rstrip("."))
    return {part.removeprefix("Verkaufschance: ").removeprefix("Verkaufsziel: ") for part in found}


async def test_a_deal_that_shrinks_from_its_cut_to_its_recovery(
    tenant: Tenant, owner: User, account: Account, engine: EnginePool
) -> None:
    await _live(tenant, engine, "sales-signals")
    async with door(owner, engine=engine) as client:
        opened: Any = await client.do(
            "createDeal",
            "deal { id version }",
            {"accountId": account.id, "name": "SD-WAN", "amount": {"amount": "1000"}},
        )
        cut: Any = await client.do(
            "updateDeal", "deal { id version }", {**opened["deal"], "amount": {"amount": "700"}}
        )
        await client.do("evaluate", JUDGED, {})
        told = await _told(client)
        assert told["because"] == (
            "SD-WAN is worth EUR 700.00 and was worth EUR 1,000.00 (-30%); the last cut was today"
        )
        assert _parts(told) == {
            "offen",
            "Änderung gegenüber dem höchsten Auftragswert -30\xa0% (höchstens -20\xa0%)",
            "Zeit seit der letzten Kürzung 0 Tage (höchstens 60 Tage)",
        }
        assert {"field": "amount_change_from_peak", "seen": -0.3} in told["evidence"]
        changes = [(each["actor"], each["field"]) for each in told["changes"]["counterfactuals"]]
        assert ("US", "amount_change_from_peak") in changes
        assert ("TIME", "days_since_amount_cut") in changes
        await client.do("updateDeal", "deal { id }", {**cut["deal"], "amount": {"amount": "801"}})
        await client.do("evaluate", JUDGED, {})
        assert await _told(client) is None


async def test_a_quota_that_is_behind_from_its_setting_to_its_being_reached(
    tenant: Tenant, engine: EnginePool
) -> None:
    await _live(tenant, engine, "sales-signals")
    north = await factories.team(tenant)
    manager = await factories.user(tenant, Role.MANAGER, team_id=north.id)
    director = await factories.user(tenant, team_id=north.id, manager_id=manager.id)
    account = await factories.account(director)
    deal = await _deal(account, name="MPLS", amount_minor=60_000_00, close_on=ahead(15))
    async with door(manager, engine=engine) as client:
        period = {"first": ago(59).isoformat(), "last": ahead(20).isoformat()}
        quota = {"subjectId": director.id, "period": period, "amount": {"amount": "50000"}}
        await client.do("setQuota", "quota { targetAmount { amount } }", quota)
        await client.do("evaluate", JUDGED, {})
    async with door(director, engine=engine) as client:
        told = await _told(client)
        assert told["ruleKey"] == "quota-at-risk"
        assert told["because"] == (
            "0 percent of the quota is won and EUR 50,000.00 is left to win in 20 days;"
            " MPLS is worth EUR 60,000.00 and should close in 15 days"
        )
        assert {
            "im Rückstand",
            "verbleibende Zeit 20 Tage (höchstens 45 Tage)",
            "noch zu gewinnen 50.000,00\xa0€ (über 0,00\xa0€)",
            "Auftragswert 60.000,00\xa0€ (mindestens 5.000,00\xa0€)",
            "Zeit bis zum erwarteten Abschluss 15 Tage (höchstens 20 Tage)",
        } <= _parts(told)
        await client.do("closeDeal", "deal { id }", {"id": deal.id, "version": deal.version, "stage": "WON"})
        await client.do("evaluate", JUDGED, {})
        assert await _told(client) is None

"""What moves many accounts at once is told once, as an event, and as nobody's risk."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pytest

from commands import evaluations, events, rulebooks
from commands.access import system_actor
from commands.journal import unit_of_work
from models.access import Actor, Role, Tenant, User
from models.accounts import Account
from models.events import Dimension, EventState, Movement, PopulationEvent
from models.history import AuditRecord, Change
from models.recommendations import Risk
from models.rulebooks import EvaluationRun
from models.severity import Severity
from models.tickets import Ticket, TicketState
from rules import packs
from rules.engine.pool import EnginePool
from tests import factories
from tests.kept import kept
from tests.schema.asking import ask

DAY = factories.TODAY
LISTED = """{ populationEvents(filter: {state: {eq: OPEN}}) { totalCount nodes {
  id measure direction dimension part title startedOn
  figures { accounts population share usualShare exposure { amount } isWhole } } } }"""


@dataclass
class World:
    """Twenty accounts with a contract of 100.00 a month each; two directors own ten."""

    tenant: Tenant
    owner: User
    other: User
    accounts: list[Account]

    @property
    def operator(self) -> Actor:
        return system_actor(self.tenant)

    async def watched(self, day: date = DAY) -> list[PopulationEvent]:
        """The events that stand once the population was looked at as of a day."""
        await events.watch(self.operator, EvaluationRun.make_id(), day)
        return await PopulationEvent.filter(state=EventState.OPEN).order_by("id")


async def _world() -> World:
    tenant = await factories.tenant()
    owner, other = await factories.user(tenant), await factories.user(tenant)
    accounts = []
    for number in range(20):
        account = await factories.account(
            owner if number % 2 else other,
            segment=["Public", "Retail", "Industry", "Health"][number // 5],
            country=["DE", "FR"][number % 2],
        )
        await factories.contract(account, ends_on=DAY + timedelta(days=900), mrc_minor=100_00)
        accounts.append(account)
    past = {"opened_on": date(2025, 6, 1), "resolved_on": date(2025, 6, 2)}
    await factories.ticket(accounts[0], severity=Severity.HIGH, **past)
    return World(tenant, owner, other, accounts)


@pytest.fixture
async def world(db: str) -> World:
    return await kept(_world)


async def _world_with_rules(engine: EnginePool) -> World:
    world = await _world()
    for name in packs.names():
        book, _ = await rulebooks.keep(world.operator, name, packs.load(name))
        await rulebooks.activate(world.operator, engine, book.id)
    return world


@pytest.fixture
async def ruled(db: str, engine: EnginePool) -> World:
    """The world with every pack of rules live."""
    return await kept(_world_with_rules, engine)


@pytest.fixture
async def engine() -> AsyncIterator[EnginePool]:
    async with EnginePool(1, 20.0) as pool:
        yield pool


async def _outage(accounts: Iterable[Account], on: date = DAY, **values: Any) -> list[Ticket]:
    """A critical ticket on a service of each."""
    tickets = []
    for account in accounts:
        service = await factories.service(account, mrc_minor=100_00)
        tickets.append(
            await factories.ticket(
                account,
                **({"severity": Severity.CRITICAL, "opened_on": on, "service_id": service.id} | values),
            )
        )
    return tickets


async def _resolve(world: World, tickets: Iterable[Ticket], on: date) -> None:
    async with unit_of_work(world.operator, "test", on=on) as work:
        for ticket in tickets:
            await work.update(ticket, {"state": TicketState.RESOLVED, "resolved_on": on})


@pytest.mark.parametrize("tickets", [1, 3, 6])
async def test_an_outage_in_two_fifths_of_the_accounts_is_one_event_and_nobodys_risk(
    ruled: World, engine: EnginePool, tickets: int
) -> None:
    quiet = await evaluations.evaluate(ruled.operator, engine, DAY - timedelta(days=1))
    for _ in range(tickets):
        await _outage(ruled.accounts[::5] + ruled.accounts[1::5])
    before = await Risk.filter(lapsed_on=None).count()
    run = await evaluations.evaluate(ruled.operator, engine, DAY)
    assert (run.failures, run.disagreements) == ([], [])
    assert (quiet.events_opened, run.events_opened) == (0, 1)
    assert await Risk.filter(lapsed_on=None).count() == before == 0
    (event,) = await PopulationEvent.all()
    assert (event.measure, event.direction) == ("account.tickets_open_severe", Movement.ROSE)
    assert (event.dimension, event.part, event.state) == (Dimension.TENANT, "", EventState.OPEN)
    assert (event.accounts, event.population, event.usual_share) == (8, 20, 0)
    assert (event.exposure_minor, event.opened_run_id) == (8 * 12 * 100_00, run.id)
    three_weeks = DAY + timedelta(days=21)  # tickets that are old by now are of the outage still
    assert (await evaluations.evaluate(ruled.operator, engine, three_weeks)).events_opened == 0
    assert await Risk.filter(lapsed_on=None).count() == 0


async def test_a_severe_ticket_of_its_own_is_the_accounts_risk_in_an_outage_too(
    ruled: World, engine: EnginePool
) -> None:
    await _outage([ruled.accounts[0]], DAY - timedelta(days=40))
    await _outage(ruled.accounts[5:14])
    await evaluations.evaluate(ruled.operator, engine, DAY)
    assert await PopulationEvent.all().count() == 1
    assert {risk.account_id for risk in await Risk.filter(lapsed_on=None)} == {ruled.accounts[0].id}


async def test_an_outage_in_one_segment_names_it(world: World) -> None:
    await _outage(world.accounts[5:10])
    (event,) = await world.watched()
    assert (event.dimension, event.part) == (Dimension.SEGMENT, "Retail")
    assert event.title == "Severe tickets at many accounts at once in segment Retail"
    assert (event.accounts, event.population, event.share) == (5, 5, 1.0)


async def test_a_small_part_that_moves_by_itself_is_an_event_of_its_own(world: World) -> None:
    for number in range(60):
        await factories.account(world.owner, segment="Small", country=["DE", "FR"][number % 2])
    islands = [await factories.account(world.owner, segment="Small", country="MT") for _ in range(6)]
    await _outage(islands)  # 6 of 86 accounts
    (event,) = await world.watched()
    assert (event.dimension, event.part, event.accounts) == (Dimension.COUNTRY, "MT", 6)


async def test_two_outages_in_two_parts_are_two_events(world: World) -> None:
    await _outage(world.accounts[5:10])
    await world.watched()
    await _outage(world.accounts[15:20], DAY + timedelta(days=2))
    standing = await world.watched(DAY + timedelta(days=2))
    assert [(event.part, event.accounts) for event in standing] == [("Retail", 5), ("Health", 5)]


@pytest.mark.parametrize("hit", [0, 1, 4])
async def test_an_ordinary_month_opens_none(world: World, hit: int) -> None:
    await _outage(world.accounts[:hit])
    assert await world.watched() == []


async def test_what_was_not_recorded_before_did_not_rise(world: World) -> None:
    """The first import of a ticketing system brings what is open."""
    await Ticket.all().delete()
    await _outage(world.accounts[::2], DAY - timedelta(days=3))
    assert await world.watched() == []
    assert await world.watched(DAY + timedelta(days=28)) == []
    assert await world.watched(DAY + timedelta(days=59)) == []


async def test_what_is_usual_is_no_event(world: World) -> None:
    for back in range(3):  # each month another third of the accounts
        tickets = await _outage(world.accounts[back::3], DAY - timedelta(days=31 * back + 5))
        if back:
            await _resolve(world, tickets, DAY - timedelta(days=31 * back - 5))
    assert await world.watched() == []


async def test_it_is_one_event_until_it_is_over_and_comes_back_as_itself(world: World) -> None:
    tickets = await _outage(world.accounts[::2])
    (began,) = await world.watched()
    (standing,) = await world.watched(DAY + timedelta(days=45))  # longer than the days are apart
    assert (standing.id, standing.started_on, standing.accounts) == (began.id, DAY, 10)
    await _resolve(world, tickets, DAY + timedelta(days=50))
    assert await world.watched(DAY + timedelta(days=50)) == []
    (lapsed,) = await PopulationEvent.all()
    assert (lapsed.state, lapsed.lapsed_on) == (EventState.LAPSED, DAY + timedelta(days=50))
    later = DAY + timedelta(days=200)
    await _outage(world.accounts[::2], later)
    (again,) = await world.watched(later)
    assert (again.id, again.started_on, again.reopened_count) == (began.id, later, 1)
    assert again.lapsed_on is None


async def test_what_lasts_has_become_usual(world: World) -> None:
    await _outage(world.accounts[::2])
    await world.watched()
    assert len(await world.watched(DAY + timedelta(days=90))) == 1
    assert await world.watched(DAY + timedelta(days=91)) == []


async def test_what_is_not_watched_any_more_lapses(world: World) -> None:
    await factories.event(world.tenant, measure="account.employees")
    assert await world.watched() == []


async def test_looking_twice_changes_nothing(ruled: World, engine: EnginePool) -> None:
    await _outage(ruled.accounts[::2])
    await _outage(ruled.accounts[5:10], severity=Severity.LOW)
    await evaluations.evaluate(ruled.operator, engine, DAY)
    (event,) = await PopulationEvent.all()
    written = await Change.filter(entity="population_event").count()
    run = await evaluations.evaluate(ruled.operator, engine, DAY)
    assert run.events_opened == 0
    assert await Change.filter(entity="population_event").count() == written
    (same,) = await PopulationEvent.all()
    assert (same.version, same.changed_run_id) == (event.version, event.changed_run_id)


async def test_an_earlier_date_leaves_events_alone(ruled: World, engine: EnginePool) -> None:
    await _outage(ruled.accounts[::2])
    await evaluations.evaluate(ruled.operator, engine, DAY)
    before = await PopulationEvent.all().values()
    await evaluations.evaluate(ruled.operator, engine, DAY - timedelta(days=3))
    assert await PopulationEvent.all().values() == before


async def test_a_new_day_finds_it_and_has_those_judged_whom_it_excuses(
    ruled: World, engine: EnginePool
) -> None:
    for account in ruled.accounts[10:]:
        await factories.service(account, mrc_minor=1_00)
    await _outage(ruled.accounts[:1], DAY - timedelta(days=5))  # on the largest service of all
    await evaluations.evaluate(ruled.operator, engine, DAY - timedelta(days=1))
    assert await Risk.filter(lapsed_on=None).count() == 1
    await _outage(ruled.accounts[1:9])
    run = await evaluations.evaluate_changes(ruled.operator, engine, DAY)
    assert run is not None
    assert run.events_opened == 1
    assert (await PopulationEvent.get()).opened_run_id == run.id
    assert await Risk.filter(lapsed_on=None).count() == 0
    audit = await AuditRecord.filter(command="events.watch").order_by("-id").first()
    assert audit is not None
    assert audit.changes_count == 1


async def test_usage_that_falls_everywhere_is_an_event(world: World) -> None:
    for account in world.accounts:
        for back in range(1, 18):
            index = DAY.year * 12 + DAY.month - 1 - back
            quantity = 10 if back == 1 else 100
            await factories.usage(account, date(index // 12, index % 12 + 1, 1), quantity)
    (event,) = await world.watched()
    assert (event.measure, event.direction, event.accounts) == (
        "account.usage_change_90d", Movement.FELL, 20,
    )  # fmt: skip


async def _told(user: User) -> list[dict[str, Any]]:
    found = await ask(await factories.actor(user), LISTED)
    assert found["populationEvents"]["totalCount"] == len(found["populationEvents"]["nodes"])
    nodes: list[dict[str, Any]] = found["populationEvents"]["nodes"]
    return nodes


async def test_everybody_is_told_of_their_own_accounts_alone(world: World) -> None:
    await _outage(world.accounts[3:9])  # three of each director
    await world.watched()
    admin = await factories.user(world.tenant, Role.ADMIN)
    (whole,) = await _told(admin)
    assert whole["figures"] == {
        "accounts": 6, "population": 20, "share": 0.3, "usualShare": 0.0, "isWhole": True,
        "exposure": {"amount": "7200.00"},
    }  # fmt: skip
    colleague = await factories.user(world.tenant)
    await factories.deal(world.accounts[4], owner_id=world.owner.id)  # seen for a deal, and not counted
    mine = await factories.account(colleague, segment="Retail")
    for user, accounts, population in ((world.owner, 3, 10), (world.other, 3, 10), (colleague, 0, 1)):
        (told,) = await _told(user)
        assert (told["id"], told["title"]) == (whole["id"], "Severe tickets at many accounts at once")
        assert told["figures"] == {
            "accounts": accounts, "population": population, "share": accounts / population,
            "usualShare": None, "isWhole": False, "exposure": {"amount": f"{accounts * 1200}.00"},
        }  # fmt: skip
    assert mine.owner_id == colleague.id


async def test_who_owns_none_of_its_accounts_is_not_told_of_an_event(world: World) -> None:
    await _outage(world.accounts[5:10])
    await world.watched()
    assert [told["part"] for told in await _told(world.owner)] == ["Retail"]
    idle = await factories.user(world.tenant)
    elsewhere = await factories.user(world.tenant)
    await factories.account(elsewhere, segment="Public")
    stranger = await factories.user(await factories.tenant(), Role.ADMIN)
    for user in (idle, elsewhere, stranger):
        assert await _told(user) == []
    node = "query ($id: ID!) { node(id: $id) { id } }"
    event = await PopulationEvent.get()
    found = [await ask(await factories.actor(user), node, id=event.id) for user in (world.owner, stranger)]
    assert found == [{"node": {"id": event.id}}, {"node": None}]


async def test_another_tenants_accounts_do_not_count(world: World) -> None:
    stranger = await factories.user(await factories.tenant())
    await _outage([await factories.account(stranger) for _ in range(20)])
    assert await world.watched() == []

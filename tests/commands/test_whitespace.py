"""What people say of whitespace, and what deals and services make of cells."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from commands import bulk, competition, deal_lines, deals, evaluations, rulebooks, whitespace
from commands.access import system_actor
from commands.incoming import Incoming
from metrics.sales import AsOf
from metrics.whitespace.grid import Wanted
from metrics.whitespace.results import Cell
from models.access import Actor, Role, Tenant, User
from models.accounts import Account
from models.base import today
from models.catalog import Compatibility, Product
from models.competition import PositionRole
from models.deals import Stage
from models.errors import Forbidden, Invalid, InvalidTransition, NotFound
from models.recommendations import Recommendation
from models.services import Service, ServiceState
from models.whitespace import CellState
from rules import packs
from rules.engine.pool import EnginePool
from tests import factories
from tests.metrics.whitespaces import cells_of


@pytest.fixture
async def tenant(db: str) -> Tenant:
    return await factories.tenant()


@pytest.fixture
async def owner(tenant: Tenant) -> User:
    return await factories.user(tenant)


@pytest.fixture
async def account(owner: User) -> Account:
    return await factories.account(owner)


@pytest.fixture
async def wan(tenant: Tenant) -> Product:
    return await factories.product(tenant, family="WAN")


async def _cell(actor: Actor, account: Account, day: date | None = None) -> Cell:
    return (await cells_of(actor, Wanted(), AsOf(day or today())))[account.id, "WAN"]


async def test_what_was_said_before_is_kept(owner: User, account: Account, wan: Product) -> None:
    actor = await factories.actor(owner)
    ago = today() - timedelta(days=10)
    first = await whitespace.set_potential(actor, account.id, "WAN", 100_00, "a guess", on=ago)
    second = await whitespace.set_potential(actor, account.id, "WAN", 300_00, "their tender")
    assert (second.id, second.because, second.set_by_id, second.set_on) == (
        first.id,
        "their tender",
        owner.id,
        today(),
    )
    assert (await _cell(actor, account, ago - timedelta(days=1))).typed_minor is None
    assert (await _cell(actor, account, ago)).typed_minor == 100_00
    assert (await _cell(actor, account)).typed_minor == 300_00
    await whitespace.remove_potential(actor, first.id)
    assert (await _cell(actor, account)).typed_minor is None
    with pytest.raises(InvalidTransition, match="taken back"):
        await whitespace.remove_potential(actor, first.id)
    with pytest.raises(Invalid, match="that day and later"):
        await whitespace.set_potential(actor, account.id, "WAN", 1_00, "earlier", on=ago)
    again = await whitespace.set_potential(actor, account.id, "WAN", 200_00, "again")
    assert (again.id, (await _cell(actor, account)).typed_minor) == (first.id, 200_00)


async def test_only_who_answers_for_the_account_says_what_it_could_buy(
    tenant: Tenant, account: Account, wan: Product
) -> None:
    seller, stranger = await factories.user(tenant), await factories.user(tenant)
    await factories.deal(account, owner_id=seller.id)
    with pytest.raises(Forbidden):
        await whitespace.set_potential(await factories.actor(seller), account.id, "WAN", 1_00, "why")
    with pytest.raises(NotFound):
        await whitespace.set_potential(await factories.actor(stranger), account.id, "WAN", 1_00, "why")


async def test_a_potential_is_of_a_family_that_is_sold_and_of_no_future_day(
    owner: User, account: Account, wan: Product
) -> None:
    actor = await factories.actor(owner)
    with pytest.raises(Invalid, match="no product is of the family 'Fax'"):
        await whitespace.set_potential(actor, account.id, "Fax", 1_00, "why")
    with pytest.raises(Invalid, match="blank"):
        await whitespace.set_potential(actor, account.id, "WAN", 1_00, " ")
    with pytest.raises(Invalid, match="in the future"):
        await whitespace.set_potential(actor, account.id, "WAN", 1_00, "why", on=today() + timedelta(days=1))


async def test_how_families_go_together_is_said_by_managers_until_they_take_it_back(
    tenant: Tenant, owner: User, account: Account, wan: Product
) -> None:
    await factories.product(tenant, family="Voice")
    with pytest.raises(Forbidden):
        await whitespace.set_compatibility(
            await factories.actor(owner), "WAN", "Voice", Compatibility.REQUIRES
        )
    actor = await factories.actor(await factories.user(tenant, Role.ADMIN))
    rule = await whitespace.set_compatibility(actor, "WAN", "Voice", Compatibility.REQUIRES)
    assert (await _cell(actor, account)).state is CellState.NOT_POSSIBLE
    ended = await whitespace.set_compatibility(actor, "WAN", "Voice", None)
    assert (ended.id, ended.removed_on) == (rule.id, today())
    assert (await _cell(actor, account)).state is CellState.NEVER
    with pytest.raises(Invalid, match="no rule stands"):
        await whitespace.set_compatibility(actor, "WAN", "Voice", None)
    with pytest.raises(Invalid, match="itself"):
        await whitespace.set_compatibility(actor, "WAN", "WAN", Compatibility.EXCLUDES)
    with pytest.raises(Invalid, match="no product is of the family 'Fax'"):
        await whitespace.set_compatibility(actor, "WAN", "Fax", Compatibility.EXCLUDES)


async def test_a_cell_is_owned_when_the_product_turns_active(
    tenant: Tenant, owner: User, account: Account, wan: Product
) -> None:
    """From nothing by a deal, which is won, to a service that is delivered and turned on: all by commands."""
    actor, billing = await factories.actor(owner), system_actor(tenant, "inventory")
    assert (await _cell(actor, account)).state is CellState.NEVER
    deal = await deals.create(actor, {"account_id": account.id, "name": "Fibre", "close_on": today()})
    charges = {"product_id": wan.id, "mrc_minor": 200_00, "term_months": 36}
    line = await deal_lines.add(actor, deal.id, charges)
    cell = await _cell(actor, account)
    assert (cell.state, cell.open_mrc_minor, cell.open_total_minor) == (CellState.OPEN, 200_00, 7_200_00)
    assert (cell.records.open_deals, cell.records.lines) == ((deal.id,), (line.id,))
    await deals.close(actor, deal.id, deal.version, Stage.WON)
    assert (await _cell(actor, account)).state is CellState.ORDERED

    async def delivered(state: ServiceState) -> None:
        values = {
            "account_id": account.id, "product_id": wan.id, "name": "Fibre", "mrc_minor": 200_00,
            "currency": "EUR", "state": state,
        }  # fmt: skip
        await bulk.upsert(billing, Service, "inventory", [Incoming("S1", values)], on=today())

    await delivered(ServiceState.DESIGNED)
    assert (await _cell(actor, account)).state is CellState.ORDERED
    await delivered(ServiceState.ACTIVE)
    cell, service = await _cell(actor, account), await Service.get(external_id="S1")
    assert (cell.state, cell.mrc_minor, cell.records.services) == (CellState.OWNED, 200_00, (service.id,))
    assert cell.records.ids == (service.id, line.id)
    await delivered(ServiceState.TERMINATED)
    assert (await _cell(actor, account)).records.ended == (service.id,)


async def test_a_contract_of_a_competitor_that_ends_within_nine_months_is_an_action(
    tenant: Tenant, owner: User, account: Account, wan: Product
) -> None:
    """Capability 24, by what was observed of a competitor at the account."""
    actor = system_actor(tenant)
    await whitespace.set_potential(await factories.actor(owner), account.id, "WAN", 500_00, "they said so")
    book, _ = await rulebooks.import_file(actor, "trends", packs.load("trends").text)

    async def until(day: date) -> str:
        given = {"role": PositionRole.INCUMBENT, "contract_ends_on": day}
        return (await competition.put_position(actor, account.id, "Rival", "WAN", given)).id

    async with EnginePool(1, 20.0) as engine:
        await rulebooks.activate(actor, engine, book.id)
        await until(today() + timedelta(days=275))
        await evaluations.evaluate(actor, engine, today())
        assert await Recommendation.filter(rule_key="whitespace-held-until-soon").count() == 0
        position = await until(today() + timedelta(days=274))
        cell = await _cell(actor, account)
        assert (cell.state, cell.competitor_until) == (CellState.COMPETITOR, today() + timedelta(days=274))
        assert cell.records.competitors == (position,)
        await evaluations.evaluate(actor, engine, today())
        told = await Recommendation.get(rule_key="whitespace-held-until-soon")
    assert (told.account_id, told.action, told.value_minor) == (
        account.id,
        "CONTEST_PRODUCT_FAMILY",
        6_000_00,
    )
    assert told.because == (
        f"the competitor's contract for WAN at {account.name} ends in 274 days, and it could pay us"
        " EUR 500.00 a month"
    )

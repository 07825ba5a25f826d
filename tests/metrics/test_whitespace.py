"""Whitespace: by hand, against a plain reading of random worlds, as of dates, and for whoever looks."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import date, timedelta

import pytest

from commands.access import system_actor
from commands.journal import unit_of_work
from metrics.sales import AsOf
from metrics.whitespace.grid import UNTOUCHED, Wanted, whitespace
from metrics.whitespace.peers import Quartile, quartile
from metrics.whitespace.results import Peers
from models.access import Role, Tenant, User
from models.accounts import Account
from models.catalog import Charge, Compatibility, Product
from models.deals import CompetitorStatus, Stage
from models.services import ServiceState
from models.whitespace import CellState, PeerGroup
from tests import factories
from tests.metrics.whitespaces import DAY, Expected, Reading, cells_of, random_world, summed


@pytest.fixture
async def tenant(db: str) -> Tenant:
    return await factories.tenant()


@pytest.fixture
async def owner(tenant: Tenant) -> User:
    return await factories.user(tenant)


@pytest.fixture
async def wan(tenant: Tenant) -> Product:
    return await factories.product(tenant, name="SD-WAN", family="WAN")


@pytest.fixture
async def voice(tenant: Tenant) -> Product:
    return await factories.product(tenant, name="SIP", family="Voice")


async def _peers(owner: User, wan: Product, voice: Product) -> list[Account]:
    """Eleven banks of 250 to 999 employees, all of which buy voice.

    Five buy WAN, at 2.00, 3.00, 4.00, 6.00 and 10.00 a month for each employee.
    """
    banks = [
        await factories.account(owner, segment="Finance", employees=employees)
        for employees in (300, 500, 400, 250, 999, 700, 700, 700, 700, 700, 700)
    ]
    for bank, euros in zip(banks, (2, 3, 4, 6, 10), strict=False):
        assert bank.employees
        await factories.service(bank, product_id=wan.id, mrc_minor=euros * 100 * bank.employees)
    for bank in banks:
        await factories.service(bank, product_id=voice.id, mrc_minor=70_00)
    return banks


async def test_potential_is_what_peers_pay_for_each_employee(
    tenant: Tenant, owner: User, wan: Product, voice: Product
) -> None:
    await _peers(owner, wan, voice)
    account = await factories.account(owner, segment="Finance", employees=600)
    cell = (await cells_of(system_actor(tenant), Wanted(account_id=account.id)))[account.id, "WAN"]
    # Rates 2, 3, 4, 6, 10: quartiles 3, 4 and 6; times 600 employees.
    assert (cell.low_minor, cell.potential_minor, cell.high_minor) == (1_800_00, 2_400_00, 3_600_00)
    assert (cell.peers.count, cell.peers.owners, cell.peers.penetration) == (11, 5, 5 / 11)
    assert (cell.peers.group, cell.peers.segment) == (PeerGroup.SEGMENT_AND_SIZE, "Finance")
    assert (cell.peers.least_employees, cell.peers.most_employees) == (250, 999)
    # It buys nothing: the gap is all of it, and 2,400.00 x 5 / 11 = 1,090.91 is expected.
    assert (cell.state, cell.gap_minor, cell.expected_minor) == (CellState.NEVER, 2_400_00, 1_090_91)


async def test_an_account_is_never_its_own_peer(
    tenant: Tenant, owner: User, wan: Product, voice: Product
) -> None:
    banks = await _peers(owner, wan, voice)
    cells = await cells_of(system_actor(tenant), Wanted())
    # Of the first bank, at 2.00, the others that own it pay 3, 4, 6 and 10: median 5.00, times 300.
    first = cells[banks[0].id, "WAN"]
    assert (first.peers.count, first.peers.owners) == (10, 4)
    assert (first.potential_minor, first.mrc_minor, first.gap_minor) == (1_500_00, 600_00, 900_00)
    # Of the fifth, at 10.00, they pay 2, 3, 4 and 6: median 3.50, times 999; it pays more: no gap.
    fifth = cells[banks[4].id, "WAN"]
    assert (fifth.potential_minor, fifth.mrc_minor, fifth.gap_minor) == (3_496_50, 9_990_00, 0)


async def test_customers_with_about_as_many_sites_are_nearer_peers(
    tenant: Tenant, owner: User, wan: Product, voice: Product
) -> None:
    banks = await _peers(owner, wan, voice)
    one, forty = [
        await factories.account(owner, segment="Finance", employees=600, sites=sites) for sites in (1, 40)
    ]
    for bank, sites in zip(banks, (10, 20, 30, 40, 49, *[1] * 6), strict=True):
        await Account.filter(id=bank.id).update(sites=sites)
    for _ in range(6):
        other = await factories.account(owner, segment="Finance", employees=300, sites=25)
        await factories.service(other, product_id=voice.id, mrc_minor=1_00)
    cells = await cells_of(system_actor(tenant), Wanted())
    few, many = cells[one.id, "WAN"], cells[forty.id, "WAN"]
    # Eleven customers have 10 to 49 sites; of those with one there are six, too few: all seventeen count.
    assert many.peers == Peers(PeerGroup.SEGMENT_SIZE_AND_SITES, "Finance", 250, 999, 10, 49, 11, 5)
    assert few.peers == Peers(PeerGroup.SEGMENT_AND_SIZE, "Finance", 250, 999, None, None, 17, 5)
    # The same five own it at 2, 3, 4, 6 and 10: 4.00 x 600 for both, and 5 / 11 or 5 / 17 of it expected.
    assert (many.potential_minor, many.expected_minor) == (2_400_00, 1_090_91)
    assert (few.potential_minor, few.expected_minor) == (2_400_00, 705_88)


async def test_peers_are_sought_wider_until_there_are_enough(
    tenant: Tenant, owner: User, wan: Product, voice: Product
) -> None:
    banks = await _peers(owner, wan, voice)
    small = await factories.account(owner, segment="Finance", employees=10)
    shop = await factories.account(owner, segment="Retail", employees=10)
    unknown = await factories.account(owner, segment="Finance")
    cells = await cells_of(system_actor(tenant), Wanted())
    told = {each.id: cells[each.id, "WAN"] for each in (small, shop, unknown)}
    assert [each.peers.group for each in told.values()] == [
        PeerGroup.SEGMENT,
        PeerGroup.TENANT,
        PeerGroup.SEGMENT,
    ]
    assert [each.potential_minor for each in told.values()] == [40_00, 40_00, None]
    assert {each.peers.count for each in told.values()} == {11}
    # With ten customers, each has nine peers at most: numbers are told, but no estimate.
    await Account.filter(id=banks[10].id).update(placeholder=True)
    cell = (await cells_of(system_actor(tenant), Wanted()))[banks[5].id, "WAN"]
    assert (cell.peers.group, cell.peers.count, cell.potential_minor) == (PeerGroup.TENANT, 9, None)


async def test_what_somebody_says_stands_beside_what_peers_buy(
    tenant: Tenant, owner: User, wan: Product, voice: Product
) -> None:
    await _peers(owner, wan, voice)
    account = await factories.account(owner, segment="Finance", employees=600)
    potential = await factories.potential(account, "WAN", 5_000_00)
    cell = (await cells_of(system_actor(tenant), Wanted()))[account.id, "WAN"]
    assert (cell.typed_minor, cell.potential_minor, cell.gap_minor) == (5_000_00, 2_400_00, 5_000_00)
    assert cell.records.potentials == (potential.id,)
    # 5,000.00 x 5 / 11
    assert cell.expected_minor == 2_272_73


async def test_a_cell_says_where_the_account_stands_and_by_which_records(
    tenant: Tenant, owner: User, wan: Product
) -> None:
    actor, account = system_actor(tenant), await factories.account(owner)

    async def stands() -> CellState:
        return (await cells_of(actor, Wanted()))[account.id, "WAN"].state

    assert await stands() is CellState.NEVER
    lost = await factories.deal(account, stage=Stage.LOST, closed_on=date(2026, 2, 1))
    await factories.deal_line(lost, wan)
    assert await stands() is CellState.LOST
    rival = await factories.deal_competitor(lost, CompetitorStatus.WINNER)
    assert await stands() is CellState.COMPETITOR
    opened = await factories.deal(account)
    await factories.deal_line(opened, wan, mrc_minor=100_00, nrc_minor=50_00, term_months=36)
    assert await stands() is CellState.OPEN
    coming = await factories.service(account, product_id=wan.id, state=ServiceState.DESIGNED)
    assert await stands() is CellState.ORDERED
    service = await factories.service(account, product_id=wan.id, mrc_minor=90_00)
    cell = (await cells_of(actor, Wanted()))[account.id, "WAN"]
    assert (cell.state, cell.mrc_minor, cell.open_mrc_minor) == (CellState.OWNED, 90_00, 100_00)
    assert (cell.open_total_minor, cell.lost_on) == (3_650_00, date(2026, 2, 1))
    assert (cell.records.services, cell.records.delivered) == ((service.id,), (coming.id,))
    assert (cell.records.open_deals, cell.records.lost_deals) == ((opened.id,), (lost.id,))
    assert cell.records.competitors == (rival.id,)


async def test_what_was_sold_is_ordered_until_its_service_has_ended(
    tenant: Tenant, owner: User, wan: Product
) -> None:
    actor, account = system_actor(tenant), await factories.account(owner)
    won = await factories.deal(account, stage=Stage.WON, closed_on=date(2026, 1, 10))
    await factories.deal_line(won, wan)
    assert (await cells_of(actor, Wanted()))[account.id, "WAN"].state is CellState.ORDERED
    await factories.service(account, product_id=wan.id, ended_on=date(2026, 3, 1))
    cell = (await cells_of(actor, Wanted()))[account.id, "WAN"]
    assert (cell.state, cell.lost_on) == (CellState.LOST, date(2026, 3, 1))


async def test_what_is_charged_once_is_owned_as_soon_as_it_was_won(
    tenant: Tenant, owner: User, wan: Product
) -> None:
    """Of ten peers four bought the project and none pays a month for it: 40 % own it, and there is no gap."""
    actor = system_actor(tenant)
    project = await factories.product(tenant, family="Services", charge=Charge.ONE_OFF)
    accounts = [await factories.account(owner, segment="Retail", employees=100) for _ in range(11)]
    for number, account in enumerate(accounts):
        await factories.service(account, product_id=wan.id, mrc_minor=100_00)
        stage = Stage.WON if number < 4 else Stage.PROPOSED
        deal = await factories.deal(account, stage=stage, closed_on=date(2023, 1, 9) if number < 4 else None)
        if number < 5:
            await factories.deal_line(deal, project, mrc_minor=0, nrc_minor=9_000_00)
    cells = await cells_of(actor, Wanted())
    states = [cells[account.id, "Services"].state for account in accounts]
    assert states == [CellState.OWNED] * 4 + [CellState.OPEN] + [CellState.NEVER] * 6
    bought, never = (cells[accounts[at].id, "Services"] for at in (0, 10))
    assert (bought.mrc_minor, len(bought.records.won_deals)) == (0, 1) and not bought.records.services
    assert (never.peers.owners, never.peers.count, never.peers.penetration) == (4, 10, 0.4)
    assert (bought.peers.owners, bought.peers.count) == (3, 10)
    assert never.potential_minor is None and never.gap_minor is None
    # What three of ten peers pay a month is told whatever others bought once: the median, 2.00 a head.
    monthly = await factories.product(tenant, family="Services")
    for account, paid in zip(accounts[:3], (100_00, 200_00, 900_00), strict=True):
        await factories.service(account, product_id=monthly.id, mrc_minor=paid)
    mixed = (await cells_of(actor, Wanted()))[accounts[10].id, "Services"]
    assert (mixed.peers.owners, mixed.potential_minor) == (4, 200_00)


async def test_what_was_sold_a_year_ago_and_never_ran_is_told_as_that(
    tenant: Tenant, owner: User, wan: Product
) -> None:
    actor, account = system_actor(tenant), await factories.account(owner)
    won = await factories.deal(account, stage=Stage.WON, closed_on=date(2025, 3, 1))
    await factories.deal_line(won, wan)

    async def stands(day: date) -> CellState:
        return (await cells_of(actor, Wanted(), AsOf(day)))[account.id, "WAN"].state

    assert await stands(date(2026, 3, 1)) is CellState.ORDERED  # 365 days later
    assert await stands(date(2026, 3, 2)) is CellState.NOT_DELIVERED
    await factories.service(account, product_id=wan.id, state=ServiceState.DESIGNED)
    assert await stands(date(2026, 3, 2)) is CellState.ORDERED


async def test_families_that_do_not_go_together_are_not_possible(
    tenant: Tenant, owner: User, wan: Product, voice: Product
) -> None:
    actor, account = system_actor(tenant), await factories.account(owner)
    await factories.product(tenant, family="Cloud")
    await factories.compatibility(tenant, "Cloud", Compatibility.REQUIRES, "WAN")
    await factories.compatibility(tenant, "Voice", Compatibility.EXCLUDES, "WAN")

    async def states() -> list[CellState]:
        cells = await cells_of(actor, Wanted())
        return [cells[account.id, family].state for family in ("Cloud", "Voice", "WAN")]

    assert await states() == [CellState.NOT_POSSIBLE, CellState.NEVER, CellState.NEVER]
    await factories.service(account, product_id=wan.id)
    assert await states() == [CellState.NEVER, CellState.NOT_POSSIBLE, CellState.OWNED]
    await factories.service(account, product_id=voice.id)
    assert await states() == [CellState.NEVER, CellState.OWNED, CellState.OWNED]


async def test_the_past_is_as_it_was_and_as_it_was_known(tenant: Tenant, owner: User, wan: Product) -> None:
    actor, account = system_actor(tenant), await factories.account(owner)
    service = await factories.service(account, product_id=wan.id, mrc_minor=100_00, started_on=None)
    async with unit_of_work(actor, "test", on=date(2026, 3, 10)) as work:
        await work.update(service, {"mrc_minor": 300_00})
    async with unit_of_work(actor, "test", on=date(2026, 3, 20)) as work:
        await work.update(service, {"state": ServiceState.TERMINATED})

    async def at(day: date, known_on: date | None = None) -> tuple[CellState, int]:
        cell = (await cells_of(actor, Wanted(), AsOf(day, known_on)))[account.id, "WAN"]
        return cell.state, cell.mrc_minor

    assert await at(date(2026, 3, 9)) == (CellState.OWNED, 100_00)
    assert await at(date(2026, 3, 19)) == (CellState.OWNED, 300_00)
    assert await at(date(2026, 3, 20)) == (CellState.LOST, 0)
    # All of it was written today, and nobody knew of it before.
    assert await at(date(2026, 3, 20), date(2026, 3, 20)) == (CellState.OWNED, 100_00)


@pytest.mark.parametrize("seed", [1, 2])
async def test_every_cell_is_what_a_plain_reading_gives(tenant: Tenant, seed: int) -> None:
    world = await random_world(seed, tenant, [await factories.user(tenant)], 70)
    for products_of in (None, "WAN"):
        reading = Reading(world, products_of)
        cells = await cells_of(system_actor(tenant), Wanted(products_of=products_of))
        parts = [part for part in reading.columns() if products_of in (None, reading.families[part])]
        if products_of:
            parts = [part for part in parts if part != products_of]
        assert set(cells) == set(itertools.product((each.id for each in reading.real), parts))
        accounts = {account.id: account for account in reading.real}
        for (account_id, part), cell in cells.items():
            assert Expected.of(cell) == reading.cell(accounts[account_id], part)
        states = {cell.state for cell in cells.values()}
        assert products_of or states == set(CellState)
        groups = {cell.peers.group for cell in cells.values() if cell.potential_minor is not None}
        assert groups == set(PeerGroup)


@pytest.mark.parametrize(
    "rates", [[7], [3, 9], [1, 1, 5], [2, 2, 2, 8], [1, 2, 4, 8, 16], list(range(0, 99, 7))]
)
def test_quartiles_without_each_of_the_rates_are_those_of_the_others(rates: list[int]) -> None:
    for quarters, (at, own) in itertools.product((1, 2, 3), enumerate(rates)):
        others = rates[:at] + rates[at + 1 :]
        told = quartile(rates, quarters)
        without = (
            None
            if told.pivot is None
            else told.less
            if own < told.pivot
            else told.more
            if own > told.pivot
            else told.same
        )
        assert without == quartile(others, quarters).whole
    assert quartile([], 2) == Quartile()


async def test_the_grid_of_a_tree_has_whatever_is_below_in_a_plain_reading(tenant: Tenant) -> None:
    world = await random_world(8, tenant, [await factories.user(tenant)], 40)
    above = {each.id: each.parent_id for each in world.accounts}

    def chain(account_id: str | None) -> Iterator[str]:
        while account_id is not None:
            yield account_id
            account_id = above[account_id]

    tops = [each for each in world.accounts if each.parent_id is None]
    assert any(len(list(chain(each.id))) > 3 for each in world.accounts)
    for top in (*tops[:3], world.accounts[5]):
        below = {each.id for each in world.accounts if top.id in chain(each.id) and not each.placeholder}
        for families in (None, frozenset({"WAN"})):
            cells = await cells_of(system_actor(tenant), Wanted(account_id=top.id, families=families))
            assert {account_id for account_id, _ in cells} == below
            assert families is None or {part for _, part in cells} == {"WAN"}


async def test_columns_and_gaps_are_those_of_the_cells(tenant: Tenant) -> None:
    owners = [await factories.user(tenant) for _ in range(3)]
    await random_world(3, tenant, owners, 70)
    for wanted in (Wanted(), Wanted(owner_id=owners[0].id), Wanted(segment="Retail")):
        grid = await whitespace(system_actor(tenant), AsOf(DAY), wanted)
        cells = list((await cells_of(system_actor(tenant), wanted)).values())
        for column in await grid.columns():
            of = summed(cell for cell in cells if cell.part == column.part)
            assert {state: of[state] for state in CellState} == column.states
            assert (of["mrc"], of["gap"], of["expected"]) == (
                column.mrc_minor,
                column.gap_minor,
                column.expected_minor,
            )
        open_gaps = [cell for cell in cells if cell.state in UNTOUCHED and cell.gap_minor]
        ranked = sorted(
            open_gaps,
            key=lambda each: (
                -(each.expected_minor or 0),
                -(each.gap_minor or 0),
                each.account_id,
                each.part.key,
            ),
        )
        found = await grid.gaps(10)
        assert [(each.account_id, each.part) for each in found] == [
            (each.account_id, each.part) for each in ranked[:10]
        ]
        assert [each.gap_minor for each in found] == [each.gap_minor for each in ranked[:10]]
        assert len(found) == 10


async def test_a_tree_and_pages_have_every_account_once(tenant: Tenant, owner: User, wan: Product) -> None:
    top = await factories.account(owner, name="Top")
    units = [await factories.account(owner, name=f"Unit {n}", parent_id=top.id) for n in range(3)]
    below = await factories.account(owner, name="Unit 1", parent_id=units[2].id)
    await factories.account(owner, name="Another")
    grid = await whitespace(system_actor(tenant), AsOf(DAY), Wanted(account_id=top.id))
    first = await grid.rows(3)
    rest = await grid.rows(3, (first[-1].name, first[-1].account_id))
    assert [row.account_id for row in (*first, *rest)] == [
        top.id, units[0].id, *sorted([units[1].id, below.id]), units[2].id,
    ]  # fmt: skip
    assert await grid.count() == 5
    alone = await whitespace(system_actor(tenant), AsOf(DAY), Wanted(account_id=top.id, below=False))
    assert [row.account_id for row in await alone.rows(9)] == [top.id]


async def test_only_accounts_that_one_owns_or_manages_are_shown(tenant: Tenant, wan: Product) -> None:
    team = await factories.team(tenant)
    manager = await factories.user(tenant, Role.MANAGER, team_id=team.id)
    ada, bo = [await factories.user(tenant, team_id=team.id, manager_id=manager.id) for _ in range(2)]
    stranger = await factories.user(tenant)
    own = [await factories.account(each, segment="Retail", employees=20) for each in (ada, bo, stranger)]
    # A deal on somebody else's account shows the account, but not what it has.
    await factories.deal(own[1], owner_id=ada.id)
    for user, seen in ((ada, own[:1]), (bo, own[1:2]), (manager, own[:2]), (stranger, own[2:])):
        cells = await cells_of(await factories.actor(user), Wanted())
        assert {account_id for account_id, _ in cells} == {each.id for each in seen}
        grid = await whitespace(await factories.actor(user), AsOf(DAY), Wanted())
        assert await grid.count() == len(seen)
        assert [sum(column.states.values()) for column in await grid.columns()] == [len(seen)]
        assert set(await grid.of_accounts([each.id for each in own])) == {each.id for each in seen}


async def test_peers_are_all_customers_whoever_sees_them(
    tenant: Tenant, owner: User, wan: Product, voice: Product
) -> None:
    await _peers(owner, wan, voice)
    newcomer = await factories.user(tenant)
    account = await factories.account(newcomer, segment="Finance", employees=600)
    cells = await cells_of(await factories.actor(newcomer), Wanted())
    assert {account_id for account_id, _ in cells} == {account.id}
    assert cells[account.id, "WAN"].potential_minor == 2_400_00
    # Two owners are too few for anything to be said of what they pay.
    cell = await cells_of(await factories.actor(newcomer), Wanted(families=frozenset({"Cloud"})))
    assert cell == {}


async def test_what_is_in_no_column_is_told_beside_the_cells(
    tenant: Tenant, owner: User, wan: Product
) -> None:
    account = await factories.account(owner)
    await factories.service(account, mrc_minor=12_00)
    await factories.service(account, product_id=(await factories.product(tenant)).id, mrc_minor=5_00)
    await factories.service(account, product_id=wan.id, mrc_minor=7_00)
    retired = await factories.product(tenant, family="Fax", active=False)
    await factories.service(account, product_id=retired.id, mrc_minor=1_00)
    (row,) = await (await whitespace(system_actor(tenant), AsOf(DAY), Wanted())).rows(5)
    assert (row.elsewhere_minor, [cell.mrc_minor for cell in row.cells]) == (18_00, [7_00])


async def test_an_end_before_its_day_counts_not_yet(tenant: Tenant, owner: User, wan: Product) -> None:
    account = await factories.account(owner)
    await factories.service(account, product_id=wan.id, ended_on=DAY + timedelta(days=1))
    cells = await cells_of(system_actor(tenant), Wanted())
    assert cells[account.id, "WAN"].state is CellState.OWNED

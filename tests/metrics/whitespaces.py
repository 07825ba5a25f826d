"""Random worlds of whitespace, and a plain reading of what their grids must show."""

from __future__ import annotations

import math
import random
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from metrics.sales import AsOf
from metrics.whitespace.grid import Wanted, whitespace
from metrics.whitespace.results import Cell
from models.access import Actor, Tenant, User
from models.accounts import Account
from models.catalog import Charge, Compatibility, Product
from models.competition import CompetitorPosition, PositionRole
from models.deals import CompetitorStatus, Deal, DealCompetitor, DealLine, Stage
from models.services import Service, ServiceState
from models.whitespace import AccountPotential, CellState, PeerGroup
from tests import factories

DAY = factories.TODAY
FAMILIES = ("Cloud", "Security", "Voice", "WAN")
LEAST = (1, 50, 250, 1_000, 5_000)
LEAST_SITES = (1, 2, 10, 50, 250)


@dataclass
class World:
    """Everything that there is, as it is."""

    accounts: list[Account] = field(default_factory=list)
    products: list[Product] = field(default_factory=list)
    services: list[Service] = field(default_factory=list)
    deals: list[Deal] = field(default_factory=list)
    lines: list[DealLine] = field(default_factory=list)
    competitors: list[DealCompetitor] = field(default_factory=list)
    positions: list[CompetitorPosition] = field(default_factory=list)
    potentials: list[AccountPotential] = field(default_factory=list)
    rules: list[tuple[str, Compatibility, str]] = field(default_factory=list)


async def random_world(seed: int, tenant: Tenant, owners: list[User], accounts: int) -> World:
    """A world of so many accounts in a tree, of which most buy something."""
    chance, world = random.Random(seed), World()
    for family in (*FAMILIES, "Fax", None):
        for active in (family != "Fax", chance.random() < 0.5 and family != "Fax"):
            charge = Charge.ONE_OFF if len(world.products) % 3 == 1 else Charge.RECURRING
            product = await factories.product(tenant, family=family, active=active, charge=charge)
            world.products.append(product)
    for number in range(accounts):
        above = chance.choice(world.accounts).id if number % 4 else None
        account = await factories.account(
            chance.choice(owners),
            parent_id=above,
            segment=chance.choice(("Retail", "Retail", "Retail", "Public", None, "")),
            employees=chance.choice((None, 0, *(chance.choice((20, 30, 40, 45, 300)) for _ in range(8)))),
            sites=chance.choice((None, 0, 1, 30, *(chance.choice((2, 5, 9)) for _ in range(8)))),
            placeholder=chance.random() < 0.05,
        )
        world.accounts.append(account)
        await _furnish(chance, world, account)
    for kind, other in ((Compatibility.EXCLUDES, "WAN"), (Compatibility.REQUIRES, "Voice")):
        family = chance.choice([each for each in FAMILIES if each != other])
        await factories.compatibility(tenant, family, kind, other)
        world.rules.append((family, kind, other))
    return world


async def _furnish(chance: random.Random, world: World, account: Account) -> None:
    def near() -> date | None:
        return chance.choice((None, *(DAY + timedelta(days=days) for days in (-400, -30, 0, 30))))

    for product in chance.sample(world.products, chance.randrange(7)):
        world.services.append(
            await factories.service(
                account,
                product_id=product.id if chance.random() < 0.9 else None,
                state=chance.choice((*ServiceState, *[ServiceState.ACTIVE] * 12)),
                mrc_minor=chance.choice((0, chance.randrange(100_000), 12_345)),
                started_on=near() if chance.random() < 0.2 else date(2025, 1, 1),
                ended_on=near() if chance.random() < 0.2 else None,
            )
        )
    for _ in range(chance.randrange(3)):
        stage = chance.choice((Stage.QUALIFIED, Stage.WON, Stage.LOST, Stage.LOST))
        days = 0 if stage.is_open else chance.randrange(90)
        days = days if days < 60 else (365, 366, 500)[days % 3]
        deal = await factories.deal(
            account,
            stage=stage,
            closed_on=None if stage.is_open else DAY - timedelta(days=days),
        )
        world.deals.append(deal)
        for product in chance.sample(world.products, chance.randrange(3)):
            world.lines.append(
                await factories.deal_line(
                    deal,
                    product,
                    mrc_minor=chance.randrange(9_999),
                    nrc_minor=chance.randrange(9_999),
                    term_months=chance.choice((0, 1, 36)),
                    removed_on=chance.choice((None, None, None, DAY, DAY + timedelta(days=1))),
                )
            )
        if chance.random() < 0.8:
            world.competitors.append(
                await factories.deal_competitor(
                    deal,
                    chance.choice(list(CompetitorStatus)),
                    removed_on=chance.choice((None, None, DAY)),
                )
            )
    if chance.random() < 0.3:
        world.positions.append(
            await factories.competitor_position(
                account,
                product_family=chance.choice(FAMILIES),
                role=chance.choice(list(PositionRole)),
                contract_ends_on=near(),
                observed_on=DAY - timedelta(days=chance.choice((-1, 0, 40))),
                removed_on=chance.choice((None, None, DAY)),
            )
        )
    if chance.random() < 0.3:
        removed_on = chance.choice((None, None, DAY))
        world.potentials.append(
            await factories.potential(
                account, chance.choice(FAMILIES), chance.randrange(99_999), removed_on=removed_on
            )
        )


@dataclass(frozen=True)
class Expected:
    """What a cell must show."""

    state: CellState
    mrc: int
    open_mrc: int
    open_total: int
    lost_on: date | None
    until: date | None
    group: PeerGroup
    peers: int
    owners: int
    quartiles: tuple[int | None, ...]
    typed: int | None
    gap: int | None
    expected: int | None
    records: frozenset[str]

    @classmethod
    def of(cls, cell: Cell) -> Expected:
        """What a cell shows."""
        said = cell.records
        return cls(
            cell.state, cell.mrc_minor, cell.open_mrc_minor, cell.open_total_minor, cell.lost_on,
            cell.competitor_until,
            cell.peers.group, cell.peers.count, cell.peers.owners,
            (cell.low_minor, cell.potential_minor, cell.high_minor),
            cell.typed_minor, cell.gap_minor, cell.expected_minor,
            frozenset(said.ids),
        )  # fmt: skip


class Reading:
    """A world read row by row, without a statement."""

    def __init__(self, world: World, products_of: str | None = None) -> None:
        self.world = world
        self.parts = {
            product.id: (product.id if product.family == products_of else product.family) or ""
            for product in world.products
        }
        self.families = {self.parts[product.id]: product.family for product in world.products}
        self.real = [account for account in world.accounts if not account.placeholder]
        #: What is owned of each part by each account.
        self.owned: dict[str, dict[str, int]] = defaultdict(dict)
        for service in world.services:
            if self.owns(service):
                part = self.parts.get(service.product_id or "", "")
                of = self.owned[service.account_id]
                of[part] = of.get(part, 0) + service.mrc_minor
        #: Which parts each account bought, of products that are charged once.
        self.bought: dict[str, set[str]] = defaultdict(set)
        once = {product.id for product in world.products if product.charge is Charge.ONE_OFF}
        deals = {deal.id: deal for deal in world.deals}
        for line in world.lines:
            deal, stands = deals[line.deal_id], line.removed_on is None or line.removed_on > DAY
            if stands and deal.stage is Stage.WON and line.product_id in once:
                self.bought[deal.account_id].add(self.parts[line.product_id])
        self.once = once
        self.members = [
            a for a in self.real if a.employees and (self.owned.get(a.id) or self.bought.get(a.id))
        ]

    @staticmethod
    def ended(service: Service) -> bool:
        return service.state is ServiceState.TERMINATED or bool(service.ended_on and service.ended_on <= DAY)

    def owns(self, service: Service) -> bool:
        runs = service.state in (ServiceState.ACTIVE, ServiceState.SUSPENDED)
        return runs and not self.ended(service) and (not service.started_on or service.started_on <= DAY)

    def peers(self, account: Account) -> tuple[PeerGroup, list[Account]]:
        """The first group of more than ten customers that the account is in, without itself."""

        def size(of: Account) -> int:
            return sum(1 for least in LEAST if (of.employees or 0) >= least)

        def sites(of: Account) -> int:
            return sum(1 for least in LEAST_SITES if (of.sites or 0) >= least)

        same = [each for each in self.members if account.segment and each.segment == account.segment]
        alike = [each for each in same if size(each) == size(account)]
        nearest = [each for each in alike if sites(account) and sites(each) == sites(account)]
        for group, of in (
            (PeerGroup.SEGMENT_SIZE_AND_SITES, nearest),
            (PeerGroup.SEGMENT_AND_SIZE, alike),
            (PeerGroup.SEGMENT, same),
        ):
            if len(of) > 10:
                return group, [each for each in of if each.id != account.id]
        return PeerGroup.TENANT, [each for each in self.members if each.id != account.id]

    def has(self, account: Account, family: str) -> bool:
        """Whether an account has a family, has ordered it or has it in an open deal."""
        of_family = {part for part, of in self.families.items() if of == family}
        return any(self.state_of(account, part, {}) is not None for part in of_family)

    def state_of(self, account: Account, part: str, seen: dict[str, object]) -> CellState | None:
        """OWNED, ORDERED or OPEN, or none of these; what else is there is noted in ``seen``."""
        services = [
            each
            for each in self.world.services
            if each.account_id == account.id and self.parts.get(each.product_id or "", "") == part
        ]
        gone = [each for each in services if self.ended(each)]
        coming = [each for each in services if not self.ended(each) and not self.owns(each)]
        ended_on = [each.ended_on for each in gone if each.ended_on and each.ended_on <= DAY]
        lines = [
            (line, deal)
            for line in self.world.lines
            for deal in self.world.deals
            if deal.id == line.deal_id
            and deal.account_id == account.id
            and self.parts[line.product_id] == part
            and (line.removed_on is None or line.removed_on > DAY)
        ]
        stages = {stage: [each for each in lines if each[1].stage is stage] for stage in Stage}
        open_lines = [line for line, deal in lines if deal.stage.is_open]
        monthly = [deal for line, deal in stages[Stage.WON] if line.product_id not in self.once]
        won = [deal.closed_on for deal in monthly if deal.closed_on]
        won_on = [day for day in won if (DAY - day).days <= 365]
        overdue_on = [day for day in won if (DAY - day).days > 365]
        lost_on = [deal.closed_on for _, deal in stages[Stage.LOST] if deal.closed_on]
        rivals = [
            rival
            for rival in self.world.competitors
            for _, deal in lines
            if rival.deal_id == deal.id
            and rival.removed_on is None
            and (
                (rival.status is CompetitorStatus.INCUMBENT and deal.stage is not Stage.WON)
                or (rival.status is CompetitorStatus.WINNER and deal.stage is Stage.LOST)
            )
        ]
        standing = [
            each
            for each in self.world.positions
            if (each.account_id, each.product_family) == (account.id, part)
            and each.role is PositionRole.INCUMBENT
            and each.observed_on <= DAY
            and each.removed_on is None
        ]
        ends = [each.contract_ends_on for each in standing if each.contract_ends_on]
        seen.update(
            until=min((day for day in ends if day >= DAY), default=None),
            open_mrc=sum(line.mrc_minor for line in open_lines),
            open_total=sum(line.nrc_minor + line.mrc_minor * line.term_months for line in open_lines),
            lost=bool(gone or stages[Stage.LOST]),
            lost_on=max([*ended_on, *lost_on], default=None),
            held=bool(rivals or standing),
            undelivered=overdue_on and (not gone or bool(ended_on and max(overdue_on) > max(ended_on))),
            records=frozenset(
                each.id for each in (*services, *(line for line, _ in lines), *rivals, *standing)
            ),
        )
        if self.owned.get(account.id, {}).get(part) is not None or part in self.bought[account.id]:
            return CellState.OWNED
        sold = won_on and (not gone or (ended_on and max(won_on) > max(ended_on)))
        if coming or sold:
            return CellState.ORDERED
        return CellState.OPEN if open_lines else None

    def blocked(self, account: Account, family: str) -> bool:
        for one, kind, other in self.world.rules:
            if kind is Compatibility.REQUIRES and family == one and not self.has(account, other):
                return True
            pair = {one: other, other: one}
            if kind is Compatibility.EXCLUDES and family in pair and self.has(account, pair[family]):
                return True
        return False

    def cell(self, account: Account, part: str) -> Expected:
        """What the cell of an account and a part must show."""
        seen: dict[str, object] = {}
        state = self.state_of(account, part, seen)
        family = self.families[part]
        assert family
        if state is None:
            state = (
                CellState.NOT_POSSIBLE
                if self.blocked(account, family)
                else CellState.COMPETITOR
                if seen["held"]
                else CellState.NOT_DELIVERED
                if seen["undelivered"]
                else CellState.LOST
                if seen["lost"]
                else CellState.NEVER
            )
        group, peers = self.peers(account)
        paying = [each for each in peers if part in self.owned[each.id]]
        owning = [each for each in peers if part in self.owned[each.id] or part in self.bought[each.id]]
        rates = sorted(self.owned[each.id][part] * 10_000 // (each.employees or 1) for each in paying)
        known = bool(account.employees) and len(peers) >= 10 and len(paying) >= 3
        quartiles = tuple(_at(rates, quarter, account.employees) if known else None for quarter in (1, 2, 3))
        said = [
            each
            for each in self.world.potentials
            if (each.account_id, each.product_family, each.removed_on) == (account.id, part, None)
        ]
        typed = said[0].mrc_minor if said else None
        mrc = self.owned.get(account.id, {}).get(part, 0)
        potential = typed if typed is not None else quartiles[1]
        gap = None if potential is None else max(0, potential - mrc)
        expected = None if gap is None or not peers else math.floor(gap * len(owning) / len(peers) + 0.5)
        records = seen["records"]
        assert isinstance(records, frozenset)
        return Expected(
            state, mrc, int(str(seen["open_mrc"])), int(str(seen["open_total"])), seen["lost_on"],  # type: ignore[arg-type]
            seen["until"],  # type: ignore[arg-type]
            group, len(peers), len(owning), quartiles, typed, gap, expected,
            records | {each.id for each in said},
        )  # fmt: skip

    def columns(self) -> list[str]:
        """The parts of products that are sold."""
        return sorted({self.parts[each.id] for each in self.world.products if each.active and each.family})


def _at(rates: list[int], quarters: int, employees: int | None) -> int:
    """What so many employees pay at a quartile of the rates."""
    at, rest = divmod((len(rates) - 1) * quarters, 4)
    upper = rates[min(at + 1, len(rates) - 1)]
    return math.floor(float((rates[at] * (4 - rest) + upper * rest) // 4) * (employees or 0) / 10_000 + 0.5)


async def cells_of(actor: Actor, wanted: Wanted, at: AsOf | None = None) -> dict[tuple[str, str], Cell]:
    """All cells that an actor sees, by account and part."""
    rows = await (await whitespace(actor, at or AsOf(DAY), wanted)).rows(1_000)
    return {(row.account_id, cell.part.key): cell for row in rows for cell in row.cells}


def summed(cells: Iterable[Cell]) -> Mapping[str, int]:
    """What cells come to."""
    found: dict[str, int] = defaultdict(int)
    for cell in cells:
        found["mrc"] += cell.mrc_minor
        found["gap"] += cell.gap_minor or 0
        found["expected"] += cell.expected_minor or 0
        found[cell.state] += 1
    return found

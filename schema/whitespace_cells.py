"""Cells of whitespace as clients see them, with peers and potentials, and their rows and columns."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import TYPE_CHECKING, Annotated

import strawberry

from metrics.whitespace import results
from models import catalog
from models import deals as sold
from models import services as delivered
from models import whitespace as stored
from models.access import Scope
from models.accounts import Account as StoredAccount
from models.whitespace import CellState, PeerGroup
from schema.catalog import Product
from schema.context import Info
from schema.core.connections import related
from schema.core.money import Money, certain_money, money
from schema.core.stored import Node, Stored, column
from schema.deals import Deal
from schema.services import Service

if TYPE_CHECKING:
    from schema.accounts import Account

_PLACES = 4


@strawberry.type
class AccountPotential(Node, Stored[stored.AccountPotential]):
    """What an account could pay a month for a product family, as somebody who knows it says."""

    model = stored.AccountPotential

    version: int = column("Grows by one with each change.")
    product_family: str = column("The product family that it is about.")
    mrc: Money = column("What the account could pay for it a month.")
    because: str = column("Why it is that much.", Scope.READ_PERSONAL)
    set_on: date = column("The day since when that is said.")
    removed_on: date | None = column("The day on which it was taken back; null for what stands.")
    account = related("schema.accounts", "Account", "account_id", "The account.")
    set_by = related("schema.access", "User", "set_by_id", "Who says so.")


@strawberry.type
class WhitespacePeers:
    """The customers that an account is compared with, itself apart, and how many of them own a product."""

    group: PeerGroup = strawberry.field(description="Which customers these are.")
    segment: str | None = strawberry.field(description="Their segment; null when they are of several.")
    least_employees: int | None = strawberry.field(
        description="How many people the smallest of their size have; null when they are of all sizes."
    )
    most_employees: int | None = strawberry.field(
        description="How many people the largest of their size have; null without a bound."
    )
    least_sites: int | None = strawberry.field(
        description="How many sites those with the fewest have; null when they are not told apart by sites."
    )
    most_sites: int | None = strawberry.field(
        description="How many sites those with the most have; null without a bound."
    )
    count: int = strawberry.field(description="How many customers these are.")
    owners: int = strawberry.field(description="How many of them own it.")
    penetration: float | None = strawberry.field(
        description="owners / count, 0 to 1, to four places; null when there are none."
    )

    @classmethod
    def of(cls, found: results.Peers) -> WhitespacePeers:
        """As clients see it."""
        share = found.penetration
        return cls(
            group=found.group,
            segment=found.segment,
            least_employees=found.least_employees,
            most_employees=found.most_employees,
            least_sites=found.least_sites,
            most_sites=found.most_sites,
            count=found.count,
            owners=found.owners,
            penetration=None if share is None else round(share, _PLACES),
        )


_FEW = "null when the employees are not known, or fewer than 10 peers are, or fewer than 3 of them own it."


@strawberry.type
class WhitespaceCell:
    """Where an account stands with a product family, or with one product, and what it could pay for it.

    Amounts are of a month. `potential` is the median of what peers who own it pay for each of their
    employees, times the account's employees.
    """

    cell: strawberry.Private[results.Cell]
    key: str = strawberry.field(description="Names the column: the family, or the id of the product.")
    name: str = strawberry.field(description="What people call the column.")
    family: str = strawberry.field(description="The product family.")
    state: CellState = strawberry.field(description="Where the account stands with it.")
    mrc: Money = strawberry.field(description="What it pays for what it owns of it; 0 when it owns nothing.")
    open_mrc: Money = strawberry.field(description="The monthly charges of it in open deals.")
    open_total: Money = strawberry.field(
        description="What these deals come to for it: one-off charges, and monthly ones over their terms."
    )
    lost_on: date | None = strawberry.field(
        description="The day on which a deal for it was lost, or a service of it ended, last; null when none"
        " did, or the day is not known."
    )
    competitor_ends_on: date | None = strawberry.field(
        description="The day on which the contract of the competitor who supplies it ends, the next one;"
        " null when none does, or it is not known."
    )
    peers: WhitespacePeers = strawberry.field(description="Whom the account is compared with.")
    low_potential: Money | None = strawberry.field(
        description=f"The same as `potential` at the lower quartile of what peers pay; {_FEW}"
    )
    potential: Money | None = strawberry.field(
        description=f"What the account would pay if it bought as the median of its peers; {_FEW}"
    )
    high_potential: Money | None = strawberry.field(
        description=f"The same as `potential` at the upper quartile of what peers pay; {_FEW}"
    )
    typed_potential: Money | None = strawberry.field(
        description="What somebody said on the date that it could pay; null when nobody did."
    )
    gap: Money | None = strawberry.field(
        description="`typedPotential`, or else `potential`, less `mrc`, never below 0; null without either."
    )
    expected_gap: Money | None = strawberry.field(
        description="`gap` times the penetration among peers; null without a gap, or without peers."
    )
    record_ids: list[strawberry.ID] = strawberry.field(
        description="The ids of the records that say so: services, deal lines, competitors, a potential."
    )

    @strawberry.field
    async def account(self, info: Info) -> Annotated[Account, strawberry.lazy("schema.accounts")] | None:
        """The account. Null when there is none, or none that the caller may see."""
        return await account_of(info, self.cell.account_id)

    @strawberry.field
    async def product(self, info: Info) -> Product | None:
        """The product, where the columns are products; else null."""
        found = await info.context.loaders.one(catalog.Product, self.cell.part.product_id)
        return Product.of(found) if found else None

    @strawberry.field
    async def potential_said(self, info: Info) -> AccountPotential | None:
        """Who said on the date what it could pay, and why, as that is now; null when nobody did."""
        ids = self.cell.records.potentials
        found = await info.context.loaders.one(stored.AccountPotential, ids[0] if ids else None)
        return AccountPotential.of(found) if found else None

    @strawberry.field
    async def services(self, info: Info) -> list[Service]:
        """The services of it that the account owns, that are on their way, or that have ended."""
        said = self.cell.records
        ids = (*said.services, *said.delivered, *said.ended)
        load = info.context.loaders.one
        found = await asyncio.gather(*(load(delivered.Service, each) for each in ids))
        return [Service.of(each) for each in found if each]

    @strawberry.field
    async def deals(self, info: Info) -> list[Deal]:
        """The deals that it is or was in: open, won or lost."""
        said = self.cell.records
        ids = (*said.open_deals, *said.won_deals, *said.lost_deals)
        load = info.context.loaders.one
        found = await asyncio.gather(*(load(sold.Deal, each) for each in ids))
        return [Deal.of(each) for each in found if each]

    @classmethod
    def of(cls, cell: results.Cell, currency: str) -> WhitespaceCell:
        """The object that shows a cell."""
        said = cell.records
        return cls(
            cell=cell,
            key=cell.part.key,
            name=cell.part.name,
            family=cell.part.family,
            state=cell.state,
            mrc=certain_money(cell.mrc_minor, currency),
            open_mrc=certain_money(cell.open_mrc_minor, currency),
            open_total=certain_money(cell.open_total_minor, currency),
            lost_on=cell.lost_on,
            competitor_ends_on=cell.competitor_until,
            peers=WhitespacePeers.of(cell.peers),
            low_potential=money(cell.low_minor, currency),
            potential=money(cell.potential_minor, currency),
            high_potential=money(cell.high_minor, currency),
            typed_potential=money(cell.typed_minor, currency),
            gap=money(cell.gap_minor, currency),
            expected_gap=money(cell.expected_minor, currency),
            record_ids=[strawberry.ID(each) for each in said.ids],
        )


async def account_of(info: Info, account_id: str) -> Account | None:
    """An account by its id, where the caller sees it."""
    from schema.accounts import Account

    found = await info.context.loaders.one(StoredAccount, account_id)
    return Account.of(found) if found else None


@strawberry.type
class WhitespaceRow:
    """An account with a cell for each column."""

    row: strawberry.Private[results.GridRow]
    elsewhere: Money = strawberry.field(
        description="What it pays a month for services that are in none of the columns."
    )
    cells: list[WhitespaceCell] = strawberry.field(description="A cell for each column, in their order.")

    @strawberry.field
    async def account(self, info: Info) -> Annotated[Account, strawberry.lazy("schema.accounts")] | None:
        """The account. Null when there is none, or none that the caller may see."""
        return await account_of(info, self.row.account_id)

    @classmethod
    def of(cls, row: results.GridRow, currency: str) -> WhitespaceRow:
        """The object that shows a row."""
        return cls(
            row=row,
            elsewhere=certain_money(row.elsewhere_minor, currency),
            cells=[WhitespaceCell.of(cell, currency) for cell in row.cells],
        )


@strawberry.type
class WhitespaceStateCount:
    """How many accounts stand so."""

    state: CellState = strawberry.field(description="Where they stand.")
    accounts: int = strawberry.field(description="How many accounts.")


@strawberry.type
class WhitespaceColumn:
    """A product family, or a product, over all accounts that are asked for; amounts are of a month."""

    key: str = strawberry.field(description="Names the column: the family, or the id of the product.")
    name: str = strawberry.field(description="What people call the column.")
    family: str = strawberry.field(description="The product family.")
    states: list[WhitespaceStateCount] = strawberry.field(
        description="How many accounts stand where: every state once, in a fixed order."
    )
    mrc: Money = strawberry.field(description="What they pay for what they own of it.")
    open_mrc: Money = strawberry.field(description="The monthly charges of it in open deals.")
    open_total: Money = strawberry.field(
        description="What these deals come to for it: one-off charges, and monthly ones over their terms."
    )
    gap: Money = strawberry.field(description="The gaps of the cells in which there is one, added up.")
    expected_gap: Money = strawberry.field(description="The same, each times the penetration of its peers.")

    @classmethod
    def of(cls, found: results.Column, currency: str) -> WhitespaceColumn:
        """As clients see it."""
        return cls(
            key=found.part.key,
            name=found.part.name,
            family=found.part.family,
            states=[WhitespaceStateCount(state=each, accounts=n) for each, n in found.states.items()],
            mrc=certain_money(found.mrc_minor, currency),
            open_mrc=certain_money(found.open_mrc_minor, currency),
            open_total=certain_money(found.open_total_minor, currency),
            gap=certain_money(found.gap_minor, currency),
            expected_gap=certain_money(found.expected_minor, currency),
        )

"""Whitespace as clients see it: accounts by product families, peers, potentials and gaps."""

from __future__ import annotations

import asyncio
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

import strawberry
from strawberry import UNSET

from commands.validation import MAX_MINOR
from metrics.whitespace import grid
from metrics.whitespace.grid import UNTOUCHED, Wanted
from models import catalog
from models import deals as sold
from models import services as delivered
from models import whitespace as stored
from models.access import Actor, Scope, Team, User
from models.accounts import Account as StoredAccount
from models.base import Record
from models.catalog import Compatibility
from models.described import Described
from models.errors import Invalid
from models.visibility import find
from models.whitespace import CellState, PeerGroup
from schema import sales
from schema.catalog import Product
from schema.context import Info
from schema.core import cursors
from schema.core.arguments import After, AsOf, First
from schema.core.connections import Connection, Edge, Listed, PageInfo, connection, related
from schema.core.cost import costs
from schema.core.cursors import Kind
from schema.core.enums import Direction
from schema.core.filters import DateFilter, Filter, IDFilter, StringFilter, clause
from schema.core.listing import DEFAULT_PAGE, LARGEST_PAGE, Column, Listing
from schema.core.money import Money, certain_money, money
from schema.core.readable import needs
from schema.core.stored import Node, Stored, column
from schema.deals import Deal
from schema.services import Service

if TYPE_CHECKING:
    from schema.accounts import Account

_ORDER, _KINDS = "name:asc", (Kind.TEXT, Kind.TEXT)
#: A page has at most so many cells.
MOST_CELLS = 20_000
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
class CompatibilityRule(Node, Stored[catalog.CompatibilityRule]):
    """That a product family excludes or requires another one at the same account."""

    model = catalog.CompatibilityRule

    version: int = column("Grows by one with each change.")
    family: str = column("The family that excludes or requires the other one.")
    other_family: str = column("The family that is excluded or required.")
    kind: Compatibility = column("How the two go together.")
    because: str | None = column("Why; null when nothing is said.")
    removed_on: date | None = column("The day since when it holds no more; null while it holds.")


@strawberry.input
class CompatibilityRuleFilter:
    """Which rules; all conditions given must hold."""

    and_: list[CompatibilityRuleFilter] | None = clause("and")
    or_: list[CompatibilityRuleFilter] | None = clause("or")
    not_: CompatibilityRuleFilter | None = clause("not")
    id: IDFilter | None = UNSET
    family: StringFilter | None = UNSET
    other_family: StringFilter | None = UNSET
    kind: Filter[Compatibility] | None = UNSET
    removed_on: DateFilter | None = UNSET


@strawberry.enum
class CompatibilityRuleOrderField(Described):
    """What rules are ordered by."""

    FAMILY = "family"
    OTHER_FAMILY = "other_family"


@strawberry.input
class CompatibilityRuleOrder:
    """One step of an order."""

    field: CompatibilityRuleOrderField
    direction: Direction = Direction.ASC


COMPATIBILITY_RULES = Listed(
    "schema.whitespace",
    "CompatibilityRule",
    Listing(
        catalog.CompatibilityRule,
        {
            "id": Column("t.id"),
            "family": Column("t.family"),
            "other_family": Column("t.other_family"),
            "kind": Column("t.kind"),
            "removed_on": Column("t.removed_on", Kind.DATE),
        },
        (("family", Direction.ASC),),
    ),
)


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
    count: int = strawberry.field(description="How many customers these are.")
    owners: int = strawberry.field(description="How many of them own it.")
    penetration: float | None = strawberry.field(
        description="owners / count, 0 to 1, to four places; null when there are none."
    )

    @classmethod
    def of(cls, found: grid.Peers) -> WhitespacePeers:
        """As clients see it."""
        share = found.penetration
        return cls(
            group=found.group,
            segment=found.segment,
            least_employees=found.least_employees,
            most_employees=found.most_employees,
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

    cell: strawberry.Private[grid.Cell]
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
        description=f"The same as `potential` at the lower quartile of what peers pay; null in lists of gaps;"
        f" {_FEW}"
    )
    potential: Money | None = strawberry.field(
        description=f"What the account would pay if it bought as the median of its peers; {_FEW}"
    )
    high_potential: Money | None = strawberry.field(
        description=f"The same as `potential` at the upper quartile of what peers pay; null in lists of gaps;"
        f" {_FEW}"
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
    def of(cls, cell: grid.Cell, currency: str) -> WhitespaceCell:
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

    row: strawberry.Private[grid.GridRow]
    elsewhere: Money = strawberry.field(
        description="What it pays a month for services that are in none of the columns."
    )
    cells: list[WhitespaceCell] = strawberry.field(description="A cell for each column, in their order.")

    @strawberry.field
    async def account(self, info: Info) -> Annotated[Account, strawberry.lazy("schema.accounts")] | None:
        """The account. Null when there is none, or none that the caller may see."""
        return await account_of(info, self.row.account_id)

    @classmethod
    def of(cls, row: grid.GridRow, currency: str) -> WhitespaceRow:
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
    def of(cls, found: grid.Column, currency: str) -> WhitespaceColumn:
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


@strawberry.type
class Whitespace:
    """Accounts by product families, as of a date: those that the caller owns or manages."""

    grid: strawberry.Private[grid.Whitespace]
    as_of: date = strawberry.field(description="The business date.")
    known_at: date = strawberry.field(description="The day by whose end it was known.")

    @costs(100)
    @strawberry.field
    async def columns(self, info: Info) -> list[WhitespaceColumn]:
        """The columns by name, with what they come to over all accounts, on every page."""
        currency = info.context.actor.currency
        return [WhitespaceColumn.of(each, currency) for each in await self.grid.columns()]

    @costs(50)
    @strawberry.field
    async def rows(self, info: Info, first: First = None, after: After = None) -> Connection[WhitespaceRow]:
        """The accounts by name, each with its cells."""
        size = _size(first)
        if size * len(self.grid.parts) > MOST_CELLS:
            most = MOST_CELLS // len(self.grid.parts)
            raise Invalid(
                f"{size} rows of {len(self.grid.parts):,} columns are too many cells; allowed: {most} rows,"
                " or fewer columns by families",
                ["first"],
            )
        found = await self.grid.rows(size + 1, _decoded(after))
        currency = info.context.actor.currency
        edges = [Edge(node=WhitespaceRow.of(row, currency), cursor=_cursor(row)) for row in found[:size]]
        return Connection(
            edges=edges,
            page_info=PageInfo(
                has_next_page=len(found) > size,
                has_previous_page=after is not None,
                start_cursor=edges[0].cursor if edges else None,
                end_cursor=edges[-1].cursor if edges else None,
            ),
            count=self.grid.count,
        )


def _size(first: int | None) -> int:
    size = DEFAULT_PAGE if first is None else first
    if not 0 <= size <= LARGEST_PAGE:
        raise Invalid(f"first is {size}; allowed: 0 to {LARGEST_PAGE}", ["first"])
    return size


def _cursor(row: grid.GridRow) -> str:
    return cursors.encode(_ORDER, (row.name, row.account_id), _KINDS)


def _decoded(after: str | None) -> tuple[str, str] | None:
    if after is None:
        return None
    name, account_id = cursors.decode(after, _ORDER, _KINDS, "after")
    return str(name), str(account_id)


@strawberry.input
class WhitespaceFilter:
    """Which of the accounts that the caller owns or manages, and which families; all must hold."""

    account_id: strawberry.ID | None = strawberry.field(
        default=UNSET, description="This account, and those below it in the tree on the date; default: all."
    )
    below: bool = strawberry.field(
        default=True, description="Whether accounts below `accountId` count; false: that account alone."
    )
    owner_id: strawberry.ID | None = strawberry.field(
        default=UNSET, description="The accounts that this user carried on the date; default: of everybody."
    )
    team_id: strawberry.ID | None = strawberry.field(
        default=UNSET,
        description="The accounts of whoever was in this team or one below it on the date; default: all.",
    )
    segment: str | None = strawberry.field(
        default=UNSET, description="Accounts that were of this segment on the date; default: all."
    )
    families: list[str] | None = strawberry.field(
        default=UNSET, description="These product families; default: all."
    )


Asked = Annotated[
    WhitespaceFilter | None,
    strawberry.argument(description="Which accounts and families; default: all that the caller sees."),
]
ProductsOf = Annotated[
    str | None,
    strawberry.argument(
        description="A product family: the columns are its products; default: they are families."
    ),
]


async def wanted(actor: Actor, given: WhitespaceFilter | None, products_of: str | None) -> Wanted:
    """A filter as the metric takes it.

    Raises:
        NotFound: there is no such account, user or team that the actor sees.
    """
    if given is None:
        return Wanted(products_of=products_of)
    return Wanted(
        account_id=await _known(StoredAccount, actor, given.account_id, "accountId"),
        below=given.below,
        owner_id=await _known(User, actor, given.owner_id, "ownerId"),
        team_id=await _known(Team, actor, given.team_id, "teamId"),
        segment=given.segment or None,
        families=None if given.families in (None, UNSET) else frozenset(given.families or ()),
        products_of=products_of,
    )


async def _known(model: type[Record], actor: Actor, record_id: str | None, path: str) -> str | None:
    return (await find(model, actor, record_id, path)).id if record_id else None


@strawberry.type
class WhitespaceQueries:
    """Reading whitespace."""

    compatibility_rules = connection(
        COMPATIBILITY_RULES, "Which product families exclude or require another one, those too that ended."
    )

    @costs(200)
    @strawberry.field
    async def whitespace(
        self,
        info: Info,
        filter: Asked = None,
        products_of: ProductsOf = None,
        as_of: AsOf = None,
        known_at: sales.KnownAt = None,
    ) -> Whitespace:
        """Where accounts stand with each product family, and what similar customers buy.

        Of the accounts that the caller owns or manages. What peers buy is of all customers of the tenant,
        told as numbers and quartiles alone.
        """
        actor, at = info.context.actor, sales.at(as_of, known_at)
        found = await grid.whitespace(actor, at, await wanted(actor, filter, products_of))
        return Whitespace(grid=found, as_of=at.day, known_at=at.known_on or at.day)

    @costs(500)
    @needs(Scope.READ_MONEY)
    async def whitespace_gaps(
        self,
        info: Info,
        filter: Asked = None,
        products_of: ProductsOf = None,
        states: Annotated[
            list[CellState] | None,
            strawberry.argument(
                description="Only cells that stand so; default: OWNED, COMPETITOR, LOST and NEVER."
            ),
        ] = None,
        at_least: Annotated[
            Decimal,
            strawberry.argument(
                description="Only gaps of so much a month, in whole units of the tenant's currency, from 0."
            ),
        ] = Decimal("0.01"),
        as_of: AsOf = None,
        known_at: sales.KnownAt = None,
        first: Annotated[
            int, strawberry.argument(description=f"How many cells at most, 0 to {LARGEST_PAGE}.")
        ] = 20,
    ) -> list[WhitespaceCell]:
        """The cells with the largest gaps by expected value (gap times penetration), those without one last.

        Of the accounts that the caller owns or manages.
        """
        actor, at = info.context.actor, sales.at(as_of, known_at)
        chosen = UNTOUCHED if states is None else frozenset(states)
        size, least = _size(first), _least(at_least)
        found = await grid.whitespace(actor, at, await wanted(actor, filter, products_of))
        return [WhitespaceCell.of(each, actor.currency) for each in await found.gaps(size, chosen, least)]


def _least(amount: Decimal) -> int:
    if not amount.is_finite() or not 0 <= amount * 100 <= MAX_MINOR:
        raise Invalid(f"atLeast is out of range; allowed: 0 to {MAX_MINOR // 100:,}", ["atLeast"])
    return int(amount * 100)

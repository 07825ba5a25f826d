"""Whitespace as clients ask for it: the grid of accounts by product families, and the largest gaps."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated

import strawberry
from strawberry import UNSET

from commands.validation import LARGEST, check_family, families_of
from metrics.whitespace import grid
from metrics.whitespace.grid import UNTOUCHED, Wanted
from metrics.whitespace.results import GridRow
from models.access import Actor, Scope, Team, User
from models.accounts import Account as StoredAccount
from models.base import Record
from models.errors import Invalid, under
from models.visibility import find
from models.whitespace import CellState
from schema import sales
from schema.compatibility import COMPATIBILITY_RULES
from schema.context import Info
from schema.core import cursors
from schema.core.arguments import After, AsOf, First
from schema.core.connections import Connection, Edge, connection, forward
from schema.core.cost import costs
from schema.core.cursors import Kind
from schema.core.listing import LARGEST_PAGE, page_size
from schema.core.readable import needs
from schema.whitespace_cells import WhitespaceCell, WhitespaceColumn, WhitespaceRow

_ORDER, _KINDS = "name:asc", (Kind.TEXT, Kind.TEXT)
#: A page has at most so many cells.
MOST_CELLS = 20_000


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
        size = page_size(first)
        if size * len(self.grid.parts) > MOST_CELLS:
            most = MOST_CELLS // len(self.grid.parts)
            raise Invalid(
                f"{size} rows of {len(self.grid.parts):,} columns are too many cells; allowed: {most} rows,"
                " or fewer columns by families",
                ["first"],
            )
        found = await self.grid.rows(size + 1, _decoded(after))
        currency = info.context.actor.currency
        edges = [Edge(node=WhitespaceRow.of(row, currency), cursor=_cursor(row)) for row in found]
        return forward(edges, size, after, self.grid.count)


def _cursor(row: GridRow) -> str:
    return cursors.encode(_ORDER, (row.name, row.account_id), _KINDS)


def _decoded(after: str | None) -> tuple[str, str] | None:
    if after is None:
        return None
    name, account_id = cursors.decode(after, _ORDER, _KINDS, "after", whole=True)
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
        Invalid: no product is of a family.
    """
    families = await families_of(actor) if products_of is not None or (given and given.families) else ()
    if products_of is not None:
        check_family(families, products_of, "productsOf")
    if given is None:
        return Wanted(products_of=products_of)
    with under("filter"):
        for index, family in enumerate(given.families or ()):
            check_family(families, family, "families", str(index))
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
        size, least = page_size(first), _least(at_least)
        found = await grid.whitespace(actor, at, await wanted(actor, filter, products_of))
        return [WhitespaceCell.of(each, actor.currency) for each in await found.gaps(size, chosen, least)]


def _least(amount: Decimal) -> int:
    if not amount.is_finite() or not 0 <= amount <= LARGEST:
        raise Invalid(f"atLeast is out of range; allowed: 0 to {LARGEST:,}", ["atLeast"])
    return int(amount * 100)

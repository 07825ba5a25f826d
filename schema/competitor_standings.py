"""Where competitors stood at accounts as of a day, as clients see it."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated

import strawberry
from strawberry import UNSET

from metrics import competitor_standings as metric
from metrics.competitor_standings import Standing, Wanted
from metrics.sales import AsOf as At
from models import accounts as stored_accounts
from models import competition as stored
from models.access import Actor, Scope
from models.competition import PositionRole
from models.database import Param
from models.trends import Confidence
from models.visibility import find
from schema import sales
from schema.competition import Competitor, CompetitorPosition
from schema.context import Info
from schema.core import cursors
from schema.core.arguments import After, AsOf, First
from schema.core.connections import Connection, Edge, forward
from schema.core.cost import costs
from schema.core.cursors import Kind
from schema.core.listing import page_size
from schema.core.money import Money, money
from schema.core.stored import column

if TYPE_CHECKING:
    from schema.accounts import Account

_ORDER, _KINDS = "contractEndsOn:asc", (Kind.DATE, Kind.TEXT)


@strawberry.type
class CompetitorStanding:
    """Where a competitor stood at an account in a product family, as of a date."""

    standing: strawberry.Private[Standing]
    product_family: str = column("The product family that it is about.")
    role: PositionRole = column("What it was to the account in the family.")
    share: int | None = column(
        "The part of what the account bought of the family in percent, 0 to 100; null when it was not known."
    )
    contract_ends_on: date | None = column(
        "The day on which its contract was to end; null when it was not known."
    )
    price: Money | None = column("The monthly charge that had been seen; null when none had.")
    price_term_months: int | None = column("Over how many months that is; null when it was not known.")
    heard_from: str | None = column("Where it was known from; null when nobody said.", Scope.READ_PERSONAL)
    confidence: Confidence = column("How sure it was.")
    observed_on: date = column("The day on which it had been observed last.")

    @strawberry.field
    async def account(self, info: Info) -> Annotated[Account, strawberry.lazy("schema.accounts")] | None:
        """The account where it stood, as it is now; of a duplicate that was merged, what it is part of.

        Null when the caller may not see it any more.
        """
        from schema.accounts import Account

        record = await info.context.loaders.one(stored_accounts.Account, self.standing.account_id)
        return Account.of(record) if record else None

    @strawberry.field
    async def competitor(self, info: Info) -> Competitor | None:
        """Who stood there, as it is now; it may have been merged into another one since.

        Null when there is none any more.
        """
        record = await info.context.loaders.one(stored.Competitor, self.standing.competitor_id)
        return Competitor.of(record) if record else None

    @strawberry.field
    async def position(self, info: Info) -> CompetitorPosition | None:
        """The position as it is now; null when the caller may not see it any more."""
        record = await info.context.loaders.one(stored.CompetitorPosition, self.standing.position_id)
        return CompetitorPosition.of(record) if record else None

    @classmethod
    def of(cls, found: Standing) -> CompetitorStanding:
        """The object that shows where one stood."""
        return cls(
            standing=found,
            product_family=found.product_family,
            role=found.role,
            share=found.share,
            contract_ends_on=found.contract_ends_on,
            price=money(found.price_minor, found.currency),
            price_term_months=found.price_term_months,
            heard_from=found.heard_from,
            confidence=found.confidence,
            observed_on=found.observed_on,
        )


async def standings_of(info: Info, account_id: str, at: At) -> list[CompetitorStanding]:
    """Where competitors stood at one account; those of several accounts are read together."""
    actor = info.context.actor

    async def found(ids: list[str]) -> list[list[Standing]]:
        return await metric.standings_of(actor, at, ids, Wanted())

    rows = await info.context.loaders.batched(("competitor standings", at), found, account_id)
    return [CompetitorStanding.of(each) for each in rows]


@strawberry.input
class CompetitorStandingFilter:
    """Which of the positions at accounts that the caller sees, as they were on the date; all must hold."""

    account_id: strawberry.ID | None = strawberry.field(
        default=UNSET, description="Those at this account; default: at all."
    )
    competitor_id: strawberry.ID | None = strawberry.field(
        default=UNSET,
        description="Those of this competitor, and of whoever was merged into it since; default: of all.",
    )
    product_family: str | None = strawberry.field(
        default=UNSET, description="Those in this product family; default: in all."
    )
    role: PositionRole | None = strawberry.field(
        default=UNSET, description="Those that were of this role; default: of any."
    )


@strawberry.type
class CompetitorStandingQueries:
    """Reading where competitors stood."""

    @costs(50)
    @strawberry.field
    async def competitor_standings(
        self,
        info: Info,
        filter: Annotated[
            CompetitorStandingFilter | None,
            strawberry.argument(description="Which positions; default: all that the caller sees."),
        ] = None,
        as_of: AsOf = None,
        known_at: sales.KnownAt = None,
        first: First = None,
        after: After = None,
    ) -> Connection[CompetitorStanding]:
        """Where competitors stood at accounts as of a date, those whose contract ended first first.

        Positions that had been taken out are left out. Who sees what is decided as of today, what it was as
        of the date.
        """
        actor, at, size = info.context.actor, sales.at(as_of, known_at), page_size(first)
        wanted = await _wanted(actor, filter)
        found = await metric.standings(actor, at, wanted, size + 1, _decoded(after))

        async def count() -> int:
            return await metric.how_many(actor, at, wanted)

        edges = [Edge(node=CompetitorStanding.of(each), cursor=_cursor(each)) for each in found]
        return forward(edges, size, after, count)


async def _wanted(actor: Actor, given: CompetitorStandingFilter | None) -> Wanted:
    if given is None:
        return Wanted()
    account_id, competitor_id = given.account_id or None, given.competitor_id or None
    if account_id:
        account_id = strawberry.ID((await find(stored_accounts.Account, actor, account_id, "accountId")).id)
    if competitor_id:
        await find(stored.Competitor, actor, competitor_id, "competitorId")
    return Wanted(
        account_ids=(account_id,) if account_id else None,
        competitor_id=competitor_id,
        product_family=given.product_family or None,
        role=given.role or None,
    )


def _cursor(standing: Standing) -> str:
    return cursors.encode(_ORDER, (standing.ends_by, standing.position_id), _KINDS)


def _decoded(after: str | None) -> tuple[Param, Param] | None:
    if after is None:
        return None
    ends_by, position_id = cursors.decode(after, _ORDER, _KINDS, "after", whole=True)
    return ends_by, position_id

"""The types of the stock server, shaped like the product's; what they show are the ORM's objects."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Any

import strawberry

from metrics.portfolio import Grouping
from models.accounts import Tier
from models.deals import DealKind, Stage

strawberry.enum(Tier)
strawberry.enum(DealKind)
strawberry.enum(Stage, name="DealStage")
strawberry.enum(Grouping, name="PortfolioGrouping")


@strawberry.type
class Money:
    """An amount in whole units."""

    amount: Decimal
    currency: str


def money(minor: int | None, currency: str) -> Money | None:
    """Minor units as money."""
    return None if minor is None else Money(amount=Decimal(minor).scaleb(-2), currency=currency)


@strawberry.type
class Deal:
    """A sale."""

    id: strawberry.ID
    name: str
    kind: DealKind
    stage: Stage
    probability: int
    close_on: date | None
    next_step: str | None


@strawberry.type
class DealConnection:
    """Deals of an account."""

    nodes: list[Deal]


@strawberry.type
class Account:
    """A customer; what resolvers get is the stored account itself."""

    id: strawberry.ID
    version: int
    name: str
    tier: Tier
    segment: str | None
    employees: int | None
    placeholder: bool

    @strawberry.field
    def overdue(self: Any) -> Money | None:
        """What it owes."""
        return money(self.overdue_minor, self.currency)

    @strawberry.field
    def deals(self: Any, first: int = 50) -> DealConnection:
        """Its deals, which were fetched with it."""
        return DealConnection(nodes=list(self.deals)[:first])


@strawberry.type
class PageInfo:
    """Whether and from where to go on."""

    has_next_page: bool
    end_cursor: str | None


@strawberry.type
class AccountConnection:
    """A page of accounts."""

    nodes: list[Account]
    page_info: PageInfo


@strawberry.input
class StringFilter:
    """Conditions on text."""

    eq: str | None = None
    in_: list[str] | None = strawberry.field(name="in", default=None)


@strawberry.input
class TierFilter:
    """Conditions on a tier."""

    eq: Tier | None = None
    in_: list[Tier] | None = strawberry.field(name="in", default=None)


@strawberry.input
class AccountFilter:
    """Which accounts."""

    segment: StringFilter | None = None
    tier: TierFilter | None = None


@strawberry.enum
class AccountOrderField(Enum):
    """What accounts are ordered by."""

    NAME = "name"
    SEGMENT = "segment"


@strawberry.enum
class Direction(Enum):
    """Ascending or descending."""

    ASC = "asc"
    DESC = "desc"


@strawberry.input
class AccountOrder:
    """An order."""

    field: AccountOrderField
    direction: Direction = Direction.ASC


BY_NAME = AccountOrder(field=AccountOrderField.NAME)


@strawberry.type
class PortfolioFigures:
    """Figures of a portfolio or a group of it."""

    open_deals: int | None
    open_risks: int
    open_pipeline: Money | None
    weighted_pipeline: Money | None
    recurring_revenue: Money | None
    revenue_at_risk: Money | None


@strawberry.type
class PortfolioGroup:
    """A group."""

    key: str | None
    label: str
    figures: PortfolioFigures


@strawberry.type
class Portfolio:
    """A portfolio."""

    currency: str
    total: PortfolioFigures
    groups: list[PortfolioGroup]

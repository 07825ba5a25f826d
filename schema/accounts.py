"""Accounts as clients see them."""

from __future__ import annotations

from datetime import date
from enum import Enum

import strawberry
from strawberry import UNSET

from metrics.usage import monthly
from models import accounts as stored
from models.accounts import Tier
from models.base import today
from models.errors import Invalid
from models.services import first_of_month, months_before
from schema.context import Info
from schema.core.connections import Listed, by_id, connection, related
from schema.core.cost import costs
from schema.core.cursors import Kind
from schema.core.enums import Direction
from schema.core.filters import BooleanFilter, Filter, IDFilter, IntFilter, MoneyFilter, StringFilter, clause
from schema.core.listing import Column, Listing
from schema.core.money import Money, certain_money
from schema.core.stored import Node, Stored, column
from schema.deals import DEALS
from schema.people import CONTACTS
from schema.recommendations import RECOMMENDATIONS, RISKS
from schema.revenue import CONTRACTS
from schema.services import SERVICES, Usage
from schema.signals import SIGNALS
from schema.tickets import TICKETS

MOST_MONTHS = 60

_TIER = " ".join(f"when '{tier.value}' then {rank}" for rank, tier in enumerate(Tier))


@strawberry.input
class AccountFilter:
    """Which accounts; all conditions given must hold."""

    and_: list[AccountFilter] | None = clause("and")
    or_: list[AccountFilter] | None = clause("or")
    not_: AccountFilter | None = clause("not")
    id: IDFilter | None = UNSET
    owner_id: IDFilter | None = UNSET
    parent_id: IDFilter | None = UNSET
    name: StringFilter | None = UNSET
    segment: StringFilter | None = UNSET
    industry: StringFilter | None = UNSET
    country: StringFilter | None = UNSET
    region: StringFilter | None = UNSET
    tier: Filter[Tier] | None = UNSET
    employees: IntFilter | None = UNSET
    overdue: MoneyFilter | None = UNSET
    placeholder: BooleanFilter | None = UNSET


@strawberry.enum
class AccountOrderField(Enum):
    """What accounts are ordered by."""

    NAME = "name"
    TIER = "tier_rank"
    SEGMENT = "segment"
    INDUSTRY = "industry"
    EMPLOYEES = "employees"
    OVERDUE = "overdue"


@strawberry.input
class AccountOrder:
    """One step of an order."""

    field: AccountOrderField
    direction: Direction = Direction.ASC


ACCOUNTS = Listed(
    "schema.accounts",
    "Account",
    Listing(
        stored.Account,
        {
            "id": Column("t.id"),
            "owner_id": Column("t.owner_id"),
            "parent_id": Column("t.parent_id"),
            "name": Column("t.name"),
            "segment": Column("t.segment"),
            "industry": Column("t.industry"),
            "country": Column("t.country"),
            "region": Column("t.region"),
            "tier": Column("t.tier"),
            "tier_rank": Column(f"case t.tier {_TIER} end", Kind.NUMBER, may_lack=False),
            "employees": Column("t.employees", Kind.NUMBER),
            "overdue": Column("t.overdue_minor", Kind.NUMBER),
            "placeholder": Column("t.placeholder", Kind.BOOLEAN),
        },
        (("name", Direction.ASC),),
    ),
)


@strawberry.type
class Account(Node, Stored[stored.Account]):
    """An enterprise customer or prospect."""

    model = stored.Account

    version: int = column("Grows by one with each change; an update names it.")
    name: str = column("The account's name.")
    tier: Tier = column("How much attention it gets.")
    segment: str | None = column("Its segment, as the operator names it.")
    industry: str | None = column("Its industry.")
    country: str | None = column("Its country.")
    region: str | None = column("The part of the country or of the operator's network that it is in.")
    employees: int | None = column("How many people work there.")
    overdue: Money = column("What it owes past its due date.")
    overdue_since: date | None = column("Since when the oldest of that was due.")
    placeholder: bool = column("Whether it only gathers records whose source names no account.")
    owner = related("schema.access", "User", "owner_id", "The director who carries it.")
    parent = related("schema.accounts", "Account", "parent_id", "The account above it.")
    subsidiaries = connection(ACCOUNTS, "The accounts below it.", "parent_id")
    contacts = connection(CONTACTS, "The people there.", "account_id")
    deals = connection(DEALS, "Sales to it, open and ended.", "account_id")
    contracts = connection(CONTRACTS, "What it has signed.", "account_id")
    services = connection(SERVICES, "What runs there.", "account_id")
    tickets = connection(TICKETS, "Its trouble tickets.", "account_id")
    signals = connection(SIGNALS, "What was heard about it.", "account_id")
    recommendations = connection(RECOMMENDATIONS, "What to do next about it.", "account_id")
    risks = connection(RISKS, "Its revenue at risk.", "account_id")

    @costs(5)
    @strawberry.field
    async def usage(self, info: Info, months: int = 12) -> list[Usage]:
        """What it used in each of the last full months, oldest first.

        Empty unless the caller owns or manages the account.
        """
        if not 1 <= months <= MOST_MONTHS:
            raise Invalid(f"months is {months}; allowed: 1 to {MOST_MONTHS}", ["months"])
        until = first_of_month(today())
        since, actor = months_before(until, months), info.context.actor
        found = await info.context.loaders.batched(
            ("usage", since), lambda ids: monthly(actor, ids, since, until), self.id
        )
        return [
            Usage(
                month=used.month,
                quantity=used.quantity,
                charge=certain_money(used.charge_minor, self.record.currency),
            )
            for used in found
        ]


@strawberry.type
class AccountQueries:
    """Reading accounts."""

    accounts = connection(ACCOUNTS, "The accounts that the caller sees.")

    account = by_id(
        "schema.accounts", "Account", "One account; null when there is none, or none that the caller may see."
    )

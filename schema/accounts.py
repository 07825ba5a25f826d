"""Accounts as clients see them."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import strawberry
from strawberry import UNSET

from metrics.usage import monthly
from metrics.whitespace import grid
from metrics.whitespace.grid import Wanted
from metrics.whitespace.results import GridRow
from models import accounts as stored
from models.accounts import Tier
from models.base import today
from models.described import Described
from models.errors import Invalid
from models.services import first_of_month, months_before
from models.stakeholders import BuyingCentre
from schema import sales
from schema.bids import BIDS
from schema.competition import POSITIONS
from schema.competitor_standings import CompetitorStanding, standings_of
from schema.context import Info
from schema.core.arguments import AsOf
from schema.core.connections import Listed, by_id, connection, related
from schema.core.cost import costs
from schema.core.cursors import Kind
from schema.core.enums import Direction
from schema.core.filters import BooleanFilter, Filter, IDFilter, IntFilter, MoneyFilter, StringFilter, clause
from schema.core.listing import DEFAULT_PAGE, Column, Listing
from schema.core.money import Money, certain_money
from schema.core.stored import Node, Stored, column
from schema.deals import DEALS
from schema.hierarchy import (
    AccountHierarchy,
    AccountTree,
    AccountTreeNode,
    TreeAfter,
    TreeFirst,
    Won,
    ancestors_of,
    hierarchy_of,
    tree_of,
)
from schema.merges import MERGES
from schema.people import CONTACTS, INTERACTIONS
from schema.plans import PLANS
from schema.plays import PLAY_RUNS
from schema.recommendations import RECOMMENDATIONS, RISKS
from schema.revenue import CONTRACTS
from schema.services import SERVICES, Usage
from schema.signals import SIGNALS
from schema.stakeholders import (
    AccountRelationship,
    OrgChartPlace,
    StakeholderMap,
    account_relationship,
    org_chart,
    stakeholder_map,
)
from schema.tickets import TICKETS
from schema.trends import TRENDS
from schema.whitespace import ProductsOf
from schema.whitespace_cells import WhitespaceRow

MOST_MONTHS = 60
Months = Annotated[
    int, strawberry.argument(description=f"How many full months back from today (UTC): 1 to {MOST_MONTHS}.")
]

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
    city: StringFilter | None = UNSET
    registration_number: StringFilter | None = UNSET
    domain: StringFilter | None = UNSET
    tier: Filter[Tier] | None = UNSET
    employees: IntFilter | None = UNSET
    sites: IntFilter | None = UNSET
    overdue: MoneyFilter | None = UNSET
    placeholder: BooleanFilter | None = UNSET


@strawberry.enum
class AccountOrderField(Described):
    """What accounts are ordered by."""

    NAME = "name"
    TIER = "tier_rank", "By `tier`: ascending from KEY to STANDARD."
    SEGMENT = "segment"
    INDUSTRY = "industry"
    EMPLOYEES = "employees"
    SITES = "sites"
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
            "city": Column("t.city"),
            "registration_number": Column("t.registration_number"),
            "domain": Column("t.domain"),
            "tier": Column("t.tier"),
            "tier_rank": Column(f"case t.tier {_TIER} end", Kind.NUMBER, may_lack=False),
            "employees": Column("t.employees", Kind.NUMBER),
            "sites": Column("t.sites", Kind.NUMBER),
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

    version: int = column("Grows by one with each change; an update names the one that it has read.")
    name: str = column("The account's name.")
    tier: Tier = column("How much attention the operator gives it.")
    segment: str | None = column("The segment that the operator puts it in; null when it is in none.")
    industry: str | None = column("The industry that it works in; null when it is not known.")
    country: str | None = column("The country that it is in; null when it is not known.")
    region: str | None = column(
        "The part of the country or of the operator's network that it is in; null when it is not known."
    )
    city: str | None = column("The city that it is in; null when it is not known.")
    registration_number: str | None = column(
        "Its number in the register that it stands in, as of companies or of taxes; null when it is not"
        " known."
    )
    domain: str | None = column(
        "The domain of its mails and pages, as in nordwind.example; null when it is not known."
    )
    employees: int | None = column("How many people work there, 0 or more; null when it is not known.")
    sites: int | None = column("At how many places it works, 0 or more; null when it is not known.")
    overdue: Money = column("What it owes past its due date, in all; 0 when it owes nothing.")
    overdue_since: date | None = column(
        "The day since when the oldest of that is due; null when nothing is, or it is not known."
    )
    placeholder: bool = column(
        "Whether it is no customer, and only gathers records whose source names no account."
    )
    owner = related("schema.access", "User", "owner_id", "The director or manager who carries it.")
    parent = related(
        "schema.accounts", "Account", "parent_id", "The account above it: of a subsidiary its parent company."
    )
    subsidiaries = connection(ACCOUNTS, "The accounts right below it.", "parent_id")
    contacts = connection(CONTACTS, "The people there, those who left too.", "account_id")
    deals = connection(DEALS, "Sales to it, open and ended, as far as the caller sees them.", "account_id")
    bids = connection(
        BIDS,
        "The bids for tenders that are made for its deals, as far as the caller sees them.",
        "account_id",
    )
    contracts = connection(
        CONTRACTS,
        "What it has signed, running or not; empty unless the caller owns or manages the account.",
        "account_id",
    )
    services = connection(
        SERVICES,
        "What is or was delivered to it; empty unless the caller owns or manages the account.",
        "account_id",
    )
    tickets = connection(
        TICKETS,
        "Its trouble tickets, open or not; empty unless the caller owns or manages the account.",
        "account_id",
    )
    signals = connection(SIGNALS, "What was heard about it, by anybody.", "account_id")
    interactions = connection(
        INTERACTIONS, "Calls, visits, mails and the like with it, by anybody.", "account_id"
    )
    trends = connection(TRENDS, "What changes there, in every state unless filtered.", "account_id")
    competition = connection(
        POSITIONS,
        "Where competitors stand there, those positions too that were taken out unless filtered.",
        "account_id",
    )
    recommendations = connection(
        RECOMMENDATIONS, "What to do next about it, in every state unless filtered.", "account_id"
    )
    risks = connection(RISKS, "Its revenue at risk, in every state unless filtered.", "account_id")
    plans = connection(
        PLANS,
        "What is to become of it, by period; empty unless the caller owns or manages the account.",
        "account_id",
    )
    play_runs = connection(PLAY_RUNS, "The plays that were started for it.", "account_id")
    merges = connection(
        MERGES, "The duplicates that were merged into it, those that were given back too.", "account_id"
    )

    @costs(5)
    @strawberry.field
    async def ancestors(self, info: Info) -> list[Account]:
        """The accounts above it as it is now, from the one right above to the top.

        They end below the first that the caller may not see.
        """
        return [Account.of(each) for each in await ancestors_of(info, self.id)]

    @costs(20)
    @strawberry.field
    async def hierarchy(
        self, info: Info, as_of: AsOf = None, known_at: sales.KnownAt = None, won: Won = None
    ) -> AccountHierarchy:
        """What it comes to by itself and with all that is below it, as of a date.

        Who sees what is decided as of today, what it was as of the date. What is below an account that the
        caller may not see is left out.
        """
        days = sales.period(won, "won")
        return await hierarchy_of(info, self.record, sales.at(as_of, known_at), days)

    @costs(20)
    @strawberry.field
    async def tree(
        self,
        info: Info,
        as_of: AsOf = None,
        known_at: sales.KnownAt = None,
        first: TreeFirst = DEFAULT_PAGE,
        after: TreeAfter = None,
    ) -> AccountTree:
        """It and all accounts below it as of a date, each before those below it, those of one by name.

        What is below an account that the caller may not see is left out.
        """
        places, page = await tree_of(info, self.id, sales.at(as_of, known_at), first, after)
        return AccountTree(
            total_count=len(places),
            has_next_page=bool(page) and page[-1][0] != places[-1],
            nodes=[
                AccountTreeNode(
                    depth=place.depth,
                    parent_id=strawberry.ID(place.parent_id) if place.parent_id else None,
                    account=Account.of(account),
                )
                for place, account in page
            ],
        )

    @costs(10)
    @strawberry.field
    async def stakeholders(self, info: Info, as_of: AsOf = None) -> StakeholderMap:
        """Its buying centre as of a date: who is what, known by whom, and what is not covered."""
        return await stakeholder_map(info, BuyingCentre.ACCOUNT, self.id, as_of)

    @costs(10)
    @strawberry.field
    async def competitor_standings(
        self, info: Info, as_of: AsOf = None, known_at: sales.KnownAt = None
    ) -> list[CompetitorStanding]:
        """Where competitors stood there as of a date, those whose contract ended first first.

        Positions that had been taken out are left out.
        """
        return await standings_of(info, self.id, sales.at(as_of, known_at))

    @costs(10)
    @strawberry.field
    async def org_chart(self, info: Info, as_of: AsOf = None) -> list[OrgChartPlace]:
        """Who reports to whom there as of a date, of those who are there: each before those below."""
        return await org_chart(info, self.id, as_of)

    @costs(10)
    @strawberry.field
    async def relationship(self, info: Info, as_of: AsOf = None) -> AccountRelationship:
        """How strong the relationship with it is as of a date, and on whom it rests."""
        return await account_relationship(info, self.id, as_of)

    @costs(5)
    @strawberry.field
    async def usage(self, info: Info, months: Months = 12) -> list[Usage]:
        """What it used in each of the last full calendar months, oldest first.

        Months of which nothing is known are left out. Empty unless the caller owns or manages the account.
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

    @costs(200)
    @strawberry.field
    async def whitespace(
        self,
        info: Info,
        products_of: ProductsOf = None,
        as_of: AsOf = None,
        known_at: sales.KnownAt = None,
    ) -> WhitespaceRow | None:
        """Where it stands with each product family, and what similar customers buy.

        Null unless the caller owns or manages the account, and for a placeholder.
        """
        actor, at = info.context.actor, sales.at(as_of, known_at)

        async def rows(ids: list[str]) -> list[GridRow | None]:
            found = await grid.whitespace(actor, at, Wanted(products_of=products_of))
            known = await found.of_accounts(ids)
            return [known.get(account_id) for account_id in ids]

        row = await info.context.loaders.batched(("whitespace", at, products_of), rows, self.id)
        return WhitespaceRow.of(row, actor.currency) if row else None


@strawberry.type
class AccountQueries:
    """Reading accounts."""

    accounts = connection(ACCOUNTS, "The accounts that the caller sees.")

    account = by_id("schema.accounts", "Account", "One account by its id.")

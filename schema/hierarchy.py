"""What an account comes to with all below it, and the accounts below it in order, as clients see them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Annotated

import strawberry

from metrics import hierarchy as metric
from metrics.account_tree import Place, lines_above, walked
from metrics.hierarchy import ContractEnd
from metrics.sales import AsOf, DayRange
from models import accounts as stored
from models.errors import Invalid
from schema import sales
from schema.context import Info
from schema.core.listing import LARGEST_PAGE
from schema.core.money import Money, certain_money
from schema.core.stored import column

if TYPE_CHECKING:
    from schema.accounts import Account

strawberry.enum(ContractEnd, name="ContractEnd")

Won = Annotated[
    sales.DayRange | None,
    strawberry.argument(
        description="The days on which deals count that were won, none after `asOf`; default: all until then."
    ),
]
TreeFirst = Annotated[
    int,
    strawberry.argument(description=f"How many accounts the page has: 1 to {LARGEST_PAGE}."),
]
TreeAfter = Annotated[
    strawberry.ID | None,
    strawberry.argument(
        description="The id of the account in the tree that the page begins after; default: at the front."
    ),
]


@strawberry.type
class ContractsEnding:
    """The contracts that end in one span from the date on, of those that run."""

    end: ContractEnd = column("When they end.")
    contracts: int = column("How many there are.")
    recurring_revenue: Money = column("Their monthly recurring charges.")


@strawberry.type
class AccountFigures:
    """What one account or several come to as of a date, by what the caller may see."""

    accounts: int = column("How many accounts that is.")
    contracts: int = column("How many contracts run.")
    recurring_revenue: Money = column("The monthly recurring charge of the contracts that run.")
    contracts_ending: list[ContractsEnding] = column(
        "The same by when they end: every span, the nearest first."
    )
    services: int = column("How many services are active.")
    open_deals: int = column("How many deals can still be won.")
    open_pipeline: Money = column("The sum of their amounts.")
    weighted_pipeline: Money = column("The sum of their amounts times their probabilities.")
    won_deals: int = column("How many deals were won on the days that were asked about.")
    won: Money = column("The sum of their amounts.")
    revenue_at_risk: Money = column(
        "The revenue lines (deals, contracts and services) that open risks name, each once."
    )
    revenue_at_risk_weighted: Money = column(
        "The same, each line times the probability of its most severe risk."
    )
    lines_at_risk: int = column("How many revenue lines that is.")
    open_risks: int = column("How many risks are open; several may name one line.")
    recommendations: int = column("How many recommendations wait for an answer.")
    open_tickets: int = column("How many trouble tickets are open.")
    contacts: int = column("How many people are known there, without those who left.")
    plans: int = column("How many account plans are followed on that day.")
    overdue: Money = column("What is owed past its due date.")

    @classmethod
    def of(cls, found: metric.Figures, currency: str) -> AccountFigures:
        """As clients see them."""
        return cls(
            accounts=found.accounts,
            contracts=found.contracts,
            recurring_revenue=certain_money(found.recurring_minor, currency),
            contracts_ending=[
                ContractsEnding(
                    end=end,
                    contracts=ending.contracts,
                    recurring_revenue=certain_money(ending.recurring_minor, currency),
                )
                for end, ending in found.endings.items()
            ],
            services=found.services,
            open_deals=found.open_deals,
            open_pipeline=certain_money(found.pipeline_minor, currency),
            weighted_pipeline=certain_money(found.weighted_minor, currency),
            won_deals=found.won_deals,
            won=certain_money(found.won_minor, currency),
            revenue_at_risk=certain_money(found.at_risk_minor, currency),
            revenue_at_risk_weighted=certain_money(found.at_risk_weighted_minor, currency),
            lines_at_risk=found.lines_at_risk,
            open_risks=found.open_risks,
            recommendations=found.recommendations,
            open_tickets=found.tickets,
            contacts=found.contacts,
            plans=found.plans,
            overdue=certain_money(found.overdue_minor, currency),
        )


@strawberry.type
class AccountHierarchy:
    """What an account comes to by itself, and with all accounts below it that the caller sees."""

    as_of: date = column("The business date of the figures.")
    levels: int = column("How many levels of accounts are below it; 0 of one without any.")
    own: AccountFigures = column("What it comes to by itself; 0 of an account that was not there yet.")
    whole: AccountFigures = column(
        "What it and all below it come to; a revenue line at risk counts once in the whole tree."
    )


@strawberry.type
class AccountTreeNode:
    """An account in a tree."""

    depth: int = column("How many levels it is below the account at the top; 0 of that itself.")
    parent_id: strawberry.ID | None = column(
        "The id of the account that it was right below on that day; null of the one at the top."
    )
    account: Annotated[Account, strawberry.lazy("schema.accounts")] = column("The account, as it is now.")


@strawberry.type
class AccountTree:
    """A part of the accounts of a tree, in order: each before those below it."""

    total_count: int = column("How many accounts there are in the whole tree.")
    has_next_page: bool = column("Whether there are more after these.")
    nodes: list[AccountTreeNode] = column("The accounts.")


async def ancestors_of(info: Info, account_id: str) -> list[stored.Account]:
    """The accounts above one as it is now, from the one right above to the top."""
    actor, loaders = info.context.actor, info.context.loaders
    ids = await loaders.batched("ancestors", lambda found: lines_above(actor, found), account_id)
    return await loaders.many(stored.Account, ids)


async def hierarchy_of(info: Info, account: stored.Account, at: AsOf, won: DayRange) -> AccountHierarchy:
    """What an account comes to by itself and with all that is below it."""
    actor = info.context.actor

    async def found(ids: list[str]) -> list[metric.Hierarchy]:
        return await metric.hierarchies(actor, ids, at, won)

    rolled = await info.context.loaders.batched(("hierarchy", at, won), found, account.id)
    return AccountHierarchy(
        as_of=at.day,
        levels=rolled.levels,
        own=AccountFigures.of(rolled.own, account.currency),
        whole=AccountFigures.of(rolled.whole, account.currency),
    )


async def tree_of(
    info: Info, account_id: str, at: AsOf, first: int, after: str | None
) -> tuple[list[Place], Sequence[tuple[Place, stored.Account]]]:
    """All places in the tree of an account, and those of a page with their accounts.

    Raises:
        Invalid: the page has too many accounts, or begins after one that is not in the tree.
    """
    if not 1 <= first <= LARGEST_PAGE:
        raise Invalid(f"first is {first}; allowed: 1 to {LARGEST_PAGE}", ["first"])
    actor, loaders = info.context.actor, info.context.loaders

    async def found(ids: list[str]) -> list[list[Place]]:
        return await walked(actor, ids, at.day, at.known_on)

    places = await loaders.batched(("tree", at), found, account_id)
    start = _after(places, after)
    page = places[start : start + first]
    accounts = {each.id: each for each in await loaders.many(stored.Account, [each.id for each in page])}
    return places, [(place, accounts[place.id]) for place in page if place.id in accounts]


def _after(places: Sequence[Place], after: str | None) -> int:
    if after is None:
        return 0
    for number, place in enumerate(places, 1):
        if place.id == after:
            return number
    raise Invalid(f"{after!r} is not in the tree; allowed: the id of an account in it", ["after"])

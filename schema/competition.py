"""Competitors as clients see them: who they are, where they stand, and how deals went against them."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import strawberry
from strawberry import UNSET

from metrics import competition as metric
from metrics.competition import CompetitorFigure
from models import competition as stored
from models import deals as stored_deals
from models.access import Scope
from models.competition import PositionRole
from models.deals import Stage
from models.described import Described
from models.trends import Confidence
from schema import sales
from schema.context import Info
from schema.core import cursors
from schema.core.arguments import After, AsOf, First
from schema.core.connections import (
    Connection,
    Edge,
    Listed,
    by_id,
    children,
    connection,
    forward,
    related,
)
from schema.core.cost import costs
from schema.core.cursors import Kind
from schema.core.enums import Direction
from schema.core.filters import DateFilter, Filter, IDFilter, IntFilter, StringFilter, clause
from schema.core.listing import Column, Listing, page_size
from schema.core.money import Money, certain_money, money
from schema.core.readable import needs
from schema.core.stored import Node, Stored, column
from schema.deals import Deal

_ORDER, _KINDS = "amount:desc", (Kind.NUMBER, Kind.TEXT)


@strawberry.type
class CompetitorName(Stored[stored.CompetitorName]):
    """A name that a competitor goes by."""

    model = stored.CompetitorName

    id: strawberry.ID = column("The id of the name, unlike all others.")
    name: str = column("The name, as it was written first; case and space do not tell names apart.")


@strawberry.type
class BattleNote(Node, Stored[stored.BattleNote]):
    """What to say against a competitor, as it was written on a day."""

    model = stored.BattleNote

    product_family: str | None = column("The product family that it is about; null for all.")
    text: str = column("What to say.", Scope.READ_PERSONAL)
    written_on: date = column("The day on which it was written.")
    replaced_on: date | None = column("The day on which another one replaced it; null for one that holds.")
    author = related("schema.access", "User", "author_id", "Who wrote it.")
    competitor = related("schema.competition", "Competitor", "competitor_id", "Whom it is against.")


@strawberry.type
class CompetitorPosition(Node, Stored[stored.CompetitorPosition]):
    """Where a competitor stands at an account in a product family, as it was observed last."""

    model = stored.CompetitorPosition

    version: int = column("Grows by one with each change.")
    product_family: str = column("The product family that it is about.")
    role: PositionRole = column("What it is to the account in the family.")
    share: int | None = column(
        "The part of what the account buys of the family in percent, 0 to 100; null when it is not known."
    )
    contract_ends_on: date | None = column("The day on which its contract ends; null when it is not known.")
    price: Money | None = column("The monthly charge that was seen; null when none was.")
    price_term_months: int | None = column("Over how many months that is; null when it is not known.")
    heard_from: str | None = column("Where it is known from; null when nobody said.", Scope.READ_PERSONAL)
    confidence: Confidence = column("How sure it is.")
    observed_on: date = column("The day on which it was observed last.")
    removed_on: date | None = column("The day on which it was taken out; null for one that holds.")
    account = related("schema.accounts", "Account", "account_id", "The account where it stands.")
    competitor = related("schema.competition", "Competitor", "competitor_id", "Who it is.")


@strawberry.input
class CompetitorPositionFilter:
    """Which positions; all conditions given must hold."""

    and_: list[CompetitorPositionFilter] | None = clause("and")
    or_: list[CompetitorPositionFilter] | None = clause("or")
    not_: CompetitorPositionFilter | None = clause("not")
    id: IDFilter | None = UNSET
    account_id: IDFilter | None = UNSET
    competitor_id: IDFilter | None = UNSET
    product_family: StringFilter | None = UNSET
    role: Filter[PositionRole] | None = UNSET
    confidence: Filter[Confidence] | None = UNSET
    share: IntFilter | None = UNSET
    contract_ends_on: DateFilter | None = UNSET
    observed_on: DateFilter | None = UNSET
    removed_on: DateFilter | None = UNSET


@strawberry.enum
class CompetitorPositionOrderField(Described):
    """What positions are ordered by."""

    CONTRACT_ENDS_ON = "contract_ends_on"
    OBSERVED_ON = "observed_on"
    PRODUCT_FAMILY = "product_family"
    SHARE = "share"


@strawberry.input
class CompetitorPositionOrder:
    """One step of an order."""

    field: CompetitorPositionOrderField
    direction: Direction = Direction.ASC


POSITIONS = Listed(
    "schema.competition",
    "CompetitorPosition",
    Listing(
        stored.CompetitorPosition,
        {
            "id": Column("t.id"),
            "account_id": Column("t.account_id"),
            "competitor_id": Column("t.competitor_id"),
            "product_family": Column("t.product_family"),
            "role": Column("t.role"),
            "confidence": Column("t.confidence"),
            "share": Column("t.share", Kind.NUMBER),
            "contract_ends_on": Column("t.contract_ends_on", Kind.DATE),
            "observed_on": Column("t.observed_on", Kind.DATE),
            "removed_on": Column("t.removed_on", Kind.DATE),
        },
        (("contract_ends_on", Direction.ASC),),
    ),
)


@strawberry.type
class Competitor(Node, Stored[stored.Competitor]):
    """Somebody who sells what we sell."""

    model = stored.Competitor

    version: int = column("Grows by one with each change.")
    name: str = column("What it is called.")
    merged_into = related(
        "schema.competition", "Competitor", "merged_into_id", "The competitor that it turned out to be."
    )
    names = children("schema.competition", "CompetitorName", "competitor_id", "Every name that it goes by.")
    positions = connection(
        POSITIONS, "Where it stands at the accounts that the caller sees.", "competitor_id"
    )
    battle_notes = children(
        "schema.competition",
        "BattleNote",
        "competitor_id",
        "What to say against it, without notes that were replaced.",
        standing="replaced_on",
    )
    all_battle_notes = children(
        "schema.competition", "BattleNote", "competitor_id", "The same with those that were replaced."
    )


@strawberry.input
class CompetitorFilter:
    """Which competitors; all conditions given must hold."""

    and_: list[CompetitorFilter] | None = clause("and")
    or_: list[CompetitorFilter] | None = clause("or")
    not_: CompetitorFilter | None = clause("not")
    id: IDFilter | None = UNSET
    name: StringFilter | None = UNSET
    merged_into_id: IDFilter | None = UNSET


@strawberry.enum
class CompetitorOrderField(Described):
    """What competitors are ordered by."""

    NAME = "name"


@strawberry.input
class CompetitorOrder:
    """One step of an order."""

    field: CompetitorOrderField
    direction: Direction = Direction.ASC


COMPETITORS = Listed(
    "schema.competition",
    "Competitor",
    Listing(
        stored.Competitor,
        {"id": Column("t.id"), "name": Column("t.name"), "merged_into_id": Column("t.merged_into_id")},
        (("name", Direction.ASC),),
    ),
)


@strawberry.type
class CompetitorCase:
    """A deal that closed and in which a competitor was, as it was on the date of the figures."""

    case: strawberry.Private[metric.Case]
    stage: Stage = column("How it ended: WON or LOST.")
    closed_on: date | None = column("The day on which it did; null when it is not known.")

    @strawberry.field
    async def deal(self, info: Info) -> Deal | None:
        """The deal as it is now; null when the caller may not see it any more."""
        record = await info.context.loaders.one(stored_deals.Deal, self.case.deal_id)
        return Deal.of(record) if record else None

    @strawberry.field
    def amount(self, info: Info) -> Money:
        """Its amount."""
        return certain_money(self.case.amount_minor, info.context.actor.currency)

    @strawberry.field
    def price_seen(self, info: Info) -> Money | None:
        """The competitor's price for the whole of it; null when it is not known."""
        return money(self.case.price_minor, info.context.actor.currency)

    @classmethod
    def of(cls, case: metric.Case) -> CompetitorCase:
        """The object that shows a deal."""
        return cls(case=case, stage=case.stage, closed_on=case.closed_on)


@strawberry.type
class CompetitorRecord:
    """How the deals went that closed in a range of days and in which a competitor was; each deal once."""

    asked: strawberry.Private[metric.Asked]
    found: strawberry.Private[metric.AgainstCompetitor]
    competitor_id: strawberry.ID | None = column(
        "The id of the competitor; null where deals have a name that no competitor goes by."
    )
    name: str = column("The competitor's name, or the name that deals have.")
    cases: int = column("How many of its deals closed.")
    won: int = column("How many of them we won.")
    lost: int = column("How many of them we lost.")
    won_amount: Money = column("The sum of what we won.")
    lost_amount: Money = column("The sum of what we lost.")
    by_count: float | None = column("Won of won and lost, 0 to 1; null when nothing closed.")
    low: float | None = column(
        "The lower end of the 95 % interval of that share (Wilson), 0 to 1; null without a case."
    )
    high: float | None = column("The upper end of that interval, 0 to 1; null without a case.")
    by_amount: float | None = column(
        "The amount won of the amount won and lost, 0 to 1; null when nothing of any amount closed."
    )
    prices_seen: int = column("In how many of the deals its price is known.")
    price_seen: Money = column("The sum of those prices, for the whole of the deals.")
    price_ours: Money = column("The sum of our amounts of the same deals.")
    price_ratio: float | None = column(
        "How much its prices are of our amounts, as a part of 1: below 1 where it is cheaper; null where ours"
        " come to nothing."
    )

    @costs(10)
    @strawberry.field
    async def deals(
        self,
        info: Info,
        figure: Annotated[
            CompetitorFigure,
            strawberry.argument(description="The figure behind which the deals are; default: CASES."),
        ] = CompetitorFigure.CASES,
        first: First = None,
        after: After = None,
    ) -> Connection[CompetitorCase]:
        """The deals that a figure counts, those of the largest amount first: as many as it says.

        They are as of the date of the figures. To go on from a page, ask for one competitor by `name`.
        """
        size, actor = page_size(first), info.context.actor
        position = _decoded(after)

        async def pages(keys: list[str]) -> list[list[metric.Case]]:
            return await metric.cases(actor, self.asked, keys, figure, size + 1, position)

        key = ("competitor cases", self.asked, figure, size, position)
        found = await info.context.loaders.batched(key, pages, self.found.key)
        edges = [Edge(node=CompetitorCase.of(each), cursor=_cursor(each)) for each in found]

        async def count() -> int:
            return self.found.counted(figure)

        return forward(edges, size, after, count)

    @classmethod
    def told(cls, found: metric.AgainstCompetitor, asked: metric.Asked, currency: str) -> CompetitorRecord:
        """As clients see it."""
        rate, (low, high) = found.rate, found.interval or (None, None)
        return cls(
            asked=asked,
            found=found,
            competitor_id=strawberry.ID(found.competitor_id) if found.competitor_id else None,
            name=found.name,
            cases=found.cases,
            won=rate.won,
            lost=rate.lost,
            won_amount=certain_money(rate.won_minor, currency),
            lost_amount=certain_money(rate.lost_minor, currency),
            by_count=rate.by_count,
            low=low,
            high=high,
            by_amount=rate.by_amount,
            prices_seen=found.priced,
            price_seen=certain_money(found.seen_minor, currency),
            price_ours=certain_money(found.ours_minor, currency),
            price_ratio=found.price_ratio,
        )


def _cursor(case: metric.Case) -> str:
    return cursors.encode(_ORDER, (case.amount_minor, case.deal_id), _KINDS)


def _decoded(after: str | None) -> tuple[int, str] | None:
    if after is None:
        return None
    amount, deal_id = cursors.decode(after, _ORDER, _KINDS, "after", whole=True)
    return int(str(amount)), str(deal_id)


@strawberry.type
class CompetitionQueries:
    """Reading what is known of competitors."""

    competitors = connection(COMPETITORS, "Who sells what we sell, those that were merged into others, too.")
    competitor = by_id("schema.competition", "Competitor", "A competitor.")
    competitor_positions = connection(
        POSITIONS, "Where competitors stand at the accounts that the caller sees."
    )

    @costs(500)
    @needs(Scope.READ_MONEY)
    async def competitor_record(
        self,
        info: Info,
        closed: sales.Closed,
        filter: sales.Filter = None,
        as_of: AsOf = None,
        known_at: sales.KnownAt = None,
        name: Annotated[
            str | None,
            strawberry.argument(
                description="The competitor that goes by this name alone, whichever of its names it is and"
                " however it is spelled; default: all."
            ),
        ] = None,
    ) -> list[CompetitorRecord]:
        """Wins and losses against each competitor, in deals that closed within a range of days.

        A competitor is in a deal as its main one, or where it is named on the deal. Most cases first.
        """
        actor = info.context.actor
        asked = metric.Asked(
            sales.at(as_of, known_at),
            sales.period(closed, "closed"),
            await sales.wanted(actor, filter),
            name,
        )
        found = await metric.ledger(actor, asked)
        return [CompetitorRecord.told(each, asked, actor.currency) for each in found]

"""Competitors as clients see them: who they are, where they stand, and how deals went against them."""

from __future__ import annotations

from datetime import date

import strawberry
from strawberry import UNSET

from metrics import competition as metric
from models import competition as stored
from models.access import Scope
from models.competition import PositionRole
from models.described import Described
from models.trends import Confidence
from schema import sales
from schema.context import Info
from schema.core.arguments import AsOf
from schema.core.connections import Listed, by_id, children, connection, related
from schema.core.cost import costs
from schema.core.cursors import Kind
from schema.core.enums import Direction
from schema.core.filters import DateFilter, Filter, IDFilter, IntFilter, StringFilter, clause
from schema.core.listing import Column, Listing
from schema.core.money import Money, certain_money
from schema.core.readable import needs
from schema.core.stored import Node, Stored, column


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
class CompetitorRecord:
    """How the deals went that closed in a range of days and in which a competitor was; each deal once."""

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

    @classmethod
    def told(cls, found: metric.AgainstCompetitor, currency: str) -> CompetitorRecord:
        """As clients see it."""
        rate, (low, high) = found.rate, found.interval or (None, None)
        return cls(
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
    ) -> list[CompetitorRecord]:
        """Wins and losses against each competitor, in deals that closed within a range of days.

        A competitor is in a deal as its main one, or where it is named on the deal. Most cases first.
        """
        actor = info.context.actor
        found = await metric.ledger(
            actor,
            sales.at(as_of, known_at),
            sales.period(closed, "closed"),
            await sales.wanted(actor, filter),
        )
        return [CompetitorRecord.told(each, actor.currency) for each in found]

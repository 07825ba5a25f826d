"""Frozen pipelines as clients see them: the open deals of each Sunday evening."""

from __future__ import annotations

from datetime import date, datetime

import strawberry
from strawberry import UNSET

from models import forecast as stored
from models.deals import DealKind, ForecastCategory, Stage
from models.described import Described
from schema.core.connections import Listed, connection, related
from schema.core.cursors import Kind
from schema.core.enums import Direction
from schema.core.filters import DateFilter, Filter, IDFilter, IntFilter, MoneyFilter, clause
from schema.core.listing import Column, Listing
from schema.core.money import Money
from schema.core.stored import Node, Stored, column


@strawberry.type
class SnapshotDeal(Node, Stored[stored.SnapshotDeal]):
    """An open deal as it was on an evening."""

    model = stored.SnapshotDeal

    kind: DealKind = column("What the deal does to the revenue we have.")
    stage: Stage = column("How far it was.")
    forecast_category: ForecastCategory = column("How it counted in the forecast.")
    probability: int = column("The chance of winning it in percent, 0 to 100.")
    amount: Money = column("The total contract value that it had.")
    close_on: date | None = column("The day on which it was expected to close; null when none was.")
    deal = related("schema.deals", "Deal", "deal_id", "The deal as it is now.")
    account = related("schema.accounts", "Account", "account_id", "The customer that it was with.")
    owner = related("schema.access", "User", "owner_id", "Whose it was.")


@strawberry.input
class SnapshotDealFilter:
    """Which deals of a snapshot; all conditions given must hold."""

    and_: list[SnapshotDealFilter] | None = clause("and")
    or_: list[SnapshotDealFilter] | None = clause("or")
    not_: SnapshotDealFilter | None = clause("not")
    id: IDFilter | None = UNSET
    deal_id: IDFilter | None = UNSET
    account_id: IDFilter | None = UNSET
    owner_id: IDFilter | None = UNSET
    kind: Filter[DealKind] | None = UNSET
    stage: Filter[Stage] | None = UNSET
    forecast_category: Filter[ForecastCategory] | None = UNSET
    probability: IntFilter | None = UNSET
    amount: MoneyFilter | None = UNSET
    close_on: DateFilter | None = UNSET


@strawberry.enum
class SnapshotDealOrderField(Described):
    """What the deals of a snapshot are ordered by."""

    AMOUNT = "amount"
    CLOSE_ON = "close_on"
    PROBABILITY = "probability"


@strawberry.input
class SnapshotDealOrder:
    """One step of an order."""

    field: SnapshotDealOrderField
    direction: Direction = Direction.ASC


SNAPSHOT_DEALS = Listed(
    "schema.pipeline_snapshots",
    "SnapshotDeal",
    Listing(
        stored.SnapshotDeal,
        {
            "id": Column("t.id"),
            "deal_id": Column("t.deal_id"),
            "account_id": Column("t.account_id"),
            "owner_id": Column("t.owner_id"),
            "kind": Column("t.kind"),
            "stage": Column("t.stage"),
            "forecast_category": Column("t.forecast_category"),
            "probability": Column("t.probability", Kind.NUMBER),
            "amount": Column("t.amount_minor", Kind.NUMBER),
            "close_on": Column("t.close_on", Kind.DATE),
        },
        (("amount", Direction.DESC),),
    ),
)


@strawberry.type
class PipelineSnapshot(Node, Stored[stored.PipelineSnapshot]):
    """The open deals of a Sunday evening, as they were known then; it never changes."""

    model = stored.PipelineSnapshot

    as_of: date = column("The Sunday.")
    created_at: datetime = column("When it was frozen (UTC).")
    digest: str = column(
        "The SHA-256 of all deals of the tenant on that evening, in hexadecimal digits: that of the"
        " pipeline as it can be rebuilt from the change log."
    )
    deals = connection(
        SNAPSHOT_DEALS, "The deals that were open, of those that the caller sees.", "pipeline_snapshot_id"
    )


@strawberry.input
class PipelineSnapshotFilter:
    """Which snapshots; all conditions given must hold."""

    and_: list[PipelineSnapshotFilter] | None = clause("and")
    or_: list[PipelineSnapshotFilter] | None = clause("or")
    not_: PipelineSnapshotFilter | None = clause("not")
    id: IDFilter | None = UNSET
    as_of: DateFilter | None = UNSET


@strawberry.enum
class PipelineSnapshotOrderField(Described):
    """What snapshots are ordered by."""

    AS_OF = "as_of"


@strawberry.input
class PipelineSnapshotOrder:
    """One step of an order."""

    field: PipelineSnapshotOrderField
    direction: Direction = Direction.ASC


SNAPSHOTS = Listed(
    "schema.pipeline_snapshots",
    "PipelineSnapshot",
    Listing(
        stored.PipelineSnapshot,
        {"id": Column("t.id"), "as_of": Column("t.as_of", Kind.DATE)},
        (("as_of", Direction.DESC),),
    ),
)

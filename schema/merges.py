"""Duplicates that became part of other accounts, as clients see them."""

from __future__ import annotations

from datetime import date, datetime

import strawberry
from strawberry import UNSET

from commands.validation import api_name
from models import accounts as stored
from models.described import Described
from schema.core.connections import Listed, connection, related
from schema.core.cursors import Kind
from schema.core.enums import Direction
from schema.core.filters import BooleanFilter, DateFilter, IDFilter, StringFilter, clause
from schema.core.listing import Column, Listing
from schema.core.stored import Node, Stored, column


@strawberry.type
class MergedRecords:
    """How many records of a kind went over to the survivor."""

    kind: str = strawberry.field(description="The kind of records, as `contract` or `account_plan`.")
    count: int = strawberry.field(description="How many went over.")


@strawberry.type
class AccountMerge(Node, Stored[stored.AccountMerge]):
    """That a duplicate became part of another account; it can be undone, and nothing is lost by it."""

    model = stored.AccountMerge

    version: int = column("Grows by one with each change; undoing it may name the one that was read.")
    merged_id: strawberry.ID = column(
        "The id of the duplicate; while the merge stands it leads to what that is part of."
    )
    name: str = column("What the duplicate was called.")
    source: str | None = column("Where it was imported from; null when it was not.")
    external_id: str | None = column("Its key there; null when it was not imported.")
    merged_on: date = column("The day on which it was merged.")
    undone_at: datetime | None = column("When it was given back (UTC); null while the merge stands.")
    account = related(
        "schema.accounts", "Account", "account_id", "What it is part of now, or was until it was given back."
    )
    merged_by = related("schema.access", "User", "merged_by_id", "Who merged it.")
    undone_by = related("schema.access", "User", "undone_by_id", "Who gave it back.")

    @strawberry.field
    def moved(self) -> list[MergedRecords]:
        """How many records went over, by kind; kinds of which there were none are left out."""
        return [MergedRecords(kind=kind, count=count) for kind, count in sorted(self.record.moved.items())]

    @strawberry.field
    def taken(self) -> list[str]:
        """The fields of the survivor that took the duplicate's value, or that of both."""
        return sorted(api_name(name) for name in self.record.filled)

    @strawberry.field
    def set_aside(self) -> int:
        """How many records would have stood twice, and were set aside until the merge is undone."""
        return len(self.record.set_aside)

    @strawberry.field
    def lapsed(self) -> int:
        """How many recommendations and risks said what another one says, and lapsed."""
        return len(self.record.lapsed)


@strawberry.input
class AccountMergeFilter:
    """Which merges; all conditions given must hold."""

    and_: list[AccountMergeFilter] | None = clause("and")
    or_: list[AccountMergeFilter] | None = clause("or")
    not_: AccountMergeFilter | None = clause("not")
    id: IDFilter | None = UNSET
    account_id: IDFilter | None = UNSET
    merged_id: IDFilter | None = UNSET
    name: StringFilter | None = UNSET
    merged_on: DateFilter | None = UNSET
    undone: BooleanFilter | None = strawberry.field(
        default=UNSET, description="Whether the duplicate was given back."
    )


@strawberry.enum
class AccountMergeOrderField(Described):
    """What merges are ordered by."""

    MERGED_ON = "merged_on"
    NAME = "name"


@strawberry.input
class AccountMergeOrder:
    """One step of an order."""

    field: AccountMergeOrderField
    direction: Direction = Direction.ASC


MERGES = Listed(
    "schema.merges",
    "AccountMerge",
    Listing(
        stored.AccountMerge,
        {
            "id": Column("t.id"),
            "account_id": Column("t.account_id"),
            "merged_id": Column("t.merged_id"),
            "name": Column("t.name"),
            "merged_on": Column("t.merged_on", Kind.DATE),
            "undone": Column("(t.undone_at is not null)", Kind.BOOLEAN),
        },
        (("merged_on", Direction.DESC),),
    ),
)


@strawberry.type
class MergeQueries:
    """Reading what was merged."""

    account_merges = connection(
        MERGES, "The duplicates that were merged into accounts that the caller sees, given back or not."
    )

"""What people said of accounts that may be one and are not, as clients see it."""

from __future__ import annotations

from datetime import date

import strawberry
from strawberry import UNSET

from models import accounts as stored
from models.access import Scope
from models.described import Described
from schema.core.connections import Listed, connection, related
from schema.core.cursors import Kind
from schema.core.enums import Direction
from schema.core.filters import DateFilter, IDFilter, clause
from schema.core.listing import Column, Listing
from schema.core.stored import Node, Stored, column


@strawberry.type
class DuplicateDismissal(Node, Stored[stored.DuplicateDismissal]):
    """That somebody said of two accounts that may be one that they are not."""

    model = stored.DuplicateDismissal

    version: int = column("Grows by one with each change; taking it back may name the one that was read.")
    because: str = column("Why they are not the same.", Scope.READ_PERSONAL)
    dismissed_on: date = column("The day on which that was said last.")
    removed_on: date | None = column("The day on which it was taken back; null while it stands.")
    account = related("schema.accounts", "Account", "account_id", "One of the accounts.")
    other = related("schema.accounts", "Account", "other_id", "The other one.")
    dismissed_by = related("schema.access", "User", "dismissed_by_id", "Who said it last.")


@strawberry.input
class DuplicateDismissalFilter:
    """Which dismissals; all conditions given must hold."""

    and_: list[DuplicateDismissalFilter] | None = clause("and")
    or_: list[DuplicateDismissalFilter] | None = clause("or")
    not_: DuplicateDismissalFilter | None = clause("not")
    id: IDFilter | None = UNSET
    account_id: IDFilter | None = UNSET
    other_id: IDFilter | None = UNSET
    dismissed_by_id: IDFilter | None = UNSET
    dismissed_on: DateFilter | None = UNSET
    removed_on: DateFilter | None = UNSET


@strawberry.enum
class DuplicateDismissalOrderField(Described):
    """What dismissals are ordered by."""

    DISMISSED_ON = "dismissed_on"


@strawberry.input
class DuplicateDismissalOrder:
    """One step of an order."""

    field: DuplicateDismissalOrderField
    direction: Direction = Direction.ASC


DISMISSALS = Listed(
    "schema.duplicate_dismissals",
    "DuplicateDismissal",
    Listing(
        stored.DuplicateDismissal,
        {
            "id": Column("t.id"),
            "account_id": Column("t.account_id"),
            "other_id": Column("t.other_id"),
            "dismissed_by_id": Column("t.dismissed_by_id"),
            "dismissed_on": Column("t.dismissed_on", Kind.DATE),
            "removed_on": Column("t.removed_on", Kind.DATE),
        },
        (("dismissed_on", Direction.DESC),),
    ),
)


@strawberry.type
class DuplicateDismissalQueries:
    """Reading which accounts are not the same."""

    duplicate_dismissals = connection(
        DISMISSALS,
        "What was said of pairs of accounts that are not the same, taken back or not; the caller sees both.",
    )

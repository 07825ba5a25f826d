"""What was heard about accounts, as clients see it."""

from __future__ import annotations

from datetime import date

import strawberry
from strawberry import UNSET

from models import signals as stored
from models.access import Scope
from models.described import Described
from models.signals import SignalKind
from schema.core.connections import Listed, connection, related
from schema.core.cursors import Kind
from schema.core.enums import Direction
from schema.core.filters import DateFilter, Filter, IDFilter, StringFilter, clause
from schema.core.listing import Column, Listing
from schema.core.stored import Node, Stored, column


@strawberry.type
class Signal(Node, Stored[stored.Signal]):
    """Something heard about an account on a day."""

    model = stored.Signal

    version: int = column("Grows by one with each change.")
    kind: SignalKind = column("What kind of thing it is.")
    summary: str = column("What was heard, in a sentence or two.", Scope.READ_PERSONAL)
    observed_on: date = column("The day on which it was observed.")
    source: str | None = column("The system that it came from; null when it is not known.")
    external_id: str | None = column("Its key in that system; null when it has none.")
    account = related("schema.accounts", "Account", "account_id", "The account that it is about.")
    deal = related("schema.deals", "Deal", "deal_id", "The deal that it is about.")
    contact = related("schema.people", "Contact", "contact_id", "The person that it is about.")


@strawberry.input
class SignalFilter:
    """Which signals; all conditions given must hold."""

    and_: list[SignalFilter] | None = clause("and")
    or_: list[SignalFilter] | None = clause("or")
    not_: SignalFilter | None = clause("not")
    id: IDFilter | None = UNSET
    account_id: IDFilter | None = UNSET
    deal_id: IDFilter | None = UNSET
    contact_id: IDFilter | None = UNSET
    kind: Filter[SignalKind] | None = UNSET
    summary: StringFilter | None = UNSET
    source: StringFilter | None = UNSET
    observed_on: DateFilter | None = UNSET


@strawberry.enum
class SignalOrderField(Described):
    """What signals are ordered by."""

    OBSERVED_ON = "observed_on"
    KIND = "kind", "By `kind`: ascending as texts, from BUDGET_CUT to TENDER_ANNOUNCED."


@strawberry.input
class SignalOrder:
    """One step of an order."""

    field: SignalOrderField
    direction: Direction = Direction.ASC


SIGNALS = Listed(
    "schema.signals",
    "Signal",
    Listing(
        stored.Signal,
        {
            "id": Column("t.id"),
            "account_id": Column("t.account_id"),
            "deal_id": Column("t.deal_id"),
            "contact_id": Column("t.contact_id"),
            "kind": Column("t.kind"),
            "summary": Column("t.summary"),
            "source": Column("t.source"),
            "observed_on": Column("t.observed_on", Kind.DATE),
        },
        (("observed_on", Direction.DESC),),
    ),
)


@strawberry.type
class SignalQueries:
    """Reading signals."""

    signals = connection(SIGNALS, "What was heard about the accounts that the caller sees.")

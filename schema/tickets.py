"""Trouble tickets as clients see them."""

from __future__ import annotations

from datetime import date

import strawberry
from strawberry import UNSET

from models import tickets as stored
from models.access import Scope
from models.described import Described
from models.severity import Severity
from models.tickets import TicketState
from schema.core.connections import Listed, connection, related
from schema.core.cursors import Kind
from schema.core.enums import Direction
from schema.core.filters import DateFilter, Filter, IDFilter, StringFilter, clause
from schema.core.listing import Column, Listing
from schema.core.stored import Node, Stored, column

_SEVERITY = " ".join(f"when '{severity.value}' then {severity.rank}" for severity in Severity)


@strawberry.type
class Ticket(Node, Stored[stored.Ticket]):
    """A trouble ticket (TMF621)."""

    model = stored.Ticket

    version: int = column("Grows by one with each change.")
    title: str = column("What is wrong, in a line.", Scope.READ_PERSONAL)
    severity: Severity = column("How bad it is for the customer.")
    state: TicketState = column("How far its solution is.")
    opened_on: date = column("The day on which it was opened.")
    resolved_on: date | None = column("The day on which it was resolved; null while it is open.")
    account = related("schema.accounts", "Account", "account_id", "The customer whose ticket it is.")
    service = related("schema.services", "Service", "service_id", "The service that it is about.")


@strawberry.input
class TicketFilter:
    """Which tickets; all conditions given must hold."""

    and_: list[TicketFilter] | None = clause("and")
    or_: list[TicketFilter] | None = clause("or")
    not_: TicketFilter | None = clause("not")
    id: IDFilter | None = UNSET
    account_id: IDFilter | None = UNSET
    service_id: IDFilter | None = UNSET
    title: StringFilter | None = UNSET
    severity: Filter[Severity] | None = UNSET
    state: Filter[TicketState] | None = UNSET
    opened_on: DateFilter | None = UNSET
    resolved_on: DateFilter | None = UNSET


@strawberry.enum
class TicketOrderField(Described):
    """What tickets are ordered by."""

    OPENED_ON = "opened_on"
    RESOLVED_ON = "resolved_on"
    SEVERITY = "severity_rank", "By `severity`: ascending from LOW to CRITICAL."
    TITLE = "title"


@strawberry.input
class TicketOrder:
    """One step of an order."""

    field: TicketOrderField
    direction: Direction = Direction.ASC


TICKETS = Listed(
    "schema.tickets",
    "Ticket",
    Listing(
        stored.Ticket,
        {
            "id": Column("t.id"),
            "account_id": Column("t.account_id"),
            "service_id": Column("t.service_id"),
            "title": Column("t.title"),
            "severity": Column("t.severity"),
            "severity_rank": Column(f"case t.severity {_SEVERITY} end", Kind.NUMBER, may_lack=False),
            "state": Column("t.state"),
            "opened_on": Column("t.opened_on", Kind.DATE),
            "resolved_on": Column("t.resolved_on", Kind.DATE),
        },
        (("opened_on", Direction.DESC),),
    ),
)


@strawberry.type
class TicketQueries:
    """Reading tickets."""

    tickets = connection(TICKETS, "Trouble tickets of the accounts that the caller owns or manages.")

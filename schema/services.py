"""What runs at the customer, as clients see it."""

from __future__ import annotations

from datetime import date
from enum import Enum

import strawberry
from strawberry import UNSET

from models import services as stored
from models.services import ServiceState
from schema.core.connections import Listed, connection, related
from schema.core.cursors import Kind
from schema.core.enums import Direction
from schema.core.filters import DateFilter, Filter, IDFilter, MoneyFilter, StringFilter, clause
from schema.core.listing import Column, Listing
from schema.core.money import Money
from schema.core.stored import Node, Stored, column
from schema.tickets import TICKETS


@strawberry.type
class Service(Node, Stored[stored.Service]):
    """A service delivered to an account (TMF638)."""

    model = stored.Service

    version: int = column("Grows by one with each change.")
    name: str = column("The service's name.")
    state: ServiceState = column("How far its delivery and life are.")
    mrc: Money = column("The monthly recurring charge, 0 when nothing is charged.")
    started_on: date | None = column("The day on which it started; null when it has not, or it is not known.")
    ended_on: date | None = column("The day on which it ended; null when it has not.")
    account = related("schema.accounts", "Account", "account_id", "The customer that has it.")
    contract = related("schema.revenue", "Contract", "contract_id", "The contract it is delivered under.")
    product = related("schema.catalog", "Product", "product_id", "The product that it is an instance of.")
    tickets = connection(TICKETS, "Its trouble tickets.", "service_id")


@strawberry.type
class Usage:
    """What an account used in a calendar month, all its services together."""

    month: date = strawberry.field(description="The month, by the date of its first day.")
    quantity: int = strawberry.field(
        description="How much, a number in the units of the services: GB, minutes or sessions, added up."
    )
    charge: Money = strawberry.field(description="What was billed for the month's usage.")


@strawberry.input
class ServiceFilter:
    """Which services; all conditions given must hold."""

    and_: list[ServiceFilter] | None = clause("and")
    or_: list[ServiceFilter] | None = clause("or")
    not_: ServiceFilter | None = clause("not")
    id: IDFilter | None = UNSET
    account_id: IDFilter | None = UNSET
    contract_id: IDFilter | None = UNSET
    product_id: IDFilter | None = UNSET
    name: StringFilter | None = UNSET
    state: Filter[ServiceState] | None = UNSET
    mrc: MoneyFilter | None = UNSET
    started_on: DateFilter | None = UNSET
    ended_on: DateFilter | None = UNSET


@strawberry.enum
class ServiceOrderField(Enum):
    """What services are ordered by."""

    NAME = "name"
    MRC = "mrc"
    STARTED_ON = "started_on"


@strawberry.input
class ServiceOrder:
    """One step of an order."""

    field: ServiceOrderField
    direction: Direction = Direction.ASC


SERVICES = Listed(
    "schema.services",
    "Service",
    Listing(
        stored.Service,
        {
            "id": Column("t.id"),
            "account_id": Column("t.account_id"),
            "contract_id": Column("t.contract_id"),
            "product_id": Column("t.product_id"),
            "name": Column("t.name"),
            "state": Column("t.state"),
            "mrc": Column("t.mrc_minor", Kind.NUMBER),
            "started_on": Column("t.started_on", Kind.DATE),
            "ended_on": Column("t.ended_on", Kind.DATE),
        },
        (("name", Direction.ASC),),
    ),
)


@strawberry.type
class ServiceQueries:
    """Reading services."""

    services = connection(SERVICES, "Services of the accounts that the caller owns or manages.")

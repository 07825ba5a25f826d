"""Contracts as clients see them."""

from __future__ import annotations

from datetime import date
from enum import Enum

import strawberry
from strawberry import UNSET

from models import revenue as stored
from schema.core.connections import Listed, connection, related
from schema.core.cursors import Kind
from schema.core.enums import Direction
from schema.core.filters import BooleanFilter, DateFilter, IDFilter, MoneyFilter, StringFilter, clause
from schema.core.listing import Column, Listing
from schema.core.money import Money, certain_money
from schema.core.readable import in_sql
from schema.core.stored import Node, Stored, column
from schema.services import SERVICES


@strawberry.type
class Contract(Node, Stored[stored.Contract]):
    """A signed contract."""

    model = stored.Contract

    version: int = column("Grows by one with each change.")
    name: str = column("The contract's name.")
    starts_on: date = column("Its first day, inclusive.")
    ends_on: date | None = column("Its last day; null when it has none and runs on.")
    terminated_on: date | None = column(
        "The day from which it no longer runs, for one that was ended early; null for others."
    )
    notice_days: int = column("How many days before its end notice has to be given, at the latest.")
    auto_renews: bool = column("Whether it renews by itself at its end.")
    mrc: Money = column("The monthly recurring charge (MRC) of all of it.")
    account = related("schema.accounts", "Account", "account_id", "The customer that signed it.")
    services = connection(SERVICES, "What is or was delivered under it.", "contract_id")

    @in_sql("t.mrc_minor * 12")
    def annual_value(self) -> Money:
        """The annual contract value: 12 times the monthly recurring charge."""
        return certain_money(self.record.mrc_minor * 12, self.record.currency)


@strawberry.input
class ContractFilter:
    """Which contracts; all conditions given must hold."""

    and_: list[ContractFilter] | None = clause("and")
    or_: list[ContractFilter] | None = clause("or")
    not_: ContractFilter | None = clause("not")
    id: IDFilter | None = UNSET
    account_id: IDFilter | None = UNSET
    name: StringFilter | None = UNSET
    starts_on: DateFilter | None = UNSET
    ends_on: DateFilter | None = UNSET
    terminated_on: DateFilter | None = UNSET
    auto_renews: BooleanFilter | None = UNSET
    mrc: MoneyFilter | None = UNSET


@strawberry.enum
class ContractOrderField(Enum):
    """What contracts are ordered by."""

    NAME = "name"
    ENDS_ON = "ends_on"
    STARTS_ON = "starts_on"
    MRC = "mrc"


@strawberry.input
class ContractOrder:
    """One step of an order."""

    field: ContractOrderField
    direction: Direction = Direction.ASC


CONTRACTS = Listed(
    "schema.revenue",
    "Contract",
    Listing(
        stored.Contract,
        {
            "id": Column("t.id"),
            "account_id": Column("t.account_id"),
            "name": Column("t.name"),
            "starts_on": Column("t.starts_on", Kind.DATE),
            "ends_on": Column("t.ends_on", Kind.DATE),
            "terminated_on": Column("t.terminated_on", Kind.DATE),
            "auto_renews": Column("t.auto_renews", Kind.BOOLEAN),
            "mrc": Column("t.mrc_minor", Kind.NUMBER),
        },
        (("ends_on", Direction.ASC),),
    ),
)


@strawberry.type
class RevenueQueries:
    """Reading contracts."""

    contracts = connection(CONTRACTS, "Contracts of the accounts that the caller owns or manages.")

"""Quotas as clients see them: what somebody, or a team, is to win in a period."""

from __future__ import annotations

from datetime import date

import strawberry
from strawberry import UNSET

from models import forecast as stored
from models.described import Described
from models.forecast import Measure
from schema.core.connections import Listed, related
from schema.core.cursors import Kind
from schema.core.enums import Direction
from schema.core.filters import DateFilter, Filter, IDFilter, clause
from schema.core.listing import Column, Listing
from schema.core.money import Money, money
from schema.core.readable import in_sql
from schema.core.stored import Node, Stored, column

strawberry.enum(Measure, name="QuotaMeasure", description="What a quota counts of the deals that are won.")


@strawberry.type
class Quota(Node, Stored[stored.Quota]):
    """What somebody, or a team, is to win in a period."""

    model = stored.Quota

    version: int = column("Grows by one with each change.")
    first_on: date = column("The first day of the period.")
    last_on: date = column("The last day of the period.")
    measure: Measure = column("What it counts of the deals that are won.")
    user = related("schema.access", "User", "user_id", "Whose it is; null for a team's.")
    team = related("schema.access", "Team", "team_id", "The team whose it is; null for a person's.")

    @in_sql("case when t.measure = 'COUNT' then null else t.target end")
    def target_amount(self) -> Money | None:
        """What is to be won; null where deals are counted."""
        is_money = Measure(self.record.measure).is_money
        return money(self.record.target if is_money else None, self.record.currency)

    @in_sql("case when t.measure = 'COUNT' then t.target end")
    def target_deals(self) -> int | None:
        """How many deals are to be won; null where money is counted."""
        return None if Measure(self.record.measure).is_money else self.record.target


@strawberry.input
class QuotaFilter:
    """Which quotas; all conditions given must hold."""

    and_: list[QuotaFilter] | None = clause("and")
    or_: list[QuotaFilter] | None = clause("or")
    not_: QuotaFilter | None = clause("not")
    id: IDFilter | None = UNSET
    user_id: IDFilter | None = UNSET
    team_id: IDFilter | None = UNSET
    measure: Filter[Measure] | None = UNSET
    first_on: DateFilter | None = UNSET
    last_on: DateFilter | None = UNSET


@strawberry.enum
class QuotaOrderField(Described):
    """What quotas are ordered by."""

    FIRST_ON = "first_on"
    MEASURE = "measure"


@strawberry.input
class QuotaOrder:
    """One step of an order."""

    field: QuotaOrderField
    direction: Direction = Direction.ASC


QUOTAS = Listed(
    "schema.quotas",
    "Quota",
    Listing(
        stored.Quota,
        {
            "id": Column("t.id"),
            "user_id": Column("t.user_id"),
            "team_id": Column("t.team_id"),
            "measure": Column("t.measure"),
            "first_on": Column("t.first_on", Kind.DATE),
            "last_on": Column("t.last_on", Kind.DATE),
        },
        (("first_on", Direction.DESC),),
    ),
)

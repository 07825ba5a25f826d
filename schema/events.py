"""What moved for many accounts at once, as clients see it: whose figures are told is decided by commands."""

from __future__ import annotations

from datetime import date
from enum import Enum

import strawberry
from strawberry import UNSET

from commands import events
from models import events as stored
from models.events import Dimension, EventState, Movement
from schema.context import Info
from schema.core.connections import Listed, connection
from schema.core.cost import costs
from schema.core.cursors import Kind
from schema.core.enums import Direction
from schema.core.filters import DateFilter, Filter, IDFilter, StringFilter, clause
from schema.core.listing import Column, Listing
from schema.core.money import Money, certain_money
from schema.core.readable import in_sql
from schema.core.stored import Node, Stored, column


@strawberry.type
class PopulationFigures:
    """An event in figures: over all accounts that it is about, or over those that the caller answers for."""

    accounts: int = strawberry.field(description="How many crossed the threshold since before it began.")
    population: int = strawberry.field(description="How many there are of which the measure is known.")
    share: float = strawberry.field(
        description="How many crossed it of those of which the measure is known, 0 to 1."
    )
    usual_share: float | None = strawberry.field(
        description="The share that crossed it in the month before, 0 to 1; null for whoever sees only some"
        " accounts."
    )
    exposure: Money = strawberry.field(
        description="The annual recurring revenue of the accounts that crossed it, each contract once."
    )
    is_whole: bool = strawberry.field(description="Whether that is all accounts that it is about.")


@strawberry.type
class PopulationEvent(Node, Stored[stored.PopulationEvent]):
    """Something that moved many accounts at once, told once and not as a risk of each of them."""

    model = stored.PopulationEvent

    version: int = column("Grows by one with each change.")
    measure: str = column("The kind and field of the facts that moved: account.tickets_open_severe.")
    direction: Movement = column("Which way it went.")
    dimension: Dimension = column("What the accounts have in common: nothing but the tenant, or a value.")
    title: str = column("What happened, and where.")
    state: EventState = column("Whether it stands, or lapsed by itself.")
    started_on: date = column("The day as of which it was first seen.")
    compared_on: date = column("The day before it began that the accounts are compared with.")
    last_seen_on: date = column("The last day as of which it was seen; figures are of that day.")
    lapsed_on: date | None = column("The day as of which it was over; null while it stands.")
    reopened_count: int = column("How often it came back after it had lapsed.")

    @in_sql("nullif(t.part, '')")
    def part(self) -> str | None:
        """The segment, industry, country or region; null for the whole tenant."""
        return self.record.part or None

    @costs(10)
    @strawberry.field
    async def figures(self, info: Info) -> PopulationFigures:
        """How many accounts it is, and how much revenue; of those alone that the caller answers for."""
        found = await events.figures(info.context.actor, self.record)
        return PopulationFigures(
            accounts=found.accounts,
            population=found.population,
            share=found.share,
            usual_share=found.usual_share,
            exposure=certain_money(found.exposure_minor, self.record.currency),
            is_whole=found.is_whole,
        )


@strawberry.input
class PopulationEventFilter:
    """Which events; all conditions given must hold."""

    and_: list[PopulationEventFilter] | None = clause("and")
    or_: list[PopulationEventFilter] | None = clause("or")
    not_: PopulationEventFilter | None = clause("not")
    id: IDFilter | None = UNSET
    measure: StringFilter | None = UNSET
    direction: Filter[Movement] | None = UNSET
    dimension: Filter[Dimension] | None = UNSET
    part: StringFilter | None = UNSET
    state: Filter[EventState] | None = UNSET
    title: StringFilter | None = UNSET
    started_on: DateFilter | None = UNSET
    last_seen_on: DateFilter | None = UNSET


@strawberry.enum
class PopulationEventOrderField(Enum):
    """What events are ordered by; not by figures, which are not the same for everybody."""

    STARTED_ON = "started_on"
    LAST_SEEN_ON = "last_seen_on"


@strawberry.input
class PopulationEventOrder:
    """One step of an order."""

    field: PopulationEventOrderField
    direction: Direction = Direction.ASC


POPULATION_EVENTS = Listed(
    "schema.events",
    "PopulationEvent",
    Listing(
        stored.PopulationEvent,
        {
            "id": Column("t.id"),
            "measure": Column("t.measure"),
            "direction": Column("t.direction"),
            "dimension": Column("t.dimension"),
            "part": Column("nullif(t.part, '')"),
            "state": Column("t.state"),
            "title": Column("t.title"),
            "started_on": Column("t.started_on", Kind.DATE),
            "last_seen_on": Column("t.last_seen_on", Kind.DATE),
        },
        (("started_on", Direction.DESC),),
    ),
)


@strawberry.type
class EventQueries:
    """Reading what moved many accounts at once."""

    population_events = connection(
        POPULATION_EVENTS, "What moved many accounts at once, latest first; in every state unless filtered."
    )

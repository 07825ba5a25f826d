"""Alarms of the engine, as managers see them."""

from __future__ import annotations

from datetime import date, datetime

import strawberry
from strawberry import UNSET

from models import rulebooks as stored
from models.described import Described
from models.rulebooks import AlarmKind
from schema.core.connections import Listed, connection, related
from schema.core.cursors import Kind
from schema.core.enums import Direction
from schema.core.filters import BooleanFilter, DateFilter, Filter, IDFilter, clause
from schema.core.listing import Column, Listing
from schema.core.stored import Node, Stored, column


@strawberry.type
class EngineAlarm(Node, Stored[stored.EngineAlarm]):
    """A rule that the engine did not judge as its text says; the reference evaluator judges it since.

    One evaluation in a hundred is compared. What is told of accounts is right in any case.
    """

    model = stored.EngineAlarm

    kind: AlarmKind = column("Why the rule was taken from the engine.")
    as_of: date = column("The day as of which accounts were judged when it was found.")
    created_at: datetime = column("The moment at which it was found.")
    resolved_at: datetime | None = column(
        "The moment since when the engine judges the rule again; null while it does not."
    )
    rule = related("schema.rulebooks", "Rule", "rule_id", "The rule of a version that was judged wrongly.")
    account = related("schema.accounts", "Account", "account_id", "An account on which it showed.")
    resolved_by = related("schema.access", "User", "resolved_by_id", "Who had the engine judge it again.")


@strawberry.input
class EngineAlarmFilter:
    """Which alarms; all conditions given must hold."""

    and_: list[EngineAlarmFilter] | None = clause("and")
    or_: list[EngineAlarmFilter] | None = clause("or")
    not_: EngineAlarmFilter | None = clause("not")
    id: IDFilter | None = UNSET
    kind: Filter[AlarmKind] | None = UNSET
    as_of: DateFilter | None = UNSET
    resolved: BooleanFilter | None = strawberry.field(
        default=UNSET, description="Whether the engine judges the rule again."
    )


@strawberry.enum
class EngineAlarmOrderField(Described):
    """What alarms are ordered by."""

    FOUND = "id", "By `id`, which is by the moment at which it was found."
    AS_OF = "as_of"


@strawberry.input
class EngineAlarmOrder:
    """One step of an order."""

    field: EngineAlarmOrderField
    direction: Direction = Direction.ASC


ENGINE_ALARMS = Listed(
    "schema.alarms",
    "EngineAlarm",
    Listing(
        stored.EngineAlarm,
        {
            "id": Column("t.id"),
            "kind": Column("t.kind"),
            "as_of": Column("t.as_of", Kind.DATE),
            "resolved": Column("(t.resolved_at is not null)", Kind.BOOLEAN),
        },
        (("id", Direction.DESC),),
    ),
)


@strawberry.type
class AlarmQueries:
    """Reading alarms."""

    engine_alarms = connection(ENGINE_ALARMS, "Rules that the engine did not judge as their text says.")

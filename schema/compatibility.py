"""Which product families go together, as clients see it."""

from __future__ import annotations

from datetime import date

import strawberry
from strawberry import UNSET

from models import catalog
from models.access import Scope
from models.catalog import Compatibility
from models.described import Described
from schema.core.connections import Listed
from schema.core.cursors import Kind
from schema.core.enums import Direction
from schema.core.filters import DateFilter, Filter, IDFilter, StringFilter, clause
from schema.core.listing import Column, Listing
from schema.core.stored import Node, Stored, column


@strawberry.type
class CompatibilityRule(Node, Stored[catalog.CompatibilityRule]):
    """That a product family excludes or requires another one at the same account."""

    model = catalog.CompatibilityRule

    version: int = column("Grows by one with each change.")
    family: str = column("The family that excludes or requires the other one.")
    other_family: str = column("The family that is excluded or required.")
    kind: Compatibility = column("How the two go together.")
    because: str | None = column("Why; null when nothing is said.", Scope.READ_PERSONAL)
    removed_on: date | None = column("The day since when it holds no more; null while it holds.")


@strawberry.input
class CompatibilityRuleFilter:
    """Which rules; all conditions given must hold."""

    and_: list[CompatibilityRuleFilter] | None = clause("and")
    or_: list[CompatibilityRuleFilter] | None = clause("or")
    not_: CompatibilityRuleFilter | None = clause("not")
    id: IDFilter | None = UNSET
    family: StringFilter | None = UNSET
    other_family: StringFilter | None = UNSET
    kind: Filter[Compatibility] | None = UNSET
    removed_on: DateFilter | None = UNSET


@strawberry.enum
class CompatibilityRuleOrderField(Described):
    """What rules are ordered by."""

    FAMILY = "family"
    OTHER_FAMILY = "other_family"


@strawberry.input
class CompatibilityRuleOrder:
    """One step of an order."""

    field: CompatibilityRuleOrderField
    direction: Direction = Direction.ASC


COMPATIBILITY_RULES = Listed(
    "schema.compatibility",
    "CompatibilityRule",
    Listing(
        catalog.CompatibilityRule,
        {
            "id": Column("t.id"),
            "family": Column("t.family"),
            "other_family": Column("t.other_family"),
            "kind": Column("t.kind"),
            "removed_on": Column("t.removed_on", Kind.DATE),
        },
        (("family", Direction.ASC),),
    ),
)

"""Revisions of account plans as clients see them: what was agreed to, and how two of them differ."""

from __future__ import annotations

from datetime import date
from typing import cast

import strawberry
from strawberry.scalars import JSON
from strawberry.utils.str_converters import to_camel_case

from metrics.plan_documents import Difference, DifferenceKind
from models import plan_records as stored
from models.access import Scope
from models.plan_records import RevisionState
from schema.core.connections import related
from schema.core.readable import ANY_FACT, needing
from schema.core.stored import Node, Stored, column

strawberry.enum(DifferenceKind, name="PlanDifferenceKind")
strawberry.enum(RevisionState, name="PlanRevisionState")


@strawberry.type
class PlanRevision(Node, Stored[stored.PlanRevision]):
    """A plan as it was submitted; it never changes."""

    model = stored.PlanRevision

    number: int = column("The number of the revision in its plan, from 1.")
    state: RevisionState = column("What became of it.")
    submitted_on: date = column("The day on which it was submitted.")
    decided_on: date | None = column(
        "The day on which a manager decided on it, or it was withdrawn; null until then."
    )
    decided_because: str | None = column("Why it was returned; null when it was not.", Scope.READ_PERSONAL)
    document: JSON = column(
        "The whole plan as it was: an object with `name`, `first_on`, `last_on`, `vision`, `revenue_target`"
        " (in whole units, as text), `currency`, and by their ids `entries`, `objectives`, `measures`,"
        " `actions` and `accepted_risks`.",
        *ANY_FACT,
    )
    plan = related("schema.plans", "AccountPlan", "account_plan_id", "The plan that it belongs to.")
    submitted_by = related("schema.access", "User", "submitted_by_id", "Who submitted it.")
    decided_by = related("schema.access", "User", "decided_by_id", "Who decided on it, or withdrew it.")


@strawberry.type
class PlanDifference:
    """One thing in which two revisions of a plan differ."""

    path: list[str] = strawberry.field(
        description="Where: `vision`, or `objectives`, an id and `dueOn`, as the API names them; of what was"
        " added or removed as a whole without the last."
    )
    title: str | None = strawberry.field(
        description="How the objective, measure, action, entry or risk is called that it is about; null for"
        " what the plan says itself.",
        metadata=needing(Scope.READ_PERSONAL),
    )
    kind: DifferenceKind = strawberry.field(description="How they differ.")
    before: JSON | None = strawberry.field(
        description="What the earlier one says; null when it says nothing.", metadata=needing(*ANY_FACT)
    )
    after: JSON | None = strawberry.field(
        description="What the later one says; null when it says nothing.", metadata=needing(*ANY_FACT)
    )

    @classmethod
    def of(cls, found: Difference) -> PlanDifference:
        """As clients see it."""
        return cls(
            path=[each if at == 1 else to_camel_case(each) for at, each in enumerate(found.path)],
            title=found.title,
            kind=found.kind,
            before=cast("JSON | None", found.before),
            after=cast("JSON | None", found.after),
        )

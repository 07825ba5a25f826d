"""What a plan aims at: what a manager approved last, by which it is judged, or what is written now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import TypedDict

from metrics.plan_documents import documents_of
from models.errors import Invalid
from models.plan_records import PlanRevision, RevisionState
from models.plans import AccountPlan, Aggregate, MeasureDirection, ObjectiveStatus
from rules.measures import Asked, Measure, measure

#: What the account brings in a year as of today, and what open deals are worth by their chances.
ANNUAL = measure("contract", Aggregate.SUM, "annual_value", {"is_active": {"eq": True}})
PIPELINE = measure("deal", Aggregate.SUM, "weighted_amount", {"is_open": {"eq": True}})


@dataclass(frozen=True)
class AgreedMeasure:
    """What an objective is measured by; ``measure`` is None where what it counted is no fact any more."""

    id: str
    objective_id: str
    title: str
    fact_kind: str
    baseline: Decimal
    target: Decimal
    way: MeasureDirection
    measure: Measure | None


@dataclass(frozen=True)
class AgreedAction:
    """What somebody is to do by a day, for an objective or for the plan as a whole."""

    id: str
    title: str
    due_on: date
    objective_id: str | None


@dataclass(frozen=True)
class AgreedObjective:
    """What is to be reached by a day."""

    id: str
    title: str
    due_on: date
    status: ObjectiveStatus


@dataclass(frozen=True)
class Aims:
    """What a plan says that is to be reached, by when, and how it is measured."""

    first_on: date
    last_on: date
    currency: str
    target: Fraction | None
    objectives: tuple[AgreedObjective, ...]
    measures: tuple[AgreedMeasure, ...]
    actions: tuple[AgreedAction, ...]

    def asked(self, plan: AccountPlan) -> Iterator[Asked]:
        """What must be measured of the plan."""
        for each in self.measures:
            if each.measure:
                yield each.id, plan.account_id, each.measure
        if self.target is not None:
            yield f"{plan.id} annual", plan.account_id, ANNUAL
            yield f"{plan.id} pipeline", plan.account_id, PIPELINE


@dataclass(frozen=True)
class Agreed(Aims):
    """What a revision says that a plan is judged by, and the whole of it in ``document``.

    ``since`` is the day on which the plan was approved first, ``approved_on`` that of this revision.
    """

    number: int
    since: date
    approved_on: date
    document: Mapping[str, object]


async def written_of(plans: Sequence[AccountPlan]) -> dict[str, Aims]:
    """What plans aim at as they are written now."""
    documents = await documents_of(plans)
    return {plan.id: Aims(**_read(documents[plan.id])) for plan in plans}


async def agreed_of(tenant_id: str, plans: Sequence[AccountPlan], as_of: date) -> dict[str, Agreed]:
    """What was approved last by a date, of each plan."""
    revisions = await PlanRevision.filter(
        tenant_id=tenant_id,
        account_plan_id__in=[plan.id for plan in plans],
        state=RevisionState.APPROVED,
        decided_on__lte=as_of,
    ).order_by("number")
    since: dict[str, date] = {}
    found: dict[str, Agreed] = {}
    for each in revisions:
        if each.decided_on is not None:
            first = since.setdefault(each.account_plan_id, each.decided_on)
            found[each.account_plan_id] = Agreed(
                **_read(each.document),
                number=each.number,
                since=first,
                approved_on=each.decided_on,
                document=each.document,
            )
    return found


class _Read(TypedDict):
    first_on: date
    last_on: date
    currency: str
    target: Fraction | None
    objectives: tuple[AgreedObjective, ...]
    measures: tuple[AgreedMeasure, ...]
    actions: tuple[AgreedAction, ...]


def _read(document: Mapping[str, object]) -> _Read:
    target = document.get("revenue_target")
    return _Read(
        first_on=date.fromisoformat(str(document["first_on"])),
        last_on=date.fromisoformat(str(document["last_on"])),
        currency=str(document["currency"]),
        target=None if target is None else Fraction(Decimal(str(target))),
        objectives=tuple(
            AgreedObjective(
                key,
                str(each["title"]),
                date.fromisoformat(str(each["due_on"])),
                ObjectiveStatus(str(each["status"])),
            )
            for key, each in _parts(document, "objectives")
        ),
        measures=tuple(_read_measure(key, each) for key, each in _parts(document, "measures")),
        actions=tuple(
            AgreedAction(
                key,
                str(each["title"]),
                date.fromisoformat(str(each["due_on"])),
                _text(each["objective_id"]),
            )
            for key, each in _parts(document, "actions")
        ),
    )


def _parts(document: Mapping[str, object], called: str) -> Iterator[tuple[str, Mapping[str, object]]]:
    parts = document.get(called)
    assert isinstance(parts, Mapping)
    return iter(parts.items())


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _read_measure(key: str, each: Mapping[str, object]) -> AgreedMeasure:
    try:
        found = measure(
            str(each["fact_kind"]),
            Aggregate(str(each["aggregate"])),
            _text(each["field"]),
            each["conditions"],
        )
    except Invalid:  # what it counted is no fact any more: it comes to nothing
        found = None
    return AgreedMeasure(
        key,
        str(each["objective_id"]),
        str(each["title"]),
        str(each["fact_kind"]),
        Decimal(str(each["baseline"])),
        Decimal(str(each["target"])),
        MeasureDirection(str(each["direction"])),
        found,
    )

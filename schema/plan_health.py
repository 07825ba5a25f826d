"""How account plans stand, as clients see it: health with its reasons, and how far objectives are."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction

import strawberry

from models.access import Scope
from models.plan_records import Health
from rules import plan_judgements
from rules.plan_judgements import ReasonKind
from schema.core.money import Money, certain_money
from schema.core.readable import ANY_FACT, needing

strawberry.enum(Health, name="PlanHealthState")
strawberry.enum(ReasonKind, name="PlanHealthReasonKind")

#: So many records that were counted are named.
MOST_RECORDS = 50
_PLACES = 4


@strawberry.type
class MeasureProgress:
    """What a measure came to as of a date, with the records that it counts."""

    id: strawberry.ID = strawberry.field(description="The id of the measure.")
    title: str = strawberry.field(description="What it is called.", metadata=needing(Scope.READ_PERSONAL))
    fact_kind: str = strawberry.field(description="The kind of facts that count.")
    value: Decimal | None = strawberry.field(
        description="What it came to; money in whole units of the tenant's currency. Null for the least or"
        " greatest of nothing.",
        metadata=needing(Scope.READ_MONEY),
    )
    baseline: Decimal = strawberry.field(
        description="Where it started, in the same unit.", metadata=needing(Scope.READ_MONEY)
    )
    target: Decimal = strawberry.field(
        description="Where it is to go, in the same unit.", metadata=needing(Scope.READ_MONEY)
    )
    progress: float = strawberry.field(
        description="(value - baseline) / (target - baseline), 0 to 1, to four places."
    )
    count: int = strawberry.field(description="How many records count.")
    records: list[strawberry.ID] = strawberry.field(
        description=f"The ids of the records that count, at most {MOST_RECORDS} of them."
    )


@strawberry.type
class ObjectiveProgress:
    """How far an objective is beside the time that has passed, as of a date.

    In `health` it is as it was approved, in `standing` as it is written.
    """

    id: strawberry.ID = strawberry.field(description="The id of the objective.")
    title: str = strawberry.field(description="What is to be reached.", metadata=needing(Scope.READ_PERSONAL))
    due_on: date = strawberry.field(description="The day by which.")
    progress: float = strawberry.field(
        description="How far it is, 0 to 1, to four places: by the measure that lags most; without one, the"
        " share of its actions that are done."
    )
    time_passed: float = strawberry.field(
        description="The share of the time until its due day that has passed, 0 to 1, to four places."
    )
    reached: bool = strawberry.field(description="Whether all of its measures, of which it has one, are.")
    behind: bool = strawberry.field(
        description="Whether it lags behind the time by more than 0.1, or is due and not reached; never for"
        " one that is DEFERRED or CANCELLED."
    )
    measures: list[MeasureProgress] = strawberry.field(description="What its measures came to.")
    actions: int = strawberry.field(description="How many actions there are for it.")
    actions_done: int = strawberry.field(description="How many of them are done.")


@strawberry.type
class PlanRevenue:
    """What is in sight of a plan's revenue target, as of a date."""

    target: Money = strawberry.field(description="What the account is to bring in a year.")
    annual: Money = strawberry.field(description="12 times the monthly charges of its running contracts.")
    pipeline: Money = strawberry.field(description="The open deals, each times its probability.")
    in_sight: Money = strawberry.field(description="`annual` and `pipeline` together.")
    progress: float = strawberry.field(description="inSight / target, 0 to 1, to four places.")
    time_passed: float = strawberry.field(
        description="The share of the plan's time that has passed, 0 to 1, to four places."
    )
    behind: bool = strawberry.field(
        description="Whether it lags behind the time by more than 0.1, or the time is over and it is not 1."
    )


@strawberry.type
class PlanHealthReason:
    """One thing that speaks against a plan, with its numbers."""

    kind: ReasonKind = strawberry.field(description="What it is.")
    decides: bool = strawberry.field(description="Whether the health is what it is because of it.")
    text: str = strawberry.field(
        description="The same in a sentence, in English, with what it is about as it is called and, of an"
        " objective, the measure that lags most with what it came to and its target.",
        metadata=needing(*ANY_FACT),
    )
    subject_id: strawberry.ID | None = strawberry.field(
        description="The id of the objective or action; null for what is of the whole plan."
    )
    measure: MeasureProgress | None = strawberry.field(
        description="The measure of the objective that lags most; null where that is not the matter, and of"
        " an objective without one."
    )
    progress: float | None = strawberry.field(
        description="How far it is, 0 to 1, to four places; null where that is not the matter."
    )
    time_passed: float | None = strawberry.field(
        description="The share of its time that has passed, 0 to 1, to four places; null where that is not"
        " the matter."
    )
    days: int | None = strawberry.field(
        description="How many days it is overdue, or nothing has happened; null where that is not the matter."
    )
    records: list[strawberry.ID] = strawberry.field(
        description=f"The ids of the records that were counted, at most {MOST_RECORDS} of them."
    )


@strawberry.type
class PlanHealth:
    """How a plan stands against what really happened, by what a manager approved last."""

    as_of: date = strawberry.field(
        description="The day as of which it is so; of a plan that was closed before, the day of that."
    )
    health: Health = strawberry.field(description="How it stands.")
    revision: int | None = strawberry.field(
        description="The number of the revision that it is judged by; null when none was approved by then."
    )
    moved_on: date | None = strawberry.field(
        description="The last day on which something happened that it is about; null before it began."
    )
    reasons: list[PlanHealthReason] = strawberry.field(description="What speaks against it; empty of none.")
    objectives: list[ObjectiveProgress] = strawberry.field(
        description="How far its objectives are; empty before it began."
    )
    revenue: PlanRevenue | None = strawberry.field(
        description="What is in sight of its revenue target; null without one, and before it began."
    )

    @classmethod
    def of(cls, found: plan_judgements.Judged, currency: str) -> PlanHealth:
        """As clients see it."""
        return cls(
            as_of=found.as_of,
            health=found.health,
            revision=found.revision,
            moved_on=found.moved_on,
            reasons=[_reason(each) for each in found.reasons],
            objectives=[_progress(each) for each in found.objectives],
            revenue=_revenue(found.revenue, currency) if found.revenue else None,
        )


@strawberry.type
class PlanStanding:
    """How far what is written of a plan now is as of a date, whether it was approved and has begun or not."""

    as_of: date = strawberry.field(description="The day as of which it is so.")
    objectives: list[ObjectiveProgress] = strawberry.field(
        description="How far its objectives are, with what their measures come to."
    )
    revenue: PlanRevenue | None = strawberry.field(
        description="What is in sight of its revenue target; null without one."
    )

    @classmethod
    def of(cls, found: plan_judgements.Written, currency: str) -> PlanStanding:
        """As clients see it."""
        return cls(
            as_of=found.as_of,
            objectives=[_progress(each) for each in found.objectives],
            revenue=_revenue(found.revenue, currency) if found.revenue else None,
        )


def _share(part: Fraction) -> float:
    return round(float(part), _PLACES)


def _maybe(part: Fraction | None) -> float | None:
    return None if part is None else _share(part)


def _ids(records: Sequence[str]) -> list[strawberry.ID]:
    return [strawberry.ID(each) for each in records[:MOST_RECORDS]]


def _reason(found: plan_judgements.Reason) -> PlanHealthReason:
    return PlanHealthReason(
        kind=found.kind,
        decides=found.decides,
        text=found.text,
        subject_id=None if found.subject_id is None else strawberry.ID(found.subject_id),
        measure=_measure(found.measure) if found.measure else None,
        progress=_maybe(found.progress),
        time_passed=_maybe(found.passed),
        days=found.days,
        records=_ids(found.records),
    )


def _progress(found: plan_judgements.Standing) -> ObjectiveProgress:
    return ObjectiveProgress(
        id=strawberry.ID(found.id),
        title=found.title,
        due_on=found.due_on,
        progress=_share(found.progress),
        time_passed=_share(found.passed),
        reached=found.reached,
        behind=found.behind,
        measures=[_measure(each) for each in found.measures],
        actions=found.actions,
        actions_done=found.actions_done,
    )


def _measure(found: plan_judgements.Measured) -> MeasureProgress:
    return MeasureProgress(
        id=strawberry.ID(found.id),
        title=found.title,
        fact_kind=found.fact_kind,
        value=None if found.value is None else _decimal(found.value),
        baseline=found.baseline,
        target=found.target,
        progress=_share(found.progress),
        count=len(found.records),
        records=_ids(found.records),
    )


def _decimal(number: Fraction) -> Decimal:
    return Decimal(number.numerator) / Decimal(number.denominator)


def _revenue(found: plan_judgements.Revenue, currency: str) -> PlanRevenue:
    def money(amount: Fraction) -> Money:
        return certain_money(int(amount * 100), currency)

    return PlanRevenue(
        target=money(found.target),
        annual=money(found.annual),
        pipeline=money(found.pipeline),
        in_sight=money(found.in_sight),
        progress=_share(found.progress),
        time_passed=_share(found.passed),
        behind=found.behind,
    )

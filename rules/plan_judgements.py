"""How an account plan stands, as it is told: its health, the reasons, and how far each objective is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from models.described import Described
from models.plan_records import Health
from models.plans import (
    ObjectiveStatus,
)


class ReasonKind(Described):
    """What speaks against a plan."""

    OBJECTIVE_BEHIND = "OBJECTIVE_BEHIND", "An objective lags behind the time that has passed, or is overdue."
    REVENUE_BEHIND = "REVENUE_BEHIND", "What is in sight of the revenue target lags behind the time."
    ACTION_OVERDUE = "ACTION_OVERDUE", "An action was due and is not done."
    OBJECTIVE_WITHOUT_ACTION = "OBJECTIVE_WITHOUT_ACTION", "Nobody is to do anything for an objective."
    NOTHING_MOVED = "NOTHING_MOVED", "Nothing that the plan is about has happened for a while."


@dataclass(frozen=True)
class Reason:
    """One thing that speaks against a plan; ``decides`` says whether its health rests on it.

    ``subject_id`` is the objective or action, ``measure`` that of an objective that lags most. Progress and
    the share of time that has passed are parts of 1. ``records`` are those that were counted.
    """

    kind: ReasonKind
    decides: bool
    text: str
    subject_id: str | None = None
    progress: Fraction | None = None
    passed: Fraction | None = None
    days: int | None = None
    records: tuple[str, ...] = ()
    measure: Measured | None = None


@dataclass(frozen=True)
class Measured:
    """A measure of an objective with what it came to; amounts of money in whole units."""

    id: str
    title: str
    fact_kind: str
    is_money: bool
    value: Fraction | None
    baseline: Decimal
    target: Decimal
    progress: Fraction
    records: tuple[str, ...]


@dataclass(frozen=True)
class Standing:
    """How far one objective is beside the share of its time that has passed, both 0 to 1.

    Its progress is that of the measure that lags most; without a measure, the share of its actions that are
    done. It is ``reached`` by its measures alone.
    """

    id: str
    title: str
    due_on: date
    status: ObjectiveStatus
    progress: Fraction
    passed: Fraction
    reached: bool
    behind: bool
    measures: tuple[Measured, ...]
    actions: int
    actions_done: int

    @property
    def lagging(self) -> Measured | None:
        """The measure that lags most, the first of those that lag alike; None without one."""
        return min(self.measures, key=lambda each: each.progress, default=None)


@dataclass(frozen=True)
class Revenue:
    """The revenue target of a plan, and what is in sight: a year of contracts, and weighted open deals."""

    target: Fraction
    annual: Fraction
    pipeline: Fraction
    progress: Fraction
    passed: Fraction
    behind: bool
    records: tuple[str, ...]

    @property
    def in_sight(self) -> Fraction:
        """What is there and what is weighted."""
        return self.annual + self.pipeline


@dataclass(frozen=True)
class Written:
    """How far what is written of a plan is as of a date, whether anybody agreed to it or not."""

    as_of: date
    objectives: tuple[Standing, ...]
    revenue: Revenue | None


@dataclass(frozen=True)
class Judged:
    """How a plan stands as of a date; ``revision`` is the number of what it is judged by, None of none."""

    as_of: date
    health: Health
    revision: int | None
    moved_on: date | None
    reasons: tuple[Reason, ...] = ()
    objectives: tuple[Standing, ...] = ()
    revenue: Revenue | None = None

    @property
    def objectives_behind(self) -> int:
        """How many objectives lag behind."""
        return self.count(ReasonKind.OBJECTIVE_BEHIND)

    @property
    def objectives_counted(self) -> int:
        """How many objectives the plan is judged by."""
        return sum(each.status.counts for each in self.objectives)

    def count(self, kind: ReasonKind) -> int:
        """How many reasons of a kind speak against it."""
        return sum(each.kind is kind for each in self.reasons)

"""Account plans: what is to become of an account, how it is measured, who does what; and plays."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import ClassVar

from tortoise import fields

from models.base import Record, reference
from models.described import Described
from models.errors import InvalidTransition, allowed


class PlanState(Described):
    """Where an account plan stands with whoever approves it."""

    DRAFT = "DRAFT", "Being written, for the first time or anew; what was approved before is still judged by."
    SUBMITTED = "SUBMITTED", "It waits for a manager's word, and cannot be changed meanwhile."
    APPROVED = "APPROVED", "A manager agreed to it as it stands."
    RETURNED = (
        "RETURNED",
        "A manager did not agree, and said why; it may be changed and submitted again.",
    )


class PlanEntryKind(Described):
    """What an entry of a plan says."""

    STRENGTH = "STRENGTH", "What speaks for us, within our power."
    WEAKNESS = "WEAKNESS", "What speaks against us, within our power."
    OPPORTUNITY = "OPPORTUNITY", "What could help us, out of our power."
    THREAT = "THREAT", "What could harm us, out of our power."
    STRATEGY = "STRATEGY", "How we go about it."


class ObjectiveStatus(Described):
    """What people say of an objective; how far it is, records say."""

    NOT_STARTED = "NOT_STARTED", "Nobody has begun."
    IN_PROGRESS = "IN_PROGRESS", "It is worked on."
    DEFERRED = "DEFERRED", "It waits for better times."
    ACHIEVED = "ACHIEVED", "People say that it is reached; it counts as reached when its measures say so."
    CANCELLED = "CANCELLED", "It is given up."

    @property
    def counts(self) -> bool:
        """Whether a plan that was approved with it is judged by it."""
        return self not in (ObjectiveStatus.DEFERRED, ObjectiveStatus.CANCELLED)


class Aggregate(Described):
    """How many records become one number."""

    COUNT = "COUNT", "How many there are."
    SUM = "SUM", "What a field of them comes to, 0 of none."
    MIN = "MIN", "The least value of a field; nothing of none."
    MAX = "MAX", "The greatest value of a field; nothing of none."


class MeasureDirection(Described):
    """Which way a measure is to go."""

    AT_LEAST = "AT_LEAST", "It is to rise to the target, or to stay there or above."
    AT_MOST = "AT_MOST", "It is to fall to the target, or to stay there or below."


#: A plan has at most so many parts of a kind, and an objective so many measures: it is judged as a whole.
MOST_PARTS, MOST_MEASURES = 100, 5
#: That a plan, a row ``t``, is followed on ``:as_of``.
FOLLOWED = "t.first_on <= :as_of and t.last_on >= :as_of and (t.closed_on is null or t.closed_on > :as_of)"
#: What a plan may become.
NEXT = {
    PlanState.DRAFT: (PlanState.SUBMITTED,),
    PlanState.SUBMITTED: (PlanState.APPROVED, PlanState.RETURNED, PlanState.DRAFT),
    PlanState.APPROVED: (PlanState.DRAFT,),
    PlanState.RETURNED: (PlanState.SUBMITTED,),
}


class AccountPlan(Record):
    """What is to become of an account from ``first_on`` to ``last_on``.

    ``revenue_target_minor`` is what it is to bring in a year by then, in minor units of ``currency``.
    ``valid_from`` is the day on which it was begun to be written. It is at another version after each change
    of it and of its parts. ``returned_because`` says why it was returned last,
    ``closed_on`` since when nobody follows it.
    """

    prefix = "plan"
    immutable = frozenset({"account_id", "currency"})

    tenant = reference("Tenant")
    account = reference("Account", "plans")
    name = fields.CharField(max_length=200)
    first_on = fields.DateField()
    last_on = fields.DateField()
    vision = fields.CharField(max_length=4000, null=True)
    revenue_target_minor = fields.BigIntField(null=True)
    currency = fields.CharField(max_length=3)
    state = fields.CharEnumField(PlanState, max_length=20, default=PlanState.DRAFT)
    submitted_on = fields.DateField(null=True)
    submitted_by = reference("User", null=True)
    approved_on = fields.DateField(null=True)
    approved_by = reference("User", null=True)
    returned_because = fields.CharField(max_length=1000, null=True)
    closed_on = fields.DateField(null=True)
    closed_because = fields.CharField(max_length=1000, null=True)
    revisions_held = fields.IntField(default=0, db_default=0)
    valid_from = fields.DateField()
    tenant_id: str
    account_id: str
    submitted_by_id: str | None
    approved_by_id: str | None

    class Meta:
        table = "account_plan"
        indexes = (
            ("tenant_id", "account_id"),
            ("tenant_id", "last_on"),
            ("tenant_id", "submitted_by_id"),
            ("tenant_id", "approved_by_id"),
        )

    @property
    def begun_on(self) -> date:
        """The first day on which anything can be of the plan: it was written then, or its period began."""
        return min(self.valid_from, self.first_on)

    def check_transition(self, to: PlanState) -> None:
        """Raise InvalidTransition unless the plan may become ``to``."""
        self.check_followed("id")
        options = NEXT[PlanState(self.state)]
        if to not in options:
            raise InvalidTransition(f"the plan is {self.state}; allowed: {allowed(options)}", ["id"])

    def check_followed(self, path: str) -> None:
        """Raise InvalidTransition, naming ``path``, for a plan that was closed."""
        if self.closed_on is not None:
            raise InvalidTransition(
                f"the plan was closed on {self.closed_on}; nothing of it changes any more", [path]
            )

    def check_open_to_changes(self, path: str) -> None:
        """Raise InvalidTransition, naming ``path``, for a plan that was closed or waits for approval."""
        self.check_followed(path)
        if PlanState(self.state) is PlanState.SUBMITTED:
            others = [state for state in PlanState if state is not PlanState.SUBMITTED]
            raise InvalidTransition(
                f"the plan is {self.state} and waits for approval; allowed while it is {allowed(others)}",
                [path],
            )


class PlanPart(Record):
    """What belongs to a plan; what is taken out of it stays, with the day of that in ``removed_on``."""

    immutable = frozenset({"account_plan_id", "account_id"})
    #: What it is called where plans are compared.
    called: ClassVar[str]
    #: The columns that are said of each.
    needed: ClassVar[tuple[str, ...]]
    #: The columns that say what it is, as a revision of the plan keeps them.
    kept: ClassVar[tuple[str, ...]]

    valid_from = fields.DateField()
    removed_on = fields.DateField(null=True)
    tenant_id: str
    account_id: str
    account_plan_id: str

    class Meta:
        abstract = True


class PlanEntry(PlanPart):
    """A strength, weakness, opportunity, threat or strategy, at a ``position`` among those of its kind."""

    prefix = "pent"
    called = "entries"
    needed = ("kind", "text")
    kept = ("kind", "text", "position")

    tenant = reference("Tenant")
    account = reference("Account")
    account_plan = reference("AccountPlan", "entries")
    kind = fields.CharEnumField(PlanEntryKind, max_length=20)
    text = fields.CharField(max_length=2000)
    position = fields.IntField()

    class Meta:
        table = "plan_entry"
        indexes = (("tenant_id", "account_plan_id"), ("tenant_id", "account_id"))


class Objective(PlanPart):
    """What is to be reached by a day, and who of us sees to it."""

    prefix = "pobj"
    called = "objectives"
    needed = ("title", "due_on")
    kept = ("title", "due_on", "status", "owner_id")

    tenant = reference("Tenant")
    account = reference("Account")
    account_plan = reference("AccountPlan", "objectives")
    title = fields.CharField(max_length=300)
    due_on = fields.DateField()
    status = fields.CharEnumField(ObjectiveStatus, max_length=20, default=ObjectiveStatus.NOT_STARTED)
    owner = reference("User", null=True)
    owner_id: str | None

    class Meta:
        table = "objective"
        indexes = (
            ("tenant_id", "account_plan_id"),
            ("tenant_id", "account_id"),
            ("tenant_id", "owner_id"),
        )


class ObjectiveMeasure(PlanPart):
    """By what an objective is measured: one number that is made of the facts of a kind.

    ``field`` is what is added up or compared, null for a count; ``conditions`` say which facts, as ``where``
    does in rules. ``baseline`` and ``target`` are decimal numbers in texts: money in whole units.
    """

    prefix = "pmea"
    called = "measures"
    needed = ("title", "fact_kind", "aggregate", "baseline", "target")
    kept = (
        "objective_id", "title", "fact_kind", "aggregate", "field", "conditions", "direction", "baseline",
        "target",
    )  # fmt: skip

    tenant = reference("Tenant")
    account = reference("Account")
    account_plan = reference("AccountPlan", "measures")
    objective = reference("Objective", "measures")
    title = fields.CharField(max_length=300)
    fact_kind = fields.CharField(max_length=40)
    aggregate = fields.CharEnumField(Aggregate, max_length=20)
    field = fields.CharField(max_length=60, null=True)
    conditions = fields.JSONField[dict[str, object]]()
    direction = fields.CharEnumField(MeasureDirection, max_length=20)
    baseline = fields.CharField(max_length=30)
    target = fields.CharField(max_length=30)
    objective_id: str

    class Meta:
        table = "objective_measure"
        indexes = (
            ("tenant_id", "account_plan_id"),
            ("tenant_id", "account_id"),
            ("tenant_id", "objective_id"),
        )


class PlanAction(PlanPart):
    """What somebody does by a day: for an objective, about a deal, by a play, as far as they are named."""

    prefix = "pact"
    called = "actions"
    needed = ("title", "due_on")
    kept = ("title", "owner_id", "due_on", "objective_id", "deal_id", "play_id")

    tenant = reference("Tenant")
    account = reference("Account")
    account_plan = reference("AccountPlan", "actions")
    title = fields.CharField(max_length=300)
    owner = reference("User", null=True)
    due_on = fields.DateField()
    done_on = fields.DateField(null=True)
    objective = reference("Objective", "actions", null=True)
    deal = reference("Deal", "plan_actions", null=True)
    play = reference("Play", null=True)
    owner_id: str | None
    objective_id: str | None
    deal_id: str | None
    play_id: str | None

    class Meta:
        table = "plan_action"
        indexes = (
            ("tenant_id", "account_plan_id"),
            ("tenant_id", "account_id"),
            ("tenant_id", "owner_id"),
            ("tenant_id", "objective_id"),
            ("tenant_id", "deal_id"),
            ("tenant_id", "play_id"),
        )


class AcceptedRisk(PlanPart):
    """A risk that is taken knowingly: what, why, by whom, and until when that holds."""

    prefix = "prsk"
    called = "accepted_risks"
    needed = ("what", "because", "until_on")
    kept = ("what", "because", "accepted_by_id", "until_on")

    tenant = reference("Tenant")
    account = reference("Account")
    account_plan = reference("AccountPlan", "accepted_risks")
    what = fields.CharField(max_length=500)
    because = fields.CharField(max_length=1000)
    accepted_by = reference("User", null=True)
    until_on = fields.DateField()
    accepted_by_id: str | None

    class Meta:
        table = "accepted_risk"
        indexes = (
            ("tenant_id", "account_plan_id"),
            ("tenant_id", "account_id"),
            ("tenant_id", "accepted_by_id"),
        )


#: What a plan is made of, in the order in which a revision has it.
PARTS: tuple[type[PlanPart], ...] = (PlanEntry, Objective, ObjectiveMeasure, PlanAction, AcceptedRisk)


def progress(value: Fraction | None, baseline: Decimal, target: Decimal, way: MeasureDirection) -> Fraction:
    """How far a value has come from its baseline to its target, 0 to 1.

    (value - baseline) / (target - baseline); where the two are the same, 1 if the value is there, and else 0.
    What has no value has not begun.
    """
    if value is None:
        return Fraction(0)
    start, end = Fraction(baseline), Fraction(target)
    if start == end:
        kept = value >= end if way is MeasureDirection.AT_LEAST else value <= end
        return Fraction(int(kept))
    return min(Fraction(1), max(Fraction(0), (value - start) / (end - start)))


def time_passed(first_on: date, due_on: date, as_of: date) -> Fraction:
    """The share of the time until a due day that has passed by the end of a day, 0 to 1."""
    if as_of >= due_on:
        return Fraction(1)
    if as_of <= first_on:
        return Fraction(0)
    return Fraction((as_of - first_on).days, (due_on - first_on).days)

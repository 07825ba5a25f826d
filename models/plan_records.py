"""What is kept of plans: how they were approved, and how they stood when they were judged."""

from __future__ import annotations

from tortoise import fields

from models.base import Record, reference
from models.described import Described


class RevisionState(Described):
    """What became of a plan as it was submitted."""

    SUBMITTED = "SUBMITTED", "It waits for a manager's word."
    APPROVED = "APPROVED", "A manager agreed to it."
    RETURNED = "RETURNED", "A manager did not agree to it."
    WITHDRAWN = "WITHDRAWN", "Whoever submitted it took it back before anybody decided."


class Health(Described):
    """How a plan stands against what really happens."""

    NOT_BEGUN = "NOT_BEGUN", "Nothing of it was approved yet, or its first day is to come."
    ABANDONED = "ABANDONED", "Nothing that it is about has happened for a long time, and it is not reached."
    BEHIND = "BEHIND", "Something that was agreed to lags behind the time that has passed."
    ON_TRACK = "ON_TRACK", "Nothing that was agreed to lags behind."
    ACHIEVED = "ACHIEVED", "All objectives that were agreed to are reached, as records say."


class PlanRevision(Record):
    """A plan as it was submitted: the whole of it in ``document``, which never changes.

    ``number`` counts up from 1. ``decided_on`` and ``decided_by`` are those of whoever approved, returned or
    withdrew it; ``decided_because`` is why a manager returned it.
    """

    prefix = "prev"
    immutable = frozenset({"account_plan_id", "account_id", "number", "document", "submitted_by_id"})
    untracked = Record.untracked | {"document"}

    tenant = reference("Tenant")
    account = reference("Account")
    account_plan = reference("AccountPlan", "revisions")
    number = fields.IntField()
    state = fields.CharEnumField(RevisionState, max_length=20, default=RevisionState.SUBMITTED)
    submitted_on = fields.DateField()
    submitted_by = reference("User", null=True)
    decided_on = fields.DateField(null=True)
    decided_by = reference("User", null=True)
    decided_because = fields.CharField(max_length=1000, null=True)
    document = fields.JSONField[dict[str, object]]()
    tenant_id: str
    account_id: str
    account_plan_id: str
    submitted_by_id: str | None
    decided_by_id: str | None

    class Meta:
        table = "plan_revision"
        unique_together = (("tenant", "account_plan", "number"),)
        indexes = (
            ("tenant_id", "account_id"),
            ("tenant_id", "submitted_by_id"),
            ("tenant_id", "decided_by_id"),
        )


class PlanJudgement(Record):
    """How a plan stood when it was judged last, as rules see it: earlier days are in the change log.

    The numbers are those of what was approved last; but for ``objectives_behind``, which is 0 then, they are
    null of a plan that is NOT_BEGUN. ``moved_on`` is the last day on which something happened that it is
    about, ``judged_on`` the day as of which it was judged.
    """

    prefix = "pjud"
    immutable = frozenset({"account_plan_id", "account_id"})
    untracked = Record.untracked | {"judged_on"}

    tenant = reference("Tenant")
    account = reference("Account")
    account_plan = reference("AccountPlan", "judgements")
    health = fields.CharEnumField(Health, max_length=20)
    objectives_behind = fields.IntField()
    objectives = fields.IntField(null=True)
    objectives_without_action = fields.IntField(null=True)
    actions_overdue = fields.IntField(null=True)
    moved_on = fields.DateField(null=True)
    judged_on = fields.DateField()
    valid_from = fields.DateField()
    tenant_id: str
    account_id: str
    account_plan_id: str

    class Meta:
        table = "plan_judgement"
        unique_together = (("tenant", "account_plan"),)
        indexes = (("tenant_id", "account_id"),)

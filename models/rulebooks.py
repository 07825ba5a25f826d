"""The rules that managers write, in numbered versions of named rulebooks, and the runs that apply them."""

from __future__ import annotations

from tortoise import fields

from models.base import Record, reference
from models.described import Described


class RulebookState(Described):
    """Lifecycle of a rulebook version; one ACTIVE per tenant and name."""

    DRAFT = "DRAFT", "Saved, and never live."
    ACTIVE = "ACTIVE", "Live: accounts are judged by it."
    RETIRED = "RETIRED", "Was live, and is no longer; it may be put live again."


class RunState(Described):
    """Lifecycle of an evaluation run."""

    RUNNING = "RUNNING", "Accounts are being judged."
    COMPLETE = "COMPLETE", "All of its accounts were judged, but for those that are told as failures."
    INTERRUPTED = (
        "INTERRUPTED",
        "It ended before all were judged; what was written stands, and asking again completes it.",
    )


class RunScope(Described):
    """Which accounts an evaluation is about."""

    WHOLE = "WHOLE", "All accounts of whoever asked."
    ACCOUNTS = "ACCOUNTS", "Accounts that were named."
    CHANGES = "CHANGES", "Accounts that were written to, or for which a new day changed something."


class Rulebook(Record):
    """A version of a named set of rules.

    What it says stays as it was saved, another version says otherwise. ``text`` is the file that it was
    imported from, ``cases`` are documents of what its rules must say of which facts. ``reason`` is why it
    last went live, was rolled back to or retired.
    """

    prefix = "book"
    immutable = frozenset({"name", "number", "description", "cases", "text"})

    tenant = reference("Tenant")
    name = fields.CharField(max_length=100)
    number = fields.IntField(default=1)
    description = fields.TextField(null=True)
    cases = fields.JSONField[list[dict[str, object]] | None](null=True)
    text = fields.TextField(null=True)
    state = fields.CharEnumField(RulebookState, max_length=20, default=RulebookState.DRAFT)
    activated_at = fields.DatetimeField(null=True)
    activated_by = reference("User", null=True)
    reason = fields.CharField(max_length=500, null=True)
    tenant_id: str
    activated_by_id: str | None

    class Meta:
        table = "rulebook"
        unique_together = (("tenant", "name", "number"),)
        indexes = (("tenant_id", "state"), ("tenant_id", "activated_by_id"))


class Rule(Record):
    """One rule of a rulebook version, as the document its author wrote."""

    prefix = "rule"
    immutable = frozenset({"rulebook_id", "key", "title", "document"})

    tenant = reference("Tenant")
    rulebook = reference("Rulebook", "rules")
    key = fields.CharField(max_length=100)
    title = fields.CharField(max_length=300)
    document = fields.JSONField[dict[str, object]]()
    tenant_id: str
    rulebook_id: str

    class Meta:
        table = "rule"
        unique_together = (("tenant", "rulebook", "key"),)


class EvaluationRun(Record):
    """One judgement of the portfolio or a part of it, as of a date.

    ``accounts`` is how many it is about, ``candidates`` how many of them the rules may match or something
    stands for, ``judged`` how far it is with those. ``rulebook_version`` names the rules, ``stages`` says
    how many seconds went into what. ``flagged`` counts what the rules flagged, by rule key: how many
    risks, and their exposure in minor units. ``looked_back`` counts accounts that had been judged as of a
    later date already, where what stands was left alone. ``events_opened`` is how many events of the
    population began or came back. ``failures`` lists accounts that could not be judged with the reason,
    ``disagreements`` the rules whose engine verdict differed from the reference evaluator's, which was used
    instead.
    """

    prefix = "run"

    tenant = reference("Tenant")
    actor = reference("User", null=True)
    as_of = fields.DateField()
    state = fields.CharEnumField(RunState, max_length=20, default=RunState.RUNNING)
    scope = fields.CharEnumField(RunScope, max_length=20, default=RunScope.WHOLE, db_default=RunScope.WHOLE)
    rulebook_version = fields.TextField(default="", db_default="")
    account_ids = fields.JSONField[list[str] | None](null=True)
    accounts = fields.IntField(default=0)
    candidates = fields.IntField(default=0, db_default=0)
    judged = fields.IntField(default=0, db_default=0)
    matched = fields.IntField(default=0)
    opened = fields.IntField(default=0)
    refreshed = fields.IntField(default=0)
    lapsed = fields.IntField(default=0)
    reopened = fields.IntField(default=0)
    unchanged = fields.IntField(default=0)
    events_opened = fields.IntField(default=0, db_default=0)
    looked_back = fields.IntField(default=0)
    flagged = fields.JSONField[dict[str, dict[str, int]]](default=dict)
    failures = fields.JSONField[list[dict[str, str]]](default=list)
    disagreements = fields.JSONField[list[str]](default=list)
    seconds = fields.FloatField(null=True)
    stages = fields.JSONField[dict[str, float] | None](null=True)
    finished_at = fields.DatetimeField(null=True)
    tenant_id: str
    actor_id: str | None

    class Meta:
        table = "evaluation_run"
        indexes = (("tenant_id", "state"), ("tenant_id", "actor_id"), ("tenant_id", "as_of"))


class Judgement(Record):
    """The latest date as of which an account was judged by itself, and by which run.

    Kept by evaluations for themselves and not logged. What stands is of that date, or of the one as of
    which all accounts of the tenant were judged (``Tenant.judged_as_of``) if that is later. An evaluation
    as of an earlier one does not move it.
    """

    prefix = "jdg"

    tenant = reference("Tenant")
    account = reference("Account")
    run = reference("EvaluationRun")
    as_of = fields.DateField()
    tenant_id: str
    account_id: str
    run_id: str

    class Meta:
        table = "judgement"
        unique_together = (("tenant", "account"),)
        indexes = (("tenant_id", "run_id"),)


class PendingJudgement(Record):
    """An account that was written to and is to be judged again.

    Kept by the commands that write, in their transaction, and not logged. ``touch`` is another one with
    each write, so that an account that is written to while it is judged stays.
    """

    prefix = "pend"

    tenant = reference("Tenant")
    account = reference("Account")
    touch = fields.CharField(max_length=40)
    tenant_id: str
    account_id: str

    class Meta:
        table = "pending_judgement"
        unique_together = (("tenant", "account"),)


class AlarmKind(Described):
    """Why a rule is judged by the reference evaluator alone."""

    DIFFERED = "DIFFERED", "The engine matched something else than the rule's text says."
    ENDED_ENGINE = "ENDED_ENGINE", "Judging the rule ends the engine's process."


class EngineAlarm(Record):
    """A rule that the engine did not judge as its text says: the reference evaluator judges it since.

    ``rule_id`` is the rule of a version, ``account_id`` the account on which it showed, ``run`` the
    evaluation that found it. It stands until ``resolved_at``.
    """

    prefix = "alarm"

    tenant = reference("Tenant")
    rule = reference("Rule", "alarms")
    run = reference("EvaluationRun", null=True)
    account = reference("Account", null=True)
    kind = fields.CharEnumField(AlarmKind, max_length=20)
    as_of = fields.DateField()
    resolved_at = fields.DatetimeField(null=True)
    resolved_by = reference("User", null=True)
    tenant_id: str
    rule_id: str
    run_id: str | None
    account_id: str | None
    resolved_by_id: str | None

    class Meta:
        table = "engine_alarm"
        indexes = (
            ("tenant_id", "rule_id"),
            ("tenant_id", "run_id"),
            ("tenant_id", "account_id"),
            ("tenant_id", "resolved_by_id"),
        )


class Step(Described):
    """How far apart the dates of a backtest are."""

    WEEK = "WEEK", "Seven days."
    MONTH = "MONTH", "A calendar month; in one too short for the day, on its last day."
    QUARTER = "QUARTER", "Three calendar months; in one too short for the day, on its last day."


class BacktestState(Described):
    """Lifecycle of a backtest."""

    WAITING = "WAITING", "Asked for; the server takes it up within seconds."
    RUNNING = "RUNNING", "Its dates are being tried."
    COMPLETE = "COMPLETE", "All dates are tried, and there is a report."
    FAILED = "FAILED", "It has ended without a report; `failure` says why."


class Backtest(Record):
    """Rules tried at past dates against what happened afterwards, by the server in the background.

    ``documents`` are the rules that are tried, ``rulebook`` the version that they are of, null for a draft
    that was not saved. The dates are a ``step`` apart, from ``from_on`` to ``until_on``, and what happened
    is looked for ``horizon_days`` further, as far as ``known_until``. ``done`` of ``total`` dates are tried;
    ``report`` is there when it is COMPLETE, ``failure`` says why it FAILED.
    """

    prefix = "bkt"
    untracked = Record.untracked | {"done", "total", "report"}
    immutable = frozenset({"name", "documents", "from_on", "until_on", "step", "horizon_days", "known_until"})

    tenant = reference("Tenant")
    actor = reference("User", null=True)
    rulebook = reference("Rulebook", "backtests", null=True)
    name = fields.CharField(max_length=100)
    documents = fields.JSONField[list[dict[str, object]]]()
    from_on = fields.DateField()
    until_on = fields.DateField()
    step = fields.CharEnumField(Step, max_length=10, default=Step.MONTH)
    horizon_days = fields.IntField()
    known_until = fields.DateField()
    state = fields.CharEnumField(BacktestState, max_length=20, default=BacktestState.WAITING)
    done = fields.IntField(default=0)
    total = fields.IntField(default=0)
    report = fields.JSONField[dict[str, object] | None](null=True)
    failure = fields.TextField(null=True)
    finished_at = fields.DatetimeField(null=True)
    tenant_id: str
    actor_id: str | None
    rulebook_id: str | None

    class Meta:
        table = "backtest"
        indexes = (("tenant_id", "state"), ("tenant_id", "actor_id"), ("tenant_id", "rulebook_id"))

"""Plays: lists of steps that a recommendation or an action starts, and how they go where they run."""

from __future__ import annotations

from tortoise import fields

from models.base import Record, reference
from models.described import Described
from models.errors import InvalidTransition
from models.recommendations import Outcome


class PlayRunState(Described):
    """Where a play that was started stands."""

    RUNNING = "RUNNING", "Its steps are being taken."
    DONE = "DONE", "It was played to its end."
    ABANDONED = "ABANDONED", "It was given up before its end."


class Play(Record):
    """A list of steps that has proved itself, known by its ``key``: rules that recommend it name that.

    ``action`` is the kind of action that it is for. One that is not ``active`` is not started any more.
    """

    prefix = "play"
    immutable = frozenset({"key"})

    tenant = reference("Tenant")
    key = fields.CharField(max_length=100)
    name = fields.CharField(max_length=200)
    action = fields.CharField(max_length=60, null=True)
    active = fields.BooleanField(default=True, db_default=True)
    tenant_id: str

    class Meta:
        table = "play"
        unique_together = (("tenant", "key"),)


class PlayStep(Record):
    """A step of a play, due so many days after it was started: it never changes, another follows it.

    One that is no part of the play any more stays, with the day of that in ``removed_on``.
    """

    prefix = "psta"
    immutable = frozenset({"play_id", "position", "text", "due_after_days"})

    tenant = reference("Tenant")
    play = reference("Play", "steps")
    position = fields.IntField()
    text = fields.CharField(max_length=500)
    due_after_days = fields.IntField()
    removed_on = fields.DateField(null=True)
    tenant_id: str
    play_id: str

    class Meta:
        table = "play_step"
        indexes = (("tenant_id", "play_id"),)


class PlayRun(Record):
    """That a play was started for an account: by a recommendation, by an action of a plan, or by itself.

    ``outcome`` is what people say came of it.
    """

    prefix = "prun"
    immutable = frozenset({"play_id", "account_id", "deal_id", "recommendation_id", "plan_action_id"})

    tenant = reference("Tenant")
    play = reference("Play", "runs")
    account = reference("Account", "play_runs")
    deal = reference("Deal", "play_runs", null=True)
    recommendation = reference("Recommendation", "play_runs", null=True)
    plan_action = reference("PlanAction", "play_runs", null=True)
    started_by = reference("User", null=True)
    started_on = fields.DateField()
    state = fields.CharEnumField(PlayRunState, max_length=20, default=PlayRunState.RUNNING)
    ended_on = fields.DateField(null=True)
    outcome = fields.CharEnumField(Outcome, max_length=20, null=True)
    tenant_id: str
    play_id: str
    account_id: str
    deal_id: str | None
    recommendation_id: str | None
    plan_action_id: str | None
    started_by_id: str | None

    class Meta:
        table = "play_run"
        indexes = (
            ("tenant_id", "play_id"),
            ("tenant_id", "account_id"),
            ("tenant_id", "deal_id"),
            ("tenant_id", "recommendation_id"),
            ("tenant_id", "plan_action_id"),
            ("tenant_id", "started_by_id"),
        )

    def check_running(self, path: str) -> None:
        """Raise InvalidTransition, naming ``path``, for a play that has ended."""
        if PlayRunState(self.state) is not PlayRunState.RUNNING:
            raise InvalidTransition(
                f"the play is {self.state}; allowed while it is {PlayRunState.RUNNING}", [path]
            )


class PlayRunStep(Record):
    """A step of a play that was started: when it is due, and when somebody took it or passed it over."""

    prefix = "prst"
    immutable = frozenset({"play_run_id", "play_step_id", "account_id", "due_on"})

    tenant = reference("Tenant")
    account = reference("Account")
    play_run = reference("PlayRun", "steps")
    play_step = reference("PlayStep")
    due_on = fields.DateField()
    done_on = fields.DateField(null=True)
    skipped_on = fields.DateField(null=True)
    answered_by = reference("User", null=True)
    tenant_id: str
    account_id: str
    play_run_id: str
    play_step_id: str
    answered_by_id: str | None

    class Meta:
        table = "play_run_step"
        indexes = (
            ("tenant_id", "play_run_id"),
            ("tenant_id", "account_id"),
            ("tenant_id", "play_step_id"),
            ("tenant_id", "answered_by_id"),
        )

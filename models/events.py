"""What moved for a large part of the accounts at once: told once, and not as a risk of each account."""

from __future__ import annotations

from tortoise import fields

from models.base import Record, reference
from models.described import Described


class EventState(Described):
    """Lifecycle of an event; LAPSED closes itself when it is over."""

    OPEN = "OPEN", "It stands."
    LAPSED = "LAPSED", "It is over, and has closed by itself."


class Movement(Described):
    """Which way a measure went."""

    ROSE = "ROSE", "The measure went up, past its threshold."
    FELL = "FELL", "The measure went down, past its threshold."


class Dimension(Described):
    """What the accounts concerned have in common: nothing but the tenant, or a value of a field."""

    TENANT = "TENANT", "All accounts of the tenant."
    SEGMENT = "SEGMENT", "Accounts of one segment."
    INDUSTRY = "INDUSTRY", "Accounts of one industry."
    COUNTRY = "COUNTRY", "Accounts in one country."
    REGION = "REGION", "Accounts in one region."


class PopulationEvent(Record):
    """A measure that crossed its threshold at many accounts at once. Identity is what, where and which way.

    ``measure`` is the kind and field of the facts, ``part`` the value of the dimension, empty for the whole
    tenant. Figures are as of ``last_seen_on`` against ``compared_on``, a month before it began: how many
    ``accounts`` crossed the threshold in between, of a ``population`` where the measure is known, and the
    annual recurring revenue of those accounts. ``usual_share`` is the share that crossed it in the month
    before that.
    """

    prefix = "evt"
    untracked = Record.untracked | {"last_seen_on", "changed_run_id"}

    tenant = reference("Tenant")
    measure = fields.CharField(max_length=100)
    direction = fields.CharEnumField(Movement, max_length=20)
    dimension = fields.CharEnumField(Dimension, max_length=20)
    part = fields.CharField(max_length=100, default="", db_default="")
    state = fields.CharEnumField(EventState, max_length=20, default=EventState.OPEN)
    title = fields.CharField(max_length=300)
    started_on = fields.DateField()
    compared_on = fields.DateField()
    last_seen_on = fields.DateField()
    lapsed_on = fields.DateField(null=True)
    reopened_count = fields.IntField(default=0)
    accounts = fields.IntField()
    population = fields.IntField()
    usual_share = fields.FloatField()
    exposure_minor = fields.BigIntField()
    currency = fields.CharField(max_length=3)
    opened_run_id = fields.CharField(max_length=40)
    changed_run_id = fields.CharField(max_length=40)
    tenant_id: str

    class Meta:
        table = "population_event"
        unique_together = (("tenant", "measure", "direction", "dimension", "part"),)
        indexes = (("tenant_id", "state"),)

    @property
    def share(self) -> float:
        """Of the accounts where the measure is known, the part that crossed the threshold."""
        return self.accounts / self.population if self.population else 0.0

"""The weekly forecast: quotas, shares in deals, what owners call and managers add, and frozen pipelines."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from tortoise import fields

from models.base import Record, reference
from models.deals import DealKind, ForecastCategory, Stage
from models.described import Described

WEEK = timedelta(days=7)
_MONTHS = 12
_QUARTER = 3


class Measure(Described):
    """What a quota counts of the deals that are won."""

    TCV = "TCV", "The total contract value: the amount of the deal."
    ACV = (
        "ACV",
        "Annual contract value of its lines: 12 monthly charges, and one-off ones if the tenant so says.",
    )
    MRC = "MRC", "The monthly recurring charges of its lines."
    COUNT = "COUNT", "How many deals; of a shared one, the share."

    @property
    def is_money(self) -> bool:
        """Whether it is in minor units of the tenant's currency, and not a number of deals."""
        return self is not Measure.COUNT


class SubmissionState(Described):
    """Where somebody's forecast of a week stands."""

    DRAFT = "DRAFT", "Being written: it counts for nobody yet."
    SUBMITTED = "SUBMITTED", "Handed in, with the pipeline as it was then; nothing in it changes any more."
    REOPENED = (
        "REOPENED",
        "Opened again by somebody who may; it counts as it was handed in until it is again.",
    )


#: What owners call: the categories from which a deal may still be won.
CALLED = (ForecastCategory.COMMIT, ForecastCategory.BEST_CASE, ForecastCategory.PIPELINE)


@dataclass(frozen=True)
class Period:
    """A period that is forecast, from its first day to its last."""

    first: date
    last: date

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.last - self.first).days + 1


def quarter_of(day: date, first_month: int = 1) -> Period:
    """The quarter that a day is in, of fiscal years that begin with ``first_month`` (1 to 12)."""
    offset = (day.month - first_month) % _QUARTER
    first = _months_later(day.replace(day=1), -offset)
    return Period(first, _months_later(first, _QUARTER) - timedelta(days=1))


def quarter_before(period: Period) -> Period:
    """The quarter before one."""
    first = _months_later(period.first, -_QUARTER)
    return Period(first, period.first - timedelta(days=1))


def _months_later(first: date, months: int) -> date:
    number = first.year * _MONTHS + first.month - 1 + months
    return date(number // _MONTHS, number % _MONTHS + 1, 1)


def week_of(day: date) -> date:
    """The Monday of the week that a day is in."""
    return day - timedelta(days=day.weekday())


def deadline(week: date, weekday: int, hour: int) -> datetime:
    """When forecasts of a week are due (UTC): by ``hour`` (1 to 24) of ``weekday`` (1 for Monday to 7)."""
    day = week + timedelta(days=weekday - 1)
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(hours=hour)


class Quota(Record):
    """What somebody, or a team, is to win in a period.

    ``target`` is in minor units of the tenant's currency, or a number of deals, by the ``measure``. Exactly
    one of ``user`` and ``team`` is set.
    """

    prefix = "quota"
    immutable = frozenset({"user_id", "team_id", "first_on", "last_on", "measure"})

    tenant = reference("Tenant")
    user = reference("User", null=True)
    team = reference("Team", null=True)
    first_on = fields.DateField()
    last_on = fields.DateField()
    measure = fields.CharEnumField(Measure, max_length=20, default=Measure.TCV)
    target = fields.BigIntField()
    currency = fields.CharField(max_length=3)
    tenant_id: str
    user_id: str | None
    team_id: str | None

    class Meta:
        table = "quota"
        unique_together = (
            ("tenant", "user", "first_on", "last_on", "measure"),
            ("tenant", "team", "first_on", "last_on", "measure"),
        )
        indexes = (("tenant_id", "user_id"), ("tenant_id", "team_id"), ("tenant_id", "first_on"))


class DealSplit(Record):
    """Somebody's share in a deal, in percent, since ``valid_from``.

    The shares of a deal come to 100; one that has ended is 0. A deal without shares is its owner's.
    """

    prefix = "split"

    tenant = reference("Tenant")
    deal = reference("Deal", "splits")
    user = reference("User")
    percent = fields.IntField()
    valid_from = fields.DateField()
    known_on = fields.DateField(null=True)
    tenant_id: str
    deal_id: str
    user_id: str

    class Meta:
        table = "deal_split"
        unique_together = (("tenant", "deal", "user"),)
        indexes = (("tenant_id", "user_id"),)


class ForecastSubmission(Record):
    """What somebody forecasts in one week for one period.

    ``week`` is its Monday. What was handed in last (``submitted_at``, null for never) stands in its calls;
    ``team`` is where its owner was then, ``is_late`` whether that was after the deadline. ``won_minor`` is
    what was won in the period by then.
    """

    prefix = "fsub"
    immutable = frozenset({"user_id", "week", "first_on", "last_on"})

    tenant = reference("Tenant")
    user = reference("User")
    team = reference("Team", null=True)
    week = fields.DateField()
    first_on = fields.DateField()
    last_on = fields.DateField()
    state = fields.CharEnumField(SubmissionState, max_length=20, default=SubmissionState.DRAFT)
    submitted_at = fields.DatetimeField(null=True)
    submitted_by = reference("User", null=True)
    is_late = fields.BooleanField(default=False, db_default=False)
    won_minor = fields.BigIntField(default=0, db_default=0)
    won_deals = fields.IntField(default=0, db_default=0)
    currency = fields.CharField(max_length=3)
    comment = fields.CharField(max_length=2000, null=True)
    reopened_because = fields.CharField(max_length=500, null=True)
    tenant_id: str
    user_id: str
    team_id: str | None
    submitted_by_id: str | None

    class Meta:
        table = "forecast_submission"
        unique_together = (("tenant", "user", "week", "first_on", "last_on"),)
        indexes = (
            ("tenant_id", "week"),
            ("tenant_id", "user_id"),
            ("tenant_id", "team_id"),
            ("tenant_id", "submitted_by_id"),
        )


class ForecastCall(Record):
    """What the owner of a forecast calls for a category.

    ``draft_minor`` is what is being written, ``amount_minor`` what was handed in: what will have been won by
    the end of the period if the deals of the category, and of better ones, are. ``single_minor`` are the
    deals in exactly the category as they were when it was handed in, ``cumulative_minor`` with those of
    better ones and, but for PIPELINE, with what was won.
    """

    prefix = "fcall"
    immutable = frozenset({"submission_id", "category"})

    tenant = reference("Tenant")
    submission = reference("ForecastSubmission", "calls")
    category = fields.CharEnumField(ForecastCategory, max_length=20)
    draft_minor = fields.BigIntField(null=True)
    amount_minor = fields.BigIntField(null=True)
    deals = fields.IntField(default=0, db_default=0)
    single_minor = fields.BigIntField(default=0, db_default=0)
    cumulative_minor = fields.BigIntField(default=0, db_default=0)
    currency = fields.CharField(max_length=3)
    comment = fields.CharField(max_length=2000, null=True)
    tenant_id: str
    submission_id: str

    class Meta:
        table = "forecast_call"
        unique_together = (("tenant", "submission", "category"),)


class ForecastAdjustment(Record):
    """What a manager puts on top of the forecast of somebody or of a team, and why.

    ``amount_minor`` is added, and may be less than nothing; 0 takes it back. Exactly one of ``user`` and
    ``team`` is set.
    """

    prefix = "fadj"
    immutable = frozenset({"user_id", "team_id", "week", "first_on", "last_on", "category", "made_by_id"})

    tenant = reference("Tenant")
    user = reference("User", null=True)
    team = reference("Team", null=True)
    made_by = reference("User")
    week = fields.DateField()
    first_on = fields.DateField()
    last_on = fields.DateField()
    category = fields.CharEnumField(ForecastCategory, max_length=20)
    amount_minor = fields.BigIntField()
    currency = fields.CharField(max_length=3)
    reason = fields.CharField(max_length=500)
    tenant_id: str
    user_id: str | None
    team_id: str | None
    made_by_id: str

    class Meta:
        table = "forecast_adjustment"
        unique_together = (
            ("tenant", "user", "week", "first_on", "last_on", "category"),
            ("tenant", "team", "week", "first_on", "last_on", "category"),
        )
        indexes = (
            ("tenant_id", "week"),
            ("tenant_id", "user_id"),
            ("tenant_id", "team_id"),
            ("tenant_id", "made_by_id"),
        )


class PipelineSnapshot(Record):
    """All deals of a tenant that were open on the evening of a Sunday, as they were known then.

    ``as_of`` is that Sunday, ``digest`` the SHA-256 of its deals in order. Nothing in it ever changes.
    """

    prefix = "snap"
    immutable = frozenset({"as_of", "deals", "amount_minor", "digest"})

    tenant = reference("Tenant")
    as_of = fields.DateField()
    deals = fields.IntField()
    amount_minor = fields.BigIntField()
    currency = fields.CharField(max_length=3)
    digest = fields.CharField(max_length=64)
    tenant_id: str

    class Meta:
        table = "pipeline_snapshot"
        unique_together = (("tenant", "as_of"),)


class SnapshotDeal(Record):
    """A deal in a snapshot."""

    prefix = "sdeal"
    immutable = frozenset(
        {
            "pipeline_snapshot_id", "deal_id", "account_id", "owner_id", "kind", "stage", "forecast_category",
            "probability", "amount_minor", "close_on",
        }
    )  # fmt: skip

    tenant = reference("Tenant")
    pipeline_snapshot = reference("PipelineSnapshot", "rows")
    deal = reference("Deal")
    account = reference("Account")
    owner = reference("User", null=True)
    kind = fields.CharEnumField(DealKind, max_length=20)
    stage = fields.CharEnumField(Stage, max_length=20)
    forecast_category = fields.CharEnumField(ForecastCategory, max_length=20)
    probability = fields.IntField()
    amount_minor = fields.BigIntField()
    currency = fields.CharField(max_length=3)
    close_on = fields.DateField(null=True)
    tenant_id: str
    pipeline_snapshot_id: str
    deal_id: str
    account_id: str
    owner_id: str | None

    class Meta:
        table = "snapshot_deal"
        unique_together = (("tenant", "pipeline_snapshot", "deal"),)
        indexes = (("tenant_id", "deal_id"), ("tenant_id", "owner_id"), ("tenant_id", "account_id"))

"""What a model learned from a tenant's own past says beside people's judgement: of periods, and of deals."""

from __future__ import annotations

from typing import ClassVar, TypedDict

from tortoise import fields

from models.base import Record, reference
from models.described import Described


class ProjectionMethod(Described):
    """How a projection is made of what was known."""

    OPEN_VALUE = "OPEN_VALUE", "What is open times the share of ended deals that were won."
    LAST_WINDOW = "LAST_WINDOW", "What was won in the last window of the same length."
    YEAR_LEVEL = "YEAR_LEVEL", "What was won in the last year, in proportion to the window."
    FADING_LEVEL = "FADING_LEVEL", "The mean of past windows, each counting half as much as the one after it."
    SAME_WINDOW_LAST_YEAR = (
        "SAME_WINDOW_LAST_YEAR",
        "What was won in the same window a year ago, with half of the growth since.",
    )
    AGE_CURVE = "AGE_CURVE", "Open deals by their age, at the rates of the last window, and its new business."
    STAGE_RATES = (
        "STAGE_RATES",
        "Open deals by their stage, at the rates of eight windows, and their new business.",
    )
    STAGE_AND_AGE_RATES = (
        "STAGE_AND_AGE_RATES",
        "Open deals by stage and age, at the rates of all windows, and their new business.",
    )
    SEASONAL_RATES = "SEASONAL_RATES", "The same, with new business as it is at this time of the year."
    DEAL_BY_DEAL = "DEAL_BY_DEAL", "Each open deal at its own likelihood, and new business."


class LikelihoodFeature(Described):
    """What is known of a deal that speaks for or against it."""

    STAGE = "STAGE", "The stage that it is in."
    AGE = "AGE", "The days since it was identified."
    TIME_IN_STAGE = (
        "TIME_IN_STAGE",
        "The days in its stage over those that deals usually stay there: 1 is usual.",
    )
    PUSHES = "PUSHES", "How often its expected close moved later."
    SILENCE = "SILENCE", "The days since the last activity on it."
    DUE = "DUE", "The days until its expected close; less than 0 when that is past."
    SIZE = "SIZE", "Its amount, in whole units of the tenant's currency."
    OWNER = "OWNER", "The share of ended deals that its owner has won, 0 to 1."
    KIND = "KIND", "What it does to the revenue we have."
    SEGMENT = "SEGMENT", "The segment of its account."
    PRODUCT = "PRODUCT", "The family of the product that it has most of."
    CATEGORY = "CATEGORY", "How it counts in the forecast."


class StoredReason(TypedDict):
    """What one feature does to the log-odds of winning a deal, beside a deal that is typical in it."""

    feature: str
    value: float | str | None
    usual: float | str | None
    log_odds: float


class ForecastProjection(Record):
    """What somebody, a team or the whole tenant will have won in a period, as the past says it.

    It stands beside what people call in a ``week`` (its Monday), and rests on what was known by the end of
    ``known_on``. ``user`` or ``team`` is whose it is, neither is the whole tenant; ``subject_id`` is the id
    of whichever it is. ``expected_minor`` is all of the period: ``won_minor``, which was won in it by then,
    what comes of open deals, and new business; with ``confidence`` percent it will be between ``low_minor``
    and ``high_minor``, by the errors in ``windows`` past windows. ``method`` is the way that counts most.
    Where there is too little history ``refused`` says why, and all of these are null. Figures never change;
    a refusal gives way to figures of the same week, if more of the past has become known.
    """

    prefix = "proj"
    immutable = frozenset({"user_id", "team_id", "subject_id", "week", "first_on", "last_on", "known_on"})
    known_on_is_recording: ClassVar[bool] = False

    tenant = reference("Tenant")
    user = reference("User", null=True)
    team = reference("Team", null=True)
    subject_id = fields.CharField(max_length=40)
    week = fields.DateField()
    first_on = fields.DateField()
    last_on = fields.DateField()
    made_at = fields.DatetimeField()
    known_on = fields.DateField()
    won_minor = fields.BigIntField(null=True)
    expected_minor = fields.BigIntField(null=True)
    low_minor = fields.BigIntField(null=True)
    high_minor = fields.BigIntField(null=True)
    confidence = fields.IntField(default=80, db_default=80)
    windows = fields.IntField(null=True)
    method = fields.CharEnumField(ProjectionMethod, max_length=30, null=True)
    refused = fields.CharField(max_length=300, null=True)
    currency = fields.CharField(max_length=3)
    tenant_id: str
    user_id: str | None
    team_id: str | None

    class Meta:
        table = "forecast_projection"
        unique_together = (("tenant", "subject_id", "week", "first_on", "last_on"),)
        indexes = (("tenant_id", "week"), ("tenant_id", "user_id"), ("tenant_id", "team_id"))


class DealLikelihood(Record):
    """How likely an open deal is to be won, and when: the newest judgement of a model.

    The model learned from what was known by the end of ``learned_on`` and judged the deal as known by the end
    of ``known_on``. ``probability`` is in percent; ``in_period`` is that of being won by the end of
    ``last_on``, the quarter's last day. If it is won, that is before ``close_early_on`` with 10 percent,
    before ``close_on`` with 50 and before ``close_late_on`` with 90; null where it has no chance. What the
    probability was on earlier days is in the change log, since ``valid_from``.
    """

    prefix = "like"
    untracked = Record.untracked | {
        "in_period", "last_on", "close_early_on", "close_on", "close_late_on", "learned_on", "reasons",
        "made_at",
    }  # fmt: skip
    immutable = frozenset({"deal_id"})
    known_on_is_recording: ClassVar[bool] = False

    tenant = reference("Tenant")
    deal = reference("Deal", "likelihoods")
    valid_from = fields.DateField()
    made_at = fields.DatetimeField()
    known_on = fields.DateField()
    learned_on = fields.DateField()
    probability = fields.IntField()
    in_period = fields.IntField()
    last_on = fields.DateField()
    close_early_on = fields.DateField(null=True)
    close_on = fields.DateField(null=True)
    close_late_on = fields.DateField(null=True)
    reasons = fields.JSONField[list[StoredReason]]()
    tenant_id: str
    deal_id: str

    class Meta:
        table = "deal_likelihood"
        unique_together = (("tenant", "deal"),)

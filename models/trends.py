"""What changes at customers, what should be done about it, and what came of that."""

from __future__ import annotations

from tortoise import fields

from models.base import Sourced, reference
from models.described import Described
from models.errors import InvalidTransition, allowed
from models.severity import Severity
from models.signals import SignalKind


class TrendKind(Described):
    """What kind of change it is."""

    REORGANISATION = "REORGANISATION", "The customer is organised anew."
    MERGER = "MERGER", "The customer merges, buys or is bought."
    NEW_EXECUTIVE = "NEW_EXECUTIVE", "Somebody new leads the customer, or a part of it."
    SITE_OPENED = "SITE_OPENED", "The customer opens a site."
    SITE_CLOSED = "SITE_CLOSED", "The customer closes a site."
    BUDGET_CUT = "BUDGET_CUT", "The customer is to spend less."
    BUDGET_GROWTH = "BUDGET_GROWTH", "The customer is to spend more."
    CLOUD_MOVE = "CLOUD_MOVE", "The customer moves work to a cloud."
    TENDER_ANNOUNCED = "TENDER_ANNOUNCED", "The customer asks for offers, or will."
    LAYOFFS = "LAYOFFS", "The customer lays people off."
    COMPETITOR_MOVE = "COMPETITOR_MOVE", "A competitor does something at the customer."
    REGULATION = "REGULATION", "The customer has to follow a new rule."
    OTHER = "OTHER", "Anything else; the title says what."


class TrendImpact(Described):
    """What a change means for us."""

    OPPORTUNITY = "OPPORTUNITY", "Something may be won by it."
    THREAT = "THREAT", "Something may be lost by it."
    NEUTRAL = "NEUTRAL", "Neither, as far as it is known."


class Confidence(Described):
    """How sure it is, least first."""

    LOW = "LOW", "Somebody said so."
    MEDIUM = "MEDIUM", "It is likely, or two said so."
    HIGH = "HIGH", "It is public, or the customer said so."

    @property
    def rank(self) -> int:
        """1 for LOW to 3 for HIGH."""
        return (Confidence.LOW, Confidence.MEDIUM, Confidence.HIGH).index(self) + 1


class TrendState(Described):
    """Where a trend stands."""

    OPEN = "OPEN", "It holds, and nothing is done about it yet."
    ACTED = "ACTED", "It holds, and its course of action was taken."
    CLOSED = "CLOSED", "It is over: done with, or it means nothing any more."
    REFUTED = "REFUTED", "It was not so; reports leave it out."


class TrendOutcome(Described):
    """What came of a course of action."""

    WORKED = "WORKED", "It brought or kept what it was to."
    FAILED = "FAILED", "It did not."


#: Where a trend may go from a state.
MOVES = {
    TrendState.OPEN: (TrendState.ACTED, TrendState.CLOSED, TrendState.REFUTED),
    TrendState.ACTED: (TrendState.OPEN, TrendState.CLOSED, TrendState.REFUTED),
    TrendState.CLOSED: (TrendState.OPEN, TrendState.REFUTED),
    TrendState.REFUTED: (TrendState.OPEN,),
}
#: What kind of trend a signal tells of; those that tell of none are left out.
OF_SIGNAL = {
    SignalKind.COMPETITOR_NAMED: TrendKind.COMPETITOR_MOVE,
    SignalKind.EXECUTIVE_JOINED: TrendKind.NEW_EXECUTIVE,
    SignalKind.MERGER: TrendKind.MERGER,
    SignalKind.BUDGET_CUT: TrendKind.BUDGET_CUT,
    SignalKind.SITE_OPENED: TrendKind.SITE_OPENED,
    SignalKind.SITE_CLOSED: TrendKind.SITE_CLOSED,
    SignalKind.TENDER_ANNOUNCED: TrendKind.TENDER_ANNOUNCED,
    SignalKind.CLOUD_MOVE: TrendKind.CLOUD_MOVE,
    SignalKind.EXECUTIVE_LEFT: TrendKind.REORGANISATION,
}


class Trend(Sourced):
    """A change at an account that was observed on a day, with the course of action and what came of it.

    ``heard_from`` and ``link`` say where it is known from. ``families`` are product families, ``deal_ids``
    and ``contract_ids`` records of the account that it affects. Courses with the same text are the same
    course. ``signal`` is what it was made of, if it was.
    """

    prefix = "trd"

    tenant = reference("Tenant")
    account = reference("Account", "trends")
    signal = reference("Signal", "trends", null=True)
    kind = fields.CharEnumField(TrendKind, max_length=30)
    title = fields.CharField(max_length=200)
    details = fields.CharField(max_length=4000, null=True)
    heard_from = fields.CharField(max_length=500, null=True)
    link = fields.CharField(max_length=1000, null=True)
    observed_on = fields.DateField()
    impact = fields.CharEnumField(TrendImpact, max_length=20, default=TrendImpact.NEUTRAL)
    severity = fields.CharEnumField(Severity, max_length=20, default=Severity.MEDIUM)
    confidence = fields.CharEnumField(Confidence, max_length=20, default=Confidence.MEDIUM)
    families = fields.JSONField[list[str]](default=list)
    deal_ids = fields.JSONField[list[str]](default=list)
    contract_ids = fields.JSONField[list[str]](default=list)
    course = fields.CharField(max_length=200, null=True)
    course_owner = reference("User", null=True)
    course_due_on = fields.DateField(null=True)
    state = fields.CharEnumField(TrendState, max_length=20, default=TrendState.OPEN)
    outcome = fields.CharEnumField(TrendOutcome, max_length=20, null=True)
    outcome_note = fields.CharField(max_length=1000, null=True)
    outcome_on = fields.DateField(null=True)
    tenant_id: str
    account_id: str
    signal_id: str | None
    course_owner_id: str | None

    class Meta:
        table = "trend"
        unique_together = (("tenant", "source", "external_id"),)
        indexes = (
            ("tenant_id", "account_id"),
            ("tenant_id", "observed_on"),
            ("tenant_id", "signal_id"),
            ("tenant_id", "course_owner_id"),
        )

    def check_move(self, to: TrendState) -> None:
        """Raise InvalidTransition unless the trend may go to ``to``."""
        ways = MOVES[TrendState(self.state)]
        if to not in ways:
            raise InvalidTransition(f"a trend that is {self.state} goes to: {allowed(ways)}", ["to"])
        if to is TrendState.ACTED and self.course is None:
            raise InvalidTransition("a trend without a course of action is not acted on", ["to"])

"""What the engine says: recommendations and risks, the revenue they name, and the evidence for them."""

from __future__ import annotations

from tortoise import fields

from models.base import Record, reference
from models.described import Described
from models.errors import InvalidTransition, allowed
from models.severity import Severity


class RecommendationState(Described):
    """Lifecycle of a recommendation; LAPSED closes itself when the condition no longer holds."""

    OPEN = "OPEN", "It holds, and waits for an answer."
    ACCEPTED = "ACCEPTED", "Somebody will follow it; it stays until it is done."
    SNOOZED = "SNOOZED", "It is put aside until a day, and opens again from then on."
    DISMISSED = "DISMISSED", "It was turned down for a reason, and stays away while its condition lasts."
    DONE = "DONE", "It was carried out."
    LAPSED = (
        "LAPSED",
        "Its condition no longer holds: it has closed by itself, and opens again if that comes back.",
    )


class RiskState(Described):
    """Lifecycle of a risk; LAPSED closes itself when the condition no longer holds."""

    OPEN = "OPEN", "It holds."
    MITIGATED = "MITIGATED", "It was dealt with: it counts in no revenue at risk."
    REALISED = "REALISED", "It came true: the revenue is lost."
    LAPSED = (
        "LAPSED",
        "Its condition no longer holds: it has closed by itself, and opens again if that comes back.",
    )


class Outcome(Described):
    """What came of a recommendation that was carried out."""

    WORKED = "WORKED", "It helped; counts for its rule."
    FAILED = "FAILED", "It did not help; counts against its rule."
    UNKNOWN = "UNKNOWN", "Not known yet, or not to be told; counts for nothing."


class Withheld(Described):
    """Why an open recommendation is not offered: a gate, people's answers, or more pressing ones."""

    ELIGIBLE = "ELIGIBLE", "The gate `eligible` of its rule: we may not do it."
    APPLICABLE = "APPLICABLE", "The gate `applicable` of its rule: now is not the time for it."
    SUITABLE = "SUITABLE", "The gate `suitable` of its rule: it is not good for the customer."
    DISMISSED = "DISMISSED", "Its action was dismissed too often at the account of late."
    CAP = "CAP", "As many more pressing ones are offered as an account is offered at once."


class LineKind(Described):
    """What a revenue line is."""

    CONTRACT = "CONTRACT", "A contract, at its annual value."
    DEAL = "DEAL", "A deal, at its amount."
    SERVICE = "SERVICE", "A service, at its annual value."


TRANSITIONS: dict[RecommendationState, frozenset[RecommendationState]] = {
    RecommendationState.OPEN: frozenset(
        {
            RecommendationState.ACCEPTED,
            RecommendationState.SNOOZED,
            RecommendationState.DISMISSED,
            RecommendationState.DONE,
        }
    ),
    RecommendationState.ACCEPTED: frozenset(
        {RecommendationState.SNOOZED, RecommendationState.DISMISSED, RecommendationState.DONE}
    ),
    RecommendationState.SNOOZED: frozenset(
        {
            RecommendationState.ACCEPTED,
            RecommendationState.SNOOZED,
            RecommendationState.DISMISSED,
            RecommendationState.DONE,
        }
    ),
    RecommendationState.DISMISSED: frozenset(),
    RecommendationState.DONE: frozenset(),
    RecommendationState.LAPSED: frozenset(),
}


#: That a recommendation, a row ``t``, holds as of ``:as_of`` and waits for an answer.
WAITING = (
    "t.held_since <= :as_of and (t.lapsed_on is null or t.lapsed_on > :as_of)"
    f" and t.state = '{RecommendationState.OPEN.value}'"
)


class Verdict(Record):
    """What a recommendation and a risk share: identity, subject, and the runs that moved it.

    Identity is ``(tenant, rule_key, subject_key)``. ``as_of`` dates are business dates of the runs:
    since when it holds, when it was last seen, when it lapsed. ``confidential`` says that it tells of the
    account's revenue or service, which the owner of a deal on it does not see.
    """

    untracked = Record.untracked | {"last_seen_on", "changed_run_id", "because", "rulebook_version"}

    rule_key = fields.CharField(max_length=100)
    rulebook_version = fields.TextField()
    subject_key = fields.CharField(max_length=400)
    confidential = fields.BooleanField(default=False, db_default=False)
    title = fields.CharField(max_length=300)
    held_since = fields.DateField()
    last_seen_on = fields.DateField()
    lapsed_on = fields.DateField(null=True)
    reopened_count = fields.IntField(default=0)
    opened_run_id = fields.CharField(max_length=40)
    changed_run_id = fields.CharField(max_length=40)

    class Meta:
        abstract = True


class Recommendation(Verdict):
    """What to do next about an account.

    ``priority`` = likelihood x value (in whole units) x urgency x lever. One that is withheld stands, and is
    not offered: ``withheld_because`` has the condition that a gate found wanting. ``answered_on`` is the
    business date of the last answer.
    """

    prefix = "rec"
    untracked = Verdict.untracked | {"withheld", "withheld_because", "priority", "likelihood", "lever"}

    tenant = reference("Tenant")
    account = reference("Account", "recommendations")
    deal = reference("Deal", "recommendations", null=True)
    state = fields.CharEnumField(RecommendationState, max_length=20, default=RecommendationState.OPEN)
    action = fields.CharField(max_length=60)
    play = fields.CharField(max_length=100, null=True)
    because = fields.CharField(max_length=1000)
    due_on = fields.DateField()
    likelihood = fields.FloatField()
    urgency = fields.FloatField()
    value_minor = fields.BigIntField()
    currency = fields.CharField(max_length=3)
    lever = fields.FloatField(default=1.0, db_default=1.0)
    priority = fields.FloatField()
    withheld = fields.CharEnumField(Withheld, max_length=20, null=True)
    withheld_because = fields.TextField(null=True)
    answered_on = fields.DateField(null=True)
    snoozed_until = fields.DateField(null=True)
    dismissed_reason = fields.CharField(max_length=500, null=True)
    outcome = fields.CharEnumField(Outcome, max_length=20, null=True)
    tenant_id: str
    account_id: str
    deal_id: str | None

    class Meta:
        table = "recommendation"
        unique_together = (("tenant", "rule_key", "subject_key"),)
        indexes = (
            ("tenant_id", "account_id"),
            ("tenant_id", "deal_id"),
            ("tenant_id", "state", "priority"),
        )

    def check_transition(self, to: RecommendationState) -> None:
        """Raise InvalidTransition unless a person may move the recommendation to ``to``."""
        options = TRANSITIONS[RecommendationState(self.state)]
        if to not in options:
            raise InvalidTransition(
                f"a recommendation that is {self.state} cannot become {to};"
                f" allowed: {allowed(sorted(option.value for option in options))}",
                ["id"],
            )


class Risk(Verdict):
    """Revenue that an open condition endangers, its lines say which revenue, each once."""

    prefix = "risk"

    tenant = reference("Tenant")
    account = reference("Account", "risks")
    deal = reference("Deal", "risks", null=True)
    state = fields.CharEnumField(RiskState, max_length=20, default=RiskState.OPEN)
    kind = fields.CharField(max_length=60)
    severity = fields.CharEnumField(Severity, max_length=20)
    exposure_minor = fields.BigIntField()
    currency = fields.CharField(max_length=3)
    probability = fields.FloatField()
    tenant_id: str
    account_id: str
    deal_id: str | None

    class Meta:
        table = "risk"
        unique_together = (("tenant", "rule_key", "subject_key"),)
        indexes = (("tenant_id", "account_id"), ("tenant_id", "deal_id"), ("tenant_id", "state", "kind"))


class RiskLine(Record):
    """A revenue line that a risk names, from ``from_on`` until before ``until_on``.

    It is a contract's or a service's annual value or a deal's amount. ``part_of`` is the contract or deal
    in which the revenue is counted: a service is part of its contract, a renewal of what it renews.
    """

    prefix = "rl"

    tenant = reference("Tenant")
    risk = reference("Risk", "lines")
    line_kind = fields.CharEnumField(LineKind, max_length=20)
    line_id = fields.CharField(max_length=40)
    part_of = fields.CharField(max_length=40)
    amount_minor = fields.BigIntField()
    currency = fields.CharField(max_length=3)
    from_on = fields.DateField()
    until_on = fields.DateField(null=True)
    tenant_id: str
    risk_id: str

    class Meta:
        table = "risk_line"
        unique_together = (("tenant", "risk", "line_id", "from_on"),)
        indexes = (("tenant_id", "line_id"),)


class Evidence(Record):
    """One condition of a rule with the value that was seen in one fact, and the threshold it met.

    ``threshold`` and ``seen`` are JSON texts (the ORM takes a plain string for JSON already).
    ``fact_kind`` and ``fact_id`` name the source record.
    """

    prefix = "ev"

    tenant = reference("Tenant")
    recommendation = reference("Recommendation", "evidence", null=True)
    risk = reference("Risk", "evidence", null=True)
    position = fields.IntField()
    alias = fields.CharField(max_length=160)
    fact_kind = fields.CharField(max_length=40)
    fact_id = fields.CharField(max_length=60)
    field = fields.CharField(max_length=200)
    op = fields.CharField(max_length=20)
    threshold = fields.TextField(null=True)
    seen = fields.TextField(null=True)
    reference = fields.CharField(max_length=220, null=True)
    observed_on = fields.DateField()
    source = fields.CharField(max_length=120)
    tenant_id: str
    recommendation_id: str | None
    risk_id: str | None

    class Meta:
        table = "evidence"
        indexes = (("tenant_id", "recommendation_id"), ("tenant_id", "risk_id"))


class Answer(Record):
    """One answer to a recommendation, and what came of it. The record of a rule is made of these.

    ``state`` is what was answered, ``outcome`` what came of one that was carried out, at once or later.
    """

    prefix = "ans"

    tenant = reference("Tenant")
    recommendation = reference("Recommendation", "answers")
    account = reference("Account")
    rule_key = fields.CharField(max_length=100)
    action = fields.CharField(max_length=60)
    state = fields.CharEnumField(RecommendationState, max_length=20)
    outcome = fields.CharEnumField(Outcome, max_length=20, null=True)
    answered_on = fields.DateField()
    outcome_on = fields.DateField(null=True)
    tenant_id: str
    recommendation_id: str
    account_id: str

    class Meta:
        table = "answer"
        indexes = (
            ("tenant_id", "recommendation_id"),
            ("tenant_id", "account_id", "action"),
            ("tenant_id", "rule_key"),
        )


class Lever(Record):
    """The weight of an action, a segment, or both: what the business wants more of.

    ``percent`` is on top: 55 makes 1.55. An empty action or segment stands for all.
    """

    prefix = "lev"

    tenant = reference("Tenant")
    action = fields.CharField(max_length=60, default="", db_default="")
    segment = fields.CharField(max_length=100, default="", db_default="")
    percent = fields.IntField()
    reason = fields.CharField(max_length=500)
    set_by = reference("User", null=True)
    tenant_id: str
    set_by_id: str | None

    class Meta:
        table = "lever"
        unique_together = (("tenant", "action", "segment"),)
        indexes = (("tenant_id", "set_by_id"),)

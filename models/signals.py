"""What was heard about an account: observations that rules listen to."""

from __future__ import annotations

from tortoise import fields

from models.base import Sourced, reference
from models.described import Described


class SignalKind(Described):
    """What kind of thing was observed."""

    COMPETITOR_NAMED = "COMPETITOR_NAMED", "A competitor is talked to, or was named."
    EXECUTIVE_LEFT = "EXECUTIVE_LEFT", "An executive of the customer has left."
    EXECUTIVE_JOINED = "EXECUTIVE_JOINED", "A new executive has come to the customer."
    MERGER = "MERGER", "The customer merges, buys or is bought."
    BUDGET_CUT = "BUDGET_CUT", "The customer is to spend less."
    SITE_OPENED = "SITE_OPENED", "The customer opens a site."
    SITE_CLOSED = "SITE_CLOSED", "The customer closes a site."
    TENDER_ANNOUNCED = "TENDER_ANNOUNCED", "The customer asks for offers, or will."
    CLOUD_MOVE = "CLOUD_MOVE", "The customer moves work to a cloud."
    COMPLAINT = "COMPLAINT", "The customer is dissatisfied."
    PRAISE = "PRAISE", "The customer is satisfied."
    OTHER = "OTHER", "Anything else; the summary says what."


class Signal(Sourced):
    """An observation about an account on a date, optionally about one deal or contact of it."""

    prefix = "sig"

    tenant = reference("Tenant")
    account = reference("Account", "signals")
    deal = reference("Deal", "signals", null=True)
    contact = reference("Contact", "signals", null=True)
    kind = fields.CharEnumField(SignalKind, max_length=30)
    summary = fields.CharField(max_length=1000)
    observed_on = fields.DateField()
    tenant_id: str
    account_id: str
    deal_id: str | None
    contact_id: str | None

    class Meta:
        table = "signal"
        unique_together = (("tenant", "source", "external_id"),)
        indexes = (
            ("tenant_id", "account_id", "observed_on"),
            ("tenant_id", "deal_id"),
            ("tenant_id", "contact_id"),
        )

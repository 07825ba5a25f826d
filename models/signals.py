"""What was heard about an account: observations that rules listen to."""

from __future__ import annotations

from enum import StrEnum

from tortoise import fields

from models.base import Sourced, reference


class SignalKind(StrEnum):
    """What kind of thing was observed."""

    COMPETITOR_NAMED = "COMPETITOR_NAMED"
    EXECUTIVE_LEFT = "EXECUTIVE_LEFT"
    EXECUTIVE_JOINED = "EXECUTIVE_JOINED"
    MERGER = "MERGER"
    BUDGET_CUT = "BUDGET_CUT"
    SITE_OPENED = "SITE_OPENED"
    SITE_CLOSED = "SITE_CLOSED"
    TENDER_ANNOUNCED = "TENDER_ANNOUNCED"
    CLOUD_MOVE = "CLOUD_MOVE"
    COMPLAINT = "COMPLAINT"
    PRAISE = "PRAISE"
    OTHER = "OTHER"


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

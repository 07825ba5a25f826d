"""What went wrong at the customer: trouble tickets."""

from __future__ import annotations

from enum import StrEnum

from tortoise import fields

from models.base import Severity, Sourced, reference


class TicketState(StrEnum):
    """States of a trouble ticket (TMF621)."""

    ACKNOWLEDGED = "ACKNOWLEDGED"
    REJECTED = "REJECTED"
    PENDING = "PENDING"
    HELD = "HELD"
    IN_PROGRESS = "IN_PROGRESS"
    RESOLVED = "RESOLVED"
    CLOSED = "CLOSED"
    CANCELLED = "CANCELLED"

    @property
    def is_open(self) -> bool:
        """Whether somebody still works on the ticket."""
        return self not in _ENDED


_ENDED = frozenset({TicketState.REJECTED, TicketState.RESOLVED, TicketState.CLOSED, TicketState.CANCELLED})


class Ticket(Sourced):
    """A trouble ticket, open from ``opened_on`` until ``resolved_on``."""

    prefix = "tkt"

    tenant = reference("Tenant")
    account = reference("Account", "tickets")
    service = reference("Service", "tickets", null=True)
    title = fields.CharField(max_length=300)
    severity = fields.CharEnumField(Severity, max_length=20, default=Severity.MEDIUM)
    state = fields.CharEnumField(TicketState, max_length=20, default=TicketState.ACKNOWLEDGED)
    opened_on = fields.DateField()
    resolved_on = fields.DateField(null=True)
    tenant_id: str
    account_id: str
    service_id: str | None

    class Meta:
        table = "ticket"
        unique_together = (("tenant", "source", "external_id"),)
        indexes = (("tenant_id", "account_id"), ("tenant_id", "service_id"))

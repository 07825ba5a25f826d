"""What went wrong at the customer: trouble tickets."""

from __future__ import annotations

from tortoise import fields

from models.base import Sourced, reference
from models.described import Described
from models.severity import Severity


class TicketState(Described):
    """States of a trouble ticket (TMF621)."""

    ACKNOWLEDGED = "ACKNOWLEDGED", "It was received; nobody works on it yet."
    REJECTED = "REJECTED", "It is ended: not accepted as a trouble."
    PENDING = "PENDING", "It waits for something from outside, as the customer's answer."
    HELD = "HELD", "It is put aside for now."
    IN_PROGRESS = "IN_PROGRESS", "Somebody works on it."
    RESOLVED = "RESOLVED", "It is ended: the trouble is over, to be confirmed."
    CLOSED = "CLOSED", "It is ended, and confirmed to be."
    CANCELLED = "CANCELLED", "It is ended: it was taken back."

    @property
    def is_open(self) -> bool:
        """Whether somebody still works on the ticket."""
        return self not in _ENDED


_ENDED = frozenset({TicketState.REJECTED, TicketState.RESOLVED, TicketState.CLOSED, TicketState.CANCELLED})
_ENDED_STATES = ", ".join(f"'{state.value}'" for state in TicketState if not state.is_open)
#: That a ticket, a row ``t``, is open as of ``:as_of``: its day of resolution says when it ended, and one
#: without it goes by its state.
OPEN = f"(t.resolved_on > :as_of or (t.resolved_on is null and t.state not in ({_ENDED_STATES})))"


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

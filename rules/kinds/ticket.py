"""Facts of kind ``ticket``: those that are open, or were resolved within 90 days."""

from __future__ import annotations

from models.severity import Severity
from models.tickets import OPEN as TICKET_OPEN
from models.tickets import Ticket, TicketState
from rules.kinds.declaring import days, flag, identity, kind, number, text
from rules.registry import Rows

_SEVERITY = " ".join(f"when '{severity.value}' then {severity.rank}" for severity in Severity)
_ROWS = Rows(Ticket, where=f"t.opened_on <= :as_of and ({TICKET_OPEN} or t.resolved_on > :day_90)")

TICKET = kind(
    "ticket",
    "a trouble ticket that is open, or was resolved within the last 90 days",
    _ROWS,
    text("name", "the ticket's title", "t.title"),
    text("severity", "how bad it is", "t.severity", Severity),
    number(
        "severity_rank",
        "",
        "0 for LOW to 3 for CRITICAL",
        f"case t.severity {_SEVERITY} end",
        minimum=0,
        maximum=3,
    ),
    text("state", "its state (TMF621)", "t.state", TicketState),
    flag("is_open", "whether somebody works on it: not resolved, closed, cancelled or rejected", TICKET_OPEN),
    days("age_days", "days since it was opened", "DAYS(:as_of, t.opened_on)"),
    identity("service_id", "the service it is about", "t.service_id"),
)

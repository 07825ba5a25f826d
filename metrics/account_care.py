"""What went wrong at accounts and how they use what they have, as of a date: tickets and usage."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from statistics import median

from metrics.account_records import Records, day_of
from models.base import days_between
from models.database import as_int, fetch, listed, one_of, text_order
from models.forecast import Period
from models.services import UsageMonth
from models.severity import Severity
from models.tickets import OPEN, Ticket, TicketState
from models.visibility import visible

_NEVER_ONE = f"('{TicketState.REJECTED.value}', '{TicketState.CANCELLED.value}')"


@dataclass(frozen=True)
class OpenTicket:
    """A trouble ticket that is open."""

    id: str
    account: str
    title: str
    severity: Severity
    opened_on: date


@dataclass(frozen=True)
class Restored:
    """Tickets of a severity in a period: how many were opened and resolved, and in how many days.

    ``median_days`` and ``longest_days`` are from opening to resolution, of those resolved in the period;
    None without any.
    """

    severity: Severity
    opened: int
    resolved: int
    median_days: float | None
    longest_days: int | None


@dataclass(frozen=True)
class TicketMonths:
    """How many tickets were opened and resolved in calendar months, these by their first days."""

    months: tuple[date, ...]
    opened: tuple[int, ...]
    resolved: tuple[int, ...]


async def open_tickets(records: Records) -> list[OpenTicket]:
    """The tickets that are open, the severest first and of these the oldest."""
    rows = await records.rows(
        Ticket,
        ["severity", "state", "opened_on", "resolved_on"],
        f"t.opened_on <= :as_of and {OPEN} order by t.opened_on, t.id",
        shown="n.title as name",
    )
    found = [
        OpenTicket(
            str(row["id"]),
            str(row["account"]),
            str(row["name"]),
            Severity(str(row["severity"])),
            day_of(row["opened_on"]),
        )
        for row in rows
    ]
    return sorted(found, key=lambda each: -each.severity.rank)


async def ticket_days(records: Records, since: date) -> list[tuple[Severity, date, date | None]]:
    """Each ticket that was open at some time since a day: its severity, when it was opened and resolved.

    Those that were rejected or taken back are none. A resolution after the date is not known yet.
    """
    rows = await records.rows(
        Ticket,
        ["severity", "state", "opened_on", "resolved_on"],
        "t.opened_on <= :as_of and (t.resolved_on is null or t.resolved_on >= :since)"
        f" and t.state not in {_NEVER_ONE} order by t.opened_on, t.id",
        shown="n.title",
        since=since,
    )
    return [
        (Severity(str(row["severity"])), day_of(row["opened_on"]), _by(row["resolved_on"], records.as_of))
        for row in rows
    ]


def _by(value: object, as_of: date) -> date | None:
    day = day_of(value) if value is not None else None
    return day if day is not None and day <= as_of else None


def by_month(tickets: Iterable[tuple[Severity, date, date | None]], months: Iterable[date]) -> TicketMonths:
    """How many of these tickets were opened and resolved in each month."""
    opened = dict.fromkeys(months, 0)
    resolved = dict(opened)
    for _, first, last in tickets:
        if first.replace(day=1) in opened:
            opened[first.replace(day=1)] += 1
        if last is not None and last.replace(day=1) in resolved:
            resolved[last.replace(day=1)] += 1
    return TicketMonths(tuple(opened), tuple(opened.values()), tuple(resolved.values()))


def restored(tickets: Iterable[tuple[Severity, date, date | None]], period: Period) -> list[Restored]:
    """How quickly tickets were resolved in a period, by severity, the severest first; none of no ticket."""
    told = list(tickets)
    found = []
    for severity in sorted(Severity, key=lambda each: -each.rank):
        of = [(first, last) for what, first, last in told if what is severity]
        opened = sum(period.first <= first <= period.last for first, _ in of)
        days = [
            days_between(first, last) for first, last in of if last and period.first <= last <= period.last
        ]
        if opened or days:
            found.append(
                Restored(
                    severity,
                    opened,
                    len(days),
                    float(median(days)) if days else None,
                    max(days, default=None),
                )
            )
    return found


async def usage(records: Records, since: date) -> Mapping[str, Mapping[date, int]]:
    """What was used in each whole month since one, by its first day, of each unit by its name."""
    seen = visible(UsageMonth, records.actor, "t")
    unit = text_order("t.unit")
    rows = await fetch(
        f"select {unit} as unit, t.month, sum(t.quantity) as quantity from usage_month t"
        f" where {seen.sql} and {one_of('t.account_id', 'accounts')}"
        " and t.month >= :since and t.month < :until"
        f" group by {unit}, t.month order by 1, 2",
        {
            **seen.params,
            "accounts": listed(records.account_ids),
            "since": since,
            "until": records.as_of.replace(day=1),
        },
    )
    found: dict[str, dict[date, int]] = {}
    for row in rows:
        found.setdefault(str(row["unit"]), {})[day_of(row["month"])] = as_int(row["quantity"])
    return found

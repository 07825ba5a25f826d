"""What happened at an account lately: trouble tickets, what was heard, and what it owes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from random import Random

from commands.journal import FieldChange
from jobs.demo.accounts import AccountSpec
from jobs.demo.draft import Row, Rows, days_before, minor, workday
from jobs.demo.names import (
    CITIES,
    COMPETITORS,
    HEARD,
    LEFT_HEARD,
    RIVAL_HEARD,
    RIVAL_SEEN,
    SEVERE_TICKETS,
    TICKETS,
)
from jobs.demo.stories import Story
from models.severity import Severity
from models.signals import SignalKind
from models.tickets import TicketState

#: How often a healthy account has one severe ticket open.
SEVERE_CHANCE = 0.12
RIVAL_SEEN_CHANCE = 0.15
WORKING_ON = (TicketState.ACKNOWLEDGED, TicketState.IN_PROGRESS, TicketState.PENDING)


def add_tickets(rows: Rows, spec: AccountSpec, story: Story, today: date, random: Random) -> None:
    """Add resolved tickets of the last year, one or two small open ones, and the severe ones."""
    if not rows.services:
        return
    severe = story.severe_tickets
    if severe is None:
        severe = int(random.random() < SEVERE_CHANCE)
    for index, (title, service) in enumerate(_troubles(rows, SEVERE_TICKETS, severe, random)):
        opened = days_before(today, random.randint(1, 9))
        severity = Severity.CRITICAL if index == 0 else Severity.HIGH
        _add_ticket(rows, spec, title, service, severity, opened, random)
    resolved = random.randint(2, 5)
    troubles = _troubles(rows, TICKETS, resolved + random.randint(0, 2), random)
    for index, (title, service) in enumerate(troubles):
        severity = random.choice((Severity.LOW, Severity.MEDIUM, Severity.MEDIUM))
        if index >= resolved:
            opened = workday(days_before(today, random.randint(1, 20)))
            _add_ticket(rows, spec, title, service, severity, opened, random)
            continue
        opened = workday(days_before(today, random.randint(25, 350)))
        _add_ticket(rows, spec, title, service, severity, opened, random)
        _resolve(rows.tickets[-1], random.randint(1, 14))


def _troubles(
    rows: Rows, catalogue: Sequence[tuple[str, frozenset[str]]], count: int, random: Random
) -> list[tuple[str, Row]]:
    """Up to that many different troubles that the account's services can have, each with its service."""
    possible = [
        (title, service)
        for title, products in catalogue
        for service in rows.services
        if service.external_id.rpartition("-")[2] in products
    ]
    random.shuffle(possible)
    return list(dict(possible).items())[:count]


def _add_ticket(
    rows: Rows,
    spec: AccountSpec,
    title: str,
    service: Row,
    severity: Severity,
    opened: date,
    random: Random,
) -> None:
    opened = max(opened, service.began or opened)
    values: dict[str, object] = {
        "account_id": spec.external_id,
        "service_id": service.external_id,
        "title": title.format(city=random.choice(CITIES[spec.country])),
        "severity": severity,
        "state": random.choice(WORKING_ON),
        "opened_on": opened,
    }
    rows.tickets.append(Row(f"TKT-{spec.number:02d}-{len(rows.tickets) + 1}", values, began=opened))


def _resolve(ticket: Row, days: int) -> None:
    assert ticket.began is not None
    on = ticket.began + timedelta(days=days)
    ticket.history += [
        FieldChange("state", ticket.values["state"], TicketState.CLOSED, on),
        FieldChange("resolved_on", None, on, on),
    ]
    ticket.values |= {"state": TicketState.CLOSED, "resolved_on": on}


def add_signals(rows: Rows, spec: AccountSpec, story: Story, today: date, random: Random) -> None:
    """Add what was heard in the last year, and what the story's deals and people give reason to hear."""
    for told in story.deals:
        if told.competitor_heard is not None:
            deal = next(row for row in rows.deals if row.external_id.endswith(f"-{told.key}"))
            text = random.choice(RIVAL_HEARD).format(
                rival=deal.values["competitor"], deal=deal.values["name"]
            )
            day = days_before(today, told.competitor_heard)
            _add_signal(rows, spec, SignalKind.COMPETITOR_NAMED, text, day).values["deal_id"] = (
                deal.external_id
            )
    if story.executive_left is not None:
        person = rows.contacts[-1]
        text = LEFT_HEARD.format(person=person.values["name"])
        day = days_before(today, max(0, story.executive_left - 2))
        _add_signal(rows, spec, SignalKind.EXECUTIVE_LEFT, text, day).values["contact_id"] = (
            person.external_id
        )
    for kind in random.sample(sorted(HEARD), random.randint(2, 4)):
        text = random.choice(HEARD[kind]).format(city=random.choice(CITIES[spec.country]))
        _add_signal(rows, spec, SignalKind(kind), text, workday(days_before(today, random.randint(2, 300))))
    if random.random() < RIVAL_SEEN_CHANCE:
        text = RIVAL_SEEN.format(rival=random.choice(COMPETITORS))
        day = workday(days_before(today, random.randint(5, 150)))
        _add_signal(rows, spec, SignalKind.COMPETITOR_NAMED, text, day)


def _add_signal(rows: Rows, spec: AccountSpec, kind: SignalKind, summary: str, day: date) -> Row:
    values: dict[str, object] = {
        "account_id": spec.external_id,
        "kind": kind,
        "summary": summary,
        "observed_on": day,
    }
    rows.signals.append(Row(f"SIG-{spec.number:02d}-{len(rows.signals) + 1}", values, began=day))
    return rows.signals[-1]


def owe(account: Row, days: int, today: date, random: Random) -> None:
    """Let the account owe an amount that was due that many days ago."""
    since, amount = days_before(today, days), minor(random.randint(180, 900) * 100)
    account.values |= {"overdue_minor": amount, "overdue_since": since}
    account.history += [
        FieldChange("overdue_minor", 0, amount, since),
        FieldChange("overdue_since", None, since, since),
    ]

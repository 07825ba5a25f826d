"""The people at the customer."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from tortoise import fields

from models.base import Sourced, reference
from models.described import Described
from models.errors import InvalidTransition

#: What stands where a text told of a person whose data was erased; to YAML too it is a text like any other.
ERASED = "(erased)"
#: That a contact, a row ``t``, has not left as of ``:as_of``, and is somebody still.
PRESENT = "(t.left_on is null or t.left_on > :as_of) and t.erased_at is null"
#: How long an interaction takes at most: seven days.
MOST_MINUTES = 7 * 24 * 60
_ADDRESS = re.compile(r"[^\s@]+@[^\s@]+")
#: The columns of a contact that say who somebody is.
PERSONAL = ("name", "email", "phone", "title")


class Seniority(Described):
    """Where a contact stands in the customer's organisation, highest first."""

    EXECUTIVE = "EXECUTIVE", "On the board or the management of the customer."
    HEAD = "HEAD", "Head of a department or a division."
    MANAGER = "MANAGER", "Leads a team."
    STAFF = "STAFF", "Leads nobody, or nothing is known of it."


class InteractionKind(Described):
    """How we and somebody at the customer had to do with each other."""

    CALL = "CALL", "A telephone call."
    VISIT = "VISIT", "A visit: both were in the same place, at the customer's or at ours."
    MEETING = "MEETING", "A meeting at which not all were in the same place, such as by video."
    MAIL = "MAIL", "A letter or a message, with whatever was enclosed."
    EVENT = "EVENT", "An occasion with others: a conference, a dinner, a training."
    TASK = "TASK", "Something that was done for the customer without a word being exchanged."


class InteractionDirection(Described):
    """From whom it came."""

    OUTBOUND = "OUTBOUND", "From us."
    INBOUND = "INBOUND", "From the customer."


class Contact(Sourced):
    """A person at an account, ``last_contacted_on`` is the last call, visit or answered mail.

    That is to say the last that a source noted of its own, or that was typed in an earlier release. When the
    person was last contacted is the later of it and of the last interaction: see metrics/relationships.py.
    Who goes to another account stays here with ``left_on`` and is a new contact there, which names this one
    as ``moved_from``: what was here stays with those who see it. ``reports_to`` is the person above at the
    same account.
    One whose data was erased (``erased_at``) stays as somebody without a name.
    """

    prefix = "con"

    tenant = reference("Tenant")
    account = reference("Account", "contacts")
    name = fields.CharField(max_length=200)
    email = fields.CharField(max_length=200, null=True)
    phone = fields.CharField(max_length=60, null=True)
    title = fields.CharField(max_length=200, null=True)
    seniority = fields.CharEnumField(Seniority, max_length=20, default=Seniority.STAFF)
    last_contacted_on = fields.DateField(null=True)
    left_on = fields.DateField(null=True)
    erased_at = fields.DatetimeField(null=True)
    joined_on = fields.DateField(null=True)
    reports_to = reference("Contact", "reports", null=True)
    moved_from = reference("Contact", null=True)
    tenant_id: str
    account_id: str
    reports_to_id: str | None
    moved_from_id: str | None

    class Meta:
        table = "contact"
        unique_together = (("tenant", "source", "external_id"),)
        indexes = (
            ("tenant_id", "account_id"),
            ("tenant_id", "reports_to_id"),
            ("tenant_id", "moved_from_id"),
        )

    def check_kept(self, path: str = "id") -> None:
        """Raise InvalidTransition when the person's data was erased: nothing of it can be changed."""
        if self.erased_at is not None:
            raise InvalidTransition(f"the data of {self.id} was erased; nothing of it can be changed", [path])


class Interaction(Sourced):
    """A call, visit, mail or the like with an account on a day, as far as is known about a deal or a contact.

    ``happened_at`` is the moment (UTC) of ``happened_on``, where it is known: in the customer's place that
    day may be the one before or after. ``user`` is who of us it was with, ``duration_minutes`` how long it
    took.
    """

    prefix = "act"

    tenant = reference("Tenant")
    account = reference("Account", "interactions")
    deal = reference("Deal", "interactions", null=True)
    contact = reference("Contact", "interactions", null=True)
    user = reference("User", "interactions", null=True)
    kind = fields.CharEnumField(InteractionKind, max_length=20)
    direction = fields.CharEnumField(InteractionDirection, max_length=20, null=True)
    happened_on = fields.DateField()
    happened_at = fields.DatetimeField(null=True)
    duration_minutes = fields.IntField(null=True)
    subject = fields.CharField(max_length=300, null=True)
    outcome = fields.CharField(max_length=1000, null=True)
    tenant_id: str
    account_id: str
    deal_id: str | None
    contact_id: str | None
    user_id: str | None

    class Meta:
        table = "interaction"
        unique_together = (("tenant", "source", "external_id"),)
        indexes = (
            ("tenant_id", "account_id", "happened_on"),
            ("tenant_id", "deal_id", "happened_on"),
            ("tenant_id", "contact_id", "happened_on"),
            ("tenant_id", "user_id", "happened_on"),
        )


@dataclass(frozen=True)
class Fault:
    """What cannot be in the value of a column; the reason goes on where the value ends: ``is no day``."""

    column: str
    reason: str


def future(latest: date) -> str:
    """Why a day after the latest one cannot be."""
    return f"is in the future; allowed: {latest} and earlier"


def contact_faults(values: Mapping[str, object], latest: date) -> Iterator[Fault]:
    """What cannot be in values of a contact, whoever brings them, when ``latest`` is the last day so far."""
    for column in ("joined_on", "left_on", "last_contacted_on"):
        day = values.get(column)
        if isinstance(day, date) and day > latest:
            yield Fault(column, future(latest))
    joined, left = values.get("joined_on"), values.get("left_on")
    if isinstance(joined, date) and isinstance(left, date) and left < joined:
        yield Fault("left_on", f"is before {joined}, when the person joined; allowed: that day and later")
    email = values.get("email")
    if isinstance(email, str) and not _ADDRESS.fullmatch(email):
        yield Fault("email", "is no mail address; allowed: such as kim@customer.example")


def interaction_faults(values: Mapping[str, object], latest: date) -> Iterator[Fault]:
    """What cannot be in values of an interaction, as ``contact_faults`` has it."""
    day, moment, minutes = (values.get(name) for name in ("happened_on", "happened_at", "duration_minutes"))
    if isinstance(day, date) and day > latest:
        yield Fault("happened_on", future(latest))
    elif isinstance(day, date) and isinstance(moment, datetime) and abs((day - moment.date()).days) > 1:
        yield Fault("happened_at", f"is not on {day} anywhere")
    if isinstance(minutes, int) and minutes > MOST_MINUTES:
        yield Fault(
            "duration_minutes", f"is out of range; allowed: 0 to {MOST_MINUTES}, which are seven days"
        )


def erased_key(tenant_id: str, source: str | None, external_id: str) -> str:
    """What an erased person is known by instead of the id in a source: it says who it was to nobody else."""
    told = "\0".join((tenant_id, source or "", external_id))
    return f"erased:{hashlib.sha256(told.encode()).hexdigest()}"

"""What happened to the records: field-level changes with business dates, and who did what when."""

from __future__ import annotations

from tortoise import fields

from models.base import Record, reference

CREATED = "created"
#: The field whose change says how many values of a person were erased.
ERASED_VALUES = "erased_values"
#: Columns whose changes have indexes of their own: figures of sales are made of thousands of them.
KEPT_APART = {
    "deal": (
        "amount_minor", "close_on", "closed_on", "forecast_category", "kind", "owner_id",
        "pipeline_stage_id", "probability", "stage", "stage_since", "valid_from",
    )
}  # fmt: skip
#: The two indexes of those: by the day of the change, and of what was not learned on that day.
BY_DAY, OUT_OF_TIME = "effective_on", "out_of_time"
#: What they have, so that they are all that is read.
KEPT_COLUMNS = (
    "effective_on", "known_on", "entity", "entity_id", "field", "created_at", "seq", "old", "new",
)  # fmt: skip


class Change(Record):
    """One field of one record going from one value to another.

    ``effective_on`` is the business date (valid time), ``known_on`` the day on which we learned it (known
    time; null in what an older release wrote, whose ``created_at`` says it), ``created_at`` when it was
    recorded. The two differ in the history that a source brings with its first import: it was known there.
    ``old`` and ``new`` are the stored values as text, null for null. The value as of a date is the
    ``old`` of the earliest change after it, or the current value when there is none. ``seq`` orders
    changes of the same day. A record's creation is one change of the field ``created``. The erasure of a
    person's data is one of the field ``erased_values``, whose ``new`` says how many there were: they stand
    as a mark in the rows of the log that had them.
    """

    prefix = "chg"

    tenant = reference("Tenant")
    audit = reference("AuditRecord", "changes")
    entity = fields.CharField(max_length=40)
    entity_id = fields.CharField(max_length=40)
    field = fields.CharField(max_length=60)
    old = fields.TextField(null=True)
    new = fields.TextField(null=True)
    effective_on = fields.DateField()
    known_on = fields.DateField(null=True)
    seq = fields.IntField(default=0, db_default=0)
    tenant_id: str
    audit_id: str

    class Meta:
        table = "change"
        indexes = (
            ("tenant_id", "entity_id", "field", "effective_on"),
            ("tenant_id", "entity", "effective_on"),
            ("tenant_id", "effective_on"),
            ("tenant_id", "known_on"),
            ("tenant_id", "audit_id"),
        )


class AuditRecord(Record):
    """One command that somebody ran: who, on whose behalf, what, from where, and how many records it touched.

    ``idempotency_key`` makes a creating command safe to repeat: the same key answers with
    ``object_id`` again instead of creating a second one. It is a digest of actor, command and the
    caller's own key, ``request`` one of what was asked.
    """

    prefix = "aud"

    tenant = reference("Tenant")
    actor = reference("User", null=True)
    on_behalf_of = reference("User", null=True)
    command = fields.CharField(max_length=100)
    source = fields.CharField(max_length=60)
    object_id = fields.CharField(max_length=40, null=True)
    idempotency_key = fields.CharField(max_length=200, null=True)
    request = fields.CharField(max_length=64, null=True)
    changes_count = fields.IntField(default=0, db_default=0)
    tenant_id: str
    actor_id: str | None
    on_behalf_of_id: str | None

    class Meta:
        table = "audit_record"
        unique_together = (("tenant", "idempotency_key"),)
        indexes = (
            ("tenant_id", "created_at"),
            ("tenant_id", "actor_id"),
            ("tenant_id", "on_behalf_of_id"),
            ("tenant_id", "object_id"),
            ("tenant_id", "command"),
        )


def kept_apart(table: str, alias: str = "") -> str:
    """The condition that a row of the change log is in those indexes, word by word as they have it."""
    names = ", ".join(f"'{name}'" for name in KEPT_APART[table])
    return f"{alias}entity = '{table}' and {alias}field in ({names})"


def out_of_time(alias: str = "") -> str:
    """The condition that a change was not learned, or is not said to have been, on the day it took effect."""
    return f"({alias}known_on is null or {alias}known_on <> {alias}effective_on)"

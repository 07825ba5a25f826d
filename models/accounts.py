"""The named accounts a director carries, as a tree of parents and subsidiaries."""

from __future__ import annotations

from tortoise import fields

from models.base import Record, Sourced, reference
from models.described import Described


class Tier(Described):
    """How much attention the operator gives an account, highest first."""

    KEY = "KEY", "One of the few accounts that get the most attention."
    NAMED = "NAMED", "An account that a director carries by name."
    STANDARD = "STANDARD", "Any other account."


class Account(Sourced):
    """An enterprise customer or prospect.

    ``overdue_minor`` is what the customer owes past its due date (minor units of ``currency``), since
    ``overdue_since``. A ``placeholder`` gathers records whose source names no account. Its
    ``registration_number`` is that of the register it stands in, its ``domain`` that of its mails and pages.
    """

    prefix = "acc"

    tenant = reference("Tenant")
    name = fields.CharField(max_length=200)
    parent = reference("Account", "subsidiaries", null=True)
    owner = reference("User", "accounts", null=True)
    segment = fields.CharField(max_length=60, null=True)
    industry = fields.CharField(max_length=100, null=True)
    tier = fields.CharEnumField(Tier, max_length=20, default=Tier.STANDARD)
    country = fields.CharField(max_length=100, null=True)
    region = fields.CharField(max_length=100, null=True)
    city = fields.CharField(max_length=100, null=True)
    employees = fields.IntField(null=True)
    sites = fields.IntField(null=True)
    registration_number = fields.CharField(max_length=60, null=True)
    domain = fields.CharField(max_length=253, null=True)
    currency = fields.CharField(max_length=3)
    overdue_minor = fields.BigIntField(default=0, db_default=0)
    overdue_since = fields.DateField(null=True)
    placeholder = fields.BooleanField(default=False, db_default=False)
    tenant_id: str
    parent_id: str | None
    owner_id: str | None

    class Meta:
        table = "account"
        unique_together = (("tenant", "source", "external_id"),)
        indexes = (
            ("tenant_id", "owner_id"),
            ("tenant_id", "parent_id"),
            ("tenant_id", "name"),
            ("tenant_id", "segment"),
        )


#: The field of the change log that tells what an account became part of, and when it was given back.
MERGED_INTO = "merged_into"


class AccountMerge(Record):
    """That a duplicate became part of another account, with what it was and what had to give way.

    ``account`` is what it is part of now: ``survivor_id``, or what that was merged into since. ``merged_id``,
    ``name``, ``source`` and ``external_id`` are those of the duplicate, ``record`` is its row. ``filled`` are
    the survivor's columns that were taken from it, before and after, ``moved`` how many rows went over by
    table, ``set_aside`` the rows that would have stood twice and ``lapsed`` the verdicts that did, with the
    one that stays. Where a row took the place of one that was set aside, ``column`` tells by which of its
    references, and ``from`` what that was. It stands until ``undone_at``.
    """

    prefix = "mrg"
    untracked = Record.untracked | {"record", "filled", "moved", "set_aside", "lapsed"}

    tenant = reference("Tenant")
    account = reference("Account", "merges")
    survivor_id = fields.CharField(max_length=40)
    merged_id = fields.CharField(max_length=40)
    name = fields.CharField(max_length=200)
    source = fields.CharField(max_length=60, null=True)
    external_id = fields.CharField(max_length=200, null=True)
    merged_on = fields.DateField()
    merged_by = reference("User", null=True)
    undone_at = fields.DatetimeField(null=True)
    undone_by = reference("User", null=True)
    record = fields.JSONField[dict[str, object]]()
    filled = fields.JSONField[dict[str, list[object]]]()
    moved = fields.JSONField[dict[str, int]]()
    set_aside = fields.JSONField[list[dict[str, object]]]()
    lapsed = fields.JSONField[list[dict[str, str]]]()
    tenant_id: str
    account_id: str
    merged_by_id: str | None
    undone_by_id: str | None

    class Meta:
        table = "account_merge"
        indexes = (
            ("tenant_id", "account_id"),
            ("tenant_id", "merged_id"),
            ("tenant_id", "source", "external_id"),
            ("tenant_id", "merged_by_id"),
            ("tenant_id", "undone_by_id"),
        )


class DuplicateDismissal(Record):
    """That somebody said of two accounts that may be one that they are not, and why.

    It was said of what was known of both: ``facts`` has that of ``account``, then that of ``other``, as they
    were compared. One that was taken back stays, with the day of that in ``removed_on``.
    """

    prefix = "ddis"
    untracked = Record.untracked | {"facts"}

    tenant = reference("Tenant")
    account = reference("Account")
    other = reference("Account")
    because = fields.CharField(max_length=1000)
    facts = fields.JSONField[list[dict[str, str]]]()
    dismissed_on = fields.DateField()
    dismissed_by = reference("User", null=True)
    removed_on = fields.DateField(null=True)
    tenant_id: str
    account_id: str
    other_id: str
    dismissed_by_id: str | None

    class Meta:
        table = "duplicate_dismissal"
        unique_together = (("tenant", "account", "other"),)
        indexes = (("tenant_id", "other_id"), ("tenant_id", "dismissed_by_id"))


def standing_id(given: str, tenant: str = ":v_tenant") -> str:
    """SQL for the id of the account that has an id, or that a duplicate which had it became part of."""
    return (
        f"coalesce((select vm.account_id from account_merge vm where vm.tenant_id = {tenant}"
        f" and vm.merged_id = {given} and vm.undone_at is null), {given})"
    )

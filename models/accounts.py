"""The named accounts a director carries, as a tree of parents and subsidiaries."""

from __future__ import annotations

from tortoise import fields

from models.base import Sourced, reference
from models.described import Described


class Tier(Described):
    """How much attention the operator gives an account, highest first."""

    KEY = "KEY", "One of the few accounts that get the most attention."
    NAMED = "NAMED", "An account that a director carries by name."
    STANDARD = "STANDARD", "Any other account."


class Account(Sourced):
    """An enterprise customer or prospect.

    ``overdue_minor`` is what the customer owes past its due date (minor units of ``currency``), since
    ``overdue_since``. A ``placeholder`` gathers records whose source names no account.
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
    employees = fields.IntField(null=True)
    sites = fields.IntField(null=True)
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

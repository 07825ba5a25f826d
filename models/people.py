"""The people at the customer."""

from __future__ import annotations

from tortoise import fields

from models.base import Sourced, reference
from models.described import Described


class Seniority(Described):
    """Where a contact stands in the customer's organisation, highest first."""

    EXECUTIVE = "EXECUTIVE", "On the board or the management of the customer."
    HEAD = "HEAD", "Head of a department or a division."
    MANAGER = "MANAGER", "Leads a team."
    STAFF = "STAFF", "Leads nobody, or nothing is known of it."


class Contact(Sourced):
    """A person at an account, ``last_contacted_on`` is the last call, visit or answered mail."""

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
    tenant_id: str
    account_id: str

    class Meta:
        table = "contact"
        unique_together = (("tenant", "source", "external_id"),)
        indexes = (("tenant_id", "account_id"),)

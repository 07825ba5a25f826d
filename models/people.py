"""The people at the customer."""

from __future__ import annotations

import hashlib

from tortoise import fields

from models.base import Sourced, reference
from models.described import Described
from models.errors import InvalidTransition

#: What stands where a text told of a person whose data was erased; to YAML too it is a text like any other.
ERASED = "(erased)"
#: The columns of a contact that say who somebody is.
PERSONAL = ("name", "email", "phone", "title")


class Seniority(Described):
    """Where a contact stands in the customer's organisation, highest first."""

    EXECUTIVE = "EXECUTIVE", "On the board or the management of the customer."
    HEAD = "HEAD", "Head of a department or a division."
    MANAGER = "MANAGER", "Leads a team."
    STAFF = "STAFF", "Leads nobody, or nothing is known of it."


class Contact(Sourced):
    """A person at an account, ``last_contacted_on`` is the last call, visit or answered mail.

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
    tenant_id: str
    account_id: str

    class Meta:
        table = "contact"
        unique_together = (("tenant", "source", "external_id"),)
        indexes = (("tenant_id", "account_id"),)

    def check_kept(self) -> None:
        """Raise InvalidTransition when the person's data was erased: nothing of it can be changed."""
        if self.erased_at is not None:
            raise InvalidTransition(f"the data of {self.id} was erased; nothing of it can be changed", ["id"])


def erased_key(tenant_id: str, source: str | None, external_id: str) -> str:
    """What an erased person is known by instead of the id in a source: it says who it was to nobody else."""
    told = "\0".join((tenant_id, source or "", external_id))
    return f"erased:{hashlib.sha256(told.encode()).hexdigest()}"

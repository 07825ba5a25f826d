"""Whitespace: what an account could buy in a product family, as people see it, and where cells stand."""

from __future__ import annotations

from tortoise import fields

from models.base import Record, reference
from models.described import Described


class CellState(Described):
    """Where an account stands with a product family: the first that applies."""

    OWNED = "OWNED", "A service of it is active or suspended, or it was bought once and for all."
    ORDERED = "ORDERED", "It was sold within a year, or is being delivered, and is not active yet."
    OPEN = "OPEN", "It is in a deal that can still be won."
    NOT_POSSIBLE = "NOT_POSSIBLE", "It does not go with what the account has, or lacks something it needs."
    COMPETITOR = "COMPETITOR", "A competitor supplies it, as far as we know."
    NOT_DELIVERED = "NOT_DELIVERED", "It was sold more than a year ago, and no service of it is known."
    LOST = "LOST", "It was offered in a deal that was lost, or a service of it has ended."
    NEVER = "NEVER", "It was never offered."


class PeerGroup(Described):
    """Whom an account is compared with: the first group in which it has enough peers."""

    SEGMENT_SIZE_AND_SITES = (
        "SEGMENT_SIZE_AND_SITES",
        "Customers of its segment and its size, with about as many sites.",
    )
    SEGMENT_AND_SIZE = "SEGMENT_AND_SIZE", "Customers of its segment and its size."
    SEGMENT = "SEGMENT", "Customers of its segment, of any size."
    TENANT = "TENANT", "All customers, even where these are too few for an estimate."


class AccountPotential(Record):
    """What an account could pay a month for a product family, as somebody who knows it says.

    ``mrc_minor`` is in minor units of ``currency``, ``because`` why it is that much. One that was taken
    back stays, with the day of that in ``removed_on``.
    """

    prefix = "pot"
    immutable = frozenset({"account_id", "product_family", "currency"})

    tenant = reference("Tenant")
    account = reference("Account", "potentials")
    product_family = fields.CharField(max_length=100)
    mrc_minor = fields.BigIntField()
    currency = fields.CharField(max_length=3)
    because = fields.CharField(max_length=1000)
    set_by = reference("User", null=True)
    set_on = fields.DateField()
    removed_on = fields.DateField(null=True)
    valid_from = fields.DateField()
    known_on = fields.DateField(null=True)
    tenant_id: str
    account_id: str
    set_by_id: str | None

    class Meta:
        table = "account_potential"
        unique_together = (("tenant", "account", "product_family"),)
        indexes = (("tenant_id", "set_by_id"),)

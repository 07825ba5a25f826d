"""What is sold: products of the suite with their list prices, and which families go together."""

from __future__ import annotations

from tortoise import fields

from models.base import Record, Sourced, reference
from models.described import Described


class Charge(Described):
    """How a product is charged."""

    RECURRING = "RECURRING", "Charged each month."
    ONE_OFF = "ONE_OFF", "Charged once."


class Product(Sourced):
    """A product, ``list_price_minor`` is per month when the charge is recurring."""

    prefix = "prod"

    tenant = reference("Tenant")
    name = fields.CharField(max_length=200)
    family = fields.CharField(max_length=100, null=True)
    charge = fields.CharEnumField(Charge, max_length=20, default=Charge.RECURRING)
    list_price_minor = fields.BigIntField()
    currency = fields.CharField(max_length=3)
    active = fields.BooleanField(default=True, db_default=True)
    tenant_id: str

    class Meta:
        table = "product"
        unique_together = (("tenant", "source", "external_id"),)
        indexes = (("tenant_id", "name"),)


class Compatibility(Described):
    """How a product family goes with another one."""

    EXCLUDES = "EXCLUDES", "Whoever has one of the two cannot have the other one."
    REQUIRES = "REQUIRES", "Whoever lacks the other family cannot have the first one."


class CompatibilityRule(Record):
    """That ``family`` excludes or requires ``other_family`` at the same account.

    One that holds no more stays, with the day of that in ``removed_on``.
    """

    prefix = "cmp"
    immutable = frozenset({"family", "other_family"})

    tenant = reference("Tenant")
    family = fields.CharField(max_length=100)
    other_family = fields.CharField(max_length=100)
    kind = fields.CharEnumField(Compatibility, max_length=20)
    because = fields.CharField(max_length=500, null=True)
    removed_on = fields.DateField(null=True)
    valid_from = fields.DateField()
    known_on = fields.DateField(null=True)
    tenant_id: str

    class Meta:
        table = "compatibility_rule"
        unique_together = (("tenant", "family", "other_family"),)

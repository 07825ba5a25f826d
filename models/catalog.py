"""What is sold: products of the suite with their list prices."""

from __future__ import annotations

from tortoise import fields

from models.base import Sourced, reference
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

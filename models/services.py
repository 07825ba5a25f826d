"""What runs at the customer: services and what they are used for each month."""

from __future__ import annotations

from datetime import date

from tortoise import fields

from models.base import Sourced, reference
from models.described import Described


class ServiceState(Described):
    """States of a service (TMF638 v4, with v5's suspended)."""

    FEASIBILITY_CHECKED = "FEASIBILITY_CHECKED", "It can be delivered; nothing is planned yet."
    DESIGNED = "DESIGNED", "How it will be delivered is planned."
    RESERVED = "RESERVED", "What it needs is set aside."
    INACTIVE = "INACTIVE", "It is built, and not switched on."
    ACTIVE = "ACTIVE", "It runs."
    SUSPENDED = "SUSPENDED", "It is interrupted for a time, and can go on."
    TERMINATED = "TERMINATED", "It has ended for good."


#: That a service, a row ``t``, runs.
ACTIVE = f"t.state = '{ServiceState.ACTIVE.value}'"


class Service(Sourced):
    """A service delivered to an account, billed at ``mrc_minor`` a month."""

    prefix = "svc"

    tenant = reference("Tenant")
    account = reference("Account", "services")
    contract = reference("Contract", "services", null=True)
    product = reference("Product", "services", null=True)
    name = fields.CharField(max_length=200)
    state = fields.CharEnumField(ServiceState, max_length=20, default=ServiceState.ACTIVE)
    mrc_minor = fields.BigIntField(default=0)
    currency = fields.CharField(max_length=3)
    started_on = fields.DateField(null=True)
    ended_on = fields.DateField(null=True)
    tenant_id: str
    account_id: str
    contract_id: str | None
    product_id: str | None

    class Meta:
        table = "service"
        unique_together = (("tenant", "source", "external_id"),)
        indexes = (("tenant_id", "account_id"), ("tenant_id", "contract_id"), ("tenant_id", "product_id"))


class UsageMonth(Sourced):
    """What a service was used for in a calendar month, known from the first day after it.

    ``month`` is its first day, ``quantity`` is in ``unit`` (GB, minutes, sessions), ``charge_minor``
    is what was billed for it.
    """

    prefix = "use"

    tenant = reference("Tenant")
    account = reference("Account", "usage")
    service = reference("Service", "usage", null=True)
    month = fields.DateField()
    quantity = fields.BigIntField()
    unit = fields.CharField(max_length=20, default="GB", db_default="GB")
    charge_minor = fields.BigIntField(default=0)
    currency = fields.CharField(max_length=3)
    tenant_id: str
    account_id: str
    service_id: str | None

    class Meta:
        table = "usage_month"
        unique_together = (("tenant", "source", "external_id"),)
        indexes = (("tenant_id", "account_id", "month"), ("tenant_id", "service_id", "month"))


def first_of_month(day: date) -> date:
    """The first day of the month that ``day`` is in."""
    return day.replace(day=1)


def months_before(day: date, months: int) -> date:
    """The first day of the month that many months earlier; later when negative."""
    index = day.year * 12 + day.month - 1 - months
    return date(index // 12, index % 12 + 1, 1)

"""What the customer has signed: contracts and their recurring money."""

from __future__ import annotations

from tortoise import fields

from models.base import Sourced, reference

#: That a contract, a row ``t``, has begun by ``:as_of``, has not ended and was not terminated.
RUNNING = (
    "t.starts_on <= :as_of and (t.ends_on is null or t.ends_on >= :as_of)"
    " and (t.terminated_on is null or t.terminated_on > :as_of)"
)


class Contract(Sourced):
    """A signed contract, ``mrc_minor`` is its monthly recurring charge.

    Runs from ``starts_on`` to ``ends_on``, one that was ended early has ``terminated_on``.
    ``etl_share`` is the part of the remaining charges due on early termination, in percent.
    """

    prefix = "ctr"

    tenant = reference("Tenant")
    account = reference("Account", "contracts")
    name = fields.CharField(max_length=200)
    starts_on = fields.DateField()
    ends_on = fields.DateField(null=True)
    terminated_on = fields.DateField(null=True)
    notice_days = fields.IntField(default=90, db_default=90)
    auto_renews = fields.BooleanField(default=False, db_default=False)
    mrc_minor = fields.BigIntField(default=0)
    etl_share = fields.IntField(default=100, db_default=100)
    currency = fields.CharField(max_length=3)
    tenant_id: str
    account_id: str

    class Meta:
        table = "contract"
        unique_together = (("tenant", "source", "external_id"),)
        indexes = (("tenant_id", "account_id"), ("tenant_id", "ends_on"))

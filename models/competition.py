"""Who else sells to our customers: competitors, where they stand, and what to say against them."""

from __future__ import annotations

from tortoise import fields

from models.base import Record, Sourced, reference
from models.described import Described
from models.trends import Confidence


class PositionRole(Described):
    """What a competitor is to an account in a product family."""

    INCUMBENT = "INCUMBENT", "Supplies it."
    CHALLENGER = "CHALLENGER", "Wants to supply it."
    FORMER = "FORMER", "Supplied it, and does no more."


def spelling_key(name: str) -> str:
    """What spellings of one name have in common: case and space do not tell names apart."""
    return " ".join(name.split()).casefold()


class Competitor(Record):
    """Somebody who sells what we sell.

    One that turned out to be another is ``merged_into`` that.
    """

    prefix = "cpt"

    tenant = reference("Tenant")
    name = fields.CharField(max_length=200)
    merged_into = reference("Competitor", null=True)
    tenant_id: str
    merged_into_id: str | None

    class Meta:
        table = "competitor"
        indexes = (("tenant_id", "name"), ("tenant_id", "merged_into_id"))


class CompetitorName(Record):
    """A name that a competitor goes by, ``key`` is what its spellings have in common."""

    prefix = "cpn"
    untracked = Record.untracked | {"key"}

    tenant = reference("Tenant")
    competitor = reference("Competitor", "names")
    name = fields.CharField(max_length=200)
    key = fields.CharField(max_length=600)
    tenant_id: str
    competitor_id: str

    class Meta:
        table = "competitor_name"
        unique_together = (("tenant", "key"),)
        indexes = (("tenant_id", "competitor_id"),)


class CompetitorPosition(Sourced):
    """Where a competitor stands at an account in a product family, as it was observed last.

    ``share`` is the part of what the account buys of the family in percent. ``price_minor`` is a monthly
    charge in minor units of ``currency``, over ``price_term_months``. One that was wrong stays, with the
    day of its removal in ``removed_on``.
    """

    prefix = "cpp"

    tenant = reference("Tenant")
    account = reference("Account", "competition")
    competitor = reference("Competitor", "positions")
    product_family = fields.CharField(max_length=100)
    role = fields.CharEnumField(PositionRole, max_length=20)
    share = fields.IntField(null=True)
    contract_ends_on = fields.DateField(null=True)
    price_minor = fields.BigIntField(null=True)
    currency = fields.CharField(max_length=3)
    price_term_months = fields.IntField(null=True)
    heard_from = fields.CharField(max_length=500, null=True)
    confidence = fields.CharEnumField(Confidence, max_length=20, default=Confidence.MEDIUM)
    observed_on = fields.DateField()
    removed_on = fields.DateField(null=True)
    tenant_id: str
    account_id: str
    competitor_id: str

    class Meta:
        table = "competitor_position"
        unique_together = (
            ("tenant", "account", "competitor", "product_family"),
            ("tenant", "source", "external_id"),
        )
        indexes = (("tenant_id", "competitor_id"), ("tenant_id", "account_id"))


class BattleNote(Record):
    """What to say against a competitor, in one product family or in all, until another one replaces it."""

    prefix = "btl"

    tenant = reference("Tenant")
    competitor = reference("Competitor", "notes")
    author = reference("User", null=True)
    product_family = fields.CharField(max_length=100, null=True)
    text = fields.CharField(max_length=4000)
    written_on = fields.DateField()
    replaced_on = fields.DateField(null=True)
    tenant_id: str
    competitor_id: str
    author_id: str | None

    class Meta:
        table = "battle_note"
        indexes = (("tenant_id", "competitor_id"), ("tenant_id", "author_id"))

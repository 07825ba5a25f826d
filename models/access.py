"""Who is asking: tenants, teams as a tree, users with a role and a manager."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tortoise import fields

from models.base import Record, reference
from models.described import Described


class Role(Described):
    """What a user is to the product."""

    DIRECTOR = "DIRECTOR", "Carries accounts of their own, and sees those."
    MANAGER = (
        "MANAGER",
        "Leads a team: sees what everybody in it and in the teams below it carries, and makes rules.",
    )
    INTEGRATION = "INTEGRATION", "A program that writes for the whole tenant, and sees all of it."
    ADMIN = "ADMIN", "Sees the whole tenant, keeps it judged and makes rules."


class Tenant(Record):
    """A telecom operator that uses the product, nothing of one is ever seen by another.

    ``judged_as_of`` is the latest date as of which all of its accounts were judged together.
    ``max_offers`` is how many open recommendations an account is offered at once. What was dismissed does not
    come back within ``dismissal_days``; after ``dismissals_until_pause`` of an action at an account within
    ``pause_days`` the action is not offered there.
    """

    prefix = "tnt"
    untracked = Record.untracked | {"judged_as_of"}

    name = fields.CharField(max_length=200)
    slug = fields.CharField(max_length=60, unique=True)
    currency = fields.CharField(max_length=3, default="EUR", db_default="EUR")
    judged_as_of = fields.DateField(null=True)
    max_offers = fields.IntField(default=5, db_default=5)
    dismissal_days = fields.IntField(default=30, db_default=30)
    dismissals_until_pause = fields.IntField(default=3, db_default=3)
    pause_days = fields.IntField(default=90, db_default=90)

    class Meta:
        table = "tenant"


class Team(Record):
    """A sales team, ``parent`` makes the tree along which managers see and roll up."""

    prefix = "team"

    tenant = reference("Tenant")
    name = fields.CharField(max_length=200)
    parent = reference("Team", "children", null=True)
    tenant_id: str
    parent_id: str | None

    class Meta:
        table = "team"
        unique_together = (("tenant", "name"),)
        indexes = (("tenant_id", "parent_id"),)


class User(Record):
    """A person or an integration that signs in.

    A manager sees the accounts of ``team`` and of every team below it.
    """

    prefix = "usr"

    tenant = reference("Tenant")
    name = fields.CharField(max_length=200)
    email = fields.CharField(max_length=200)
    role = fields.CharEnumField(Role, max_length=20)
    team = reference("Team", "members", null=True)
    manager = reference("User", "reports", null=True)
    active = fields.BooleanField(default=True, db_default=True)
    source = fields.CharField(max_length=60, null=True)
    external_id = fields.CharField(max_length=200, null=True)
    tenant_id: str
    team_id: str | None
    manager_id: str | None

    class Meta:
        table = "user"
        unique_together = (("tenant", "email"), ("tenant", "source", "external_id"))
        indexes = (("tenant_id", "team_id"), ("tenant_id", "manager_id"))


def as_email(text: str) -> str:
    """An address as users are known by it: it is the same in capitals. Raises ValueError for none."""
    address = text.strip().lower()
    if not re.fullmatch(r"[^@\s]+@[^@\s]+", address):
        raise ValueError("is no mail address")
    return address


@dataclass(frozen=True)
class Actor:
    """Who acts, and over whose accounts.

    ``owners`` are the ids of the users whose accounts and deals the actor may see (own and, for a
    manager, those of the team tree); None means every one of the tenant.
    """

    user_id: str
    tenant_id: str
    name: str
    role: Role
    owners: tuple[str, ...] | None
    currency: str
    source: str = "api"

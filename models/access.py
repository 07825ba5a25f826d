"""Who is asking: tenants, teams as a tree, users with a role and a manager, their keys and delegations."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from tortoise import fields

from models.base import Record, reference
from models.described import Described


class Role(Described):
    """What a user is to the product."""

    DIRECTOR = "DIRECTOR", "Carries accounts and sells: sees and changes their own."
    MANAGER = "MANAGER", "Sees and changes what their team and the teams below it carry, and makes rules."
    ASSISTANT = (
        "ASSISTANT",
        "Acts on behalf of directors and managers who delegated to them; sees nothing else.",
    )
    READER = "READER", "Sees what a manager of the same team sees, and changes nothing."
    INTEGRATION = "INTEGRATION", "A program: sees the whole tenant and writes records and signals, no rules."
    ADMIN = "ADMIN", "Sees and may do everything in the tenant."


class Scope(Described):
    """What a key or a token is limited to; nothing goes beyond what its user's role permits."""

    READ = "READ", "Reading by queries and subscriptions; without it only mutations and what they answer."
    READ_MONEY = "READ_MONEY", "Amounts of money, and texts and numbers that tell of them."
    READ_PERSONAL = (
        "READ_PERSONAL",
        "Who contacts are and how to reach them, how they are judged, and what people wrote: notes, reasons"
        " and plans.",
    )
    WRITE_SALES = "WRITE_SALES", "Accounts, contacts, deals, and answers to recommendations."
    WRITE_SIGNALS = "WRITE_SIGNALS", "Recording signals."
    WRITE_RULES = (
        "WRITE_RULES",
        "Rulebooks, levers, limits of offers, alarms of the engine, and how deals are sold: pipelines,"
        " reasons of losses, exchange rates.",
    )
    EVALUATE = "EVALUATE", "Having accounts judged, and rules tried, checked and backtested."
    IMPORT = "IMPORT", "Bringing in the records of a source, with its users and teams."
    ADMINISTER = "ADMINISTER", "API keys, delegations, and the export and erasure of people's data."


class Tenant(Record):
    """A telecom operator that uses the product, nothing of one is ever seen by another.

    ``judged_as_of`` is the latest date as of which all of its accounts were judged together.
    ``max_offers`` is how many open recommendations an account is offered at once. What was dismissed does not
    come back within ``dismissal_days``; after ``dismissals_until_pause`` of an action at an account within
    ``pause_days`` the action is not offered there. Fiscal years begin with ``fiscal_month`` (1 to 12); weekly
    forecasts are due on ``forecast_weekday`` (1 for Monday to 7) at ``forecast_hour`` (1 to 24, UTC).
    ``acv_with_one_off`` says whether the annual contract value has the one-off charges of the first year in
    it. ``projections_wanted`` is the day as of which projections were asked for that are not made yet.
    """

    prefix = "tnt"
    untracked = Record.untracked | {"judged_as_of", "projections_wanted"}

    name = fields.CharField(max_length=200)
    slug = fields.CharField(max_length=60, unique=True)
    currency = fields.CharField(max_length=3, default="EUR", db_default="EUR")
    judged_as_of = fields.DateField(null=True)
    max_offers = fields.IntField(default=5, db_default=5)
    dismissal_days = fields.IntField(default=30, db_default=30)
    dismissals_until_pause = fields.IntField(default=3, db_default=3)
    pause_days = fields.IntField(default=90, db_default=90)
    acv_with_one_off = fields.BooleanField(default=False, db_default=False)
    fiscal_month = fields.IntField(default=1, db_default=1)
    forecast_weekday = fields.IntField(default=5, db_default=5)
    forecast_hour = fields.IntField(default=17, db_default=17)
    projections_wanted = fields.DateField(null=True)

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


class Delegation(Record):
    """That an assistant acts on behalf of a principal, a director or a manager.

    There is one for each pair: it is renewed, not made again. ``good_until`` is its last day (UTC), null for
    none; ``ended_at`` is when it was ended before.
    """

    prefix = "dlg"

    tenant = reference("Tenant")
    assistant = reference("User")
    principal = reference("User")
    good_until = fields.DateField(null=True)
    ended_at = fields.DatetimeField(null=True)
    tenant_id: str
    assistant_id: str
    principal_id: str

    class Meta:
        table = "delegation"
        unique_together = (("tenant", "assistant", "principal"),)
        indexes = (("tenant_id", "principal_id"),)

    def is_good(self, day: date) -> bool:
        """Whether it stands on a day."""
        return self.ended_at is None and (self.good_until is None or day <= self.good_until)


class ApiKey(Record):
    """A secret by which an integration signs in: of the secret itself there is only a digest.

    ``hint`` is the end of the secret, by which people tell keys apart.
    """

    prefix = "key"
    untracked = Record.untracked | {"digest", "hint", "last_used_at"}

    tenant = reference("Tenant")
    user = reference("User")
    name = fields.CharField(max_length=200)
    hint = fields.CharField(max_length=4)
    digest = fields.CharField(max_length=64, unique=True)
    scopes = fields.JSONField[list[str]]()
    expires_at = fields.DatetimeField()
    revoked_at = fields.DatetimeField(null=True)
    last_used_at = fields.DatetimeField(null=True)
    created_by = reference("User", null=True)
    tenant_id: str
    user_id: str
    created_by_id: str | None

    class Meta:
        table = "api_key"
        indexes = (("tenant_id", "user_id"), ("tenant_id", "created_by_id"))


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
    manager, those of the team tree); None means every one of the tenant. An assistant has those of the
    principal on whose behalf (``on_behalf_of``) they act. ``scopes`` are what the key or the token is
    limited to; None means everything that the role permits.
    """

    user_id: str
    tenant_id: str
    name: str
    role: Role
    owners: tuple[str, ...] | None
    currency: str
    source: str = "api"
    scopes: frozenset[Scope] | None = None
    on_behalf_of: str | None = None

    @property
    def principal_id(self) -> str:
        """In whose name things are done: the principal's, else the actor's own."""
        return self.on_behalf_of or self.user_id

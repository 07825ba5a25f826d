"""By what integrations sign in, and who acts on whose behalf, as clients see it."""

from __future__ import annotations

from datetime import date, datetime
from enum import Enum
from typing import Any

import strawberry
from strawberry import UNSET

from models import access as stored
from models.access import Scope
from schema.core.connections import Listed, connection, related
from schema.core.cursors import Kind
from schema.core.enums import Direction
from schema.core.filters import BooleanFilter, DateFilter, IDFilter, StringFilter, clause
from schema.core.listing import Column, Listing
from schema.core.stored import Node, Stored, column


def _where(description: str) -> Any:
    return strawberry.field(default=UNSET, description=description)


@strawberry.type
class ApiKey(Node, Stored[stored.ApiKey]):
    """A key by which an integration signs in, as `Authorization: Bearer bwk_…`; its secret is shown once."""

    model = stored.ApiKey

    version: int = column("Grows by one with each change.")
    name: str = column("What it is for, as its maker called it.")
    hint: str = column("The last four characters of the secret, to tell keys apart.")
    created_at: datetime = column("When it was made (UTC).")
    expires_at: datetime = column("From when on it is not good any more (UTC).")
    revoked_at: datetime | None = column("When it was taken out of use (UTC); null while it was not.")
    last_used_at: datetime | None = column(
        "When it was used last (UTC), to the minute; null when it never was, or since less than a moment."
    )
    user = related("schema.access", "User", "user_id", "The integration that it speaks for.")
    created_by = related(
        "schema.access", "User", "created_by_id", "The administrator who made it; null when it was a shell."
    )

    @strawberry.field
    def scopes(self) -> list[Scope]:
        """What it may be used for."""
        return [Scope(each) for each in self.record.scopes]


@strawberry.input
class ApiKeyFilter:
    """Which keys; all conditions given must hold."""

    and_: list[ApiKeyFilter] | None = clause("and")
    or_: list[ApiKeyFilter] | None = clause("or")
    not_: ApiKeyFilter | None = clause("not")
    id: IDFilter | None = _where("The key's id.")
    user_id: IDFilter | None = _where("The id of the integration that it speaks for.")
    name: StringFilter | None = _where("What it is for.")
    revoked: BooleanFilter | None = _where("Whether it was taken out of use.")


@strawberry.enum
class ApiKeyOrderField(Enum):
    """What keys are ordered by."""

    NAME = strawberry.enum_value("name", description="What it is for, by letters.")
    CREATED = strawberry.enum_value("id", description="When it was made, the oldest first.")


@strawberry.input
class ApiKeyOrder:
    """One step of an order."""

    field: ApiKeyOrderField = strawberry.field(description="By what.")
    direction: Direction = strawberry.field(default=Direction.ASC, description="Which way; default: ASC.")


API_KEYS = Listed(
    "schema.signing_in",
    "ApiKey",
    Listing(
        stored.ApiKey,
        {
            "id": Column("t.id"),
            "user_id": Column("t.user_id"),
            "name": Column("t.name"),
            "revoked": Column("(t.revoked_at is not null)", Kind.BOOLEAN),
        },
        (("name", Direction.ASC),),
    ),
)


@strawberry.type
class Delegation(Node, Stored[stored.Delegation]):
    """That an assistant acts on behalf of a director or a manager."""

    model = stored.Delegation

    version: int = column("Grows by one with each change.")
    good_until: date | None = column("The last day (UTC) on which it is good; null: until it is ended.")
    ended_at: datetime | None = column("When it was ended (UTC); null while it was not.")
    assistant = related("schema.access", "User", "assistant_id", "Who acts.")
    principal = related(
        "schema.access", "User", "principal_id", "On whose behalf: whose accounts they see and change."
    )


@strawberry.input
class DelegationFilter:
    """Which delegations; all conditions given must hold."""

    and_: list[DelegationFilter] | None = clause("and")
    or_: list[DelegationFilter] | None = clause("or")
    not_: DelegationFilter | None = clause("not")
    id: IDFilter | None = _where("The delegation's id.")
    assistant_id: IDFilter | None = _where("The id of who acts.")
    principal_id: IDFilter | None = _where("The id of on whose behalf.")
    ended: BooleanFilter | None = _where("Whether it was ended, its last day apart.")
    good_until: DateFilter | None = _where("Its last day (UTC).")


@strawberry.enum
class DelegationOrderField(Enum):
    """What delegations are ordered by."""

    CREATED = strawberry.enum_value("id", description="When it was made, the oldest first.")
    GOOD_UNTIL = strawberry.enum_value("good_until", description="Its last day.")


@strawberry.input
class DelegationOrder:
    """One step of an order."""

    field: DelegationOrderField = strawberry.field(description="By what.")
    direction: Direction = strawberry.field(default=Direction.ASC, description="Which way; default: ASC.")


DELEGATIONS = Listed(
    "schema.signing_in",
    "Delegation",
    Listing(
        stored.Delegation,
        {
            "id": Column("t.id"),
            "assistant_id": Column("t.assistant_id"),
            "principal_id": Column("t.principal_id"),
            "ended": Column("(t.ended_at is not null)", Kind.BOOLEAN),
            "good_until": Column("t.good_until", Kind.DATE),
        },
        (("id", Direction.ASC),),
    ),
)


@strawberry.type
class SigningInQueries:
    """By what integrations sign in, and who acts on whose behalf."""

    api_keys = connection(API_KEYS, "The keys of the operator's integrations; none but for administrators.")
    delegations = connection(
        DELEGATIONS, "Who acts on whose behalf: all for administrators, for others those about themselves."
    )

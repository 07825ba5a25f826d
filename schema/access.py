"""Who is asking and whom they work with, as clients see it."""

from __future__ import annotations

from enum import Enum

import strawberry
from strawberry import UNSET

from models import access as stored
from models.access import Role, Scope
from schema.context import Info
from schema.core.connections import Listed, connection, related
from schema.core.enums import Direction
from schema.core.filters import BooleanFilter, Filter, IDFilter, StringFilter, clause
from schema.core.listing import Column, Listing
from schema.core.money import CurrencyCode
from schema.core.readable import Viewer, means
from schema.core.stored import Node, Stored, column


@strawberry.type
class Team(Node, Stored[stored.Team]):
    """A sales team; teams form a tree."""

    model = stored.Team

    name: str = column("The team's name.")
    parent = related("schema.access", "Team", "parent_id", "The team above it.")


@strawberry.type
class Tenant(Node, Stored[stored.Tenant]):
    """The operator whose data this is."""

    model = stored.Tenant

    name: str = column("The operator's name.")
    slug: str = column("A short name for programs, which no other operator has.")
    version: int = column("Grows by one with each change; an update names the one that it has read.")
    currency: CurrencyCode = column("The currency of its books, and of every amount.")
    acv_with_one_off: bool = column(
        "Whether the annual contract value of deals has the one-off charges of the first year in it."
    )


@strawberry.type
class User(Node, Stored[stored.User]):
    """A person or a program that signs in."""

    model = stored.User

    name: str = column("The user's name.")
    email: str = column("The user's mail address, in small letters.", Scope.READ_PERSONAL)
    role: Role = column("What the user may see and do.")
    active: bool = column("Whether the user may sign in, and be given accounts and deals.")
    team = related("schema.access", "Team", "team_id", "The team that the user is in.")
    manager = related("schema.access", "User", "manager_id", "Whom the user reports to.")
    tenant = related("schema.access", "Tenant", "tenant_id", "The operator that the user works for.")


@strawberry.input
class TeamFilter:
    """Which teams; all conditions given must hold."""

    and_: list[TeamFilter] | None = clause("and")
    or_: list[TeamFilter] | None = clause("or")
    not_: TeamFilter | None = clause("not")
    id: IDFilter | None = UNSET
    name: StringFilter | None = UNSET
    parent_id: IDFilter | None = UNSET


@strawberry.enum
class TeamOrderField(Enum):
    """What teams are ordered by."""

    NAME = "name"


@strawberry.input
class TeamOrder:
    """One step of an order."""

    field: TeamOrderField
    direction: Direction = Direction.ASC


TEAMS = Listed(
    "schema.access",
    "Team",
    Listing(
        stored.Team,
        {"id": Column("t.id"), "name": Column("t.name"), "parent_id": Column("t.parent_id")},
        (("name", Direction.ASC),),
    ),
)


@strawberry.input
class UserFilter:
    """Which users; all conditions given must hold."""

    and_: list[UserFilter] | None = clause("and")
    or_: list[UserFilter] | None = clause("or")
    not_: UserFilter | None = clause("not")
    id: IDFilter | None = UNSET
    name: StringFilter | None = UNSET
    email: StringFilter | None = UNSET
    role: Filter[Role] | None = UNSET
    active: BooleanFilter | None = UNSET
    team_id: IDFilter | None = UNSET
    manager_id: IDFilter | None = UNSET


@strawberry.enum
class UserOrderField(Enum):
    """What users are ordered by."""

    NAME = "name"
    EMAIL = "email"


@strawberry.input
class UserOrder:
    """One step of an order."""

    field: UserOrderField
    direction: Direction = Direction.ASC


USERS = Listed(
    "schema.access",
    "User",
    Listing(
        stored.User,
        {
            "id": Column("t.id"),
            "name": Column("t.name"),
            "email": Column("t.email"),
            "role": Column("t.role"),
            "active": Column("t.active"),
            "team_id": Column("t.team_id"),
            "manager_id": Column("t.manager_id"),
        },
        (("name", Direction.ASC),),
    ),
)


@strawberry.type
class AccessQueries:
    """Who is asking, and whom they work with."""

    users = connection(USERS, "Everybody who works for the same operator.")
    teams = connection(TEAMS, "The operator's sales teams.")

    @means(Viewer(lambda: User))
    async def me(self, info: Info) -> User:
        """Who the token or key speaks for: an assistant too, on whomever's behalf the request is made."""
        return User.of(await stored.User.get(id=info.context.actor.user_id))

    @means(Viewer(lambda: User, "v_principal"))
    async def acting_for(self, info: Info) -> User | None:
        """On whose behalf an assistant asks: the header `X-On-Behalf-Of`; null for who asks for themselves.

        What is seen and may be changed is theirs.
        """
        principal = info.context.actor.on_behalf_of
        return User.of(await stored.User.get(id=principal)) if principal else None

"""Who is asking and whom they work with, as clients see it."""

from __future__ import annotations

import strawberry

from models import access as stored
from models.access import Role
from schema.context import Info
from schema.core.connections import related
from schema.core.money import CurrencyCode
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
    slug: str = column("A short name for programs.")
    currency: CurrencyCode = column("The currency of its books.")


@strawberry.type
class User(Node, Stored[stored.User]):
    """A person or a program that signs in."""

    model = stored.User

    name: str = column("The user's name.")
    email: str = column("The user's address.")
    role: Role = column("What the user is to the product.")
    active: bool = column("Whether the user may sign in.")
    team = related("schema.access", "Team", "team_id", "The team that the user is in.")
    manager = related("schema.access", "User", "manager_id", "Whom the user reports to.")
    tenant = related("schema.access", "Tenant", "tenant_id", "The operator that the user works for.")


@strawberry.type
class AccessQueries:
    """Who is asking."""

    @strawberry.field
    async def me(self, info: Info) -> User:
        """Who the token speaks for."""
        return User.of(await stored.User.get(id=info.context.actor.user_id))

"""Who a signed token speaks for, and what they may see: found out anew, or remembered for a moment."""

from __future__ import annotations

import time

from models.access import Actor, Role, Tenant, User
from models.database import fetch
from models.errors import Unauthenticated

#: For so long it is not found out again: what other processes write about users and teams counts after it,
#: what this one writes at once.
SECONDS = 1.0
#: So many are remembered.
MOST = 10_000


class _Remembered:
    """Actors with the time until when they are good; a generation ends when users or teams are written."""

    def __init__(self) -> None:
        self.actors: dict[tuple[str, str], tuple[float, Actor]] = {}
        self.generation = 0

    def forget(self) -> None:
        self.actors.clear()
        self.generation += 1


_remembered = _Remembered()
forget = _remembered.forget


async def remembered(user_id: str, tenant_id: str) -> Actor:
    """Like ``actor_of``, by what was so up to a second ago.

    Raises:
        Unauthenticated: the user is unknown in the tenant or no longer active.
    """
    known = _remembered.actors.get((user_id, tenant_id))
    if known is not None and time.monotonic() < known[0]:
        return known[1]
    generation = _remembered.generation
    actor = await actor_of(user_id, tenant_id)
    if generation == _remembered.generation:
        if len(_remembered.actors) >= MOST:
            _remembered.actors.clear()
        _remembered.actors[user_id, tenant_id] = (time.monotonic() + SECONDS, actor)
    return actor


async def actor_of(user_id: str, tenant_id: str) -> Actor:
    """Who a token speaks for, with what they may see at this moment.

    Raises:
        Unauthenticated: the user is unknown in the tenant or no longer active.
    """
    user = await User.get_or_none(id=user_id, tenant_id=tenant_id, active=True)
    if user is None:
        raise Unauthenticated("the token names no active user")
    tenant = await Tenant.get(id=tenant_id)
    return Actor(
        user_id=user.id,
        tenant_id=tenant_id,
        name=user.name,
        role=Role(user.role),
        owners=await _owners(user),
        currency=tenant.currency,
    )


async def _owners(user: User) -> tuple[str, ...] | None:
    """The users whose accounts ``user`` may see; None for the whole tenant."""
    if user.role in (Role.ADMIN, Role.INTEGRATION):
        return None
    if user.role != Role.MANAGER or user.team_id is None:
        return (user.id,)
    rows = await fetch(
        "with recursive tree(id) as (select id from team where tenant_id = :tenant and id = :team"
        " union select t.id from team t join tree on t.parent_id = tree.id where t.tenant_id = :tenant)"
        ' select u.id from "user" u join tree on tree.id = u.team_id'
        " where u.tenant_id = :tenant order by u.id",
        {"tenant": user.tenant_id, "team": user.team_id},
    )
    return tuple(dict.fromkeys([user.id, *(str(row["id"]) for row in rows)]))

"""Who a token or a key speaks for, and what they may see: found out anew, or remembered for a moment."""

from __future__ import annotations

from contextlib import suppress

from commands import remembered as moments
from commands.remembered import Remembered
from models.access import Actor, ApiKey, Delegation, Role, Team, Tenant, User
from models.base import fits, is_id, today
from models.database import fetch
from models.errors import Forbidden, Unauthenticated

#: What actors are made of: whoever writes any of it forgets them.
WRITTEN = User | Team | Tenant | Delegation | ApiKey
#: Those on whose behalf an assistant may act.
PRINCIPALS = frozenset({Role.DIRECTOR, Role.MANAGER})

forget = moments.forget
_actors = Remembered[tuple[str, str, str | None], Actor]()
_names = Remembered[tuple[str, str], tuple[str, str]]()


async def remembered(user_id: str, tenant_id: str, on_behalf_of: str | None = None) -> Actor:
    """Like ``actor_of``, by what was so up to a second ago; raises what it raises."""
    return await _actors.get(
        (user_id, tenant_id, on_behalf_of), lambda: actor_of(user_id, tenant_id, on_behalf_of)
    )


async def actor_of(user_id: str, tenant_id: str, on_behalf_of: str | None = None) -> Actor:
    """Who a token speaks for, with what they may see at this moment.

    Raises:
        Unauthenticated: the user is unknown in the tenant or no longer active.
        Forbidden: the user may not act on behalf of whom ``on_behalf_of`` names.
    """
    known = User.filter(id=user_id, tenant_id=tenant_id, active=True)
    user = await known.first() if fits(User, "id", user_id) and fits(Tenant, "id", tenant_id) else None
    if user is None:
        raise Unauthenticated("the token or key names no active user")
    principal = user if on_behalf_of is None else await _principal(user, on_behalf_of)
    tenant = await Tenant.get(id=tenant_id)
    return Actor(
        user_id=user.id,
        tenant_id=tenant_id,
        name=user.name,
        role=Role(user.role),
        owners=await _owners(principal),
        currency=tenant.currency,
        on_behalf_of=on_behalf_of,
    )


async def acting(user: User) -> list[Actor]:
    """All that an active user may be: themselves, and an assistant for each who delegated to them."""
    found = [await actor_of(user.id, user.tenant_id)]
    if user.role == Role.ASSISTANT:
        for each in await Delegation.filter(tenant_id=user.tenant_id, assistant_id=user.id).order_by("id"):
            with suppress(Forbidden):
                found.append(await actor_of(user.id, user.tenant_id, each.principal_id))
    return found


async def _principal(user: User, principal_id: str) -> User:
    """Whom a user acts for; who was never delegated by is not told from who is not there."""
    if user.role != Role.ASSISTANT:
        raise Forbidden(f"a {user.role} acts on nobody's behalf; allowed: {Role.ASSISTANT}")
    known = Delegation.filter(tenant_id=user.tenant_id, assistant_id=user.id, principal_id=principal_id)
    found = await known.select_related("principal").first() if fits(User, "id", principal_id) else None
    if found is None:
        raise Forbidden(f"{principal_id!r} has not delegated to you; ask them or an administrator to")
    if not found.is_good(today()):
        raise Forbidden(f"the delegation by {principal_id!r} has ended; ask them or an administrator for one")
    principal = found.principal
    assert isinstance(principal, User)
    if not principal.active or principal.role not in PRINCIPALS:
        raise Forbidden(f"{principal_id!r} has no accounts any more for which you could act")
    return principal


async def known_as(tenant: str, name: str) -> tuple[str, str]:
    """The ids of the user and the tenant that an identity provider means, by what was so up to a second ago.

    A tenant is named by its slug or id, a user by an address or an id.

    Raises:
        Unauthenticated: there is no such active user.
    """
    return await _names.get((tenant, name), lambda: _found(tenant, name))


async def _found(tenant: str, name: str) -> tuple[str, str]:
    called = "id" if is_id(tenant, Tenant.prefix) else "slug"
    known = await Tenant.filter(**{called: tenant}).first() if fits(Tenant, called, tenant) else None
    column, name = "id" if is_id(name, User.prefix) else "email", name.strip().lower()
    users = User.filter(tenant_id=known.id if known else "", active=True, **{column: name})
    user = await users.first() if fits(User, column, name) else None
    if user is None:
        raise Unauthenticated("the token names no active user; an administrator adds users")
    return user.id, user.tenant_id


async def _owners(user: User) -> tuple[str, ...] | None:
    """The users whose accounts ``user`` may see; None for the whole tenant."""
    if user.role in (Role.ADMIN, Role.INTEGRATION):
        return None
    if user.role not in (Role.MANAGER, Role.READER) or user.team_id is None:
        return (user.id,)
    rows = await fetch(
        "with recursive tree(id) as (select id from team where tenant_id = :tenant and id = :team"
        " union select t.id from team t join tree on t.parent_id = tree.id where t.tenant_id = :tenant)"
        ' select u.id from "user" u join tree on tree.id = u.team_id'
        " where u.tenant_id = :tenant order by u.id",
        {"tenant": user.tenant_id, "team": user.team_id},
    )
    return tuple(dict.fromkeys([user.id, *(str(row["id"]) for row in rows)]))

"""Tenants, teams and users: setting them up, and finding out who a signed token speaks for."""

from __future__ import annotations

from collections.abc import Sequence

from commands.bulk import Upserted
from commands.journal import Work, differing, unit_of_work
from commands.permissions import BRING_IN, require
from models.access import Actor, Role, Team, Tenant, User, as_email
from models.database import fetch
from models.errors import Invalid

SYSTEM = "system"


async def ensure_tenant(slug: str, name: str, currency: str) -> Tenant:
    """The tenant with this slug, made when there is none (with its own currency, ISO 4217)."""
    standing = await Tenant.get_or_none(slug=slug)
    if standing is not None:
        return standing
    if len(currency) != 3 or not currency.isalpha():
        raise Invalid(f"{currency!r} is not an ISO 4217 currency code", ["currency"])
    tenant = Tenant(id=Tenant.make_id(), slug=slug, name=name, currency=currency.upper())
    actor = Actor("", tenant.id, SYSTEM, Role.ADMIN, None, tenant.currency, SYSTEM)
    async with unit_of_work(actor, "access.create_tenant") as work:
        await work.create(tenant)
    return tenant


def system_actor(tenant: Tenant, source: str = SYSTEM) -> Actor:
    """The actor for the product's own work in a tenant (imports, demo, scheduled evaluation)."""
    return Actor("", tenant.id, SYSTEM, Role.ADMIN, None, tenant.currency, source)


async def ensure_team(actor: Actor, name: str, parent_id: str | None = None) -> Team:
    """The team with this name, made or moved under ``parent_id`` when it differs.

    Raises:
        Invalid: the parent is below it, or itself.
    """
    require(actor, BRING_IN, "set up teams")
    team = await Team.get_or_none(tenant_id=actor.tenant_id, name=name)
    if team is not None:
        await _check_above(actor, "team", "parent_id", team.id, parent_id, "parentId")
    async with unit_of_work(actor, "access.ensure_team") as work:
        if team is None:
            return await work.create(
                Team(id=Team.make_id(), tenant_id=actor.tenant_id, name=name, parent_id=parent_id)
            )
        return await work.update(team, {"parent_id": parent_id})


async def upsert_users(actor: Actor, users: Sequence[User]) -> Upserted:
    """Write users known by ``(source, external_id)``; the values of the given objects win.

    Managers must come before (or be stored already for) those who report to them.

    Raises:
        Invalid: the address is none, or that of another user of the tenant; or a manager is below the user.
    """
    require(actor, BRING_IN, "set up users")
    result, new = Upserted(), list[User]()
    async with unit_of_work(actor, "access.upsert_users") as work:
        known = await User.filter(tenant_id=actor.tenant_id)
        standing = {(user.source, user.external_id): user for user in known}
        addresses = {user.email: user for user in known}
        for user in users:
            _check_address(user, addresses)
            there = standing.setdefault((user.source, user.external_id), user)
            result.ids[str(user.external_id)] = there.id
            if there is user:
                new.append(user)
            else:
                await _create_users(work, new, result)
                before = there.email
                await _update_user(work, there, user, result)
                if before != there.email:
                    del addresses[before]
        await _create_users(work, new, result)
    return result


async def _create_users(work: Work, new: list[User], result: Upserted) -> None:
    """Save the users that wait for it: those after them may have them as managers, or their addresses."""
    await work.create_all(new)
    work.object_id = work.object_id or next((user.id for user in new), None)
    result.created += len(new)
    new.clear()


def _check_address(user: User, addresses: dict[str, User]) -> None:
    try:
        user.email = as_email(user.email)
    except ValueError as error:
        raise Invalid(f"{user.email!r} {error}", ["email"]) from None
    other = addresses.setdefault(user.email, user)
    if (other.source, other.external_id) != (user.source, user.external_id):
        raise Invalid(f"{user.email!r} is the address of {other.name} already", ["email"])


async def _update_user(work: Work, standing: User, user: User, result: Upserted) -> None:
    names = ("name", "email", "role", "team_id", "manager_id", "active")
    values = differing(standing, {name: getattr(user, name) for name in names})
    if "manager_id" in values:
        await _check_above(work.actor, "user", "manager_id", standing.id, user.manager_id, "managerId")
    await work.update(standing, values)
    result.updated += bool(values)
    result.unchanged += not values


async def _check_above(
    actor: Actor, table: str, column: str, record_id: str, above_id: str | None, path: str
) -> None:
    """Refuse what is itself below the record: a tree has no circles."""
    rows = await fetch(
        "with recursive above(id) as (select cast(:above as varchar(40)) union"
        f' select t.{column} from "{table}" t join above a on t.id = a.id'
        f" where t.tenant_id = :tenant and t.{column} is not null)"
        " select 1 as found from above where id = :id",
        {"above": above_id, "id": record_id, "tenant": actor.tenant_id},
    )
    if rows:
        raise Invalid(f"{above_id} is {record_id} itself, or below it", [path])

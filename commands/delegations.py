"""Having an assistant act on behalf of a director or a manager, and ending it."""

from __future__ import annotations

from datetime import date

from commands.actors import PRINCIPALS
from commands.journal import unit_of_work
from commands.permissions import ADMINISTER, DELEGATE, may, require
from commands.validation import active_user
from models.access import Actor, Delegation, Role, User
from models.base import check_day, today, utcnow
from models.errors import Forbidden, Invalid, allowed
from models.visibility import find


async def delegate(
    actor: Actor, assistant_id: str, principal_id: str | None = None, good_until: date | None = None
) -> Delegation:
    """Have an assistant act on behalf of a principal (default: the actor), until the end of a day (UTC).

    Delegating again renews what stands or has ended.

    Raises:
        Forbidden: only administrators delegate for others.
        NotFound: there is no such active user.
        Invalid: the assistant or the principal has another role, or the day is past.
    """
    require(actor, DELEGATE, "delegate")
    principal_id = principal_id or actor.user_id
    if principal_id != actor.user_id and not may(actor, ADMINISTER):
        raise Forbidden("only an ADMIN delegates for somebody else", ["principalId"])
    assistant = await _user(actor, assistant_id, frozenset({Role.ASSISTANT}), "assistantId")
    principal = await _user(actor, principal_id, PRINCIPALS, "principalId")
    if good_until is not None:
        check_day(good_until, "goodUntil")
        if good_until < today():
            raise Invalid(f"{good_until} is past; allowed: {today()} and later", ["goodUntil"])
    pair = {"tenant_id": actor.tenant_id, "assistant_id": assistant.id, "principal_id": principal.id}
    standing = await Delegation.filter(**pair).first()
    async with unit_of_work(actor, "delegations.delegate") as work:
        if standing is None:
            return await work.create(Delegation(id=Delegation.make_id(), good_until=good_until, **pair))
        return await work.update(standing, {"good_until": good_until, "ended_at": None})


async def end(actor: Actor, delegation_id: str) -> Delegation:
    """End a delegation, at once; one that has ended stays as it is.

    Raises:
        NotFound: there is none, or it is about others and the actor is no administrator.
    """
    require(actor, DELEGATE, "end delegations")
    delegation = await find(Delegation, actor, delegation_id, "id")
    if delegation.ended_at is not None:
        return delegation
    async with unit_of_work(actor, "delegations.end") as work:
        return await work.update(delegation, {"ended_at": utcnow()})


async def _user(actor: Actor, user_id: str, roles: frozenset[Role], path: str) -> User:
    user = await active_user(actor, user_id, path)
    if user.role not in roles:
        raise Invalid(f"{user.name} is a {user.role}; allowed: {allowed(sorted(roles))}", [path])
    return user

"""Who may do what: roles per kind of command."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from models.access import Actor, Role, User
from models.errors import Forbidden, NotFound, allowed

#: Everybody who works with accounts.
SELLERS = frozenset({Role.DIRECTOR, Role.MANAGER, Role.INTEGRATION, Role.ADMIN})
#: Those who decide which rules are live and who is judged.
RULE_MAKERS = frozenset({Role.MANAGER, Role.ADMIN})
#: Those who answer for the personal data of people at the accounts of their teams.
DATA_STEWARDS = frozenset({Role.MANAGER, Role.ADMIN})
#: Those who keep the whole tenant judged.
OPERATORS = frozenset({Role.ADMIN})


def require(actor: Actor, roles: Collection[Role], act: str) -> None:
    """Raise Forbidden unless the actor has one of the roles; ``act`` completes "may not …"."""
    if actor.role not in roles:
        raise Forbidden(f"a {actor.role} may not {act}; allowed: {allowed(sorted(roles))}")


async def check_owner(actor: Actor, values: Mapping[str, object]) -> None:
    """Check whom ``values`` make the owner, if they do: somebody active whom the actor may give it to.

    Raises:
        NotFound: there is no such active user.
        Forbidden: a director or manager would give it out of their team, or to nobody.
    """
    if "owner_id" not in values:
        return
    owner_id = values["owner_id"]
    if owner_id is not None:
        owner = await User.get_or_none(id=str(owner_id), tenant_id=actor.tenant_id, active=True)
        if owner is None:
            raise NotFound(f"no active user {owner_id!r}", ["ownerId"])
    if actor.owners is not None and owner_id not in actor.owners:
        raise Forbidden("it can only be given to somebody in your own team", ["ownerId"])

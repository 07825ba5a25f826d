"""Who may do what: roles per kind of command."""

from __future__ import annotations

from collections.abc import Collection

from models.access import Actor, Role
from models.errors import Forbidden, allowed

#: Everybody who works with accounts.
SELLERS = frozenset({Role.DIRECTOR, Role.MANAGER, Role.INTEGRATION, Role.ADMIN})
#: Those who decide which rules are live and who is judged.
RULE_MAKERS = frozenset({Role.MANAGER, Role.ADMIN})


def require(actor: Actor, roles: Collection[Role], act: str) -> None:
    """Raise Forbidden unless the actor has one of the roles; ``act`` completes "may not …"."""
    if actor.role not in roles:
        raise Forbidden(f"a {actor.role} may not {act}; allowed: {allowed(sorted(roles))}")

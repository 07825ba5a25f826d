"""Who asks: everybody who can come in at all, by a token or a key, for themselves or on somebody's behalf."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from commands.keys import PREFIX
from models.access import Role, Scope, User
from rules.engine.pool import EnginePool
from schema.context import Context
from schema.core import tokens
from schema.core.credentials import Credentials
from schema.core.entrance import Entrance
from tests.door import CONFIG
from tests.schema.reads.world import World
from tests.schema.tenants.secrets import key_for

#: What the people of the tenant are called in ``World.users``, and the assistant's principals.
PEOPLE = (
    "director", "neighbour", "idle", "deputy", "head", "manager", "rival", "teamless", "aide", "reader",
    "integration", "admin",
)  # fmt: skip


@dataclass(frozen=True)
class Caller:
    """Somebody who asks; ``scopes`` are those of the key or of a provider's token, None for no limit.

    There is no provider here: what its token says is said of whoever comes in by one of our own.
    """

    name: str
    user: User | None
    token: str | None = None
    principal: User | None = None
    scopes: frozenset[Scope] | None = None

    @property
    def has_key(self) -> bool:
        """Whether the server knows the scopes by itself."""
        return (self.token or "").startswith(PREFIX)

    @property
    def role(self) -> Role | None:
        """The role of whoever signs in."""
        return Role(self.user.role) if self.user else None

    @property
    def seen_as(self) -> User | None:
        """Whose accounts are seen."""
        return self.principal or self.user

    @property
    def headers(self) -> Mapping[str, str]:
        """How a request says who it comes from."""
        sent = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        return sent | ({"X-On-Behalf-Of": self.principal.id} if self.principal else {})

    async def enter(self, engine: EnginePool) -> Context:
        """The context of a request."""
        credentials = Credentials(self.token, self.principal.id if self.principal else None)
        context = await Entrance(engine, CONFIG.secret).enter(credentials)
        if self.scopes is None or self.has_key:
            return context
        return Context(replace(context.actor, scopes=self.scopes), engine)


def person(world: World, name: str, of: str = "a", on_behalf_of: str | None = None) -> Caller:
    """One of a tenant's people, for themselves or for another."""
    user = world.users[f"{name} of {of}"]
    principal = world.users[f"{on_behalf_of} of {of}"] if on_behalf_of else None
    called = f"{name} for {on_behalf_of}" if on_behalf_of else name
    return Caller(called, user, tokens.issue(user, 24, CONFIG.secret), principal)


def program(world: World, scope: str, of: str = "a") -> Caller:
    """The integration with its key for a scope."""
    scopes = frozenset({Scope(scope)}) if scope else frozenset(Scope)
    user = world.users[f"integration of {of}"]
    return Caller(f"key for {scope or 'everything'}", user, key_for(of, scope), scopes=scopes)


def unlimited(world: World) -> list[Caller]:
    """The people of the first tenant."""
    everybody = [person(world, name) for name in PEOPLE]
    return [*everybody, person(world, "aide", on_behalf_of="director")]


def limited(world: World) -> Iterator[Caller]:
    """An integration with a key for one scope, and an administrator whose token is limited to one."""
    for scope in Scope:
        yield program(world, scope)
        admin = person(world, "admin")
        yield replace(admin, name=f"admin limited to {scope}", scopes=frozenset({scope}))


NOBODY = Caller("nobody", None)

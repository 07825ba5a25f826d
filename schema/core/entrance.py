"""Who is asking: from the credentials of a request, whatever they are, to its context."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from commands import keys
from commands.actors import known_as, remembered
from models.access import Actor
from models.base import utcnow
from models.errors import Unauthenticated
from rules.engine.pool import EnginePool
from schema.context import Context
from schema.core import tokens
from schema.core.credentials import Credentials
from schema.core.oidc import Provider, head


class Entrance:
    """Lets in whoever has an API key, or a token of this server or of an identity provider.

    Tokens of this server are signed by ``secret``; None where they are not taken.
    """

    def __init__(self, engine: EnginePool, secret: str | None, provider: Provider | None = None) -> None:
        self._engine = engine
        self._secret = secret
        self._provider = provider

    async def enter(self, given: Credentials) -> Context:
        """The context of a request; of nobody where it has no token.

        Raises:
            Unauthenticated: the token or key is not good, or not of an active user.
            Forbidden: its owner may not act on behalf of whom the request names.
            Unavailable: the identity provider is not known yet, and cannot be reached.
        """
        if given.token is None:
            return Context(None, self._engine)
        if given.token.startswith(keys.PREFIX):
            actor, good_until = await keys.holder(given.token, utcnow(), given.on_behalf_of)
        else:
            actor, good_until = await self._spoken_for(given.token, utcnow(), given.on_behalf_of)
        return Context(actor, self._engine, good_until)

    async def _spoken_for(
        self, token: str, now: datetime, on_behalf_of: str | None
    ) -> tuple[Actor, datetime]:
        if self._provider is not None and head(token).get("alg") != tokens.ALGORITHM:
            found = await self._provider.read(token, now)
            user_id, tenant_id = await known_as(found.tenant, found.user)
        elif self._secret is None:
            raise Unauthenticated("tokens are taken from the identity provider alone")
        else:
            found = tokens.read(token, self._secret, now)
            user_id, tenant_id = found.user, found.tenant
        actor = await remembered(user_id, tenant_id, on_behalf_of)
        return actor if found.scopes is None else replace(actor, scopes=found.scopes), found.good_until

"""What a request carries: who is asking, the engine, and what was loaded for it already."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cached_property

import strawberry

from models.access import Actor
from models.errors import Unauthenticated
from rules.engine.pool import EnginePool
from schema.core.loaders import Loaders


class Context:
    """The context of one GraphQL request."""

    def __init__(self, actor: Actor | None, engine: EnginePool, good_until: datetime | None = None) -> None:
        self._actor = actor
        self.engine = engine
        #: When the token expires by which the actor is known; None when there is none, or it does not.
        self.good_until = good_until
        #: The JSON of fields of the query that a plan has answered, by response key.
        self.planned: Mapping[str, str] = {}

    @cached_property
    def loaders(self) -> Loaders:
        """What resolvers load records and pages by."""
        return Loaders(self)

    @property
    def is_known(self) -> bool:
        """Whether the request has a token."""
        return self._actor is not None

    @property
    def actor(self) -> Actor:
        """Who is asking.

        Raises:
            Unauthenticated: the request has no token.
        """
        if self._actor is None:
            raise Unauthenticated("send a token: Authorization: Bearer <token>")
        return self._actor


Info = strawberry.Info[Context, None]

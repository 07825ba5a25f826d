"""What a request carries: who is asking, the engine, and what was loaded for it already."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
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
        self.planned: Mapping[str, bytes] = {}

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


class Live(Context):
    """The context of a subscription: of each event it is found out anew who may see it.

    At most ``most_waiting`` events wait for a client that does not take them.
    """

    def __init__(self, first: Context, again: Callable[[], Awaitable[Context]], most_waiting: int) -> None:
        super().__init__(None, first.engine)
        self._take_over(first)
        self._again = again
        self.most_waiting = most_waiting

    async def renew(self) -> None:
        """Find out anew who is asking and what they may see; what was loaded before is forgotten.

        Raises:
            Unauthenticated: the token has expired meanwhile, or its user is no longer active.
        """
        self._take_over(await self._again())

    def _take_over(self, fresh: Context) -> None:
        vars(self).pop("loaders", None)
        vars(self).update(vars(fresh))


Info = strawberry.Info[Context, None]
LiveInfo = strawberry.Info[Live, None]

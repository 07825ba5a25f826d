"""Who is asking on one WebSocket, and what they may take up."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from starlette.websockets import WebSocket

from models.access import Actor
from models.errors import Unauthenticated
from schema.context import Context, Live
from schema.core.asked import Asked
from schema.core.credentials import ON_BEHALF_OF, Credentials
from schema.core.endpoint import Enter

#: The document of a subscription that somebody asks for, where it may begin.
Admitted = Callable[[Asked, Context], str]


@dataclass(frozen=True)
class Bounds:
    """What clients may take up.

    How many subscriptions a connection has, connections an actor, events that wait a subscription; and for
    how many seconds a client may not say who it is, or may take nothing of what it is sent.
    """

    subscriptions: int
    connections: int
    waiting: int
    patience: float


class Connection:
    """One WebSocket: nobody knows who is asking until its first message has come."""

    def __init__(self, socket: WebSocket, enter: Enter, admitted: Admitted, bounds: Bounds) -> None:
        self.socket = socket
        self.bounds = bounds
        #: How many subscriptions there were.
        self.subscriptions = 0
        #: The payload of the first message.
        self.connection_params: Mapping[str, object] = {}
        self._enter = enter
        self._admitted = admitted
        self._credentials = Credentials()
        self._context: Context | None = None

    @property
    def actor(self) -> Actor | None:
        """Who is asking, once that is known."""
        return self._context.actor if self._context else None

    @property
    def good_until(self) -> datetime | None:
        """When the token expires; None before it is known, or where it does not."""
        return self._context.good_until if self._context else None

    async def identify(self) -> Actor:
        """Find out who is asking, by the first message or else by the headers of the handshake.

        Raises:
            Unauthenticated: neither has a good token.
        """
        given = {name.lower(): value for name, value in self.connection_params.items()}
        said = {name: _text(given[name], name) for name in ("authorization", ON_BEHALF_OF) if name in given}
        self._credentials = Credentials.of({**self.socket.headers, **said})
        context = await self._again()
        actor = context.actor
        self._context = context
        return actor

    def admitted(self, asked: Asked) -> str:
        """The document of a subscription that may begin.

        Raises:
            GraphQLError: it may not.
        """
        assert self._context
        return self._admitted(asked, self._context)

    def live(self) -> Live:
        """The context of one more subscription."""
        assert self._context
        self.subscriptions += 1
        return Live(self._context, self._again, self.bounds.waiting)

    async def _again(self) -> Context:
        return await self._enter(self._credentials)


def _text(value: object, name: str) -> str:
    if not isinstance(value, str):
        raise Unauthenticated(f"{name} is no text")
    return value

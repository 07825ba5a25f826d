"""Where clients open WebSockets: who may, how many, and a line in the log when one ends."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import timedelta

import orjson
import structlog
from starlette.types import Message, Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState
from strawberry.asgi import ASGIWebSocketAdapter, GraphQL
from strawberry.exceptions import ConnectionRejectionError
from strawberry.http.exceptions import NonJsonMessageReceived, WebSocketDisconnected
from strawberry.subscriptions import GRAPHQL_TRANSPORT_WS_PROTOCOL
from strawberry.types.unset import UNSET, UnsetType

from models.database import is_unreachable
from models.errors import Forbidden, Unauthenticated, Unavailable
from schema.core import metrics
from schema.core.answering import Answering
from schema.core.asked import NUL
from schema.core.endpoint import Enter
from schema.core.errors import UNREACHABLE
from schema.core.websockets.connection import Bounds, Connection
from schema.core.websockets.conversation import AGAIN_LATER, FORBIDDEN, TOO_MANY, Conversation

log = structlog.get_logger("bellwether.websockets")

#: What an end without a code counts as.
NO_CODE = 1005
#: Bytes for the reason in a frame that closes.
LONGEST_REASON = 123


class Wire(ASGIWebSocketAdapter):
    """Sends nothing once the connection is closed, and closes it once."""

    async def send_json(self, message: Mapping[str, object]) -> None:
        """Send a message; whoever sends on a connection that is no more is told so."""
        if self.ws.application_state is not WebSocketState.CONNECTED:
            raise WebSocketDisconnected
        try:
            await super().send_json(message)
        except RuntimeError as error:  # the server has closed it by itself
            raise WebSocketDisconnected from error

    async def close(self, code: int, reason: str) -> None:
        """Close the connection if that was not done before."""
        await _close(self.ws, code, reason)


async def _close(socket: WebSocket, code: int, reason: str) -> None:
    if socket.application_state is WebSocketState.CONNECTED:
        with suppress(WebSocketDisconnect, RuntimeError):
            await socket.close(code, reason.encode()[:LONGEST_REASON].decode(errors="ignore"))


class WebSockets(GraphQL[Connection, None]):
    """Serves subscriptions, and nothing else: queries and mutations go by POST."""

    websocket_adapter_class = Wire
    graphql_transport_ws_handler_class = Conversation

    def __init__(self, answering: Answering, enter: Enter, bounds: Bounds, origins: Sequence[str]) -> None:
        super().__init__(
            answering.schema,
            graphql_ide=None,
            subscription_protocols=(GRAPHQL_TRANSPORT_WS_PROTOCOL,),
            connection_init_wait_timeout=timedelta(seconds=bounds.patience),
            max_subscriptions_per_connection=None,  # refused with a code by the conversation
            allowed_origins=origins,
        )
        self._admitted = answering.admitted
        self._enter = enter
        self._bounds = bounds
        self._connected = Counter[str]()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a connection until it ends; the log does not say what was said on it."""
        began, codes = time.perf_counter(), _Codes(receive, send)
        socket = WebSocket(scope, codes.received, codes.sent)
        connection = Connection(socket, self._enter, self._admitted, self._bounds)
        try:
            with metrics.SOCKETS.track_inprogress():
                await self.run(socket, connection)
        finally:
            actor = connection.actor
            if actor:
                self._leave(actor.user_id)
            log.info(
                "connection",
                actor=actor.user_id if actor else None,
                seconds=round(time.perf_counter() - began, 1),
                subscriptions=connection.subscriptions,
                code=codes.first,
            )

    async def on_ws_connect(self, context: Connection) -> UnsetType | dict[str, object] | None:
        """Let a client in, or close the connection and say why."""
        if (refused := await self._refused(context)) is not None:
            await _close(context.socket, *refused)
            raise ConnectionRejectionError
        nothing: UnsetType = UNSET
        return nothing

    async def _refused(self, connection: Connection) -> tuple[int, str] | None:
        """With which code and why a client is not let in; None where it is, and counts from now on."""
        try:
            actor = await connection.identify()
        except (Unauthenticated, Forbidden) as error:
            return FORBIDDEN, error.message
        except Unavailable as error:
            return AGAIN_LATER, error.message
        except Exception as error:
            if not is_unreachable(error):
                raise
            log.error("database unreachable", reason=str(error))
            return AGAIN_LATER, UNREACHABLE.message
        self._connected[actor.user_id] += 1
        if self._connected[actor.user_id] <= self._bounds.connections:
            return None
        return TOO_MANY, f"too many connections; allowed: {self._bounds.connections} at the same time"

    def _leave(self, user_id: str) -> None:
        self._connected[user_id] -= 1
        if not self._connected[user_id]:
            del self._connected[user_id]

    def decode_json(self, data: str | bytes) -> object:
        """A message; as over HTTP, no text may have a NUL character."""
        if NUL.search(data if isinstance(data, bytes) else data.encode()):
            raise NonJsonMessageReceived
        message: object = orjson.loads(data)
        return message

    def encode_json(self, data: object) -> str:
        """A message as JSON: a text, as clients expect, and no bytes."""
        return orjson.dumps(data).decode()


class _Codes:
    """Lets messages of a connection through, and remembers the code with which either side ended it first."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self.first: int | None = None
        self._receive = receive
        self._send = send

    async def received(self) -> Message:
        message = await self._receive()
        self._note(message)
        return message

    async def sent(self, message: Message) -> None:
        self._note(message)
        await self._send(message)

    def _note(self, message: Message) -> None:
        if self.first is None and message["type"] in ("websocket.disconnect", "websocket.close"):
            self.first = int(message.get("code") or NO_CODE)

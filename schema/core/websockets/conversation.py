"""What is said on one WebSocket, beyond what Strawberry knows of graphql-transport-ws.

Messages of a wrong form end it, as do a token that expires and a client that takes nothing. Those still
running are told before. The protocol: https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing, suppress

import structlog
from graphql import GraphQLError
from strawberry.http.exceptions import WebSocketDisconnected
from strawberry.subscriptions.protocols.graphql_transport_ws.handlers import (
    BaseGraphQLTransportWSHandler,
    Operation,
)
from strawberry.subscriptions.protocols.graphql_transport_ws.types import (
    ConnectionInitMessage,
    Message,
    SubscribeMessage,
)
from strawberry.types import ExecutionResult
from strawberry.types.graphql import OperationType

from models.base import utcnow
from models.errors import BellwetherError, TooSlow, Unauthenticated
from schema.core.asked import Asked
from schema.core.errors import told
from schema.core.refusals import exceeded
from schema.core.websockets.connection import Connection

log = structlog.get_logger("bellwether.websockets")

#: Codes of closing besides those of the protocol, of which FORBIDDEN has clients try with another token.
AGAIN_LATER, FORBIDDEN, TOO_SLOW, TOO_MANY, FAILED = 1013, 4403, 4420, 4421, 4500
#: Errors of one subscription that end the connection.
_ENDING = {Unauthenticated.code: FORBIDDEN, TooSlow.code: TOO_SLOW}


class Conversation(BaseGraphQLTransportWSHandler[Connection, None]):
    """One connection from its first message to its end."""

    async def handle(self) -> None:
        """Answer messages until either side closes the connection, or it is left."""
        self._running = set[asyncio.Task[None]]()
        self._is_ending = False
        try:
            async with asyncio.timeout(None) as self._leaving:
                await super().handle()
        except Exception:
            if not self._leaving.expired():
                log.exception("failed")
                await self.websocket.close(FAILED, "internal error")

    async def shutdown(self) -> None:
        """End all that still runs."""
        await super().shutdown()
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    async def handle_message(self, message: Message) -> None:
        """Answer a message; one of a wrong form ends the connection."""
        if _is_well_formed(message):
            await super().handle_message(message)
        else:
            await self.handle_invalid_message("this is no message of graphql-transport-ws")

    async def handle_connection_init(self, message: ConnectionInitMessage) -> None:
        """Let the client in, for as long as its token is good."""
        known_before = self.connection_acknowledged
        payload = message.get("payload") or {}
        await super().handle_connection_init({"type": "connection_init", "payload": payload})
        if self.connection_acknowledged and not known_before and self.context.good_until:
            seconds = (self.context.good_until - utcnow()).total_seconds()
            self._keep(asyncio.create_task(self._expire(seconds)))

    async def handle_subscribe(self, message: SubscribeMessage) -> None:
        """Begin a subscription, unless as many run as may."""
        allowed, running = self.context.bounds.subscriptions, len(self.operations)
        if self.connection_acknowledged and running >= allowed and message["id"] not in self.operations:
            refused = exceeded("maxSubscriptions", allowed, running + 1).formatted
            await self.send_message({"id": message["id"], "type": "error", "payload": [refused]})
        else:
            await super().handle_subscribe(message)

    async def run_operation(self, operation: Operation[Connection, None]) -> None:
        """Send what a subscription gives, until it ends."""
        self._keep(asyncio.current_task())
        try:
            await self._send_results(operation)
        except WebSocketDisconnected:
            pass  # there is nobody to tell
        except Exception:
            log.exception("failed")
            await self.websocket.close(FAILED, "internal error")

    async def _send_results(self, operation: Operation[Connection, None]) -> None:
        try:
            document = self.context.admitted(
                Asked(operation.query, None, operation.operation_name, operation.variables or {})
            )
        except GraphQLError as error:
            await operation.send_initial_errors([told(error)])
            return
        results = await self.schema.stream(
            document,
            variable_values=operation.variables,
            context_value=self.context.live(),
            operation_name=operation.operation_name,
            allowed_operation_types={OperationType.SUBSCRIPTION},
        )
        async with aclosing(results):
            async for result in results:
                assert isinstance(result, ExecutionResult)
                if result.errors and _is_last(result):
                    await self._end_with(operation, result.errors)
                    return
                await operation.send_next(result)
        await operation.send_operation_message({"id": operation.id, "type": "complete"})

    async def _end_with(self, operation: Operation[Connection, None], errors: list[GraphQLError]) -> None:
        """End a subscription with errors, and the connection with those that concern all of it."""
        code = (errors[0].extensions or {}).get("code")
        if code in _ENDING:
            await self._end(_ENDING[code], errors[0])
        else:
            await operation.send_initial_errors(errors)

    async def send_message(self, message: Message) -> None:
        """Send a message; a client that does not take it in time is too slow."""
        seconds = None if self._is_ending else self.context.bounds.patience
        try:
            async with asyncio.timeout(seconds):
                await super().send_message(message)
        except TimeoutError:
            await self._end(TOO_SLOW, _coded(TooSlow(f"nothing was taken for {seconds} seconds")))
            raise WebSocketDisconnected from None

    async def _expire(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        with suppress(WebSocketDisconnected):
            await self._end(FORBIDDEN, _coded(Unauthenticated("the token has expired; ask for a new one")))

    async def _end(self, code: int, error: GraphQLError) -> None:
        """Tell each subscription of an error, and close; a client that does not take that in time is left."""
        if self._is_ending:
            return
        self._is_ending = True
        self._leaving.reschedule(asyncio.get_running_loop().time() + self.context.bounds.patience)
        for operation in list(self.operations.values()):
            if operation.id in self.operations:  # it may have been completed meanwhile
                await operation.send_initial_errors([error])
        await self.websocket.close(code, error.message)

    def _keep(self, task: asyncio.Task[None] | None) -> None:
        assert task
        self._running.add(task)
        task.add_done_callback(self._running.discard)


def _coded(error: BellwetherError) -> GraphQLError:
    return GraphQLError(error.message, extensions={"code": error.code})


def _is_last(result: ExecutionResult) -> bool:
    """Whether the errors of a result are of no field of it: there is no event, and no other comes."""
    return result.data is None and all(error.path is None for error in result.errors or ())


def _is_well_formed(message: object) -> bool:
    if not isinstance(message, dict):
        return False
    kind, name, payload = (message.get(key) for key in ("type", "id", "payload"))
    if kind in ("subscribe", "complete") and not (isinstance(name, str) and name):
        return False
    if kind != "subscribe":
        return isinstance(kind, str) and isinstance(payload, dict | None)
    return isinstance(payload, dict) and _is_request(payload)


def _is_request(payload: dict[str, object]) -> bool:
    return (
        isinstance(payload.get("query"), str)
        and isinstance(payload.get("operationName"), str | None)
        and isinstance(payload.get("variables"), dict | None)
        and isinstance(payload.get("extensions"), dict | None)
    )

"""GraphQL over HTTP: who is asking, bodies read and answers written as JSON."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping

import orjson
import structlog
from cross_web import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.schema.base import BaseSchema

from models.database import is_unreachable
from models.errors import BellwetherError, Unauthenticated
from schema.context import Context
from schema.core.credentials import Credentials
from schema.core.errors import UNREACHABLE
from schema.core.plans.reads import Reads
from schema.core.refusals import BAD_REQUEST, refusal

log = structlog.get_logger("bellwether.graphql")

#: Makes the context of a request from what it says of who is asking.
Enter = Callable[[Credentials], Awaitable[Context]]
#: An escaped NUL, in JSON or in GraphQL inside JSON: PostgreSQL has no text with it.
NUL = re.compile(rb"\\u(0000|\{0+\})")


class Endpoint(GraphQL[Context, None]):
    """Answers GraphQL POST requests: one JSON object in, one JSON object out, never a batch."""

    def __init__(self, schema: BaseSchema, enter: Enter, reads: Reads | None = None) -> None:
        super().__init__(schema, graphql_ide=None, allow_queries_via_get=False)
        self.enter = enter
        self.reads = reads

    async def answer(self, request: Request) -> Response:
        """The response to a POST request."""
        try:
            context = await self.get_context(request)
            return await self._read(request, context) or await self.run(request, context)
        except HTTPException as error:
            return refusal(error.status_code, BAD_REQUEST, error.reason)
        except Unauthenticated as error:
            return refusal(401, error.code, error.message, {"WWW-Authenticate": "Bearer"})
        except Exception as error:
            if not is_unreachable(error):
                raise
            log.error("database unreachable", reason=str(error))
            return refusal(503, UNREACHABLE.code, UNREACHABLE.message, {"Retry-After": "5"})

    async def get_context(
        self,
        request: Request | WebSocket,
        response: Response | WebSocket | None = None,  # noqa: ARG002 - the signature is the base class's
    ) -> Context:
        """Who is asking; raises Unauthenticated."""
        return await self.enter(Credentials.of(request.headers))

    async def answered_by_plan(self, body: bytes, headers: Mapping[str, str]) -> bytes | None:
        """The response to a query that a plan answers whole; None for anything else, and nothing is told."""
        if self.reads is None:
            return None
        try:
            asked = _asked(self.decode_json(body))
            context = await self.enter(Credentials.of(headers))
            if asked is None or not context.is_known:
                return None
            found = await self.reads.read(*asked, context.actor, whole=True)
        except (HTTPException, BellwetherError):
            return None
        except Exception as error:
            if not is_unreachable(error):
                raise
            return None
        return found.body() if found else None

    async def _read(self, request: Request, context: Context) -> Response | None:
        """The answer to a query that a plan answers; None for anything else, which Strawberry answers.

        Its limits and its validation are those of Strawberry's path; a document with an error goes there.
        """
        if self.reads is None or not context.is_known or not _is_json(request):
            return None
        asked = _asked(self.decode_json(await request.body()))
        if asked is None:
            return None
        found = await self.reads.read(*asked, context.actor)
        if found is None or found.is_partial:
            context.planned = found.fields if found else {}
            return None
        return Response(found.body(), media_type="application/json")

    def decode_json(self, data: str | bytes) -> object:
        """The request's object; an answer of status 400 for anything else."""
        if NUL.search(data if isinstance(data, bytes) else data.encode()):
            raise HTTPException(400, "the body holds a NUL character; no text here may")
        try:
            body = orjson.loads(data)
        except orjson.JSONDecodeError as error:
            raise HTTPException(400, f"the body is not JSON: {error}") from error
        if not isinstance(body, dict):
            raise HTTPException(400, "the body is one JSON object: {query, variables, operationName}")
        if not isinstance(body.get("operationName"), str | None):
            raise HTTPException(400, "operationName is a string or null")
        return body

    def encode_json(self, data: object) -> bytes:
        """A response as JSON."""
        return orjson.dumps(data)


def _asked(body: object) -> tuple[str, Mapping[str, object], str | None] | None:
    """The query, variables and name of the operation that a body holds; None where it is no such body."""
    assert isinstance(body, dict)
    query, given = body.get("query"), body.get("variables")
    variables = {} if given is None else given
    if not isinstance(query, str) or not isinstance(variables, dict):
        return None
    return query, variables, body.get("operationName")


def _is_json(request: Request) -> bool:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower() == "application/json"

"""The one shape of an answer that holds no data: a GraphQL response with one coded error."""

from __future__ import annotations

from collections.abc import Mapping

import orjson
from graphql import GraphQLError
from starlette.responses import Response

from schema.core import metrics
from schema.core.current import current
from schema.core.media import JSON

BAD_REQUEST = "BAD_REQUEST"
LIMIT_EXCEEDED = "LIMIT_EXCEEDED"
INTERNAL = "INTERNAL"
#: Answers are about what somebody may see, and are not to be kept by anybody between.
NOT_KEPT = {"Cache-Control": "no-store"}


def refusal(
    status: int, code: str, message: str, headers: Mapping[str, str] | None = None, media: str = JSON
) -> Response:
    """A response of this HTTP status with one error of this code."""
    body = orjson.dumps({"errors": [{"message": message, "extensions": named({"code": code})}]})
    return Response(body, status, {**NOT_KEPT, **(headers or {})}, f"{media}; charset=utf-8")


def named(extensions: Mapping[str, object]) -> dict[str, object]:
    """The extensions of an error that is told, with the id of the request; its code is noted."""
    noted(str(extensions["code"]))
    about = current()
    return {**extensions, "requestId": about.id} if about.id else dict(extensions)


def noted(code: str) -> None:
    """An error of this code is told: log lines and metrics say so."""
    current().codes.append(code)
    metrics.ERRORS.labels(code).inc()


def exceeded(limit: str, allowed: int, found: int | str) -> GraphQLError:
    """The error for a document beyond a limit, which it names together with both numbers."""
    shown = f"{found:,}" if isinstance(found, int) else found
    return GraphQLError(
        f"the document exceeds {limit}: {shown}; allowed: {allowed:,}",
        extensions={"code": LIMIT_EXCEEDED, "limit": limit, "allowed": allowed},
    )

"""The one shape of an answer that holds no data: a GraphQL response with one coded error."""

from __future__ import annotations

from collections.abc import Mapping

import orjson
from graphql import GraphQLError
from starlette.responses import Response

BAD_REQUEST = "BAD_REQUEST"
LIMIT_EXCEEDED = "LIMIT_EXCEEDED"
INTERNAL = "INTERNAL"


def refusal(status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> Response:
    """A response of this HTTP status with one error of this code."""
    body = {"data": None, "errors": [{"message": message, "extensions": {"code": code}}]}
    return Response(orjson.dumps(body), status, dict(headers or {}), "application/json")


def exceeded(limit: str, allowed: int, found: int | str) -> GraphQLError:
    """The error for a document beyond a limit, which it names together with both numbers."""
    shown = f"{found:,}" if isinstance(found, int) else found
    return GraphQLError(
        f"the document exceeds {limit}: {shown}; allowed: {allowed:,}",
        extensions={"code": LIMIT_EXCEEDED, "limit": limit, "allowed": allowed},
    )

"""How errors reach clients: values on mutations, coded GraphQL errors on queries, nothing internal ever."""

from __future__ import annotations

import re
import secrets

import strawberry
import structlog
from graphql import FieldNode, GraphQLError

from models import outages
from models.database import is_unreachable
from models.described import Described
from models.errors import BellwetherError, SeveralProblems, Unavailable
from schema.core import metrics
from schema.core.current import current
from schema.core.refusals import INTERNAL, named, noted

log = structlog.get_logger("bellwether.graphql")

#: What a client is told while there is no database, whatever the driver says.
UNREACHABLE = Unavailable("the database cannot be reached; nothing was written, try again later")
#: What graphql-core adds to a name that it does not know.
_SUGGESTION = re.compile(r" Did you mean [^?]*\?")


@strawberry.enum
class ErrorCode(Described):
    """What kind of error it is; stable, for programs to decide by."""

    CONFLICT = (
        "CONFLICT",
        "The object has changed since the version that was named; read it again and decide anew.",
    )
    FACTS_MISSING = (
        "FACTS_MISSING",
        "The deal lacks a fact that its stage needs to be left forward; the path ends with the fact's name.",
    )
    FORBIDDEN = "FORBIDDEN", "The caller's role may not do this, or not to this object."
    INVALID = "INVALID", "A value is out of its range or form; the message says what is allowed."
    INVALID_CURSOR = "INVALID_CURSOR", "`after` or `before` is no cursor of this server for this order."
    INVALID_RULE = "INVALID_RULE", "A rule document is wrong; `path` says where."
    INVALID_TRANSITION = (
        "INVALID_TRANSITION",
        "The object's state does not allow this step; the message says what it allows.",
    )
    NOT_FOUND = "NOT_FOUND", "There is no such object among those that the caller may see."
    RATE_MISSING = (
        "RATE_MISSING",
        "There is no exchange rate of the currency until the day; the message names both.",
    )
    UNAUTHENTICATED = (
        "UNAUTHENTICATED",
        "There is no token, or one that is malformed, expired or of nobody known.",
    )


@strawberry.type
class UserError:
    """What was wrong with a mutation's input; nothing was written."""

    code: ErrorCode = strawberry.field(description="The kind of error, for programs to decide by.")
    message: str = strawberry.field(description="What is wrong and what is allowed, for people.")
    path: list[str] = strawberry.field(
        description="The input at fault, outermost first, as in input, amount; empty when it is none alone."
    )


def user_errors(error: BellwetherError, *under: str) -> list[UserError]:
    """An error as values, each path below ``under``; one that consists of several gives one for each."""
    found = (error.problems if isinstance(error, SeveralProblems) else ()) or (error,)
    for each in found:
        noted(each.code)
    return [
        UserError(code=ErrorCode(each.code), message=each.message, path=[*under, *each.path])
        for each in found
    ]


def told(error: GraphQLError, *, suggestions: bool = True) -> GraphQLError:
    """The error as clients are told of it; without ``suggestions`` it names nothing they did not name."""
    cause = error.original_error
    while isinstance(cause, GraphQLError) and cause.original_error is not None:
        cause = cause.original_error
    if isinstance(cause, BellwetherError):
        return _with(error, cause.message, {"code": cause.code, "path": list(cause.path)})
    if cause is None or isinstance(cause, GraphQLError):
        message = error.message if suggestions else _SUGGESTION.sub("", error.message)
        return _with(error, message, {"code": metrics.INVALID, **(error.extensions or {})})
    if is_unreachable(cause):
        outages.noted(cause)
        return _with(error, UNREACHABLE.message, {"code": UNREACHABLE.code})
    reference = current().id or secrets.token_hex(8)
    log.error("internal error", reference=reference, field=_field(error), exc_info=cause)
    return _with(error, f"internal error; the server's log has it as {reference}", {"code": INTERNAL})


def _field(error: GraphQLError) -> str:
    """The field of the schema at which an error was raised: its path has names that the client chose."""
    node = error.nodes[0] if error.nodes else None
    return node.name.value if isinstance(node, FieldNode) else ""


def _with(error: GraphQLError, message: str, extensions: dict[str, object]) -> GraphQLError:
    return GraphQLError(
        message,
        nodes=error.nodes,
        source=error.source,
        positions=error.positions,
        path=error.path,
        extensions=named(extensions),
    )

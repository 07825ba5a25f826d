"""What a request asks: a GraphQL operation, read from a JSON body or from the parameters of a URL."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import orjson

#: An escaped NUL, in JSON or in GraphQL inside JSON: PostgreSQL has no text with it.
NUL = re.compile(rb"\\u(0000|\{0+\})|\x00")
_SHAPE = "the body is one JSON object: {query, variables, operationName, extensions}"


class Malformed(Exception):
    """A request that is no GraphQL request; its text says why, ``status`` how HTTP tells it."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class Asked:
    """A GraphQL request: a document, or what one is known by, which operation of it, and its variables."""

    query: str | None = None
    document_id: str | None = None
    operation_name: str | None = None
    variables: Mapping[str, object] = field(default_factory=dict)
    extensions: Mapping[str, object] = field(default_factory=dict)


def in_body(body: bytes) -> Asked | list[Asked]:
    """The request in a body, or the batch of requests.

    Raises:
        Malformed: it is neither.
    """
    if NUL.search(body):
        raise Malformed("the body holds a NUL character; no text here may")
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Malformed(f"the body is not JSON: {error}") from error
    if isinstance(found, list):
        return [_asked(each) for each in found]
    return _asked(found)


def in_url(parameters: Mapping[str, str]) -> Asked:
    """The request in the parameters of a URL, whose ``variables`` and ``extensions`` are JSON.

    Raises:
        Malformed: there is none.
    """
    found: dict[str, object] = dict(parameters)
    for name in ("variables", "extensions"):
        if name in parameters:
            found[name] = _json(name, parameters[name])
    if any(NUL.search(text.encode(errors="replace")) for text in parameters.values()):
        raise Malformed("a parameter holds a NUL character; no text here may")
    return _asked(found)


def _json(name: str, text: str) -> object:
    try:
        return orjson.loads(text)
    except (orjson.JSONDecodeError, UnicodeEncodeError) as error:
        raise Malformed(f"the parameter {name} is not JSON: {error}") from error


def _asked(found: object) -> Asked:
    if not isinstance(found, dict):
        raise Malformed(_SHAPE)
    for name in ("query", "documentId", "operationName"):
        if not isinstance(found.get(name), str | None):
            raise Malformed(f"{name} is a string or null")
    for name in ("variables", "extensions"):
        if not isinstance(found.get(name), dict | None):
            raise Malformed(f"{name} is an object or null")
    return Asked(
        query=found.get("query"),
        document_id=found.get("documentId"),
        operation_name=found.get("operationName") or None,
        variables=found.get("variables") or {},
        extensions=found.get("extensions") or {},
    )

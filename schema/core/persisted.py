"""Documents that are known by their hash: those clients registered, and those that alone are trusted."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import orjson
from graphql import GraphQLError

from models.errors import Invalid
from schema.core.asked import Asked
from schema.core.kept import Kept

NOT_FOUND = "PERSISTED_QUERY_NOT_FOUND"
MISMATCH = "PERSISTED_QUERY_MISMATCH"
UNTRUSTED = "UNTRUSTED_DOCUMENT"
MISSING = "BAD_REQUEST"
#: So many documents that clients registered are kept, and of so many characters together.
MOST, LONGEST = 1_000, 2_000_000
_PREFIX = "sha256:"


def digest(text: str) -> str:
    """The SHA-256 of a document, in hex."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


class Persisted:
    """The documents that a hash may stand for; with ``trusted``, these alone are run.

    A client sends ``extensions.persistedQuery.sha256Hash`` (Apollo's automatic persisted queries: first
    alone, then with the document, which is kept), or ``documentId: "sha256:…"`` (GraphQL over HTTP).
    """

    def __init__(self, trusted: Mapping[str, str] | None = None) -> None:
        self._trusted = trusted
        self._registered = Kept[str, str](MOST, LONGEST)

    def text(self, asked: Asked) -> str:
        """The document that a request asks to run.

        Raises:
            GraphQLError: it names none, one that is not known, or one that is not trusted.
        """
        known_by = _hash(asked)
        if not asked.query and known_by is None:
            raise _refused(MISSING, "query is missing: a GraphQL document, or what one is known by")
        if self._trusted is not None:
            return self._trusted_one(known_by or digest(asked.query or ""))
        if known_by is None or asked.query is None:
            return asked.query if known_by is None else self._known(known_by)  # type: ignore[return-value]
        if digest(asked.query) != known_by:
            raise _refused(MISMATCH, "the hash is not that of the document")
        self._registered.keep(known_by, asked.query, len(asked.query))
        return asked.query

    def _trusted_one(self, known_by: str) -> str:
        assert self._trusted is not None
        if known_by not in self._trusted:
            raise _refused(UNTRUSTED, "this server runs only documents that it was given beforehand")
        return self._trusted[known_by]

    def _known(self, known_by: str) -> str:
        found = self._registered.get(known_by)
        if found is None:
            raise _refused(NOT_FOUND, "PersistedQueryNotFound")
        return found


def _hash(asked: Asked) -> str | None:
    """What a request knows its document by; None where it says nothing."""
    if asked.document_id is not None:
        return asked.document_id.removeprefix(_PREFIX)
    said = asked.extensions.get("persistedQuery")
    if said is None:
        return None
    if not isinstance(said, dict) or said.get("version") != 1 or not isinstance(said.get("sha256Hash"), str):
        raise _refused(MISSING, "persistedQuery is {version: 1, sha256Hash: the SHA-256 in hex}")
    return str(said["sha256Hash"])


def _refused(code: str, message: str) -> GraphQLError:
    return GraphQLError(message, extensions={"code": code})


def trusted_documents(path: Path) -> dict[str, str]:
    """The documents of a manifest by their hashes.

    Three forms are read: an object of documents by their ids (Relay's and GraphQL Code Generator's), a list
    of documents, and Apollo's manifest (``operations`` with ``id`` and ``body``). An id may be any
    text; one as long as a SHA-256 in hex must be it.

    Raises:
        Invalid: it is none of these, or a document is not what its hash says.
    """
    try:
        found = orjson.loads(path.read_bytes())
    except (OSError, orjson.JSONDecodeError) as error:
        raise Invalid(f"{path} cannot be read: {error}", ["trusted_documents"]) from error
    documents = dict[str, str]()
    for known_by, text in _entries(path, found):
        own = digest(text)
        by = own if known_by is None else known_by.removeprefix(_PREFIX)
        if len(by) == len(own) and by != own:
            raise Invalid(f"{path} has a document that is not what its hash {by} says", ["trusted_documents"])
        documents[own] = documents[by] = text
    return documents


def _entries(path: Path, found: object) -> list[tuple[str | None, str]]:
    """What a manifest lists: documents, each with what it is known by there."""
    entries: list[tuple[object, object]] = []
    if isinstance(found, list):
        entries = [(None, each) for each in found]
    elif isinstance(found, dict) and isinstance(found.get("operations"), list):
        entries = [
            (each.get("id"), each.get("body")) for each in found["operations"] if isinstance(each, dict)
        ]
    elif isinstance(found, dict):
        entries = list(found.items())
    known = [(by, text) for by, text in entries if isinstance(by, str | None) and isinstance(text, str)]
    if not known or len(known) != len(entries):
        raise Invalid(f"{path} is no manifest of documents", ["trusted_documents"])
    return known

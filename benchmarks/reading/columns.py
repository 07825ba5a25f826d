"""What is measured side by side: the same questions put to four servers on one database."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import httpx
import orjson

from benchmarks.reading.queries import Asked, fetched, path, posted
from benchmarks.serving import SECRET, Serving, product, serving
from models.access import Role, User
from schema.core.tokens import issue

STOCK, CACHED, OURS, LIMIT = COLUMNS = ("stock", "stock_cached", "ours", "limit")
INCLUDES = {
    STOCK: "Strawberry resolvers over the same Tortoise models, with prefetch, as everybody writes them;"
    " asyncio and h11; nobody signs in, and roll-ups are the product's own metric",
    CACHED: "the same with Strawberry's parse and validation caches, orjson, uvloop and httptools",
    OURS: "bellwether serve, with a signed token: who it speaks for is read with each request",
    LIMIT: "a bare Starlette route for each query, that runs the product's statement with its parameters"
    " and returns the bytes, on uvloop and httptools; null where more than a statement answers",
}
#: How long a server may take for its first answer.
_PATIENCE = 120
#: Of many sets of variables, the answers to so many are compared.
_COMPARED = 20


@dataclass(frozen=True)
class Tenant:
    """A stored tenant, and who asks for it: a user for each role."""

    url: str
    id: str
    users: Mapping[Role, User]

    def token(self, role: Role) -> str:
        """A signed token of the user of a role."""
        return issue(self.users[role], 12, SECRET)


@contextmanager
def columns(tenant: Tenant, asked: Sequence[Asked]) -> Iterator[dict[str, Serving]]:
    """The four servers, up."""
    stock = ["benchmarks.reading.stock", tenant.url, tenant.id]
    with ExitStack() as stack:
        yield {
            STOCK: stack.enter_context(serving(stock)),
            CACHED: stack.enter_context(serving([*stock, "--cached"])),
            OURS: stack.enter_context(product(tenant.url, judge_changes="false")),
            LIMIT: stack.enter_context(serving(["benchmarks.reading.limit"], given=_routes(tenant, asked))),
        }


def _routes(tenant: Tenant, asked: Sequence[Asked]) -> str:
    routes = [
        {
            "name": each.name,
            "field": each.field,
            "query": each.query,
            "variables": each.variables,
            "user_id": tenant.users[each.role].id,
            "tenant_id": tenant.id,
        }
        for each in asked
    ]
    return orjson.dumps({"url": tenant.url, "routes": routes}).decode()


def requests(column: str, asked: Asked, tenant: Tenant) -> list[bytes]:
    """The requests that ask it of a column."""
    if column == LIMIT:
        return fetched(asked)
    return posted(asked, tenant.token(asked.role) if column == OURS else None)


def answers(column: str, server: Serving, asked: Asked, tenant: Tenant) -> list[object]:
    """What a column answers to some of the sets of variables, as data; none where it has no such route.

    Raises:
        RuntimeError: it answers with an error.
    """
    with httpx.Client(base_url=server.address, timeout=_PATIENCE) as client:
        if column == LIMIT and client.get(path(asked, 0)).status_code == 404:
            return []
        headers = {"authorization": f"Bearer {tenant.token(asked.role)}"} if column == OURS else {}
        found = []
        for number in range(0, len(asked.variables), math.ceil(len(asked.variables) / _COMPARED)):
            body = {"query": asked.query, "variables": asked.variables[number]}
            answer = (
                client.get(path(asked, number))
                if column == LIMIT
                else client.post("/graphql", json=body, headers=headers)
            )
            found.append(_data(answer))
    return found


def _data(answer: httpx.Response) -> object:
    content: dict[str, object] = answer.raise_for_status().json()
    if content.get("errors"):
        raise RuntimeError(f"a column answers with errors: {content['errors']}")
    return content["data"]

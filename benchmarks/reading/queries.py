"""The queries that are measured, and the requests that ask them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import orjson

from benchmarks.portfolio import DAY
from models.access import Role

Variables = dict[str, object]
#: The page that comes late, and how many objects a page has.
LATE_PAGE = 500
PAGE_SIZE = 50

POINT = """query Account($id: ID!) {
  account(id: $id) { id name tier segment employees placeholder overdue { amount currency } }
}"""
NESTED = """query Nested {
  accounts(first: 100) {
    nodes {
      id version name tier segment employees placeholder
      deals(first: 10) { nodes { id name kind stage probability closeOn nextStep } }
    }
  }
}"""
CONNECTION = """query Page($filter: AccountFilter, $orderBy: [AccountOrder!], $first: Int, $after: String) {
  accounts(filter: $filter, orderBy: $orderBy, first: $first, after: $after) {
    nodes { id name tier segment employees placeholder overdue { amount currency } }
    pageInfo { hasNextPage endCursor }
  }
}"""
PORTFOLIO = """query Portfolio($asOf: Date, $groupBy: PortfolioGrouping) {
  portfolio(asOf: $asOf, groupBy: $groupBy) {
    currency
    total { ...figures }
    groups { key label figures { ...figures } }
  }
}
fragment figures on PortfolioFigures {
  openDeals openRisks
  openPipeline { amount currency }
  weightedPipeline { amount currency }
  recurringRevenue { amount currency }
  revenueAtRisk { amount currency }
}"""
FILTERED: Variables = {
    "filter": {"tier": {"eq": "STANDARD"}, "segment": {"in": ["banks", "public", "retail"]}},
    "orderBy": [{"field": "NAME", "direction": "ASC"}],
}


@dataclass(frozen=True)
class Asked:
    """A query for one field, with the variables of each request; they are taken in turn, again and again.

    It is asked over so many connections at once, or as many as the measurement says.
    """

    name: str
    field: str
    query: str
    variables: Sequence[Variables]
    role: Role = Role.DIRECTOR
    connections: int | None = None


def few_accounts(ids: Iterable[str]) -> list[Asked]:
    """What is asked of the tenant in which each account has ten deals."""
    return [
        Asked("point", "account", POINT, [{"id": each} for each in ids]),
        Asked("nested", "accounts", NESTED, [{}]),
        Asked("nested_as_admin", "accounts", NESTED, [{}], Role.ADMIN),
    ]


def many_accounts(late: str) -> list[Asked]:
    """What is asked of the large tenant; ``late`` is the cursor before the late page."""
    first = FILTERED | {"first": PAGE_SIZE}
    rolled_up: list[Variables] = [{"asOf": DAY.isoformat(), "groupBy": "SEGMENT"}]
    return [
        Asked("page_first", "accounts", CONNECTION, [first]),
        Asked("page_late", "accounts", CONNECTION, [first | {"after": late}]),
        Asked("portfolio", "portfolio", PORTFOLIO, rolled_up, connections=1),
        Asked("portfolio_as_admin", "portfolio", PORTFOLIO, rolled_up, Role.ADMIN, 1),
    ]


def posted(asked: Asked, token: str | None) -> list[bytes]:
    """The requests by which a GraphQL server is asked."""
    signed = f"authorization: Bearer {token}\r\n" if token else ""
    sent = [orjson.dumps({"query": asked.query, "variables": each}) for each in asked.variables]
    return [_post(body, signed) for body in sent]


def _post(body: bytes, signed: str) -> bytes:
    head = (
        "POST /graphql HTTP/1.1\r\nhost: localhost\r\naccept: application/json\r\n"
        f"content-type: application/json\r\n{signed}content-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def fetched(asked: Asked) -> list[bytes]:
    """The requests by which a bare route is asked."""
    numbers = range(len(asked.variables))
    return [f"GET {path(asked, number)} HTTP/1.1\r\nhost: localhost\r\n\r\n".encode() for number in numbers]


def path(asked: Asked, number: int) -> str:
    """Where a bare route answers for the set of variables of this number."""
    return f"/{asked.name}/{number}"

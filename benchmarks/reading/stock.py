"""Reads as everybody writes them with Strawberry and Tortoise: resolvers that answer with the ORM's objects.

The models are the product's, and so is the shape of the answers as far as the queries measured here go.
Nobody has to sign in, and everything of one tenant is seen. Roll-ups are left to the product's own metric.

``python -m benchmarks.reading.stock URL TENANT_ID [--cached]``; cached, documents are parsed and validated
once, JSON is written by orjson, and the server runs on uvloop and httptools.
"""

from __future__ import annotations

import argparse
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from typing import Any

import orjson
import strawberry
from starlette.applications import Starlette
from starlette.routing import Route
from strawberry.asgi import GraphQL
from strawberry.extensions import ParserCache, ValidationCache
from tortoise import Tortoise
from tortoise.expressions import Q
from tortoise.query_utils import Prefetch
from tortoise.queryset import QuerySet

from benchmarks.reading.announcing import serve
from benchmarks.reading.stock_types import (
    BY_NAME,
    Account,
    AccountConnection,
    AccountFilter,
    AccountOrder,
    Direction,
    PageInfo,
    Portfolio,
    PortfolioFigures,
    PortfolioGroup,
    money,
)
from commands.access import system_actor
from metrics import portfolio as metric
from metrics.portfolio import Grouping
from models import accounts, database, deals
from models.access import Tenant
from models.base import today
from schema.core.cursors import Kind, decode, encode

Info = strawberry.Info[Any, None]


@strawberry.type
class Query:
    """What can be read."""

    @strawberry.field
    async def account(self, id: strawberry.ID) -> Account | None:
        """One account."""
        return await accounts.Account.get_or_none(id=id)  # type: ignore[return-value]

    @strawberry.field
    async def accounts(
        self,
        info: Info,
        first: int = 50,
        filter: AccountFilter | None = None,
        order_by: list[AccountOrder] | None = None,
        after: str | None = None,
    ) -> AccountConnection:
        """A page of accounts, and their deals if these are asked for."""
        order = order_by[0] if order_by else BY_NAME
        found = _ordered(accounts.Account.filter(**_filtered(info, filter)), order)
        if after is not None:
            found = found.filter(_beyond(after, order))
        if _asks_for_deals(info):
            with_deals = deals.Deal.all().order_by("close_on", "id")
            found = found.prefetch_related(Prefetch("deals", queryset=with_deals))
        return _page(await found.limit(first + 1), first, order)

    @strawberry.field
    async def portfolio(
        self, info: Info, as_of: date | None = None, group_by: Grouping | None = None
    ) -> Portfolio:
        """The roll-up of everything."""
        actor = system_actor(await Tenant.get(id=info.context["tenant_id"]))
        found = await metric.portfolio(actor, as_of or today(), group_by)
        groups = [
            PortfolioGroup(key=each.key, label=each.label, figures=_figures(each.figures, found.currency))
            for each in found.groups
        ]
        return Portfolio(currency=found.currency, total=_figures(found.total, found.currency), groups=groups)


def _filtered(info: Info, given: AccountFilter | None) -> dict[str, object]:
    """The filter as Tortoise's keywords."""
    found: dict[str, object] = {"tenant_id": info.context["tenant_id"]}
    for name in ("segment", "tier") if given else ():
        conditions = getattr(given, name)
        if conditions is not None and conditions.eq is not None:
            found[name] = conditions.eq
        if conditions is not None and conditions.in_ is not None:
            found[f"{name}__in"] = conditions.in_
    return found


def _ordered(found: QuerySet[accounts.Account], order: AccountOrder) -> QuerySet[accounts.Account]:
    sign = "-" if order.direction is Direction.DESC else ""
    return found.order_by(f"{sign}{order.field.value}", f"{sign}id")


def _beyond(after: str, order: AccountOrder) -> Q:
    """What comes after a cursor."""
    name, way = order.field.value, "lt" if order.direction is Direction.DESC else "gt"
    value, last_id = decode(after, _order(order), [Kind.TEXT, Kind.TEXT], "after")
    beyond: dict[str, Any] = {f"{name}__{way}": value}
    beside: dict[str, Any] = {name: value, f"id__{way}": last_id}
    return Q(**beyond) | Q(**beside)


def _asks_for_deals(info: Info) -> bool:
    return any(
        field.name == "deals"
        for root in info.selected_fields
        for nodes in root.selections
        for field in nodes.selections
        if hasattr(field, "name")
    )


def _page(found: list[accounts.Account], first: int, order: AccountOrder) -> AccountConnection:
    nodes = found[:first]
    end = [getattr(nodes[-1], order.field.value), nodes[-1].id] if nodes else None
    cursor = encode(_order(order), end, [Kind.TEXT, Kind.TEXT]) if end else None
    page_info = PageInfo(has_next_page=len(found) > first, end_cursor=cursor)
    return AccountConnection(nodes=nodes, page_info=page_info)  # type: ignore[arg-type]


def _order(order: AccountOrder) -> str:
    """The order as cursors name it."""
    return f"{order.field.value}:{order.direction.value}"


def _figures(figures: metric.Figures, currency: str) -> PortfolioFigures:
    return PortfolioFigures(
        open_deals=figures.open_deals,
        open_risks=figures.open_risks,
        open_pipeline=money(figures.open_pipeline_minor, currency),
        weighted_pipeline=money(figures.weighted_pipeline_minor, currency),
        recurring_revenue=money(figures.recurring_minor, currency),
        revenue_at_risk=money(figures.at_risk_minor, currency),
    )


class _Plain(GraphQL[Any, None]):
    """Strawberry's own view; its context names the tenant."""

    tenant_id: str

    async def get_context(self, request: Any, response: Any) -> dict[str, Any]:
        return {"request": request, "response": response, "tenant_id": self.tenant_id}


class _WithOrjson(_Plain):
    def encode_json(self, data: object) -> bytes:
        return orjson.dumps(data)


def application(url: str, tenant_id: str, *, cached: bool) -> Starlette:
    """The server's application."""
    schema = strawberry.Schema(Query, extensions=[ParserCache, ValidationCache] if cached else [])
    endpoint = (_WithOrjson if cached else _Plain)(schema)
    endpoint.tenant_id = tenant_id

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        await database.connect(url)
        yield
        await Tortoise.close_connections()

    return Starlette(routes=[Route("/graphql", endpoint)], lifespan=lifespan)


def main() -> None:
    """Serve."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("tenant_id")
    parser.add_argument("--cached", action="store_true")
    given = parser.parse_args()
    serve(application(given.url, given.tenant_id, cached=given.cached), fast=given.cached)


if __name__ == "__main__":
    main()

"""What GraphQL clients see: one module per domain, their plumbing in ``core``."""

from __future__ import annotations

import strawberry
from graphql import GraphQLError
from strawberry.schema.config import StrawberryConfig
from strawberry.types import ExecutionContext

from schema import nodes
from schema.access import AccessQueries
from schema.accounts import AccountQueries
from schema.catalog import CatalogQueries
from schema.core.descriptions import describe
from schema.core.errors import ErrorPolicy
from schema.core.limits import limits
from schema.core.money import SCALARS
from schema.deals import DealQueries
from schema.mutations import Mutation
from schema.nodes import NodeQueries
from schema.people import ContactQueries
from schema.portfolio import PortfolioQueries
from schema.recommendations import RecommendationQueries
from schema.revenue import RevenueQueries
from schema.rulebooks import RulebookQueries
from schema.services import ServiceQueries
from schema.signals import SignalQueries
from schema.tickets import TicketQueries
from settings import Settings


@strawberry.type
class Query(
    AccountQueries,
    DealQueries,
    ContactQueries,
    CatalogQueries,
    TicketQueries,
    ServiceQueries,
    RevenueQueries,
    SignalQueries,
    RecommendationQueries,
    RulebookQueries,
    PortfolioQueries,
    AccessQueries,
    NodeQueries,
):
    """Everything that can be read; each caller sees what their role and team allow."""


class Schema(strawberry.Schema):
    """The schema; its errors are logged once, by the error policy, and only when they are our own fault."""

    def process_errors(
        self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None
    ) -> None:
        """Log nothing here."""


def build(config: Settings | None = None) -> strawberry.Schema:
    """The schema, with the limits of these settings (default: the defaults)."""
    config = config or Settings.model_construct()
    bounds = limits(
        max_depth=config.max_depth,
        max_aliases=config.max_aliases,
        max_tokens=config.max_tokens,
        max_objects=config.max_objects,
    )
    return describe(
        Schema(
            query=Query,
            mutation=Mutation,
            types=nodes.TYPES,
            extensions=[ErrorPolicy, bounds],
            config=StrawberryConfig(scalar_map=SCALARS),
        )
    )

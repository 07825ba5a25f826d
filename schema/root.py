"""The schema put together: every query and mutation, its limits, and how its errors are told."""

from __future__ import annotations

from typing import Any

import strawberry
from graphql import GraphQLError
from strawberry.schema.config import StrawberryConfig
from strawberry.types import ExecutionContext, ExecutionResult

from schema import nodes
from schema.access import AccessQueries
from schema.accounts import AccountQueries
from schema.alarms import AlarmQueries
from schema.arbitration import ArbitrationQueries
from schema.backtests import BacktestQueries
from schema.catalog import CatalogQueries
from schema.core.descriptions import describe
from schema.core.documents import Documents, Prepared
from schema.core.errors import told
from schema.core.limits import limit_rule
from schema.core.money import SCALARS
from schema.core.operations import OperationChosen
from schema.core.plans.executor import Executor
from schema.core.plans.reads import Reads
from schema.core.scopes import Needs, Scoped
from schema.deals import DealQueries
from schema.dry_runs import DryRunQueries
from schema.events import EventQueries
from schema.fact_kinds import FactKindQueries
from schema.mutations import Mutation
from schema.nodes import NodeQueries
from schema.people import ContactQueries
from schema.portfolio import PortfolioQueries
from schema.recommendations import RecommendationQueries
from schema.revenue import RevenueQueries
from schema.rule_checks import RuleCheckQueries
from schema.rulebooks import RulebookQueries
from schema.services import ServiceQueries
from schema.signals import SignalQueries
from schema.signing_in import SigningInQueries
from schema.tickets import TicketQueries
from schema.why import WhyQueries
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
    EventQueries,
    ArbitrationQueries,
    RulebookQueries,
    FactKindQueries,
    DryRunQueries,
    BacktestQueries,
    AlarmQueries,
    RuleCheckQueries,
    WhyQueries,
    PortfolioQueries,
    AccessQueries,
    SigningInQueries,
    NodeQueries,
):
    """Everything that can be read; each caller sees what their role and team allow."""


class Schema(strawberry.Schema):
    """The schema; its errors are told by their codes, and logged once, only when they are our own fault."""

    documents: Documents
    needs: Needs
    reads: Reads

    async def execute(self, *args: Any, **kwargs: Any) -> ExecutionResult:
        """The result of an operation, every error as clients are told of it."""
        result = await super().execute(*args, **kwargs)
        result.errors = [told(error) for error in result.errors] if result.errors else None
        return result

    def process_errors(
        self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None
    ) -> None:
        """Log nothing here."""


def build(config: Settings | None = None) -> Schema:
    """The schema, with the limits of these settings (default: the defaults).

    Raises:
        TypeError: a field can be neither planned nor resolved.
    """
    config = config or Settings.model_construct()
    schema = Schema(
        query=Query,
        mutation=Mutation,
        types=nodes.TYPES,
        extensions=[
            lambda: Prepared(schema.documents),
            OperationChosen,
            lambda: Scoped(schema.documents, schema.needs),
        ],
        execution_context_class=Executor,
        config=StrawberryConfig(scalar_map=SCALARS),
    )
    describe(schema)
    schema.documents = Documents(
        schema._schema,
        max_tokens=config.max_tokens,
        max_objects=config.max_objects,
        rules=(limit_rule(config.max_depth, config.max_aliases),),
    )
    schema.needs = Needs(schema._schema)
    schema.reads = Reads(schema, schema.documents, schema.needs)
    return schema

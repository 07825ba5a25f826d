"""The schema put together: queries, mutations, subscriptions, their limits, and how errors are told."""

from __future__ import annotations

from contextlib import aclosing
from typing import Any

import strawberry
from graphql import GraphQLError
from strawberry.exceptions import MissingQueryError
from strawberry.schema.config import StrawberryConfig
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.schema.schema import StreamResult
from strawberry.types import ExecutionContext, ExecutionResult
from strawberry.types.execution import PreExecutionError
from strawberry.types.graphql import OperationType

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
from schema.core.refusals import BAD_REQUEST
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
from schema.subscriptions import Subscription
from schema.tickets import TicketQueries
from schema.why import WhyQueries
from settings import Settings

_REFUSALS = (MissingQueryError, CannotGetOperationTypeError, InvalidOperationTypeError)


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
    NodeQueries,
):
    """Everything that can be read; each caller sees what their role and team allow."""


class Schema(strawberry.Schema):
    """The schema; its errors are told by their codes, and logged once, only when they are our own fault."""

    documents: Documents
    reads: Reads

    async def execute(self, *args: Any, **kwargs: Any) -> ExecutionResult:
        """The result of a query or a mutation, every error as clients are told of it.

        Raises:
            InvalidOperationTypeError: it is a subscription, or of a type that is not allowed.
        """
        allowed = kwargs.get("allowed_operation_types") or OperationType
        kwargs["allowed_operation_types"] = set(allowed) - {OperationType.SUBSCRIPTION}
        result = await super().execute(*args, **kwargs)
        result.errors = [told(error) for error in result.errors] if result.errors else None
        return result

    async def stream(self, *args: Any, **kwargs: Any) -> StreamResult:
        """The results of a subscription, every error as clients are told of it."""
        return _told(await super().stream(*args, **kwargs))

    def process_errors(
        self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None
    ) -> None:
        """Log nothing here."""


async def _told(results: StreamResult) -> StreamResult:
    async with aclosing(results):
        try:
            async for result in results:
                if isinstance(result, ExecutionResult) and result.errors:
                    result.errors = [_refused(error) or told(error) for error in result.errors]
                yield result
        except GraphQLError as error:  # of reading the document, which the stream lets through
            yield PreExecutionError(data=None, errors=[told(error)])


def _refused(error: GraphQLError) -> GraphQLError | None:
    """The error where no operation of a kind that is allowed was asked for."""
    if not isinstance(error.original_error, _REFUSALS):
        return None
    return GraphQLError(error.message, extensions={"code": BAD_REQUEST})


def build(config: Settings | None = None) -> Schema:
    """The schema, with the limits of these settings (default: the defaults).

    Raises:
        TypeError: a field can be neither planned nor resolved.
    """
    config = config or Settings.model_construct()
    schema = Schema(
        query=Query,
        mutation=Mutation,
        subscription=Subscription,
        types=nodes.TYPES,
        extensions=[lambda: Prepared(schema.documents), OperationChosen],
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
    schema.reads = Reads(schema, schema.documents)
    return schema

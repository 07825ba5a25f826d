"""The schema put together: queries, mutations, subscriptions, their limits, and how errors are told."""

from __future__ import annotations

import strawberry
from graphql import NoSchemaIntrospectionCustomRule
from strawberry.schema.config import StrawberryConfig

from schema import nodes
from schema.access import AccessQueries
from schema.account_review import AccountReviewQueries
from schema.accounts import AccountQueries
from schema.alarms import AlarmQueries
from schema.arbitration import ArbitrationQueries
from schema.backtests import BacktestQueries
from schema.bids import BidQueries
from schema.catalog import CatalogQueries
from schema.competition import CompetitionQueries
from schema.competitor_standings import CompetitorStandingQueries
from schema.core.cost import Prices, tell
from schema.core.descriptions import describe
from schema.core.documents import Documents, Prepared
from schema.core.limits import Limits
from schema.core.operations import OperationChosen
from schema.core.plans.catalog import Catalog
from schema.core.plans.executor import Executor
from schema.core.plans.reads import Reads
from schema.core.scalars import SCALARS
from schema.core.schema import Schema
from schema.core.scopes import Needs, Scoped
from schema.deals import DealQueries
from schema.dry_runs import DryRunQueries
from schema.duplicate_dismissals import DuplicateDismissalQueries
from schema.duplicates import DuplicateQueries
from schema.events import EventQueries
from schema.fact_kinds import FactKindQueries
from schema.forecast import ForecastQueries
from schema.forecast_record import ForecastRecordQueries
from schema.funnel import FunnelQueries
from schema.merges import MergeQueries
from schema.mutations import Mutation
from schema.nodes import NodeQueries
from schema.pace import PaceQueries
from schema.people import ContactQueries
from schema.pipeline_change import PipelineChangeQueries
from schema.pipelines import PipelineQueries
from schema.plans import PlanQueries
from schema.plays import PlayQueries
from schema.portfolio import PortfolioQueries
from schema.projections import ProjectionQueries
from schema.rates import RateQueries
from schema.recommendations import RecommendationQueries
from schema.revenue import RevenueQueries
from schema.rule_checks import RuleCheckQueries
from schema.rulebooks import RulebookQueries
from schema.services import ServiceQueries
from schema.signals import SignalQueries
from schema.signing_in import SigningInQueries
from schema.stakeholders import StakeholderQueries
from schema.subscriptions import Subscription
from schema.tickets import TicketQueries
from schema.trends import TrendQueries
from schema.whitespace import WhitespaceQueries
from schema.why import WhyQueries
from settings import Settings


@strawberry.type
class Query(
    AccountQueries,
    DealQueries,
    BidQueries,
    PipelineQueries,
    RateQueries,
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
    ForecastQueries,
    ForecastRecordQueries,
    ProjectionQueries,
    FunnelQueries,
    PipelineChangeQueries,
    PaceQueries,
    AccessQueries,
    SigningInQueries,
    PlanQueries,
    PlayQueries,
    WhitespaceQueries,
    MergeQueries,
    DuplicateQueries,
    DuplicateDismissalQueries,
    NodeQueries,
    StakeholderQueries,
    AccountReviewQueries,
    TrendQueries,
    CompetitionQueries,
    CompetitorStandingQueries,
):
    """Everything that can be read; each caller sees what their role and team allow."""


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
        extensions=[
            lambda: Prepared(schema.documents),
            OperationChosen,
            lambda: Scoped(schema.documents, schema.needs),
        ],
        execution_context_class=Executor,
        config=StrawberryConfig(scalar_map=SCALARS),
    )
    describe(schema)
    catalog = Catalog(schema)
    prices = Prices(schema._schema, frozenset(catalog.by_name), catalog.in_python)
    tell(prices)
    rules = () if config.shows_introspection else (NoSchemaIntrospectionCustomRule,)
    schema.documents = Documents(schema._schema, prices, _limits(config), rules)
    schema.needs = Needs(schema._schema)
    schema.reads = Reads(schema, catalog, schema.documents, schema.needs)
    schema.suggestions = config.shows_suggestions
    return schema


def _limits(config: Settings) -> Limits:
    return Limits(
        tokens=config.max_tokens,
        depth=config.max_depth,
        aliases=config.max_aliases,
        directives=config.max_directives,
        cost=config.max_cost,
    )

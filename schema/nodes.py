"""Fetching any object by its id."""

from __future__ import annotations

import asyncio
from typing import Annotated

import strawberry

from models.base import is_id
from models.errors import Invalid
from schema.access import Team, Tenant, User
from schema.accounts import Account
from schema.alarms import EngineAlarm
from schema.arbitration import Lever
from schema.backtests import Backtest
from schema.bids import Bid, BidApproval, BidRound, DiscountLevel
from schema.catalog import Product
from schema.compatibility import CompatibilityRule
from schema.competition import BattleNote, Competitor, CompetitorPosition
from schema.context import Info
from schema.core.readable import AnyById, AnyByIds, means
from schema.core.stored import Node, Stored
from schema.deals import Deal
from schema.events import PopulationEvent
from schema.forecast import ForecastAdjustment, ForecastSubmission
from schema.merges import AccountMerge
from schema.people import Contact, Interaction
from schema.pipeline_snapshots import PipelineSnapshot, SnapshotDeal
from schema.pipelines import LossReason, Pipeline, PipelineStage
from schema.plan_revisions import PlanRevision
from schema.plans import AccountPlan, Objective, PlanAction
from schema.plays import Play, PlayRun
from schema.projections import ForecastProjection
from schema.quotas import Quota
from schema.rates import ExchangeRate
from schema.recommendations import Recommendation, Risk
from schema.revenue import Contract
from schema.rulebooks import EvaluationRun, Rule, Rulebook
from schema.services import Service
from schema.signals import Signal
from schema.signing_in import ApiKey, Delegation
from schema.tickets import Ticket
from schema.trends import Trend
from schema.whitespace_cells import AccountPotential

TYPES: tuple[type[Node], ...] = (
    Account, ApiKey, Backtest, Contact, Contract, Deal, Delegation, EngineAlarm, EvaluationRun,
    ExchangeRate, ForecastAdjustment, ForecastProjection, ForecastSubmission, Lever, LossReason, Pipeline,
    PipelineSnapshot, PipelineStage, PopulationEvent, Product, Quota, Recommendation, Risk, Rule, Rulebook,
    Service, Signal, SnapshotDeal, Team, Tenant, Ticket, User, Bid, BidApproval, BidRound, DiscountLevel,
    Interaction,
    AccountPlan, Objective, PlanAction, PlanRevision, Play, PlayRun,
    Trend, Competitor, CompetitorPosition, BattleNote,
    AccountPotential, CompatibilityRule,
    AccountMerge,
)  # fmt: skip
_BY_PREFIX = {shown.model.prefix: shown for shown in TYPES if issubclass(shown, Stored)}
MOST = 200


@strawberry.type
class NodeQueries:
    """Fetching objects by id."""

    @means(AnyById(_BY_PREFIX))
    async def node(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="The id of an object of any kind.")],
    ) -> Node | None:
        """The object with this id; null when there is none that the caller may see."""
        return await _node(info, id)

    @means(AnyByIds(_BY_PREFIX, MOST))
    async def nodes(
        self,
        info: Info,
        ids: Annotated[
            list[strawberry.ID],
            strawberry.argument(description=f"Ids of objects of any kind: at most {MOST}."),
        ],
    ) -> list[Node | None]:
        """Objects by their ids, in that order; null in the place of each not found."""
        if len(ids) > MOST:
            raise Invalid(f"{len(ids):,} ids; allowed: {MOST}", ["ids"])
        return list(await asyncio.gather(*(_node(info, id) for id in ids)))


async def _node(info: Info, id: str) -> Node | None:
    info.context.actor  # noqa: B018 - nobody without a token learns which ids are well formed
    prefix = id.rpartition("_")[0]
    shown = _BY_PREFIX.get(prefix)
    if shown is None or not is_id(id, prefix):
        return None
    found = await info.context.loaders.by_id(shown.model, id)
    return shown.of(found) if found else None

"""Every mutation: input in, command, payload out; nothing is decided here."""

from __future__ import annotations

import strawberry

from schema.mutations.accounts import AccountMutations
from schema.mutations.alarms import AlarmMutations
from schema.mutations.arbitration import ArbitrationMutations
from schema.mutations.backtests import BacktestMutations
from schema.mutations.bids import BidMutations
from schema.mutations.competition import CompetitionMutations
from schema.mutations.deal_parts import DealPartMutations
from schema.mutations.deals import DealMutations
from schema.mutations.duplicates import DuplicateMutations
from schema.mutations.evaluations import EvaluationMutations
from schema.mutations.forecast import ForecastMutations
from schema.mutations.merges import MergeMutations
from schema.mutations.people import ContactMutations
from schema.mutations.pipelines import PipelineMutations
from schema.mutations.plans import PlanMutations
from schema.mutations.plays import PlayMutations
from schema.mutations.projections import ProjectionMutations
from schema.mutations.rates import RateMutations
from schema.mutations.recommendations import RecommendationMutations
from schema.mutations.rulebooks import RulebookMutations
from schema.mutations.signals import SignalMutations
from schema.mutations.signing_in import SigningInMutations
from schema.mutations.stakeholders import StakeholderMutations
from schema.mutations.trends import TrendMutations
from schema.mutations.whitespace import WhitespaceMutations

__all__ = ["Mutation"]


@strawberry.type
class Mutation(
    AccountMutations,
    ContactMutations,
    DealMutations,
    DealPartMutations,
    BidMutations,
    PipelineMutations,
    RateMutations,
    SignalMutations,
    EvaluationMutations,
    RecommendationMutations,
    ArbitrationMutations,
    RulebookMutations,
    BacktestMutations,
    AlarmMutations,
    SigningInMutations,
    ForecastMutations,
    ProjectionMutations,
    StakeholderMutations,
    PlanMutations,
    PlayMutations,
    TrendMutations,
    CompetitionMutations,
    WhitespaceMutations,
    MergeMutations,
    DuplicateMutations,
):
    """What clients can change. Each answers with the object and, as values, what was wrong."""

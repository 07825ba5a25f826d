"""The enumerations of the models as GraphQL enums, and the two that only the API has."""

from __future__ import annotations

from enum import Enum

import strawberry

from metrics.bridge import Reason
from metrics.pace import WinRateGrouping
from metrics.portfolio import Grouping
from metrics.trend_report import TrendGrouping
from models.access import Role, Scope
from models.accounts import Tier
from models.bids import ApprovalState, BidDecision, BidDocumentKind, BidState
from models.catalog import Charge, Compatibility
from models.competition import PositionRole
from models.deals import CompetitorStatus, ContactRole, DealKind, ForecastCategory, Stage
from models.described import Described
from models.events import Dimension, EventState, Movement
from models.people import Seniority
from models.pipelines import ExitFact
from models.qualification import Element, Known
from models.recommendations import LineKind, Outcome, RecommendationState, RiskState, Withheld
from models.rulebooks import RulebookState, RunScope, RunState
from models.services import ServiceState
from models.severity import Severity
from models.signals import SignalKind
from models.stakeholders import (
    Adaptability,
    BuyingCentre,
    Influence,
    PoliticalStatus,
    RelationshipLevel,
    Support,
)
from models.tickets import TicketState
from models.trends import Confidence, TrendImpact, TrendKind, TrendOutcome, TrendState
from models.whitespace import CellState, PeerGroup

_NAMES: dict[type[Enum], str] = {
    ApprovalState: "BidApprovalState",
    BidDecision: "BidDecision",
    BidDocumentKind: "BidDocumentKind",
    BidState: "BidState",
    Charge: "Charge",
    CompetitorStatus: "CompetitorStatus",
    ContactRole: "ContactRole",
    DealKind: "DealKind",
    Dimension: "PopulationDimension",
    Element: "MeddiccElement",
    EventState: "PopulationEventState",
    ExitFact: "ExitFact",
    ForecastCategory: "ForecastCategory",
    Grouping: "PortfolioGrouping",
    Known: "QualificationState",
    LineKind: "RevenueLineKind",
    Movement: "PopulationMovement",
    Outcome: "RecommendationOutcome",
    Reason: "PipelineChangeReason",
    RecommendationState: "RecommendationState",
    RiskState: "RiskState",
    Role: "Role",
    Scope: "Scope",
    RulebookState: "RulebookState",
    RunScope: "RunScope",
    RunState: "RunState",
    Seniority: "Seniority",
    ServiceState: "ServiceState",
    Severity: "Severity",
    SignalKind: "SignalKind",
    Stage: "DealStage",
    TicketState: "TicketState",
    Tier: "Tier",
    WinRateGrouping: "WinRateGrouping",
    Withheld: "WithheldBecause",
    Adaptability: "Adaptability",
    BuyingCentre: "BuyingCentre",
    Influence: "Influence",
    PoliticalStatus: "PoliticalStatus",
    RelationshipLevel: "RelationshipLevel",
    Support: "Support",
    CellState: "WhitespaceState",
    Compatibility: "Compatibility",
    PeerGroup: "WhitespacePeerGroup",
    Confidence: "Confidence",
    PositionRole: "CompetitorRole",
    TrendGrouping: "TrendGrouping",
    TrendImpact: "TrendImpact",
    TrendKind: "TrendKind",
    TrendOutcome: "TrendOutcome",
    TrendState: "TrendState",
}
#: What values mean that do not say it by their names.
for _enum, _name in _NAMES.items():
    strawberry.enum(_enum, name=_name)


@strawberry.enum
class Direction(Described):
    """Ascending or descending; missing values come last either way."""

    ASC = "asc", "From the least to the greatest: A to Z, earliest to latest."
    DESC = "desc", "From the greatest to the least: Z to A, latest to earliest."

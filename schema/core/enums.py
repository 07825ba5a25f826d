"""The enumerations of the models as GraphQL enums, and the two that only the API has."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

import strawberry

from metrics.portfolio import Grouping
from models.access import Role, Scope
from models.accounts import Tier
from models.base import Severity
from models.catalog import Charge
from models.deals import ContactRole, DealKind, ForecastCategory, Stage
from models.events import Dimension, EventState, Movement
from models.people import Seniority
from models.recommendations import LineKind, Outcome, RecommendationState, RiskState, Withheld
from models.rulebooks import RulebookState, RunScope, RunState
from models.services import ServiceState
from models.signals import SignalKind
from models.tickets import TicketState

_NAMES: dict[type[Enum], str] = {
    Charge: "Charge",
    ContactRole: "ContactRole",
    DealKind: "DealKind",
    Dimension: "PopulationDimension",
    EventState: "PopulationEventState",
    ForecastCategory: "ForecastCategory",
    Grouping: "PortfolioGrouping",
    LineKind: "RevenueLineKind",
    Movement: "PopulationMovement",
    Outcome: "RecommendationOutcome",
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
    Withheld: "WithheldBecause",
}
#: What values mean that do not say it by their names.
_MEANINGS: dict[type[Enum], Mapping[str, str]] = {
    Role: {
        "DIRECTOR": "Carries accounts and sells: sees and changes their own.",
        "MANAGER": "Sees and changes what their team and the teams below it carry; makes rules.",
        "ASSISTANT": "Acts on behalf of directors and managers who delegated to them; sees nothing else.",
        "READER": "Sees what a manager of the same team sees, and changes nothing.",
        "INTEGRATION": "A program: sees the whole operator and writes records and signals, no rules.",
        "ADMIN": "Sees and may do everything at the operator.",
    },
    Scope: {
        "READ": "Reading by queries and subscriptions; without it only mutations and what they answer.",
        "READ_MONEY": "Amounts of money, and texts and numbers that tell of them.",
        "READ_PERSONAL": "Who contacts are and how to reach them, and what people wrote: notes and reasons.",
        "WRITE_SALES": "Accounts, contacts, deals, and answers to recommendations.",
        "WRITE_SIGNALS": "Recording signals.",
        "WRITE_RULES": "Rulebooks, levers, limits of offers and alarms of the engine.",
        "EVALUATE": "Having accounts judged, and rules tried, checked and backtested.",
        "IMPORT": "Bringing in the records of a source, with its users and teams.",
        "ADMINISTER": "API keys and delegations.",
    },
}
for _enum, _name in _NAMES.items():
    strawberry.enum(_enum, name=_name)
for _enum, _meanings in _MEANINGS.items():
    for _value in _enum.__strawberry_definition__.values:  # type: ignore[attr-defined]
        _value.description = _meanings[_value.name]


@strawberry.enum
class Direction(Enum):
    """Ascending or descending; missing values come last either way."""

    ASC = "asc"
    DESC = "desc"

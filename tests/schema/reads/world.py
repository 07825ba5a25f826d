"""A small stored world to read: two tenants, every kind of record, and what is easily told wrong in each.

It is the same each time. Every second text holds the id of its record between ⟦ and ⟧, so that it shows in
an answer whose record it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from random import Random
from typing import Any, TypeVar

import orjson
from typeid import TypeID
from uuid_utils import UUID

from models.access import ApiKey, Delegation, Role, Team, Tenant, User
from models.accounts import Account, AccountMerge
from models.base import Record
from models.bids import Bid, BidApproval, BidDocument, BidMember, BidRound, DiscountLevel
from models.catalog import CompatibilityRule, Product
from models.competition import BattleNote, Competitor, CompetitorName, CompetitorPosition
from models.deals import Deal, DealCompetitor, DealContact, DealLine, StageChange
from models.events import PopulationEvent
from models.forecast import (
    DealSplit,
    ForecastAdjustment,
    ForecastCall,
    ForecastSubmission,
    PipelineSnapshot,
    Quota,
    SnapshotDeal,
)
from models.people import Contact, Interaction
from models.pipelines import LossReason, Pipeline, PipelineStage, StageWaiver
from models.plan_records import PlanJudgement, PlanRevision
from models.plans import AcceptedRisk, AccountPlan, Objective, ObjectiveMeasure, PlanAction, PlanEntry
from models.plays import Play, PlayRun, PlayRunStep, PlayStep
from models.projections import DealLikelihood, ForecastProjection
from models.qualification import DecisionCriterion
from models.rates import ExchangeRate
from models.recommendations import Answer, Evidence, Lever, Recommendation, Risk, RiskLine
from models.revenue import Contract
from models.rulebooks import (
    Backtest,
    EngineAlarm,
    EvaluationRun,
    Judgement,
    PendingJudgement,
    Rule,
    Rulebook,
)
from models.services import Service, UsageMonth
from models.signals import Signal
from models.stakeholders import Assessment, NeededRoles, Rapport, Stakeholder
from models.tickets import Ticket
from models.trends import Trend
from models.whitespace import AccountPotential
from tests.schema.reads.odd_values import DAYS, LONG, MOMENTS, NAMES, TEXTS

R = TypeVar("R", bound=Record)
T = TypeVar("T")
OPENING, CLOSING = "⟦⟧"
#: Milliseconds of the first record's id.
BEGINNING = 1_760_000_000_000
#: Every model that an actor may see rows of, each after those that it refers to.
MODELS: tuple[type[Record], ...] = (
    Tenant, Team, User, Product, Account, Contract, Pipeline, PipelineStage, LossReason, ExchangeRate, Deal,
    DealLine, Contact, DealContact, DealCompetitor, DecisionCriterion, StageChange, StageWaiver, Service,
    UsageMonth, Ticket, Signal, Rulebook, Rule, EvaluationRun, Recommendation, Risk, RiskLine, Evidence,
    Answer, Lever, PopulationEvent, Judgement, PendingJudgement, EngineAlarm, Backtest, ApiKey, Delegation,
    DealSplit, Quota, ForecastSubmission, ForecastCall, ForecastAdjustment, PipelineSnapshot, SnapshotDeal,
    ForecastProjection, DealLikelihood, Bid, BidDocument, BidMember, BidRound, DiscountLevel, BidApproval,
    Interaction, Stakeholder, Assessment, Rapport, NeededRoles, AccountPlan, PlanEntry, Objective,
    ObjectiveMeasure, Play, PlayStep, PlanAction, AcceptedRisk, PlanRevision, PlanJudgement, PlayRun,
    PlayRunStep,
    Trend, Competitor, CompetitorName, CompetitorPosition, BattleNote,
    AccountPotential, CompatibilityRule,
    AccountMerge,
)  # fmt: skip


@dataclass
class World:
    """The records of each model, and the users that may ask, by what they are."""

    random: Random
    rows: dict[type[Record], list[Record]] = field(default_factory=lambda: {model: [] for model in MODELS})
    users: dict[str, User] = field(default_factory=dict)
    #: Ids of records that were there once.
    gone: list[str] = field(default_factory=list)
    _made: int = 0

    def of(self, model: type[R]) -> list[R]:
        """The records of a model."""
        return [row for row in self.rows[model] if isinstance(row, model)]

    def make(self, model: type[R], **values: Any) -> R:
        """One more record; a value that is a function is given the record's id."""
        new = self._id(model.prefix)
        given = {name: value(new) if callable(value) else value for name, value in values.items()}
        row = model(id=new, created_at=self.random.choice(MOMENTS), **given)
        self.rows[model].append(row)
        return row

    def pick(self, among: Sequence[T]) -> T:
        """Any of these."""
        return self.random.choice(among)

    def maybe(self, value: T, chance: float = 0.7) -> T | None:
        """A value that is missing now and then."""
        return value if self.random.random() < chance else None

    def day(self) -> date:
        """Any day, rarely the one that others have."""
        if self.random.random() < 0.5:
            return self.pick(DAYS)
        return date.fromordinal(
            self.random.randrange(date(2024, 1, 1).toordinal(), date(2027, 1, 1).toordinal())
        )

    def moment(self) -> datetime:
        """Any moment."""
        return self.pick(MOMENTS)

    def text(self, limit: int = 200) -> Any:
        """A text of a record: one that many have, or an odd one with the record's id."""
        if self.random.random() < 0.4:
            return self.pick(NAMES)
        odd = self.pick((*TEXTS, LONG))
        return lambda new: f"{odd[: limit - 60]} {OPENING}{new}{CLOSING}"

    @property
    def ids(self) -> list[str]:
        """The ids of all records, and of those that were there once."""
        return [row.id for rows in self.rows.values() for row in rows] + self.gone

    def gone_id(self, model: type[Record]) -> str:
        """The id of a record of a model that was there once."""
        self.gone.append(self._id(model.prefix))
        return self.gone[-1]

    def _id(self, prefix: str) -> str:
        self._made += 1
        bits = BEGINNING + self._made * 1_000, self.random.getrandbits(12), self.random.getrandbits(62)
        number = (bits[0] << 80) | (7 << 76) | (bits[1] << 64) | (2 << 62) | bits[2]
        return str(TypeID.from_uuid(UUID(int=number), prefix))


def owner_ids(text: str) -> Iterator[str]:
    """The ids of the records whose texts are told in an answer."""
    for part in text.split(OPENING)[1:]:
        yield part.partition(CLOSING)[0]


async def write(world: World) -> None:
    """Store everything, as it is."""
    for model in MODELS:
        await model.bulk_create(world.of(model))


def json_text(value: object) -> str:
    """A JSON value as commands store it in a text column."""
    return orjson.dumps(value).decode()


def teams_and_users(world: World, name: str) -> tuple[Tenant, list[User]]:
    """A tenant with a tree of teams, and one user of each kind; directors are those who carry accounts."""
    pounds = name == "b"
    tenant = world.make(Tenant, name=world.text(), slug=f"t-{name}", currency="GBP" if pounds else "EUR")
    top = world.make(Team, tenant_id=tenant.id, name=f"Top {NAMES[2]}")
    leaf = world.make(Team, tenant_id=tenant.id, name='Leaf "1"', parent_id=top.id)
    below = world.make(Team, tenant_id=tenant.id, name="Below 🦊", parent_id=leaf.id)
    beside = world.make(Team, tenant_id=tenant.id, name=NAMES[0], parent_id=top.id)
    staff: list[tuple[str, Role, Team | None]] = [
        ("admin", Role.ADMIN, None),
        ("integration", Role.INTEGRATION, top),
        ("head", Role.MANAGER, top),
        ("manager", Role.MANAGER, leaf),
        ("teamless", Role.MANAGER, None),
        ("director", Role.DIRECTOR, leaf),
        ("deputy", Role.DIRECTOR, below),
        ("neighbour", Role.DIRECTOR, beside),
        ("idle", Role.DIRECTOR, beside),
        ("gone", Role.DIRECTOR, leaf),
        ("assistant", Role.ASSISTANT, top),
        ("reader", Role.READER, leaf),
    ]
    manager: User | None = None
    for kind, role, team in staff:
        user = world.make(
            User,
            tenant_id=tenant.id,
            name=world.text(),
            email=f"{kind}@{name}.example.com",
            role=role,
            team_id=team and team.id,
            manager_id=manager and manager.id,
            active=kind != "gone",
        )
        manager = user if role is Role.MANAGER and team else manager
        world.users[f"{kind} of {name}"] = user
    return tenant, [world.users[f"{kind} of {name}"] for kind, _, _ in staff]

"""Objects for tests, each with defaults that a test need not care about; written straight to the database."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from itertools import count
from typing import Any

import orjson

from commands.actors import actor_of
from models.access import Actor, Role, Team, Tenant, User
from models.accounts import Account
from models.base import new_id
from models.bids import Bid, BidRound
from models.catalog import Compatibility, CompatibilityRule, Product
from models.competition import (
    Competitor,
    CompetitorName,
    CompetitorPosition,
    PositionRole,
    spelling_key,
)
from models.deals import CompetitorStatus, ContactRole, Deal, DealCompetitor, DealContact, DealLine
from models.events import Dimension, Movement, PopulationEvent
from models.forecast import Quota
from models.people import Contact, Interaction, InteractionKind
from models.plan_records import Health, PlanJudgement, PlanRevision, RevisionState
from models.plans import AccountPlan, Objective, ObjectiveMeasure, PlanAction, PlanState
from models.plays import Play, PlayStep
from models.recommendations import Evidence, Recommendation, Risk
from models.revenue import Contract
from models.services import Service, UsageMonth
from models.signals import Signal, SignalKind
from models.stakeholders import Stakeholder
from models.tickets import Ticket
from models.trends import Trend, TrendKind
from models.whitespace import AccountPotential

#: The day on which tests take place unless they say otherwise.
TODAY = date(2026, 3, 31)
_numbers = count(1)


def _number() -> int:
    return next(_numbers)


async def tenant(**values: Any) -> Tenant:
    """A tenant that keeps its books in euros."""
    number = _number()
    defaults: dict[str, Any] = {"name": f"Operator {number}", "slug": f"operator-{number}", "currency": "EUR"}
    return await Tenant.create(id=values.pop("id", None) or Tenant.make_id(), **(defaults | values))


async def team(of: Tenant, **values: Any) -> Team:
    """A team; ``parent_id`` puts it below another."""
    return await Team.create(
        id=values.pop("id", None) or Team.make_id(),
        tenant_id=of.id,
        **({"name": f"Team {_number()}"} | values),
    )


async def user(of: Tenant, role: Role = Role.DIRECTOR, **values: Any) -> User:
    """A user, a director unless said otherwise."""
    number = _number()
    defaults: dict[str, Any] = {"name": f"User {number}", "email": f"user{number}@example.com", "role": role}
    return await User.create(
        id=values.pop("id", None) or User.make_id(), tenant_id=of.id, **(defaults | values)
    )


async def actor(who: User) -> Actor:
    """What a token of this user stands for."""
    return await actor_of(who.id, who.tenant_id)


async def account(owner: User, **values: Any) -> Account:
    """An account of an owner, since the beginning of 2025."""
    defaults: dict[str, Any] = {
        "name": f"Account {_number()}",
        "currency": "EUR",
        "valid_from": date(2025, 1, 1),
    }
    return await Account.create(
        id=values.pop("id", None) or Account.make_id(),
        tenant_id=owner.tenant_id,
        **({"owner_id": owner.id} | defaults | values),
    )


async def contact(of: Account, **values: Any) -> Contact:
    """A person at an account."""
    return await Contact.create(
        id=values.pop("id", None) or Contact.make_id(),
        tenant_id=of.tenant_id,
        account_id=of.id,
        **({"name": f"Person {_number()}"} | values),
    )


async def stakeholder(who: Contact, **values: Any) -> Stakeholder:
    """A contact's part in the buying centre of its account: an economic buyer unless said otherwise."""
    return await Stakeholder.create(
        id=values.pop("id", None) or Stakeholder.make_id(),
        tenant_id=who.tenant_id,
        account_id=who.account_id,
        contact_id=who.id,
        **({"role": ContactRole.ECONOMIC_BUYER} | values),
    )


async def product(of: Tenant, **values: Any) -> Product:
    """A product of the suite."""
    defaults: dict[str, Any] = {"name": f"Product {_number()}", "list_price_minor": 100_00, "currency": "EUR"}
    return await Product.create(
        id=values.pop("id", None) or Product.make_id(), tenant_id=of.id, **(defaults | values)
    )


async def deal(of: Account, **values: Any) -> Deal:
    """An open deal of the account's owner."""
    defaults: dict[str, Any] = {
        "name": f"Deal {_number()}",
        "owner_id": of.owner_id,
        "amount_minor": 1_000_00,
        "currency": "EUR",
        "valid_from": date(2026, 1, 1),
        "stage_since": date(2026, 1, 1),
    }
    return await Deal.create(
        id=values.pop("id", None) or Deal.make_id(),
        tenant_id=of.tenant_id,
        account_id=of.id,
        **(defaults | values),
    )


async def deal_line(of: Deal, what: Product, **values: Any) -> DealLine:
    """One product of a deal."""
    return await DealLine.create(
        id=values.pop("id", None) or DealLine.make_id(),
        tenant_id=of.tenant_id,
        deal_id=of.id,
        product_id=what.id,
        **({"currency": "EUR"} | values),
    )


async def bid(of: Deal, **values: Any) -> Bid:
    """A bid for a deal, which is due and has no round unless told."""
    defaults: dict[str, Any] = {"name": f"Tender {_number()}", "due_on": TODAY}
    return await Bid.create(
        id=values.pop("id", None) or Bid.make_id(),
        tenant_id=of.tenant_id,
        deal_id=of.id,
        **(defaults | values),
    )


async def bid_round(of: Bid, **values: Any) -> BidRound:
    """The first round of a bid: 900.00 of 1,000.00 by list, at a cost of 600.00."""
    defaults: dict[str, Any] = {
        "number": 1,
        "held_on": TODAY,
        "listed_minor": 1_000_00,
        "offered_minor": 900_00,
        "cost_minor": 600_00,
        "currency": "EUR",
    }
    return await BidRound.create(
        id=values.pop("id", None) or BidRound.make_id(),
        tenant_id=of.tenant_id,
        bid_id=of.id,
        **(defaults | values),
    )


async def deal_contact(of: Deal, who: Contact, **values: Any) -> DealContact:
    """A contact taking part in a deal."""
    return await DealContact.create(
        id=values.pop("id", None) or DealContact.make_id(),
        tenant_id=of.tenant_id,
        deal_id=of.id,
        contact_id=who.id,
        **values,
    )


async def contract(of: Account, **values: Any) -> Contract:
    """A contract that runs from 2025 to 2027 at 1,000.00 a month."""
    defaults: dict[str, Any] = {
        "name": f"Contract {_number()}",
        "starts_on": date(2025, 1, 1),
        "ends_on": date(2027, 12, 31),
        "mrc_minor": 1_000_00,
        "currency": "EUR",
    }
    return await Contract.create(
        id=values.pop("id", None) or Contract.make_id(),
        tenant_id=of.tenant_id,
        account_id=of.id,
        **(defaults | values),
    )


async def service(of: Account, **values: Any) -> Service:
    """An active service."""
    defaults: dict[str, Any] = {
        "name": f"Service {_number()}",
        "currency": "EUR",
        "started_on": date(2025, 1, 1),
    }
    return await Service.create(
        id=values.pop("id", None) or Service.make_id(),
        tenant_id=of.tenant_id,
        account_id=of.id,
        **(defaults | values),
    )


async def usage(of: Account, month: date, quantity: int, **values: Any) -> UsageMonth:
    """What an account used in a month."""
    return await UsageMonth.create(
        id=values.pop("id", None) or UsageMonth.make_id(),
        tenant_id=of.tenant_id,
        account_id=of.id,
        month=month,
        quantity=quantity,
        **({"currency": "EUR"} | values),
    )


async def ticket(of: Account, **values: Any) -> Ticket:
    """A trouble ticket that was opened in March 2026."""
    defaults: dict[str, Any] = {"title": f"Ticket {_number()}", "opened_on": date(2026, 3, 1)}
    return await Ticket.create(
        id=values.pop("id", None) or Ticket.make_id(),
        tenant_id=of.tenant_id,
        account_id=of.id,
        **(defaults | values),
    )


async def signal(of: Account, **values: Any) -> Signal:
    """Something heard in March 2026."""
    defaults: dict[str, Any] = {
        "kind": SignalKind.OTHER,
        "summary": f"Heard {_number()}",
        "observed_on": date(2026, 3, 15),
    }
    return await Signal.create(
        id=values.pop("id", None) or Signal.make_id(),
        tenant_id=of.tenant_id,
        account_id=of.id,
        **(defaults | values),
    )


async def trend(of: Account, **values: Any) -> Trend:
    """A merger that was observed on TODAY, and holds."""
    defaults: dict[str, Any] = {"kind": TrendKind.MERGER, "title": "It merges", "observed_on": TODAY}
    given = defaults | values
    return await Trend.create(
        id=Trend.make_id(),
        tenant_id=of.tenant_id,
        account_id=of.id,
        **{"valid_from": given["observed_on"], **given},
    )


async def competitor_position(of: Account, **values: Any) -> CompetitorPosition:
    """A competitor that supplies WAN, as observed on TODAY."""
    name = f"Competitor {_number()}"
    known = await Competitor.create(id=Competitor.make_id(), tenant_id=of.tenant_id, name=name)
    await CompetitorName.create(
        id=CompetitorName.make_id(),
        tenant_id=of.tenant_id,
        competitor_id=known.id,
        name=name,
        key=spelling_key(name),
    )
    defaults: dict[str, Any] = {
        "competitor_id": known.id,
        "product_family": "WAN",
        "role": PositionRole.INCUMBENT,
        "observed_on": TODAY,
        "currency": "EUR",
    }
    return await CompetitorPosition.create(
        id=CompetitorPosition.make_id(), tenant_id=of.tenant_id, account_id=of.id, **(defaults | values)
    )


async def interaction(of: Account, **values: Any) -> Interaction:
    """A call in March 2026."""
    defaults: dict[str, Any] = {"kind": InteractionKind.CALL, "happened_on": date(2026, 3, 15)}
    return await Interaction.create(
        id=values.pop("id", None) or Interaction.make_id(),
        tenant_id=of.tenant_id,
        account_id=of.id,
        **(defaults | values),
    )


async def event(of: Tenant, **values: Any) -> PopulationEvent:
    """Severe tickets at many accounts of the whole tenant since the middle of March 2026."""
    defaults: dict[str, Any] = {
        "measure": "account.tickets_open_severe",
        "direction": Movement.ROSE,
        "dimension": Dimension.TENANT,
        "title": "Severe tickets at many accounts at once",
        "started_on": date(2026, 3, 15),
        "compared_on": date(2026, 2, 12),
        "last_seen_on": TODAY,
        "accounts": 8,
        "population": 20,
        "usual_share": 0.01,
        "exposure_minor": 96_000_00,
        "currency": "EUR",
        "opened_run_id": new_id("run"),
        "changed_run_id": new_id("run"),
    }
    return await PopulationEvent.create(
        id=values.pop("id", None) or PopulationEvent.make_id(), tenant_id=of.id, **(defaults | values)
    )


async def quota(of: User, **values: Any) -> Quota:
    """What somebody is to win in the first quarter of 2026: 1,000.00 unless said otherwise."""
    defaults: dict[str, Any] = {
        "first_on": date(2026, 1, 1),
        "last_on": date(2026, 3, 31),
        "target": 1_000_00,
        "currency": "EUR",
    }
    return await Quota.create(
        id=values.pop("id", None) or Quota.make_id(),
        tenant_id=of.tenant_id,
        user_id=of.id,
        **(defaults | values),
    )


async def recommendation(about: Deal, **values: Any) -> Recommendation:
    """An open recommendation about a deal."""
    defaults: dict[str, Any] = {
        "rule_key": "stalled-deal",
        "rulebook_version": "starter/1",
        "subject_key": about.id,
        "title": "Revive the deal",
        "held_since": TODAY,
        "last_seen_on": TODAY,
        "opened_run_id": "run_1",
        "changed_run_id": "run_1",
        "action": "REVIVE_DEAL",
        "because": "it stands still",
        "due_on": TODAY,
        "likelihood": 0.5,
        "urgency": 1.0,
        "value_minor": 100,
        "currency": "EUR",
        "priority": 0.5,
    }
    return await Recommendation.create(
        id=values.pop("id", None) or Recommendation.make_id(),
        tenant_id=about.tenant_id,
        account_id=about.account_id,
        deal_id=about.id,
        **(defaults | values),
    )


async def evidence_of_none(of: Recommendation | Risk, kind: str, where: Mapping[str, object]) -> Evidence:
    """What a verdict says of there being no fact of a kind that meets conditions."""
    about: dict[str, Any] = {f"{of._meta.db_table}_id": of.id}
    return await Evidence.create(
        **about,
        id=Evidence.make_id(),
        tenant_id=of.tenant_id,
        position=1,
        alias="none",
        observed_on=TODAY,
        fact_kind=kind,
        fact_id="",
        field="count",
        op="eq",
        threshold=orjson.dumps({"count": 0, "where": where}).decode(),
        seen="0",
        source="own",
    )


async def account_plan(of: Account, **values: Any) -> AccountPlan:
    """A draft of a plan for 2026."""
    defaults: dict[str, Any] = {
        "name": f"Plan {_number()}",
        "first_on": date(2026, 1, 1),
        "last_on": date(2026, 12, 31),
        "currency": "EUR",
        "valid_from": date(2026, 1, 1),
    }
    return await AccountPlan.create(
        id=values.pop("id", None) or AccountPlan.make_id(),
        tenant_id=of.tenant_id,
        account_id=of.id,
        **(defaults | values),
    )


def _of_plan(plan: AccountPlan) -> dict[str, Any]:
    return {
        "tenant_id": plan.tenant_id,
        "account_id": plan.account_id,
        "account_plan_id": plan.id,
        "valid_from": plan.valid_from,
    }


async def objective(of: AccountPlan, **values: Any) -> Objective:
    """An objective that is due when the plan ends."""
    defaults: dict[str, Any] = {"title": f"Objective {_number()}", "due_on": of.last_on}
    return await Objective.create(id=Objective.make_id(), **(_of_plan(of) | defaults | values))


async def objective_measure(of: Objective, plan: AccountPlan, **values: Any) -> ObjectiveMeasure:
    """How many services there are, which are to become ten."""
    defaults: dict[str, Any] = {
        "title": f"Measure {_number()}",
        "fact_kind": "service",
        "aggregate": "COUNT",
        "conditions": {},
        "direction": "AT_LEAST",
        "baseline": "0",
        "target": "10",
    }
    own = _of_plan(plan) | {"objective_id": of.id}
    return await ObjectiveMeasure.create(id=ObjectiveMeasure.make_id(), **(own | defaults | values))


async def plan_action(of: AccountPlan, **values: Any) -> PlanAction:
    """An action that is due when the plan ends."""
    defaults: dict[str, Any] = {"title": f"Action {_number()}", "due_on": of.last_on}
    return await PlanAction.create(id=PlanAction.make_id(), **(_of_plan(of) | defaults | values))


async def plan_judgement(of: AccountPlan, health: Health, **values: Any) -> PlanJudgement:
    """How a plan stood on its first day."""
    defaults: dict[str, Any] = {"objectives_behind": 0, "judged_on": of.first_on, "moved_on": of.first_on}
    if health is not Health.NOT_BEGUN:
        defaults |= {"objectives": 1, "objectives_without_action": 0, "actions_overdue": 0}
    return await PlanJudgement.create(
        id=PlanJudgement.make_id(), **(_of_plan(of) | {"health": health} | defaults | values)
    )


async def approved_plan(of: Account) -> AccountPlan:
    """A plan of 2026 of which ten services are to come until 11 April, approved on its first day."""
    began = date(2026, 1, 1)
    plan = await account_plan(
        of, state=PlanState.APPROVED, approved_on=began, submitted_on=began, revisions_held=1
    )
    ten = await objective(plan, due_on=date(2026, 4, 11))
    measure = await objective_measure(ten, plan)
    await plan_action(plan, due_on=date(2026, 1, 10))
    document: dict[str, object] = {
        "name": plan.name, "first_on": "2026-01-01", "last_on": "2026-12-31", "vision": None,
        "revenue_target": None, "currency": "EUR", "entries": {}, "accepted_risks": {}, "actions": {},
        "objectives": {ten.id: {"title": "Ten", "due_on": "2026-04-11", "status": "IN_PROGRESS"}},
        "measures": {measure.id: {name: getattr(measure, name) for name in measure.kept}},
    }  # fmt: skip
    await PlanRevision.create(
        id=PlanRevision.make_id(), tenant_id=plan.tenant_id, account_id=of.id, account_plan_id=plan.id,
        number=1, state=RevisionState.APPROVED, submitted_on=began, decided_on=began, document=document,
    )  # fmt: skip
    return plan


async def play(of: Tenant, key: str, *steps: str) -> Play:
    """A play with steps that are a week apart."""
    made = await Play.create(id=Play.make_id(), tenant_id=of.id, key=key, name=key.title())
    for position, text in enumerate(steps, 1):
        await PlayStep.create(
            id=PlayStep.make_id(),
            tenant_id=of.id,
            play_id=made.id,
            position=position,
            text=text,
            due_after_days=7 * (position - 1),
        )
    return made


async def potential(of: Account, family: str, mrc_minor: int, **values: Any) -> AccountPotential:
    """What somebody said in January 2026 that an account could pay a month for a family."""
    defaults: dict[str, Any] = {
        "currency": "EUR",
        "because": "they said so",
        "set_on": date(2026, 1, 1),
        "valid_from": date(2026, 1, 1),
    }
    return await AccountPotential.create(
        id=AccountPotential.make_id(),
        tenant_id=of.tenant_id,
        account_id=of.id,
        product_family=family,
        mrc_minor=mrc_minor,
        **(defaults | values),
    )


async def compatibility(of: Tenant, family: str, kind: Compatibility, other: str) -> CompatibilityRule:
    """That a family excludes or requires another one, since the beginning of 2025."""
    return await CompatibilityRule.create(
        id=CompatibilityRule.make_id(),
        tenant_id=of.id,
        family=family,
        kind=kind,
        other_family=other,
        valid_from=date(2025, 1, 1),
    )


async def deal_competitor(of: Deal, status: CompetitorStatus, **values: Any) -> DealCompetitor:
    """A competitor on a deal."""
    return await DealCompetitor.create(
        id=DealCompetitor.make_id(),
        tenant_id=of.tenant_id,
        deal_id=of.id,
        status=status,
        **({"name": f"Rival {_number()}", "currency": "EUR"} | values),
    )

"""What is known and planned for the account of a director's largest deal: people, rivals, and a plan."""

from __future__ import annotations

from datetime import date, timedelta

from commands import careers, competition, people, plan_parts, plans, stakeholders, trends
from commands.trends import Observed
from jobs.demo.people import DIRECTOR_EMAIL, MANAGER_EMAIL
from jobs.demo.week import acting, largest_open_deal
from models.access import Actor, Tenant
from models.accounts import Account
from models.base import today
from models.competition import PositionRole
from models.deals import ContactRole, Deal
from models.forecast import quarter_of
from models.people import Contact, InteractionKind, Seniority
from models.plans import (
    AccountPlan,
    Aggregate,
    MeasureDirection,
    ObjectiveStatus,
    PlanEntryKind,
)
from models.severity import Severity
from models.stakeholders import Influence, Support
from models.trends import Confidence, TrendImpact, TrendKind

_RIVAL = "Stratoline"
_ROLES = (
    (ContactRole.DECISION_MAKER, Influence.HIGH, Support.NEUTRAL, 25),
    (ContactRole.ECONOMIC_BUYER, Influence.HIGH, Support.SUPPORTER, 40),
    (ContactRole.CHAMPION, Influence.MEDIUM, Support.MENTOR, 6),
    (ContactRole.PROCUREMENT, Influence.MEDIUM, Support.NON_SUPPORTER, 75),
    (ContactRole.TECHNICAL, Influence.LOW, Support.SUPPORTER, 12),
)
_ENTRIES = (
    (PlanEntryKind.STRENGTH, "Their plants run on our network, and their people know ours"),
    (PlanEntryKind.WEAKNESS, "Nothing of ours is in their data centres"),
    (PlanEntryKind.OPPORTUNITY, "Their telephony ends with the old exchange lines"),
    (PlanEntryKind.THREAT, "Procurement compares every renewal with a rival's list"),
    (PlanEntryKind.STRATEGY, "Voice first, site by site; cloud where the network is new"),
)


async def strategise(tenant: Tenant) -> None:
    """Write down who is who at one account and what is to become of it; a world with plans is left alone."""
    if await AccountPlan.filter(tenant_id=tenant.id).exists():
        return
    director, manager = [await acting(tenant, email) for email in (DIRECTOR_EMAIL, MANAGER_EMAIL)]
    deal = await largest_open_deal(director)
    if deal is None:
        return
    account = await Account.get(id=deal.account_id)
    await _know(director, account)
    await _watch(director, account)
    await _plan(director, manager, account, deal)


async def _know(director: Actor, account: Account) -> None:
    """Who reports to whom, who is what in the buying centre, and when they were met."""
    ranks = list(Seniority)
    found = await Contact.filter(account_id=account.id, left_on=None).order_by("external_id")
    found.sort(key=lambda each: ranks.index(each.seniority))
    for contact in found[1:]:
        above = [each for each in found if ranks.index(each.seniority) < ranks.index(contact.seniority)]
        await careers.set_manager(director, contact.id, contact.version, (above or found[:1])[-1].id)
    for contact, (role, influence, support, days) in zip(found, _ROLES, strict=False):
        await stakeholders.set_role(director, contact.id, role)
        await stakeholders.assess(director, contact.id, {"influence": influence, "support": support})
        await people.record_interaction(
            director,
            {
                "account_id": account.id, "contact_id": contact.id, "user_id": director.user_id,
                "kind": InteractionKind.VISIT, "happened_on": today() - timedelta(days=days),
            },
        )  # fmt: skip


async def _watch(director: Actor, account: Account) -> None:
    """What changes there, and who else is there."""
    values = {
        "kind": TrendKind.CLOUD_MOVE, "title": "Their plants are to run in one cloud by the end of next year",
        "observed_on": today() - timedelta(days=20), "impact": TrendImpact.OPPORTUNITY,
        "severity": Severity.HIGH, "confidence": Confidence.HIGH, "heard_from": "their head of networks",
    }  # fmt: skip
    (trend,) = await trends.record(director, [Observed(account.id, values)])
    by = today() + timedelta(days=30)
    course = {"course": "Workshop on cloud access with every plant", "course_due_on": by}
    await trends.update(director, trend.id, course)
    standing = {
        "role": PositionRole.CHALLENGER, "share": 20, "observed_on": today() - timedelta(days=9),
        "contract_ends_on": today() + timedelta(days=150),
    }  # fmt: skip
    position = await competition.put_position(director, account.id, _RIVAL, "Cloud and Data Centre", standing)
    note = "Their price has no support at night: ask what an hour without production costs."
    await competition.write_note(director, position.competitor_id, note)


async def _plan(director: Actor, manager: Actor, account: Account, deal: Deal) -> None:
    """A plan of a year since the quarter began, which the manager agreed to."""
    first = quarter_of(today()).first
    last = first + timedelta(days=364)
    plan = await plans.create(
        director,
        account.id,
        {
            "name": f"{account.name}: number one in voice", "first_on": first, "last_on": last,
            "vision": "Every desk and every machine of theirs talks over our network",
            "revenue_target_minor": 2_000_000_00,
        },
    )  # fmt: skip
    for kind, text in _ENTRIES:
        await plan_parts.put_entry(director, plan.id, None, kind, text, None)
    await _objectives(director, plan, deal, last)
    await plan_parts.put_risk(
        director,
        plan.id,
        None,
        {
            "what": "Their IT may build voice of its own", "because": "it would take them three years",
            "accepted_by_id": manager.user_id, "until_on": last,
        },
    )  # fmt: skip
    await plans.submit(director, plan.id)
    await plans.approve(manager, plan.id)


async def _objectives(director: Actor, plan: AccountPlan, deal: Deal, last: date) -> None:
    status = {"status": ObjectiveStatus.IN_PROGRESS, "owner_id": director.user_id}
    voice = await plan_parts.put_objective(
        director, plan.id, None, {"title": "Telephony of all plants from us", "due_on": last, **status}
    )
    calm = await plan_parts.put_objective(
        director, plan.id, None, {"title": "No more than one open ticket", "due_on": last, **status}
    )
    await plan_parts.put_measure(
        director,
        calm.id,
        None,
        {
            "title": "Open tickets", "fact_kind": "ticket", "aggregate": Aggregate.COUNT, "field": None,
            "conditions": {"is_open": {"eq": True}}, "direction": MeasureDirection.AT_MOST,
            "baseline": 5, "target": 1,
        },
    )  # fmt: skip
    for title, days in (("Agree on the contract schedule", 7), ("Trial in one plant", 45)):
        action = {
            "title": title, "owner_id": director.user_id, "due_on": today() + timedelta(days=days),
            "objective_id": voice.id, "deal_id": deal.id, "play_id": None,
        }  # fmt: skip
        await plan_parts.put_action(director, plan.id, None, action)

"""Account plans of the demo: one that lags behind, one on track, and one that waits for a manager's word."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from commands import plan_parts, plans
from jobs.demo.cast import Cast
from jobs.demo.draft import days_before
from models.base import as_on
from models.deals import Deal
from models.plans import AccountPlan, Aggregate, MeasureDirection, ObjectiveStatus, PlanAction, PlanEntryKind

_UP, _DOWN = MeasureDirection.AT_LEAST, MeasureDirection.AT_MOST
_COUNT, _SUM, _MAX = Aggregate.COUNT, Aggregate.SUM, Aggregate.MAX


@dataclass(frozen=True)
class Measured:
    """What an objective is measured by; money in whole units."""

    title: str
    kind: str
    aggregate: Aggregate
    field: str | None
    conditions: dict[str, object]
    baseline: int
    target: int
    way: MeasureDirection = _UP


@dataclass(frozen=True)
class Act:
    """What is done for an objective: due so many days from today, and done so many days ago, if it is."""

    title: str
    due_in: int
    done_ago: int | None = None
    deal: str | None = None


@dataclass(frozen=True)
class Goal:
    """An objective, due so many days from today."""

    title: str
    due_in: int
    measure: Measured
    acts: tuple[Act, ...]


@dataclass(frozen=True)
class Told:
    """A plan of an account: days are counted from today, ``target`` is whole units a year.

    ``returned`` and ``approved`` are how many days ago its manager did so; None when not.
    """

    account: int
    name: str
    vision: str
    target: int
    began: int
    submitted: int
    entries: tuple[tuple[PlanEntryKind, str], ...]
    goals: tuple[Goal, ...]
    risk: tuple[str, str]
    returned: tuple[int, str] | None = None
    approved: int | None = None


PLANS = (
    Told(
        1,
        "Hallbergwerk: one network, one voice",
        "Every desk and every machine of theirs talks over our network",
        1_800_000,
        began=100,
        submitted=95,
        entries=(
            (PlanEntryKind.STRENGTH, "Their plants run on our network, and their people know ours"),
            (PlanEntryKind.WEAKNESS, "Little of what is in their data centres is ours"),
            (PlanEntryKind.OPPORTUNITY, "Their old exchange lines are switched off within two years"),
            (PlanEntryKind.THREAT, "Procurement compares every offer with a competitor's list"),
            (PlanEntryKind.STRATEGY, "Voice first, office by office; data centres where the network is new"),
        ),
        goals=(
            Goal(
                "Telephony of all offices from us",
                200,
                Measured(
                    "Voice and collaboration, a month", "service", _SUM, "monthly_recurring",
                    {"product_family": {"eq": "Voice and Collaboration"}, "state": {"eq": "ACTIVE"}},
                    5_000, 15_000,
                ),
                (
                    Act("Business case for cloud telephony with their finance", -70, done_ago=72),
                    Act("Trial in one plant", -12),
                    Act("Agree on a contract schedule", 10),
                ),
            ),
            Goal(
                "No more than two open tickets",
                264,
                Measured(
                    "Open tickets", "ticket", _COUNT, None, {"is_open": {"eq": True}}, 2, 2, _DOWN
                ),
                (Act("Go through the tickets of the quarter with their service manager", 30),),
            ),
            Goal(
                "Every executive spoken to within two months",
                264,
                Measured(
                    "Days since the last word with an executive, the longest", "contact", _MAX,
                    "days_since_contact",
                    {"seniority": {"eq": "EXECUTIVE"}, "has_left": {"eq": False}}, 75, 75, _DOWN,
                ),
                (Act("Invite their board to our operations centre", 40),),
            ),
        ),
        risk=("Their IT may build telephony of its own", "it would take them three years"),
        returned=(93, "Who speaks to their finance? The money is decided there"),
        approved=88,
    ),
    Told(
        4,
        "Vestermark: from lines to cloud",
        "What they run in the cloud, they reach over our network",
        260_000,
        began=60,
        submitted=57,
        entries=(
            (PlanEntryKind.STRENGTH, "Every site of theirs is on our network"),
            (PlanEntryKind.WEAKNESS, "We know one person well, and the others little"),
            (PlanEntryKind.OPPORTUNITY, "Their pumps report from everywhere, and the data goes to a cloud"),
            (PlanEntryKind.THREAT, "Procurement would tender everything, voice first"),
            (PlanEntryKind.STRATEGY, "Cloud with those who need it, and voice with it"),
        ),
        goals=(
            Goal(
                "Three hundred thousand in open deals",
                140,
                Measured(
                    "Open deals", "deal", _SUM, "amount", {"is_open": {"eq": True}}, 0, 300_000
                ),
                (
                    Act("Sizing of the cloud connection with their network manager", -20, done_ago=24),
                    Act("Offer for the pumps that report", 25),
                ),
            ),
            Goal(
                "No more than three open tickets",
                140,
                Measured(
                    "Open tickets", "ticket", _COUNT, None, {"is_open": {"eq": True}}, 3, 3, _DOWN
                ),
                (Act("Review of tickets with their network team", 6),),
            ),
        ),
        risk=("We hang on their operations chief", "the others come to know us with the first connection"),
        approved=55,
    ),
    Told(
        6,
        "Talvik: the grid on our network",
        "Every substation reports over our network",
        420_000,
        began=-5,
        submitted=17,
        entries=(
            (PlanEntryKind.STRENGTH, "Their sensors use our cards, and more of them each month"),
            (PlanEntryKind.OPPORTUNITY, "Private 5G for the campus"),
            (PlanEntryKind.STRATEGY, "Show what grows, and offer it before it is asked for"),
        ),
        goals=(
            Goal(
                "Sensors at nine thousand a month",
                300,
                Measured(
                    "IoT connectivity, a month", "service", _SUM, "monthly_recurring",
                    {"product_family": {"eq": "Mobile and IoT"}, "state": {"eq": "ACTIVE"}},
                    6_000, 9_000,
                ),
                (Act("Plan of the campus with their engineers", 45, deal="OPP-06-STEP"),),
            ),
        ),
        risk=("The regulator may forbid shared networks", "a private network is on offer for that case"),
    ),
)  # fmt: skip
LASTS = 364


async def plan_accounts(cast: Cast) -> None:
    """Write each plan when it was begun, and let the manager decide on it."""
    for told in PLANS:
        with as_on(days_before(cast.today, told.submitted + 3)):
            plan = await _written(cast, told)
        acts = {act.title: act for goal in told.goals for act in goal.acts}
        await _decided(cast, plan, told)
        for action in await PlanAction.filter(account_plan_id=plan.id).order_by("id"):
            done_ago = acts[action.title].done_ago
            if done_ago is not None:
                with as_on(done := days_before(cast.today, done_ago)):
                    await plan_parts.complete_action(cast.director, action.id, done)


async def _written(cast: Cast, told: Told) -> AccountPlan:
    account = await cast.account(told.account)
    first = days_before(cast.today, told.began)
    last = first + timedelta(days=LASTS)
    plan = await plans.create(
        cast.director,
        account.id,
        {
            "name": told.name, "vision": told.vision, "first_on": first, "last_on": last,
            "revenue_target_minor": told.target * 100,
        },
    )  # fmt: skip
    for kind, text in told.entries:
        await plan_parts.put_entry(cast.director, plan.id, None, {"kind": kind, "text": text})
    for goal in told.goals:
        await _aim(cast, plan, goal)
    what, because = told.risk
    risk = {"what": what, "because": because, "until_on": last}
    await plan_parts.put_risk(cast.director, plan.id, None, risk)
    return plan


async def _aim(cast: Cast, plan: AccountPlan, goal: Goal) -> None:
    """An objective with its measure and what is done for it."""
    mine = {"owner_id": cast.director.user_id}
    values = {"title": goal.title, "status": ObjectiveStatus.IN_PROGRESS, **mine}
    objective = await plan_parts.put_objective(
        cast.director, plan.id, None, {**values, "due_on": days_before(cast.today, -goal.due_in)}
    )
    by = goal.measure
    await plan_parts.put_measure(
        cast.director,
        objective.id,
        None,
        {
            "title": by.title, "fact_kind": by.kind, "aggregate": by.aggregate, "field": by.field,
            "conditions": by.conditions, "direction": by.way, "baseline": by.baseline, "target": by.target,
        },
    )  # fmt: skip
    for act in goal.acts:
        deal = await cast.found(Deal, act.deal) if act.deal else None
        due_on = days_before(cast.today, -act.due_in)
        about = {"objective_id": objective.id, "deal_id": deal.id if deal else None, "play_id": None}
        action = {"title": act.title, "due_on": due_on, **mine, **about}
        await plan_parts.put_action(cast.director, plan.id, None, action)


async def _decided(cast: Cast, plan: AccountPlan, told: Told) -> None:
    """Hand the plan in, have it returned if it was, and agreed to if it is."""
    if told.returned is not None:
        ago, because = told.returned
        with as_on(days_before(cast.today, ago + 2)):
            await plans.submit(cast.director, plan.id)
        with as_on(days_before(cast.today, ago)):
            await plans.give_back(cast.manager, plan.id, because)
    submitted = told.submitted if told.returned is None else told.returned[0] - 2
    with as_on(days_before(cast.today, submitted)):
        await plans.submit(cast.director, plan.id)
    if told.approved is not None:
        with as_on(days_before(cast.today, told.approved)):
            await plans.approve(cast.manager, plan.id)

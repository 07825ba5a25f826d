"""How account plans stand: each figure by an example that was worked out by hand."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strawberry.types import get_object_definition

from commands import deals, evaluations, people, plan_judgements, plan_parts, plans, rulebooks, stakeholders
from commands.access import system_actor
from commands.journal import unit_of_work
from models import database
from models.access import Actor, Role, Tenant, User
from models.accounts import Account
from models.base import as_on, today
from models.catalog import Product
from models.deals import ContactRole, Stage
from models.errors import Invalid, InvalidTransition
from models.people import Contact, InteractionKind, Seniority
from models.plan_records import Health
from models.plans import (
    AccountPlan,
    Aggregate,
    MeasureDirection,
    Objective,
    ObjectiveMeasure,
    ObjectiveStatus,
    PlanEntryKind,
    progress,
)
from models.recommendations import Recommendation, RecommendationState, Risk
from models.services import ServiceState
from rules import facts, packs
from rules.engine.pool import EnginePool
from rules.kinds import REGISTRY
from rules.measures import NOT_MEASURED, measure, values
from rules.plan_health import judged, standing
from rules.plan_judgements import Judged, ReasonKind
from schema.mutations.people import CreateContactInput, UpdateContactInput
from tests import factories

FIRST, LAST = date(2026, 1, 1), date(2026, 12, 31)
ORDER = (Health.NOT_BEGUN, Health.ABANDONED, Health.BEHIND, Health.ON_TRACK, Health.ACHIEVED)


class Office:
    """An account with one service of Cloud at 2,000.00 a month, its director, and the manager above."""

    ada: Actor
    mara: Actor
    account: Account
    cloud: Product

    async def open(self) -> Office:
        """Everything stored."""
        tenant = await factories.tenant()
        north = await factories.team(tenant)
        manager = await factories.user(tenant, Role.MANAGER, team_id=north.id)
        director = await factories.user(tenant, team_id=north.id, manager_id=manager.id)
        self.ada, self.mara = await factories.actor(director), await factories.actor(manager)
        self.account = await factories.account(director)
        self.cloud = await factories.product(tenant, family="Cloud")
        self.first = await self.service(2_000_00, FIRST)
        return self

    async def service(self, mrc_minor: int, since: date, state: ServiceState = ServiceState.ACTIVE) -> str:
        """A service of Cloud."""
        made = await factories.service(
            self.account, product_id=self.cloud.id, mrc_minor=mrc_minor, state=state, valid_from=since
        )
        return made.id

    async def plan(self, **given: Any) -> tuple[AccountPlan, Objective]:
        """A draft of a plan for 2026: the active services of Cloud are to bring 10,000.00 a month."""
        values = {"name": "2026", "first_on": FIRST, "last_on": LAST} | given
        plan = await plans.create(self.ada, self.account.id, values)
        objective = await self.objective(plan)
        await plan_parts.put_measure(self.ada, objective.id, None, CLOUD)
        return plan, objective

    async def objective(self, plan: AccountPlan) -> Objective:
        """An objective without a measure."""
        given = {"title": "Cloud", "due_on": plan.last_on, "status": "IN_PROGRESS", "owner_id": None}
        return await plan_parts.put_objective(self.ada, plan.id, None, given)

    async def action(self, plan: AccountPlan, due_on: date, objective: Objective | None = None) -> str:
        """An action of nobody in particular."""
        given: dict[str, Any] = {"title": "Call", "owner_id": None, "due_on": due_on, "deal_id": None}
        given |= {"objective_id": objective and objective.id, "play_id": None}
        return (await plan_parts.put_action(self.ada, plan.id, None, given)).id

    async def agree(self, plan: AccountPlan, on: date | None = FIRST) -> None:
        """Have the plan handed in and approved on a day."""
        await plans.submit(self.ada, plan.id, on=on)
        await plans.approve(self.mara, plan.id, on=on)

    async def stands(self, plan: AccountPlan, on: date) -> Judged:
        """How it stands as of a day."""
        now = await AccountPlan.get(id=plan.id)
        return (await judged(plan.tenant_id, [now], on))[plan.id]


CLOUD: dict[str, object] = {
    "title": "MRC of Cloud", "fact_kind": "service", "aggregate": "SUM", "field": "monthly_recurring",
    "conditions": {"product_family": {"eq": "Cloud"}, "state": {"eq": "ACTIVE"}}, "direction": "AT_LEAST",
    "baseline": "2000", "target": "10000",
}  # fmt: skip


@pytest.mark.parametrize(
    ("value", "baseline", "target", "way", "expected"),
    [
        (3000, "2000", "10000", MeasureDirection.AT_LEAST, Fraction(1, 8)),
        (1000, "2000", "10000", MeasureDirection.AT_LEAST, 0),
        (12000, "2000", "10000", MeasureDirection.AT_LEAST, 1),
        (6, "8", "2", MeasureDirection.AT_MOST, Fraction(1, 3)),
        (None, "8", "2", MeasureDirection.AT_MOST, 0),
        (5, "5", "5", MeasureDirection.AT_LEAST, 1),
        (4, "5", "5", MeasureDirection.AT_LEAST, 0),
        (4, "5", "5", MeasureDirection.AT_MOST, 1),
    ],
)
def test_progress_is_the_way_from_the_baseline_to_the_target_that_is_made(
    value: int | None, baseline: str, target: str, way: MeasureDirection, expected: Fraction | int
) -> None:
    seen = None if value is None else Fraction(value)
    assert progress(seen, Decimal(baseline), Decimal(target), way) == expected


async def test_a_measure_moves_when_a_service_is_activated_with_the_service_as_evidence(db: str) -> None:
    """Capability 13: "MRC of Cloud >= 10,000" moves when an order completes, with the order as evidence.

    What was ordered is a service that is not active yet; the order completes as the service is activated.
    """
    on = await Office().open()
    plan, _ = await on.plan()
    await on.action(plan, LAST, (await Objective.filter(account_plan_id=plan.id))[0])
    await on.agree(plan)
    ordered = await factories.service(
        on.account, product_id=on.cloud.id, mrc_minor=1_000_00, state=ServiceState.DESIGNED, valid_from=FIRST
    )
    await factories.service(on.account, mrc_minor=9_000_00, state=ServiceState.ACTIVE, valid_from=FIRST)
    async with unit_of_work(on.ada, "test", on=date(2026, 3, 1)) as work:
        await work.update(ordered, {"state": ServiceState.ACTIVE})
    (before,) = (await on.stands(plan, date(2026, 2, 28))).objectives
    (after,) = (await on.stands(plan, date(2026, 3, 1))).objectives
    assert before.measures[0].value == 2000
    assert before.measures[0].records == (on.first,)
    assert after.measures[0].value == 3000
    assert set(after.measures[0].records) == {on.first, ordered.id}
    # (3000 - 2000) / (10000 - 2000), when 59 of 364 days have passed.
    assert (before.progress, after.progress, after.passed) == (
        Fraction(0), Fraction(1, 8), Fraction(59, 364),
    )  # fmt: skip
    assert not after.behind
    assert not after.reached
    large = await on.service(7_000_00, date(2026, 3, 2))
    (reached,) = (await on.stands(plan, date(2026, 3, 2))).objectives
    assert (reached.measures[0].value, reached.progress) == (Fraction(10_000), Fraction(1))
    assert reached.reached
    assert set(reached.measures[0].records) == {on.first, ordered.id, large}


async def test_health_says_by_how_much_an_objective_is_behind_its_line(db: str) -> None:
    on = await Office().open()
    plan, objective = await on.plan()
    await on.action(plan, LAST, objective)
    await on.agree(plan)
    new = await on.service(1_000_00, date(2026, 3, 20))
    # 90 of 364 days are 24.7 %, and 12.5 % are reached: more than 10 points behind. The day before, 24.4 %.
    day = date(2026, 4, 1)
    found = await on.stands(plan, day)
    (reason,) = found.reasons
    assert (found.health, reason.kind, reason.subject_id) == (
        Health.BEHIND, ReasonKind.OBJECTIVE_BEHIND, objective.id,
    )  # fmt: skip
    assert (reason.progress, reason.passed) == (Fraction(1, 8), Fraction(90, 364))
    assert reason.text == (
        "Cloud: 12 % reached (MRC of Cloud: EUR 3,000.00, target EUR 10,000.00), 24 % of the time has passed"
    )
    assert reason.measure == found.objectives[0].measures[0]
    assert set(reason.records) == {on.first, new}
    assert (await on.stands(plan, date(2026, 3, 22))).health is Health.ON_TRACK  # 80 days are 22.0 %
    await on.service(1_000_00, day)
    assert (await on.stands(plan, day)).health is Health.ON_TRACK
    await on.service(6_000_00, date(2026, 5, 1))
    assert (await on.stands(plan, date(2026, 4, 30))).health is Health.ON_TRACK
    assert (await on.stands(plan, date(2026, 5, 1))).health is Health.ACHIEVED
    assert (await on.stands(plan, date(2025, 12, 31))).health is Health.NOT_BEGUN


async def test_a_plan_that_nothing_happens_for_is_abandoned_and_a_call_revives_it(db: str) -> None:
    on = await Office().open()
    plan, objective = await on.plan()
    await on.action(plan, LAST, objective)
    await on.agree(plan)
    await on.service(3_200_00, date(2026, 3, 15))
    for day, days, health in (
        (date(2026, 4, 14), None, Health.ON_TRACK),
        (date(2026, 4, 15), 31, Health.ON_TRACK),
        (date(2026, 6, 13), 90, Health.ON_TRACK),
        (date(2026, 6, 14), 91, Health.ABANDONED),
    ):
        found = await on.stands(plan, day)
        quiet = [each.days for each in found.reasons if each.kind is ReasonKind.NOTHING_MOVED]
        assert (quiet, found.health) == ([] if days is None else [days], health), day
    await factories.contact(on.account, valid_from=date(2026, 6, 1))
    assert (await on.stands(plan, date(2026, 6, 14))).health is Health.ABANDONED
    await factories.interaction(on.account, happened_on=date(2026, 6, 10))
    found = await on.stands(plan, date(2026, 6, 14))
    assert (found.health, found.moved_on) == (Health.ON_TRACK, date(2026, 6, 10))


async def test_overdue_actions_and_objectives_without_one_are_reasons(db: str) -> None:
    on = await Office().open()
    plan, objective = await on.plan()
    late = await on.action(plan, date(2026, 1, 10))
    await on.agree(plan)
    found = await on.stands(plan, date(2026, 1, 13))
    assert [(each.kind.value, each.subject_id, each.days, each.decides) for each in found.reasons] == [
        ("ACTION_OVERDUE", late, 3, True), ("OBJECTIVE_WITHOUT_ACTION", objective.id, None, False),
    ]  # fmt: skip
    assert found.health is Health.BEHIND
    await plan_parts.complete_action(on.ada, late, on=date(2026, 1, 13))
    done = await on.stands(plan, date(2026, 1, 13))
    assert (done.health, done.objectives) == (Health.ON_TRACK, found.objectives)
    assert (await on.stands(plan, date(2026, 1, 12))).health is Health.BEHIND


async def test_without_a_measure_actions_are_the_progress_and_reach_nothing(db: str) -> None:
    on = await Office().open()
    plan = await plans.create(on.ada, on.account.id, {"name": "2026", "first_on": FIRST, "last_on": LAST})
    objective = await on.objective(plan)
    one = await on.action(plan, LAST, objective)
    other = await on.action(plan, LAST, objective)
    await on.agree(plan)
    await plan_parts.complete_action(on.ada, one, on=date(2026, 2, 1))
    (standing,) = (await on.stands(plan, date(2026, 2, 1))).objectives
    assert (standing.progress, standing.actions, standing.actions_done) == (Fraction(1, 2), 2, 1)
    (late,) = [each for each in (await on.stands(plan, date(2026, 9, 1))).reasons if each.subject_id]
    assert late.text == "Cloud: 50 % reached (1 of 2 actions done), 66 % of the time has passed"
    await plan_parts.complete_action(on.ada, other, on=date(2026, 2, 2))
    found = await on.stands(plan, date(2026, 2, 2))
    assert (found.objectives[0].progress, found.objectives[0].reached) == (Fraction(1), False)
    assert found.health is Health.ON_TRACK


async def test_the_revenue_target_stands_against_contracts_and_weighted_deals(db: str) -> None:
    on = await Office().open()
    plan, objective = await on.plan(revenue_target_minor=100_000_00)
    await on.action(plan, LAST, objective)
    await on.agree(plan)
    contract = await factories.contract(on.account, mrc_minor=1_000_00)
    deal = await factories.deal(on.account, amount_minor=20_000_00, probability=40)
    await factories.deal(on.account, amount_minor=90_000_00, stage="LOST", closed_on=FIRST)
    found = (await on.stands(plan, date(2026, 1, 31))).revenue
    assert found is not None
    # 12 x 1,000.00 a year and 40 % of 20,000.00 are 20,000.00 of 100,000.00.
    assert (found.annual, found.pipeline, found.in_sight, found.progress) == (
        Fraction(12_000), Fraction(8_000), Fraction(20_000), Fraction(1, 5),
    )  # fmt: skip
    assert (found.records, found.behind) == ((contract.id, deal.id), False)
    later = await on.stands(plan, date(2026, 5, 1))  # 120 of 364 days are 33.0 %
    (short,) = [each for each in later.reasons if each.kind is ReasonKind.REVENUE_BEHIND]
    assert (short.decides, short.text) == (
        True,
        "20 % of the revenue target is in sight (EUR 20,000.00 of EUR 100,000.00),"
        " 32 % of the time has passed",
    )


async def test_what_is_written_stands_before_anybody_approved_it_and_is_not_judged(db: str) -> None:
    on = await Office().open()
    plan, objective = await on.plan(
        first_on=date(2027, 1, 1), last_on=date(2027, 12, 31), revenue_target_minor=100_000_00
    )
    other, _ = await on.plan()
    await on.service(1_000_00, FIRST)
    await factories.contract(on.account, mrc_minor=1_000_00)
    await factories.deal(on.account, amount_minor=20_000_00, probability=40)
    found = await standing(plan.tenant_id, [plan, other], day := date(2026, 1, 31))
    for each in found.values():
        (goal,) = each.objectives
        # (3,000 - 2,000) / (10,000 - 2,000)
        assert (goal.measures[0].value, goal.progress) == (Fraction(3000), Fraction(1, 8))
    assert found[plan.id].objectives[0].id == objective.id
    assert (found[plan.id].objectives[0].passed, found[other.id].objectives[0].passed) == (
        Fraction(0), Fraction(30, 364),
    )  # fmt: skip
    revenue = found[plan.id].revenue
    assert revenue is not None
    assert (revenue.in_sight, revenue.progress, found[other.id].revenue) == (
        Fraction(20_000), Fraction(1, 5), None,
    )  # fmt: skip
    assert await on.stands(plan, day) == Judged(day, Health.NOT_BEGUN, None, None)


async def test_a_reason_names_the_measure_that_lags_most_with_its_value_and_target(db: str) -> None:
    on = await Office().open()
    plan, objective = await on.plan()
    tickets: dict[str, object] = {
        "title": "Open tickets", "fact_kind": "ticket", "aggregate": "COUNT", "conditions": {},
        "direction": "AT_MOST", "baseline": "4", "target": "1.5",
    }  # fmt: skip
    await plan_parts.put_measure(on.ada, objective.id, None, tickets)
    await on.agree(plan)
    await on.service(4_000_00, FIRST)
    for _ in range(4):
        await factories.ticket(on.account, opened_on=FIRST)
    (reason, *_) = (await on.stands(plan, date(2026, 6, 1))).reasons
    # Cloud is halfway; of the tickets that were to become less than two there are four as before.
    assert reason.text == ("Cloud: 0 % reached (Open tickets: 4, target 1.5), 41 % of the time has passed")
    assert reason.measure is not None
    assert (reason.measure.title, reason.measure.value) == ("Open tickets", Fraction(4))


async def test_the_same_measures_of_many_accounts_take_one_statement_for_each_kind(
    db: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    on = await Office().open()
    tenant_id = on.account.tenant_id
    owner = await User.get(id=on.account.owner_id)
    others = [await factories.account(owner) for _ in range(3)]
    for number, account in enumerate(others):
        for _ in range(number):
            await factories.ticket(account)
    asked = list[str]()

    async def counted(sql: str, params: Any) -> Any:
        asked.append(sql)
        return await database.fetch(sql, params)

    monkeypatch.setattr(facts, "fetch", counted)
    tickets = measure("ticket", Aggregate.COUNT, None, {"is_open": {"eq": True}})
    oldest = measure("ticket", Aggregate.MAX, "age_days", {})
    wanted = [(f"{name} {a.id}", a.id, m) for a in others for name, m in (("n", tickets), ("o", oldest))]
    found = await values(tenant_id, wanted, date(2026, 3, 11))
    assert [found[f"n {a.id}"].amount for a in others] == [0, 1, 2]
    assert [found[f"o {a.id}"].amount for a in others] == [None, 10, 10]
    assert len(asked) == 1


async def test_what_is_approved_later_judges_from_then_on_and_a_closed_plan_stands_still(db: str) -> None:
    on = await Office().open()
    plan, objective = await on.plan()
    await on.action(plan, LAST, objective)
    await on.agree(plan)
    (known,) = await ObjectiveMeasure.filter(objective_id=objective.id)
    await plan_parts.put_measure(on.ada, objective.id, known.id, CLOUD | {"target": "4000"})
    await on.service(1_000_00, date(2026, 3, 1))
    day = date(2026, 4, 1)
    assert (await on.stands(plan, day)).health is Health.BEHIND
    await on.agree(plan, on=day)
    now = await on.stands(plan, day)
    assert (now.health, now.revision, now.objectives[0].progress) == (Health.ON_TRACK, 2, Fraction(1, 2))
    assert (await on.stands(plan, day - timedelta(days=1))).objectives[0].progress == Fraction(1, 8)
    await plans.close(on.mara, plan.id, "sold", on=day)
    assert await on.stands(plan, LAST) == now


#: The numbers that rules see of a plan, by the reasons that they count.
COUNTED = {
    "objectives_behind": ReasonKind.OBJECTIVE_BEHIND,
    "objectives_without_action": ReasonKind.OBJECTIVE_WITHOUT_ACTION,
    "actions_overdue": ReasonKind.ACTION_OVERDUE,
}
PLAN_FACTS = {"plan": frozenset({*COUNTED, "objectives"})}
Edit = tuple[str, int]
EDITS = st.lists(
    st.tuples(
        st.sampled_from(
            ("plan", "objective", "status", "measure", "action", "due", "entry", "remove", "submit")
        ),
        st.integers(0, 5),
    ),
    min_size=1,
    max_size=6,
)


@settings(
    max_examples=12,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(EDITS)
def test_filling_in_fields_alone_never_raises_health(sqlite_url: str, edits: Sequence[Edit]) -> None:
    """Capability 35: whatever is written into a plan, it stands no better than before."""
    asyncio.run(_edited(sqlite_url, edits))


async def _edited(url: str, edits: Sequence[Edit]) -> None:
    await database.connect(url)
    try:
        on = await Office().open()
        start = today() - timedelta(days=200)
        plan, objective = await on.plan(
            first_on=start, last_on=start + timedelta(days=300), revenue_target_minor=500_000_00
        )
        action = await on.action(plan, start + timedelta(days=20), objective)
        await on.agree(plan, on=start)
        await factories.interaction(on.account, happened_on=today() - timedelta(days=60))
        days = [start + timedelta(days=each) for each in (10, 25, 60, 120, 200)]
        before = [await on.stands(plan, day) for day in days]
        assert {each.health for each in before} >= {Health.ON_TRACK, Health.BEHIND, Health.ABANDONED}
        for edit in edits:
            with suppress(Invalid, InvalidTransition):
                await _edit(on, plan, objective, action, *edit)
        after = [await on.stands(plan, day) for day in days]
        for one, other in zip(before, after, strict=True):
            assert ORDER.index(other.health) <= ORDER.index(one.health), edits
            assert other == one, edits
    finally:
        await database.disconnect()


async def _edit(
    on: Office, plan: AccountPlan, objective: Objective, action: str, what: str, way: int
) -> None:
    later = plan.last_on - timedelta(days=way)
    given: dict[str, Any] = {"title": f"Cloud {way}", "due_on": later, "owner_id": None}
    acting: dict[str, Any] = dict.fromkeys(("owner_id", "objective_id", "deal_id", "play_id"))
    match what:
        case "plan":
            await plans.update(
                on.ada, plan.id, {"revenue_target_minor": way, "last_on": later, "vision": "x"}
            )
        case "objective":
            given |= {"status": ObjectiveStatus.IN_PROGRESS}
            await plan_parts.put_objective(on.ada, plan.id, objective.id if way else None, given)
        case "status":
            status = list(ObjectiveStatus)[way % len(ObjectiveStatus)]
            given |= {"title": "Cloud", "due_on": plan.last_on, "status": status}
            await plan_parts.put_objective(on.ada, plan.id, objective.id, given)
        case "measure":
            (known, *_) = await ObjectiveMeasure.filter(objective_id=objective.id)
            easier = CLOUD | {"target": str(2000 + way), "baseline": str(-way * 1000)}
            await plan_parts.put_measure(on.ada, objective.id, known.id, easier)
        case "action":
            await plan_parts.put_action(
                on.ada,
                plan.id,
                None,
                acting | {"title": "Call", "due_on": later, "objective_id": objective.id},
            )
        case "due":
            await plan_parts.put_action(on.ada, plan.id, action, acting | {"title": "Call", "due_on": later})
        case "entry":
            said = {"kind": PlanEntryKind.STRENGTH, "text": "x" * (way + 1)}
            await plan_parts.put_entry(on.ada, plan.id, None, said)
        case "remove":
            await plan_parts.remove_part(on.ada, objective.id if way % 2 else action)
        case "submit":
            await plans.submit(on.ada, plan.id)


@settings(
    max_examples=8,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(EDITS, st.lists(st.integers(0, 199), min_size=1, max_size=4, unique=True))
def test_facts_of_a_plan_count_what_the_reasons_of_its_health_count(
    sqlite_url: str, edits: Sequence[Edit], ago: list[int]
) -> None:
    """Whatever is written into an approved plan, rules and health speak of what was approved."""
    asyncio.run(_counted(sqlite_url, edits, ago))


async def _counted(url: str, edits: Sequence[Edit], ago: list[int]) -> None:
    await database.connect(url)
    try:
        on = await Office().open()
        start = today() - timedelta(days=200)
        with as_on(start):
            draft, _ = await on.plan(first_on=start - timedelta(days=900), last_on=start - timedelta(days=1))
            plan, objective = await on.plan(first_on=start, last_on=start + timedelta(days=300))
            await on.objective(plan)
            action = await on.action(plan, start + timedelta(days=20), objective)
            await on.agree(plan, on=None)
        operator = system_actor(await Tenant.get(id=plan.tenant_id))
        days = [today() - timedelta(days=each) for each in sorted(ago, reverse=True)]
        for number, day in enumerate(days):
            for edit in edits[number :: len(days)]:
                with suppress(Invalid, InvalidTransition):
                    await _edit(on, plan, objective, action, *edit)
            await plan_judgements.judge(operator, day)
        for day in days:
            reasons = [each.kind for each in (await on.stands(plan, day)).reasons]
            found = await facts.gather(plan.tenant_id, [plan.account_id], day, PLAN_FACTS)
            told = {str(each["id"]): each for each in found[plan.account_id]["plan"]}
            for name, kind in COUNTED.items():
                assert told[plan.id][name] == reasons.count(kind), (name, edits, day)
                assert name not in told.get(draft.id, {})
            assert told[plan.id]["objectives"] == 2
    finally:
        await database.disconnect()


async def test_an_overdue_action_is_silenced_by_the_manager_alone(db: str) -> None:
    """What is written into an approved plan neither opens a reason for rules nor takes one away."""
    on = await Office().open()
    with as_on(FIRST):
        plan, objective = await on.plan()
        late = await on.action(plan, date(2026, 1, 10), objective)
        await on.agree(plan)
    operator = system_actor(await Tenant.get(id=plan.tenant_id))

    async def overdue(day: int) -> object:
        await plan_judgements.judge(operator, when := date(2026, 2, day))
        found = await facts.gather(plan.tenant_id, [plan.account_id], when, PLAN_FACTS)
        return found[plan.account_id]["plan"][0]["actions_overdue"]

    assert await overdue(1) == 1
    await plan_parts.remove_part(on.ada, late)
    await on.action(plan, date(2026, 1, 11))
    await on.action(plan, date(2026, 1, 12))
    assert await overdue(2) == 1
    await on.agree(plan, on=date(2026, 2, 3))
    assert await overdue(3) == 2


#: Measures of how near people are, none of which is met.
NEAR: Sequence[dict[str, object]] = (
    {"title": "Known", "fact_kind": "account", "aggregate": "MAX", "field": "coverage",
     "direction": "AT_LEAST", "baseline": "0", "target": "100"},
    {"title": "Spoken to", "fact_kind": "contact", "aggregate": "MAX", "field": "days_since_contact",
     "direction": "AT_MOST", "baseline": "90", "target": "1"},
    {"title": "Access", "fact_kind": "account", "aggregate": "MAX", "field": "days_since_executive_contact",
     "direction": "AT_MOST", "baseline": "90", "target": "1"},
)  # fmt: skip
_DAYS = st.integers(-2, 400).map(lambda days: today() - timedelta(days=days))
#: What every input of ``createContact`` and ``updateContact`` may be given, by its column.
TYPED: Mapping[str, st.SearchStrategy[object]] = {
    "name": st.sampled_from(["Kim", "Ria Roe"]),
    "email": st.sampled_from([None, "kim@north.example"]),
    "phone": st.sampled_from([None, "12"]),
    "title": st.sampled_from([None, "CEO"]),
    "seniority": st.sampled_from([*Seniority]),
    "last_contacted_on": st.none() | _DAYS,
    "left_on": st.none() | _DAYS,
    "joined_on": st.none() | _DAYS,
    "moved_from_id": st.sampled_from([None, "gone"]),
}
CONTACT_EDITS = st.lists(
    st.tuples(st.integers(0, 3), st.fixed_dictionaries({}, optional=dict(TYPED))), min_size=1, max_size=5
)


def test_what_is_typed_into_contacts_is_all_that_clients_can_type() -> None:
    """The property below types every input there is."""
    given = {
        field.python_name
        for kind in (CreateContactInput, UpdateContactInput)
        for field in get_object_definition(kind, strict=True).fields
    }
    assert given - {"id", "version", "account_id", "idempotency_key"} == set(TYPED)


@settings(
    max_examples=12,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(CONTACT_EDITS)
def test_filling_in_contacts_alone_never_raises_health(
    sqlite_url: str, edits: Sequence[tuple[int, Mapping[str, object]]]
) -> None:
    """Capability 35: a plan that lives by being near to people needs something to happen with them."""
    asyncio.run(_contacts_edited(sqlite_url, edits))


async def _contacts_edited(url: str, edits: Sequence[tuple[int, Mapping[str, object]]]) -> None:
    await database.connect(url)
    try:
        on = await Office().open()
        start = today() - timedelta(days=200)
        plan = await plans.create(
            on.ada, on.account.id, {"name": "N", "first_on": start, "last_on": start + timedelta(days=300)}
        )
        objective = await on.objective(plan)
        for each in NEAR:
            await plan_parts.put_measure(on.ada, objective.id, None, {**each, "conditions": {}})
        await on.action(plan, plan.last_on, objective)
        await on.agree(plan, on=start)
        people_there = [await factories.contact(on.account, valid_from=start) for _ in range(3)]
        roles = (ContactRole.ECONOMIC_BUYER, ContactRole.DECISION_MAKER, ContactRole.CHAMPION)
        for person, role in zip(people_there, roles, strict=True):
            await stakeholders.set_role(on.ada, person.id, role)
        owner = await User.get(id=on.account.owner_id)
        gone = await factories.contact(await factories.account(owner), left_on=start)
        await factories.interaction(on.account, happened_on=today() - timedelta(days=30))
        before = await on.stands(plan, today())
        assert before.health is Health.BEHIND
        for which, typed in edits:
            values = {k: gone.id if v == "gone" else v for k, v in typed.items()}
            with suppress(Invalid, InvalidTransition):
                if which == len(people_there):
                    made: dict[str, object] = {"account_id": on.account.id, "name": "New"}
                    await people.create(on.ada, {**made, **values})
                    continue
                person = await Contact.get(id=people_there[which].id)
                values.pop("moved_from_id", None)
                await people.update(on.ada, person.id, person.version, values)
        after = await on.stands(plan, today())
        assert after == before, edits
        called: dict[str, object] = {"account_id": on.account.id, "kind": InteractionKind.CALL}
        for person in people_there:
            await Contact.filter(id=person.id).update(left_on=None, seniority=Seniority.EXECUTIVE)
            happened = {**called, "contact_id": person.id, "happened_on": today()}
            await people.record_interaction(on.ada, happened)
        assert (await on.stands(plan, today())).health is Health.ACHIEVED
    finally:
        await database.disconnect()


#: What records lack or have had for too long, by the rule that says it.
LACKING = {"close-date-stale", "no-economic-buyer", "amount-never-changed", "no-next-step"}


async def test_what_records_lack_is_work_and_no_risk_and_filling_it_in_raises_no_health(db: str) -> None:
    """Capability 35: a stale close, no economic buyer, the first amount and no next step are facts of rules.

    They are recommended to be mended and never raise a risk; mending them leaves the plan as it stood.
    """
    on = await Office().open()
    start = today() - timedelta(days=200)
    plan, objective = await on.plan(first_on=start, last_on=start + timedelta(days=300))
    await on.action(plan, start + timedelta(days=20), objective)
    await on.agree(plan, on=start)
    deal = await factories.deal(
        on.account, stage=Stage.PROPOSED, valid_from=today() - timedelta(days=90),
        close_on=today() - timedelta(days=40),
    )  # fmt: skip
    user, buyer = [await factories.contact(on.account) for _ in range(2)]
    await factories.deal_contact(deal, user, role=ContactRole.USER)
    system = system_actor(await Tenant.get(id=on.account.tenant_id))
    book, _ = await rulebooks.keep(system, "hygiene", packs.load("pipeline-hygiene"))

    async def open_now() -> set[str]:
        await evaluations.evaluate(system, engine, today())
        found = await Recommendation.filter(state=RecommendationState.OPEN).values_list("rule_key", flat=True)
        return LACKING & {str(each) for each in found}

    async with EnginePool(1, 20.0) as engine:
        await rulebooks.activate(system, engine, book.id)
        assert await open_now() == LACKING
        before = await on.stands(plan, today())
        filled = {"close_on": today() + timedelta(days=60), "next_step": "call"}
        await deals.update(on.ada, deal.id, 1, filled)
        await factories.deal_contact(deal, buyer, role=ContactRole.ECONOMIC_BUYER)
        assert await open_now() == {"amount-never-changed"}
        assert await on.stands(plan, today()) == before
        await deals.update(on.ada, deal.id, 2, {"amount_minor": 900_00})  # which is that something happened
        assert await open_now() == set()
    after = await on.stands(plan, today())
    assert (before.health, after.health) == (Health.BEHIND, Health.BEHIND)
    assert (before.objectives, after.moved_on) == (after.objectives, today())
    assert await Risk.all().count() == 0


async def test_whatever_rules_know_as_a_fact_can_be_measured(db: str) -> None:
    """Capability 13: measures are computed from any record: orders, contracts, services, tickets."""
    on = await Office().open()
    await factories.deal(on.account, amount_minor=12_34)
    kinds = [kind for kind in REGISTRY.kinds.values() if kind.name not in NOT_MEASURED]
    wanted = [
        (f"{kind.name}.{field.name} {how}", on.account.id, measure(kind.name, how, field.name, {}))
        for kind in kinds
        for field in kind.fields.values()
        if field.type.is_numeric
        for how in (Aggregate.SUM, Aggregate.MIN, Aggregate.MAX)
    ]
    wanted += [(kind.name, on.account.id, measure(kind.name, Aggregate.COUNT, None, {})) for kind in kinds]
    found = await values(on.account.tenant_id, wanted, factories.TODAY)
    assert found.keys() == {key for key, _, _ in wanted}
    assert [found[f"deal.amount {how}"].amount for how in ("SUM", "MIN", "MAX")] == [Fraction(1234, 100)] * 3
    assert {found[kind].amount for kind in ("account", "deal", "service")} == {1}
    assert {found[kind].amount for kind in ("contract", "ticket", "usage")} == {0}
    assert found["ticket"].amount == 0


async def test_groups_arithmetic_and_relative_fields_count_as_they_do_in_rules(db: str) -> None:
    on = await Office().open()
    owner = await User.get(id=on.account.owner_id)
    for mrc_minor in (1_00, 5_00):
        await factories.service(await factories.account(owner), mrc_minor=mrc_minor, valid_from=FIRST)
    asked: dict[str, dict[str, object]] = {
        "group": {"any": [{"product_family": {"eq": "Cloud"}}, {"name": {"contains": "gone"}}]},
        "none": {"none": [{"product_family": {"starts_with": "cl"}}]},
        "arithmetic": {"monthly_recurring * 12": {"gte": 24_000}},
        "too much": {"monthly_recurring * 12": {"gt": 24_000}},
        "top": {"monthly_recurring_percentile": {"gt": 80}},
    }
    wanted = [
        (name, on.account.id, measure("service", Aggregate.COUNT, None, where))
        for name, where in asked.items()
    ]
    found = await values(on.account.tenant_id, wanted, factories.TODAY)
    assert {name: each.amount for name, each in found.items()} == {
        "group": 1, "none": 0, "arithmetic": 1, "too much": 0, "top": 1,
    }  # fmt: skip

"""Account plans: their periods, what is written into them, and who agrees to them."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from commands import plan_parts, plans, privacy
from metrics.plan_documents import DifferenceKind, difference, document_of
from models.access import Actor, Delegation, Role, Tenant, User
from models.accounts import Account
from models.base import as_on, today
from models.errors import Conflict, Forbidden, Invalid, InvalidTransition, NotFound
from models.history import Change
from models.plan_records import Health, PlanJudgement, PlanRevision, RevisionState
from models.plans import AccountPlan, Objective, ObjectiveStatus, PlanAction, PlanEntryKind, PlanState
from rules.plan_health import judged
from tests import factories

FIRST, LAST = date(2026, 1, 1), date(2026, 12, 31)


class Office:
    """A director with an account, and the manager above."""

    def __init__(self, director: User, manager: User, account: Account, ada: Actor, mara: Actor) -> None:
        self.director = director
        self.manager = manager
        self.account = account
        self.ada = ada
        self.mara = mara

    async def plan(self, **values: Any) -> AccountPlan:
        """A draft for 2026."""
        given = {"name": "2026", "first_on": FIRST, "last_on": LAST} | values
        return await plans.create(self.ada, self.account.id, given)

    async def objective(self, plan: AccountPlan, **values: Any) -> Objective:
        """An objective that is due at the end of the plan."""
        given = {"title": "Grow", "due_on": LAST, "status": ObjectiveStatus.IN_PROGRESS, "owner_id": None}
        return await plan_parts.put_objective(self.ada, plan.id, None, given | values)

    async def action(self, plan: AccountPlan, **values: Any) -> PlanAction:
        """An action of nobody in particular."""
        given: dict[str, Any] = dict.fromkeys(("owner_id", "objective_id", "deal_id", "play_id"))
        given |= {"title": "Call", "due_on": LAST}
        return await plan_parts.put_action(self.ada, plan.id, None, given | values)


async def office() -> Office:
    tenant = await factories.tenant()
    north = await factories.team(tenant)
    manager = await factories.user(tenant, Role.MANAGER, team_id=north.id)
    director = await factories.user(tenant, team_id=north.id, manager_id=manager.id)
    account = await factories.account(director)
    return Office(director, manager, account, await factories.actor(director), await factories.actor(manager))


async def test_no_two_plans_of_an_account_overlap_unless_one_is_closed(db: str) -> None:
    on = await office()
    first = await on.plan()
    with pytest.raises(Invalid, match="'2026' goes from 2026-01-01 to 2026-12-31") as refused:
        await on.plan(name="also", first_on=LAST, last_on=date(2027, 6, 30))
    assert refused.value.path == ("firstOn",)
    next_year = await on.plan(name="2027", first_on=date(2027, 1, 1), last_on=date(2027, 12, 31))
    with pytest.raises(Invalid):
        await plans.update(on.ada, next_year.id, {"first_on": LAST})
    await plans.close(on.ada, first.id, "the account was sold")
    assert (await plans.update(on.ada, next_year.id, {"first_on": LAST})).first_on == LAST
    with pytest.raises(InvalidTransition):
        await plans.update(on.ada, first.id, {"name": "again"})
    with pytest.raises(Invalid, match="not after"):
        await on.plan(first_on=date(2030, 1, 1), last_on=date(2030, 1, 1))


async def test_a_plan_is_returned_with_a_reason_and_approved_by_somebody_above(db: str) -> None:
    on = await office()
    plan = await on.plan(revenue_target_minor=120_000_00)
    with pytest.raises(Invalid, match="no objective"):
        await plans.submit(on.ada, plan.id)
    await on.objective(plan)
    plan = await plans.submit(on.ada, plan.id)
    assert (plan.state, plan.submitted_by_id) == (PlanState.SUBMITTED, on.director.id)
    with pytest.raises(InvalidTransition, match="waits for approval"):
        await on.objective(plan)
    with pytest.raises(Forbidden, match="a DIRECTOR may not"):
        await plans.approve(on.ada, plan.id)
    plan = await plans.give_back(on.mara, plan.id, "where is the competition?")
    assert (plan.state, plan.returned_because) == (PlanState.RETURNED, "where is the competition?")
    await plan_parts.put_entry(
        on.ada, plan.id, None, {"kind": PlanEntryKind.THREAT, "text": "Rival has half of the sites"}
    )
    await plans.submit(on.ada, plan.id)
    plan = await plans.approve(on.mara, plan.id)
    assert (plan.state, plan.approved_by_id, plan.approved_on) == (
        PlanState.APPROVED, on.manager.id, today(),
    )  # fmt: skip
    assert (await PlanJudgement.get(account_plan_id=plan.id)).health == Health.BEHIND
    revisions = await PlanRevision.filter(account_plan_id=plan.id).order_by("number")
    assert [(each.number, each.state, each.decided_because) for each in revisions] == [
        (1, RevisionState.RETURNED, "where is the competition?"), (2, RevisionState.APPROVED, None),
    ]  # fmt: skip
    first, second = (each.document for each in revisions)
    (added,) = difference(first, second)
    assert (added.path[0], added.kind, added.before) == ("entries", DifferenceKind.ADDED, None)
    assert added.after == {"kind": "THREAT", "text": "Rival has half of the sites", "position": 1}
    with pytest.raises(InvalidTransition, match="the plan is APPROVED; allowed: DRAFT"):
        await plans.submit(on.ada, plan.id)


async def test_nobody_approves_their_own_plan(db: str) -> None:
    on = await office()
    tenant_id = on.account.tenant_id
    own = await factories.account(on.manager)
    plan = await plans.create(on.mara, own.id, {"name": "own", "first_on": FIRST, "last_on": LAST})
    given = {"title": "Grow", "due_on": LAST, "status": ObjectiveStatus.NOT_STARTED, "owner_id": None}
    await plan_parts.put_objective(on.mara, plan.id, None, given)
    await plans.submit(on.mara, plan.id)
    with pytest.raises(Forbidden, match="nobody approves their own plan"):
        await plans.approve(on.mara, plan.id)
    with pytest.raises(Forbidden):
        await plans.give_back(on.mara, plan.id, "no")
    temp = await factories.user(await Tenant.get(id=tenant_id), Role.ASSISTANT)
    acting = replace(on.mara, user_id=temp.id, role=Role.ASSISTANT, on_behalf_of=on.manager.id)
    other = await on.plan()
    await on.objective(other)
    assert (await plans.submit(acting, other.id)).submitted_by_id == on.manager.id
    with pytest.raises(Forbidden, match="ASSISTANT may not"):
        await plans.approve(acting, other.id)
    with pytest.raises(Forbidden, match="nobody approves their own plan"):
        await plans.approve(on.mara, other.id)
    admin = await User.create(
        id=User.make_id(), tenant_id=tenant_id, name="Head", email="head@example.com", role=Role.ADMIN
    )
    assert (await plans.approve(await factories.actor(admin), plan.id)).state is PlanState.APPROVED


async def test_what_is_written_after_the_approval_needs_another_one(db: str) -> None:
    on = await office()
    plan = await on.plan()
    objective = await on.objective(plan)
    await plans.submit(on.ada, plan.id)
    plan = await plans.approve(on.mara, plan.id)
    same = {"title": "Grow", "due_on": LAST, "owner_id": None}
    await plan_parts.put_objective(on.ada, plan.id, objective.id, same | {"status": ObjectiveStatus.ACHIEVED})
    await plans.update(on.ada, plan.id, {"name": "2026"}, plan.version + 1)
    assert (await AccountPlan.get(id=plan.id)).state == PlanState.APPROVED
    await plan_parts.put_objective(on.ada, plan.id, objective.id, same | {"status": ObjectiveStatus.DEFERRED})
    assert (await AccountPlan.get(id=plan.id)).state == PlanState.DRAFT
    with pytest.raises(Conflict):
        await plans.update(on.ada, plan.id, {"name": "other"}, plan.version)
    await plans.submit(on.ada, plan.id)
    assert (await plans.approve(on.mara, plan.id)).revisions_held == 2


async def test_a_difference_says_what_was_added_removed_and_changed_by_path(db: str) -> None:
    on = await office()
    plan = await on.plan(vision="Number two")
    kept, gone = await on.objective(plan), await on.objective(plan, title="Leave")
    before = await document_of(plan)
    assert difference(before, before) == []
    await plan_parts.remove_part(on.ada, gone.id)
    new = await on.action(plan, objective_id=kept.id)
    plan = await plans.update(on.ada, plan.id, {"vision": "Number one", "revenue_target_minor": 12_345_67})
    given: dict[str, Any] = {"title": "Grow", "due_on": date(2026, 6, 30), "status": "IN_PROGRESS"}
    await plan_parts.put_objective(on.ada, plan.id, kept.id, given | {"owner_id": None})
    found = difference(before, await document_of(plan))
    assert [
        (each.path, each.kind.value, each.before, each.after) for each in found if len(each.path) != 2
    ] == [
        (("objectives", kept.id, "due_on"), "CHANGED", "2026-12-31", "2026-06-30"),
        (("revenue_target",), "ADDED", None, "12345.67"),
        (("vision",), "CHANGED", "Number two", "Number one"),
    ]
    assert {(each.path, each.kind.value) for each in found if len(each.path) == 2} == {
        (("actions", new.id), "ADDED"), (("objectives", gone.id), "REMOVED"),
    }  # fmt: skip


async def test_with_an_objective_go_its_measures_and_its_actions_stay(db: str) -> None:
    on = await office()
    plan = await on.plan()
    objective = await on.objective(plan)
    action = await on.action(plan, objective_id=objective.id)
    given: dict[str, Any] = {
        "title": "deals",
        "fact_kind": "deal",
        "aggregate": "COUNT",
        "field": None,
        "conditions": {},
    }
    given |= {"direction": "AT_LEAST", "baseline": "0", "target": "3"}
    measure = await plan_parts.put_measure(on.ada, objective.id, None, given)
    await plan_parts.remove_part(on.ada, objective.id)
    assert (await PlanAction.get(id=action.id)).objective_id is None
    assert (
        await Change.filter(entity="objective_measure", entity_id=measure.id, field="removed_on").count() == 1
    )
    for refused in (objective.id, measure.id):
        with pytest.raises(InvalidTransition, match="taken out"):
            await plan_parts.remove_part(on.ada, refused)


async def test_who_has_a_deal_on_the_account_alone_neither_sees_nor_writes_its_plans(db: str) -> None:
    on = await office()
    other = await factories.user(await Tenant.get(id=on.account.tenant_id))
    await factories.deal(on.account, owner_id=other.id)
    bo = await factories.actor(other)
    plan = await on.plan()
    with pytest.raises(NotFound):
        await plans.update(bo, plan.id, {"name": "mine"})
    with pytest.raises(Forbidden, match="only the owner of the account"):
        await plans.create(bo, on.account.id, {"name": "mine", "first_on": LAST, "last_on": date(2027, 1, 1)})


async def test_a_plan_is_neither_closed_nor_handed_in_on_a_day_before_what_was_done_with_it(db: str) -> None:
    on = await office()
    plan = await on.plan()
    await on.objective(plan)
    early, begun, approved = date(2025, 12, 31), FIRST, date(2026, 7, 2)
    with pytest.raises(Invalid, match="2025-12-31 is before 2026-01-01, when the plan was begun") as refused:
        await plans.submit(on.ada, plan.id, on=early)
    assert refused.value.path == ("on",)
    with pytest.raises(Invalid, match="when the plan was begun"):
        await plans.close(on.ada, plan.id, "no", on=early)
    await plans.submit(on.ada, plan.id, on=begun)
    await plans.approve(on.mara, plan.id, on=approved)
    for day, why in ((approved - timedelta(days=1), "was last done"), (date(2027, 1, 1), "future")):
        with pytest.raises(Invalid, match=why):
            await plans.close(on.mara, plan.id, "no", on=day)
    before = await judged(plan.tenant_id, [await AccountPlan.get(id=plan.id)], date(2026, 10, 5))
    await plans.close(on.mara, plan.id, "sold", on=date(2026, 10, 6))
    after = await judged(plan.tenant_id, [await AccountPlan.get(id=plan.id)], date(2026, 10, 5))
    assert after == before
    assert after[plan.id].revision == 1


async def test_who_may_approve_a_plan_closes_one_that_was_approved(db: str) -> None:
    on = await office()
    plan = await on.plan()
    await on.objective(plan)
    await plans.submit(on.ada, plan.id)
    await plans.approve(on.mara, plan.id)
    await on.action(plan)  # which makes it a draft again
    with pytest.raises(Forbidden, match="a DIRECTOR may not close account plans that were approved"):
        await plans.close(on.ada, plan.id, "it is behind")
    assert (await plans.close(on.mara, plan.id, "sold")).closed_on == today()
    own = await plans.create(
        on.mara, (await factories.account(on.manager)).id, {"name": "x", "first_on": FIRST, "last_on": LAST}
    )
    assert (await plans.close(on.mara, own.id, "never agreed to")).closed_on == today()


async def test_what_was_submitted_is_withdrawn_by_who_did_so_until_it_is_decided_on(db: str) -> None:
    on = await office()
    plan = await on.plan()
    await on.objective(plan)
    await plans.submit(on.mara, plan.id)  # by mistake: she could neither return nor approve it
    assert (await plans.withdraw(on.mara, plan.id)).state is PlanState.DRAFT
    (revision,) = await PlanRevision.filter(account_plan_id=plan.id)
    assert (revision.state, revision.decided_on, revision.decided_by_id) == (
        RevisionState.WITHDRAWN, today(), on.manager.id,
    )  # fmt: skip
    await plans.submit(on.ada, plan.id)
    with pytest.raises(Forbidden, match="only who submitted the plan"):
        await plans.withdraw(on.mara, plan.id)
    await plans.approve(on.mara, plan.id)
    with pytest.raises(InvalidTransition, match="the plan is APPROVED; allowed: SUBMITTED"):
        await plans.withdraw(on.ada, plan.id)
    assert [each.number for each in await PlanRevision.filter(account_plan_id=plan.id)] == [1, 2]


async def test_of_two_who_change_a_part_the_slower_is_told_and_what_is_not_said_stays(db: str) -> None:
    on = await office()
    plan = await on.plan()
    read = await on.objective(plan, owner_id=on.director.id)
    assert (read.version, (await AccountPlan.get(id=plan.id)).version) == (1, 2)
    kept = await plan_parts.put_objective(on.mara, plan.id, read.id, {"title": "Grow faster"}, read.version)
    assert (kept.title, kept.status, kept.owner_id) == ("Grow faster", "IN_PROGRESS", on.director.id)
    with pytest.raises(Conflict) as refused:
        await plan_parts.put_objective(on.ada, plan.id, read.id, {"status": "DEFERRED"}, read.version)
    assert isinstance(refused.value.current, Objective)
    with pytest.raises(Conflict) as refused:
        await plan_parts.remove_part(on.ada, read.id, read.version)
    assert isinstance(refused.value.current, AccountPlan)
    action = await on.action(plan)
    assert await plan_parts.put_action(on.ada, plan.id, action.id, {"owner_id": on.director.id}, 1)
    assert await plan_parts.put_objective(on.ada, plan.id, read.id, {"owner_id": None}, kept.version)
    version = (await AccountPlan.get(id=plan.id)).version
    assert version == 6  # the beginning, two parts, and three changes of them
    await plan_parts.put_objective(on.ada, plan.id, read.id, {"title": "Grow faster"})  # as it is
    assert (await AccountPlan.get(id=plan.id)).version == version
    await on.objective(plan, title="One more")
    with pytest.raises(Conflict):
        await plans.submit(on.ada, plan.id, version=version)
    assert (await plans.submit(on.ada, plan.id, version=version + 1)).state is PlanState.SUBMITTED


async def test_who_write_other_parts_at_the_same_moment_do_not_conflict(db: str) -> None:
    on = await office()
    plan = await on.plan()
    goal = await on.objective(plan)
    actions = [await on.action(plan, title=f"Call {number}") for number in range(3)]
    before = (await AccountPlan.get(id=plan.id)).version
    await asyncio.gather(
        plan_parts.put_objective(on.mara, plan.id, goal.id, {"title": "Grow faster"}, goal.version),
        *(plan_parts.put_action(on.ada, plan.id, each.id, {"title": "Visit"}, 1) for each in actions),
        plan_parts.put_entry(on.ada, plan.id, None, {"kind": PlanEntryKind.THREAT, "text": "Rival"}),
    )
    assert (await AccountPlan.get(id=plan.id)).version == before + 5
    assert {each.title for each in await PlanAction.filter(account_plan_id=plan.id)} == {"Visit"}


@pytest.mark.parametrize("missing", ["title", "due_on"])
async def test_a_new_part_says_what_it_needs(db: str, missing: str) -> None:
    on = await office()
    plan = await on.plan()
    given = {name: each for name, each in {"title": "Grow", "due_on": LAST}.items() if name != missing}
    for put in (plan_parts.put_objective, plan_parts.put_action):
        with pytest.raises(Invalid, match="is needed for a new one") as refused:
            await put(on.ada, plan.id, None, given)
        assert refused.value.path == ({"title": "title", "due_on": "dueOn"}[missing],)


async def test_what_is_due_lies_in_the_period_of_the_plan(db: str) -> None:
    on = await office()
    with as_on(date(2025, 12, 1)):
        plan = await on.plan()
    for wrong in (date(2029, 1, 1), FIRST):
        with pytest.raises(
            Invalid, match="outside of the plan; allowed: 2026-01-02 to 2026-12-31"
        ) as refused:
            await on.objective(plan, due_on=wrong)
        assert refused.value.path == ("dueOn",)
    for wrong in (date(1999, 1, 1), date(2027, 1, 1)):
        with pytest.raises(Invalid, match="outside of the plan; allowed: 2025-12-01 to 2026-12-31"):
            await on.action(plan, due_on=wrong)
    await on.action(plan, title="Prepare", due_on=date(2025, 12, 15))
    goal = await on.objective(plan, title="By summer", due_on=date(2026, 6, 30))
    for period, path in (
        ({"last_on": date(2026, 6, 29)}, "lastOn"),
        ({"first_on": date(2026, 6, 30)}, "firstOn"),
    ):
        with pytest.raises(Invalid, match="'By summer' on 2026-06-30") as refused:
            await plans.update(on.ada, plan.id, period)
        assert refused.value.path == (path,)
    await plans.update(on.ada, plan.id, {"last_on": date(2026, 6, 30), "first_on": date(2026, 6, 29)})
    assert await plan_parts.put_objective(on.ada, plan.id, goal.id, {"title": "By the summer"})


async def test_who_is_to_see_to_something_must_see_the_plan(db: str) -> None:
    on = await office()
    plan = await on.plan()
    tenant = await Tenant.get(id=on.account.tenant_id)
    stranger = await factories.user(tenant, team_id=(await factories.team(tenant)).id)
    temp = await factories.user(tenant, Role.ASSISTANT)
    for put in (on.objective, on.action):
        for nobody in (stranger, temp):
            with pytest.raises(Invalid, match=f"{nobody.name} does not see the plan") as refused:
                await put(plan, owner_id=nobody.id)
            assert refused.value.path == ("ownerId",)
        assert (await put(plan, owner_id=on.manager.id)).owner_id == on.manager.id
    await Delegation.create(
        id=Delegation.make_id(), tenant_id=tenant.id, assistant_id=temp.id, principal_id=on.director.id
    )
    assert (await on.action(plan, owner_id=temp.id)).owner_id == temp.id


async def test_an_action_is_done_once_and_not_in_the_future(db: str) -> None:
    on = await office()
    plan = await on.plan()
    action = await on.action(plan)
    with pytest.raises(Invalid, match="in the future"):
        await plan_parts.complete_action(on.ada, action.id, today() + timedelta(days=1))
    assert (await plan_parts.complete_action(on.ada, action.id)).done_on == today()
    with pytest.raises(InvalidTransition, match="was done on"):
        await plan_parts.complete_action(on.ada, action.id)


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        ({"fact_kind": "weather"}, ("factKind",)),
        ({"fact_kind": "plan"}, ("factKind",)),
        ({"field": "name"}, ("field",)),
        ({"field": None}, ("field",)),
        ({"aggregate": "COUNT"}, ("field",)),
        ({"conditions": {"product_family": {"above": 1}}}, ("conditions", "product_family", "above")),
        ({"conditions": {"color": {"eq": "red"}}}, ("conditions", "color")),
        ({"conditions": {"state": {"eq": "GONE"}}}, ("conditions", "state", "eq")),
        ({"conditions": {"id": {"eq": "$c.id"}}}, ("conditions", "id", "eq")),
        ({"target": "-1"}, ("target",)),
        ({"target": "1e40"}, ("target",)),
        ({"direction": "AT_MOST"}, ("target",)),
    ],
)
async def test_a_measure_speaks_of_facts_as_rules_do_or_is_refused_at_its_place(
    db: str, wrong: dict[str, object], path: tuple[str, ...]
) -> None:
    on = await office()
    objective = await on.objective(await on.plan())
    given: dict[str, object] = {
        "title": "MRC of Cloud", "fact_kind": "service", "aggregate": "SUM", "field": "monthly_recurring",
        "conditions": {"product_family": {"eq": "Cloud"}}, "direction": "AT_LEAST", "baseline": "0",
        "target": "10000",
    }  # fmt: skip
    with pytest.raises(Invalid) as refused:
        await plan_parts.put_measure(on.ada, objective.id, None, given | wrong)
    assert refused.value.path[: len(path)] == path


async def test_an_erased_person_is_in_no_text_of_a_plan_nor_in_its_revisions(db: str) -> None:
    on = await office()
    contact = await factories.contact(on.account, name="Kim Weber")
    plan = await on.plan(vision="Kim Weber buys from us alone")
    await on.objective(plan, title="Win Kim Weber")
    doubt = {"kind": PlanEntryKind.WEAKNESS, "text": "Kim Weber doubts"}
    await plan_parts.put_entry(on.ada, plan.id, None, doubt)
    await plans.submit(on.ada, plan.id)
    await plans.approve(on.mara, plan.id)
    await privacy.erase(on.mara, contact.id)
    assert (await AccountPlan.get(id=plan.id)).vision == "(erased) buys from us alone"
    revision = await PlanRevision.get(account_plan_id=plan.id)
    assert "Weber" not in str(revision.document)
    assert revision.document == await document_of(await AccountPlan.get(id=plan.id))
    assert not [each for each in await Change.all() if "Weber" in f"{each.old} {each.new}"]

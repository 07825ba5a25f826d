"""Account plans by GraphQL: lists by their health, versions of parts, differences, wrong inputs, and cost."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from models.access import User
from models.base import today
from models.plan_records import Health
from tests import factories
from tests.door import Door, door


@pytest.fixture
async def ada(db: str) -> User:
    return await factories.user(await factories.tenant(), name="Ada")


async def _do(client: Door, mutation: str, selected: str, **given: Any) -> Any:
    answer: Any = await client.do(mutation, selected, given)
    assert answer["errors"] == [], answer
    return answer


async def _draft(client: Door, owner: User) -> tuple[str, str]:
    """A plan of a year from today with one objective: their ids."""
    account = await factories.account(owner)
    plan = await _do(
        client, "createAccountPlan", "plan { id }", accountId=account.id, name="Next year",
        firstOn=str(today()), lastOn=str(today() + timedelta(days=365)),
    )  # fmt: skip
    goal = await _do(
        client, "putObjective", "objective { id }", planId=plan["plan"]["id"], title="Grow",
        dueOn=str(today() + timedelta(days=300)), status="IN_PROGRESS", ownerId=owner.id,
    )  # fmt: skip
    return str(plan["plan"]["id"]), str(goal["objective"]["id"])


async def test_plans_are_listed_by_the_health_that_was_kept(ada: User) -> None:
    day = today()
    for name, health in (
        ("on", Health.ON_TRACK),
        ("no", None),
        ("ab", Health.ABANDONED),
        ("be", Health.BEHIND),
    ):
        plan = await factories.account_plan(await factories.account(ada), name=name)
        if health:
            await factories.plan_judgement(plan, health, judged_on=day)
    listed = """query ($filter: AccountPlanFilter, $direction: Direction = ASC) { accountPlans(
      filter: $filter, orderBy: [{field: JUDGED_HEALTH, direction: $direction}]
    ) { nodes { name judgedHealth judgedOn } } }"""
    # Once in SQL, and once by the resolvers, as something else is asked that only Python answers.
    for query in (listed, listed.replace("judgedOn }", "judgedOn health { asOf } }")):
        async with door(ada) as client:

            async def told(query: str = query, **variables: object) -> list[tuple[object, ...]]:
                answer: Any = await client.ask(query, variables)
                nodes = answer["accountPlans"]["nodes"]
                return [(each["name"], each["judgedHealth"], each["judgedOn"]) for each in nodes]

            kept = [("ab", "ABANDONED", str(day)), ("be", "BEHIND", str(day)), ("on", "ON_TRACK", str(day))]
            assert await told() == [*kept, ("no", None, None)]
            assert [each for each in await told(direction="DESC") if each[1]] == kept[::-1]
            assert await told(filter={"judgedHealth": {"in": ["BEHIND", "ABANDONED"]}}) == kept[:2]
            assert await told(filter={"judgedHealth": {"isNull": True}}) == [("no", None, None)]
            assert await told(filter={"judgedOn": {"gte": str(day)}}) == kept


async def test_what_an_update_of_a_part_does_not_mention_stays(ada: User) -> None:
    async with door(ada) as client:
        plan, goal = await _draft(client, ada)
        shown = "objective { title status version owner { name } plan { version } }"
        put = await _do(client, "putObjective", shown, planId=plan, id=goal, version=1, title="Grow faster")
        assert put["objective"] == {
            "title": "Grow faster", "status": "IN_PROGRESS", "version": 2, "owner": {"name": "Ada"},
            "plan": {"version": 3},
        }  # fmt: skip
        late: Any = await client.do(
            "putObjective", shown, {"planId": plan, "id": goal, "version": 1, "ownerId": None}
        )
        assert [(each["code"], each["path"]) for each in late["errors"]] == [
            ("CONFLICT", ["input", "version"])
        ]
        assert late["objective"]["title"] == "Grow faster"
        gone: Any = await client.do("removePlanPart", "plan { version }", {"id": goal, "version": 1})
        assert ([each["code"] for each in gone["errors"]], gone["plan"]) == (["CONFLICT"], {"version": 3})
        sent: Any = await client.do("submitAccountPlan", "plan { state }", {"id": plan, "version": 2})
        assert [each["code"] for each in sent["errors"]] == ["CONFLICT"]
        back = await _do(client, "submitAccountPlan", "plan { state }", id=plan, version=3)
        assert back["plan"]["state"] == "SUBMITTED"
        taken = await _do(
            client, "withdrawAccountPlan", "plan { state revisions { state decidedBy { name } } }", id=plan
        )
        assert taken["plan"] == {
            "state": "DRAFT", "revisions": [{"state": "WITHDRAWN", "decidedBy": {"name": "Ada"}}],
        }  # fmt: skip


async def test_a_difference_is_named_as_the_api_names_it_and_by_title(ada: User) -> None:
    async with door(ada) as client:
        plan, goal = await _draft(client, ada)
        sent = await _do(client, "submitAccountPlan", "plan { revisions { id } }", id=plan, version=2)
        (revision,) = sent["plan"]["revisions"]
        await _do(client, "withdrawAccountPlan", "plan { id }", id=plan)
        due = str(today() + timedelta(days=200))
        await _do(client, "putObjective", "objective { id }", planId=plan, id=goal, dueOn=due)
        risk = await _do(
            client, "putAcceptedRisk", "risk { id version }", planId=plan, what="They may build",
            because="Late", untilOn=due,
        )  # fmt: skip
        await _do(client, "updateAccountPlan", "plan { id }", id=plan, revenueTarget={"amount": "100.00"})
        found: Any = await client.ask(
            "query ($id: ID!) { planDifference(fromId: $id) { path title kind } }", {"id": revision["id"]}
        )
        assert [(each["path"], each["title"], each["kind"]) for each in found["planDifference"]] == [
            (["acceptedRisks", risk["risk"]["id"]], "They may build", "ADDED"),
            (["objectives", goal, "dueOn"], "Grow", "CHANGED"),
            (["revenueTarget"], None, "ADDED"),
        ]


async def test_places_of_entries_begin_at_one_and_conditions_are_told_in_our_words(ada: User) -> None:
    async with door(ada) as client:
        plan, goal = await _draft(client, ada)
        given = {"planId": plan, "kind": "THREAT", "text": "Rival"}
        first = await _do(client, "putPlanEntry", "entry { position }", **given)
        assert first["entry"]["position"] == 1
        wrong: Any = await client.do("putPlanEntry", "entry { id }", {**given, "position": 0})
        assert [(each["message"], each["path"]) for each in wrong["errors"]] == [
            ("position is out of range; allowed: from 1", ["input", "position"])
        ]
        measure = {"objectiveId": goal, "title": "Deals", "factKind": "deal", "aggregate": "COUNT"}
        measure |= {"baseline": "0", "target": "5"}
        for conditions, told in ((["state"], "['state']"), ("open", "'open'")):
            wrong = await client.do(
                "putObjectiveMeasure", "measure { id }", {**measure, "conditions": conditions}
            )
            assert [(each["message"], each["path"]) for each in wrong["errors"]] == [
                (f"{told} is out of place; allowed: an object", ["input", "conditions"])
            ]


async def test_a_page_of_twenty_whole_plans_may_be_asked_for(ada: User) -> None:
    """20 plans, in Python: each 20 for its health, and 10 objectives with 5 measures, which is the most."""
    async with door(ada) as client:
        _, goal = await _draft(client, ada)
        answer: Any = await client.answer(
            """{ accountPlans(first: 20) { nodes { name health { health objectives { title } }
            objectives { title measures { title } } actions { title owner { name } }
            revisions { number state } } } }"""
        )
        assert answer["extensions"]["cost"]["points"] == 20 * 20 * (1 + 20 + 10 * (1 + 5) + 10 * 2 + 10)
        measure = {"objectiveId": goal, "title": "Deals", "factKind": "deal", "aggregate": "COUNT"}
        measure |= {"baseline": "0", "target": "5"}
        for _ in range(5):
            await _do(client, "putObjectiveMeasure", "measure { id }", **measure)
        more: Any = await client.do("putObjectiveMeasure", "measure { id }", measure)
        assert [(each["message"], each["path"]) for each in more["errors"]] == [
            ("the objective has 5 measures; allowed: 5", ["input", "objectiveId"])
        ]

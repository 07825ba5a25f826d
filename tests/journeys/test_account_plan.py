"""An account from nothing to an approved plan, and what a third of a year makes of it.

All by GraphQL; what docs/account-plans.md shows is sent here. Days pass by the clock of the business.
"""

from __future__ import annotations

import base64
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from pptx import Presentation

from commands import rulebooks
from commands.access import system_actor
from models.access import Role
from models.accounts import Account
from models.services import ServiceState
from rules import packs
from rules.engine.pool import EnginePool
from tests import factories
from tests.clock import Clock
from tests.door import Door, Payload, door

GUIDE = Path(__file__).parents[2].joinpath("docs/account-plans.md").read_text("utf-8")
BLOCKS = re.findall(r"```graphql\n(.*?)```", GUIDE, re.DOTALL)
REVIEW = """query ($account: ID!) { accountReview(accountId: $account) { file(format: PPTX) { base64 } } }"""
ADVICE = """query ($account: ID!) { account(id: $account) { recommendations { nodes {
  id state action because playRuns { id state steps { id dueOn step { text } } } } } } }"""


@pytest.fixture
async def engine() -> AsyncIterator[EnginePool]:
    async with EnginePool(1, 30) as pool:
        yield pool


@dataclass
class Desk:
    """Somebody's door, and the account that it is about."""

    client: Door
    account: str

    async def done(self, name: str, variables: Payload) -> Any:
        """What an operation of the guide answers, without an error."""
        (block,) = [each for each in BLOCKS if re.search(rf"\b{name}\b", each.splitlines()[0])]
        answer: Any = await self.client.ask(block, variables)
        payloads = [each for each in answer.values() if isinstance(each, dict)]
        assert all(each.get("errors", []) == [] for each in payloads), answer
        return answer

    async def do(self, mutation: str, selected: str, **given: Any) -> Any:
        """A mutation without an error."""
        answer: Any = await self.client.do(mutation, selected, given)
        assert answer["errors"] == [], answer
        return answer

    async def judged(self) -> dict[str, str]:
        """The state of each recommendation about the account, by its action, once it was judged today."""
        await self.do("evaluate", "run { state }", accountIds=[self.account])
        return {each["action"]: each["state"] for each in await self.advice()}

    async def advice(self) -> Any:
        """The recommendations."""
        found: Any = await self.client.ask(ADVICE, {"account": self.account})
        return found["account"]["recommendations"]["nodes"]

    async def reviewed(self) -> dict[str, set[str]]:
        """The texts of the slides of today's review of the account, by their titles."""
        found: Any = await self.client.ask(REVIEW, {"account": self.account})
        shown = Presentation(BytesIO(base64.b64decode(found["accountReview"]["file"]["base64"])))
        return {
            str(slide.shapes.title.text_frame.text): {
                each.text
                for shape in slide.shapes
                if shape.has_text_frame
                for each in shape.text_frame.paragraphs
            }
            for slide in shown.slides
        }

    async def version(self, plan: str) -> Any:
        """The version at which the plan is."""
        query = "query ($plan: ID!) { node(id: $plan) { ... on AccountPlan { version } } }"
        found: Any = await self.client.ask(query, {"plan": plan})
        return found["node"]["version"]

    async def health(self, plan: str, as_of: date | None = None) -> Any:
        """How the plan stands."""
        found = await self.done("Health", {"plan": plan, "asOf": as_of and as_of.isoformat()})
        return found["node"]["health"]


async def test_from_a_new_account_to_a_plan_that_is_followed_or_not(
    db: str, engine: EnginePool, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock().on(monkeypatch)
    operator = await factories.tenant()
    north = await factories.team(operator)
    mara = await factories.user(operator, Role.MANAGER, team_id=north.id, name="Mara Falk")
    ada = await factories.user(operator, team_id=north.id, manager_id=mara.id, name="Ada Lind")
    cloud = await factories.product(operator, family="Cloud")
    book, _ = await rulebooks.keep(system_actor(operator), "account-plans", packs.load("account-plans"))
    await rulebooks.activate(system_actor(operator), engine, book.id)
    first = clock.day(0)

    async with door(ada, engine=engine) as ada_client, door(mara, engine=engine) as mara_client:
        new: Any = await ada_client.do("createAccount", "account { id }", {"name": "Weber", "tier": "KEY"})
        director = Desk(ada_client, new["account"]["id"])
        manager = Desk(mara_client, director.account)
        assert await director.judged() == {"WRITE_ACCOUNT_PLAN": "OPEN"}

        plan, objective, action, risk = await _written(director, first)
        assert risk == "Ada Lind"
        # A plan is there. That an objective of it has no action is for whoever approves it.
        assert await director.judged() == {"WRITE_ACCOUNT_PLAN": "LAPSED"}

        await director.done("Submit", {"plan": plan, "version": await director.version(plan)})
        returned = await manager.done("Return", {"plan": plan})
        assert returned["returnAccountPlan"]["plan"] == {
            "state": "RETURNED", "returnedBecause": "Who talks to their head of production?",
        }  # fmt: skip
        given = {"planId": plan, "title": "Talk to their head of production", "objectiveId": objective}
        talk = await director.do(
            "putPlanAction", "action { id }", **given, dueOn=(first + timedelta(days=90)).isoformat()
        )
        sent = await director.done("Submit", {"plan": plan, "version": await director.version(plan)})
        revisions = sent["submitAccountPlan"]["plan"]["revisions"]
        assert [(each["number"], each["state"]) for each in revisions] == [(1, "RETURNED"), (2, "SUBMITTED")]
        changed = await manager.done("Compare", {"from": revisions[0]["id"], "to": revisions[1]["id"]})
        assert [(each["path"], each["kind"]) for each in changed["planDifference"]] == [
            (["actions", talk["action"]["id"]], "ADDED")
        ]
        # What it asks for is computed before anybody agreed to it; its health is none yet.
        asked = (await manager.done("Standing", {"plan": plan, "asOf": None}))["node"]["standing"]
        assert [each["progress"] for each in asked["objectives"]] == [0.0]
        (measured,) = asked["objectives"][0]["measures"]
        assert measured == {
            "title": "Active cloud services, a month", "value": "0", "baseline": "2000", "target": "10000",
            "progress": 0.0, "count": 0,
        }  # fmt: skip
        assert asked["revenue"] is None
        assert (await manager.health(plan))["health"] == "NOT_BEGUN"
        approved = await manager.done("Approve", {"plan": plan})
        assert approved["approveAccountPlan"]["plan"]["health"] == {"health": "ON_TRACK", "revision": 2}
        assert "PLAN_ACTIONS" not in await director.judged()

        # Day 25: the workshop was due on the 20th, and a service has gone live.
        day = clock.day(25)
        account = await Account.get(id=director.account)
        live = await factories.service(
            account, product_id=cloud.id, mrc_minor=3_600_00, state=ServiceState.ACTIVE, valid_from=day
        )
        found = await director.health(plan)
        assert (found["health"], found["movedOn"]) == ("BEHIND", day.isoformat())
        assert [(each["kind"], each["subjectId"], each["days"]) for each in found["reasons"]] == [
            ("ACTION_OVERDUE", action, 5)
        ]
        (measured,) = found["objectives"][0]["measures"]
        assert measured == {
            "title": "Active cloud services, a month", "value": "3600", "target": "10000",
            "progress": 0.2, "count": 1, "records": [live.id],
        }  # fmt: skip
        assert (await director.judged())["CATCH_UP_ON_ACTIONS"] == "OPEN"
        await director.do("completePlanAction", "action { doneOn }", id=action)
        found = await director.health(plan)
        assert (found["health"], found["reasons"]) == ("ON_TRACK", [])
        assert found["objectives"][0]["measures"] == [measured]
        assert (await director.judged())["CATCH_UP_ON_ACTIONS"] == "LAPSED"

        # Day 89: 89 of 200 days have passed, 0.2 is reached. A date that is moved changes nothing.
        clock.day(89)
        found = await director.health(plan)
        (late,) = [each for each in found["reasons"] if each["decides"]]
        assert (found["health"], late["kind"], late["progress"], late["timePassed"], late["records"]) == (
            "BEHIND", "OBJECTIVE_BEHIND", 0.2, 0.445, [live.id],
        )  # fmt: skip
        assert (await director.judged())["REVIEW_ACCOUNT_PLAN"] == "OPEN"
        later = {"planId": plan, "id": objective, "title": "Cloud", "status": "ACHIEVED"}
        await director.do(
            "putObjective", "objective { id }", **later, dueOn=(first + timedelta(days=300)).isoformat()
        )
        assert await director.health(plan) == found
        assert (await director.judged())["REVIEW_ACCOUNT_PLAN"] == "OPEN"

        # Day 120: nothing has happened since the 25th; the play that is recommended is played.
        clock.day(120)
        await manager.done("Play", {})
        assert (await director.health(plan))["health"] == "ABANDONED"
        assert (await director.judged())["REVIVE_ACCOUNT_PLAN"] == "OPEN"
        (revive,) = [each for each in await director.advice() if each["action"] == "REVIVE_ACCOUNT_PLAN"]
        assert revive["because"] == "nothing that Number one in cloud is about has happened for 95 days"
        await director.do("acceptRecommendation", "recommendation { state }", id=revive["id"])
        (revive,) = [each for each in await director.advice() if each["id"] == revive["id"]]
        (run,) = revive["playRuns"]
        assert [each["step"]["text"] for each in run["steps"]] == [
            "Call the sponsor", "Agree on the next three steps",
        ]  # fmt: skip
        called = {"accountId": director.account, "kind": "CALL", "happenedOn": clock.day(121).isoformat()}
        await director.do("recordInteraction", "interaction { id }", **called)
        for step in run["steps"]:
            await director.done("Take", {"step": step["id"]})
        ended = await director.done("End", {"run": run["id"]})
        assert ended["endPlay"]["run"] == {"state": "DONE", "outcome": "WORKED", "progress": 1.0}
        assert (await director.health(plan))["health"] == "BEHIND"
        assert (await director.judged())["REVIVE_ACCOUNT_PLAN"] == "LAPSED"
        assert (await director.health(plan, clock.day(121) - timedelta(days=1)))["health"] == "ABANDONED"
        stands = {each["text"] for each in (await director.health(plan))["reasons"]}
        assert stands and (await manager.reviewed())["Account plan: behind"] >= {
            "Number one in cloud",
            *stands,
        }
        assert (await manager.done("Worst", {}))["accountPlans"]["nodes"] == [
            {
                "name": "Number one in cloud", "judgedHealth": "BEHIND",
                "judgedOn": clock.day(121).isoformat(), "account": {"name": "Weber"},
            }
        ]  # fmt: skip
        records = (await manager.done("Records", {}))["playRecords"]
        # One of one: 95 % of the time the share is above 0.2065, by Wilson.
        assert records == [
            {
                "play": {"key": "plan-revival", "name": "Bring a plan back to life"},
                "started": 1, "running": 0, "done": 1, "abandoned": 0, "worked": 1, "failed": 0,
                "dealsWon": 0, "dealsLost": 0,
                "working": {"cases": 1, "share": 1.0, "low": 0.2065, "high": 1.0},
            }
        ]  # fmt: skip


async def _written(director: Desk, first: date) -> tuple[str, str, str, str]:
    """A plan of 300 days as the guide writes it: its id, those of objective and action, who took the risk."""
    begun = await director.done(
        "Begin",
        {
            "account": director.account,
            "first": first.isoformat(),
            "last": (first + timedelta(days=300)).isoformat(),
        },
    )
    plan = begun["createAccountPlan"]["plan"]["id"]
    # Without a revenue target: the account brings nothing yet.
    await director.do("updateAccountPlan", "plan { id }", id=plan, revenueTarget=None)
    due, soon = (first + timedelta(days=each) for each in (200, 20))
    written = await director.done("Write", {"plan": plan, "due": due.isoformat(), "soon": soon.isoformat()})
    objective = written["objective"]["objective"]["id"]
    await director.done("Measure", {"objective": objective})
    action, risk = written["action"]["action"]["id"], written["risk"]["risk"]["acceptedBy"]["name"]
    return plan, objective, action, risk

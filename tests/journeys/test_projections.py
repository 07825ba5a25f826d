"""What the past says, through the public door: beside the calls of a week, and of each deal."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from commands import projections
from commands.access import system_actor
from metrics.forecasting.history import History
from metrics.projections.projecting import Judged, Projected, Projections, Subject
from models.access import Role, Tenant
from models.base import today
from models.deals import Deal, ForecastCategory, Stage
from models.forecast import week_of
from models.projections import ProjectionMethod, StoredReason
from tests import factories
from tests.door import door

DOCUMENTED = Path(__file__).parents[2] / "docs" / "weekly-forecast.md"
WEEK = week_of(today())
SUNDAY = WEEK - timedelta(days=1)
REASONS = [
    StoredReason(feature="STAGE", value="NEGOTIATING", usual="PROPOSED", log_odds=0.9),
    StoredReason(feature="SIZE", value=5000.0, usual=1200.0, log_odds=-0.2),
]
FORECAST = """query ($along: RollUp! = TEAM) { forecast(along: $along) {
  projection { expected { amount } } nodes { name closed { amount } categories { category called { amount } }
  submission { projection { id } }
  projection { id subjectId week firstOn lastOn knownOn won { amount } expected { amount } low { amount }
    high { amount } confidence windows method refused user { name } team { name } } } } }"""
DEAL = """query ($id: ID!) { deal(id: $id) { likelihoodMissing likelihood { probability inPeriod lastOn
  closeEarlyOn closeOn closeLateOn knownOn learnedOn madeAt
  reasons { feature number text usualNumber usualText effect } } } }"""


def canned(history: History, subjects: list[Subject], period: object, on: date, known: date) -> Projections:
    """Every open deal at 63 percent; 7,500 for everybody but those without deals."""
    judged = [
        Judged(deal.id, 63, 41, on, on + timedelta(20), None, list(REASONS))
        for deal in history.known_at(known).open
    ]
    projected = [
        Projected(one.id, refused="no deal has been won yet")
        if not (one.shares is None or one.shares)
        else Projected(one.id, one.won_minor, 7_500_00, 6_000_00, 9_000_00, 38, ProjectionMethod.DEAL_BY_DEAL)
        for one in subjects
    ]
    return Projections(known, on, judged, projected)


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Callable[[Tenant], Any]:
    """Makes projections of a tenant, in no time."""
    monkeypatch.setattr(projections, "project", canned)
    return lambda tenant: projections.make(system_actor(tenant))


async def test_a_projection_stands_beside_the_calls(db: str, made: Callable[[Tenant], Any]) -> None:
    tenant = await factories.tenant()
    north = await factories.team(tenant, name="North")
    idle = await factories.team(tenant, name="Idle", parent_id=north.id)
    mara = await factories.user(tenant, Role.MANAGER, team_id=north.id, name="Mara")
    ada = await factories.user(tenant, team_id=north.id, name="Ada", manager_id=mara.id)
    await factories.user(tenant, team_id=idle.id, name="Ivo")
    account = await factories.account(ada)
    deal = await factories.deal(
        account,
        amount_minor=5_000_00,
        valid_from=SUNDAY - timedelta(30),
        stage=Stage.NEGOTIATING,
        forecast_category=ForecastCategory.COMMIT,
        close_on=WEEK + timedelta(days=2),
    )
    ended = await factories.deal(
        account, stage=Stage.LOST, valid_from=SUNDAY - timedelta(30), closed_on=SUNDAY
    )
    boss = await factories.user(tenant, Role.ADMIN)
    async with door(mara) as manager, door(ada) as director, door(boss) as administrator:
        assert (await director.ask(DEAL, {"id": deal.id}))["deal"] == {
            "likelihoodMissing": "NOT_YET", "likelihood": None,
        }  # fmt: skip
        await made(tenant)
        told: Any = await manager.ask(FORECAST)
        assert told["forecast"]["projection"] is None  # she does not see the whole tenant
        nodes = {node["name"]: node for node in told["forecast"]["nodes"]}
        shown = nodes["Ada"]["projection"]
        assert shown == {
            "id": shown["id"], "subjectId": ada.id, "week": WEEK.isoformat(), "firstOn": shown["firstOn"],
            "lastOn": shown["lastOn"], "knownOn": SUNDAY.isoformat(), "won": {"amount": "0.00"},
            "expected": {"amount": "7500.00"}, "low": {"amount": "6000.00"}, "high": {"amount": "9000.00"},
            "confidence": 80, "windows": 38, "method": "DEAL_BY_DEAL", "refused": None,
            "user": {"name": "Ada"}, "team": None,
        }  # fmt: skip
        assert nodes["North"]["projection"]["team"] == {"name": "North"}
        assert nodes["Idle"]["projection"]["refused"] == "no deal has been won yet"
        assert nodes["Idle"]["projection"]["expected"] is None
        assert (nodes["Mara"]["projection"], nodes["Ivo"]["projection"]) == (None, None)
        whole: Any = await administrator.ask(FORECAST)
        assert whole["forecast"]["projection"] == {"expected": {"amount": "7500.00"}}
        # What is handed in shows the projection of its week.
        period = {"first": shown["firstOn"], "last": shown["lastOn"]}
        calls = [{"category": "COMMIT", "amount": {"amount": "4000"}}]
        await director.do(
            "saveForecast", "submission { id }", {"week": WEEK.isoformat(), "period": period, "calls": calls}
        )
        told = await director.ask(FORECAST)
        (node,) = told["forecast"]["nodes"]
        assert node["submission"]["projection"] == {"id": shown["id"]}
        # Along managers Mara's node is that of all who report to her; Ada's is her own.
        told = await manager.ask(FORECAST, {"along": "MANAGER"})
        nodes = {node["name"]: node for node in told["forecast"]["nodes"]}
        assert (nodes["Mara"]["projection"], nodes["Ada"]["projection"]["id"]) == (None, shown["id"])
        found: Any = (await director.ask(DEAL, {"id": deal.id}))["deal"]
        likelihood = found["likelihood"]
        assert likelihood.pop("madeAt") and likelihood.pop("lastOn") == shown["lastOn"]
        yesterday = today() - timedelta(days=1)
        assert likelihood == {
            "probability": 63, "inPeriod": 41, "closeEarlyOn": SUNDAY.isoformat(),
            "closeOn": (SUNDAY + timedelta(20)).isoformat(), "closeLateOn": None,
            "knownOn": yesterday.isoformat(), "learnedOn": SUNDAY.isoformat(),
            "reasons": [
                {"feature": "STAGE", "number": None, "text": "NEGOTIATING", "usualNumber": None,
                 "usualText": "PROPOSED", "effect": 0.9},
                {"feature": "SIZE", "number": 5000.0, "text": None, "usualNumber": 1200.0, "usualText": None,
                 "effect": -0.2},
            ],
        }  # fmt: skip
        found = (await director.ask(DEAL, {"id": ended.id}))["deal"]
        assert found == {"likelihoodMissing": "ENDED", "likelihood": None}


async def test_too_little_history_is_told_of_deals(db: str, monkeypatch: pytest.MonkeyPatch) -> None:
    ada = await factories.user(await factories.tenant())
    deal = await factories.deal(await factories.account(ada))
    await projections.make(system_actor(await Tenant.get(id=ada.tenant_id)))
    async with door(ada) as director:
        found: Any = (await director.ask(DEAL, {"id": deal.id}))["deal"]
    assert found == {"likelihoodMissing": "TOO_LITTLE_HISTORY", "likelihood": None}


async def test_what_is_documented_is_answered(db: str, made: Callable[[Tenant], Any]) -> None:
    tenant = await factories.tenant()
    mara = await factories.user(tenant, Role.MANAGER, team_id=(await factories.team(tenant)).id)
    deal = await factories.deal(
        await factories.account(mara), stage=Stage.PROPOSED, valid_from=SUNDAY - timedelta(30)
    )
    await made(tenant)
    examples = re.findall(r"```graphql\n(.*?)```", DOCUMENTED.read_text("utf-8"), re.DOTALL)
    answered: dict[str, Any] = {}
    async with door(mara) as client:
        for example in examples:
            answered |= await client.ask(example)
    assert set(answered) >= {"forecast", "deals", "requestProjections", "forecastProjections"}
    assert answered["requestProjections"]["on"] == (today() - timedelta(days=1)).isoformat()
    assert (await Tenant.get(id=tenant.id)).projections_wanted is not None
    assert [node["name"] for node in answered["deals"]["nodes"]] == [deal.name]
    assert len(answered["forecastProjections"]["nodes"]) == 2
    assert await Deal.all().count() == 1

"""A week of forecasting through the public door: quota, calls, handing in, the manager's number, roll-up."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from commands import snapshots
from commands.access import system_actor
from models.access import Role
from models.base import today
from models.deals import ForecastCategory, Stage
from models.forecast import week_of
from tests import factories
from tests.door import Door, door

WEEK = week_of(today())
PERIOD = {"first": (WEEK - timedelta(days=40)).isoformat(), "last": (WEEK + timedelta(days=40)).isoformat()}
FORECAST = """query ($week: Date!, $period: PeriodInput!) { forecast(week: $week, period: $period) {
  week dueAt currency nodes { name kind depth missing closed { amount }
    submission { id version state isLate comment }
    attainment { quota { amount } won { amount } gap { amount } attainment coverage }
    categories { category deals single { amount } cumulative { amount } called { amount } isCalled comment
      adjustment { amount { amount } reason madeBy { name } } adjusted { amount } } } } }"""


async def forecast_of(client: Door) -> dict[str, Any]:
    found: Any = await client.ask(FORECAST, {"week": WEEK.isoformat(), "period": PERIOD})
    return {node["name"]: node for node in found["forecast"]["nodes"]}


def commit(node: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = node["categories"][0]
    assert found["category"] == "COMMIT"
    return found


async def test_a_week_from_quota_to_the_managers_number(db: str) -> None:
    tenant = await factories.tenant()
    north = await factories.team(tenant, name="North")
    mara = await factories.user(tenant, Role.MANAGER, team_id=north.id, name="Mara")
    ada, bo = [await factories.user(tenant, team_id=north.id, name=name) for name in ("Ada", "Bo")]
    for owner, minor in ((ada, 300_000_00), (bo, 120_000_00)):
        await factories.deal(
            await factories.account(owner),
            amount_minor=minor,
            stage=Stage.NEGOTIATING,
            forecast_category=ForecastCategory.COMMIT,
            close_on=WEEK + timedelta(days=20),
        )
    await factories.deal(
        await factories.account(ada),
        amount_minor=100_000_00,
        stage=Stage.WON,
        forecast_category=ForecastCategory.CLOSED,
        closed_on=WEEK - timedelta(days=10),
    )
    async with door(mara) as manager, door(ada) as director, door(bo) as other:
        given: dict[str, object] = {"forecastWeekday": 7, "forecastHour": 24}
        await manager.do("setForecastCalendar", "calendar { forecastHour }", given)
        quota = {"subjectId": ada.id, "period": PERIOD, "amount": {"amount": "400000"}}
        await manager.do("setQuota", "quota { targetAmount { amount } }", quota)

        saved: Any = await director.do(
            "saveForecast",
            "submission { id version state }",
            {
                "week": WEEK.isoformat(),
                "period": PERIOD,
                "comment": "one is sure",
                "calls": [{"category": "COMMIT", "amount": {"amount": "350000"}, "comment": "half of it"}],
            },
        )
        assert saved["submission"]["state"] == "DRAFT"
        node = (await forecast_of(director))["Ada"]
        assert (commit(node)["isCalled"], commit(node)["called"]["amount"]) == (False, "400000.00")
        assert node["missing"] == [ada.id]

        handed_in: Any = await director.do(
            "submitForecast", "submission { version state isLate }", {"id": saved["submission"]["id"]}
        )
        assert handed_in["submission"] == {**handed_in["submission"], "state": "SUBMITTED", "isLate": False}
        adjustment = {
            "subjectId": ada.id,
            "week": WEEK.isoformat(),
            "period": PERIOD,
            "category": "COMMIT",
            "amount": "-30000.50",
            "reason": "legal takes longer",
        }
        for amount in ("1E+1000000", "-1E+1000000", "0.001"):
            odd: Any = await manager.do(
                "adjustForecast", "adjustment { id }", adjustment | {"amount": amount}
            )
            assert [each["code"] for each in odd["errors"]] == ["INVALID"]
        await manager.do("adjustForecast", "adjustment { amount { amount } }", adjustment)

        nodes = await forecast_of(manager)
        assert [(name, node["depth"]) for name, node in nodes.items()] == [
            ("North", 0), ("Ada", 1), ("Bo", 1), ("Mara", 1),
        ]  # fmt: skip
        own = commit(nodes["Ada"])
        assert (own["called"]["amount"], own["adjusted"]["amount"]) == ("350000.00", "319999.50")
        assert own["adjustment"] == {
            "amount": {"amount": "-30000.50"}, "reason": "legal takes longer", "madeBy": {"name": "Mara"},
        }  # fmt: skip
        assert (own["single"]["amount"], own["cumulative"]["amount"]) == ("300000.00", "400000.00")
        assert (
            commit(nodes["North"])["called"]["amount"] == "439999.50"
        )  # with Bo's deals, who called nothing
        assert nodes["North"]["missing"] == [bo.id]
        assert nodes["Ada"]["attainment"] == {
            "quota": {"amount": "400000.00"}, "won": {"amount": "100000.00"}, "gap": {"amount": "300000.00"},
            "attainment": 0.25, "coverage": 1.0,
        }  # fmt: skip

        assert list(await forecast_of(other)) == ["Bo"]
        assert commit((await forecast_of(director))["Ada"])["adjustment"] is None
        again: Any = await director.answer(
            "mutation ($input: ReopenForecastInput!) { reopenForecast(input: $input)"
            " { submission { state } errors { code } } }",
            {"input": {"id": saved["submission"]["id"], "reason": "forgot one", "version": 1}},
        )
        assert again["data"]["reopenForecast"]["errors"] == [{"code": "CONFLICT"}]

        taken = await snapshots.take(system_actor(tenant), WEEK - timedelta(days=1))
        shown: Any = await other.ask(
            "{ pipelineSnapshots { nodes { asOf digest deals { totalCount nodes { amount { amount }"
            " deal { name } } } } } }"
        )
        (snapshot,) = shown["pipelineSnapshots"]["nodes"]
        assert snapshot["digest"] == taken.digest
        assert [each["amount"]["amount"] for each in snapshot["deals"]["nodes"]] == ["120000.00"]

"""What docs/trends.md and docs/competition.md show is sent here, in their order."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

from models.access import User
from models.base import today
from tests import factories
from tests.door import Door, door

DOCS = Path(__file__).parents[2] / "docs"


def _documents(name: str) -> list[str]:
    return re.findall(r"```graphql\n(.*?)```", (DOCS / name).read_text("utf-8"), re.DOTALL)


async def _send(client: Door, document: str, known: dict[str, Any]) -> Any:
    asked = {name: known[name] for name in re.findall(r"\$(\w+):", document)}
    (answer,) = (await client.ask(document, asked)).values()
    assert not isinstance(answer, dict) or answer.get("errors", []) == []
    return answer


async def _selling() -> User:
    """A director of a tenant that sells WAN."""
    tenant = await factories.tenant()
    await factories.product(tenant, family="WAN")
    return await factories.user(tenant)


async def test_a_trend_from_its_recording_to_the_report(db: str) -> None:
    who = await _selling()
    account = await factories.account(who, industry="Banking")
    await factories.contract(account, mrc_minor=100_00, starts_on=today() - timedelta(days=9), ends_on=None)
    known = {"account": account.id, "day": str(today()), "user": who.id, "from": str(today())}
    async with door(who) as client:
        record, decide, close, report, which = _documents("trends.md")
        (trend,) = (await _send(client, record, known))["trends"]
        assert trend == {"id": trend["id"], "version": 1, "state": "OPEN"}
        known["trend"] = trend["id"]
        assert (await _send(client, decide, known))["trend"]["courseOwner"] == {"name": who.name}
        closed = (await _send(client, close, known))["trend"]
        assert closed == {"state": "CLOSED", "outcome": "WORKED", "outcomeOn": str(today())}
        shown = await _send(client, report, known)
        assert (shown["total"]["accounts"], shown["total"]["recurringRevenue"]) == (1, {"amount": "100.00"})
        (group,) = shown["groups"]
        assert group["parts"] == [{"key": "Banking", "figures": {"accounts": 1}}]
        (course,) = group["courses"]
        assert (course["course"], course["worked"], course["share"]) == ("Workshop on one network", 1, 1.0)
        found = await _send(client, which, known)
        assert (found["totalCount"], found["nodes"][0]["account"]) == (1, {"name": account.name})
    other = await factories.user(await factories.tenant())
    async with door(other) as client:
        assert (await _send(client, which, known))["totalCount"] == 0
        assert (await _send(client, report, known))["groups"] == []


async def test_a_competitor_from_its_naming_to_the_record_against_it(db: str) -> None:
    who = await _selling()
    account = await factories.account(who)
    async with door(who) as client:
        name, put, positions, then, write, record, behind = _documents("competition.md")
        competitor = (await _send(client, name, {}))["competitor"]
        assert [each["name"] for each in competitor["names"]] == ["Telco", "Telco Ltd"]
        known = {"account": account.id, "competitor": competitor["id"]}
        position = (await _send(client, put, known))["position"]
        assert (position["competitor"], position["price"]["amount"]) == ({"name": "Telco"}, "1200.00")
        assert (await _send(client, write, known))["note"]["author"] == {"name": who.name}
        (shown,) = (await _send(client, positions, known))["competition"]["nodes"]
        assert (shown["share"], len(shown["competitor"]["battleNotes"])) == (80, 1)
        past: Any = await client.ask(then, known)
        assert past["account"]["competitorStandings"] == past["competitorStandings"]["nodes"] == []
        later: Any = await client.ask(re.sub(r"2026-\d\d-\d\d", str(today()), then), known)
        (standing,) = later["competitorStandings"]["nodes"]
        assert (standing["share"], standing["price"]["amount"]) == (80, "1200.00")
        assert later["account"]["competitorStandings"][0]["competitor"] == {"name": "Telco"}
        known["after"] = None
        assert await _send(client, record, known) == []
        assert await _send(client, behind, known) == []

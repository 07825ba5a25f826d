"""Whitespace as its guide shows it: everything in docs/whitespace.md is sent, by GraphQL."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from models.access import Role, User
from models.accounts import Account
from models.catalog import Product
from rules import files
from rules.engine.pool import EnginePool
from tests import factories
from tests.door import Door, door

GUIDE = Path(__file__).parents[2].joinpath("docs/whitespace.md").read_text("utf-8")
BLOCKS = {
    re.findall(r"\w+", block)[1]: block for block in re.findall(r"```graphql\n(.*?)```", GUIDE, re.DOTALL)
}

(RULE,) = re.findall(r"```yaml\n(.*?)```", GUIDE, re.DOTALL)
TOLD = """
{ recommendations(filter: {state: {eq: OPEN}}, first: 50) { nodes {
  account { name } because value { amount } evidence { field seen } } } }
"""


@pytest.fixture
async def world(db: str) -> tuple[Account, list[Account], dict[str, Product]]:
    """Eleven banks as in the guide, and a twelfth with 600 employees and a unit below it."""
    operator = await factories.tenant()
    lead = await factories.user(operator, Role.MANAGER, name="Mara Falk")
    products = {family: await factories.product(operator, family=family) for family in ("SD-WAN", "WAN")}
    banks = [
        await factories.account(lead, segment="Finance", employees=employees)
        for employees in (300, 500, 400, 250, 999, *[700] * 6)
    ]
    for bank, euros in zip(banks, (2, 3, 4, 6, 10), strict=False):
        mrc_minor = euros * 100 * (bank.employees or 0)
        await factories.service(bank, product_id=products["WAN"].id, mrc_minor=mrc_minor)
    for bank in banks:
        await factories.service(bank, mrc_minor=70_00)
    top = await factories.account(lead, name="Nordwind Bank", segment="Finance", employees=600)
    await factories.account(lead, name="Nordwind Leasing", segment="Finance", employees=60, parent_id=top.id)
    return top, banks, products


async def _sent(client: Door, name: str, **variables: Any) -> Any:
    return await client.ask(BLOCKS[name], variables)


async def test_what_the_guide_shows_is_answered(
    world: tuple[Account, list[Account], dict[str, Product]],
) -> None:
    top, banks, _ = world

    async with door(await User.get(id=top.owner_id)) as client:
        found = (await _sent(client, "Grid", top=top.id))["whitespace"]
        wan = next(each for each in found["columns"] if each["name"] == "WAN")
        assert [each["accounts"] for each in wan["states"] if each["state"] == "NEVER"] == [2]
        # 2,400.00, and for 60 employees the segment's median of 4.00 as well: 240.00.
        assert wan["gap"] == {"amount": "2640.00"}
        rows = found["rows"]
        assert (rows["totalCount"], [each["account"]["name"] for each in rows["nodes"]]) == (
            2,
            ["Nordwind Bank", "Nordwind Leasing"],
        )
        cell = next(each for each in rows["nodes"][0]["cells"] if each["name"] == "WAN")
        assert (cell["state"], cell["potential"], cell["gap"], cell["recordIds"]) == (
            "NEVER",
            {"amount": "2400.00"},
            {"amount": "2400.00"},
            [],
        )

        gaps = (await _sent(client, "Gaps"))["whitespaceGaps"]
        # 4.00 x 700 less nothing, for six banks, each with five owners among its ten peers; then ours.
        assert [(each["gap"]["amount"], each["expectedGap"]["amount"]) for each in gaps[:7]] == [
            *[("2800.00", "1400.00")] * 6,
            ("2400.00", "1090.91"),
        ]
        assert (gaps[6]["account"]["name"], gaps[6]["peers"]) == (
            "Nordwind Bank",
            {"count": 11, "penetration": 0.4545},
        )
        # Of the first bank, at 2.00, the others' median is 5.00: 900.00 x 4 / 10.
        first = next(each for each in gaps if each["account"]["name"] == banks[0].name)
        assert (first["state"], first["gap"], first["expectedGap"]) == (
            "OWNED",
            {"amount": "900.00"},
            {"amount": "360.00"},
        )

        said = (await _sent(client, "Say", account=top.id))["setPotential"]
        assert said["errors"] == []
        assert (said["potential"]["mrc"], said["potential"]["setBy"]) == (
            {"amount": "3000.00"},
            {"name": "Mara Falk"},
        )
        cells = (await _sent(client, "Row", account=top.id))["account"]["whitespace"]["cells"]
        cell = next(each for each in cells if each["name"] == "WAN")
        amounts = ("typedPotential", "lowPotential", "potential", "highPotential", "gap", "expectedGap")
        assert [cell[each]["amount"] for each in amounts] == [
            "3000.00", "1800.00", "2400.00", "3600.00", "3000.00", "1363.64",
        ]  # fmt: skip
        assert cell["potentialSaid"]["because"] == "Their tender names 40 sites."
        assert cell["peers"] == {
            "group": "SEGMENT_AND_SIZE", "segment": "Finance", "leastEmployees": 250, "mostEmployees": 999,
            "leastSites": None, "mostSites": None, "count": 11, "owners": 5, "penetration": 0.4545,
        }  # fmt: skip
        await client.do("removePotential", "potential { removedOn }", {"id": said["potential"]["id"]})

        rule = (await _sent(client, "Together"))["setCompatibility"]
        assert rule["errors"] == []
        assert rule["rule"]["kind"] == "REQUIRES"
        cells = (await _sent(client, "Row", account=top.id))["account"]["whitespace"]["cells"]
        assert {each["name"]: each["state"] for each in cells} == {"SD-WAN": "NOT_POSSIBLE", "WAN": "NEVER"}
        assert all(each["typedPotential"] is None for each in cells)


async def test_the_guides_rule_recommends_the_gap_until_a_deal_is_open_for_it(
    world: tuple[Account, list[Account], dict[str, Product]],
) -> None:
    top, _, products = world
    (rule,) = files.read(f"rules:\n{RULE}").rules
    async with EnginePool(1, 30) as engine, door(await User.get(id=top.owner_id), engine=engine) as client:
        saved: Any = await client.do(
            "saveRulebook", "rulebook { id version }", {"name": "ours", "rules": [rule]}
        )
        assert saved["errors"] == []
        await client.do("activateRulebook", "rulebook { state }", saved["rulebook"])

        async def told() -> dict[str, Any]:
            await client.do("evaluate", "run { state failures { reason } }", {})
            found: Any = await client.ask(TOLD)
            return {each["account"]["name"]: each for each in found["recommendations"]["nodes"]}

        found = await told()
        # 2,400.00 a month for 600 employees, and 2,800.00 for each of six banks with 700; 240.00 are too few.
        assert len(found) == 7
        assert found["Nordwind Bank"]["value"] == {"amount": "28800.00"}
        assert found["Nordwind Bank"]["because"] == (
            "WAN could bring EUR 28,800.00 a year: 5 of 11 customers like it buy it"
        )
        seen = {each["field"]: each["seen"] for each in found["Nordwind Bank"]["evidence"]}
        assert (seen["state"], seen["annual_gap"]) == ("NEVER", "28800.00")
        deal: Any = await client.do("createDeal", "deal { id }", {"name": "WAN", "accountId": top.id})
        line = {
            "dealId": deal["deal"]["id"], "productId": products["WAN"].id, "mrc": {"amount": "2000.00"},
            "termMonths": 36,
        }  # fmt: skip
        added: Any = await client.do("addDealLine", "line { id }", line)
        assert added["errors"] == []
        assert "Nordwind Bank" not in await told()
        assert len(await told()) == 6


async def test_pages_columns_of_products_and_limits(
    world: tuple[Account, list[Account], dict[str, Product]],
) -> None:
    top, _, products = world

    async with door(await User.get(id=top.owner_id)) as client:
        asked = (
            'query ($first: Int, $after: String) { whitespace(productsOf: "WAN") { rows(first: $first,'
            " after: $after) { totalCount pageInfo { hasNextPage endCursor } nodes { account { id }"
            " cells { key product { id } family mrc { amount } services { id } deals { id } } } } } }"
        )
        seen: list[str] = []
        after = None
        while True:
            rows = (await client.ask(asked, {"first": 5, "after": after}))["whitespace"]["rows"]  # type: ignore[index]
            seen += [each["account"]["id"] for each in rows["nodes"]]
            (cell,) = rows["nodes"][0]["cells"]
            assert (cell["key"], cell["product"]["id"], cell["family"]) == (*[products["WAN"].id] * 2, "WAN")
            after = rows["pageInfo"]["endCursor"]
            if not rows["pageInfo"]["hasNextPage"]:
                break
        assert len(seen) == len(set(seen)) == rows["totalCount"] == 13
        answer = await client.answer("{ whitespace { rows(first: 201) { totalCount } } }")
        assert "allowed: 0 to 200" in str(answer["errors"])
        for least in ("-1", "1E+999999", "1E+1000000"):
            answer = await client.answer(f'{{ whitespaceGaps(atLeast: "{least}") {{ key }} }}')
            assert "atLeast is out of range" in str(answer["errors"])
        answer = await client.answer('{ whitespace(asOf: "1066-10-14") { asOf } }')
        assert "out of range" in str(answer["errors"])

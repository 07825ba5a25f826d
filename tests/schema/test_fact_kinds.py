"""A rule builder can draw itself from what the API says of facts."""

from __future__ import annotations

from rules.json_schema import rule_schema
from rules.kinds import REGISTRY
from tests import factories
from tests.door import door

KINDS = """query ($names: [String!]) { factKinds(names: $names) { name meaning label fields(relative: true)
 { name type unit meaning minimum maximum values operators ranks } } }"""


async def test_every_kind_is_told_with_types_units_and_meanings(db: str) -> None:
    somebody = await factories.user(await factories.tenant(currency="USD"))
    async with door(somebody) as client:
        kinds = (await client.ask(KINDS))["factKinds"]
        deal = (await client.ask(KINDS, {"names": ["deal"]}))["factKinds"][0]  # type: ignore[index]
    assert [kind["name"] for kind in kinds] == list(REGISTRY.kinds)  # type: ignore[attr-defined]
    fields = {field["name"]: field for field in deal["fields"]}
    assert fields["amount"] == {
        "name": "amount", "type": "MONEY", "unit": "USD", "meaning": "total contract value", "minimum": 0.0,
        "maximum": None, "values": None, "ranks": None,
        "operators": ["EQ", "NE", "LT", "LTE", "GT", "GTE", "IN", "NOT_IN", "BETWEEN", "IS_NULL"],
    }  # fmt: skip
    assert fields["amount_segment_percentile"]["ranks"] == "amount"
    assert fields["stage"]["values"][0] == "IDENTIFIED"
    assert fields["days_in_stage"]["unit"] == "days"


async def test_an_unknown_kind_is_named_with_those_that_there_are(db: str) -> None:
    async with door(await factories.user(await factories.tenant())) as client:
        answer = await client.answer(KINDS, {"names": ["invoice"]})
    assert answer["errors"][0]["message"].startswith(  # type: ignore[index]
        "no fact kind 'invoice'; known: account, contract"
    )


async def test_the_schema_of_rules_is_told(db: str) -> None:
    async with door(await factories.user(await factories.tenant())) as client:
        assert (await client.ask("{ ruleSchema }"))["ruleSchema"] == rule_schema()


async def test_nobody_is_told_without_a_token(db: str) -> None:
    async with door() as client:
        for query in ("{ ruleSchema }", "{ factKinds { name } }"):
            response = await client.post(query)
            assert (response.status_code, response.json()["data"]) == (401, None)

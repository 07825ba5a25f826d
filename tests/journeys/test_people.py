"""Getting to know a customer by GraphQL; what docs/people.md shows is sent here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from models.base import today
from tests import factories
from tests.door import Door, door

GUIDE = Path(__file__).parents[2].joinpath("docs/people.md").read_text("utf-8")
BLOCKS = re.findall(r"```graphql\n(.*?)```", GUIDE, re.DOTALL)


async def _shown(at: Door, name: str, variables: Mapping[str, object]) -> Any:
    (block,) = [each for each in BLOCKS if re.search(rf"\b{name}\b", each.splitlines()[0])]
    return await at.ask(block, variables)


async def test_a_customer_is_mapped_and_judged_and_an_outsider_is_told_of_roles_alone(db: str) -> None:
    operator = await factories.tenant()
    ada, bo = await factories.user(operator, name="Ada"), await factories.user(operator, name="Bo")
    account, other = await factories.account(ada), await factories.account(ada, name="Other")
    deal = await factories.deal(account, owner_id=bo.id)
    kim, lee = [await factories.contact(account, name=name) for name in ("Kim", "Lee")]
    await factories.interaction(account, contact_id=kim.id, user_id=ada.id, happened_on=today())
    async with door(ada) as owner:
        judged = await _shown(owner, "Judge", {"id": kim.id, "user": ada.id})
        assert [each["errors"] for each in judged.values()] == [[], [], []]
        above = {"id": lee.id, "version": 1, "reportsToId": kim.id}
        assert (await owner.do("setContactManager", "contact { reportsTo { name } }", above))["errors"] == []
        circle = {"id": kim.id, "version": 1, "reportsToId": lee.id}
        refused: Any = await owner.do("setContactManager", "contact { id }", circle)
        assert [each["code"] for each in refused["errors"]] == ["INVALID"]
        mapped = await _shown(owner, "Map", {"account": account.id, "deal": deal.id})
        (member,) = mapped["account"]["stakeholders"]["members"]
        assert (member["role"], member["singleThread"]) == ("DECISION_MAKER", True)
        assert member["assessment"]["support"] == "NON_SUPPORTER"
        assert [each["wanted"] for each in member["rapports"]] == ["CREDIBLE_SOURCE"]
        assert member["strength"] == {"points": 51, "recency": 40, "frequency": 6, "seniority": 5}
        assert [each["depth"] for each in mapped["account"]["orgChart"]] == [0, 1]
        assert mapped["account"]["relationship"]["points"] == 51 // 3
        assert mapped["deal"]["stakeholders"]["members"] == []
        assert mapped["relationshipSummary"]["singleThreaded"] == 1

    async with door(bo) as outsider:
        mapped = await _shown(outsider, "Map", {"account": account.id, "deal": deal.id})
        (member,) = mapped["account"]["stakeholders"]["members"]
        assert (member["role"], member["assessment"], member["rapports"]) == ("DECISION_MAKER", None, [])

    async with door(ada) as owner:
        moved = await _shown(
            owner, "Moved", {"id": kim.id, "version": 1, "to": other.id, "on": today().isoformat()}
        )
        assert moved["contactMoved"]["contact"]["movedFrom"]["account"]["name"] == account.name
        quarter = {"from": today().isoformat(), "until": (today() + timedelta(days=1)).isoformat()}
        (gone,) = (await _shown(owner, "Left", quarter))["contacts"]["nodes"]
        assert [each["account"]["name"] for each in gone["movedTo"]] == ["Other"]
        steps = [(each["title"], each["account"]["name"]) for each in gone["career"]]
        assert steps == [(None, account.name), ("CIO", "Other")]

    async with door(bo) as outsider:
        (gone,) = (await _shown(outsider, "Left", quarter))["contacts"]["nodes"]
        assert gone["movedTo"] == []
        assert [each["account"]["name"] for each in gone["career"]] == [account.name]


async def test_a_day_that_is_none_is_refused_and_the_first_that_is_one_is_answered(db: str) -> None:
    owner = await factories.user(await factories.tenant())
    account = await factories.account(owner)
    contact = await factories.contact(account)
    of_contact = "nodes { relationship(asOf: $on) { asOf } }"
    parts = (
        "stakeholders(asOf: $on) { coverage }",
        "orgChart(asOf: $on) { depth }",
        "relationship(asOf: $on) { points }",
        f'contacts(filter: {{ id: {{ in: ["{contact.id}"] }} }}) {{ {of_contact} }}',
    )
    async with door(owner) as at:
        for part in parts:
            document = f'query ($on: Date) {{ account(id: "{account.id}") {{ {part} }} }}'
            for day, code in (("0001-01-01", "INVALID"), ("1900-01-01", None)):
                errors = (await at.answer(document, {"on": day})).get("errors", [])
                assert isinstance(errors, list)
                assert [each["extensions"]["code"] for each in errors] == ([code] if code else [])

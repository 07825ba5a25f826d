"""A group whose company came twice: rolled up, found, merged, worked on, and given back.

All by GraphQL; what docs/account-hierarchy.md shows is sent here.
"""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from models.access import Role, Tenant, User
from models.accounts import Account
from models.base import today
from tests import factories
from tests.door import Door, door

GUIDE = Path(__file__).parents[2].joinpath("docs/account-hierarchy.md").read_text("utf-8")
#: What goes over with the duplicate.
KINDS = ("contract", "deal", "duplicate_dismissal", "ticket")
BLOCKS = re.findall(r"```graphql\n(.*?)```", GUIDE, re.DOTALL)
NAMED = "query ($id: ID!) { account(id: $id) { id name } node(id: $id) { id } nodes(ids: [$id]) { id } }"


def shown(name: str) -> str:
    """The operation that the guide shows under this name."""
    (block,) = [each for each in BLOCKS if re.search(rf"\b{name}\b", each.splitlines()[0])]
    return str(block)


def test_every_operation_of_the_guide_is_sent_here() -> None:
    named = [re.match(r"(?:query|mutation) (\w+)", block) for block in BLOCKS]
    assert [each and each[1] for each in named] == [
        "Tree", "Group", "Duplicates", "Dismiss", "Restore", "Merge", "Merges", "Undo",
    ]  # fmt: skip


@pytest.fixture
async def tenant(db: str) -> Tenant:
    return await factories.tenant()


@pytest.fixture
async def ada(tenant: Tenant) -> User:
    return await factories.user(tenant, name="Ada Lind")


async def test_a_company_that_came_twice(tenant: Tenant, ada: User) -> None:
    holding = await factories.account(ada, name="Nordwind Holding")
    first = await factories.account(ada, name="Nordwind Energie AG", city="Kiel", parent_id=holding.id)
    again = await factories.account(ada, name="NORDWIND Energie", city="Kiel", overdue_minor=50_00)
    await factories.contract(holding, ends_on=date(2031, 12, 31))  # 1,000 a month
    await factories.contract(again, mrc_minor=200_00)
    deal = await factories.deal(again, amount_minor=5_000_00, probability=50)
    await factories.contact(first)
    await factories.ticket(again)

    async with door(ada) as client:
        before = await _whole(client, holding.id)
        assert (before["accounts"], before["recurringRevenue"]) == (2, {"amount": "1000.00"})

        found: Any = (await client.ask(shown("Duplicates")))["duplicateAccounts"]
        assert found["totalCount"] == 1
        (pair,) = found["nodes"]
        assert (pair["account"]["id"], pair["other"]["id"]) == (first.id, again.id)
        assert pair["reasons"] == [
            {"likeness": "NAME", "values": ["Nordwind Energie AG", "NORDWIND Energie"]}
        ]

        both = {"one": again.id, "other": first.id}
        said: Any = (await client.ask(shown("Dismiss"), both))["dismissDuplicate"]
        assert said["errors"] == []
        assert said["dismissal"]["dismissedBy"] == {"name": "Ada Lind"}
        found = (await client.ask(shown("Duplicates")))["duplicateAccounts"]
        assert found == {"totalCount": 0, "nodes": []}
        back_again: Any = await client.ask(shown("Restore"), {"dismissal": said["dismissal"]["id"]})
        assert back_again["restoreDuplicate"]["dismissal"]["removedOn"] == str(today())

        merge = await _merged(client, first, again)
        assert merge["merge"] | {"id": None} == {
            "id": None, "mergedId": again.id, "name": "NORDWIND Energie", "mergedOn": str(today()),
            "mergedBy": {"name": "Ada Lind"}, "taken": ["overdue"], "setAside": 0, "lapsed": 0,
            "moved": [{"kind": kind, "count": 1} for kind in KINDS],
        }  # fmt: skip
        # The duplicate's contract, deal, ticket and debt count with the group, its id leads to the company.
        whole = await _whole(client, holding.id)
        assert (whole["accounts"], whole["contracts"], whole["openTickets"]) == (2, 2, 1)
        assert whole["recurringRevenue"] == {"amount": "1200.00"}
        assert (whole["weightedPipeline"], whole["overdue"]) == ({"amount": "2500.00"}, {"amount": "50.00"})
        named: Any = await client.ask(NAMED, {"id": again.id})
        assert named["account"] == {"id": first.id, "name": "Nordwind Energie AG"}
        assert named["node"] == named["nodes"][0] == {"id": first.id}
        refused = await client.do(
            "updateAccount", "account { id }", {"id": again.id, "version": 1, "name": "Again"}
        )
        assert refused["errors"] == [
            {
                "code": "NOT_FOUND",
                "message": f"no account '{again.id}'; it was merged into {first.id}",
                "path": ["input", "id"],
            }
        ]
        moved = {"id": deal.id, "version": 2, "nextStep": "call"}
        assert (await client.do("updateDeal", "deal { id }", moved))["errors"] == []

        merges: Any = await client.ask(shown("Merges"), {"account": first.id})
        (listed,) = merges["account"]["merges"]["nodes"]
        assert (listed["id"], listed["mergedId"], listed["undoneAt"]) == (
            merge["merge"]["id"], again.id, None,
        )  # fmt: skip
        undone: Any = (await client.ask(shown("Undo"), {"merge": listed["id"]}))["undoMerge"]
        assert undone["errors"] == []
        assert undone["account"] == {"id": again.id, "name": "NORDWIND Energie"}
        assert undone["merge"]["undoneBy"] == {"name": "Ada Lind"}
        assert await _whole(client, holding.id) == before
        named = await client.ask(NAMED, {"id": again.id})
        assert named["account"] == {"id": again.id, "name": "NORDWIND Energie"}
        back: Any = await client.ask(
            "query ($id: ID!) { deal(id: $id) { nextStep account { id } } }", {"id": deal.id}
        )
        assert back["deal"] == {"nextStep": "call", "account": {"id": again.id}}


async def test_the_tree_as_of_a_day_in_pages(ada: User) -> None:
    top = await factories.account(ada, name="Top")
    b = await factories.account(ada, name="B", parent_id=top.id)
    a = await factories.account(ada, name="A", parent_id=top.id)
    below_b = await factories.account(ada, name="C", parent_id=b.id)
    async with door(ada) as client:
        asked: Any = await client.ask(shown("Tree"), {"account": top.id})
        found = asked["account"]
        assert found["ancestors"] == []
        assert found["tree"]["totalCount"] == 4
        assert [(each["depth"], each["account"]["name"]) for each in found["tree"]["nodes"]] == [
            (0, "Top"), (1, "A"), (1, "B"), (2, "C"),
        ]  # fmt: skip
        assert [each["parentId"] for each in found["tree"]["nodes"]] == [None, top.id, top.id, b.id]
        low: Any = await client.ask(shown("Tree"), {"account": below_b.id})
        assert low["account"]["ancestors"] == [{"id": b.id, "name": "B"}, {"id": top.id, "name": "Top"}]

        page = "{ tree(first: 2, after: $after) { hasNextPage nodes { account { name } } } }"
        query = f"query ($id: ID!, $after: ID) {{ account(id: $id) {page} }}"
        names, ends = [], []
        for after in (None, a.id):
            answer: Any = await client.ask(query, {"id": top.id, "after": after})
            part = answer["account"]["tree"]
            names += [each["account"]["name"] for each in part["nodes"]]
            ends.append(part["hasNextPage"])
        assert (names, ends) == (["Top", "A", "B", "C"], [True, False])
        for field, path in (
            (f'tree(after: "{a.id}") {{ totalCount }}', ["after"]),
            ("tree(first: 0) { totalCount }", ["first"]),
            ('hierarchy(won: {from: "2026-02-01", until: "2026-01-01"}) { levels }', ["won", "from"]),
            ('hierarchy(asOf: "0001-01-01") { levels }', ["asOf"]),
        ):
            wrong: Any = await client.answer(f'{{ account(id: "{b.id}") {{ {field} }} }}')
            (error,) = wrong["errors"]
            assert (error["extensions"]["code"], error["extensions"]["path"]) == ("INVALID", path)


async def test_a_circle_is_refused(ada: User) -> None:
    top = await factories.account(ada, name="Top")
    below = await factories.account(ada, name="Below", parent_id=top.id)
    lowest = await factories.account(ada, name="Lowest", parent_id=below.id)
    async with door(ada) as client:
        for parent in (top, below, lowest):
            refused = await client.do(
                "updateAccount", "account { id }", {"id": top.id, "version": 1, "parentId": parent.id}
            )
            assert refused["errors"] == [
                {
                    "code": "INVALID",
                    "message": "an account cannot be above itself in the tree",
                    "path": ["input", "parentId"],
                }
            ]


async def test_why_accounts_are_not_merged(tenant: Tenant, ada: User) -> None:
    north = await factories.team(tenant)
    bo = await factories.user(tenant, Role.DIRECTOR, team_id=north.id)
    into, duplicate, elsewhere = (
        await factories.account(ada), await factories.account(ada), await factories.account(bo),
    )  # fmt: skip
    for each in (into, duplicate):
        await factories.account_plan(each)
    async with door(ada) as client:

        async def refused(**given: object) -> Any:
            wanted = {"intoId": into.id, "fromId": duplicate.id, "version": 1, **given}
            answer: Any = await client.do("mergeAccounts", "merge { id } account { id version }", wanted)
            assert answer["merge"] is None
            (error,) = answer["errors"]
            return error["code"], error["path"][1:], answer["account"]

        assert await refused() == ("INVALID", ["fromId"], None)  # two plans of the same days
        assert await refused(fromId=into.id) == ("INVALID", ["fromId"], None)
        assert await refused(fromId=elsewhere.id) == ("NOT_FOUND", ["fromId"], None)
        assert await refused(intoId=elsewhere.id) == ("NOT_FOUND", ["intoId"], None)
        assert await refused(version=7) == ("CONFLICT", ["version"], {"id": into.id, "version": 1})
        as_it_is = {"id": duplicate.id, "version": 1}
        assert await refused(fromVersion=7) == ("CONFLICT", ["fromVersion"], as_it_is)
        gone: Any = await client.do("undoMerge", "merge { id }", {"id": "mrg_none"})
        assert [each["code"] for each in gone["errors"]] == ["NOT_FOUND"]


async def test_the_id_of_a_duplicate_leads_only_where_the_caller_sees(tenant: Tenant, ada: User) -> None:
    north = await factories.team(tenant)
    bo = await factories.user(tenant, Role.DIRECTOR, team_id=north.id)
    into, duplicate = [await factories.account(ada, name=name) for name in ("Into", "From")]
    async with door(ada) as client:
        await _merged(client, into, duplicate)
    for who, expected in ((ada, {"id": into.id}), (bo, None)):
        async with door(who) as client:
            # With what is computed beside it, resolvers answer; without, the read plan.
            for beside in ("", "hierarchy { levels }"):
                found: Any = await client.ask(
                    f"query ($id: ID!) {{ account(id: $id) {{ id {beside} }} node(id: $id) {{ id }} }}",
                    {"id": duplicate.id},
                )
                assert found["node"] == expected
                assert (found["account"] and {"id": found["account"]["id"]}) == expected


async def _whole(client: Door, account_id: str) -> Any:
    found: Any = await client.ask(shown("Group"), {"account": account_id})
    return found["account"]["hierarchy"]["whole"]


async def _merged(client: Door, into: Account, duplicate: Account) -> Any:
    found: Any = await client.ask(
        shown("Merge"), {"into": into.id, "from": duplicate.id, "version": into.version}
    )
    assert found["mergeAccounts"]["errors"] == []
    return found["mergeAccounts"]

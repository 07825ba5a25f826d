"""Calls, visits, mails and the like: recorded once, seen where they belong, refused where they cannot be."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pytest

from commands.access import system_actor
from commands.bulk import upsert
from commands.incoming import Incoming
from models.access import Role, Tenant, User
from models.accounts import Account
from models.base import today
from models.deals import Deal
from models.people import Contact, Interaction, InteractionKind
from tests import factories
from tests.door import Door, door, written

SHOWN = "interaction { id kind direction happenedOn happenedAt durationMinutes subject outcome user { id } }"


@dataclass
class World:
    """A director with an account, a deal on it and a person there; and a colleague with another account."""

    tenant: Tenant
    director: User
    account: Account
    deal: Deal
    contact: Contact
    elsewhere: Account

    def call(self, **more: object) -> dict[str, object]:
        """A call with the person on 2 March 2026."""
        about = {"accountId": self.account.id, "dealId": self.deal.id, "contactId": self.contact.id}
        return {**about, "kind": "CALL", "happenedOn": "2026-03-02", **more}


@pytest.fixture
async def world(db: str) -> World:
    tenant = await factories.tenant()
    director, colleague = await factories.user(tenant), await factories.user(tenant)
    account = await factories.account(director)
    contact = await factories.contact(account, last_contacted_on=date(2026, 2, 1))
    elsewhere = await factories.account(colleague)
    return World(tenant, director, account, await factories.deal(account), contact, elsewhere)


@pytest.fixture
async def client(world: World) -> AsyncIterator[Door]:
    async with door(world.director) as client:
        yield client


async def _record(client: Door, given: dict[str, object]) -> Any:
    return await client.do("recordInteraction", SHOWN, given)


async def test_a_call_is_recorded_as_it_was_and_by_whom(world: World, client: Door) -> None:
    told = {
        "direction": "INBOUND", "happenedAt": "2026-03-02T14:30:00Z", "durationMinutes": 25,
        "subject": "the outage", "outcome": "a visit on Friday",
    }  # fmt: skip
    payload = await _record(client, world.call(**told))
    assert payload["errors"] == []
    shown = payload["interaction"]
    assert shown["happenedAt"].startswith("2026-03-02T14:30:00")
    del told["happenedAt"]
    assert shown | told | {"kind": "CALL", "happenedOn": "2026-03-02"} == shown
    assert shown["user"] == {"id": world.director.id}


async def test_it_is_found_at_the_account_the_deal_and_the_person_by_what_it_was(
    world: World, client: Door
) -> None:
    await _record(client, world.call(subject="first"))
    await _record(client, world.call(kind="VISIT", happenedOn="2026-03-09", subject="second"))
    await _record(
        client,
        {"accountId": world.account.id, "kind": "MAIL", "happenedOn": "2026-03-05", "subject": "third"},
    )
    found: Any = await client.ask(
        """query ($account: ID!, $deal: ID!, $contact: ID!) {
          account(id: $account) { interactions { nodes { subject } }
            visits: interactions(filter: {kind: {eq: VISIT}}) { nodes { subject } }
            contacts { nodes { interactions { totalCount } } } }
          deal(id: $deal) { interactions { nodes { subject deal { id } } } }
          early: interactions(filter: {happenedOn: {lt: "2026-03-06"}}) { nodes { subject } }
          with: interactions(filter: {contactId: {eq: $contact}}) { totalCount }
          about: interactions(filter: {dealId: {eq: $deal}}, orderBy: [{field: KIND}]) { nodes { kind } }
        }""",
        {"account": world.account.id, "deal": world.deal.id, "contact": world.contact.id},
    )
    assert _subjects(found["account"]["interactions"]) == ["second", "third", "first"]  # the latest first
    assert _subjects(found["account"]["visits"]) == ["second"]
    assert found["account"]["contacts"]["nodes"] == [{"interactions": {"totalCount": 2}}]
    assert _subjects(found["deal"]["interactions"]) == ["second", "first"]
    assert _subjects(found["early"]) == ["third", "first"]
    assert found["with"] == {"totalCount": 2}
    assert found["about"]["nodes"] == [{"kind": "CALL"}, {"kind": "VISIT"}]


def _subjects(page: Any) -> list[str]:
    return [node["subject"] for node in page["nodes"]]


@pytest.mark.parametrize(
    ("given", "last"),
    [
        ({}, "2026-03-02"),
        ({"kind": "VISIT"}, "2026-03-02"),
        ({"kind": "MAIL", "direction": "INBOUND"}, "2026-03-02"),
        ({"kind": "MAIL", "direction": "OUTBOUND"}, "2026-02-01"),  # nobody has answered
        ({"kind": "TASK"}, "2026-02-01"),
        ({"happenedOn": "2026-01-15"}, "2026-02-01"),  # there was a later one
    ],
)
async def test_the_person_was_last_contacted_by_what_was_a_contact(
    world: World, client: Door, given: dict[str, object], last: str
) -> None:
    assert (await _record(client, world.call(**given)))["errors"] == []
    asked = "query ($id: ID!) { contact: node(id: $id) { ... on Contact { lastContactedOn version } } }"
    found: Any = await client.ask(asked, {"id": world.contact.id})
    assert found == {"contact": {"lastContactedOn": last, "version": 1}}


async def test_a_day_of_the_last_contact_cannot_be_typed(world: World, client: Door) -> None:
    before = await written()
    for act, given in (
        ("createContact", {"accountId": world.account.id, "name": "Kim"}),
        ("updateContact", {"id": world.contact.id, "version": 1}),
    ):
        for day in ("2026-03-01", None):
            payload: Any = await client.do(act, "contact { id }", {**given, "lastContactedOn": day})
            assert payload["contact"] is None
            (error,) = payload["errors"]
            assert (error["code"], error["path"][-1]) == ("INVALID", "lastContactedOn")
            assert "recordInteraction" in error["message"]
    assert await written() == before


async def test_recorded_again_with_the_same_key_it_is_the_same(world: World, client: Door) -> None:
    first = await _record(client, world.call(idempotencyKey="call-1"))
    again = await _record(client, world.call(idempotencyKey="call-1"))
    assert again == first
    other = await _record(client, world.call(idempotencyKey="call-1", subject="else"))
    assert [error["code"] for error in other["errors"]] == ["INVALID"]
    assert await Interaction.all().count() == 1


async def test_what_cannot_be_is_refused_with_its_place_and_writes_nothing(
    world: World, client: Door
) -> None:
    other_deal = await factories.deal(world.elsewhere, owner_id=world.director.id)
    stranger = await factories.user(await factories.tenant())
    before = await written()
    for given, code, place in (
        ({"happenedOn": str(today() + timedelta(days=2))}, "INVALID", "happenedOn"),
        ({"happenedAt": "2026-03-05T10:00:00Z"}, "INVALID", "happenedAt"),
        ({"subject": " "}, "INVALID", "subject"),
        ({"outcome": "x" * 1001}, "INVALID", "outcome"),
        ({"durationMinutes": -1}, "INVALID", "durationMinutes"),
        ({"dealId": other_deal.id}, "INVALID", "dealId"),
        ({"contactId": (await factories.contact(world.elsewhere)).id}, "INVALID", "contactId"),
        ({"dealId": "deal_none"}, "NOT_FOUND", "dealId"),
        ({"userId": stranger.id}, "NOT_FOUND", "userId"),
        ({"accountId": (await factories.account(stranger)).id}, "NOT_FOUND", "accountId"),
    ):
        payload = await _record(client, world.call(**given))
        assert [(e["code"], e["path"][-1]) for e in payload["errors"]] == [(code, place)], given
        assert payload["interaction"] is None
    assert await written() == before


async def test_a_colleague_sees_it_with_the_account_and_not_without(world: World, client: Door) -> None:
    await _record(client, world.call())
    colleague = await User.get(id=world.elsewhere.owner_id)
    async with door(colleague) as another:
        assert await another.ask("{ interactions { totalCount } }") == {"interactions": {"totalCount": 0}}
        await factories.deal(world.account, owner_id=colleague.id)
        assert await another.ask("{ interactions { totalCount } }") == {"interactions": {"totalCount": 1}}


async def test_of_an_integration_nobody_is_said_to_have_been_there(world: World) -> None:
    program = await factories.user(world.tenant, Role.INTEGRATION)
    async with door(program) as client:
        payload = await _record(client, world.call())
    assert payload["interaction"]["user"] is None


async def test_many_come_from_a_source_and_coming_again_write_nothing(world: World) -> None:
    day = date(2026, 3, 2)
    came: dict[str, object] = {
        "account_id": world.account.id, "kind": InteractionKind.VISIT, "happened_on": day, "user_id": None,
    }  # fmt: skip
    rows = [Incoming(f"A{number}", came, began=day) for number in range(3)]
    actor = system_actor(world.tenant, "crm")
    first = await upsert(actor, Interaction, "crm", rows, on=today())
    before = await written()
    again = await upsert(actor, Interaction, "crm", rows, on=today())
    assert (first.created, again.created, again.updated, again.unchanged) == (3, 0, 0, 3)
    assert await written() == before

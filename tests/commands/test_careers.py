"""People who come back, whose next place is learned late, and days and addresses that cannot be."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pytest

from commands import careers, people
from metrics.careers import career
from models.access import Actor, User
from models.accounts import Account
from models.base import today
from models.people import Contact, Seniority
from tests import factories
from tests.door import Door, door, written

BORN = date(2019, 3, 1)


@dataclass
class World:
    """A director with two accounts, and somebody who is at the first since 1 March 2019."""

    director: User
    actor: Actor
    account: Account
    second: Account
    ria: Contact


@pytest.fixture
async def world(db: str) -> World:
    director = await factories.user(await factories.tenant())
    account, second = [await factories.account(director) for _ in range(2)]
    ria = await factories.contact(account, name="Ria Roe", title="CTO", joined_on=BORN, valid_from=BORN)
    return World(director, await factories.actor(director), account, second, ria)


@pytest.fixture
async def client(world: World) -> AsyncIterator[Door]:
    async with door(world.director) as client:
        yield client


def _text(day: date | None) -> str | None:
    return str(day) if day else None


async def _career(world: World) -> list[tuple[str, str | None, str | None, str | None]]:
    """The steps as account, title, since and until."""
    names = {world.account.id: "first", world.second.id: "second"}
    found = await career(world.actor, await Contact.get(id=world.ria.id))
    return [(names[each.account_id], each.title, _text(each.since), _text(each.until)) for each in found]


async def test_coming_back_keeps_the_stay_before(world: World) -> None:
    left, back = date(2025, 3, 1), date(2026, 6, 1)
    await careers.left(world.actor, world.ria.id, 1, left)
    await careers.joined(world.actor, world.ria.id, 2, back)
    assert await _career(world) == [
        ("first", "CTO", "2019-03-01", "2025-03-01"), ("first", "CTO", "2026-06-01", None),
    ]  # fmt: skip
    await people.update(world.actor, world.ria.id, 3, {"title": "CEO", "seniority": Seniority.EXECUTIVE})
    await careers.left(world.actor, world.ria.id, 4, today())
    await careers.joined(world.actor, world.ria.id, 5, today())
    assert await _career(world) == [
        ("first", "CTO", "2019-03-01", "2025-03-01"), ("first", "CTO", "2026-06-01", str(today())),
        ("first", "CEO", str(today()), None),
    ]  # fmt: skip


async def test_who_moved_away_and_came_back_has_three_steps(world: World) -> None:
    away, back = today() - timedelta(days=8), today() - timedelta(days=3)
    await careers.moved(world.actor, world.ria.id, 1, world.second.id, away, {"title": "CIO"})
    await careers.joined(world.actor, world.ria.id, 2, back)
    assert await _career(world) == [
        ("first", "CTO", "2019-03-01", str(away)), ("second", "CIO", str(away), None),
        ("first", "CTO", str(back), None),
    ]  # fmt: skip


async def test_a_day_that_is_put_right_and_a_title_that_is_learned_later_begin_no_step(world: World) -> None:
    await careers.left(world.actor, world.ria.id, 1, date(2025, 3, 1))
    await people.update(world.actor, world.ria.id, 2, {"left_on": None})
    await people.update(world.actor, world.ria.id, 3, {"joined_on": date(2019, 4, 1)})
    await careers.left(world.actor, world.ria.id, 4, date(2025, 6, 1))
    await people.update(world.actor, world.ria.id, 5, {"title": "Head of Networks"})
    assert await _career(world) == [("first", "Head of Networks", "2019-04-01", "2025-06-01")]


async def test_where_somebody_went_who_left_can_be_learned_weeks_later(world: World, client: Door) -> None:
    left = today() - timedelta(days=30)
    await careers.left(world.actor, world.ria.id, 1, left)
    given = {"id": world.ria.id, "version": 2, "accountId": world.second.id}
    shown = "contact { joinedOn movedFrom { id leftOn } }"
    early: Any = await client.do("contactMoved", shown, {**given, "movedOn": str(left - timedelta(days=1))})
    assert [(e["code"], e["path"][-1]) for e in early["errors"]] == [("INVALID", "movedOn")]
    moved: Any = await client.do("contactMoved", shown, {**given, "movedOn": str(left)})
    assert moved["errors"] == []
    assert moved["contact"] == {
        "joinedOn": str(left), "movedFrom": {"id": world.ria.id, "leftOn": str(left)},
    }  # fmt: skip
    again: Any = await client.do("contactMoved", shown, {**given, "movedOn": str(today())})
    assert [e["code"] for e in again["errors"]] == ["INVALID_TRANSITION"]


async def test_a_new_contact_can_say_what_the_person_was_before(world: World, client: Door) -> None:
    new = {"accountId": world.second.id, "name": "Ria Roe", "movedFromId": world.ria.id}
    shown = "contact { movedFrom { id } }"
    there: Any = await client.do("createContact", shown, new)
    assert [(e["code"], e["path"][-1]) for e in there["errors"]] == [("INVALID_TRANSITION", "movedFromId")]
    await careers.left(world.actor, world.ria.id, 1, today())
    same: Any = await client.do("createContact", shown, {**new, "accountId": world.account.id})
    assert [(e["code"], e["path"][-1]) for e in same["errors"]] == [("INVALID", "movedFromId")]
    foreign = await factories.user(await factories.tenant())
    stranger = await factories.contact(await factories.account(foreign))
    none: Any = await client.do("createContact", shown, {**new, "movedFromId": stranger.id})
    assert [(e["code"], e["path"][-1]) for e in none["errors"]] == [("NOT_FOUND", "movedFromId")]
    made: Any = await client.do("createContact", shown, new)
    assert made == {"contact": {"movedFrom": {"id": world.ria.id}}, "errors": []}


async def test_days_and_addresses_that_cannot_be_are_refused_whoever_types_them(
    world: World, client: Door
) -> None:
    before = await written()
    create, update = {"accountId": world.account.id, "name": "Kim"}, {"id": world.ria.id, "version": 1}
    later = str(today() + timedelta(days=2))
    for given, place in (
        ({"joinedOn": later}, "joinedOn"),
        ({"leftOn": later}, "leftOn"),
        ({"joinedOn": "2026-01-02", "leftOn": "2026-01-01"}, "leftOn"),
        ({"email": "no mail"}, "email"),
    ):
        for act, of in (("createContact", create), ("updateContact", update)):
            payload: Any = await client.do(act, "contact { id }", {**of, **given})
            assert [(e["code"], e["path"][-1]) for e in payload["errors"]] == [("INVALID", place)], given
    payload = await client.do("updateContact", "contact { id }", {**update, "leftOn": "2019-02-28"})
    assert [(e["code"], e["path"][-1]) for e in payload["errors"]] == [("INVALID", "leftOn")]
    assert await written() == before
    left = await careers.left(world.actor, world.ria.id, 1, date(2025, 3, 1))
    payload = await client.do(
        "updateContact", "contact { id }", {"id": left.id, "version": 2, "joinedOn": "2025-03-02"}
    )
    assert [(e["code"], e["path"][-1]) for e in payload["errors"]] == [("INVALID", "joinedOn")]


async def test_an_erased_manager_is_named_where_it_was_given_and_records_as_people_call_them(
    world: World, client: Door
) -> None:
    gone = await factories.contact(world.account, erased_at="2026-03-01T00:00:00+00:00")
    given = {"id": world.ria.id, "version": 1, "reportsToId": gone.id}
    payload: Any = await client.do("setContactManager", "contact { id }", given)
    assert [(e["code"], e["path"][-1]) for e in payload["errors"]] == [("INVALID_TRANSITION", "reportsToId")]
    payload = await client.do("closeAccountPlan", "plan { id }", {"id": "plan_x", "because": "x"})
    assert payload["errors"][0]["message"].startswith("no account plan 'plan_x'")

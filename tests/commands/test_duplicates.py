"""Two accounts that are not the same: said once, shown no more, until something speaks for it anew."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from commands import accounts, duplicates, merging, people, privacy, unmerging
from metrics.duplicates import Likeness
from metrics.duplicates import duplicates as likely_pairs
from models.access import Actor, Role, Scope, Tenant, User
from models.accounts import Account, DuplicateDismissal
from models.base import today
from models.errors import Conflict, Forbidden, Invalid, InvalidTransition, NotFound
from models.history import AuditRecord, Change
from tests import factories
from tests.schema.asking import ask, refused

DUPLICATES = """query Duplicates($account: ID, $dismissed: Boolean! = false) {
  duplicateAccounts(accountId: $account, dismissed: $dismissed) {
    totalCount
    nodes { account { id } other { id } reasons { likeness } dismissed dismissal { id because removedOn } }
  }
}"""
Told = list[tuple[list[str], bool]]


@pytest.fixture
async def tenant(db: str) -> Tenant:
    return await factories.tenant()


@pytest.fixture
async def ada(tenant: Tenant) -> User:
    return await factories.user(tenant)


@pytest.fixture
async def seller(ada: User) -> Actor:
    return await factories.actor(ada)


async def shown(actor: Actor, *, dismissed: bool = False) -> Told:
    """The reasons of each likely pair, and whether it was dismissed."""
    found = (await ask(actor, DUPLICATES, dismissed=dismissed))["duplicateAccounts"]
    assert found["totalCount"] == len(found["nodes"])
    return [([of["likeness"] for of in each["reasons"]], each["dismissed"]) for each in found["nodes"]]


async def test_a_pair_that_was_dismissed_is_shown_to_nobody_until_that_is_taken_back(
    tenant: Tenant, ada: User, seller: Actor
) -> None:
    one, other, third = [await factories.account(ada, name="Nordwind") for _ in range(3)]
    assert len(await shown(seller)) == 3
    said = await duplicates.dismiss(seller, other.id, one.id, "one is a shop")
    admin = await factories.actor(await factories.user(tenant, Role.ADMIN))
    for actor in (seller, admin):
        assert await shown(actor) == [(["NAME"], False)] * 2  # each of the two beside the third
        assert sorted(is_dismissed for _, is_dismissed in await shown(actor, dismissed=True)) == [
            False, False, True,
        ]  # fmt: skip
    of_third = (await ask(seller, DUPLICATES, account=third.id))["duplicateAccounts"]
    assert of_third["totalCount"] == 2
    assert (said.account_id, said.other_id, said.dismissed_by_id) == (one.id, other.id, ada.id)
    assert await Change.filter(entity="duplicate_dismissal", entity_id=said.id).exists()
    assert await AuditRecord.filter(command="accounts.dismiss_duplicate", object_id=said.id).exists()
    back = await duplicates.restore(seller, said.id, said.version)
    assert back.removed_on == today()
    change = await Change.get(entity_id=said.id, field="removed_on")
    assert [change.old, change.new] == [None, str(today())]
    assert await AuditRecord.filter(command="accounts.restore_duplicate", object_id=said.id).exists()
    assert await shown(seller, dismissed=True) == [(["NAME"], False)] * 3
    with pytest.raises(InvalidTransition, match="was taken back on"):
        await duplicates.restore(seller, said.id)
    again = await duplicates.dismiss(seller, one.id, other.id, "the other is a shop")
    assert (again.id, again.because, again.removed_on) == (said.id, "the other is a shop", None)
    assert len(await shown(seller)) == 2
    with pytest.raises(Conflict):
        await duplicates.restore(seller, said.id, said.version)


async def test_a_pair_comes_back_when_something_else_speaks_for_it(ada: User, seller: Actor) -> None:
    """Dismissed as called alike: spelling it otherwise changes nothing, a number that both have does.

    That taken away again it is dismissed again; so does another name that both get bring it back.
    """
    one, other = [await factories.account(ada, name=name) for name in ("Nordwind AG", "NORDWIND")]
    said = await duplicates.dismiss(seller, one.id, other.id, "one is a shop")
    numbered: dict[str, object] = {"registration_number": "HRB 1"}
    steps: list[tuple[Account, dict[str, object], Told]] = [
        (one, {"name": "nordwind, GmbH", "city": "Kiel", "domain": "a.example", "segment": "Public"}, []),
        (one, numbered, []),
        (other, numbered, [(["REGISTRATION_NUMBER", "NAME"], False)]),
        (other, {"registration_number": None}, []),
        (other, {"domain": "www.a.example"}, [(["DOMAIN", "NAME"], False)]),
        (other, {"domain": None}, []),
        (other, {"name": "Südwind"}, []),  # nothing speaks for it
        (one, {"name": "Suedwind"}, []),
        (one, {"name": "SÜDWIND"}, [(["NAME"], False)]),
        (one, {"name": "Nordwind"}, []),
        (other, {"name": "Nordwind"}, []),
    ]
    for account, values, expected in steps:
        known = await Account.get(id=account.id)
        await accounts.update(seller, known.id, known.version, values)
        assert await shown(seller) == expected, values
    assert (await DuplicateDismissal.get(id=said.id)).version == said.version


async def test_what_was_said_before_is_told_beside_a_pair_that_came_back(ada: User, seller: Actor) -> None:
    one, other = [await factories.account(ada, name="Nordwind") for _ in range(2)]
    said = await duplicates.dismiss(seller, one.id, other.id, "one is a shop")
    for each in (one, other):
        await accounts.update(seller, each.id, each.version, {"registration_number": "12"})
    (node,) = (await ask(seller, DUPLICATES))["duplicateAccounts"]["nodes"]
    assert node["dismissal"] == {"id": said.id, "because": "one is a shop", "removedOn": None}
    assert node["dismissed"] is False
    await duplicates.dismiss(seller, one.id, other.id, "a number was mistyped")
    assert await shown(seller) == []


async def test_similar_names_in_a_city_are_dismissed_with_the_city(ada: User, seller: Actor) -> None:
    one, other = [
        await factories.account(ada, name=name, city="Kiel")
        for name in ("Nordwind Energie", "Nordwind Energy")
    ]
    await duplicates.dismiss(seller, one.id, other.id, "a shop")
    assert await shown(seller) == []
    for each in (one, other):
        await accounts.update(seller, each.id, each.version, {"city": "Bonn"})
    assert await shown(seller) == [([Likeness.SIMILAR_NAME_IN_CITY.value], False)]


async def test_who_may_say_that_two_are_not_the_same(tenant: Tenant, ada: User, seller: Actor) -> None:
    """Whoever may merge them: their owner and the managers above, not who sees one by a deal alone."""
    team = await factories.team(tenant)
    manager = await factories.user(tenant, Role.MANAGER, team_id=team.id)
    bo, cy = [await factories.user(tenant, team_id=team.id) for _ in range(2)]
    his, hers = await factories.account(bo, name="Nordwind"), await factories.account(cy, name="Nordwind")
    await factories.deal(hers, owner_id=bo.id)  # by which he sees it
    actors = {who: await factories.actor(who) for who in (bo, cy, manager)}
    with pytest.raises(Forbidden, match="told apart by its owner"):
        await duplicates.dismiss(actors[bo], his.id, hers.id, "a shop")
    with pytest.raises(NotFound):
        await duplicates.dismiss(actors[cy], hers.id, his.id, "a shop")
    said = await duplicates.dismiss(actors[manager], hers.id, his.id, "a shop")
    with pytest.raises(Forbidden):
        await duplicates.restore(actors[bo], said.id)
    with pytest.raises(NotFound):
        await duplicates.restore(actors[cy], said.id)  # she does not see his
    reader = await factories.actor(await factories.user(tenant, Role.READER, team_id=team.id))
    with pytest.raises(Forbidden):
        await duplicates.restore(reader, said.id)
    listed = "{ duplicateDismissals { nodes { id } } }"
    for who, found in ((bo, [{"id": said.id}]), (cy, []), (ada, []), (manager, [{"id": said.id}])):
        asked = await ask(await factories.actor(who), listed)
        assert asked["duplicateDismissals"]["nodes"] == found
    limited = replace(actors[manager], scopes=frozenset({Scope.READ}))
    why = "{ duplicateDismissals { nodes { because } } }"
    assert (await refused(limited, why))["code"] == "FORBIDDEN"


async def test_what_cannot_be_dismissed(ada: User, seller: Actor) -> None:
    one, other = await factories.account(ada, name="Nordwind"), await factories.account(ada, name="Südwind")
    with pytest.raises(Invalid, match="nothing says that the two may be one"):
        await duplicates.dismiss(seller, one.id, other.id, "a shop")
    with pytest.raises(Invalid, match="no duplicate of itself"):
        await duplicates.dismiss(seller, one.id, one.id, "a shop")
    with pytest.raises(Invalid, match="because"):
        await duplicates.dismiss(seller, one.id, other.id, "  ")


async def test_what_is_said_to_be_apart_is_not_merged_before_that_is_taken_back(
    ada: User, seller: Actor
) -> None:
    one, other = [await factories.account(ada, name="Nordwind") for _ in range(2)]
    said = await duplicates.dismiss(seller, other.id, one.id, "a shop")
    with pytest.raises(Invalid, match=f"are not the same; allowed: take {said.id} back first"):
        await merging.merge(seller, one.id, other.id, 1)
    await duplicates.restore(seller, said.id)
    merge = await merging.merge(seller, one.id, other.id, 1)
    assert await shown(seller, dismissed=True) == []
    await unmerging.undo(seller, merge.id)
    after = await DuplicateDismissal.get(id=said.id)
    assert ({after.account_id, after.other_id}, after.removed_on) == ({one.id, other.id}, today())


async def test_what_was_said_of_a_duplicate_is_said_of_what_it_is_part_of(ada: User, seller: Actor) -> None:
    """It holds where the survivor is called alike, and goes back with the duplicate."""
    into, duplicate, third = [await factories.account(ada, name="Nordwind") for _ in range(3)]
    said = await duplicates.dismiss(seller, duplicate.id, third.id, "a shop")
    assert len(await shown(seller)) == 2
    merge = await merging.merge(seller, into.id, duplicate.id, 1)
    assert await shown(seller) == []
    with pytest.raises(Invalid, match="are not the same"):
        await merging.merge(seller, into.id, third.id, 1)
    await unmerging.undo(seller, merge.id)
    after = await DuplicateDismissal.get(id=said.id)
    assert {after.account_id, after.other_id} == {duplicate.id, third.id}
    assert len(await shown(seller)) == 2


async def test_what_was_said_twice_of_what_is_one_pair_now_is_taken_back_together(
    ada: User, seller: Actor
) -> None:
    """Of a pair that merging made of two one stands each way round; both are taken back."""
    duplicate, third, into = [await factories.account(ada, name="Nordwind") for _ in range(3)]
    for one, other in ((duplicate, third), (third, into)):
        await duplicates.dismiss(seller, one.id, other.id, "a shop")
    await merging.merge(seller, into.id, duplicate.id, 1)
    first, second = await DuplicateDismissal.all().order_by("id")
    assert {first.account_id, first.other_id} == {second.account_id, second.other_id} == {into.id, third.id}
    assert await shown(seller) == []
    await duplicates.restore(seller, first.id)
    assert await DuplicateDismissal.filter(removed_on=None).count() == 0
    assert await shown(seller) == [(["NAME"], False)]


async def test_two_who_dismiss_a_pair_at_the_same_moment_say_it_once(ada: User, seller: Actor) -> None:
    one, other = [await factories.account(ada, name="Nordwind") for _ in range(2)]
    done = await asyncio.gather(
        *(duplicates.dismiss(seller, one.id, other.id, f"reason {number}") for number in range(4)),
        return_exceptions=True,
    )
    assert all(isinstance(each, DuplicateDismissal | Conflict) for each in done)
    assert await DuplicateDismissal.all().count() == 1
    assert await likely_pairs(seller) == []


async def test_why_two_are_not_the_same_forgets_people(tenant: Tenant, ada: User, seller: Actor) -> None:
    one, other = [await factories.account(ada, name="Nordwind") for _ in range(2)]
    person = await people.create(seller, {"account_id": one.id, "name": "Grace Hopper"})
    said = await duplicates.dismiss(seller, one.id, other.id, "Grace Hopper says that one is a shop")
    admin = await factories.actor(await factories.user(tenant, Role.ADMIN))
    await privacy.erase(admin, person.id)
    assert "Hopper" not in (await DuplicateDismissal.get(id=said.id)).because
    assert await shown(seller) == []

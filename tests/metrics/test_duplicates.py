"""Which accounts may be one, and why."""

from __future__ import annotations

from itertools import combinations
from random import Random

import pytest

from metrics.duplicates import (
    SIMILAR,
    Likeness,
    Pair,
    _Named,
    _similar,
    called,
    duplicates,
    folded,
    host,
    trigrams,
)
from models.access import Role, Tenant, User
from models.accounts import Account
from tests import factories


@pytest.fixture
async def tenant(db: str) -> Tenant:
    return await factories.tenant()


@pytest.fixture
async def ada(tenant: Tenant) -> User:
    return await factories.user(tenant)


async def found(who: User, account: Account | None = None) -> list[Pair]:
    return await duplicates(await factories.actor(who), account.id if account else None)


def told(pairs: list[Pair]) -> dict[tuple[str, str], list[Likeness]]:
    return {(each.first_id, each.second_id): [of.likeness for of in each.reasons] for each in pairs}


@pytest.mark.parametrize(
    ("written", "compared"),
    [
        ("Nordwind Energie AG", "nordwind energie"),
        ("NORDWIND-Energie, a.g.", "nordwind energie"),
        ("Société Générale S.A.", "societe generale"),
        ("Müller & Söhne GmbH & Co. KG", "muller sohne"),
        ("AG", "ag"),
        ("O'Hara Ltd.", "ohara"),
        ("Nordwind Holding", "nordwind holding"),  # another company than Nordwind
        ("", ""),
    ],
)
def test_how_names_are_compared(written: str, compared: str) -> None:
    assert called(written) == compared


def test_how_domains_are_compared() -> None:
    for written in (
        "nordwind.example",
        "WWW.Nordwind.example.",
        "https://www.nordwind.example:443/about?x=1",
    ):
        assert host(written) == "nordwind.example"
    assert (host(None), folded("  DE-12 3  ")) == ("", "de 12 3")


def test_similar_names_by_hand() -> None:
    """nordwind: 9 groups. energie: 8, energy: 7, of which 5 are in both: 14 of 9 + 8 + 7 - 5 = 19, 0.74.

    wasser shares none with energie: 9 of 9 + 8 + 7 = 24.
    """
    energie, energy, wasser = (trigrams(f"nordwind {word}") for word in ("energie", "energy", "wasser"))
    assert len(trigrams("energie") & trigrams("energy")) == 5
    assert (len(energie & energy), len(energie | energy)) == (14, 19)
    assert (len(energie & wasser), len(energie | wasser)) == (9, 24)


async def test_each_reason_by_hand(ada: User) -> None:
    """Nordwind twice: the same number and nearly the same name in Kiel; Nordwind and a shop: one domain."""
    first = await factories.account(
        ada,
        name="Nordwind Energie AG",
        city="Kiel",
        registration_number="HRB 1234",
        domain="nordwind.example",
    )
    again = await factories.account(
        ada, name="Nordwind Energy", city="KIEL", registration_number="hrb-1234", country="Germany"
    )
    shop = await factories.account(ada, name="Shop", domain="https://www.nordwind.example/shop")
    same = await factories.account(ada, name="nordwind energie", city="Bonn")
    await factories.account(ada, name="Nordwind Wasser AG", city="Kiel")
    await factories.account(ada, name="Nordwind Energy", placeholder=True)
    pairs = await found(ada)
    assert told(pairs) == {
        (first.id, again.id): [Likeness.REGISTRATION_NUMBER, Likeness.SIMILAR_NAME_IN_CITY],
        (first.id, shop.id): [Likeness.DOMAIN],
        (first.id, same.id): [Likeness.NAME],
    }
    assert [of.values for of in pairs[0].reasons] == [
        ("hrb1234",),
        ("Nordwind Energie AG", "Nordwind Energy"),
    ]
    assert list(told(await found(ada, shop))) == [(first.id, shop.id)]


async def test_a_group_is_no_duplicate_of_itself(ada: User) -> None:
    """A company of a group is called like it and has its domain, and is another one all the same."""
    shared = {"domain": "nordwind.example", "city": "Kiel"}
    top = await factories.account(ada, name="Nordwind AG", **shared)
    await factories.account(ada, name="Nordwind GmbH", parent_id=top.id, **shared)
    a, b = [await factories.account(ada, name="Nordwind Netz", parent_id=top.id, **shared) for _ in range(2)]
    assert told(await found(ada)) == {(a.id, b.id): [Likeness.NAME]}


async def test_numbers_are_those_of_a_country(ada: User) -> None:
    one, other, unknown = [
        await factories.account(ada, name=name, registration_number="12", country=country)
        for name, country in (("One", "Norway"), ("Other", "Chile"), ("Third", None))
    ]
    assert set(told(await found(ada))) == {(one.id, unknown.id), (other.id, unknown.id)}


async def test_of_many_each_is_shown_beside_the_oldest(ada: User) -> None:
    accounts = [await factories.account(ada, name="Branch") for _ in range(32)]
    pairs = await found(ada)
    assert len(pairs) == 31
    assert {each.first_id for each in pairs} == {accounts[0].id}
    assert len(await found(ada, accounts[5])) == 31


async def test_nobody_is_told_of_what_they_do_not_see(tenant: Tenant, ada: User) -> None:
    north = await factories.team(tenant)
    bo = await factories.user(tenant, Role.DIRECTOR, team_id=north.id)
    for who in (ada, bo):
        await factories.account(who, name="Nordwind")
    other = await factories.user(await factories.tenant(slug="other"), Role.ADMIN)
    await factories.account(other, name="Nordwind")
    admin = await factories.user(tenant, Role.ADMIN)
    assert [len(await found(who)) for who in (ada, bo, other, admin)] == [0, 0, 0, 1]


def test_similar_names_are_found_without_comparing_all() -> None:
    """What is looked up by the rarest letters is what comparing each with each finds."""
    chance = Random("names")
    syllables = ["nor", "wind", "ener", "gie", "kiel", "ost", "see", "bau"]
    for _ in range(30):
        names = [
            " ".join("".join(chance.choices(syllables, k=chance.randint(1, 3))) for _ in range(2))
            for _ in range(25)
        ]
        group = [
            _Named(str(number), name, None, str(number), "", "", "", name, "kiel")
            for number, name in enumerate(names)
        ]
        expected = set()
        for one, other in combinations(group, 2):
            mine, theirs = trigrams(one.called), trigrams(other.called)
            if len(mine & theirs) >= SIMILAR * len(mine | theirs):
                expected.add((one.id, other.id))
        assert {(one.id, other.id) for one, other in _similar(group)} == expected

"""Whoever was erased stays so: no source, clock or command brings anything back, and few may erase."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from commands import deal_people, people, privacy, rulebooks
from commands.access import system_actor
from commands.bulk import Upserted, upsert
from commands.incoming import Incoming
from commands.journal import FieldChange
from connectors import import_folder
from models.access import Tenant
from models.accounts import Account
from models.base import today, utcnow
from models.errors import InvalidTransition
from models.history import Change
from models.people import ERASED, Contact
from models.rulebooks import Rulebook, RulebookState
from models.signals import Signal, SignalKind
from rules.facts import gather
from tests import factories
from tests.commands.person import EMAIL, FORMER, KEY, NAME, TELLING, codes, in_the_file, part, staff, told_in
from tests.connectors import source
from tests.door import door
from tests.shell import bellwether


async def _imported(tenant: Tenant, account: Account) -> tuple[Upserted, Upserted]:
    """What a source tells of a person, by a key that says who it is, and of what was heard there."""
    actor, january = system_actor(tenant, "crm"), date(2026, 1, 1)
    person = {"account_id": account.id, "name": NAME, "email": EMAIL, "last_contacted_on": january}
    renamed = FieldChange("name", FORMER, NAME, date(2026, 3, 1))
    rows = [Incoming(KEY, person, january, (renamed,))]
    contacts = await upsert(actor, Contact, "crm", rows, on=january, history=True)
    heard = {"account_id": account.id, "contact_id": contacts.ids[KEY], "kind": SignalKind.OTHER}
    said = {**heard, "summary": f"{NAME} retires", "observed_on": january}
    signals = [Incoming("S1", said), Incoming("S2", {**said, "contact_id": None, "summary": "Moved"})]
    return contacts, await upsert(actor, Signal, "crm", signals, on=january)


async def _known(account: Account, as_of: date, known_on: date | None = None) -> tuple[object, ...]:
    """As of a day: the name of the contact, who takes part in a deal, and how many people are counted."""
    needed = {
        "account": frozenset({"contacts"}),
        "contact": frozenset({"name"}),
        "deal_contact": frozenset({"name"}),
    }
    facts = (await gather(account.tenant_id, [account.id], as_of, needed, known_on=known_on))[account.id]
    (of_account,) = facts["account"]
    people = [[fact["name"] for fact in facts.get(kind, ())] for kind in ("contact", "deal_contact")]
    return *people, of_account["contacts"]


async def test_nothing_brings_back_whoever_was_erased(db: str) -> None:
    tenant = await factories.tenant()
    users = await staff(tenant)
    account = await factories.account(users["director"])
    deal = await factories.deal(account, valid_from=None)
    contacts, signals = await _imported(tenant, account)
    parts = [part(deal, contacts.ids[KEY])]
    await deal_people.set_contacts(system_actor(tenant), parts, history=True)
    february, april = date(2026, 2, 1), date(2026, 4, 1)
    assert await _known(account, february) == ([FORMER], [FORMER], 1)

    erasing = await factories.actor(users["admin"])
    rule = {
        "key": "named", "title": "Named", "when": [{"contact": {"where": {"name": {"eq": NAME}}}}],
        "then": [{"recommend": {"action": "LOOK", "because": f"It is {NAME}", "due_in_days": 7}}],
    }  # fmt: skip
    await rulebooks.save(erasing, "named", [rule])
    await Rulebook.all().update(state=RulebookState.ACTIVE, activated_at=utcnow())
    assert NAME in repr(await rulebooks.active_book(erasing))

    erased = await privacy.erase(erasing, contacts.ids[KEY])
    assert await told_in((*TELLING, FORMER)) == set()
    assert in_the_file(db) == []
    assert NAME not in repr(await rulebooks.active_book(erasing))
    for known_on in (None, today() - timedelta(days=1), today()):
        for past in (february, april):
            assert await _known(account, past, known_on) == ([ERASED], [ERASED], 1)
    assert await _known(account, today()) == ([], [], 0)
    assert (signals.created, signals.erased) == (2, 0)

    written = await Change.all().count()
    again = await _imported(tenant, account)
    assert [(each.unchanged, each.erased, each.created, each.updated) for each in again] == [
        (1, 1, 0, 0),
        (2, 1, 0, 0),
    ]
    assert again[0].ids == contacts.ids
    assert again[1].ids == signals.ids
    kept = await deal_people.set_contacts(system_actor(tenant), parts)
    assert (kept.unchanged, kept.erased) == (1, 1)
    with pytest.raises(InvalidTransition, match="was erased"):
        await people.update(
            await factories.actor(users["director"]), erased.id, erased.version, {"title": "x"}
        )
    assert await Change.all().count() == written
    assert await told_in((*TELLING, FORMER)) == set()


PEOPLE = f"""{source.MAPPING}
  people:
    into: contact
    from: customers
    key: number
    fields:
      name: {{column: name}}
      account: {{column: number, lookup: customers}}
"""


@pytest.mark.parametrize("db_url", ["sqlite"], indirect=True)
async def test_an_import_says_how_many_it_left_alone(db: str, tmp_path: Path) -> None:
    mapping, folder = source.mapping(PEOPLE), source.written(tmp_path)
    assert (await import_folder(mapping, folder, source.AS_OF)).notes == []
    tenant, contact = await Tenant.get(slug="ledger"), await Contact.get(external_id="C1")
    await privacy.erase(system_actor(tenant), contact.id)
    report = await import_folder(mapping, folder, source.AS_OF)
    assert report.notes == ["1 rows of people are about people whose data was erased, and were left alone"]
    assert (report.counts["people"].unchanged, report.counts["people"].read) == (3, 3)
    assert (await Contact.get(id=contact.id)).name == ERASED


@pytest.mark.parametrize("db_url", ["sqlite"], indirect=True)
async def test_only_who_answers_for_the_account_exports_and_erases(db: str) -> None:
    users = await staff(await factories.tenant())
    contact = await factories.contact(await factories.account(users["director"]))
    shared = await factories.account(users["director"])
    of_shared = await factories.contact(shared)
    await factories.deal(shared, owner_id=users["colleague"].id)
    refused: dict[str, list[str | None]] = {
        "director": ["FORBIDDEN"] * 2, "integration": ["FORBIDDEN"] * 2, "stranger": ["NOT_FOUND"] * 2,
        "other manager": ["NOT_FOUND", "FORBIDDEN"], "manager": [None] * 2, "admin": [None] * 2,
    }  # fmt: skip
    for name, expected in refused.items():
        async with door(users[name]) as client:
            for one, code in zip((contact, of_shared), expected, strict=True):
                told = await client.do("exportContact", "", {"id": one.id})
                done = await client.do("eraseContact", "", {"id": one.id, "version": 1})
                assert codes(told) == codes(done) == ([code] if code else [])
        left = await Contact.filter(erased_at__isnull=True).count()
        assert left == (0 if name in ("manager", "admin") else 2), name


@pytest.mark.parametrize("db_url", ["sqlite"], indirect=True)
async def test_an_operator_erases_from_a_shell(db: str, tmp_path: Path) -> None:
    contact = await factories.contact(await factories.account(await factories.user(await factories.tenant())))
    erased = bellwether(db, tmp_path, "contact", "erase", contact.id, "--yes").stdout
    assert erased.startswith(f"{contact.id} erased at {today()} ")
    assert (await Contact.get(id=contact.id)).name == ERASED

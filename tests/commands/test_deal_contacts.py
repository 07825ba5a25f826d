"""Who takes part in deals comes from outside, safely repeatable."""

from __future__ import annotations

import pytest

from commands import deal_people
from commands.access import system_actor
from models.deals import ContactRole, Deal, DealContact
from models.errors import Forbidden, NotFound
from models.history import AuditRecord, Change
from models.people import Contact
from tests import factories


def _part(deal: Deal, contact: Contact, role: ContactRole) -> DealContact:
    return DealContact(
        id=DealContact.make_id(), tenant_id=deal.tenant_id, deal_id=deal.id, contact_id=contact.id, role=role
    )


async def test_contacts_take_part_once_and_repeating_it_writes_nothing(db: str) -> None:
    tenant = await factories.tenant()
    account = await factories.account(await factories.user(tenant))
    deal, contact = await factories.deal(account), await factories.contact(account)
    actor = system_actor(tenant)

    first = await deal_people.set_contacts(actor, [_part(deal, contact, ContactRole.CHAMPION)])
    written = await Change.all().count(), await AuditRecord.all().count()
    again = await deal_people.set_contacts(actor, [_part(deal, contact, ContactRole.CHAMPION)])

    assert (first.created, again.created, again.unchanged) == (1, 0, 1)
    assert (await Change.all().count(), await AuditRecord.all().count()) == written
    assert await Change.filter(entity="deal_contact", field="created").count() == 1


async def test_another_role_replaces_the_one_that_stands_and_is_logged(db: str) -> None:
    tenant = await factories.tenant()
    account = await factories.account(await factories.user(tenant))
    deal, contact = await factories.deal(account), await factories.contact(account)
    await deal_people.set_contacts(system_actor(tenant), [_part(deal, contact, ContactRole.USER)])

    await deal_people.set_contacts(system_actor(tenant), [_part(deal, contact, ContactRole.BLOCKER)])

    change = await Change.get(entity="deal_contact", field="role")
    assert (await DealContact.get(deal_id=deal.id)).role is ContactRole.BLOCKER
    assert (change.old, change.new) == ("USER", "BLOCKER")


async def test_another_tenants_deal_is_not_found(db: str) -> None:
    tenant, other = await factories.tenant(), await factories.tenant()
    mine = await factories.account(await factories.user(tenant))
    theirs = await factories.account(await factories.user(other))
    part = _part(await factories.deal(theirs), await factories.contact(mine), ContactRole.USER)

    with pytest.raises(NotFound):
        await deal_people.set_contacts(system_actor(tenant), [part])


async def test_a_director_may_not_import_who_takes_part(db: str) -> None:
    tenant = await factories.tenant()
    director = await factories.user(tenant)

    with pytest.raises(Forbidden):
        await deal_people.set_contacts(await factories.actor(director), [])

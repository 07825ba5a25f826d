"""People at customers who come and go, move to other customers, and report to others."""

from __future__ import annotations

from datetime import date

from commands.journal import Values, Work, unit_of_work
from commands.people import check_contact
from commands.permissions import SELL, require
from commands.validation import validate
from models.access import Actor, Tenant
from models.accounts import Account
from models.base import check_day, latest_today
from models.errors import Invalid, InvalidTransition
from models.people import Contact, future
from models.visibility import find, sees


async def joined(actor: Actor, contact_id: str, version: int, joined_on: date) -> Contact:
    """Say since when a contact is at the customer; one who had left is there again.

    Raises:
        Invalid: the day is to come yet, or before the one on which the contact left.
    """
    contact = await _found(actor, contact_id, "say who joined")
    _check_past(joined_on, "joinedOn")
    if contact.left_on is not None and joined_on < contact.left_on:
        raise Invalid(f"{contact.id} left on {contact.left_on}; allowed: that day and later", ["joinedOn"])
    async with unit_of_work(actor, "people.joined", on=joined_on) as work:
        return await work.update(contact, {"joined_on": joined_on, "left_on": None}, version)


async def left(actor: Actor, contact_id: str, version: int, left_on: date) -> Contact:
    """Say since when a contact is no longer at the customer.

    Raises:
        Invalid: the day is to come yet, or before the one on which the contact joined.
        InvalidTransition: the contact has left already.
    """
    contact = await _found(actor, contact_id, "say who left")
    _check_leaving(contact, left_on, "leftOn")
    async with unit_of_work(actor, "people.left", on=left_on) as work:
        return await work.update(contact, {"left_on": left_on}, version)


async def moved(
    actor: Actor, contact_id: str, version: int, account_id: str, moved_on: date, values: Values
) -> Contact:
    """Say that a contact went to another customer; the new contact there, which names the one before.

    The one before stays, with the day on which the person left; ``values`` say what is different at the new
    one. Addresses do not go along unless ``values`` say so: they were the old employer's.

    One who had left already stays as it is: where somebody went is often learned later.

    Raises:
        Invalid: it is the same account, or the day is not possible: one before the contact left.
        InvalidTransition: the contact went elsewhere already.
        NotFound: the account is none that the actor sees.
    """
    before = await _found(actor, contact_id, "say who moved")
    await _check_moving(actor, before, moved_on)
    account = await find(Account, actor, account_id, "accountId")
    if account.id == before.account_id:
        raise Invalid(f"{before.id} is at that account already", ["accountId"])
    validate(Contact, values)
    check_contact(values)
    taken = {"name": before.name, "title": before.title, "seniority": before.seniority}
    async with unit_of_work(actor, "people.moved", on=moved_on) as work:
        await work.update(before, {"left_on": before.left_on or moved_on}, version)
        return await work.create(
            Contact(
                id=Contact.make_id(),
                tenant_id=actor.tenant_id,
                account_id=account.id,
                valid_from=moved_on,
                joined_on=moved_on,
                moved_from_id=before.id,
                **{**taken, **values},
            )
        )


async def set_manager(actor: Actor, contact_id: str, version: int, manager_id: str | None) -> Contact:
    """Say whom a contact reports to; null for nobody that is known.

    Raises:
        Invalid: the manager works elsewhere, or reports to the contact, however far below.
        InvalidTransition: the manager's data was erased.
    """
    contact = await _found(actor, contact_id, "say who reports to whom")
    manager = await find(Contact, actor, manager_id, "reportsToId") if manager_id else None
    if manager is not None:
        manager.check_kept("reportsToId")
        if manager.account_id != contact.account_id:
            raise Invalid("the manager is at another account", ["reportsToId"])
    async with unit_of_work(actor, "people.set_manager") as work:
        if manager is not None:
            await _check_tree(work, contact, manager.id)
        return await work.update(contact, {"reports_to_id": manager and manager.id}, version)


async def _check_tree(work: Work, contact: Contact, manager_id: str) -> None:
    """Refuse a manager who is the contact, or reports to the contact; one check at a time."""
    await Tenant.filter(id=work.actor.tenant_id).select_for_update(no_key=True).get()
    above: str | None = manager_id
    while above is not None:
        if above == contact.id:
            raise Invalid("nobody reports to somebody below", ["reportsToId"])
        person = await Contact.get_or_none(id=above, tenant_id=contact.tenant_id)
        above = person.reports_to_id if person else None


async def _found(actor: Actor, contact_id: str, act: str) -> Contact:
    require(actor, SELL, act)
    contact = await find(Contact, actor, contact_id, "id")
    contact.check_kept()
    return contact


async def _check_moving(actor: Actor, before: Contact, moved_on: date) -> None:
    """Check that a contact can have gone to another customer on a day, having left before, or then."""
    if before.left_on is None:
        _check_leaving(before, moved_on, "movedOn")
        return
    _check_past(moved_on, "movedOn")
    for each in await Contact.filter(tenant_id=before.tenant_id, moved_from_id=before.id):
        if await sees(Contact, actor, each.id):
            raise InvalidTransition(f"{before.id} went elsewhere already: {each.id}", ["movedOn"])
    if moved_on < before.left_on:
        raise Invalid(f"{before.id} left on {before.left_on}; allowed: that day and later", ["movedOn"])


def _check_past(day: date, path: str) -> None:
    check_day(day, path)
    if day > (latest := latest_today()):
        raise Invalid(f"{day} {future(latest)}", [path])


def _check_leaving(contact: Contact, day: date, path: str) -> None:
    _check_past(day, path)
    if contact.left_on is not None:
        raise InvalidTransition(f"{contact.id} left on {contact.left_on}", [path])
    if contact.joined_on is not None and day < contact.joined_on:
        raise Invalid(f"{contact.id} joined on {contact.joined_on}; allowed: that day and later", [path])

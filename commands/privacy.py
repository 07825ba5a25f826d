"""What a person at a customer may ask for by law: a copy of the data about them, and that it is erased."""

from __future__ import annotations

from commands.dossier import Document, dossier
from commands.journal import FieldChange, Work, check_version, unit_of_work
from commands.permissions import READ_PERSONAL, STEWARD, require
from commands.redaction import redaction_of
from commands.traces import person_of
from metrics.careers import same_person
from models.access import Actor, Tenant
from models.accounts import Account
from models.base import utcnow
from models.database import overwrite_deleted
from models.errors import Forbidden
from models.history import ERASED_VALUES
from models.people import Contact
from models.visibility import answers_for, find


async def export(actor: Actor, contact_id: str) -> Document:
    """Everything that is kept about a contact, as JSON; that it was exported, and by whom, is recorded.

    Raises:
        Forbidden: the actor is neither an administrator nor a manager who answers for the account, or their
            token is not for personal data.
        NotFound: there is no such contact, or the actor may not see it.
    """
    require(actor, READ_PERSONAL, "export personal data")
    contact = await _in_care(actor, contact_id, "export personal data")
    async with unit_of_work(actor, "people.export") as work:
        work.object_id = contact.id
        return await dossier(actor, await person_of(contact))


async def erase(actor: Actor, contact_id: str, version: int | None = None) -> Contact:
    """Take everything that says who a contact is out of the tenant's records, all of it or nothing.

    The contact stays as somebody without a name, with the account, seniority, dates and parts in deals: what
    was counted before is counted still. So do change log and audit trail, where a mark stands for each value
    that told of the person. It is the person that is erased: the contacts at other accounts that this one
    moved from or to are, too, whoever sees them. One that was erased before is left as it is, whatever the
    version.

    Raises:
        Forbidden: the actor is neither an administrator nor a manager who answers for the account.
        NotFound: there is no such contact, or the actor may not see it.
        Conflict: the contact, or a record that tells of the person, was changed meanwhile.
    """
    contact = await _in_care(actor, contact_id, "erase personal data")
    if contact.erased_at is not None:
        return contact
    check_version(contact, version)
    async with unit_of_work(actor, "people.erase") as work:
        # Evaluations that are about to write what they saw wait here, or this waits for them.
        await Tenant.filter(id=actor.tenant_id).select_for_update(no_key=True).get()
        work.object_id = contact.id
        for each in await same_person(contact):
            if each.erased_at is None:
                await _erase(work, each)
    await overwrite_deleted()
    return await Contact.get(id=contact.id)


async def _erase(work: Work, contact: Contact) -> None:
    values = await (await redaction_of(await person_of(contact))).carry_out(work)
    contact = await Contact.get(id=contact.id)
    await work.update(contact, {"email": None, "phone": None, "title": None, "erased_at": utcnow()})
    work.log(contact, [FieldChange(ERASED_VALUES, None, values, work.on)])


async def _in_care(actor: Actor, contact_id: str, act: str) -> Contact:
    require(actor, STEWARD, act)
    contact = await find(Contact, actor, contact_id, "id")
    if not answers_for((await Account.get(id=contact.account_id)).owner_id, actor):
        raise Forbidden(f"only whoever manages the account's owner may {act} there")
    return contact

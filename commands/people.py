"""What users do with the people at their customers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime

from commands.journal import BATCH, Repeat, Values, once, unit_of_work
from commands.permissions import SELL, require
from commands.validation import api_name, check_reference, validate
from models.access import Actor, User
from models.accounts import Account
from models.base import Record, latest_today
from models.deals import Deal
from models.errors import Invalid, InvalidTransition
from models.people import Contact, Interaction, contact_faults, interaction_faults
from models.visibility import find

#: What an interaction may be about besides the account, which it must belong to, by its column.
_ABOUT: Mapping[str, type[Record]] = {"deal_id": Deal, "contact_id": Contact}


def _check_said(values: Values) -> None:
    """Refuse a day of the last contact: it follows from what happened, and is nobody's to type."""
    if "last_contacted_on" in values:
        raise Invalid(
            "when somebody was last contacted follows from interactions; allowed: recordInteraction, with the"
            " day, the kind and the person",
            ["lastContactedOn"],
        )


def check_contact(values: Values, known: Contact | None = None) -> None:
    """Raise Invalid for what cannot be in values of a contact; ``known`` is the one that they change."""
    stay = {name: getattr(known, name) for name in ("joined_on", "left_on")} if known else {}
    for fault in contact_faults({**stay, **values}, latest_today()):
        if fault.column in values:
            raise Invalid(f"{values[fault.column]} {fault.reason}", [api_name(fault.column)])
        if "joined_on" in values and fault.column == "left_on":
            raise Invalid(f"{known and known.left_on}, when the person left, {fault.reason}", ["joinedOn"])


async def create(actor: Actor, values: Values, *, idempotency_key: str | None = None) -> Contact:
    """Create a contact at an account (``account_id``).

    Raises:
        Invalid: a day of the last contact is given, which follows from interactions; a day or address cannot
            be; or the person was at the same account before (``moved_from_id``).
        InvalidTransition: the person has not left there, or the data of it was erased.
    """
    require(actor, SELL, "create contacts")
    repeat = Repeat.of(actor, "people.create", idempotency_key, values)

    async def make() -> Contact:
        _check_said(values)
        validate(Contact, values)
        check_contact(values)
        await check_reference(actor, Account, str(values["account_id"]), "accountId")
        await _check_before(actor, values)
        async with unit_of_work(actor, "people.create", repeat=repeat) as work:
            return await work.create(
                Contact(id=Contact.make_id(), tenant_id=actor.tenant_id, valid_from=work.on, **values)
            )

    return await once(actor, Contact, repeat, make)


async def _check_before(actor: Actor, values: Values) -> None:
    """Check whom a new contact says that the person was at another customer before."""
    if (before_id := values.get("moved_from_id")) is None:
        return
    before = await find(Contact, actor, str(before_id), "movedFromId")
    before.check_kept("movedFromId")
    if before.account_id == values["account_id"]:
        raise Invalid(f"{before.id} is at that account already", ["movedFromId"])
    if before.left_on is None:
        raise InvalidTransition(f"{before.id} has not left; allowed: contactMoved", ["movedFromId"])


async def update(actor: Actor, contact_id: str, version: int, values: Values) -> Contact:
    """Change fields of a contact that the caller read at ``version``.

    Raises:
        Invalid: a day of the last contact is given, which follows from interactions, or a day or address
            cannot be.
        InvalidTransition: the person's data was erased.
    """
    require(actor, SELL, "change contacts")
    contact = await find(Contact, actor, contact_id, "id")
    contact.check_kept()
    _check_said(values)
    validate(Contact, values)
    check_contact(values, contact)
    async with unit_of_work(actor, "people.update") as work:
        return await work.update(contact, values, version)


async def record_interaction(
    actor: Actor, values: Values, *, idempotency_key: str | None = None
) -> Interaction:
    """Record a call, visit, mail or the like with an account (``account_id``) that happened.

    It counts from ``happened_on`` on. A call, visit, meeting, event or a mail from the customer is a contact
    with the person named.

    Raises:
        Invalid: it is to happen yet, its day and its moment do not agree, it took too long, or deal or
            contact belong to another account.
        InvalidTransition: the data of the person was erased.
    """
    require(actor, SELL, "record interactions")
    repeat = Repeat.of(actor, "people.record_interaction", idempotency_key, values)

    async def make() -> Interaction:
        validate(Interaction, values)
        happened_on = _checked_day(values)
        await _check_about(actor, values)
        async with unit_of_work(actor, "people.record_interaction", on=happened_on, repeat=repeat) as work:
            return await work.create(
                Interaction(
                    id=Interaction.make_id(),
                    tenant_id=actor.tenant_id,
                    source=actor.source,
                    valid_from=happened_on,
                    **values,
                )
            )

    return await once(actor, Interaction, repeat, make)


def _checked_day(values: Values) -> date:
    """The day of an interaction, once it is one that can be."""
    day, moment = values["happened_on"], values.get("happened_at")
    assert isinstance(day, date)
    if isinstance(moment, datetime) and moment.tzinfo is None:
        raise Invalid("happenedAt has no time zone; allowed: such as 2026-03-02T14:30:00Z", ["happenedAt"])
    for fault in interaction_faults(values, latest_today()):
        raise Invalid(f"{values[fault.column]} {fault.reason}", [api_name(fault.column)])
    return day


async def _check_about(actor: Actor, values: Values) -> None:
    """Check what an interaction is about and whom it was with."""
    await check_reference(actor, Account, str(values["account_id"]), "accountId")
    await check_reference(actor, User, values.get("user_id"), "userId")
    for column, model in _ABOUT.items():
        if (record_id := values.get(column)) is None:
            continue
        name = model.__name__.lower()
        record = await find(model, actor, str(record_id), f"{name}Id")
        if getattr(record, "account_id") != values["account_id"]:  # noqa: B009 - both of them have one
            raise Invalid(f"the {name} belongs to another account", [f"{name}Id"])
        if isinstance(record, Contact) and record.erased_at is not None:
            raise InvalidTransition(
                f"the data of {record.id} was erased; nothing is written about the person", ["contactId"]
            )


async def erased_among(tenant_id: str, contact_ids: Iterable[str]) -> set[str]:
    """Those of the contacts whose data was erased: nothing more is written about them."""
    wanted, found = sorted(set(contact_ids)), set[str]()
    for start in range(0, len(wanted), BATCH):
        part = Contact.filter(
            tenant_id=tenant_id, id__in=wanted[start : start + BATCH], erased_at__not_isnull=True
        )
        found |= {contact.id for contact in await part}
    return found

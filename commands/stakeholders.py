"""Who is what in the buying centre of an account, and how the account's team judges people."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TypeVar

from commands.journal import Values, Work, unit_of_work
from commands.permissions import CONFIGURE_SALES, SELL, require
from commands.validation import active_user, validate
from models.access import Actor, Tenant
from models.accounts import Tier
from models.base import Record, check_day, latest_today, today
from models.deals import ContactRole, Deal, DealKind
from models.errors import Forbidden, Invalid, InvalidTransition, allowed
from models.people import Contact
from models.stakeholders import (
    JUDGED,
    Assessment,
    BuyingCentre,
    NeededRoles,
    Rapport,
    RelationshipLevel,
    Stakeholder,
)
from models.visibility import find, sees

R = TypeVar("R", bound=Record)
_KINDS: dict[BuyingCentre, tuple[str, ...]] = {
    BuyingCentre.ACCOUNT: tuple(tier.value for tier in Tier),
    BuyingCentre.DEAL: tuple(kind.value for kind in DealKind),
}


async def set_role(actor: Actor, contact_id: str, role: ContactRole) -> Stakeholder:
    """Give a contact a part in the buying centre of its account; it replaces the one that it had.

    Raises:
        InvalidTransition: the person's data was erased.
    """
    require(actor, SELL, "change who is what at an account")
    contact = await _kept(actor, contact_id)
    async with unit_of_work(actor, "stakeholders.set_role") as work:
        known = await Stakeholder.get_or_none(tenant_id=contact.tenant_id, contact_id=contact.id)
        if known:
            return await work.update(known, {"role": role, "removed_on": None})
        return await work.create(
            Stakeholder(
                id=Stakeholder.make_id(),
                tenant_id=contact.tenant_id,
                account_id=contact.account_id,
                contact_id=contact.id,
                role=role,
                valid_from=work.on,
            )
        )


async def remove_role(actor: Actor, contact_id: str) -> Stakeholder:
    """Take a contact out of the buying centre of its account, from today on.

    Raises:
        InvalidTransition: it has no part there.
    """
    require(actor, SELL, "change who is what at an account")
    contact = await find(Contact, actor, contact_id, "contactId")
    async with unit_of_work(actor, "stakeholders.remove_role") as work:
        known = await Stakeholder.get_or_none(
            tenant_id=contact.tenant_id, contact_id=contact.id, removed_on=None
        )
        if known is None:
            raise InvalidTransition(f"{contact.id} has no part in the buying centre", ["contactId"])
        return await work.update(known, {"removed_on": work.on})


async def assess(
    actor: Actor,
    contact_id: str,
    values: Values,
    *,
    deal_id: str | None = None,
    assessed_on: date | None = None,
) -> Assessment:
    """Judge a contact at its account, or in one of its deals: in place of the judgement before.

    What ``values`` leave out is as it was judged before that, there.

    Raises:
        Invalid: nothing is judged, the day is to come yet, or the deal is another account's.
        Forbidden: the actor is not of the account's team (nor sees the deal).
        InvalidTransition: the person's data was erased.
    """
    require(actor, SELL, "judge people")
    contact = await _kept(actor, contact_id)
    validate(Assessment, values)
    if not values:
        raise Invalid("nothing is judged", [])
    on = _checked(assessed_on)
    deal = await find(Deal, actor, deal_id, "dealId") if deal_id else None
    if deal is not None and deal.account_id != contact.account_id:
        raise Invalid("the deal belongs to another account", ["dealId"])
    async with unit_of_work(actor, "stakeholders.assess", on=on) as work:
        await _one_at_a_time(work, contact)
        before = (
            await Assessment.filter(
                tenant_id=contact.tenant_id, contact_id=contact.id, deal_id=deal and deal.id,
                assessed_on__lte=on,
            ).order_by("-assessed_on", "-id").first()
        )  # fmt: skip
        stood = {name: getattr(before, name) for name in JUDGED} if before else {}
        made = Assessment(
            id=Assessment.make_id(),
            tenant_id=contact.tenant_id,
            account_id=contact.account_id,
            deal_id=deal and deal.id,
            contact_id=contact.id,
            made_by_id=actor.principal_id or None,
            assessed_on=on,
            **{**stood, **values},
        )
        return await _of_the_team(actor, await work.create(made))


async def set_level(
    actor: Actor,
    contact_id: str,
    user_id: str,
    level: RelationshipLevel | None,
    wanted: RelationshipLevel | None,
    assessed_on: date | None = None,
) -> Rapport:
    """Say what one of us is to a contact, and wants to be; null for what is not known.

    Raises:
        Forbidden: the actor is not of the account's team.
        InvalidTransition: the person's data was erased.
    """
    require(actor, SELL, "judge relationships")
    contact = await _kept(actor, contact_id)
    user = await active_user(actor, user_id, "userId")
    on = _checked(assessed_on)
    async with unit_of_work(actor, "stakeholders.set_level", on=on) as work:
        await _one_at_a_time(work, contact)
        made = Rapport(
            id=Rapport.make_id(),
            tenant_id=contact.tenant_id,
            account_id=contact.account_id,
            contact_id=contact.id,
            user_id=user.id,
            assessed_on=on,
            level=level,
            wanted=wanted,
        )
        return await _of_the_team(actor, await work.create(made))


async def set_needed(
    actor: Actor, of: BuyingCentre, kind: str | None, roles: Sequence[ContactRole]
) -> NeededRoles:
    """Say which roles a buying centre of a kind needs; None for those of kinds that nothing is said of.

    Raises:
        Invalid: there is no such kind, a role comes twice, or none is given.
    """
    require(actor, CONFIGURE_SALES, "say which roles are needed")
    if kind is not None and kind not in _KINDS[of]:
        raise Invalid(f"there is no kind {kind!r}; allowed: {allowed(_KINDS[of])}, null", ["kind"])
    if not roles or len(set(roles)) != len(roles):
        raise Invalid("allowed: at least one role, none twice", ["roles"])
    named = [role.value for role in roles]
    async with unit_of_work(actor, "stakeholders.set_needed") as work:
        known = await NeededRoles.get_or_none(tenant_id=actor.tenant_id, of=of, kind=kind or "")
        if known:
            return await work.update(known, {"roles": named})
        return await work.create(
            NeededRoles(
                id=NeededRoles.make_id(), tenant_id=actor.tenant_id, of=of, kind=kind or "", roles=named
            )
        )


async def _kept(actor: Actor, contact_id: str) -> Contact:
    contact = await find(Contact, actor, contact_id, "contactId")
    contact.check_kept()
    return contact


async def _one_at_a_time(work: Work, contact: Contact) -> None:
    """Wait for who erases the person's data at the same moment: nothing is written after that."""
    await Tenant.filter(id=work.actor.tenant_id).select_for_update(no_key=True).get()
    (await Contact.get(id=contact.id)).check_kept()


async def _of_the_team(actor: Actor, record: R) -> R:
    """The record, if whoever made it may see it: by the predicate that says who reads it."""
    if not await sees(type(record), actor, record.id):
        raise Forbidden(
            "people are judged by the account's team: its owner, who has a share in a deal, and those above",
            ["contactId"],
        )
    return record


def _checked(assessed_on: date | None) -> date:
    day = assessed_on or today()
    check_day(day, "assessedOn")
    if day > (latest := latest_today()):
        raise Invalid(f"{day} is in the future; allowed: {latest} and earlier", ["assessedOn"])
    return day

"""What users learn of a deal by the elements of MEDDICC."""

from __future__ import annotations

from datetime import date

from commands.journal import Values, check_version, unit_of_work
from commands.permissions import SELL, require
from commands.validation import validate
from models.access import Actor
from models.base import latest_today
from models.deals import Deal
from models.errors import Invalid
from models.people import Contact
from models.qualification import DecisionCriterion, Element, Known
from models.visibility import find


async def qualify(
    actor: Actor, deal_id: str, element: Element, values: Values, version: int | None = None
) -> DecisionCriterion:
    """Say how an element of a deal is known: its ``state``, ``evidence``, ``confirmed_on`` and
    ``contact_id``.

    What ``values`` leave out stays. ``version`` is that of the element as it was read; it has none before
    something is said of it.

    Raises:
        Invalid: it would be VALIDATED without evidence or a day, or the day is in the future.
        NotFound: the deal or the contact is none that the actor sees.
        InvalidTransition: the person's data was erased.
        Conflict: the element was changed since ``version``.
    """
    require(actor, SELL, "qualify deals")
    deal = await find(Deal, actor, deal_id, "dealId")
    validate(DecisionCriterion, values)
    if contact_id := values.get("contact_id"):
        (await find(Contact, actor, str(contact_id), "contactId")).check_kept()
    known = await DecisionCriterion.get_or_none(tenant_id=deal.tenant_id, deal_id=deal.id, element=element)
    _check(known, values)
    async with unit_of_work(actor, "deals.qualify") as work:
        if known:
            check_version(known, version)
            return await work.update(known, values)
        return await work.create(
            DecisionCriterion(
                id=DecisionCriterion.make_id(),
                tenant_id=deal.tenant_id,
                deal_id=deal.id,
                element=element,
                valid_from=work.on,
                **values,
            )
        )


def _check(known: DecisionCriterion | None, values: Values) -> None:
    names = ("state", "evidence", "confirmed_on")
    state, evidence, day = (values.get(name, getattr(known, name, None)) for name in names)
    if isinstance(day, date) and "confirmed_on" in values and day > (latest := latest_today()):
        raise Invalid(f"{day} is in the future; allowed: {latest} and earlier", ["confirmedOn"])
    for name, value, path in (("evidence", evidence, "evidence"), ("a day", day, "confirmedOn")):
        if state == Known.VALIDATED and value is None:
            raise Invalid(f"an element is VALIDATED with evidence and the day of it; {name} lacks", [path])

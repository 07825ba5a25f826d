"""Why deals are lost: the list that a tenant keeps, or a small set that is offered without one."""

from __future__ import annotations

from commands.journal import Work, unit_of_work
from commands.permissions import CONFIGURE_SALES, require
from commands.validation import validate
from models.access import Actor
from models.errors import Invalid, allowed
from models.pipelines import DEFAULT_LOSS_REASONS, LossReason


async def put(actor: Actor, name: str, *, active: bool = True) -> LossReason:
    """Put a reason into the list of those for which deals are lost, or take it out; once is enough."""
    require(actor, CONFIGURE_SALES, "keep the list of loss reasons")
    validate(LossReason, {"name": name})
    known = await LossReason.get_or_none(tenant_id=actor.tenant_id, name=name)
    async with unit_of_work(actor, "loss_reasons.set") as work:
        if known:
            return await work.update(known, {"active": active})
        return await work.create(_reason(actor, name, active=active))


async def offered(tenant_id: str) -> list[str]:
    """The names that a lost deal can be given: the tenant's list, or a small set where it has none."""
    kept = LossReason.filter(tenant_id=tenant_id, active=True).order_by("name")
    return [reason.name for reason in await kept] or list(DEFAULT_LOSS_REASONS)


async def cause_of(work: Work, name: str | None) -> str | None:
    """The id of the reason of a loss by its name; needed where the tenant has a list of its own.

    One of the set that is offered without a list is kept from its first use on, outside of the list.

    Raises:
        Invalid: it is not offered, or lacks though the tenant has a list.
    """
    tenant_id = work.actor.tenant_id
    names = await offered(tenant_id)
    if name is None:
        if not await LossReason.filter(tenant_id=tenant_id, active=True).exists():
            return None
        raise Invalid(f"a lost deal names one of the reasons; allowed: {allowed(names)}", ["lossCause"])
    if name not in names:
        raise Invalid(f"no such reason {name!r}; allowed: {allowed(names)}", ["lossCause"])
    known = await LossReason.get_or_none(tenant_id=tenant_id, name=name)
    if known is None:
        known = _reason(work.actor, name, active=False)
        await work.create_all([known])
    return known.id


def _reason(actor: Actor, name: str, *, active: bool) -> LossReason:
    return LossReason(id=LossReason.make_id(), tenant_id=actor.tenant_id, name=name, active=active)

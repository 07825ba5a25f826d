"""The lines of a deal: products with their charges, and what they make of its amount."""

from __future__ import annotations

from commands.journal import Repeat, Values, check_version, once, unit_of_work
from commands.permissions import SELL, require
from commands.validation import check_reference, validate
from metrics.deal_money import totals
from models.access import Actor
from models.catalog import Product
from models.deals import Deal, DealLine, valued
from models.errors import Invalid, InvalidTransition
from models.visibility import find

_ACT = "change the lines of deals"


async def add(actor: Actor, deal_id: str, values: Values, *, idempotency_key: str | None = None) -> DealLine:
    """Put a product (``product_id``) into a deal, with its charges for the whole quantity in minor units.

    The amount of the deal stays as it is: see ``take_amount``.

    Raises:
        NotFound: the deal or the product is none that the actor sees.
        Invalid: a number is out of range.
    """
    require(actor, SELL, _ACT)
    repeat = Repeat.of(actor, "deals.add_line", idempotency_key, {**values, "deal_id": deal_id})

    async def make() -> DealLine:
        deal = await find(Deal, actor, deal_id, "dealId")
        await _check(actor, values)
        async with unit_of_work(actor, "deals.add_line", repeat=repeat) as work:
            return await work.create(
                DealLine(
                    id=DealLine.make_id(),
                    tenant_id=deal.tenant_id,
                    deal_id=deal.id,
                    currency=deal.currency,
                    valid_from=work.on,
                    **values,
                )
            )

    return await once(actor, DealLine, repeat, make)


async def update(actor: Actor, line_id: str, version: int, values: Values) -> DealLine:
    """Change product, quantity, charges or term of a line that the caller read at ``version``.

    Raises:
        InvalidTransition: it was taken out of the deal.
    """
    require(actor, SELL, _ACT)
    line = await _standing(actor, line_id)
    await _check(actor, values)
    async with unit_of_work(actor, "deals.update_line") as work:
        return await work.update(line, values, version)


async def remove(actor: Actor, line_id: str, version: int) -> DealLine:
    """Take a line out of its deal from today on; as of earlier days it is there."""
    require(actor, SELL, _ACT)
    line = await _standing(actor, line_id)
    async with unit_of_work(actor, "deals.remove_line") as work:
        return await work.update(line, {"removed_on": work.on}, version)


async def take_amount(actor: Actor, deal_id: str, version: int) -> Deal:
    """Make a deal's amount the total contract value of its lines, as they are now.

    Raises:
        Invalid: it has no line, or the value is more than an amount can be.
    """
    require(actor, SELL, "change deals")
    deal = await find(Deal, actor, deal_id, "id")
    async with unit_of_work(actor, "deals.amount_from_lines") as work:
        check_version(deal, version)
        if not await DealLine.filter(tenant_id=deal.tenant_id, deal_id=deal.id, removed_on=None).exists():
            raise Invalid("the deal has no lines; add one with addDealLine", ["id"])
        (total,) = await totals(actor, [deal.id])
        if total.tcv_minor is None:
            raise Invalid("its lines come to more than an amount can be", ["id"])
        return await work.update(deal, valued({"amount_minor": total.tcv_minor}), version)


async def _standing(actor: Actor, line_id: str) -> DealLine:
    line = await find(DealLine, actor, line_id, "id")
    if line.removed_on is not None:
        raise InvalidTransition(f"the line was taken out on {line.removed_on}", ["id"])
    return line


async def _check(actor: Actor, values: Values) -> None:
    validate(DealLine, values)
    await check_reference(actor, Product, values.get("product_id"), "productId")

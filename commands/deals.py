"""What users do with deals: open them, change them, move them along, win or lose them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date

from commands.bulk import Upserted, stage_change
from commands.journal import BATCH, Repeat, Values, Work, once, unit_of_work
from commands.people import erased_among
from commands.permissions import BRING_IN, SELL, check_owner, require
from commands.validation import check_reference, validate
from models.access import Actor
from models.accounts import Account
from models.base import Record, check_day, latest_today
from models.deals import Deal, DealContact, Stage
from models.errors import Invalid, InvalidTransition, NotFound, allowed
from models.history import Change
from models.people import Contact
from models.revenue import Contract
from models.visibility import find

#: What a deal that has ended has no more.
FORECAST = frozenset({"probability", "forecast_category", "close_on"})


async def create(actor: Actor, values: Values, *, idempotency_key: str | None = None) -> Deal:
    """Open a deal on an account, in stage IDENTIFIED unless ``values`` says another open stage."""
    require(actor, SELL, "create deals")
    repeat = Repeat.of(actor, "deals.create", idempotency_key, values)
    stage = Stage(str(values.get("stage") or Stage.IDENTIFIED))
    if not stage.is_open:
        raise InvalidTransition("a deal is created open; close it with closeDeal", ["stage"])
    owner = actor.principal_id if actor.owners else None
    values = {"owner_id": owner, **_stage_defaults(stage), **values, "stage": stage}

    async def make() -> Deal:
        await _check(actor, values)
        async with unit_of_work(actor, "deals.create", repeat=repeat) as work:
            return await _open(work, values, stage)

    return await once(actor, Deal, repeat, make)


async def _open(work: Work, values: Values, stage: Stage) -> Deal:
    deal = await work.create(
        Deal(
            id=Deal.make_id(),
            tenant_id=work.actor.tenant_id,
            currency=work.actor.currency,
            valid_from=work.on,
            stage_since=work.on,
            **values,
        )
    )
    await work.create_all([stage_change(deal, None, stage, work.on)], log=False)
    return deal


async def update(actor: Actor, deal_id: str, version: int, values: Values) -> Deal:
    """Change fields of a deal that the caller read at ``version``; the stage has its own commands.

    Raises:
        InvalidTransition: the deal has ended, and ``values`` would forecast it.
    """
    require(actor, SELL, "change deals")
    deal = await find(Deal, actor, deal_id, "id")
    await _check(actor, {"account_id": deal.account_id, **values})
    if not Stage(deal.stage).is_open and (ended := sorted(FORECAST & values.keys())):
        raise InvalidTransition(f"the deal is {deal.stage}; its forecast has ended", [ended[0]])
    async with unit_of_work(actor, "deals.update") as work:
        return await work.update(deal, values, version)


async def advance(actor: Actor, deal_id: str, version: int, to: Stage, on: date | None = None) -> Deal:
    """Move an open deal to another open stage, with that stage's probability and forecast category.

    Raises:
        InvalidTransition: ``to`` is an end (use ``close``), or the deal has ended.
    """
    if not to.is_open:
        open_stages = allowed([stage for stage in Stage if stage.is_open])
        raise InvalidTransition(f"advance moves among open stages; allowed: {open_stages}", ["stage"])
    return await _move(actor, deal_id, version, to, {}, on, "deals.advance")


async def close(
    actor: Actor,
    deal_id: str,
    version: int,
    to: Stage,
    *,
    loss_reason: str | None = None,
    amount_minor: int | None = None,
    on: date | None = None,
) -> Deal:
    """Win or lose a deal on a business date (default today), at its final amount where given.

    A lost deal says why (``loss_reason``).
    """
    if to.is_open:
        raise InvalidTransition("a deal closes as WON or LOST", ["stage"])
    if (to is Stage.LOST) != bool(loss_reason):
        raise Invalid("a lost deal needs a reason, and only a lost deal has one", ["lossReason"])
    values: dict[str, object] = {"loss_reason": loss_reason}
    if amount_minor is not None:
        values["amount_minor"] = amount_minor
    return await _move(actor, deal_id, version, to, values, on, "deals.close")


async def set_contacts(
    actor: Actor, deal_contacts: Sequence[DealContact], *, history: bool = False
) -> Upserted:
    """Let contacts take part in deals; one who does already gets the given role. Nobody is taken out.

    ``ids`` of the result is left empty. ``history`` was known all the time. Repeating it writes nothing.
    People whose data was erased are left as they are.

    Raises:
        NotFound: a deal or a contact is not one of the tenant's.
    """
    require(actor, BRING_IN, "import who takes part in deals")
    await _check_known(actor, Deal, {row.deal_id for row in deal_contacts}, "dealId")
    await _check_known(actor, Contact, {row.contact_id for row in deal_contacts}, "contactId")
    standing = await _taking_part(actor, {row.deal_id for row in deal_contacts})
    erased = await erased_among(actor.tenant_id, (row.contact_id for row in deal_contacts))
    told = {(row.deal_id, row.contact_id): row for row in deal_contacts}
    wanted = {key: row for key, row in told.items() if row.contact_id not in erased}
    new = [row for key, row in wanted.items() if key not in standing]
    changed = [(standing[key], row) for key, row in wanted.items() if key in standing]
    changed = [(before, row) for before, row in changed if before.role != row.role]
    total = Upserted(created=len(new), updated=len(changed), erased=len(told) - len(wanted))
    total.unchanged = len(told) - len(new) - len(changed)
    if new or changed:
        async with unit_of_work(actor, "deals.set_contacts", history=history) as work:
            await work.create_all(new)
            for before, row in changed:
                await work.update(before, {"role": row.role})
    return total


async def _check_known(actor: Actor, model: type[Record], ids: Collection[str], path: str) -> None:
    unknown = set(ids)
    for part in _batches(ids):
        unknown -= set(
            await model.filter(tenant_id=actor.tenant_id, id__in=part).values_list("id", flat=True)
        )
    if unknown:
        raise NotFound(f"no {model.__name__.lower()} {min(unknown)!r}", [path])


async def _taking_part(actor: Actor, deal_ids: Collection[str]) -> dict[tuple[str, str], DealContact]:
    found: dict[tuple[str, str], DealContact] = {}
    for part in _batches(deal_ids):
        rows = await DealContact.filter(tenant_id=actor.tenant_id, deal_id__in=part)
        found |= {(row.deal_id, row.contact_id): row for row in rows}
    return found


def _batches(ids: Collection[str]) -> list[list[str]]:
    ordered = sorted(ids)
    return [ordered[start : start + BATCH] for start in range(0, len(ordered), BATCH)]


async def _move(
    actor: Actor, deal_id: str, version: int, to: Stage, values: Values, on: date | None, command: str
) -> Deal:
    require(actor, SELL, "move deals")
    deal = await find(Deal, actor, deal_id, "id")
    if version == deal.version:
        deal.check_transition(to)
    validate(Deal, values)
    async with unit_of_work(actor, command, on=on) as work:
        before = Stage(deal.stage)
        moved = {"stage": to, "stage_since": work.on, **_stage_defaults(to), **values}
        if not to.is_open:
            moved["closed_on"] = work.on
        await _check_date(work, deal, moved.keys())
        await work.update(deal, moved, version)
        await work.create_all([stage_change(deal, before, to, work.on)], log=False)
        return deal


async def _check_date(work: Work, deal: Deal, fields: Collection[str]) -> None:
    """Refuse a day in the future, and one before a later change of the same fields."""
    if work.on > (latest := latest_today()):
        raise Invalid(f"{work.on} is in the future; allowed: {latest} and earlier", ["on"])
    check_day(work.on, "on")
    changes = Change.filter(tenant_id=deal.tenant_id, entity="deal", entity_id=deal.id, field__in=fields)
    last = await changes.order_by("-effective_on").first()
    known = [deal.stage_since or deal.valid_from, last.effective_on if last else None]
    since = max((day for day in known if day is not None), default=work.on)
    if work.on < since:
        raise Invalid(f"the deal last moved on {since}; allowed: that day or later", ["on"])


def _stage_defaults(stage: Stage) -> dict[str, object]:
    return {"probability": stage.default_probability, "forecast_category": stage.default_category}


async def _check(actor: Actor, values: Values) -> None:
    validate(Deal, values)
    probability = values.get("probability")
    if isinstance(probability, int) and probability > 100:
        raise Invalid("probability is a percentage; allowed: 0 to 100", ["probability"])
    await check_reference(actor, Account, str(values["account_id"]), "accountId")
    await check_owner(actor, values)
    contract_id = values.get("contract_id")
    if contract_id is not None:
        contract = await find(Contract, actor, str(contract_id), "contractId")
        if contract.account_id != values["account_id"]:
            raise Invalid("the contract belongs to another account", ["contractId"])

"""Who competes with us, where they stand at accounts, and what to say against them."""

from __future__ import annotations

from datetime import date

from commands.journal import Values, Work, unit_of_work
from commands.permissions import CONFIGURE_SALES, LISTEN, SELL, require
from commands.validation import check_family, families_of, validate
from models.access import Actor
from models.accounts import Account
from models.base import latest_today, today
from models.competition import (
    BattleNote,
    Competitor,
    CompetitorName,
    CompetitorPosition,
    PositionRole,
    spelling_key,
)
from models.errors import Invalid, InvalidTransition
from models.visibility import find


async def named(work: Work, name: str) -> Competitor:
    """The competitor that goes by a name, however it is spelled; one nobody knows is made."""
    tenant_id = work.actor.tenant_id
    known = await CompetitorName.get_or_none(tenant_id=tenant_id, key=spelling_key(name))
    if known is not None:
        return await Competitor.get(id=known.competitor_id)
    made = Competitor(id=Competitor.make_id(), tenant_id=tenant_id, name=name.strip())
    await work.create(made)
    await _add_name(work, made, name)
    return made


async def name_competitor(actor: Actor, name: str, alias: str | None = None) -> Competitor:
    """The competitor that goes by a name, made where nobody does, and another name that it goes by.

    Raises:
        Invalid: another competitor goes by the alias; the two can be merged.
    """
    require(actor, SELL, "name competitors")
    validate(CompetitorName, {"name": name})
    validate(CompetitorName, {"name": alias} if alias is not None else {})
    async with unit_of_work(actor, "competition.name") as work:
        competitor = await named(work, name)
        if alias is not None:
            known = await CompetitorName.get_or_none(tenant_id=actor.tenant_id, key=spelling_key(alias))
            if known is not None and known.competitor_id != competitor.id:
                raise Invalid("another competitor goes by this name; allowed: to merge the two", ["alias"])
            if known is None:
                await _add_name(work, competitor, alias)
        work.object_id = competitor.id
        return competitor


async def merge(actor: Actor, away_id: str, into_id: str) -> Competitor:
    """Make one competitor of two names: names, positions and notes of the one go to the other.

    Where both have a position at an account in a family, the one that was observed last stays.

    Raises:
        InvalidTransition: one of them was merged before, or both are the same.
    """
    require(actor, CONFIGURE_SALES, "merge competitors")
    away = await find(Competitor, actor, away_id, "id")
    into = await find(Competitor, actor, into_id, "intoId")
    for competitor, path in ((away, "id"), (into, "intoId")):
        if competitor.merged_into_id is not None:
            raise InvalidTransition(f"{competitor.id} was merged into another one before", [path])
    if away.id == into.id:
        raise InvalidTransition("a competitor is not merged into itself", ["intoId"])
    async with unit_of_work(actor, "competition.merge") as work:
        for name in await CompetitorName.filter(competitor_id=away.id).order_by("id"):
            await work.update(name, {"competitor_id": into.id})
        for note in await BattleNote.filter(competitor_id=away.id).order_by("id"):
            await work.update(note, {"competitor_id": into.id})
        for position in await CompetitorPosition.filter(competitor_id=away.id).order_by("id"):
            await _merge_position(work, position, into)
        await work.update(away, {"merged_into_id": into.id})
        return into


async def _merge_position(work: Work, position: CompetitorPosition, into: Competitor) -> None:
    other = await CompetitorPosition.get_or_none(
        tenant_id=position.tenant_id,
        account_id=position.account_id,
        competitor_id=into.id,
        product_family=position.product_family,
    )
    if other is None:
        await work.update(position, {"competitor_id": into.id})
        return
    if position.removed_on is None and (
        other.removed_on is not None or position.observed_on > other.observed_on
    ):
        await work.update(other, {name: getattr(position, name) for name in _OBSERVED})
    if position.removed_on is None:
        await work.update(position, {"removed_on": work.on})


#: What is observed of a position.
_OBSERVED = (
    "role", "share", "contract_ends_on", "price_minor", "price_term_months", "heard_from", "confidence",
    "observed_on", "removed_on",
)  # fmt: skip


async def put_position(
    actor: Actor, account_id: str, name: str, product_family: str, values: Values
) -> CompetitorPosition:
    """Say where a competitor stands at an account in a product family; what was known before is kept.

    What ``values`` leave out stays. A competitor whom nobody knows is made.

    Raises:
        Invalid: the day is to come, before what is known, or a share is more than the whole.
    """
    require(actor, LISTEN, "say where competitors stand")
    account = await find(Account, actor, account_id, "accountId")
    given = {"observed_on": today(), **values}
    validate(CompetitorName, {"name": name})
    validate(CompetitorPosition, {"product_family": product_family, **given})
    check_family(await families_of(actor), product_family, "productFamily")
    day = given["observed_on"]
    if isinstance(day, date) and day > (latest := latest_today()):
        raise Invalid(f"{day} is in the future; allowed: {latest} and earlier", ["observedOn"])
    on = day if isinstance(day, date) else None
    async with unit_of_work(actor, "competition.put_position", on=on) as work:
        competitor = await named(work, name)
        known = await CompetitorPosition.get_or_none(
            tenant_id=actor.tenant_id,
            account_id=account.id,
            competitor_id=competitor.id,
            product_family=product_family,
        )
        if known is not None:
            if known.observed_on > work.on:
                raise Invalid(
                    f"it was observed on {known.observed_on}; allowed: that day and later", ["observedOn"]
                )
            await _check_shares(known, given)
            return await work.update(known, {**given, "removed_on": None})
        if "role" not in given:
            raise Invalid("role is needed for a new position", ["role"])
        made = CompetitorPosition(
            id=CompetitorPosition.make_id(),
            tenant_id=actor.tenant_id,
            account_id=account.id,
            competitor_id=competitor.id,
            product_family=product_family,
            currency=actor.currency,
            source=actor.source,
            valid_from=work.on,
            **given,
        )
        await _check_shares(made, given)
        await work.create(made)
        work.object_id = made.id
        return made


async def _check_shares(position: CompetitorPosition, given: Values) -> None:
    """Raise Invalid where those who stand at an account in a family would have more than the whole of it.

    Who supplies no more has no part of what is bought.
    """
    if position.removed_on is None and not given.keys() & {"share", "role"}:
        return
    role, share = (given.get(name, getattr(position, name)) for name in ("role", "share"))
    if role is PositionRole.FORMER or not isinstance(share, int):
        return
    await Account.filter(id=position.account_id).select_for_update(no_key=True).get()
    others = await CompetitorPosition.filter(
        tenant_id=position.tenant_id,
        account_id=position.account_id,
        product_family=position.product_family,
        removed_on__isnull=True,
        share__gt=0,
        role__not=PositionRole.FORMER,
        id__not=position.id,
    ).order_by("-share", "id")
    left = 100 - sum(each.share or 0 for each in others)
    if share > left:
        known = ", ".join([f"{await _name_of(each)} {each.share}" for each in others])
        raise Invalid(
            f"with {share} the shares of {position.product_family} come to {100 - left + share} percent;"
            f" others: {known}; allowed: 0 to {max(left, 0)}",
            ["share" if "share" in given else "role"],
        )


async def _name_of(position: CompetitorPosition) -> str:
    return (await Competitor.get(id=position.competitor_id)).name


async def remove_position(actor: Actor, position_id: str) -> CompetitorPosition:
    """Take out a position that was wrong; who supplies no more is FORMER instead."""
    require(actor, SELL, "take out positions of competitors")
    position = await find(CompetitorPosition, actor, position_id, "id")
    if position.removed_on is not None:
        raise InvalidTransition(f"it was taken out on {position.removed_on}", ["id"])
    async with unit_of_work(actor, "competition.remove_position") as work:
        return await work.update(position, {"removed_on": work.on})


async def write_note(
    actor: Actor, competitor_id: str, text: str, product_family: str | None = None
) -> BattleNote:
    """Write what to say against a competitor, in a family or in all; it replaces the note before."""
    require(actor, SELL, "write battle notes")
    competitor = await find(Competitor, actor, competitor_id, "competitorId")
    if competitor.merged_into_id is not None:
        raise InvalidTransition("it was merged into another competitor", ["competitorId"])
    validate(BattleNote, {"text": text, "product_family": product_family})
    if product_family is not None:
        check_family(await families_of(actor), product_family, "productFamily")
    async with unit_of_work(actor, "competition.write_note") as work:
        for before in await BattleNote.filter(
            competitor_id=competitor.id, product_family=product_family, replaced_on=None
        ):
            await work.update(before, {"replaced_on": work.on})
        return await work.create(
            BattleNote(
                id=BattleNote.make_id(),
                tenant_id=actor.tenant_id,
                competitor_id=competitor.id,
                author_id=actor.principal_id or None,
                product_family=product_family,
                text=text,
                written_on=work.on,
            )
        )


async def _add_name(work: Work, competitor: Competitor, name: str) -> None:
    await work.create_all(
        [
            CompetitorName(
                id=CompetitorName.make_id(),
                tenant_id=competitor.tenant_id,
                competitor_id=competitor.id,
                name=name.strip(),
                key=spelling_key(name),
            )
        ]
    )

"""Discounts beyond what somebody may give: the levels of a tenant, what is asked for, and who decides it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from commands.journal import Work, check_version, unit_of_work
from commands.permissions import APPROVE, LEAD, may, require
from commands.validation import active_user, check_value
from metrics.bids import Offer, discount, hundredths, to_decide
from models.access import Actor, Role, Tenant, User
from models.base import utcnow
from models.bids import APPROVERS, WHOLE, ApprovalState, BidApproval, BidRound, DiscountLevel
from models.errors import Forbidden, Invalid, allowed
from models.visibility import find

#: A tenant has at most so many levels.
MOST_LEVELS = 50


@dataclass(frozen=True)
class Level:
    """A level as it is set: up to which percent, and who gives that: one of ``role`` and ``user_id``."""

    up_to_percent: int
    role: Role | None = None
    user_id: str | None = None
    below_floor: bool = False


async def set_levels(actor: Actor, levels: Sequence[Level]) -> list[DiscountLevel]:
    """Set who may give discounts up to how much; the levels that are not named any more are taken out.

    With no level at all, no discount needs approval. What waits at a level that is taken out waits on.

    Raises:
        Invalid: a level is out of range, comes twice, or names nobody, two, or who approves nothing.
        NotFound: there is no such active user.
    """
    require(actor, LEAD, "set who may give discounts")
    await _check_levels(actor, levels)
    async with unit_of_work(actor, "discounts.set_levels") as work:
        # Whoever else sets them waits here: two sets at once would both stand.
        await Tenant.filter(id=actor.tenant_id).select_for_update(no_key=True).get()
        known = {_as_set(each): each for each in await standing(actor.tenant_id)}
        for level in known.keys() - set(levels):
            await work.update(known[level], {"removed_on": work.on})
        await work.create_all([_stored(actor, level) for level in levels if level not in known])
        work.object_id = actor.tenant_id
    return await standing(actor.tenant_id)


async def standing(tenant_id: str) -> list[DiscountLevel]:
    """The levels of a tenant, the lowest first."""
    found = await DiscountLevel.filter(tenant_id=tenant_id, removed_on=None)
    return sorted(found, key=lambda each: each.rank)


async def ask(work: Work, held: BidRound) -> BidApproval | None:
    """Ask for approval of what a round offers, where whoever records it may not give that.

    It is asked for at the lowest level that covers it. An assistant may give what the principal may.

    Raises:
        Invalid: no level covers it; the message says what the levels do.
    """
    levels = await standing(held.tenant_id)
    if not levels or not held.is_discounted:
        return None
    covering = [level for level in levels if level.covers(held)]
    if not covering:
        raise _beyond(levels, held)
    giver = await User.get_or_none(id=work.actor.principal_id, tenant_id=held.tenant_id)
    if giver and any(level.names(giver.id, Role(giver.role)) for level in covering):
        return None
    given = discount(Offer.of(held))
    assert given is not None
    approval = BidApproval(
        id=BidApproval.make_id(),
        tenant_id=held.tenant_id,
        bid_id=held.bid_id,
        round_id=held.id,
        level_id=covering[0].id,
        discount=hundredths(given),
        requested_by_id=giver.id if giver else None,
    )
    return await work.create(approval)


async def approve(
    actor: Actor, approval_id: str, reason: str | None = None, version: int | None = None
) -> BidApproval:
    """Let a discount be given.

    Raises:
        Forbidden: no level that covers it names the actor, or the actor asked for it; the message says who
            may, and up to which level.
        InvalidTransition: it was decided before, or lapsed.
    """
    return await _decide(actor, approval_id, ApprovalState.APPROVED, reason, version)


async def reject(actor: Actor, approval_id: str, reason: str, version: int | None = None) -> BidApproval:
    """Refuse a discount, and say why; another round is needed then.

    Raises:
        Forbidden: no level that covers it names the actor, or the actor asked for it; the message says who
            may, and up to which level.
        InvalidTransition: it was decided before, or lapsed.
    """
    return await _decide(actor, approval_id, ApprovalState.REJECTED, reason, version)


async def waiting(actor: Actor, most: int) -> list[str]:
    """The ids of the discounts that the actor may decide on, those that have waited longest first."""
    return await to_decide(actor, most) if may(actor, APPROVE) else []


async def _decide(
    actor: Actor, approval_id: str, state: ApprovalState, reason: str | None, version: int | None
) -> BidApproval:
    require(actor, APPROVE, "decide on discounts")
    approval = await find(BidApproval, actor, approval_id, "id")
    check_version(approval, version)
    await _check_decides(actor, approval)
    approval.check_open()
    check_value(BidApproval, "reason", reason, "reason")
    command = "discounts.approve" if state is ApprovalState.APPROVED else "discounts.reject"
    async with unit_of_work(actor, command) as work:
        return await work.update(
            approval,
            {"state": state, "decided_by_id": actor.user_id, "decided_at": utcnow(), "reason": reason},
            version,
        )


async def _check_decides(actor: Actor, approval: BidApproval) -> None:
    """Whoever may give a discount may let others give it: any level that covers it counts, as it stands now.

    So does the one that it was asked for at, even where that was taken out since.
    """
    held = await BidRound.get(id=approval.round_id)
    covering = [level for level in await standing(approval.tenant_id) if level.covers(held)]
    if approval.level_id not in {level.id for level in covering}:
        covering = [await DiscountLevel.get(id=approval.level_id), *covering]
    named = any(level.names(actor.user_id, actor.role) for level in covering)
    if named and approval.requested_by_id != actor.user_id:
        return
    who = ", ".join([await _named(level) for level in covering])
    why = "nobody decides on what they asked for" if named else "you may not decide on this discount"
    raise Forbidden(f"{why}; allowed, for others who see the deal: {who}", ["id"])


async def _named(level: DiscountLevel) -> str:
    """Whom a level names and up to where, as an error message says it."""
    who = Role(level.role).value if level.role is not None else (await User.get(id=level.user_id)).name
    return f"{who} (up to {level.up_to_percent} percent{', below the floor' if level.below_floor else ''})"


async def _check_levels(actor: Actor, levels: Sequence[Level]) -> None:
    if len(levels) > MOST_LEVELS:
        raise Invalid(f"{len(levels)} levels; allowed: {MOST_LEVELS}", ["levels"])
    for number, level in enumerate(levels):
        path = f"levels.{number}"
        if level in levels[:number]:
            raise Invalid("the level comes twice", [path])
        if not 0 <= level.up_to_percent <= WHOLE:
            raise Invalid(
                f"{level.up_to_percent} is out of range; allowed: 0 to {WHOLE}", [f"{path}.upToPercent"]
            )
        if (level.role is None) == (level.user_id is None):
            raise Invalid("a level names a role or a user: one of the two", [path])
        if level.role is not None and level.role not in APPROVERS:
            raise Invalid(f"a {level.role} approves nothing; allowed: {allowed(APPROVERS)}", [f"{path}.role"])
        if level.user_id is not None:
            await _check_approver(actor, level.user_id, f"{path}.userId")


async def _check_approver(actor: Actor, user_id: str, path: str) -> None:
    user = await active_user(actor, user_id, path)
    if Role(user.role) not in APPROVERS:
        raise Invalid(f"a {user.role} approves nothing; allowed: {allowed(APPROVERS)}", [path])


def _beyond(levels: Sequence[DiscountLevel], held: BidRound) -> Invalid:
    """No level covers what a round offers."""
    fitting = [level for level in levels if level.below_floor or not held.is_below_floor]
    where = " below the floor" if held.is_below_floor else ""
    if not fitting:
        return Invalid(f"no level approves anything{where}; allowed: the floor and more", ["offered"])
    most = max(level.up_to_percent for level in fitting)
    return Invalid(f"the discount is beyond every level; allowed{where}: up to {most} percent", ["offered"])


def _as_set(level: DiscountLevel) -> Level:
    role = None if level.role is None else Role(level.role)
    return Level(level.up_to_percent, role, level.user_id, level.below_floor)


def _stored(actor: Actor, level: Level) -> DiscountLevel:
    return DiscountLevel(
        id=DiscountLevel.make_id(),
        tenant_id=actor.tenant_id,
        up_to_percent=level.up_to_percent,
        role=level.role,
        user_id=level.user_id,
        below_floor=level.below_floor,
    )

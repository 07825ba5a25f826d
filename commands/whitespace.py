"""What people say of whitespace: potentials of accounts, and which product families go together."""

from __future__ import annotations

from datetime import date

from commands.journal import unit_of_work
from commands.permissions import CONFIGURE_SALES, SELL, require
from commands.validation import check_family, families_of, validate
from models.access import Actor
from models.accounts import Account
from models.base import check_day, today
from models.catalog import Compatibility, CompatibilityRule
from models.errors import Forbidden, Invalid, InvalidTransition
from models.visibility import answers_for, find
from models.whitespace import AccountPotential


async def set_potential(
    actor: Actor,
    account_id: str,
    product_family: str,
    mrc_minor: int,
    because: str,
    *,
    on: date | None = None,
) -> AccountPotential:
    """Say what an account could pay a month for a product family, and why; what was said before is kept.

    ``on`` is the day since when that is said, not in the future and not before what was said last.

    Raises:
        NotFound: there is no such account that the actor sees.
        Forbidden: the actor sees the account by a deal on it, and neither owns nor manages it.
        Invalid: no product is of the family, or the day is none of those.
    """
    require(actor, SELL, "say what accounts could buy")
    account = await _own_account(actor, account_id)
    values = {"mrc_minor": mrc_minor, "because": because}
    validate(AccountPotential, {"product_family": product_family, **values})
    check_family(await families_of(actor), product_family, "productFamily")
    day = _past(on)
    known = await AccountPotential.get_or_none(
        tenant_id=actor.tenant_id, account_id=account.id, product_family=product_family
    )
    _check_order(known, day)
    said = {**values, "set_by_id": actor.principal_id or None, "set_on": day, "removed_on": None}
    async with unit_of_work(actor, "whitespace.set_potential", on=day) as work:
        if known is not None:
            work.object_id = known.id
            return await work.update(known, said)
        return await work.create(
            AccountPotential(
                id=AccountPotential.make_id(),
                tenant_id=actor.tenant_id,
                account_id=account.id,
                product_family=product_family,
                currency=actor.currency,
                valid_from=day,
                **said,
            )
        )


async def remove_potential(actor: Actor, potential_id: str, *, on: date | None = None) -> AccountPotential:
    """Take back what was said: what peers buy is the potential again.

    Raises:
        InvalidTransition: it was taken back before.
        Invalid: the day is in the future, or before what was said last.
    """
    require(actor, SELL, "say what accounts could buy")
    known = await find(AccountPotential, actor, potential_id, "id")
    if known.removed_on is not None:
        raise InvalidTransition(f"it was taken back on {known.removed_on}", ["id"])
    day = _past(on)
    _check_order(known, day)
    async with unit_of_work(actor, "whitespace.remove_potential", on=day) as work:
        return await work.update(known, {"removed_on": day})


async def set_compatibility(
    actor: Actor,
    family: str,
    other_family: str,
    kind: Compatibility | None,
    because: str | None = None,
) -> CompatibilityRule:
    """Say that a product family excludes or requires another one; with None, that it does so no more.

    Raises:
        Invalid: both are the same, no product is of one of them, or nothing was said that could end.
    """
    require(actor, CONFIGURE_SALES, "say which product families go together")
    validate(CompatibilityRule, {"family": family, "other_family": other_family, "because": because})
    if family == other_family:
        raise Invalid("a family neither excludes nor requires itself; allowed: another one", ["otherFamily"])
    families = await families_of(actor)
    for name, path in ((family, "family"), (other_family, "otherFamily")):
        check_family(families, name, path)
    known = await CompatibilityRule.get_or_none(
        tenant_id=actor.tenant_id, family=family, other_family=other_family
    )
    async with unit_of_work(actor, "whitespace.set_compatibility") as work:
        if kind is None:
            if known is None or known.removed_on is not None:
                raise Invalid("no rule stands for the two; allowed: EXCLUDES or REQUIRES", ["kind"])
            return await work.update(known, {"removed_on": work.on})
        said = {"kind": kind, "because": because, "removed_on": None}
        if known is not None:
            return await work.update(known, said)
        return await work.create(
            CompatibilityRule(
                id=CompatibilityRule.make_id(),
                tenant_id=actor.tenant_id,
                family=family,
                other_family=other_family,
                valid_from=work.on,
                **said,
            )
        )


async def _own_account(actor: Actor, account_id: str) -> Account:
    account = await find(Account, actor, account_id, "accountId")
    if not answers_for(account.owner_id, actor):
        raise Forbidden(
            "only the owner of the account and the managers above may say what it could buy", ["accountId"]
        )
    return account


def _past(on: date | None) -> date:
    if on is None:
        return today()
    check_day(on, "on")
    if on > today():
        raise Invalid(f"{on} is in the future; allowed: {today()} and earlier", ["on"])
    return on


def _check_order(known: AccountPotential | None, day: date) -> None:
    """Raise Invalid for a day before what was said of the account last."""
    if known is not None and day < (last := max(known.set_on, known.removed_on or known.set_on)):
        raise Invalid(f"something was said on {last}; allowed: that day and later", ["on"])

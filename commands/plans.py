"""Account plans: writing them, handing them in, agreeing to them or not, and closing them.

What is written after a plan was approved makes it a draft again: it is judged by what was approved until a
manager approves the next revision.
"""

from __future__ import annotations

from datetime import date

from tortoise.expressions import F

from commands.journal import Repeat, Values, Work, check_version, differing, once, unit_of_work
from commands.permissions import LEAD, SELL, require
from commands.plan_judgements import judge_within
from commands.validation import check_value, validate
from metrics.plan_documents import document_of
from models.access import Actor
from models.accounts import Account
from models.base import check_day, today, utcnow
from models.errors import Forbidden, Invalid, InvalidTransition
from models.plan_records import PlanRevision, RevisionState
from models.plans import AccountPlan, Objective, PlanAction, PlanState
from models.visibility import answers_for, find

ACT = "write account plans"


async def create(
    actor: Actor, account_id: str, values: Values, *, idempotency_key: str | None = None
) -> AccountPlan:
    """Begin a plan of an account for a period that no other plan of it has a part in, unless that is closed.

    Raises:
        NotFound: there is no such account that the actor sees.
        Forbidden: the actor sees the account by a deal on it, and neither owns nor manages it.
        Invalid: the period has no days, or another plan has a part in it.
    """
    require(actor, SELL, ACT)
    repeat = Repeat.of(actor, "plans.create", idempotency_key, {**values, "account_id": account_id})

    async def make() -> AccountPlan:
        account = await _own_account(actor, account_id)
        plan = AccountPlan(
            id=AccountPlan.make_id(),
            tenant_id=actor.tenant_id,
            account_id=account.id,
            currency=actor.currency,
            valid_from=today(),
            **values,
        )
        _check(plan, values)
        async with unit_of_work(actor, "plans.create", repeat=repeat) as work:
            await _check_alone(plan)
            return await work.create(plan)

    return await once(actor, AccountPlan, repeat, make)


async def update(actor: Actor, plan_id: str, values: Values, version: int | None = None) -> AccountPlan:
    """Change a plan's name, period, vision or revenue target.

    Raises:
        InvalidTransition: it waits for approval, or was closed.
        Invalid: the period has no days, another plan of the account has a part in it, or something of the
            plan is due outside of it.
        Conflict: somebody changed it, or a part of it, since ``version``.
    """
    plan = await found(actor, plan_id, version)
    async with unit_of_work(actor, "plans.update") as work:
        plan = await changing(work, plan, "id", version, keeps=not differing(plan, values))
        wanted = AccountPlan(**{**_period(plan), **values, "id": plan.id, "tenant_id": plan.tenant_id})
        wanted.account_id = plan.account_id
        _check(wanted, values)
        await _check_alone(wanted)
        await _check_dues(plan, wanted)
        return await work.update(plan, values)


async def submit(
    actor: Actor, plan_id: str, *, on: date | None = None, version: int | None = None
) -> AccountPlan:
    """Hand a plan in for approval, as it stands: that is kept as its next revision.

    ``on`` is a day that is not in the future, nor before the plan was begun, handed in or decided last.

    Raises:
        InvalidTransition: it waits already, was approved as it stands, or was closed.
        Invalid: it has no objective.
        Conflict: somebody changed it, or a part of it, since ``version``.
    """
    plan = await found(actor, plan_id, version)
    day = past(on, "on")
    async with unit_of_work(actor, "plans.submit", on=day) as work:
        plan = await _locked(plan)
        check_version(plan, version)
        plan.check_transition(PlanState.SUBMITTED)
        await _check_order(plan, day)
        if not await Objective.filter(
            tenant_id=plan.tenant_id, account_plan_id=plan.id, removed_on__isnull=True
        ).exists():
            raise Invalid("the plan has no objective; allowed: one at least", ["id"])
        number = plan.revisions_held + 1
        await work.create(
            PlanRevision(
                id=PlanRevision.make_id(),
                tenant_id=plan.tenant_id,
                account_id=plan.account_id,
                account_plan_id=plan.id,
                number=number,
                submitted_on=day,
                submitted_by_id=actor.principal_id or None,
                document=await document_of(plan),
            )
        )
        work.object_id = plan.id
        return await work.update(
            plan,
            {
                "state": PlanState.SUBMITTED,
                "submitted_on": day,
                "submitted_by_id": actor.principal_id or None,
                "revisions_held": number,
            },
        )


async def approve(
    actor: Actor, plan_id: str, *, on: date | None = None, version: int | None = None
) -> AccountPlan:
    """Agree to a plan as it was handed in: from now on it is judged by that.

    Raises:
        Forbidden: the actor handed it in, or owns the account: somebody above them approves it.
        InvalidTransition: it does not wait for approval.
    """
    plan = await _to_decide(actor, plan_id, version)
    day = past(on, "on")
    async with unit_of_work(actor, "plans.approve", on=day) as work:
        plan = await _decided(work, plan, RevisionState.APPROVED, None, version)
        plan = await work.update(
            plan,
            {
                "state": PlanState.APPROVED,
                "approved_on": day,
                "approved_by_id": actor.principal_id or None,
                "returned_because": None,
            },
        )
        await judge_within(work, [plan], day)
        return plan


async def give_back(
    actor: Actor, plan_id: str, because: str, *, on: date | None = None, version: int | None = None
) -> AccountPlan:
    """Return a plan that was handed in, and say why; it may be changed and handed in again.

    Raises:
        Forbidden: the actor handed it in, or owns the account.
        InvalidTransition: it does not wait for approval.
    """
    plan = await _to_decide(actor, plan_id, version)
    check_value(AccountPlan, "returned_because", because, "because")
    day = past(on, "on")
    async with unit_of_work(actor, "plans.return", on=day) as work:
        plan = await _decided(work, plan, RevisionState.RETURNED, because, version)
        return await work.update(plan, {"state": PlanState.RETURNED, "returned_because": because})


async def withdraw(
    actor: Actor, plan_id: str, *, on: date | None = None, version: int | None = None
) -> AccountPlan:
    """Take a plan back that was handed in and that nobody has decided on; it may be changed again.

    Raises:
        Forbidden: the actor neither handed it in nor owns the account: a manager returns it.
        InvalidTransition: it does not wait for approval.
    """
    plan = await found(actor, plan_id, version)
    if not await _is_own(actor, plan):
        raise Forbidden("only who submitted the plan and the owner of the account withdraw it", ["id"])
    day = past(on, "on")
    async with unit_of_work(actor, "plans.withdraw", on=day) as work:
        plan = await _decided(work, plan, RevisionState.WITHDRAWN, None, version)
        return await work.update(plan, {"state": PlanState.DRAFT})


async def close(
    actor: Actor, plan_id: str, because: str, *, on: date | None = None, version: int | None = None
) -> AccountPlan:
    """Follow a plan no more, for a reason; another one may take its time.

    One that was approved is closed by whoever may approve it. ``on`` is a day that is not in the future, nor
    before the plan was begun, handed in or decided last: how it stood until then stays as it was.

    Raises:
        Forbidden: it was approved, and the actor may not approve it.
        InvalidTransition: it was closed before.
    """
    plan = await found(actor, plan_id, version)
    plan.check_followed("id")
    if plan.approved_on is not None:
        require(actor, LEAD, "close account plans that were approved")
        await _check_not_own(actor, plan, "closes")
    check_value(AccountPlan, "closed_because", because, "because")
    day = past(on, "on")
    async with unit_of_work(actor, "plans.close", on=day) as work:
        plan = await _locked(plan)
        check_version(plan, version)
        plan.check_followed("id")
        await _check_order(plan, day)
        return await work.update(plan, {"closed_on": day, "closed_because": because})


async def _own_account(actor: Actor, account_id: str) -> Account:
    account = await find(Account, actor, account_id, "accountId")
    if not answers_for(account.owner_id, actor):
        raise Forbidden(
            f"only the owner of the account and the managers above may {ACT} for it", ["accountId"]
        )
    return account


async def found(actor: Actor, plan_id: str, version: int | None, path: str = "id") -> AccountPlan:
    """The plan with this id, for whoever may write it; Conflict when it is at another version."""
    require(actor, SELL, ACT)
    plan = await find(AccountPlan, actor, plan_id, path)
    check_version(plan, version)
    return plan


async def changing(
    work: Work,
    plan: AccountPlan,
    path: str,
    version: int | None = None,
    *,
    keeps: bool = False,
    of_a_part: bool = False,
) -> AccountPlan:
    """The plan, for the length of the transaction, as one that is being written.

    One that was approved becomes a draft, unless what is written ``keeps`` what was approved. Where what is
    written is ``of_a_part``, the plan is at another version, too.
    """
    plan = await _locked(plan)
    check_version(plan, version)
    plan.check_open_to_changes(path)
    if PlanState(plan.state) is PlanState.APPROVED and not keeps:
        return await work.update(plan, {"state": PlanState.DRAFT})
    return await moved(plan) if of_a_part else plan


async def moved(plan: AccountPlan) -> AccountPlan:
    """The plan at its next version, as something that belongs to it is written within the transaction."""
    await AccountPlan.filter(id=plan.id).update(version=F("version") + 1, updated_at=utcnow())
    return await AccountPlan.get(id=plan.id)


async def _locked(plan: AccountPlan) -> AccountPlan:
    """The plan as it is now; whoever else writes it waits."""
    return await AccountPlan.filter(id=plan.id).select_for_update(no_key=True).get()


async def _to_decide(actor: Actor, plan_id: str, version: int | None) -> AccountPlan:
    require(actor, LEAD, "approve account plans")
    plan = await find(AccountPlan, actor, plan_id, "id")
    check_version(plan, version)
    await _check_not_own(actor, plan, "approves")
    return plan


async def _check_not_own(actor: Actor, plan: AccountPlan, does: str) -> None:
    if await _is_own(actor, plan):
        raise Forbidden(f"nobody {does} their own plan; somebody above does", ["id"])


async def _is_own(actor: Actor, plan: AccountPlan) -> bool:
    """Whether the actor handed the plan in last, or owns the account."""
    account = await Account.get(id=plan.account_id)
    return bool(actor.principal_id) and actor.principal_id in (plan.submitted_by_id, account.owner_id)


async def _decided(
    work: Work, plan: AccountPlan, state: RevisionState, because: str | None, version: int | None
) -> AccountPlan:
    """The plan, whose last revision was decided."""
    plan = await _locked(plan)
    check_version(plan, version)
    plan.check_followed("id")
    if PlanState(plan.state) is not PlanState.SUBMITTED:
        raise InvalidTransition(f"the plan is {plan.state}; allowed: {PlanState.SUBMITTED}", ["id"])
    await _check_order(plan, work.on)
    revision = await PlanRevision.get(account_plan_id=plan.id, number=plan.revisions_held)
    await work.update(
        revision,
        {
            "state": state,
            "decided_on": work.on,
            "decided_by_id": work.actor.principal_id or None,
            "decided_because": because,
        },
    )
    work.object_id = plan.id
    return plan


async def _check_order(plan: AccountPlan, day: date) -> None:
    """Raise Invalid for a day before the plan was begun, or was last handed in or decided on."""
    last = await PlanRevision.filter(account_plan_id=plan.id).order_by("-number").first()
    told = (last and last.decided_on) or (last and last.submitted_on)
    earliest = max(plan.begun_on, told) if told else plan.begun_on
    if day < earliest:
        what = "something was last done with the plan" if told == earliest else "the plan was begun"
        raise Invalid(f"{day} is before {earliest}, when {what}; allowed: from then on", ["on"])


def _check(plan: AccountPlan, values: Values) -> None:
    validate(AccountPlan, values)
    check_day(plan.first_on, "firstOn")
    check_day(plan.last_on, "lastOn")
    if plan.last_on <= plan.first_on:
        raise Invalid(f"{plan.last_on} is not after {plan.first_on}; allowed: later days", ["lastOn"])


def _period(plan: AccountPlan) -> dict[str, object]:
    return {"name": plan.name, "first_on": plan.first_on, "last_on": plan.last_on, "currency": plan.currency}


async def _check_alone(plan: AccountPlan) -> None:
    """Raise Invalid where another plan of the account, that was not closed, has a part in the period."""
    await Account.filter(id=plan.account_id).select_for_update(no_key=True).get()
    other = (
        await AccountPlan.filter(
            tenant_id=plan.tenant_id,
            account_id=plan.account_id,
            closed_on__isnull=True,
            first_on__lte=plan.last_on,
            last_on__gte=plan.first_on,
        )
        .exclude(id=plan.id)
        .order_by("first_on", "id")
        .first()
    )
    if other is not None:
        raise Invalid(
            f"the plan {other.name!r} goes from {other.first_on} to {other.last_on};"
            " allowed: days of no other plan, or close that one",
            ["firstOn"],
        )


async def _check_dues(plan: AccountPlan, wanted: AccountPlan) -> None:
    """Raise Invalid, naming them, where objectives or actions would be due outside of another period."""
    if (plan.first_on, plan.last_on) == (wanted.first_on, wanted.last_on):
        return
    standing = {"tenant_id": plan.tenant_id, "account_plan_id": plan.id, "removed_on__isnull": True}
    first = min(plan.valid_from, wanted.first_on)
    objectives = await Objective.filter(**standing).order_by("due_on", "id")
    actions = await PlanAction.filter(**standing, done_on__isnull=True).order_by("due_on", "id")
    early = [(each.title, each.due_on) for each in objectives if each.due_on <= wanted.first_on]
    early += [(each.title, each.due_on) for each in actions if each.due_on < first]
    all_of_them = [*[(o.title, o.due_on) for o in objectives], *[(a.title, a.due_on) for a in actions]]
    late = [(title, due_on) for title, due_on in all_of_them if due_on > wanted.last_on]
    for outside, path in ((early, "firstOn"), (late, "lastOn")):
        if outside:
            named = ", ".join(f"{title!r} on {due_on}" for title, due_on in outside)
            raise Invalid(
                f"due outside of {wanted.first_on} to {wanted.last_on}: {named}; allowed: a period that has"
                " all of them, or change or remove them first",
                [path],
            )


async def check_apart(survivor: Account, duplicate: Account, path: str) -> None:
    """Raise Invalid where two accounts that are to be one have each a plan of the same days, none closed."""
    followed = AccountPlan.filter(tenant_id=survivor.tenant_id, closed_on__isnull=True)
    ours, theirs = [
        await followed.filter(account_id=each.id).order_by("first_on", "id") for each in (survivor, duplicate)
    ]
    for one in ours:
        for other in theirs:
            if one.first_on <= other.last_on and other.first_on <= one.last_on:
                raise Invalid(
                    f"the plans {one.name!r} ({one.id}) and {other.name!r} ({other.id}) have days in common;"
                    " allowed: close one of them first",
                    [path],
                )


def past(day: date | None, path: str) -> date:
    """The day, today unless one is given.

    Raises:
        Invalid: it is in the future, or no business date.
    """
    if day is None:
        return today()
    check_day(day, path)
    if day > today():
        raise Invalid(f"{day} is in the future; allowed: {today()} and earlier", [path])
    return day

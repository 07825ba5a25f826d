"""The account plan that a review holds up against reality, and what of it was agreed with the customer.

It is told as a manager approved it last; what is written now is told of a plan that nobody ever approved.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date

from commands.account_review.content import Action, Approved, Goal, Plan, Shared, Taken, Unapproved
from commands.account_review.people import names_of
from metrics.plan_documents import Difference, DifferenceKind, Document, difference, document_then
from models.access import Actor
from models.asof import as_of_rows, view_of
from models.database import fetch
from models.errors import NotFound, allowed
from models.plans import AccountPlan, ObjectiveStatus, PlanAction, PlanState
from models.visibility import visible
from rules.agreed_plans import Agreed, agreed_of
from rules.plan_health import judged

#: What one of the parts of a plan and several are called, and anything else that a plan says.
_CALLED = {
    "objectives": ("objective", "objectives"),
    "measures": ("measure", "measures"),
    "actions": ("action", "actions"),
    "entries": ("strength, threat or strategy", "strengths, threats and strategies"),
    "accepted_risks": ("risk taken knowingly", "risks taken knowingly"),
}
_ITSELF = ("statement of the plan itself", "statements of the plan itself")


async def followed(actor: Actor, account_id: str, as_of: date) -> AccountPlan | None:
    """The plan of an account that is followed on a day: of several the one that was approved last."""
    seen = visible(AccountPlan, actor, "t")
    rows = await fetch(
        f"select t.id from account_plan t where {seen.sql} and t.account_id = :account"
        " and t.first_on <= :as_of and t.last_on >= :as_of and t.valid_from <= :as_of"
        " and (t.closed_on is null or t.closed_on > :as_of)"
        " order by case when t.approved_on is null then 1 else 0 end, t.approved_on desc, t.id desc limit 1",
        {**seen.params, "account": account_id, "as_of": as_of},
    )
    return await AccountPlan.get(id=str(rows[0]["id"])) if rows else None


async def told(actor: Actor, plan: AccountPlan, as_of: date) -> Plan:
    """A plan with how it stands as of a day: as it was approved last by then, else as it was written."""
    agreed = (await agreed_of(actor.tenant_id, [plan], as_of)).get(plan.id)
    written = await document_then(plan, as_of)
    document = agreed.document if agreed else written
    return Plan(
        plan=plan,
        name=str(document["name"]),
        first_on=_day(document["first_on"]),
        last_on=_day(document["last_on"]),
        vision=_text(document["vision"]),
        approved=Approved(agreed.number, agreed.approved_on) if agreed else None,
        unapproved=_unapproved(difference(agreed.document, written)) if agreed else (),
        state=await _state(plan, as_of),
        judged=(await judged(actor.tenant_id, [plan], as_of))[plan.id],
        objectives=[
            Goal(str(each["title"]), _day(each["due_on"]), reached=False)
            for _, each in _due(document, "objectives")
        ],
        entries=_entries(document),
        actions=await _actions(dict(_due(document, "actions")), as_of),
        taken=[
            Taken(str(each["what"]), str(each["because"]), _day(each["until_on"]))
            for _, each in sorted(
                _parts(document, "accepted_risks"), key=lambda held: str(held[1]["until_on"])
            )
        ],
    )


def _unapproved(found: Sequence[Difference]) -> list[Unapproved]:
    """What differs, counted by what it is a part of; a part that changed in several ways counts once."""
    kinds: dict[str, dict[str, DifferenceKind]] = {}
    for each in (one for one in found if _needs_approval(one)):
        of, part = (each.path[0], each.path[1]) if each.path[0] in _CALLED else ("", each.path[0])
        whole = len(each.path) == 2 and of
        kinds.setdefault(of, {})[part] = each.kind if whole else DifferenceKind.CHANGED
    return [
        Unapproved(
            called,
            *(
                sum(kind is wanted for kind in kinds[of].values())
                for wanted in (DifferenceKind.ADDED, DifferenceKind.REMOVED, DifferenceKind.CHANGED)
            ),
        )
        for of, called in {**_CALLED, "": _ITSELF}.items()
        if of in kinds
    ]


def _needs_approval(found: Difference) -> bool:
    """Whether it must be approved: not how far people say that an objective is, while it counts."""
    if found.path[0] != "objectives" or found.path[-1] != "status":
        return True
    return not all(ObjectiveStatus(str(each)).counts for each in (found.before, found.after))


def _entries(document: Mapping[str, object]) -> dict[str, list[str]]:
    """The texts by kind, each in its place."""
    entries: dict[str, list[str]] = {}
    for _, each in sorted(_parts(document, "entries"), key=lambda held: int(str(held[1]["position"]))):
        entries.setdefault(str(each["kind"]), []).append(str(each["text"]))
    return entries


async def _state(plan: AccountPlan, as_of: date) -> PlanState:
    """Where a plan stood with whoever approves it."""
    then = as_of_rows(AccountPlan, ["state"], await view_of(plan.tenant_id, as_of), which="t.id = :plan")
    rows = await fetch(
        f"select t.state from {then} t", {"tenant": plan.tenant_id, "as_of": as_of, "plan": plan.id}
    )
    return PlanState(str(rows[0]["state"])) if rows else PlanState(plan.state)


async def shared(actor: Actor, plan: AccountPlan | None, ids: Collection[str], as_of: date) -> Shared | None:
    """The objectives and actions of a plan that were agreed with the customer; None where none were.

    Each is told as it was approved last; one that is only written so far, as it is written.

    Raises:
        NotFound: one of them is none of the plan's, or the actor sees no plan that is followed.
    """
    if not ids:
        return None
    if plan is None:
        first = min(ids)
        raise NotFound(f"no objective or action {first!r}: no plan of the account is followed", ["share"])
    agreed = (await agreed_of(actor.tenant_id, [plan], as_of)).get(plan.id)
    written = await document_then(plan, as_of)
    objectives, actions = (_known(agreed, written, called) for called in ("objectives", "actions"))
    known = {key: str(each["title"]) for key, each in {**objectives, **actions}.items()}
    for each in sorted(ids):
        if each not in known:
            choice = allowed([f"{key} ({title})" for key, title in known.items()])
            raise NotFound(f"no objective or action {each!r} in the plan; known: {choice}", ["share"])
    standing = (await judged(actor.tenant_id, [plan], as_of))[plan.id].objectives
    reached = {each.id for each in standing if each.reached}
    return Shared(
        [
            Goal(str(each["title"]), _day(each["due_on"]), key in reached)
            for key, each in objectives.items()
            if key in ids
        ],
        await _actions({key: each for key, each in actions.items() if key in ids}, as_of),
    )


def _known(agreed: Agreed | None, written: Document, called: str) -> dict[str, Mapping[str, object]]:
    """What is due of a plan, by id, as it was approved, then what is only written."""
    return dict(_due(written, called)) | (dict(_due(agreed.document, called)) if agreed else {})


async def _actions(parts: Mapping[str, Mapping[str, object]], as_of: date) -> list[Action]:
    names = await names_of(str(each["owner_id"]) for each in parts.values() if each["owner_id"])
    done = dict(await PlanAction.filter(id__in=list(parts), done_on__lte=as_of).values_list("id", "done_on"))
    return [
        Action(
            str(each["title"]),
            names.get(str(each["owner_id"]), "nobody"),
            _day(each["due_on"]),
            done.get(key),
        )
        for key, each in parts.items()
    ]


def _due(document: Mapping[str, object], called: str) -> list[tuple[str, Mapping[str, object]]]:
    """The parts of a kind, by id, what is due first before others."""
    return sorted(_parts(document, called), key=lambda held: (str(held[1]["due_on"]), held[0]))


def _parts(document: Mapping[str, object], called: str) -> Iterator[tuple[str, Mapping[str, object]]]:
    parts = document.get(called)
    assert isinstance(parts, Mapping)
    return iter(parts.items())


def _day(value: object) -> date:
    return date.fromisoformat(str(value))


def _text(value: object) -> str | None:
    return None if value is None else str(value)

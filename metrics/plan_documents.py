"""A plan as one document, as its revisions keep it, and how two documents differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from enum import Enum

from models.asof import as_of_rows, view_of
from models.database import Param, fetch
from models.described import Described
from models.plans import PARTS, AccountPlan, ObjectiveMeasure

Document = dict[str, object]
_PLAN = ("name", "first_on", "last_on", "vision")
#: The columns by which parts are known to people.
_CALLED = ("title", "text", "what")
#: How what a document holds of a plan's parts is found: under this name by id.
_OF_PARTS = frozenset(part.called for part in PARTS)


class DifferenceKind(Described):
    """How something differs between two documents."""

    ADDED = "ADDED", "It is in the later one alone."
    REMOVED = "REMOVED", "It is in the earlier one alone."
    CHANGED = "CHANGED", "It is in both, and says something else."


@dataclass(frozen=True)
class Difference:
    """What differs at a path: a part as a whole, or one value; None where there is none.

    ``title`` is how the part is called now, or was when it was removed; None of what the plan says itself.
    """

    path: tuple[str, ...]
    kind: DifferenceKind
    before: object
    after: object
    title: str | None = None


async def document_of(plan: AccountPlan) -> Document:
    """The plan with all that belongs to it now, as JSON: parts by id, days as texts, money in whole units."""
    return (await documents_of([plan]))[plan.id]


async def documents_of(plans: Sequence[AccountPlan]) -> dict[str, Document]:
    """Such a document of each of some plans, by id: one statement for each kind of part."""
    documents = {plan.id: _own(plan) for plan in plans}
    for part in PARTS:
        found: dict[str, dict[str, object]] = {plan.id: {} for plan in plans}
        rows = part.filter(
            tenant_id__in={plan.tenant_id for plan in plans},
            account_plan_id__in=list(documents),
            removed_on__isnull=True,
        )
        for row in await rows.order_by("id"):
            found[row.account_plan_id][row.id] = {name: _written(getattr(row, name)) for name in part.kept}
        for plan_id, document in documents.items():
            document[part.called] = found[plan_id]
    return documents


def _own(plan: AccountPlan) -> Document:
    document: Document = {name: _written(getattr(plan, name)) for name in _PLAN}
    target = plan.revenue_target_minor
    document["revenue_target"] = None if target is None else str(Decimal(target) / 100)
    document["currency"] = plan.currency
    return document


async def document_then(plan: AccountPlan, as_of: date) -> Document:
    """The plan with all that belonged to it on a day, as JSON.

    By which facts something is measured (``conditions``) is as it is now.
    """
    view = await view_of(plan.tenant_id, as_of)
    params: dict[str, Param] = {"tenant": plan.tenant_id, "as_of": as_of, "plan": plan.id}
    columns = [*_PLAN, "revenue_target_minor"]
    (row,) = await fetch(
        f"select t.* from {as_of_rows(AccountPlan, columns, view, which='t.id = :plan')} t", params
    )
    document: Document = {name: _written(row[name]) for name in _PLAN}
    target = row["revenue_target_minor"]
    document["revenue_target"] = None if target is None else str(Decimal(str(target)) / 100)
    document["currency"] = plan.currency
    measures = ObjectiveMeasure.filter(tenant_id=plan.tenant_id, account_plan_id=plan.id)
    conditions = dict(await measures.values_list("id", "conditions"))
    for part in PARTS:
        kept = [name for name in part.kept if name != "conditions"]
        then = as_of_rows(part, [*kept, "removed_on"], view, which="t.account_plan_id = :plan")
        rows = await fetch(
            f"select t.* from {then} t where t.removed_on is null or t.removed_on > :as_of order by t.id",
            params,
        )
        document[part.called] = {
            str(row["id"]): {
                name: conditions.get(str(row["id"])) if name == "conditions" else _written(row[name])
                for name in part.kept
            }
            for row in rows
        }
    return document


def _written(value: object) -> object:
    if isinstance(value, Enum):
        return value.value
    return value.isoformat() if isinstance(value, date) else value


def difference(before: Mapping[str, object], after: Mapping[str, object]) -> list[Difference]:
    """What was added, removed and changed from one document to another, in the order of their paths."""
    return [
        replace(each, title=_title(after, each.path) or _title(before, each.path))
        for each in sorted(_differences(before, after, ()), key=lambda each: each.path)
    ]


def _title(document: Mapping[str, object], path: tuple[str, ...]) -> str | None:
    if len(path) < 2:
        return None
    part = _mapping(_mapping(document.get(path[0])).get(path[1]))
    return next((str(part[name]) for name in _CALLED if name in part), None)


def _differences(
    before: Mapping[str, object], after: Mapping[str, object], at: tuple[str, ...]
) -> Iterator[Difference]:
    for name in {**before, **after}:
        path, old, new = (*at, name), before.get(name), after.get(name)
        if old == new:
            continue
        parts = not at and name in _OF_PARTS
        if parts or (len(at) == 1 and isinstance(old, Mapping) and isinstance(new, Mapping)):
            yield from _differences(_mapping(old), _mapping(new), path)
        elif old is None:
            yield Difference(path, DifferenceKind.ADDED, None, new)
        elif new is None:
            yield Difference(path, DifferenceKind.REMOVED, old, None)
        else:
            yield Difference(path, DifferenceKind.CHANGED, old, new)


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}

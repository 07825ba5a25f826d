"""Account plans as clients see them: what is written, what was agreed to, and how that stands."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Annotated

import strawberry
from strawberry import UNSET
from strawberry.scalars import JSON

from metrics.plan_documents import difference, document_of
from models import plan_records
from models import plans as stored
from models.access import Scope
from models.base import check_day, today
from models.described import Described
from models.errors import Invalid
from models.plan_records import Health
from models.plans import Aggregate, MeasureDirection, ObjectiveStatus, PlanEntryKind, PlanState
from models.visibility import find
from rules import plan_health
from rules.plan_judgements import Judged, Written
from schema.context import Info
from schema.core.arguments import AsOf
from schema.core.connections import Listed, children, connection, related
from schema.core.cost import costs
from schema.core.cursors import Kind
from schema.core.enums import Direction
from schema.core.filters import DateFilter, Filter, IDFilter, MoneyFilter, StringFilter, clause
from schema.core.listing import Column, Listing
from schema.core.money import Money
from schema.core.readable import ANY_FACT, in_sql
from schema.core.stored import Node, Stored, column
from schema.plan_health import PlanHealth, PlanStanding
from schema.plan_revisions import PlanDifference

for _enum, _name in (
    (Aggregate, "MeasureAggregate"),
    (MeasureDirection, "MeasureDirection"),
    (ObjectiveStatus, "ObjectiveStatus"),
    (PlanEntryKind, "PlanEntryKind"),
    (PlanState, "PlanState"),
):
    strawberry.enum(_enum, name=_name)

_REMOVED = "The day on which it was taken out of the plan; null for what is in it."
_PLAN = "The plan that it belongs to."


@strawberry.type
class PlanEntry(Stored[stored.PlanEntry]):
    """A strength, weakness, opportunity or threat, or a strategy."""

    model = stored.PlanEntry

    id: strawberry.ID = column("The id of the entry, unlike all others.")
    version: int = column("Grows by one with each change.")
    kind: PlanEntryKind = column("What it says something of.")
    text: str = column("What it says.", Scope.READ_PERSONAL)
    position: int = column("The number of its place among those of its kind, from 1.")


@strawberry.type
class ObjectiveMeasure(Stored[stored.ObjectiveMeasure]):
    """By what an objective is measured: a number made of the facts of a kind."""

    model = stored.ObjectiveMeasure

    id: strawberry.ID = column("The id of the measure, unlike all others.")
    version: int = column("Grows by one with each change.")
    title: str = column("What it is called.", Scope.READ_PERSONAL)
    fact_kind: str = column("The kind of facts that count, as `factKinds` names it.")
    aggregate: Aggregate = column("How they become one number.")
    field: str | None = column("The field of them that is added up or compared; null for a count.")
    conditions: JSON = column("Which facts count, an object as `where` is in rules.", *ANY_FACT)
    direction: MeasureDirection = column("Which way it is to go.")
    baseline: str = column(
        "Where it starts, a decimal number as text; money in whole units of the tenant's currency.",
        Scope.READ_MONEY,
    )
    target: str = column(
        "Where it is to go, a decimal number as text; money in whole units of the tenant's currency.",
        Scope.READ_MONEY,
    )


@strawberry.type
class Objective(Node, Stored[stored.Objective]):
    """What is to be reached by a day."""

    model = stored.Objective

    version: int = column("Grows by one with each change.")
    title: str = column("What is to be reached.", Scope.READ_PERSONAL)
    due_on: date = column("The day by which it is to be reached.")
    status: ObjectiveStatus = column("What people say of it.")
    removed_on: date | None = column(_REMOVED)
    plan = related("schema.plans", "AccountPlan", "account_plan_id", _PLAN)
    owner = related("schema.access", "User", "owner_id", "Who of us sees to it.")
    measures = children(
        "schema.plans",
        "ObjectiveMeasure",
        "objective_id",
        f"What it is measured by, {stored.MOST_MEASURES} measures at most, without what was taken out.",
        standing="removed_on",
        most=stored.MOST_MEASURES,
    )
    actions = children(
        "schema.plans",
        "PlanAction",
        "objective_id",
        "What is done for it, in the order of their due days, without what was taken out.",
        "due_on",
        standing="removed_on",
    )


@strawberry.type
class PlanAction(Node, Stored[stored.PlanAction]):
    """What somebody does by a day."""

    model = stored.PlanAction

    version: int = column("Grows by one with each change.")
    title: str = column("What is to be done.", Scope.READ_PERSONAL)
    due_on: date = column("The day by which it is to be done.")
    done_on: date | None = column("The day on which it was done; null until then.")
    removed_on: date | None = column(_REMOVED)
    plan = related("schema.plans", "AccountPlan", "account_plan_id", _PLAN)
    owner = related("schema.access", "User", "owner_id", "Who does it.")
    objective = related("schema.plans", "Objective", "objective_id", "The objective that it is done for.")
    deal = related("schema.deals", "Deal", "deal_id", "The deal that it is about.")
    play = related("schema.plays", "Play", "play_id", "The play by which it is done.")


@strawberry.type
class AcceptedRisk(Stored[stored.AcceptedRisk]):
    """A risk that is taken knowingly."""

    model = stored.AcceptedRisk

    id: strawberry.ID = column("The id of the accepted risk, unlike all others.")
    version: int = column("Grows by one with each change.")
    what: str = column("What may happen.", Scope.READ_PERSONAL)
    because: str = column("Why that is accepted.", Scope.READ_PERSONAL)
    until_on: date = column("The last day for which that holds.")
    accepted_by = related("schema.access", "User", "accepted_by_id", "Who accepts it.")


def _parts(name: str, description: str, *order: str) -> object:
    return children(
        "schema.plans", name, "account_plan_id", f"{description} Without what was taken out.", *order,
        standing="removed_on",
    )  # fmt: skip


#: What was kept of a plan, a row ``t``, when it was judged last.
_JUDGED = "(select j.{} from plan_judgement j where j.tenant_id = t.tenant_id and j.account_plan_id = t.id)"
#: The worst first.
_WORST = (Health.ABANDONED, Health.BEHIND, Health.NOT_BEGUN, Health.ON_TRACK, Health.ACHIEVED)
_RANK = " ".join(f"when '{health}' then {rank}" for rank, health in enumerate(_WORST))


@strawberry.type
class AccountPlan(Node, Stored[stored.AccountPlan]):
    """What is to become of an account in a period, and how."""

    model = stored.AccountPlan

    version: int = column(
        "Grows by one or two with each change of it or of its parts; a command may name the one it has read."
    )
    name: str = column("What it is called.")
    first_on: date = column("Its first day.")
    last_on: date = column("Its last day.")
    vision: str | None = column(
        "What the account is to become; null when nothing is said.", Scope.READ_PERSONAL
    )
    revenue_target: Money | None = column(
        "What the account is to bring in a year by its last day; null when nothing is said."
    )
    state: PlanState = column("Where it stands with whoever approves it.")
    submitted_on: date | None = column("The day on which it was submitted last; null when it never was.")
    approved_on: date | None = column("The day on which it was approved last; null when it never was.")
    returned_because: str | None = column(
        "Why it was returned last; null when it was not, or approved since.", Scope.READ_PERSONAL
    )
    closed_on: date | None = column("The day since when nobody follows it; null for one that is followed.")
    closed_because: str | None = column("Why it was closed; null when it was not.", Scope.READ_PERSONAL)
    account = related("schema.accounts", "Account", "account_id", "The account that it is for.")
    submitted_by = related("schema.access", "User", "submitted_by_id", "Who submitted it last.")
    approved_by = related("schema.access", "User", "approved_by_id", "Who approved it last.")
    entries = _parts(
        "PlanEntry", "Strengths, weaknesses, opportunities, threats and strategies.", "kind", "position"
    )
    objectives = _parts("Objective", "What is to be reached, in the order of their due days.", "due_on")
    actions = _parts("PlanAction", "What is done, in the order of their due days.", "due_on")
    accepted_risks = _parts("AcceptedRisk", "The risks that are taken knowingly.", "until_on")
    revisions = children(
        "schema.plan_revisions",
        "PlanRevision",
        "account_plan_id",
        "The plan as it was each time that it was submitted, in order.",
        "number",
    )

    @in_sql(_JUDGED.format("health"))
    async def judged_health(self, info: Info) -> Health | None:
        """How it stood when it was judged last, as lists are filtered and ordered by; null until then."""
        kept = await self._kept(info)
        return kept.health if kept else None

    @in_sql(_JUDGED.format("judged_on"))
    async def judged_on(self, info: Info) -> date | None:
        """The day as of which it was judged last; null of one that never was."""
        kept = await self._kept(info)
        return kept.judged_on if kept else None

    async def _kept(self, info: Info) -> plan_records.PlanJudgement | None:
        loaders = info.context.loaders
        found = await loaders.children(plan_records.PlanJudgement, "account_plan_id", self.id)
        return found[0] if found else None

    @costs(20)
    @strawberry.field
    async def health(self, info: Info, as_of: AsOf = None) -> PlanHealth:
        """How it stands against what really happened, as of a date."""
        day = as_of or today()
        check_day(day, "asOf")
        tenant_id = info.context.actor.tenant_id

        async def found(ids: Sequence[str]) -> list[Judged]:
            plans = await stored.AccountPlan.filter(id__in=list(ids))
            judged = await plan_health.judged(tenant_id, plans, day)
            return [judged[each] for each in ids]

        judged = await info.context.loaders.batched(("plan health", day), found, self.id)
        return PlanHealth.of(judged, self.record.currency)

    @costs(20)
    @strawberry.field
    async def standing(self, info: Info, as_of: AsOf = None) -> PlanStanding:
        """How far what is written of it now is as of a date, approved or not, begun or not.

        It is no judgement: ``health`` is, of what was approved.
        """
        day = as_of or today()
        check_day(day, "asOf")
        tenant_id = info.context.actor.tenant_id

        async def found(ids: Sequence[str]) -> list[Written]:
            plans = await stored.AccountPlan.filter(id__in=list(ids))
            standing = await plan_health.standing(tenant_id, plans, day)
            return [standing[each] for each in ids]

        standing = await info.context.loaders.batched(("plan standing", day), found, self.id)
        return PlanStanding.of(standing, self.record.currency)


@strawberry.input
class AccountPlanFilter:
    """Which plans; all conditions given must hold."""

    and_: list[AccountPlanFilter] | None = clause("and")
    or_: list[AccountPlanFilter] | None = clause("or")
    not_: AccountPlanFilter | None = clause("not")
    id: IDFilter | None = UNSET
    account_id: IDFilter | None = UNSET
    name: StringFilter | None = UNSET
    state: Filter[PlanState] | None = UNSET
    first_on: DateFilter | None = UNSET
    last_on: DateFilter | None = UNSET
    submitted_on: DateFilter | None = UNSET
    approved_on: DateFilter | None = UNSET
    closed_on: DateFilter | None = UNSET
    revenue_target: MoneyFilter | None = UNSET
    judged_health: Filter[Health] | None = UNSET
    judged_on: DateFilter | None = UNSET


@strawberry.enum
class AccountPlanOrderField(Described):
    """What plans are ordered by."""

    LAST_ON = "last_on"
    FIRST_ON = "first_on"
    NAME = "name"
    SUBMITTED_ON = "submitted_on"
    APPROVED_ON = "approved_on"
    JUDGED_HEALTH = "judged_health_rank", "From ABANDONED by BEHIND, NOT_BEGUN and ON_TRACK to ACHIEVED."
    JUDGED_ON = "judged_on"


@strawberry.input
class AccountPlanOrder:
    """One step of an order."""

    field: AccountPlanOrderField
    direction: Direction = Direction.ASC


PLANS = Listed(
    "schema.plans",
    "AccountPlan",
    Listing(
        stored.AccountPlan,
        {
            "id": Column("t.id"),
            "account_id": Column("t.account_id"),
            "name": Column("t.name"),
            "state": Column("t.state"),
            "first_on": Column("t.first_on", Kind.DATE),
            "last_on": Column("t.last_on", Kind.DATE),
            "submitted_on": Column("t.submitted_on", Kind.DATE),
            "approved_on": Column("t.approved_on", Kind.DATE),
            "closed_on": Column("t.closed_on", Kind.DATE),
            "revenue_target": Column("t.revenue_target_minor", Kind.NUMBER),
            "judged_health": Column(_JUDGED.format("health")),
            "judged_health_rank": Column(f"case {_JUDGED.format('health')} {_RANK} end", Kind.NUMBER),
            "judged_on": Column(_JUDGED.format("judged_on"), Kind.DATE),
        },
        (("last_on", Direction.DESC),),
    ),
)


@strawberry.type
class PlanQueries:
    """Reading account plans."""

    account_plans = connection(
        PLANS, "The account plans that the caller sees: of accounts that the caller owns or manages."
    )

    @costs(20)
    @strawberry.field
    async def plan_difference(
        self,
        info: Info,
        from_id: Annotated[strawberry.ID, strawberry.argument(description="The id of the earlier revision.")],
        to_id: Annotated[
            strawberry.ID | None,
            strawberry.argument(
                description="The id of the later revision, of the same plan; default: the plan as it is now."
            ),
        ] = None,
    ) -> list[PlanDifference]:
        """What was added, removed and changed from one revision of a plan to another, by path."""
        actor = info.context.actor
        before = await find(plan_records.PlanRevision, actor, from_id, "fromId")
        if to_id is None:
            after = await document_of(await stored.AccountPlan.get(id=before.account_plan_id))
        else:
            later = await find(plan_records.PlanRevision, actor, to_id, "toId")
            if later.account_plan_id != before.account_plan_id:
                raise Invalid("the two are of different plans; allowed: revisions of one plan", ["toId"])
            after = later.document
        return [PlanDifference.of(each) for each in difference(before.document, after)]

"""Facts of kind ``plan``: account plans that were not closed, and how they stood when they were judged last.

How a plan stands takes what other facts come to, so that it is no SQL: it is judged each day, and whenever
something of the account is written, and kept.
"""

from __future__ import annotations

from models.asof import as_of_rows
from models.plan_records import Health, PlanJudgement
from models.plans import AccountPlan, Objective, ObjectiveStatus, PlanAction, PlanState
from models.view import View
from rules.kinds.declaring import CURRENCY, days, kind, money, number, text
from rules.registry import Rows

#: The plans of the accounts whose facts are gathered.
_AMONG_PLANS = "(select id from account_plan where tenant_id = :tenant and AMONG(account_id))"
_COUNTED = ", ".join(f"'{status}'" for status in ObjectiveStatus if status.counts)


def _objectives(view: View) -> str:
    """How many objectives count, and how many of them nobody has an action for."""
    objectives = as_of_rows(Objective, ["account_plan_id", "status", "removed_on"], view)
    actions = as_of_rows(PlanAction, ["objective_id", "removed_on"], view)
    acted = f"(select distinct a.objective_id from {actions} a where a.removed_on is null)"
    return (
        "(select o.account_plan_id, count(*) as objectives,"
        " sum(case when a.objective_id is null then 1 else 0 end) as idle"
        f" from {objectives} o left join {acted} a on a.objective_id = o.id"
        f" where o.account_plan_id in {_AMONG_PLANS} and o.removed_on is null and o.status in ({_COUNTED})"
        " group by o.account_plan_id)"
    )


def _actions(view: View) -> str:
    actions = as_of_rows(PlanAction, ["account_plan_id", "due_on", "done_on", "removed_on"], view)
    return (
        "(select a.account_plan_id, count(*) as overdue"
        f" from {actions} a where a.account_plan_id in {_AMONG_PLANS} and a.removed_on is null"
        " and a.due_on < :as_of and (a.done_on is null or a.done_on > :as_of) group by a.account_plan_id)"
    )


def _judgements(view: View) -> str:
    judged = as_of_rows(PlanJudgement, ["account_plan_id", "health", "objectives_behind", "moved_on"], view)
    return (
        "(select j.account_plan_id, j.health, j.objectives_behind, j.moved_on"
        f" from {judged} j where j.account_plan_id in {_AMONG_PLANS})"
    )


PLAN = kind(
    "plan",
    "an account plan that was not closed",
    Rows(
        AccountPlan,
        source="null",
        where="(t.closed_on is null or t.closed_on > :as_of)",
        joins={
            "o": (_objectives, "o.account_plan_id = t.id"),
            "a": (_actions, "a.account_plan_id = t.id"),
            "j": (_judgements, "j.account_plan_id = t.id"),
        },
    ),
    text("name", "the plan's name", "t.name"),
    text("state", "where it stands with whoever approves it", "t.state", PlanState),
    text("health", "how it stood when it was judged last; missing until then", "j.health", Health),
    days(
        "days_since_start",
        "days since its first day; negative when that is to come",
        "DAYS(:as_of, t.first_on)",
    ),
    days("days_to_end", "days until its last day; negative when past", "DAYS(t.last_on, :as_of)"),
    days(
        "days_since_submitted",
        "days since it was submitted last; missing when it never was",
        "DAYS(:as_of, t.submitted_on)",
    ),
    days(
        "days_since_revision",
        "days since it was approved last; missing when it never was",
        "DAYS(:as_of, t.approved_on)",
    ),
    days(
        "days_since_progress",
        "days since something last happened that it is about; missing until it was judged",
        "DAYS(:as_of, j.moved_on)",
    ),
    number(
        "objectives",
        "objectives",
        "objectives that count, as it stands",
        "coalesce(o.objectives, 0)",
        minimum=0,
    ),
    number(
        "objectives_behind",
        "objectives",
        "objectives that were approved and lag behind",
        "coalesce(j.objectives_behind, 0)",
        minimum=0,
    ),
    number(
        "objectives_without_action",
        "objectives",
        "objectives that count and have no action, as it stands",
        "coalesce(o.idle, 0)",
        minimum=0,
    ),
    number(
        "actions_overdue",
        "actions",
        "actions that were due and are not done, as it stands",
        "coalesce(a.overdue, 0)",
        minimum=0,
    ),
    money("revenue_target", "what the account is to bring in a year by its end", "t.revenue_target_minor"),
    CURRENCY,
)

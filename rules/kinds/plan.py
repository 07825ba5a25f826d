"""Facts of kind ``plan``: account plans that were not closed, and how they stood when they were judged last.

How a plan stands takes what other facts come to, so that it is no SQL: it is judged each day, and whenever
something of the account is written, and kept. What is counted of it is what was approved, as its health
counts it; its state, days and revenue target are those of what is written.
"""

from __future__ import annotations

from models.asof import as_of_rows
from models.plan_records import Health, PlanJudgement
from models.plans import AccountPlan, PlanState
from models.view import View
from rules.kinds.declaring import CURRENCY, days, kind, money, number, text
from rules.registry import FactField, Rows

#: The plans of the accounts whose facts are gathered.
_AMONG_PLANS = "(select id from account_plan where tenant_id = :tenant and AMONG(account_id))"
_KEPT = ("objectives", "objectives_behind", "objectives_without_action", "actions_overdue")


def _judgements(view: View) -> str:
    judged = as_of_rows(PlanJudgement, ["account_plan_id", "health", "moved_on", *_KEPT], view)
    kept = ", ".join(f"j.{name}" for name in _KEPT)
    return (
        f"(select j.account_plan_id, j.health, j.moved_on, {kept}"
        f" from {judged} j where j.account_plan_id in {_AMONG_PLANS})"
    )


def _judged(name: str, description: str) -> FactField:
    """How many of what was approved, as it was judged last."""
    return number(
        name,
        "actions" if name == "actions_overdue" else "objectives",
        f"{description}; missing of a plan that was never approved or whose first day is to come",
        f"case when j.health <> '{Health.NOT_BEGUN}' then j.{name} end",
        minimum=0,
    )


PLAN = kind(
    "plan",
    "an account plan that was not closed",
    Rows(
        AccountPlan,
        source="null",
        where="(t.closed_on is null or t.closed_on > :as_of)",
        joins={"j": (_judgements, "j.account_plan_id = t.id")},
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
    _judged("objectives", "objectives that were approved and count"),
    _judged("objectives_behind", "objectives that were approved and lag behind"),
    _judged(
        "objectives_without_action",
        "objectives that were approved, count, are not reached and have no action",
    ),
    _judged("actions_overdue", "actions that were approved, were due and are not done"),
    money(
        "revenue_target",
        "what the account is to bring in a year by its end, as it is written",
        "t.revenue_target_minor",
    ),
    CURRENCY,
)

"""Tables of what is judged, planned and advised: risks, recommendations, trends, rivals, objectives."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from commands.account_review.content import Action, Content, Plan, Shared
from connectors.account_review.sections import Column, Table
from connectors.account_review.tables.shared import AMOUNT, DATE, step_told
from connectors.account_review.texts import NOTHING, capital, day, maybe_money, money, words
from models.plan_records import Health


def risks(content: Content) -> Table:
    """What endangers revenue, why that is said, and what would change it."""
    return Table(
        [
            Column("Risk", 1.9, lines=3),
            Column("Account", 1.5, is_account=True),
            Column("Severity", 1),
            Column("Why", 3.4, lines=5),
            Column("What would change it", 2.8, lines=5),
            Column("Chance", 0.85, True),
            Column("Exposure", AMOUNT, True),
        ],
        [
            [
                each.title,
                each.account,
                words(each.severity.value),
                each.because or f"Since {day(each.since)}.",
                _sentences(each.changes),
                f"{each.probability * 100:.0f} %",
                money(each.exposure_minor, content.currency),
            ]
            for each in content.risks
        ],
        ("risk", "risks"),
        max(0, content.figures.open_risks - len(content.risks)) if content.figures else 0,
    )


def _sentences(told: Sequence[str]) -> str:
    return " ".join(f"{each.rstrip('.')}." for each in told) or NOTHING


def advice(content: Content) -> Table:
    """What to do next, and why, what matters most first."""
    return Table(
        [
            Column("No.", 0.5, True),
            Column("Do", 2.2, lines=3),
            Column("Account", 1.6, is_account=True),
            Column("Due on", DATE),
            Column("Answer", 1),
            Column("Why", 4, lines=4),
            Column("Value", AMOUNT, True),
        ],
        [
            [
                f"{number}",
                each.title,
                each.account,
                day(each.due_on),
                "accepted" if each.is_accepted else "open",
                each.because,
                money(each.value_minor, content.currency),
            ]
            for number, each in enumerate(content.advice, start=1)
        ],
        ("recommendation", "recommendations"),
    )


def trends(content: Content) -> Table:
    """What changes at the customer, and what is done about it."""
    return Table(
        [
            Column("Trend", 2.8, lines=3),
            Column("Account", 1.6, is_account=True),
            Column("Kind", 1.3),
            Column("Means", 1.2),
            Column("Severity", 1),
            Column("Confidence", 1.1),
            Column("Since", DATE),
            Column("Course of action", 2.2, lines=3),
        ],
        [
            [
                each.title,
                each.account,
                words(each.kind.value),
                words(each.impact.value),
                words(each.severity.value),
                words(each.confidence.value),
                day(each.observed_on),
                step_told(each.course, each.course_due_on),
            ]
            for each in content.trends
        ],
        ("trend", "trends"),
    )


def rivals(content: Content) -> Table:
    """Who else sells to the customer, how deals went against them, and what to say."""
    return Table(
        [
            Column("Competitor", 1.6),
            Column("Account", 1.6, is_account=True),
            Column("Family", 1.4),
            Column("Role", 1.1),
            Column("Share", 0.7, True),
            Column("Contract ends", DATE),
            Column("Price a month", 1.3, True),
            Column("We won", 0.9, True),
            Column("What to say", 3, lines=4),
        ],
        [
            [
                each.name,
                each.account,
                each.product_family,
                words(each.role.value),
                NOTHING if each.share is None else f"{each.share} %",
                day(each.ends_on),
                maybe_money(each.price_minor, content.currency),
                f"{each.won} of {each.cases}",
                each.note or NOTHING,
            ]
            for each in content.rivals
        ],
        ("competitor", "competitors"),
    )


def objectives(plan: Plan) -> Table:
    """How far the objectives are beside the time that has passed."""
    return Table(
        [
            Column("Objective", 5, lines=3),
            Column("Due on", DATE),
            Column("Reached", 0.9, True),
            Column("Time passed", 0.9, True),
            Column("Actions done", 1, True),
            Column("Stands", 1),
        ],
        [
            [
                each.title,
                day(each.due_on),
                f"{int(each.progress * 100)} %",
                f"{int(each.passed * 100)} %",
                f"{each.actions_done} of {each.actions}",
                _stands(reached=each.reached, behind=each.behind),
            ]
            for each in plan.judged.objectives
        ],
        ("objective", "objectives"),
    )


def planned(plan: Plan) -> Table:
    """The objectives of a plan that is not judged yet."""
    return Table(
        [Column("Objective", 5, lines=3), Column("Due on", DATE)],
        [[each.title, day(each.due_on)] for each in plan.objectives],
        ("objective", "objectives"),
    )


def _stands(*, reached: bool, behind: bool) -> str:
    if reached:
        return words(Health.ACHIEVED.value)
    return words((Health.BEHIND if behind else Health.ON_TRACK).value)


def actions(told: Sequence[Action], as_of: date) -> Table:
    """What is done for the plan: what is overdue first, then what is open, then what is done."""
    ranked = sorted(told, key=lambda each: (each.done_on is not None, each.due_on))
    return Table(
        [Column("Action", 5), Column("Who", 2), Column("Due on", DATE), Column("Stands", 1.6)],
        [[each.title, each.owner, day(each.due_on), _done(each, as_of)] for each in ranked],
        ("action", "actions"),
    )


def _done(action: Action, as_of: date) -> str:
    if action.done_on:
        return f"done {day(action.done_on)}"
    days = (as_of - action.due_on).days
    if days <= 0:
        return "open"
    return f"overdue by {days} {'day' if days == 1 else 'days'}"


def goals(shared: Shared) -> Table:
    """What was agreed with the customer."""
    return Table(
        [Column("Objective", 5, lines=3), Column("By", DATE), Column("Stands", 1.2)],
        [[each.title, day(each.due_on), "reached" if each.reached else "under way"] for each in shared.goals],
        ("objective", "objectives"),
    )


def steps(shared: Shared) -> Table:
    """Who does what next, of what was agreed with the customer."""
    return Table(
        [Column("Next step", 5, lines=3), Column("Who", 2), Column("By", DATE), Column("Done on", DATE)],
        [[capital(each.title), each.owner, day(each.due_on), day(each.done_on)] for each in shared.steps],
        ("step", "steps"),
    )

"""The tables of a review, the same in the deck and in the written plan; texts are as they were written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from commands.account_review.content import Branch, Content, Point
from connectors.account_review.texts import NOTHING, day, maybe_money, money
from metrics.account_families import FamilyState
from metrics.account_records import Person
from models.plans import Health


@dataclass(frozen=True)
class Column:
    """A column: its head, its share of the width, and whether it holds numbers."""

    head: str
    weight: float
    is_number: bool = False


@dataclass(frozen=True)
class Table:
    """Heads and rows of texts."""

    columns: Sequence[Column]
    rows: Sequence[Sequence[str]]


#: Heads of columns that tell of amounts and dates.
_AMOUNT, _DATE = 1.5, 1.1


def words(value: str) -> str:
    """A value of an enumeration as people write it: BEST_CASE is best case."""
    return value.replace("_", " ").lower()


def key_figures(content: Content) -> list[tuple[str, str]]:
    """The figures at a glance, each with what it is called."""
    standing, currency = content.standing, content.currency
    found = [
        ("Recurring charges a month", money(standing.recurring_minor, currency)),
        ("Running contracts", f"{standing.contracts:,}"),
        ("Active services", f"{standing.services:,}"),
        ("Open tickets", f"{standing.tickets:,}"),
    ]
    figures = content.figures
    if figures is None:
        return found
    return [
        found[0],
        ("Open pipeline", money(figures.pipeline_minor, currency)),
        ("Weighted pipeline", money(figures.weighted_minor, currency)),
        ("Won in the quarter", money(figures.won_minor, currency)),
        ("Revenue at risk", money(figures.at_risk_minor, currency)),
        ("Open risks", f"{figures.open_risks:,}"),
        *found[1:],
    ]


def facts(content: Content) -> list[tuple[str, str]]:
    """What is known of the account itself; what is not known is left out."""
    header, inside = content.header, content.inside
    found = [
        ("Account director", header.owner),
        ("Part of", header.parent),
        ("Industry", header.industry),
        ("Country", header.country),
        ("Employees", f"{header.employees:,}" if header.employees is not None else None),
        ("Accounts in the tree", f"{content.standing.accounts:,}" if content.tree else None),
    ]
    if inside:
        found += [
            ("Tier", words(inside.tier)),
            ("Segment", inside.segment),
            ("Overdue", _overdue(content)),
        ]
    return [(name, value) for name, value in found if value]


def _overdue(content: Content) -> str | None:
    inside = content.inside
    if not inside or not inside.overdue_minor:
        return None
    return f"{money(inside.overdue_minor, content.currency)} since {day(inside.overdue_since)}"


def history(content: Content) -> Table:
    """What the account came to at the ends of quarters."""
    columns = [Column("As of", _DATE), Column("Recurring charges a month", _AMOUNT, True)]
    if content.is_internal:
        columns += [
            Column("Revenue at risk", _AMOUNT, True),
            Column("Weighted by probability", _AMOUNT, True),
        ]
    rows = [_point(point, content) for point in content.history]
    return Table(columns, [row[: len(columns)] for row in rows])


def _point(point: Point, content: Content) -> list[str]:
    return [
        day(point.day),
        money(point.recurring_minor, content.currency),
        maybe_money(point.at_risk_minor, content.currency),
        maybe_money(point.at_risk_weighted_minor, content.currency),
    ]


def tree(content: Content) -> Table:
    """The accounts of the tree, each with what it comes to alone."""
    columns = [
        Column("Account", 4),
        Column("Recurring a month", _AMOUNT, True),
        Column("Services", 0.8, True),
        Column("Tickets", 0.8, True),
    ]
    if content.is_internal:
        columns += [Column("Open pipeline", _AMOUNT, True), Column("At risk", _AMOUNT, True)]
    branches = content.tree.branches if content.tree else ()
    return Table(columns, [_branch(each, content)[: len(columns)] for each in branches])


def _branch(branch: Branch, content: Content) -> list[str]:
    return [
        f"{NOTHING} " * branch.depth + branch.name,
        money(branch.recurring_minor, content.currency),
        f"{branch.services:,}",
        f"{branch.tickets:,}",
        maybe_money(branch.pipeline_minor, content.currency),
        maybe_money(branch.at_risk_minor, content.currency),
    ]


def contracts(content: Content) -> Table:
    """The contracts that run, by their end."""
    running = content.contracts.running if content.contracts else ()
    return Table(
        [
            Column("Contract", 2.6),
            Column("Account", 2),
            Column("Ends on", _DATE),
            Column("Notice by", _DATE),
            Column("Renews itself", 0.9),
            Column("Charges a month", _AMOUNT, True),
        ],
        [
            [
                each.name,
                each.account,
                day(each.ends_on),
                day(each.notice_by),
                "yes" if each.auto_renews else "no",
                money(each.mrc_minor, content.currency),
            ]
            for each in running
        ],
    )


def deals(content: Content) -> Table:
    """The deals that can be won."""
    return Table(
        [
            Column("Deal", 2.6),
            Column("Account", 2),
            Column("Stage", _DATE),
            Column("Category", _DATE),
            Column("Closes on", _DATE),
            Column("Probability", 0.9, True),
            Column("Likelihood", 0.9, True),
            Column("Amount", _AMOUNT, True),
        ],
        [
            [
                each.name,
                each.account,
                words(each.stage.value),
                words(each.category),
                day(each.close_on),
                f"{each.probability} %",
                NOTHING if each.likelihood is None else f"{each.likelihood} %",
                money(each.amount_minor, content.currency),
            ]
            for each in content.deals
        ],
    )


def ended(content: Content) -> Table:
    """The deals that were won and lost in the quarter."""
    return Table(
        [
            Column("Deal", 2.6),
            Column("Account", 2),
            Column("Outcome", 0.8),
            Column("On", _DATE),
            Column("Reason of the loss", 1.8),
            Column("Competitor", 1.4),
            Column("Amount", _AMOUNT, True),
        ],
        [
            [
                each.name,
                each.account,
                "won" if each.is_won else "lost",
                day(each.closed_on),
                each.loss_reason or NOTHING,
                each.competitor or NOTHING,
                money(each.amount_minor, content.currency),
            ]
            for each in content.ended
        ],
    )


def sold(content: Content) -> Table:
    """The products that were agreed on in the quarter."""
    return Table(
        [
            Column("Product", 2.6),
            Column("Account", 2.4),
            Column("Agreed on", _DATE),
            Column("Quantity", 0.8, True),
            Column("Charges a month", _AMOUNT, True),
            Column("One-off", _AMOUNT, True),
        ],
        [
            [
                each.product,
                each.account,
                day(each.closed_on),
                f"{each.quantity:,}",
                money(each.mrc_minor, content.currency),
                money(each.nrc_minor, content.currency),
            ]
            for each in content.sold
        ],
    )


def risks(content: Content) -> Table:
    """What endangers revenue, and why that is said."""
    return Table(
        [
            Column("Risk", 2.2),
            Column("Account", 1.6),
            Column("Severity", 0.8),
            Column("Why", 4.2),
            Column("Probability", 0.9, True),
            Column("Exposure", _AMOUNT, True),
        ],
        [
            [
                each.title,
                each.account,
                words(each.severity.value),
                each.because or f"Since {day(each.since)}.",
                f"{each.probability * 100:.0f} %",
                money(each.exposure_minor, content.currency),
            ]
            for each in content.risks
        ],
    )


def advice(content: Content) -> Table:
    """What to do next, and why."""
    return Table(
        [
            Column("Do", 2.2),
            Column("Account", 1.6),
            Column("Due on", _DATE),
            Column("Answer", 0.9),
            Column("Why", 4),
            Column("Value", _AMOUNT, True),
        ],
        [
            [
                each.title,
                each.account,
                day(each.due_on),
                "accepted" if each.is_accepted else "open",
                each.because,
                money(each.value_minor, content.currency),
            ]
            for each in content.advice
        ],
    )


def tickets(content: Content) -> Table:
    """The tickets that are open."""
    service = content.service
    return Table(
        [Column("Ticket", 4), Column("Account", 2.4), Column("Severity", 1), Column("Open since", _DATE)],
        [
            [each.title, each.account, words(each.severity.value), day(each.opened_on)]
            for each in (service.tickets if service else ())
        ],
    )


def service_months(content: Content) -> Table:
    """Tickets and usage, month by month."""
    service = content.service
    assert service is not None
    used = {month: quantity for month, quantity in service.used}
    columns = [Column("Month", 1), Column("Tickets opened", 1, True), Column("Tickets resolved", 1, True)]
    if service.unit:
        columns.append(Column(f"Used ({service.unit})", 1, True))
    rows = [
        [
            f"{month:%Y-%m}",
            f"{opened:,}",
            f"{resolved:,}",
            f"{used[month]:,}" if month in used else NOTHING,
        ][: len(columns)]
        for month, opened, resolved in zip(service.months, service.opened, service.resolved, strict=True)
    ]
    return Table(columns, rows)


def people(content: Content) -> Table:
    """Who is at the customer; how near they are to us only for those who are to know."""
    columns = [Column("Name", 2), Column("Title", 2.2), Column("Account", 2)]
    if content.is_internal:
        columns += [
            Column("Seniority", _DATE),
            Column("Last contact", _DATE),
            Column("Part in open deals", 2.2),
        ]
    names = {each.id: each.name for each in content.deals}
    return Table(columns, [_person(each, names)[: len(columns)] for each in content.people])


def _person(person: Person, deals_by_id: dict[str, str]) -> list[str]:
    parts = [
        f"{words(each.role.value)} in {deals_by_id[each.deal_id]}"
        for each in person.parts
        if each.deal_id in deals_by_id
    ]
    return [
        person.name,
        person.title or NOTHING,
        person.account,
        words(person.seniority.value),
        day(person.last_contacted_on),
        "; ".join(parts) or NOTHING,
    ]


#: What a customer reads instead of how we call where they stand.
_SHARED = {FamilyState.OWNED: "in use", FamilyState.OPEN: "proposed", FamilyState.NEVER: NOTHING}


def family_state(state: FamilyState, content: Content) -> str:
    """Where an account stands with a family, in the words of the readers."""
    return words(state.value) if content.is_internal else _SHARED[state]


def whitespace(content: Content) -> Table:
    """Where accounts stand with product families."""
    grid = content.whitespace
    assert grid is not None
    return Table(
        [Column("Account", 2), *(Column(family, 1) for family in grid.families)],
        [[name, *(family_state(state, content) for state in states)] for name, states in grid.rows],
    )


def plan_facts(content: Content) -> list[tuple[str, str]]:
    """What the plan is, and how it stands."""
    assert content.plan is not None
    plan, judged = content.plan.plan, content.plan.judged
    target = judged.revenue
    found = [
        ("Plan", plan.name),
        ("Period", f"{day(plan.first_on)} to {day(plan.last_on)}"),
        ("State", words(plan.state)),
        ("Health", words(judged.health.value)),
        ("Vision", plan.vision),
    ]
    if plan.revenue_target_minor is not None:
        found.append(("Revenue target", f"{money(plan.revenue_target_minor, content.currency)} a year"))
    if target is not None:
        found.append(("In sight of it", f"{money(int(target.in_sight * 100), content.currency)} a year"))
    return [(name, value) for name, value in found if value]


def objectives(content: Content) -> Table:
    """How far the objectives are beside the time that has passed."""
    assert content.plan is not None
    judged = content.plan.judged
    return Table(
        [
            Column("Objective", 5),
            Column("Due on", _DATE),
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
            for each in judged.objectives
        ],
    )


def _stands(*, reached: bool, behind: bool) -> str:
    if reached:
        return words(Health.ACHIEVED.value)
    return words((Health.BEHIND if behind else Health.ON_TRACK).value)


def actions(content: Content) -> Table:
    """What is done for the plan."""
    assert content.plan is not None
    return Table(
        [Column("Action", 5), Column("Who", 2), Column("Due on", _DATE), Column("Done on", _DATE)],
        [
            [each.title, each.owner, day(each.due_on), day(each.done_on)]
            for each in content.plan.actions
        ],
    )

"""The tables of a review, the same in the deck and in the written plan; texts are as they were written."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from commands.account_review.content import Action, Care, Content, Known, Person, Plan, Shared, Whitespace
from connectors.account_review.sections import Column, Table
from connectors.account_review.texts import NOTHING, capital, day, maybe_money, money, words
from metrics.account_records import AccountService
from models.people import Seniority
from models.plans import Health

#: Shares of the width for amounts and dates.
_AMOUNT, _DATE = 1.5, 1.1


def history(content: Content) -> Table:
    """What the account came to at the ends of quarters."""
    columns = [Column("As of", _DATE), Column("Charges a month", _AMOUNT, True)]
    if content.is_internal:
        columns += [Column("At risk", _AMOUNT, True), Column("Weighted", _AMOUNT, True)]
    rows = [
        [
            day(point.day),
            money(point.recurring_minor, content.currency),
            maybe_money(point.at_risk_minor, content.currency),
            maybe_money(point.at_risk_weighted_minor, content.currency),
        ][: len(columns)]
        for point in content.history
    ]
    return Table(columns, rows, ("quarter", "quarters"))


def tree(content: Content) -> Table:
    """The accounts of the tree, each with what it comes to alone."""
    columns = [
        Column("Account", 4),
        Column("Charges a month", _AMOUNT, True),
        Column("Services", 0.9, True),
        Column("Open tickets", 0.9, True),
    ]
    if content.is_internal:
        columns += [Column("Open pipeline", _AMOUNT, True), Column("At risk", _AMOUNT, True)]
    rows = [
        [
            f"{NOTHING} " * each.depth + each.name,
            money(each.recurring_minor, content.currency),
            f"{each.services:,}",
            f"{each.tickets:,}",
            maybe_money(each.pipeline_minor, content.currency),
            maybe_money(each.at_risk_minor, content.currency),
        ][: len(columns)]
        for each in content.tree
    ]
    return Table(columns, rows, ("account", "accounts"), content.standing.accounts - len(rows))


def contracts(content: Content) -> Table:
    """The contracts that run, by their end."""
    return Table(
        [
            Column("Contract", 2.6),
            Column("Account", 2, is_account=True),
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
            for each in (content.contracts.running if content.contracts else ())
        ],
        ("contract", "contracts"),
    )


def deals(content: Content) -> Table:
    """The deals that can be won."""
    return Table(
        [
            Column("Deal", 2.4),
            Column("Account", 1.8, is_account=True),
            Column("Stage", 1.15),
            Column("Category", 1),
            Column("Closes on", _DATE),
            Column("Chance", 0.85, True),
            Column("Amount", _AMOUNT, True),
            Column("Next step", 2.2),
        ],
        [
            [
                each.name,
                each.account,
                words(each.stage.value),
                words(each.category.value),
                day(each.close_on),
                _chance(each.probability, each.likelihood),
                money(each.amount_minor, content.currency),
                _step(each.next_step, each.next_step_on),
            ]
            for each in content.deals
        ],
        ("deal", "deals"),
    )


def _chance(probability: int, likelihood: int | None) -> str:
    """What its owner says, and what past deals say where they say anything."""
    return f"{probability} %" if likelihood is None else f"{probability} % (past: {likelihood} %)"


def _step(step: str | None, on: date | None) -> str:
    if not step:
        return NOTHING
    return f"{step} ({day(on)})" if on else step


def ended(content: Content) -> Table:
    """The deals that were won and lost in the quarter."""
    return Table(
        [
            Column("Deal", 2.6),
            Column("Account", 2, is_account=True),
            Column("Outcome", 0.9),
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
        ("deal", "deals"),
    )


def sold(content: Content) -> Table:
    """The products that were agreed on in the quarter."""
    return Table(
        [
            Column("Agreed this quarter", 2.6),
            Column("Account", 2.4, is_account=True),
            Column("On", _DATE),
            Column("Quantity", 0.9, True),
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
        ("product", "products"),
    )


def services(told: Iterable[AccountService], currency: str, head: str = "Service") -> Table:
    """Services, with what they are and since when."""
    return Table(
        [
            Column(head, 2.6),
            Column("Product", 1.8),
            Column("Account", 2, is_account=True),
            Column("State", 1.3),
            Column("Since", _DATE),
            Column("Charges a month", _AMOUNT, True),
        ],
        [
            [
                each.name,
                each.product or NOTHING,
                each.account,
                words(each.state.value),
                day(each.started_on),
                money(each.mrc_minor, currency),
            ]
            for each in told
        ],
        ("service", "services"),
    )


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
            Column("Exposure", _AMOUNT, True),
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
            Column("Due on", _DATE),
            Column("Answer", 1),
            Column("Why", 4, lines=4),
            Column("Value", _AMOUNT, True),
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


def tickets(care: Care) -> Table:
    """The tickets that are open."""
    return Table(
        [
            Column("Open ticket", 4),
            Column("Account", 2.4, is_account=True),
            Column("Severity", 1),
            Column("Since", _DATE),
        ],
        [
            [each.title, each.account, words(each.severity.value), day(each.opened_on)]
            for each in care.tickets
        ],
        ("ticket", "tickets"),
    )


def restored(care: Care) -> Table:
    """How quickly tickets were resolved in the quarter."""
    return Table(
        [
            Column("Severity", 1.2),
            Column("Opened", 1, True),
            Column("Resolved", 1, True),
            Column("Median days", 1, True),
            Column("Longest", 1, True),
        ],
        [
            [
                words(each.severity.value),
                f"{each.opened:,}",
                f"{each.resolved:,}",
                NOTHING if each.median_days is None else f"{each.median_days:,.1f}",
                NOTHING if each.longest_days is None else f"{each.longest_days:,}",
            ]
            for each in care.restored
        ],
        ("severity", "severities"),
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
            Column("Since", _DATE),
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
                _step(each.course, each.course_due_on),
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
            Column("Contract ends", _DATE),
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


def known_people(known: Iterable[Known]) -> Table:
    """Everybody at the account: what they are, how near to us, and who of us knows them."""
    return Table(
        [
            Column("Name", 1.8, lines=3),
            Column("Title", 2),
            Column("Role", 1.3),
            Column("Influence", 1),
            Column("Sentiment", 1.2),
            Column("Strength", 0.9, True),
            Column("Last contact", 1.2),
            Column("Known by", 2),
        ],
        [
            [
                each.name,
                each.title or NOTHING,
                words(each.role) if each.role else NOTHING,
                words(each.influence.value) if each.influence else NOTHING,
                words(each.support.value) if each.support else NOTHING,
                f"{each.strength}",
                f"left {day(each.left_on)}" if each.left_on else day(each.last_on),
                ", ".join(each.colleagues) or "nobody",
            ]
            for each in sorted(known, key=_standing)
        ],
        ("person", "people"),
    )


def _standing(known: Known) -> tuple[bool, int, int, str, str]:
    """Those who are there before those who left, by seniority, those whom we know best first."""
    rank = [*Seniority].index(known.seniority)
    return known.left_on is not None, rank, -known.strength, known.name, known.contact_id


def persons(told: Iterable[Person], head: str) -> Table:
    """People as everybody may read of them; accounts where they are at any."""
    columns = [Column(head, 2, lines=3), Column("Function", 2.4), Column("Account", 2, is_account=True)]
    listed = list(told)
    width = 3 if any(each.account for each in listed) else 2
    rows = [[each.name, each.does or NOTHING, each.account or NOTHING][:width] for each in listed]
    return Table(columns[:width], rows, ("person", "people"))


def gaps(whitespace: Whitespace, currency: str) -> Table:
    """The largest gaps against what similar customers buy."""
    return Table(
        [
            Column("Product family", 1.6),
            Column("Account", 2, is_account=True),
            Column("Stands", 1.2),
            Column("Pays a month", _AMOUNT, True),
            Column("Potential", _AMOUNT, True),
            Column("Gap a month", _AMOUNT, True),
            Column("Peers who own it", 1.2, True),
        ],
        [
            [
                each.part.name,
                whitespace.name_of(each.account_id),
                words(each.state.value),
                money(each.mrc_minor, currency),
                maybe_money(
                    each.typed_minor if each.typed_minor is not None else each.potential_minor, currency
                ),
                maybe_money(each.gap_minor, currency),
                f"{each.peers.owners:,} of {each.peers.count:,}",
            ]
            for each in whitespace.gaps
        ],
        ("gap", "gaps"),
    )


def objectives(plan: Plan) -> Table:
    """How far the objectives are beside the time that has passed."""
    return Table(
        [
            Column("Objective", 5, lines=3),
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
            for each in plan.judged.objectives
        ],
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
        [Column("Action", 5), Column("Who", 2), Column("Due on", _DATE), Column("Stands", 1.6)],
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
        [Column("Objective", 5, lines=3), Column("By", _DATE), Column("Stands", 1.2)],
        [[each.title, day(each.due_on), "reached" if each.reached else "under way"] for each in shared.goals],
        ("objective", "objectives"),
    )


def steps(shared: Shared) -> Table:
    """Who does what next, of what was agreed with the customer."""
    return Table(
        [Column("Next step", 5, lines=3), Column("Who", 2), Column("By", _DATE), Column("Done on", _DATE)],
        [[capital(each.title), each.owner, day(each.due_on), day(each.done_on)] for each in shared.steps],
        ("step", "steps"),
    )

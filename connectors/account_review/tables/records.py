"""Tables of what there is: figures over time, contracts, deals, services, tickets, whitespace."""

from __future__ import annotations

from collections.abc import Iterable

from commands.account_review.content import Care, Content, Whitespace
from connectors.account_review.sections import Column, Table
from connectors.account_review.tables.shared import AMOUNT, DATE, step_told
from connectors.account_review.texts import NOTHING, TOGETHER, day, maybe_money, money, words
from metrics.account_records import AccountService


def history(content: Content) -> Table:
    """What the account came to at the ends of quarters."""
    columns = [Column("As of", DATE), Column("Charges a month", AMOUNT, True)]
    if content.is_internal:
        columns += [Column("At risk", AMOUNT, True), Column("Weighted", AMOUNT, True)]
    rows = [
        [
            day(point.day),
            money(point.recurring_minor, content.currency),
            _judged(point.at_risk_minor, content.currency),
            _judged(point.at_risk_weighted_minor, content.currency),
        ][: len(columns)]
        for point in content.history
    ]
    return Table(columns, rows, ("quarter", "quarters"))


def _judged(minor: int | None, currency: str) -> str:
    """What is at risk, or that nobody judged it yet: that is not 0."""
    return "not judged" if minor is None else money(minor, currency)


def tree(content: Content) -> Table:
    """The accounts of the tree, each with what it comes to alone."""
    columns = [
        Column("Account", 4),
        Column("Charges a month", AMOUNT, True),
        Column("Services", 0.9, True),
        Column("Open tickets", 0.9, True),
    ]
    if content.is_internal:
        columns += [Column("Open pipeline", AMOUNT, True), Column("At risk", AMOUNT, True)]
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
            Column("Ends on", DATE),
            Column("Notice by", DATE),
            Column("Renews itself", 0.9),
            Column("Charges a month", AMOUNT, True),
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
            Column("Closes on", DATE),
            Column("Chance", 1.1, True, lines=3),
            Column("Amount", AMOUNT, True),
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
                step_told(each.next_step, each.next_step_on),
            ]
            for each in content.deals
        ],
        ("deal", "deals"),
    )


def _chance(probability: int, likelihood: int | None) -> str:
    """What its owner says, and what past deals say where they say anything."""
    said = f"{probability}{TOGETHER}%"
    return said if likelihood is None else f"{said} (past:{TOGETHER}{likelihood}{TOGETHER}%)"


def ended(content: Content) -> Table:
    """The deals that were won and lost in the quarter."""
    return Table(
        [
            Column("Deal", 2.6),
            Column("Account", 2, is_account=True),
            Column("Outcome", 0.9),
            Column("On", DATE),
            Column("Reason of the loss", 1.8),
            Column("Competitor", 1.4),
            Column("Amount", AMOUNT, True),
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
            Column("On", DATE),
            Column("Quantity", 0.9, True),
            Column("Charges a month", AMOUNT, True),
            Column("One-off", AMOUNT, True),
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
            Column("Since", DATE),
            Column("Charges a month", AMOUNT, True),
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


def tickets(care: Care) -> Table:
    """The tickets that are open."""
    return Table(
        [
            Column("Open ticket", 4),
            Column("Account", 2.4, is_account=True),
            Column("Severity", 1),
            Column("Since", DATE),
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


def gaps(whitespace: Whitespace, currency: str) -> Table:
    """The largest gaps against what similar customers buy."""
    return Table(
        [
            Column("Product family", 1.6),
            Column("Account", 2, is_account=True),
            Column("Stands", 1.2),
            Column("Pays a month", AMOUNT, True),
            Column("Potential", AMOUNT, True),
            Column("Gap a month", AMOUNT, True),
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

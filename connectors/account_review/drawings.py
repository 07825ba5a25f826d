"""The sections of a review that have charts, each with the table of its figures."""

from __future__ import annotations

from collections.abc import Iterator

from commands.account_review.content import Care, Content
from connectors.account_review.sections import Block, Chart, Drawn, Facts, Section
from connectors.account_review.tables import records
from connectors.account_review.texts import day, money, words
from metrics.account_records import by_category
from metrics.forecast import OPEN
from metrics.hierarchy import ContractEnd
from models.deals import ForecastCategory

_MINOR = 100
_ENDS = {
    ContractEnd.WITHIN_90_DAYS: "in 90 days",
    ContractEnd.WITHIN_180_DAYS: "in 180 days",
    ContractEnd.WITHIN_365_DAYS: "in 365 days",
    ContractEnd.LATER: "later",
    ContractEnd.OPEN_ENDED: "open-ended",
}


def whole(content: Content, title: str) -> str:
    """The title of what is told of the account with those below it, where there are any."""
    return f"{title}, with subsidiaries" if content.tree else title


def over_time(content: Content) -> Section:
    """Charges, and revenue at risk, at the ends of quarters."""
    days = [day(point.day) for point in content.history]
    recurring = Chart(
        f"Charges a month ({content.currency})",
        Drawn.COLUMNS,
        days,
        [("Charges a month", [point.recurring_minor / _MINOR for point in content.history])],
    )
    charts: list[Block] = [recurring]
    if any(point.at_risk_minor is not None for point in content.history):
        charts.append(
            Chart(
                f"Revenue at risk ({content.currency})",
                Drawn.LINES,
                days,
                [
                    ("At risk", [_whole(point.at_risk_minor) for point in content.history]),
                    ("Weighted", [_whole(point.at_risk_weighted_minor) for point in content.history]),
                ],
            )
        )
    title = whole(content, "Revenue and risk over time" if content.is_internal else "Your charges over time")
    has_any = any(point.recurring_minor or point.at_risk_minor for point in content.history)
    return Section(title, [charts, [records.history(content)]] if has_any else [])


def _whole(minor: int | None) -> float | None:
    return None if minor is None else minor / _MINOR


def forecast(content: Content) -> Section:
    """Open deals by forecast category, and one by one."""
    if not content.deals or not content.figures:
        return Section("Deals and forecast", [])
    categories = by_category(content.deals)
    told = [*OPEN, ForecastCategory.OMITTED]
    chart = Chart(
        f"Open deals by category ({content.currency})",
        Drawn.BARS,
        [words(each.value) for each in reversed(told)],
        [("Amount", [categories.of(each).minor / _MINOR for each in reversed(told)])],
    )
    figures = content.figures
    facts = Facts(
        [
            ("Open deals", f"{figures.open_deals:,}"),
            ("Open pipeline", money(figures.pipeline_minor, content.currency)),
            ("Weighted by chance", money(figures.weighted_minor, content.currency)),
            ("Commit", money(categories.of(ForecastCategory.COMMIT).minor, content.currency)),
            ("Won this quarter", money(figures.won_minor, content.currency)),
        ]
    )
    return Section("Deals and forecast", [[chart, facts], [records.deals(content)]])


def care(content: Content) -> Iterator[Section]:
    """Tickets and usage by month, and how quickly tickets were resolved."""
    of = content.care
    if of is None:
        return
    charts: list[Block] = []
    if any(of.months.opened) or any(of.months.resolved):
        charts.append(_ticket_chart(of))
    if of.used:
        charts.append(
            Chart(
                f"Usage a month ({of.unit})",
                Drawn.COLUMNS,
                [f"{month:%Y-%m}" for month in of.used],
                [("Used", [float(each) for each in of.used.values()])],
            )
        )
    told = [each for each in (records.restored(of), records.tickets(of)) if each.rows]
    yield Section("Tickets and usage", [charts, told])


def _ticket_chart(care: Care) -> Chart:
    return Chart(
        "Tickets a month",
        Drawn.COLUMNS,
        [f"{month:%Y-%m}" for month in care.months.months],
        [
            ("Opened", [float(each) for each in care.months.opened]),
            ("Resolved", [float(each) for each in care.months.resolved]),
        ],
    )


def contracts(content: Content) -> Section:
    """What contracts bring by when they end, and each of them."""
    if content.contracts is None:
        return Section("Contracts", [])
    ending = content.contracts.ending
    chart = Chart(
        f"Charges a month by when their contract ends ({content.currency})",
        Drawn.COLUMNS,
        list(_ENDS.values()),
        [("Charges a month", [ending.get(each, 0) / _MINOR for each in _ENDS])],
    )
    return Section("Contracts", [[chart], [records.contracts(content)]])

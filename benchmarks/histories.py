"""Deals of the two public pipelines as plain histories, and what is odd about their rows."""

from __future__ import annotations

import csv
from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from metrics.forecasting.history import DealHistory, History, Outcome, Track, dated

DATA = Path(__file__).parents[2] / "shared" / "data"
SALES, SYNTHETIC, WIN_LOSS = "crm-sales-opportunities", "synthetic-crm-full", "ibm-sales-win-loss"
Row = dict[str, str]


@dataclass(frozen=True)
class Read:
    """Histories, and the number of rows that were found odd, by what is odd about them."""

    history: History
    odd: dict[str, int]


def rows(folder: str, name: str) -> list[Row]:
    """The rows of one file of a data set."""
    with (DATA / folder / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def sales() -> Read:
    """The fictitious hardware seller: a deal has its product's list price until it is won for a value."""
    prices = {
        row["product"].replace(" ", ""): _minor(row["sales_price"]) for row in rows(SALES, "products.csv")
    }
    found = rows(SALES, "sales_pipeline.csv")
    begun = [row for row in found if row["engage_date"]]
    deals = tuple(_sale(row, prices[row["product"].replace(" ", "")]) for row in begun)
    return Read(History(deals), {"deals without a day of engagement, left out": len(found) - len(begun)})


def _sale(row: Row, list_minor: int) -> DealHistory:
    began, closed = _day(row["engage_date"]), row["close_date"]
    endings: Track[Outcome | None] = ()
    amounts: Track[int | None] = ()
    if closed:
        won = row["deal_stage"] == "Won"
        endings = (dated(Outcome.WON if won else Outcome.LOST, _day(closed)),)
        amounts = (dated(_minor(row["close_value"]), _day(closed)),) if won else ()
    return DealHistory(
        row["opportunity_id"],
        began,
        began,
        stages=(dated("Engaging", began),),
        amounts=amounts,
        endings=endings,
        owners=(dated(row["sales_agent"], began),),
        product=row["product"],
        list_minor=list_minor,
    )


def synthetic() -> Read:
    """The synthetic licensing business: amount and expected close count as known since the creation.

    The file has one value of each, and does not say when it was entered. A stage that is entered after the
    deal was closed is left out.
    """
    stages: dict[str, list[Row]] = defaultdict(list)
    history = rows(SYNTHETIC, "crm_opportunity_stage_history.csv")
    for row in history:
        stages[row["opportunity_id"]].append(row)
    deals = rows(SYNTHETIC, "crm_opportunities.csv")
    closed = {row["opportunity_id"]: row["close_date_actual"] for row in deals}
    odd = {
        "stage rows that leave before they enter": sum(
            row["stage_exited_date"] < row["stage_entered_date"]
            for row in history
            if row["stage_exited_date"]
        ),
        "stage rows that enter after the deal was closed, left out": sum(
            row["stage_entered_date"] > (closed[row["opportunity_id"]] or "9") for row in history
        ),
    }
    return Read(History(tuple(_licence(row, stages[row["opportunity_id"]]) for row in deals)), odd)


def _licence(row: Row, stages: list[Row]) -> DealHistory:
    began, closed = _day(row["created_date"]), row["close_date_actual"]
    won = row["is_won"].startswith("1")
    entered = [(stage["to_stage"], _day(stage["stage_entered_date"])) for stage in stages]
    return DealHistory(
        row["opportunity_id"],
        began,
        began,
        stages=tuple(dated(stage, on) for stage, on in entered if not closed or on <= _day(closed)),
        amounts=(dated(_minor(row["amount"]), began),),
        expected_closes=(dated(_day(row["expected_close_date"]), began),),
        endings=(dated(Outcome.WON if won else Outcome.LOST, _day(closed)),) if closed else (),
        owners=(dated(row["owner_user_id"], began),),
        kind=row["deal_type"],
        segment=row["division"],
    )


def _day(text: str) -> date:
    return date.fromisoformat(text)


def _minor(text: str) -> int:
    return round(float(text) * 100)

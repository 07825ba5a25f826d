"""Importing another source by its own mapping: what it stores, again, and as of earlier dates."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from connectors import ImportReport, import_folder
from models.accounts import Account
from models.asof import as_of_rows
from models.database import fetch
from models.deals import Deal, DealLine, Stage, StageChange
from models.errors import Invalid
from tests import factories
from tests.connectors.source import AS_OF, CUSTOMERS, OFFERS, count_changes, imported, mapping, state, written


def _counts(report: ImportReport, step: str) -> tuple[int, ...]:
    counts = report.counts[step]
    return counts.read, counts.created, counts.updated, counts.unchanged, counts.rejected


async def test_a_source_is_imported_by_its_mapping_alone(db: str, tmp_path: Path) -> None:
    report = await imported(written(tmp_path))
    assert {step: _counts(report, step) for step in report.counts} == {
        "products": (2, 2, 0, 0, 0),
        "customers": (3, 3, 0, 0, 0),
        "offers": (3, 3, 0, 0, 0),
        "lines": (3, 3, 0, 0, 0),
    }
    assert [(r.file, r.column, r.found, r.became, r.count) for r in report.repairs] == [
        ("offers.csv", "product", "Fibre1G", "Fibre 1G", 1)
    ]
    rail = await Account.get(external_id="C1")
    assert (rail.name, rail.employees, rail.currency) == ("North Rail", 500, "EUR")
    holding = await Account.get(id=rail.parent_id)
    assert (holding.external_id, holding.overdue_minor) == ("C2", 1000_50)
    won = await Deal.get(external_id="O2")
    assert (won.stage, won.amount_minor, won.closed_on) == (Stage.WON, 300_50, date(2026, 2, 15))
    assert await DealLine.filter(deal_id=won.id).count() == 1


async def _forecast(report: ImportReport, deal: str, day: date) -> list[object]:
    columns = ["stage", "forecast_category", "probability"]
    query = (
        f"select d.stage, d.forecast_category, d.probability from {as_of_rows(Deal, columns)} d"
        " join deal t on t.id = d.id where t.external_id = :deal"
    )
    rows = await fetch(query, {"tenant": report.tenant.id, "as_of": day, "deal": deal})
    return list(rows[0].values())


async def test_a_deal_has_the_forecast_of_its_stage_then_and_now(db: str, tmp_path: Path) -> None:
    report = await imported(written(tmp_path))
    then = await _forecast(report, "O2", date(2026, 2, 14))
    now = await _forecast(report, "O2", date(2026, 2, 15))
    assert then == ["PROPOSED", "BEST_CASE", 50]
    assert now == ["WON", "CLOSED", 100]
    moves = await StageChange.filter(deal__external_id="O2").order_by("changed_on")
    assert [(move.to_stage, move.changed_on) for move in moves] == [
        (Stage.PROPOSED, date(2025, 12, 2)),
        (Stage.WON, date(2026, 2, 15)),
    ]


async def test_a_second_run_writes_nothing(db: str, tmp_path: Path) -> None:
    await imported(written(tmp_path))
    before, changes = await state(), await count_changes()
    again = await imported(tmp_path)
    assert sum(counts.written for counts in again.counts.values()) == 0
    assert (await state(), await count_changes()) == (before, changes)


async def test_a_later_export_changes_what_differs_on_its_date(db: str, tmp_path: Path) -> None:
    await imported(written(tmp_path))
    later = OFFERS.replace("open;05.01.2026;;1200,00", "yes;05.01.2026;20.03.2026;1100,00")
    report = await imported(written(tmp_path, offers=later))
    assert _counts(report, "offers") == (3, 0, 1, 2, 0)
    move = await StageChange.filter(deal__external_id="O1").order_by("-changed_on").first()
    assert move is not None
    assert (move.from_stage, move.to_stage, move.changed_on) == (Stage.PROPOSED, Stage.WON, date(2026, 3, 20))


async def test_progress_tells_each_step_to_its_end(db: str, tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    folder = written(tmp_path)
    await import_folder(mapping(), folder, AS_OF, progress=lambda *step: told.append(step))
    assert ("offers", 3, 3) in told


async def test_another_currency_than_the_tenants_is_refused(db: str, tmp_path: Path) -> None:
    await factories.tenant(slug="ledger", currency="USD")
    with pytest.raises(Invalid, match="keeps its books in USD"):
        await imported(written(tmp_path))
    assert await Account.all().count() == 0


async def test_accounts_that_are_each_others_parent_are_rejected(db: str, tmp_path: Path) -> None:
    circular = CUSTOMERS.replace("C2;Rail Holding;;", "C2;Rail Holding;C1;")
    report = await imported(written(tmp_path, customers=circular))
    assert _counts(report, "customers") == (3, 1, 0, 0, 2)
    assert {each.reason for each in report.rejects if each.file == "customers.csv"} == {
        "refers to itself in a circle"
    }


async def test_the_closing_tables_show_text_as_it_is(db: str, tmp_path: Path) -> None:
    report = await imported(written(tmp_path, offers=OFFERS.replace("O1;C1", "O1;[red]C9")))
    titles = [table.title for table in report.tables()]
    assert titles == ["imported", "repaired", "rejected"]
    assert "[red]C9" in [str(cell) for cell in report.tables()[2].columns[4].cells]

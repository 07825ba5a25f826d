"""The bundled mapping on a whole CRM: every row of nine files is there or named, and any past day adds up.

On SQLite alone, as it is large; what the mapping uses is shown on both databases in test_told_changes.
"""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from datetime import date, timedelta
from pathlib import Path
from random import Random

import pytest

from connectors import ImportReport, import_folder, load_mapping
from connectors.tables import EXAMPLES
from models.access import Role, Team, User
from models.asof import as_of_rows
from models.catalog import Product
from models.database import fetch
from models.deals import Deal, DealContact, DealLine, Stage
from models.people import Contact, Interaction, InteractionDirection, InteractionKind
from models.revenue import Contract
from tests.connectors.source import DATA, count_changes

FOLDER = DATA / "synthetic-crm-full"
AS_OF = date(2024, 12, 31)
STAGES = {
    "Lead": "IDENTIFIED", "Qualified Lead": "QUALIFIED", "Opportunity": "PROPOSED",
    "Negotiation": "NEGOTIATING", "Closed Won": "WON", "Closed Lost": "LOST",
}  # fmt: skip
pytestmark = pytest.mark.skipif(
    not FOLDER.is_dir(), reason="the whole CRM is not at ../shared/data/synthetic-crm-full"
)
Row = dict[str, str]


@pytest.mark.parametrize("db_url", ["sqlite"], indirect=True)
async def test_a_whole_crm_is_imported_and_nothing_is_lost(db: str, tmp_path: Path) -> None:
    mapping = load_mapping("synthetic-crm")
    report = await import_folder(mapping, FOLDER, AS_OF, rejects=tmp_path / "rejects.csv")
    _every_row_is_accounted_for(report)
    _what_is_odd_is_told(report, tmp_path / "rejects.csv")
    await _records()
    await _any_day_adds_up(report)
    changes = await count_changes()
    again = await import_folder(mapping, FOLDER, AS_OF)
    assert sum(counts.written for counts in again.counts.values()) == 0
    assert await count_changes() == changes
    assert again.oddities == report.oddities


def _every_row_is_accounted_for(report: ImportReport) -> None:
    assert {
        step: (c.read, c.created, c.updated, c.unchanged, c.rejected) for step, c in report.counts.items()
    } == {
        "divisions": (5, 5, 0, 0, 0),
        "teams": (27, 27, 0, 0, 0),
        "users": (84, 84, 0, 0, 0),
        "products": (31, 31, 0, 0, 0),
        "accounts": (220, 220, 0, 0, 0),
        "contacts": (520, 520, 0, 0, 0),
        "deals": (1850, 1850, 0, 0, 0),
        # 1,850 tell the first stage, 1,165 of no other; 676 leave before they enter, 128 follow the end
        "deals from stages": (7437, 3618, 0, 3015, 804),
        "primary_contacts": (1683, 1683, 0, 0, 0),
        "lines": (8208, 8208, 0, 0, 0),
        "contracts": (1318, 1318, 0, 0, 0),
        "activities": (14105, 14105, 0, 0, 0),
    }
    for file in FOLDER.glob("*.csv"):
        rows = sum(1 for _ in csv.reader(file.open(encoding="utf-8"))) - 1
        assert rows == max(c.read for c in report.counts.values() if c.file == file.name), file.name


def _what_is_odd_is_told(report: ImportReport, rejects: Path) -> None:
    assert {(odd.file.removeprefix("crm_"), odd.column, odd.done == "rejected"): odd.count
            for odd in report.oddities} == {
        ("opportunity_stage_history.csv", "stage_exited_date", True): 676,
        ("opportunity_stage_history.csv", "stage_entered_date", True): 128,
        ("opportunity_stage_history.csv", "from_stage", False): 4758,
        ("opportunities.csv", "stage", False): 2,
        ("opportunities.csv", "created_date", False): 502,
        ("accounts.csv", "last_activity_date", False): 1,
        ("accounts.csv", "account_name", False): 90,
        ("contacts.csv", "created_date", False): 227,
        ("contracts.csv", "signed_date", False): 357,
        ("activities.csv", "activity_date", False): 3796,
        ("opportunity_line_items.csv", "created_date", False): 103,
    }  # fmt: skip
    named = Counter(row["done"] == "rejected" for row in csv.DictReader(rejects.open(encoding="utf-8")))
    assert named == {True: 804, False: 7 * EXAMPLES + 2 + 1}
    assert [note.split(" ")[0] for note in report.notes] == ["26", "74", "66"]


async def _records() -> None:
    assert Counter(user.role for user in await User.all()) == {Role.MANAGER: 27, Role.DIRECTOR: 57}
    laurie = await User.get(external_id="USR-3000")
    manager = await User.get(id=laurie.manager_id)
    assert (laurie.name, manager.external_id, manager.team_id) == ("Laurie Brown", "USR-3072", laurie.team_id)
    division = await Team.get(id=(await Team.get(id=laurie.team_id)).parent_id)
    assert division.name == _division("USR-3072")
    assert await User.filter(active=False).count() == 13
    lost = await Deal.get(external_id="OPP-4000")
    assert (lost.stage, lost.amount_minor, lost.probability) == (Stage.LOST, 690_000_00, 0)
    assert (lost.close_on, lost.closed_on) == (date(2017, 3, 3), date(2017, 6, 20))
    assert (lost.loss_reason, await _user(lost.owner_id)) == ("Budget cut / cancelled", "USR-3066")
    assert lost.stage_since == lost.closed_on
    lines = await DealLine.filter(deal_id=lost.id)
    assert sum(line.nrc_minor for line in lines) == lost.amount_minor
    part = await DealContact.get(deal_id=lost.id)
    assert (await Contact.get(id=part.contact_id)).external_id == "CON-2293"
    contract = await Contract.get(external_id="CON-8000")
    assert (contract.starts_on, contract.ends_on) == (date(2020, 10, 14), date(2021, 4, 12))
    assert contract.mrc_minor == 74_166_67  # 445,000 in 6 months
    visit = await Interaction.get(external_id="ACT-7001")
    assert (visit.kind, visit.direction) == (InteractionKind.VISIT, InteractionDirection.INBOUND)
    assert (visit.happened_on, visit.duration_minutes) == (date(2017, 2, 11), 60)
    assert (visit.deal_id, visit.account_id) == (lost.id, lost.account_id)
    assert (visit.outcome, await _user(visit.user_id)) == ("Negative - Client hesitant", "USR-3066")
    assert (await Contact.get(external_id="CON-2000")).name == "Danielle Johnson"
    assert (await Product.get(external_id="PRD-9000")).list_price_minor == 10_200_00


async def _user(user_id: str | None) -> str | None:
    return (await User.get(id=user_id)).external_id


def _division(user: str) -> str:
    return next(row["division"] for row in _read("users") if row["user_id"] == user)


def _read(name: str) -> list[Row]:
    return list(csv.DictReader((FOLDER / f"crm_{name}.csv").open(encoding="utf-8")))


async def _any_day_adds_up(report: ImportReport) -> None:
    """Count and amount by stage on random days equal a replay of the files that uses nothing of ours."""
    deals, moves = _read("opportunities"), defaultdict[str, list[Row]](list)
    for row in _read("opportunity_stage_history"):
        moves[row["opportunity_id"]].append(row)
    random, beginning = Random("days"), date(2015, 1, 1)
    for _ in range(50):
        day = beginning + timedelta(days=random.randrange((AS_OF - beginning).days))
        rows = await fetch(
            "select d.stage, count(*) as deals, sum(d.amount_minor) as minor"
            f" from {as_of_rows(Deal, ['stage', 'amount_minor'])} d group by d.stage",
            {"tenant": report.tenant.id, "as_of": day},
        )
        found = {str(row["stage"]): (int(str(row["deals"])), int(str(row["minor"]))) for row in rows}
        assert found == _replayed(deals, moves, str(day)), day


def _replayed(deals: list[Row], moves: dict[str, list[Row]], day: str) -> dict[str, tuple[int, int]]:
    found = defaultdict[str, tuple[int, int]](lambda: (0, 0))
    for deal in deals:
        if deal["created_date"] > day:
            continue
        stage = deal["stage"]
        if not deal["close_date_actual"] or deal["close_date_actual"] > day:
            entered = [m for m in moves[deal["opportunity_id"]] if m["stage_entered_date"] <= day]
            stage = entered[-1]["to_stage"]
        number, minor = found[STAGES[stage]]
        found[STAGES[stage]] = number + 1, minor + int(deal["amount"]) * 100
    return dict(found)

"""The bundled mapping of a log of changes: the pipeline of any day is the one that the log leads to.

The replay here reads the file by itself: nothing of the importer is used for it.
"""

from __future__ import annotations

import csv
from bisect import bisect_right
from collections import Counter, defaultdict
from datetime import date, timedelta
from random import Random

import pytest

from connectors import ImportReport, import_folder, load_mapping
from models.access import User
from models.asof import as_of_rows
from models.database import fetch
from models.deals import Deal, Stage, StageChange
from models.history import CREATED, Change
from tests.connectors.source import DATA, count_changes

FOLDER = DATA / "pipedrive-deal-changes"
AS_OF = date(2025, 3, 31)
FIRST, LAST = date(2024, 1, 1), date(2025, 3, 12)
STAGES = dict(
    zip("123456789", ["IDENTIFIED", "QUALIFIED", "QUALIFIED", "PROPOSED"] + 5 * ["NEGOTIATING"], strict=True)
)
pytestmark = pytest.mark.skipif(
    not FOLDER.is_dir(), reason="the log of changes is not at ../shared/data/pipedrive-deal-changes"
)


async def test_the_pipeline_of_any_day_is_the_one_that_the_log_leads_to(db: str) -> None:
    mapping = load_mapping("pipedrive-changes")
    report = await import_folder(mapping, FOLDER, AS_OF)
    _every_row_is_accounted_for(report)
    stages = _stages(_log())
    random = Random("days")
    days = [FIRST + timedelta(days=random.randrange((LAST - FIRST).days)) for _ in range(50)]
    for day in days:
        assert await _pipeline(report, day) == _replayed(stages, str(day)), day
    await _one_deal()
    await _history_is_known_on_its_days()
    changes = await count_changes()
    again = await import_folder(mapping, FOLDER, AS_OF)
    assert sum(counts.written for counts in again.counts.values()) == 0
    assert await count_changes() == changes


def _every_row_is_accounted_for(report: ImportReport) -> None:
    assert {
        step: (c.read, c.created, c.updated, c.unchanged, c.rejected) for step, c in report.counts.items()
    } == {
        "users": (1787, 1783, 0, 0, 4),
        "placeholder": (1, 1, 0, 0, 0),
        "deals": (2000, 1995, 0, 0, 5),
        "deals from changes": (13406, 9082, 0, 4297, 27),
    }
    of_log = [c for c in report.counts.values() if c.file == "deal_changes.csv"]
    assert sum(c.read for c in of_log) == 15_406
    before, after = _outside(_log())
    assert (before, after) == (14, 8)
    kinds = Counter(each.reason.split(" of line")[0].split(" that ")[0] for each in report.rejects)
    assert kinds == {
        "gives the email": 4,  # two people with one address
        "names none of the users": 5,  # changes to those of them who were set aside
        "is the key": 5,  # ids that were given to two deals
        "is before the record began": before,
        "is after the record ended": after,
    }
    assert sum(odd.count for odd in report.oddities) == len(report.rejects)


Log = dict[str, list[tuple[str, str, str]]]


def _log() -> Log:
    """By deal: when, which field, its new value; in the order of the file."""
    users = list(csv.DictReader((FOLDER / "users.csv").open(encoding="utf-8")))
    assert len(users) == 1787
    log: Log = defaultdict(list)
    for row in csv.DictReader((FOLDER / "deal_changes.csv").open(encoding="utf-8")):
        log[row["deal_id"]].append((row["change_time"], row["changed_field_key"], row["new_value"]))
    return log


def _outside(log: Log) -> tuple[int, int]:
    """How many changes lie before their deal began, and after it ended; only of ids that two deals have."""
    before = after = 0
    for changes in log.values():
        began = next(when for when, field, _ in changes if field == "add_time")[:10]
        ended = next(when for when, field, _ in changes if field == "lost_reason")[:10]
        told = [when[:10] for when, field, _ in changes if field != "add_time"]
        before += sum(when < began for when in told)
        after += sum(when > ended for when in told)
    return before, after


def _stages(log: Log) -> list[list[tuple[str, str]]]:
    """By deal: the day and the stage that it then was in, from its creation to its first loss, in order."""
    found: list[list[tuple[str, str]]] = []
    for changes in log.values():
        began = next(when for when, field, _ in changes if field == "add_time")[:10]
        ended = next(when for when, field, _ in changes if field == "lost_reason")[:10]
        stages = [(began, "IDENTIFIED")]
        for when, field, value in sorted(changes):
            if field in ("stage_id", "lost_reason") and began <= when[:10] <= ended:
                stages.append((when[:10], STAGES[value] if field == "stage_id" else "LOST"))
        found.append(stages)
    return found


def _replayed(stages: list[list[tuple[str, str]]], day: str) -> Counter[str]:
    """How many deals are in each stage at the end of a day."""
    there = (each[bisect_right(each, (day, "~")) - 1][1] for each in stages if each[0][0] <= day)
    return Counter(there)


async def _pipeline(report: ImportReport, day: date) -> Counter[str]:
    rows = await fetch(
        "select d.stage, count(*) as deals, sum(d.amount_minor) as minor"
        f" from {as_of_rows(Deal, ['stage', 'amount_minor'])} d group by d.stage",
        {"tenant": report.tenant.id, "as_of": day},
    )
    assert all(int(str(row["minor"])) == 0 for row in rows)  # the source has no amounts
    return Counter({str(row["stage"]): int(str(row["deals"])) for row in rows})


async def _one_deal() -> None:
    """Deal 688404, read in the file by eye: stages 1, 2, 5, 6, 8, lost as unreachable on 26 June 2024."""
    deal = await Deal.get(external_id="688404")
    assert (deal.stage, deal.loss_reason) == (Stage.LOST, "Unreachable Customer")
    assert deal.valid_from == date(2024, 3, 3)
    assert deal.closed_on == deal.stage_since == date(2024, 6, 26)
    assert (await User.get(id=deal.owner_id)).external_id == "1289"
    moves = await StageChange.filter(deal_id=deal.id).order_by("changed_on")
    assert [(move.to_stage, move.changed_on) for move in moves] == [
        (Stage.IDENTIFIED, date(2024, 3, 3)),
        (Stage.QUALIFIED, date(2024, 4, 22)),
        (Stage.NEGOTIATING, date(2024, 5, 6)),
        (Stage.LOST, date(2024, 6, 26)),
    ]


async def _history_is_known_on_its_days() -> None:
    """docs/decisions/0015: the first import brings what the source knew all the time."""
    assert await Deal.filter(known_on__isnull=False).count() == 0
    moves = await Change.filter(entity="deal").exclude(field=CREATED)
    assert {change.known_on == change.effective_on for change in moves} == {True}

"""The bundled mapping of a log of changes: the pipeline of any day is the one that the log leads to.

The replay here reads the file by itself: nothing of the importer is used for it. On SQLite alone, as it is
large; what the mapping uses is shown on both databases in test_told_changes.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from typing import Any

import pytest
from tortoise.expressions import F

from metrics.snapshots import open_deals
from models import database
from models.access import User
from models.asof import as_of_rows
from models.database import fetch
from models.deals import Deal, Stage, StageChange
from models.history import CREATED, Change
from models.pipelines import PipelineStage
from tests.connectors.imported import Imported, imported_once
from tests.connectors.source import DATA, count_changes
from tests.schema.asking import ask

FOLDER = DATA / "pipedrive-deal-changes"
AS_OF = date(2025, 3, 31)
FIRST, LAST = date(2024, 1, 1), date(2025, 3, 12)
STAGES = dict(
    zip("123456789", ["IDENTIFIED", "QUALIFIED", "QUALIFIED", "PROPOSED"] + 5 * ["NEGOTIATING"], strict=True)
)
pytestmark = pytest.mark.skipif(
    not FOLDER.is_dir(), reason="the log of changes is not at ../shared/data/pipedrive-deal-changes"
)


@pytest.fixture(scope="module")
def once(sqlite_template: Any, tmp_path_factory: pytest.TempPathFactory) -> Imported:
    """The log, imported once for all tests."""
    folder = tmp_path_factory.mktemp("changes")
    return imported_once(sqlite_template, folder, "pipedrive-changes", FOLDER, AS_OF)


@pytest.fixture
async def imported(once: Imported) -> AsyncIterator[Imported]:
    """The same, connected to."""
    await database.connect(once.url)
    yield once
    await database.disconnect()


@dataclass
class Replayed:
    """A deal by the log: the day on which it began, and what became of it when."""

    began: str
    changes: list[tuple[str, str, str]] = field(default_factory=list)

    def at(self, day: str) -> tuple[str, str, str | None]:
        """Its stage, the number of its stage there, and its owner at the end of a day."""
        stage, number, owner = "IDENTIFIED", "1", None
        for when, changed, value in self.changes:
            if when[:10] > day:
                break
            if changed == "user_id":
                owner = value
            elif changed == "stage_id":
                stage, number = STAGES[value], value
            else:
                stage = "LOST"
        return stage, number, owner


def _rows(name: str) -> Iterator[dict[str, str]]:
    with (FOLDER / name).open(encoding="utf-8") as stream:
        yield from csv.DictReader(stream)


def _users() -> set[str]:
    """Those of the users whose address is no earlier one's."""
    owners = dict[str, str]()
    for row in _rows("users.csv"):
        owners.setdefault(row["email"].lower(), row["id"])
    return set(owners.values())


def _log() -> dict[str, Replayed]:
    """The deals by the log; the file tells of one after the other, and of a few ids twice."""
    deals, users, skipped = dict[str, Replayed](), _users(), False
    for row in _rows("deal_changes.csv"):
        if row["changed_field_key"] == "add_time":
            skipped = row["deal_id"] in deals
            if not skipped:
                deals[row["deal_id"]] = Replayed(row["change_time"][:10])
        elif not skipped and (row["changed_field_key"] != "user_id" or row["new_value"] in users):
            change = row["change_time"], row["changed_field_key"], row["new_value"]
            deals[row["deal_id"]].changes.append(change)
    for deal in deals.values():
        deal.changes.sort()
    return deals


def test_every_row_is_accounted_for(once: Imported) -> None:
    assert once.counts == {
        "users": (1787, 1783, 0, 0, 4),
        "placeholder": (1, 1, 0, 0, 0),
        "deals": (2000, 1995, 0, 0, 5),
        "deals from changes": (13406, 11368, 0, 1995, 43),
    }
    of_log = [c for c in once.report.counts.values() if c.file == "deal_changes.csv"]
    assert sum(c.read for c in of_log) == sum(1 for _ in _rows("deal_changes.csv")) == 15_406
    kinds = Counter(each.reason.split(" of line")[0].split(" that ")[0] for each in once.report.rejects)
    replayed = sum(len(deal.changes) for deal in _log().values())
    assert kinds == {
        "gives the email": 4,  # two people with one address
        "names none of the users": 5,  # changes to those of them who were set aside
        "is the key": 5,  # ids that were given to two deals
        "is of the second record with this key": 13_406 - 5 - replayed,  # and what became of these
    }
    assert sum(odd.count for odd in once.report.oddities) == len(once.report.rejects)
    assert once.report.notes[-1] == (
        "Not read by the mapping: activity.csv, activity_types.csv, fields.csv, stages.csv"
    )


async def test_the_pipeline_of_any_day_is_the_one_that_the_log_leads_to(imported: Imported) -> None:
    log, random = _log(), Random("days")
    keys = {str(deal[0]): str(deal[1]) for deal in await Deal.all().values_list("id", "external_id")}
    owners = {str(user[0]): str(user[1]) for user in await User.all().values_list("id", "external_id")}
    places = {stage.id: str(stage.position) for stage in await PipelineStage.all()}
    places[""] = ""
    seen = Counter[str]()
    for number in range(50):
        day = FIRST + timedelta(days=random.randrange((LAST - FIRST).days))
        expected = {key: deal.at(str(day)) for key, deal in log.items() if deal.began <= str(day)}
        rows = await open_deals(imported.report.tenant.id, day)
        assert {
            keys[row.deal_id]: (row.stage, row.owner_id and owners[row.owner_id], row.amount_minor)
            for row in rows
        } == {key: (then[0], then[2], 0) for key, then in expected.items() if then[0] != "LOST"}, day
        seen.update(then[0] for then in expected.values())
        if number % 10:
            continue
        stood = await fetch(
            f"select d.id, d.pipeline_stage_id from {as_of_rows(Deal, ['pipeline_stage_id'])} d",
            {"tenant": imported.report.tenant.id, "as_of": day},
        )
        assert {keys[str(row["id"])]: places[str(row["pipeline_stage_id"] or "")] for row in stood} == {
            key: "" if then[0] == "LOST" else then[1] for key, then in expected.items()
        }, day
        assert await _funnel(imported, day) == Counter(then[0] for then in expected.values()), day
    assert set(seen) == {"IDENTIFIED", "QUALIFIED", "PROPOSED", "NEGOTIATING", "LOST"}


async def _funnel(imported: Imported, day: date) -> Counter[str]:
    """How many deals are in each stage, as a client sees it."""
    found = await ask(
        imported.actor,
        "query ($day: Date!) { funnel(asOf: $day) {"
        " stages { stage line { deals } } won { deals } lost { deals } } }",
        day=str(day),
    )
    counts = {each["stage"]: each["line"]["deals"] for each in found["funnel"]["stages"]}
    ended = {"WON": found["funnel"]["won"]["deals"], "LOST": found["funnel"]["lost"]["deals"]}
    return Counter({stage: deals for stage, deals in {**counts, **ended}.items() if deals})


async def test_a_deal_is_what_one_reads_of_it_in_the_file(imported: Imported) -> None:
    """Deal 688404, read in the file by eye: stages 1, 2, 5, 6, 8, lost as unreachable on 26 June 2024."""
    deal = await Deal.get(external_id="688404")
    assert (deal.stage, deal.loss_reason) == (Stage.LOST, "Unreachable Customer")
    assert deal.valid_from == date(2024, 3, 3)
    assert deal.closed_on == deal.stage_since == date(2024, 6, 26)
    assert (await User.get(id=deal.owner_id)).external_id == "1289"
    assert (deal.pipeline_stage_id, deal.probability) == (None, 0)
    names = {stage.id: stage.name for stage in await PipelineStage.all()}
    moves = await StageChange.filter(deal_id=deal.id).order_by("changed_on")
    assert [(move.to_stage, names.get(str(move.to_pipeline_stage_id))) for move in moves] == [
        (Stage.IDENTIFIED, "Lead Generation"),
        (Stage.QUALIFIED, "Qualified Lead"),
        (Stage.NEGOTIATING, "Negotiation"),
        (Stage.NEGOTIATING, "Closing"),
        (Stage.NEGOTIATING, "Follow-up/Customer Success"),
        (Stage.LOST, None),
    ]
    assert [moves[number].changed_on for number in (0, 1, 2, 5)] == [
        date(2024, 3, 3), date(2024, 4, 22), date(2024, 5, 6), date(2024, 6, 26),
    ]  # fmt: skip


async def test_an_id_of_two_deals_is_that_of_the_first(imported: Imported) -> None:
    """Deal 554294, read in the file by eye: lines 1024 to 1031; another one has that id from line 3443 on."""
    deal = await Deal.get(external_id="554294")
    assert (deal.valid_from, deal.closed_on) == (date(2024, 8, 13), date(2024, 11, 8))
    moves = await StageChange.filter(deal_id=deal.id).order_by("changed_on")
    assert [move.to_stage for move in moves] == [
        Stage.IDENTIFIED, Stage.QUALIFIED, Stage.NEGOTIATING, Stage.NEGOTIATING, Stage.LOST,
    ]  # fmt: skip


async def test_its_history_is_known_on_its_days(imported: Imported) -> None:
    """docs/decisions/0015: the first import brings what the source knew all the time."""
    assert await Deal.filter(known_on__isnull=False).count() == 0
    moves = Change.filter(entity="deal").exclude(field=CREATED)
    assert await moves.count() > 10_000
    assert await moves.exclude(known_on=F("effective_on")).count() == 0


async def test_importing_it_again_changes_nothing(imported: Imported) -> None:
    changes = await count_changes()
    again = await imported.again()
    assert sum(counts.written for counts in again.counts.values()) == 0
    assert await count_changes() == changes
    assert (again.oddities, again.rejects) == (imported.report.oddities, imported.report.rejects)

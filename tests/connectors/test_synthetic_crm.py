"""The bundled mapping on a whole CRM: every row of nine files is there or named, and any past day adds up.

The replay here reads the files by itself: nothing of the importer is used for it. On SQLite alone, as it is
large; what the mapping uses is shown on both databases in test_told_changes.
"""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from random import Random

import pytest

from commands import snapshots
from connectors.tables import EXAMPLES
from metrics.bridge import Asked, Reason, pipeline_change
from metrics.funnel import Line, funnel
from metrics.pace import win_rates
from metrics.sales import AsOf, DayRange
from metrics.snapshots import open_deals
from metrics.stages import stage_passages
from models import database
from models.access import Role, Team, User
from models.catalog import Product
from models.deals import Deal, DealContact, DealLine, Stage
from models.forecast import SnapshotDeal
from models.people import Contact, Interaction, InteractionDirection, InteractionKind
from models.revenue import Contract
from tests.connectors.imported import Imported, imported_once
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


@pytest.fixture(scope="module")
def once(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Imported:
    """The CRM, imported once for all tests."""
    return imported_once(sqlite_template, tmp_path_factory.mktemp("crm"), "synthetic-crm", FOLDER, AS_OF)


@pytest.fixture
async def imported(once: Imported) -> AsyncIterator[Imported]:
    """The same, connected to."""
    await database.connect(once.url)
    yield once
    await database.disconnect()


@dataclass(frozen=True)
class Replayed:
    """A deal by the files: what stays, and the stages that it entered on days, the last of a day counts."""

    owner: str
    minor: int
    close_on: str
    moves: tuple[tuple[str, str], ...]

    @property
    def began(self) -> str:
        """The day on which it came up."""
        return self.moves[0][0]

    @property
    def closed_on(self) -> str:
        """The day on which it was won or lost, blank while it is open."""
        day, stage = self.moves[-1]
        return day if stage in ("WON", "LOST") else ""

    def at(self, day: str) -> str:
        """Its stage at the end of a day."""
        return [stage for on, stage in self.moves if on <= day][-1]


@cache
def _read(name: str) -> list[Row]:
    return list(csv.DictReader((FOLDER / f"crm_{name}.csv").open(encoding="utf-8")))


@cache
def _replay() -> dict[str, Replayed]:
    history = defaultdict[str, list[Row]](list)
    for row in _read("opportunity_stage_history"):
        if not row["stage_exited_date"] or row["stage_exited_date"] >= row["stage_entered_date"]:
            history[row["opportunity_id"]].append(row)
    deals = {row["opportunity_id"]: row for row in _read("opportunities")}
    return {key: _replayed(row, history[key]) for key, row in deals.items()}


def _replayed(deal: Row, history: list[Row]) -> Replayed:
    ended = deal["close_date_actual"]
    told = [(row["stage_entered_date"], STAGES[row["to_stage"]]) for row in history]
    told = [each for each in told if not ended or each[0] <= ended]
    moves = [(deal["created_date"], told[0][1]), *told]
    moves += [(ended or str(AS_OF), STAGES[deal["stage"]])]
    kept = [each for number, each in enumerate(moves) if number == 0 or each[1] != moves[number - 1][1]]
    return Replayed(
        deal["owner_user_id"], int(deal["amount"]) * 100, deal["expected_close_date"], tuple(kept)
    )


def test_every_row_is_accounted_for(once: Imported) -> None:
    assert once.counts == {
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
        rows = len(_read(file.stem.removeprefix("crm_")))
        assert rows == max(c.read for c in once.report.counts.values() if c.file == file.name), file.name


def test_what_is_odd_is_told(once: Imported) -> None:
    assert {(odd.file.removeprefix("crm_"), odd.column, odd.done == "rejected"): odd.count
            for odd in once.report.oddities} == {
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
    path = Path(once.url.removeprefix("sqlite://")).with_name("rejects.csv")
    named = Counter(row["done"] == "rejected" for row in csv.DictReader(path.open(encoding="utf-8")))
    assert named == {True: 804, False: 7 * EXAMPLES + 2 + 1}
    assert [note.split(" ")[0] for note in once.report.notes] == ["26", "74", "66"]


async def test_records_are_what_one_reads_of_them_in_the_files(imported: Imported) -> None:
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


async def test_any_day_is_as_the_files_have_it(imported: Imported) -> None:
    keys = {str(deal[0]): str(deal[1]) for deal in await Deal.all().values_list("id", "external_id")}
    owners = {str(user[0]): str(user[1]) for user in await User.all().values_list("id", "external_id")}
    random, beginning = Random("days"), date(2015, 1, 1)
    for _ in range(25):
        day = beginning + timedelta(days=random.randrange((AS_OF - beginning).days))
        assert {
            keys[row.deal_id]: (row.stage, owners[str(row.owner_id)], row.amount_minor, str(row.close_on))
            for row in await open_deals(imported.report.tenant.id, day)
        } == {
            key: (deal.at(str(day)), deal.owner, deal.minor, deal.close_on)
            for key, deal in _replay().items()
            if deal.began <= str(day) and deal.at(str(day)) not in ("WON", "LOST")
        }, day


async def test_figures_of_sales_are_those_of_the_files(imported: Imported) -> None:
    """The funnel, what changed it, win rates and passages, of two dates; reckoned from the files alone."""
    actor, deals = imported.actor, _replay().values()
    since, until = AsOf(date(2019, 6, 30)), AsOf(date(2020, 6, 30))
    year = DayRange(since.day + timedelta(days=1), until.day)
    funnels = [await funnel(actor, at) for at in (since, until)]
    for at, found in zip((since, until), funnels, strict=True):
        then = [(deal.at(str(at.day)), deal.minor) for deal in deals if deal.began <= str(at.day)]
        assert {stage.value: (line.deals, line.amount_minor) for stage, line in found.stages.items()} == {
            stage: _summed([minor for each, minor in then if each == stage])
            for stage in list(STAGES.values())[:4]
        }
        ended = _line(found.won), _line(found.lost)
        assert ended == tuple(_summed([m for each, m in then if each == end]) for end in ("WON", "LOST"))

    change = await pipeline_change(actor, Asked(since, until))
    assert (change.opening_deals, change.opening_minor) == _line(funnels[0].total)
    assert (change.closing_deals, change.closing_minor) == _line(funnels[1].total)
    assert (
        change.opening_minor + sum(term.change_minor for term in change.terms.values())
        == change.closing_minor
    )
    new = [d.minor for d in deals if str(since.day) < d.began <= str(until.day) and _is_open(d, until)]
    assert (change.terms[Reason.NEW].deals, change.terms[Reason.NEW].change_minor) == _summed(new)

    rates = (await win_rates(actor, until, year)).total
    closed = [deal for deal in deals if str(since.day) < deal.closed_on <= str(until.day)]
    won, lost = ([d.minor for d in closed if d.moves[-1][1] == end] for end in ("WON", "LOST"))
    assert ((rates.won, rates.won_minor), (rates.lost, rates.lost_minor)) == (_summed(won), _summed(lost))

    passages = await stage_passages(actor, until, year)
    assert {each.stage: each.entered - each.skipped for each in passages} == {
        each.stage: sum(any(_enters(move, each.stage, year) for move in deal.moves) for deal in deals)
        for each in passages
    }
    assert sum(each.entered for each in passages) > len(new) > 0


def _line(line: Line) -> tuple[int, int]:
    return line.deals, line.amount_minor


def _summed(minors: list[int]) -> tuple[int, int]:
    return len(minors), sum(minors)


def _is_open(deal: Replayed, at: AsOf) -> bool:
    return deal.at(str(at.day)) not in ("WON", "LOST")


def _enters(move: tuple[str, str], stage: Stage, period: DayRange) -> bool:
    return move[1] == stage.value and str(period.from_on) <= move[0] <= str(period.until_on)


async def test_the_frozen_pipeline_of_a_past_sunday_is_the_one_that_is_rebuilt(imported: Imported) -> None:
    sunday = date(2020, 6, 28)
    snapshot = await snapshots.take(imported.actor, sunday)
    assert snapshot.digest == await snapshots.rebuilt(imported.actor, sunday)
    expected = [
        deal.minor
        for deal in _replay().values()
        if deal.began <= str(sunday) and _is_open(deal, AsOf(sunday))
    ]
    assert (snapshot.deals, snapshot.amount_minor) == _summed(expected)
    assert await SnapshotDeal.filter(pipeline_snapshot_id=snapshot.id).count() == snapshot.deals


async def test_importing_it_again_changes_nothing(imported: Imported) -> None:
    changes = await count_changes()
    again = await imported.again()
    assert sum(counts.written for counts in again.counts.values()) == 0
    assert await count_changes() == changes
    assert again.oddities == imported.report.oddities

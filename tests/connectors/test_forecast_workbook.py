"""The weekly workbook: live formulas that give what they say they do, whoever calculates them."""

from __future__ import annotations

import asyncio
import re
import zipfile
from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from commands import forecast
from commands.access import system_actor
from commands.forecast import Called
from connectors.forecast_workbook.book import written
from connectors.forecast_workbook.content import gathered
from models import database
from models.access import Role, Tenant, User
from models.base import today, utcnow
from models.deals import ForecastCategory, Stage
from models.forecast import Measure, Period, week_of
from models.projections import ForecastProjection
from tests import factories
from tests.connectors.office import calculated
from tests.shell import bellwether

WEEK = week_of(today())
PERIOD = Period(WEEK - timedelta(days=30), WEEK + timedelta(days=60))
_SPACE = {"x": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}
NAMES = ("Summary", "Funnel", "Changes", "Owners", "Deals", "Moved")


@dataclass
class Cell:
    """What a file says of a cell: its formula, and its value."""

    formula: str | None
    value: str


def cells(file: bytes) -> dict[str, dict[str, Cell]]:
    """The cells of each sheet."""
    with zipfile.ZipFile(BytesIO(file)) as parts:
        texts = [
            "".join(each.itertext())
            for each in ElementTree.fromstring(parts.read("xl/sharedStrings.xml")).findall("x:si", _SPACE)
        ]
        found = {}
        for number, name in enumerate(NAMES, start=1):
            sheet = ElementTree.fromstring(parts.read(f"xl/worksheets/sheet{number}.xml"))
            found[name] = {
                str(each.get("r")): _cell(each, texts) for each in sheet.iterfind(".//x:c", _SPACE)
            }
    return found


def _cell(cell: ElementTree.Element, texts: list[str]) -> Cell:
    formula, value = cell.find("x:f", _SPACE), cell.find("x:v", _SPACE)
    text = "" if value is None else str(value.text or "")
    if cell.get("t") == "s":
        text = texts[int(text)]
    return Cell(None if formula is None else str(formula.text), text)


async def _world() -> Tenant:
    tenant = await factories.tenant(name="Northline")
    team = await factories.team(tenant, name="North")
    manager = await factories.user(tenant, Role.MANAGER, team_id=team.id, name="Mara", email="mara@x.example")
    ada, bo = [await factories.user(tenant, team_id=team.id, name=name) for name in ("Ada", "Bo")]
    account = await factories.account(ada, name='=HYPERLINK("http://x.example","click")')
    deals = [
        await factories.deal(
            account,
            name=name,
            amount_minor=minor,
            forecast_category=category,
            probability=percent,
            stage=stage,
            close_on=WEEK + timedelta(days=10),
        )
        for name, minor, category, percent, stage in (
            ("=1+1", 100_000_00, ForecastCategory.COMMIT, 75, Stage.NEGOTIATING),
            ("Fibre", 40_000_50, ForecastCategory.BEST_CASE, 50, Stage.PROPOSED),
            ("Cloud", 7_000_00, ForecastCategory.PIPELINE, 10, Stage.IDENTIFIED),
            ("Later", 9_999_00, ForecastCategory.OMITTED, 10, Stage.IDENTIFIED),
        )
    ]
    await factories.deal(
        account,
        amount_minor=50_000_00,
        stage=Stage.WON,
        forecast_category=ForecastCategory.CLOSED,
        closed_on=WEEK - timedelta(days=5),
    )
    leader = await factories.actor(manager)
    await forecast.set_splits(leader, deals[0].id, {ada.id: 70, bo.id: 30})
    for who, target in ((ada, 200_000_00), (bo, 10_000_00)):
        await forecast.set_quota(leader, who.id, PERIOD, Measure.TCV, target)
    actor = await factories.actor(ada)
    saved = await forecast.save(actor, WEEK, PERIOD, [Called(ForecastCategory.COMMIT, 111_000_00)])
    await forecast.submit(actor, saved.id)
    await forecast.adjust(leader, ada.id, WEEK, PERIOD, ForecastCategory.COMMIT, -1_000_00, "legal")
    await _projected(tenant, team.id, team_id=team.id, expected=180_000_00, low=150_000_00, high=230_000_00)
    await _projected(tenant, ada.id, user_id=ada.id, expected=120_000_00, low=90_000_00, high=140_000_00)
    await _projected(tenant, tenant.id, refused="4 past windows are needed")
    return tenant


async def _projected(
    tenant: Tenant,
    subject_id: str,
    refused: str | None = None,
    expected: int | None = None,
    low: int | None = None,
    high: int | None = None,
    **whose: Any,
) -> None:
    """What the past says of somebody, a team, or the whole tenant."""
    await ForecastProjection.create(
        id=ForecastProjection.make_id(),
        tenant_id=tenant.id,
        subject_id=subject_id,
        week=WEEK,
        first_on=PERIOD.first,
        last_on=PERIOD.last,
        made_at=utcnow(),
        known_on=WEEK - timedelta(days=1),
        expected_minor=expected,
        low_minor=low,
        high_minor=high,
        refused=refused,
        currency="EUR",
        **whose,
    )


async def _file(user: str = "Mara") -> bytes:
    await _world()
    actor = await factories.actor(await User.get(name=user))
    return written(await gathered(actor, WEEK, PERIOD, today()))


async def test_what_stands_there_by_hand(db: str) -> None:
    """Won 50,000 of 210,000; weighted 75,000 + 20,000.25 + 700; coverage 147,000.50 / 160,000."""
    found = cells(await _file())
    summary = {each: float(found["Summary"][each].value) for each in ("B4", "B5", "B6", "B8", "B9")}
    assert summary == {"B4": 210_000, "B5": 50_000, "B6": 160_000, "B8": 147_000.5, "B9": 95_700.25}
    assert float(found["Summary"]["B10"].value) == pytest.approx(147_000.5 / 160_000)
    cumulative = [float(found["Summary"][f"C{row}"].value) for row in (13, 14, 15)]
    assert cumulative == [150_000, 190_000.5, 147_000.5]
    owners = {
        found["Owners"][f"A{row}"].value: [
            float(found["Owners"][f"{column}{row}"].value) for column in "BCDFJKL"
        ]
        for row in (4, 5)
    }
    assert owners["Ada"] == [200_000, 50_000, 150_000, 70_000, 111_000, -1_000, 110_000]
    assert owners["Bo"] == [10_000, 0, 10_000, 30_000, 30_000, 0, 30_000]
    assert all(
        found[sheet][cell].formula
        for sheet, cell in (
            ("Summary", "B5"),
            ("Funnel", "C4"),
            ("Changes", "C5"),
            ("Owners", "C4"),
            ("Deals", "J4"),
        )
    )


async def test_what_the_past_says_stands_beside(db: str) -> None:
    found = cells(await _file())
    assert [float(found["Summary"][f"E{row}"].value) for row in (4, 5, 6)] == [180_000, 150_000, 230_000]
    people = {found["Owners"][f"A{row}"].value: row for row in (4, 5)}
    said = {
        name: [found["Owners"][f"{column}{row}"].value for column in "NOP"] for name, row in people.items()
    }
    assert [float(value) for value in said["Ada"]] == [120_000, 90_000, 140_000]
    assert said["Bo"] == ["", "", ""]
    assert "A18" not in found["Summary"]


async def test_why_the_past_says_nothing_is_told(db: str) -> None:
    tenant = await _world()
    content = await gathered(system_actor(tenant), WEEK, PERIOD, today())
    summary = cells(written(content))["Summary"]
    assert summary["A18"].value == "Nothing is projected: 4 past windows are needed."
    assert [summary[f"E{row}"].value for row in (4, 5, 6)] == ["", "", ""]


async def test_texts_are_never_formulas(db: str) -> None:
    deals = cells(await _file())["Deals"]
    texts = [cell for at, cell in deals.items() if re.fullmatch(r"[AB]\d+", at)]
    assert {"=1+1", '=HYPERLINK("http://x.example","click")'} <= {cell.value for cell in texts}
    assert not any(cell.formula for cell in texts)


@pytest.mark.parametrize("db_url", ["sqlite"], indirect=True)
async def test_an_office_program_calculates_the_same(db: str, tmp_path: Path) -> None:
    file = tmp_path / "week.xlsx"
    file.write_bytes(await _file())
    shown, told = calculated(file, tmp_path), cells(file.read_bytes())
    assert shown.keys() == set(NAMES)
    checked = 0
    for name, sheet in told.items():
        for at, cell in sheet.items():
            if cell.formula:
                assert _number(_shown(shown[name], at)) == pytest.approx(_number(cell.value)), (name, at)
                checked += 1
    assert checked > 80


@pytest.mark.parametrize("db_url", ["sqlite"], indirect=True)
async def test_whoever_changes_a_deal_sees_what_it_does(db: str, tmp_path: Path) -> None:
    before = await _file()
    told = cells(before)["Deals"]
    row = next(at[1:] for at, cell in told.items() if at[0] == "B" and cell.value == "Fibre")
    changed = tmp_path / "changed.xlsx"
    with zipfile.ZipFile(BytesIO(before)) as parts, zipfile.ZipFile(changed, "w") as into:
        for name in parts.namelist():
            content = parts.read(name)
            if name == "xl/worksheets/sheet5.xml":
                content, times = re.subn(
                    rb'(r="I%s"[^>]*><v>)40000.5<' % row.encode(), rb"\g<1>90000<", content
                )
                assert times == 1
            into.writestr(name, content)
    shown = calculated(changed, tmp_path)
    assert _number(_shown(shown["Summary"], "B8")) == 147_000.5 - 40_000.5 + 90_000
    assert _number(_shown(shown["Funnel"], "C6")) == 90_000  # proposed


@pytest.mark.parametrize("db_url", ["sqlite"], indirect=True)
def test_an_operator_writes_it_for_the_tenant_or_for_somebody(db_url: str, tmp_path: Path) -> None:
    async def filled() -> None:
        async with database.database(db_url):
            await _world()

    bellwether(db_url, tmp_path, "migrate")
    asyncio.run(filled())
    period = ["--from", PERIOD.first.isoformat(), "--to", PERIOD.last.isoformat()]
    told = bellwether(db_url, tmp_path, "export", "forecast", "--xlsx", "all.xlsx", *period)
    assert told.stdout.startswith(f"all.xlsx: the week of {WEEK}, 6 deals")
    for_mara = ("--xlsx", "mara.xlsx", "--user", "mara@x.example", *period)
    bellwether(db_url, tmp_path, "export", "forecast", *for_mara)
    both = [cells((tmp_path / name).read_bytes()) for name in ("all.xlsx", "mara.xlsx")]
    assert both[0]["Summary"]["B8"] == both[1]["Summary"]["B8"]
    unknown = ("--xlsx", "x.xlsx", "--user", "nobody@x.example")
    assert (
        "no active user" in bellwether(db_url, tmp_path, "export", "forecast", *unknown, exit_code=1).stderr
    )
    assert not (tmp_path / "x.xlsx").exists()


def _shown(sheet: list[list[str]], at: str) -> str:
    column, row = re.fullmatch(r"([A-Z])(\d+)", at).groups()  # type: ignore[union-attr]
    return sheet[int(row) - 1][ord(column) - ord("A")]


def _number(text: str) -> float | str:
    try:
        return float(text.rstrip("%").replace(",", "")) / (100 if text.endswith("%") else 1)
    except ValueError:
        return text

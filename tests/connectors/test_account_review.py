"""Account reviews as files: what they tell, whom, and that it can be read."""

from __future__ import annotations

import re
from datetime import date, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from docx import Document
from pptx import Presentation
from pptx.util import Emu, Pt

from commands.account_review.content import Edition
from commands.account_review.gathering import account_named
from connectors.account_review import deck, document
from connectors.account_review.shading import whitespace
from connectors.account_review.texts import day, money, words
from metrics.buying_centres import centres
from metrics.hierarchy import hierarchies
from metrics.sales import AsOf, DayRange
from metrics.whitespace import grid
from models.access import Scope
from models.base import today
from models.errors import Forbidden, Invalid, NotFound
from models.stakeholders import BuyingCentre
from rules.plan_health import judged
from tests import factories
from tests.connectors.office import pages
from tests.connectors.reviews import AMOUNT, DAY, NAME, SECRET, bare, parts, told, world
from tests.shell import bellwether

MANAGER, CUSTOMER = Edition.MANAGER, Edition.CUSTOMER
WRITERS = (deck.written, document.written)
#: Words that tell of what is ours alone, whatever they are about.
OURS = (
    SECRET, "at risk", "risk", "chance", "weighted", "pipeline", "commit", "best case", "competitor", "rival",
    "influence", "sentiment", "mentor", "supporter", "enemy", "champion", "economic buyer", "strength", "single",
    "whitespace", "potential", "gap", "peers", "never", "lost", "margin", "segment", "tier", "overdue", "internal",
    "nothing to tell", "recommend", "vision", "tender",
)  # fmt: skip


def _deck(file: bytes) -> Any:
    return Presentation(BytesIO(file))


def _slides(file: bytes) -> dict[str, list[str]]:
    """The texts of each slide, by its title, those of slides with one title together."""
    found: dict[str, list[str]] = {}
    for slide in _deck(file).slides:
        title = str(slide.shapes.title.text_frame.text).removesuffix(" (continued)")
        found.setdefault(title, []).extend(_texts(slide))
    return found


def _texts(slide: Any) -> list[str]:
    found = []
    for shape in slide.shapes:
        if shape.has_text_frame:
            found += [paragraph.text for paragraph in shape.text_frame.paragraphs]
        if shape.has_table:
            found += [cell.text for row in shape.table.rows for cell in row.cells]
    return [each for each in found if each]


def _charts(file: bytes) -> dict[str, Any]:
    return {
        shape.chart.chart_title.text_frame.text: shape.chart
        for slide in _deck(file).slides
        for shape in slide.shapes
        if shape.has_chart
    }


async def test_a_deck_tells_what_the_metrics_say(db: str) -> None:
    found = await world()
    actor = await factories.actor(found.director)
    content = await found.content(MANAGER)
    file = deck.written(content)
    slides = _slides(file)
    (whole,) = await hierarchies(
        actor, [found.account.id], AsOf(DAY), DayRange(date(2026, 1, 1), date(2026, 3, 31))
    )
    figures = whole.whole
    for minor in (
        figures.recurring_minor,
        figures.pipeline_minor,
        figures.weighted_minor,
        figures.won_minor,
        figures.at_risk_minor,
        figures.at_risk_weighted_minor,
    ):
        assert money(minor, "EUR") in slides["Summary"]
    assert (figures.recurring_minor, figures.won_minor, figures.at_risk_minor) == (6_000_003, AMOUNT, AMOUNT)
    assert sum(each.amount_minor for each in content.deals) == figures.pipeline_minor
    centre = (await centres(actor, BuyingCentre.ACCOUNT, DAY, [found.account.id]))[found.account.id]
    covered = ", ".join(words(role.value) for role in centre.covered)
    assert {covered, f"{content.people and content.people.strength} of 100"} <= {
        *slides["Relationships and their gaps"]
    }
    plan = (await judged(found.tenant.id, [found.plan], DAY))[found.plan.id]
    health = slides[f"Account plan: {words(plan.health.value)}"]
    assert plan.reasons and {reason.text for reason in plan.reasons} <= {*health}
    assert f"The plan is {words(plan.health.value)}" in slides["Summary"]


async def test_the_grid_of_a_deck_is_that_of_the_metric(db: str) -> None:
    found = await world()
    content = await found.content(MANAGER)
    shown = await grid.whitespace(
        await factories.actor(found.director), AsOf(DAY), grid.Wanted(account_id=found.account.id)
    )
    rows = await shown.rows(10)
    assert content.whitespace and list(content.whitespace.rows) == rows
    drawn = whitespace(content.whitespace)
    assert len(drawn.rows) == 2 and len(drawn.columns) == 10
    texts = _slides(deck.written(content))["Whitespace"]
    words_shown = [shade.word for _, shades in drawn.rows for shade in shades]
    assert all(texts.count(word) >= words_shown.count(word) for word in words_shown)
    assert {"owned", "ordered", "open", "never"} <= {*words_shown}
    assert all(shade.means in texts for shade in drawn.legend)


@pytest.mark.parametrize("edition", [MANAGER, CUSTOMER])
async def test_charts_hold_their_data_to_edit(db: str, edition: Edition) -> None:
    content = await (await world()).content(edition)
    charts = _charts(deck.written(content))
    recurring = charts["Charges a month (EUR)"]
    assert list(recurring.plots[0].categories) == [day(point.day) for point in content.history]
    assert list(recurring.plots[0].series[0].values) == [
        point.recurring_minor / 100 for point in content.history
    ]
    assert ("Revenue at risk (EUR)" in charts) is (edition is MANAGER)
    if edition is MANAGER:
        risk = charts["Revenue at risk (EUR)"].plots[0].series
        assert [list(each.values)[-1] for each in risk] == pytest.approx([AMOUNT / 100, AMOUNT / 100 * 0.35])
    for written in WRITERS:
        books = [name for name, _ in parts(written(content)) if name.endswith(".xlsx")]
        drawn = [name for name, _ in parts(written(content)) if re.search(r"charts/chart\d+\.xml$", name)]
        assert len(books) == len(drawn) >= 4


async def test_who_reports_to_whom_is_drawn(db: str) -> None:
    content = await (await world()).content(MANAGER)
    slides = [each for each in _deck(deck.written(content)).slides if "Stakeholder map" in _texts(each)[0]]
    boxes = [shape for slide in slides for shape in slide.shapes if "strength" in _text(shape)]
    first = boxes[0]
    assert _text(first).splitlines()[2].startswith("economic buyer \N{MIDDLE DOT} influence high")
    assert "++ mentor" in _text(first)
    lines = [shape for slide in slides for shape in slide.shapes if shape.shape_type == 9]
    # One below the title, and two for each of six; the others' boss is in the other column, or there is none.
    assert len(lines) == 1 + 2 * 6
    assert any("reports to" in _text(each) for each in boxes)
    assert "more people, listed in the appendix" in " ".join(_texts(slides[-1]))


def _text(shape: Any) -> str:
    return str(shape.text_frame.text) if shape.has_text_frame else ""


async def test_what_does_not_fit_is_in_the_appendix_whole(db: str) -> None:
    content = await (await world()).content(MANAGER)
    slides = _slides(deck.written(content))
    assert len(content.deals) == 41
    here = sum(SECRET in text and "deal" in text for text in slides["Deals and forecast"])
    (more,) = [text for text in slides["Deals and forecast"] if "listed in the appendix" in text]
    assert (
        more == f"and {41 - here - 1} more deals, listed in the appendix" or f"and {41 - here} more" in more
    )
    listed = slides["Appendix: Deals and forecast"]
    assert all(any(text.startswith(f"{SECRET} deal {number}:") for text in listed) for number in range(40))
    people = slides["Appendix: People at the account"]
    assert all(any(f"Wyszyńska {number:02}" in text for text in people) for number in range(60))
    paragraphs = told(document.written(content))
    assert all(f"Wyszyńska {number:02}" in paragraphs for number in range(60))


@pytest.mark.parametrize("written", WRITERS)
async def test_nothing_internal_is_anywhere_in_a_file_for_customers(db: str, written: Any) -> None:
    found = await world()
    file = told(written(await found.content(CUSTOMER, found.goal.id, found.step.id)))
    text = re.sub(r"<[^>]*>", " ", file).casefold()
    assert [word for word in OURS if word.casefold() in text] == []
    assert f"{AMOUNT // 100:,}" not in file and str(AMOUNT // 100) not in file
    for each in (
        "Alle Werke an das neue Netz",
        "Termin mit der Technik",
        "Łukasz Żółkiewski",
        "Wyszyńska 00",
    ):
        assert each in file
    ours = told(written(await found.content(MANAGER)))
    assert ours.count(SECRET) > 40 and f"{AMOUNT // 100:,}" in ours


async def test_customers_read_of_the_plan_only_what_was_agreed(db: str) -> None:
    found = await world()
    content = await found.content(CUSTOMER)
    assert content.shared is None and content.plan is None and content.people is None
    assert "Agreed objectives and next steps" not in _slides(deck.written(content))
    with pytest.raises(
        Invalid, match=r"no objective or action of the plan; allowed: pobj_.*Alle Werke"
    ) as error:
        await found.content(CUSTOMER, "pobj_other")
    assert list(error.value.path) == ["share"]
    with pytest.raises(Invalid, match="allowed: edition CUSTOMER"):
        await found.content(MANAGER, found.goal.id)


@pytest.mark.parametrize("edition", [MANAGER, CUSTOMER])
@pytest.mark.parametrize("small", [False, True])
async def test_slides_can_be_read(db: str, edition: Edition, small: bool) -> None:
    """Nothing stands over the edge, no letters are smaller than 12 points, and no slide is empty."""
    content = await (await (bare() if small else world())).content(edition)
    shown = _deck(deck.written(content))
    for slide in shown.slides:
        assert len(_texts(slide)) + len([each for each in slide.shapes if each.has_chart]) > 3
        for shape in slide.shapes:
            assert min(shape.left, shape.top) >= 0
            assert shape.left + shape.width <= shown.slide_width
            high = sum(row.height for row in shape.table.rows) if shape.has_table else shape.height
            assert shape.top + high <= shown.slide_height, _texts(slide)[0]
            for size in _sizes(shape):
                assert size >= Pt(12)


def _sizes(shape: Any) -> list[Emu]:
    frames = [shape.text_frame] if shape.has_text_frame else []
    if shape.has_table:
        frames += [cell.text_frame for row in shape.table.rows for cell in row.cells]
    runs = [run for frame in frames for each in frame.paragraphs for run in each.runs]
    assert all(run.font.size is not None for run in runs)
    return [run.font.size for run in runs]


@pytest.mark.parametrize("written", WRITERS)
async def test_the_same_review_is_the_same_bytes(db: str, written: Any) -> None:
    found = await world()
    content, again = await found.content(MANAGER), await found.content(MANAGER)
    file = written(content)
    assert file == written(again)
    assert not [name for name, part in parts(file) if today().isoformat().encode() in part]
    assert "Canny" not in told(file) and "python" not in told(file)


async def test_a_review_is_as_of_its_day(db: str) -> None:
    found = await world()
    earlier = await found.content(MANAGER, day=DAY - timedelta(days=25))
    assert earlier.quarter.first == date(2026, 1, 1)
    assert earlier.sold == [] and not earlier.risks and earlier.figures and earlier.figures.won_minor == 0
    assert [each.product for each in (await found.content(MANAGER)).sold] == ["Mobile Standard"]
    before = await found.content(MANAGER, day=date(2025, 12, 31))
    assert before.plan is None and before.quarter.last == date(2025, 12, 31)
    with pytest.raises(Invalid, match="out of range"):
        await found.content(MANAGER, day=date(1, 1, 1))


async def test_who_may_have_it_decides_what_it_tells(db: str) -> None:
    found = await world()
    stranger = await factories.user(found.tenant, name="Bo")
    with pytest.raises(NotFound):
        await account_named(await factories.actor(stranger), found.account.id)
    await factories.deal(found.account, owner_id=stranger.id, name="Bo's", amount_minor=7_00)
    content = await found.content(MANAGER, user=stranger)
    assert [each.name for each in content.deals] == ["Bo's"]
    assert content.contracts is None and content.plan is None and not content.risks
    assert content.standing.recurring_minor == 0 and content.standing.accounts == 1
    assert content.whitespace is None and not content.services
    assert content.people and len(content.people.known) == 60


@pytest.mark.parametrize("missing", [Scope.READ_MONEY, Scope.READ_PERSONAL])
async def test_whoever_may_not_see_money_or_people_gets_none(db: str, missing: Scope) -> None:
    found = await world()
    actor = await factories.actor(found.director)
    from dataclasses import replace

    from commands.account_review.gathering import Asked, gathered

    limited = replace(actor, scopes=frozenset(Scope) - {missing})
    with pytest.raises(Forbidden, match=f"the scope {missing.value} is needed"):
        await gathered(limited, found.account, Asked(DAY))


async def test_an_account_is_found_by_its_id_or_name(db: str) -> None:
    found = await world()
    actor = await factories.actor(found.director)
    assert (await account_named(actor, NAME)).id == found.account.id
    await factories.account(found.director, name=NAME)
    with pytest.raises(Invalid, match="may be any of several accounts; allowed: acc_"):
        await account_named(actor, NAME)


@pytest.mark.parametrize("db_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("edition", [MANAGER, CUSTOMER])
async def test_an_office_program_shows_every_page(db: str, tmp_path: Path, edition: Edition) -> None:
    content = await (await world()).content(edition)
    for written, name in ((deck.written, "deck.pptx"), (document.written, "plan.docx")):
        file = tmp_path / name
        file.write_bytes(written(content))
        count = pages(file, tmp_path)
        if name == "deck.pptx":
            assert count == len(_deck(file.read_bytes()).slides)
        assert count > 5


@pytest.mark.parametrize("db_url", ["sqlite"], indirect=True)
async def test_the_command_writes_both(db: str, tmp_path: Path) -> None:
    found = await world()
    done = bellwether(
        db, tmp_path, "export", "review", "--account", found.account.id, "--pptx", "a.pptx", "--docx", "a.docx",
        "--as-of", DAY.isoformat(), "--user", "LUKASZ@x.example",
    )  # fmt: skip
    assert f"a.pptx: {NAME} as of {DAY}, for the manager" in " ".join(done.stdout.split())
    content = await found.content(MANAGER)
    assert (tmp_path / "a.pptx").read_bytes() == deck.written(content)
    assert (tmp_path / "a.docx").read_bytes() == document.written(content)
    assert Document(tmp_path / "a.docx").paragraphs[0].text == NAME
    assert sorted(each.name for each in tmp_path.iterdir() if "a." in each.name) == ["a.docx", "a.pptx"]


@pytest.mark.parametrize("db_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("options", "error"),
    [
        (["--account", "acc_none", "--pptx", "old.pptx"], "NOT_FOUND at account: no account 'acc_none'"),
        (["--account", "Kiosk"], "nothing to write; allowed: --pptx FILE, --docx FILE, or both"),
        (["--account", "Kiosk", "--pptx", "old.pptx", "--for", "boss"], "allowed: manager, customer"),
        (["--account", "Kiosk", "--pptx", "none/new.pptx"], "none/new.pptx cannot be written"),
        (["--account", "Kiosk", "--pptx", "old.pptx", "--for", "customer", "--share", "x"], "at share"),
        (["--account", "Kiosk", "--pptx", "old.pptx", "--user", "x@y.example"], "no active user"),
    ],
)
async def test_what_goes_wrong_is_said_and_leaves_a_file_as_it_was(
    db: str, tmp_path: Path, options: list[str], error: str
) -> None:
    await bare()
    (tmp_path / "old.pptx").write_bytes(b"as it was")
    done = bellwether(db, tmp_path, "export", "review", *options, exit_code=1)
    assert error in done.stderr
    assert (tmp_path / "old.pptx").read_bytes() == b"as it was"
    assert not list(tmp_path.glob(".*pptx*"))

"""Account reviews as files: what they tell, and that it can be read."""

from __future__ import annotations

import os
import re
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from docx import Document
from pptx import Presentation
from pptx.enum.shapes import MSO_SHAPE_TYPE
from pptx.util import Inches, Pt

from commands.account_review.content import Content, Edition, Unapproved
from connectors.account_review import deck, document, story
from connectors.account_review.properties import file_name
from connectors.account_review.shading import whitespace
from connectors.account_review.texts import day, lines_of, money, words
from connectors.account_review.widths import BOLD
from models import database
from models.base import today
from models.plans import PlanState
from models.recommendations import Withheld
from models.whitespace import CellState
from rules.plan_judgements import Reason, ReasonKind
from tests.conftest import blocking
from tests.connectors.office import pages
from tests.reviews import AMOUNT, DAY, SECRET, bare, parts, told, world
from tests.shell import bellwether

MANAGER, CUSTOMER = Edition.MANAGER, Edition.CUSTOMER
Writer = Callable[[Content], bytes]
WRITERS: tuple[Writer, ...] = (deck.written, document.written)
#: Words that tell of what is ours alone, whatever they are about.
OURS = (
    SECRET, "risk", "chance", "weighted", "pipeline", "commit", "best case", "competitor", "rival",
    "influence", "sentiment", "mentor", "supporter", "enemy", "champion", "economic buyer", "strength",
    "single", "whitespace", "potential", "gap", "peers", "never", "lost", "margin", "segment", "tier",
    "overdue", "internal", "nothing to tell", "recommend", "vision", "tender",
)  # fmt: skip


class Gathered:
    """What reviews tell: of the account with much of everything, and of that with nearly nothing."""

    def __init__(
        self, much: Content, customers: Content, little: Content, little_for_customers: Content
    ) -> None:
        self.much = much
        self.customers = customers
        self.all = (much, customers, little, little_for_customers)
        self._files: dict[tuple[int, str], bytes] = {}

    def file(self, content: Content, written: Writer) -> bytes:
        """One of them as a file, which is written once."""
        key = next(at for at, each in enumerate(self.all) if each is content), written.__module__
        if key not in self._files:
            self._files[key] = written(content)
        return self._files[key]


@pytest.fixture(scope="module")
def gathered(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Gathered:
    """What is written here is gathered once: how, ``tests/commands/test_account_review.py`` shows."""
    found: list[Gathered] = []

    async def gather() -> None:
        path = shutil.copyfile(sqlite_template, tmp_path_factory.mktemp("reviews") / "b.sqlite3")
        async with database.database(f"sqlite://{path}"):
            much, little = await world(), await bare()
            customers = await much.content(CUSTOMER, much.goal.id, much.step.id)
            small = [await little.content(edition) for edition in (MANAGER, CUSTOMER)]
            found.append(Gathered(await much.content(MANAGER), customers, *small))

    blocking(gather())
    return found[0]


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


def test_a_deck_tells_what_was_gathered(gathered: Gathered) -> None:
    content = gathered.much
    slides, figures = _slides(gathered.file(content, deck.written)), content.figures
    assert figures and content.people and content.plan
    for minor in (
        figures.recurring_minor,
        figures.pipeline_minor,
        figures.weighted_minor,
        figures.won_minor,
        figures.at_risk_minor,
        figures.at_risk_weighted_minor,
    ):
        assert money(minor, "EUR") in slides["Summary, with subsidiaries"]
    covered = ", ".join(words(role.value) for role in content.people.centre.covered)
    assert {covered, f"{content.people.strength} of 100"} <= {*slides["Relationships and their gaps"]}
    judged = content.plan.judged
    health = slides[f"Account plan: {words(judged.health.value)}"]
    assert judged.reasons and {reason.text for reason in judged.reasons} <= {*health}
    assert f"The plan is {words(judged.health.value)}" in slides["Summary, with subsidiaries"]
    assert {each.what for each in content.asks} <= {*slides["What we ask for"]}
    assert [each for each in slides if "Recommendations" in each]


def test_the_grid_of_a_deck_is_that_which_was_gathered(gathered: Gathered) -> None:
    content = gathered.much
    assert content.whitespace
    drawn = whitespace(content.whitespace)
    assert [name for name, _ in drawn.rows] == [row.name for row in content.whitespace.rows]
    texts = _slides(gathered.file(content, deck.written))["Whitespace"]
    shown = [shade.word for _, shades in drawn.rows for shade in shades]
    assert {"owned", "ordered", "open", "rival", "never"} == {*shown}
    assert all(texts.count(word) >= shown.count(word) for word in shown)
    assert all(shade.means in texts for shade in drawn.legend)


@pytest.mark.parametrize("edition", [MANAGER, CUSTOMER])
def test_charts_hold_their_data_to_edit(gathered: Gathered, edition: Edition) -> None:
    content = gathered.much if edition is MANAGER else gathered.customers
    file = gathered.file(content, deck.written)
    charts = _charts(file)
    recurring = charts["Charges a month (EUR)"]
    assert list(recurring.plots[0].categories) == [day(point.day) for point in content.history]
    told_by_it = list(recurring.plots[0].series[0].values)
    assert told_by_it == [point.recurring_minor / 100 for point in content.history]
    # Only the last quarter was judged: the others have no point, which is not the same as one at 0.
    if edition is MANAGER:
        line = charts["Revenue at risk (EUR)"]
        assert [list(each.values)[:-1] for each in line.plots[0].series] == [[None] * 7] * 2
        assert 'dispBlanksAs val="gap"' in line.part.blob.decode()
        listed = _slides(file)["Revenue and risk over time, with subsidiaries"]
        assert listed.count("not judged") == 2 * 7 and money(0, "EUR") not in listed[-9:]
    assert ("Revenue at risk (EUR)" in charts) is (edition is MANAGER)
    if edition is MANAGER:
        risk = charts["Revenue at risk (EUR)"].plots[0].series
        assert [list(each.values)[-1] for each in risk] == pytest.approx([AMOUNT / 100, AMOUNT / 100 * 0.35])
    for each in (file, gathered.file(content, document.written)):
        names = [name for name, _ in parts(each)]
        books = [name for name in names if name.endswith(".xlsx")]
        drawn = [name for name in names if re.search(r"charts/chart\d+\.xml$", name)]
        assert len(books) == len(drawn) >= 4


def test_who_reports_to_whom_is_drawn(gathered: Gathered) -> None:
    slides = [
        each
        for each in _deck(gathered.file(gathered.much, deck.written)).slides
        if "Stakeholder map" in _texts(each)[0]
    ]
    boxes = [
        shape
        for slide in slides
        for shape in slide.shapes
        if "/100" in _text(shape) and "influence" in _text(shape)
    ]
    first = boxes[0]
    assert _text(first).splitlines()[2].startswith("economic buyer \N{MIDDLE DOT} influence high")
    assert "++ mentor" in _text(first)
    lines = [shape for slide in slides for shape in slide.shapes if shape.shape_type == MSO_SHAPE_TYPE.LINE]
    # One below the title, and two for each of six; the others' boss is in the other column, or there is none.
    assert len(lines) == 1 + 2 * 6
    assert any("reports to" in _text(each) for each in boxes)
    assert "and 50 more people, listed in the appendix" in _texts(slides[-1])


def _text(shape: Any) -> str:
    return str(shape.text_frame.text) if shape.has_text_frame else ""


def test_what_does_not_fit_is_in_the_appendix_whole(gathered: Gathered) -> None:
    slides = _slides(gathered.file(gathered.much, deck.written))
    here = sum(text.startswith(f"{SECRET} deal") for text in slides["Deals and forecast"])
    assert here and f"and {41 - here} more deals, listed in the appendix" in slides["Deals and forecast"]
    listed = slides["Appendix: Deals and forecast"]
    assert all(any(text.startswith(f"{SECRET} deal {number}:") for text in listed) for number in range(40))
    people = slides["Appendix: People at the account"]
    assert all(any(f"Wyszyńska {number:02}" in text for text in people) for number in range(60))
    written = told(gathered.file(gathered.much, document.written))
    assert all(f"Wyszyńska {number:02}" in written for number in range(60))


@pytest.mark.parametrize("written", WRITERS)
def test_a_table_that_nobody_would_read_to_its_end_is_cut_and_says_so(
    gathered: Gathered, written: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(story, "MOST_ROWS", 12)
    file = told(written(gathered.much))
    assert "and 29 more deals: too many to list" in file and f"{SECRET} deal 27:" not in file
    assert "and 48 more people: too many to list" in file


def test_a_deck_cuts_long_lists_and_says_so_and_the_document_has_all(gathered: Gathered) -> None:
    """Of 38 reasons a deck shows 6, of 4 strengths 3; of 5 recommendations 3 are withheld for 2 causes."""
    much = gathered.much
    assert much.plan and len(much.advice) == 2
    reasons = tuple(Reason(ReasonKind.OBJECTIVE_BEHIND, True, f"Reason {number}.") for number in range(38))
    judged = replace(much.plan.judged, reasons=reasons)
    entries = {"STRENGTH": [f"Strength {number}." for number in range(4)]}
    content = replace(
        much,
        plan=replace(much.plan, judged=judged, entries=entries),
        withheld={Withheld.DISMISSED: 1, Withheld.CAP: 2},
    )
    file = deck.written(content)
    slides = _slides(file)
    health = slides["Account plan: behind"]
    assert {"Reason 5.", "and 32 more reasons, listed in the document"} <= {*health}
    assert "Reason 6." not in health
    assert "and 1 more strength, listed in the document" in slides["Strengths, threats and strategies"]
    titles = [each.shapes.title.text_frame.text for each in _deck(file).slides]
    assert sum("Account plan" in title for title in titles) <= 2
    document_ = told(document.written(content))
    assert all(text in document_ for text in ("Reason 37.", "Strength 3."))
    said = "5 recommendations open, 3 of them withheld"
    assert said in slides["Recommendations, in order of priority"] and said in document_
    assert "1 of which the like was dismissed too often, 2 for which more pressing ones stand" in document_


def test_texts_that_were_cut_or_over_others_have_room(gathered: Gathered) -> None:
    """Titles have a line, also bold; a chance is told with the past one; a vision ends before the next."""
    title = "Appendix: Recommendations, in order of priority (continued)"
    much = gathered.much
    assert much.plan and much.whitespace
    deals = [replace(much.deals[0], probability=75, likelihood=62)]
    vision = "WIR BAUEN DAS NETZ ALLER WERKE, UND WER IMMER MITKOMMT, KOMMT MIT. " * 12
    advice = [replace(much.advice[0], because="Weil es so ist, wie es ist. " * 12)] * 40
    row = replace(
        much.whitespace.rows[0],
        cells=tuple(replace(each, state=CellState.NOT_POSSIBLE) for each in much.whitespace.rows[0].cells),
    )
    content = replace(
        much,
        deals=deals,
        advice=advice,
        plan=replace(much.plan, vision=vision),
        whitespace=replace(much.whitespace, rows=[row]),
    )
    shown = _deck(deck.written(content))
    heads = [each.shapes.title.text_frame for each in shown.slides]
    assert title in [head.text for head in heads]
    for head in heads:
        (run,) = head.paragraphs[0].runs
        assert lines_of(run.text, 12.13, run.font.size.pt * BOLD) == 1
    texts = [text for slide in shown.slides for text in _texts(slide)]
    assert "75\N{NO-BREAK SPACE}% (past:\N{NO-BREAK SPACE}62\N{NO-BREAK SPACE}%)" in texts
    assert "does not go with what is there" in texts
    boxes = [
        shape
        for slide in shown.slides
        for shape in slide.shapes
        if shape.has_text_frame and shape.text_frame.text.startswith("WIR BAUEN")
    ]
    (run,) = boxes[0].text_frame.paragraphs[0].runs
    lines = lines_of(run.text, boxes[0].width / Inches(1), run.font.size.pt * BOLD)
    assert lines == 4 and lines * 1.2 * run.font.size.pt <= boxes[0].height / Pt(1)


@pytest.mark.parametrize("written", WRITERS)
def test_accounts_that_are_left_out_are_counted(gathered: Gathered, written: Writer) -> None:
    much = gathered.much
    assert much.whitespace
    standing = replace(much.standing, accounts=4_002)
    content = replace(much, standing=standing, whitespace=replace(much.whitespace, accounts=4_002))
    assert told(written(content)).count("and 4,000 more accounts: too many to list") >= 2


@pytest.mark.parametrize("written", WRITERS)
def test_nothing_internal_is_anywhere_in_a_file_for_customers(gathered: Gathered, written: Writer) -> None:
    file = told(gathered.file(gathered.customers, written))
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
    ours = told(gathered.file(gathered.much, written))
    text = re.sub(r"<[^>]*>", " ", ours).casefold()
    assert ours.count(SECRET) > 40 and f"{AMOUNT // 100:,}" in ours
    assert sum(word.casefold() in text for word in OURS) > 20


def test_slides_can_be_read(gathered: Gathered) -> None:
    """Nothing is over the edge or over another thing, letters have 12 points at least, no slide is empty."""
    for content in gathered.all:
        shown = _deck(gathered.file(content, deck.written))
        for slide in shown.slides:
            assert len(_texts(slide)) + sum(shape.has_chart for shape in slide.shapes) > 3
            places = [_place(shape) for shape in slide.shapes if shape.shape_type != MSO_SHAPE_TYPE.LINE]
            for left, top, right, bottom in places:
                assert left >= 0 and top >= 0 and right <= shown.slide_width and bottom <= shown.slide_height
            for one, other in combinations(places, 2):
                assert _are_apart(one, other), _texts(slide)
            assert all(size >= Pt(12) for shape in slide.shapes for size in _sizes(shape))


Place = tuple[int, int, int, int]


def _place(shape: Any) -> Place:
    """Left, top, right and bottom of a shape; a table is as high as its rows."""
    high = sum(row.height for row in shape.table.rows) if shape.has_table else shape.height
    return shape.left, shape.top, shape.left + shape.width, shape.top + high


def _are_apart(one: Place, other: Place) -> bool:
    """Whether two places have nothing in common, to a twentieth of an inch."""
    less = Inches(0.05)
    return bool(
        one[2] <= other[0] + less
        or other[2] <= one[0] + less
        or one[3] <= other[1] + less
        or other[3] <= one[1] + less
    )


def _sizes(shape: Any) -> list[Any]:
    frames = [shape.text_frame] if shape.has_text_frame else []
    if shape.has_table:
        frames += [cell.text_frame for row in shape.table.rows for cell in row.cells]
    runs = [run for frame in frames for each in frame.paragraphs for run in each.runs]
    assert all(run.font.size is not None for run in runs)
    return [run.font.size for run in runs]


def test_whom_a_file_is_for_is_in_its_name_and_on_each_page(gathered: Gathered) -> None:
    for content, name, said in (
        (gathered.much, "internal", "Internal to Nordlicht Telekom: not for the customer"),
        (gathered.customers, "customer", "From Nordlicht Telekom for its customer"),
    ):
        assert file_name(content, "docx").startswith(f"review-{name}-Größte-Überlandwerke-")
        assert file_name(content, "docx").endswith(f"-{DAY}.docx")
        for slide in _deck(gathered.file(content, deck.written)).slides:
            assert any(text.startswith(said) for text in _texts(slide))
        written = Document(BytesIO(gathered.file(content, document.written)))
        assert written.sections[0].footer.paragraphs[0].text.startswith(said)
        assert said in [each.text for each in written.paragraphs[:6]]


@pytest.mark.parametrize("written", WRITERS)
def test_the_same_review_is_the_same_bytes(gathered: Gathered, written: Writer) -> None:
    file = gathered.file(gathered.much, written)
    assert file == written(replace(gathered.much))
    assert not [name for name, part in parts(file) if today().isoformat().encode() in part]
    with zipfile.ZipFile(BytesIO(file)) as zipped:
        assert {each.date_time for each in zipped.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    assert "Canny" not in told(file) and "python" not in told(file)


def test_an_office_program_shows_every_page(gathered: Gathered, tmp_path: Path) -> None:
    files = {}
    for number, content in enumerate(gathered.all):
        for name, written in ((f"{number}.pptx", deck.written), (f"{number}d.docx", document.written)):
            files[tmp_path / name] = written(content)
            (tmp_path / name).write_bytes(files[tmp_path / name])
    shown = pages(list(files), tmp_path)
    for file, told_by_it in files.items():
        if file.suffix == ".pptx":
            assert shown[file.name] == len(_deck(told_by_it).slides)
        else:
            assert shown[file.name] >= 1


@pytest.mark.parametrize("db_url", ["sqlite"], indirect=True)
async def test_of_a_plan_it_is_said_what_of_it_was_approved(db: str) -> None:
    content = await (await world()).content(MANAGER)
    assert content.plan
    facts = _slides(deck.written(content))["Account plan: behind"]
    assert "as approved last: revision 1 of 2026-01-15" in facts and "Written now" not in facts
    assert any(text.endswith("a year, of this account alone") for text in facts)
    counts = [
        Unapproved(("objective", "objectives"), changed=1),
        Unapproved(("action", "actions"), added=1, taken_out=2),
    ]
    changed = replace(content, plan=replace(content.plan, unapproved=counts))
    said = "changes not approved since 2026-01-15: 1 objective changed; 2 actions taken out, 1 added"
    draft = replace(content, plan=replace(content.plan, approved=None, state=PlanState.DRAFT))
    for written in WRITERS:
        assert said in told(written(changed))
        assert "a draft that nobody approved" in told(written(draft))
    assert "Account plan: not approved" in _slides(deck.written(draft))
    assert (
        "The account plan is a draft that nobody approved"
        in _slides(deck.written(draft))["Summary, with subsidiaries"]
    )


@pytest.mark.parametrize("db_url", ["sqlite"], indirect=True)
async def test_the_command_writes_both(db: str, tmp_path: Path) -> None:
    found = await bare()
    done = bellwether(
        db, tmp_path, "export", "review", "--account", found.account.id, "--pptx", "a.pptx",
        "--docx", "a.docx", "--as-of", DAY.isoformat(), "--user", "ADA@x.example",
    )  # fmt: skip
    assert f"a.pptx: Kiosk as of {DAY}, for the manager" in " ".join(done.stdout.split())
    content, files = await found.content(MANAGER), [tmp_path / "a.pptx", tmp_path / "a.docx"]
    assert [file.read_bytes() for file in files] == [written(content) for written in WRITERS]
    assert Document(tmp_path / "a.docx").paragraphs[0].text == "Kiosk"
    assert sorted(each for each in os.listdir(tmp_path) if "a." in each) == ["a.docx", "a.pptx"]


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
    assert not [each for each in os.listdir(tmp_path) if each.startswith(".")]

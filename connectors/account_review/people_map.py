"""The map of stakeholders on slides: boxes in two columns, lines from everybody to whom they report."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pptx.slide import Slide

from connectors.account_review import slides
from connectors.account_review.charts import Frame
from connectors.account_review.sections import Box, Map, Shade
from connectors.account_review.slides import POINTS, Look
from connectors.account_review.texts import fitting
from connectors.account_review.widths import BOLD
from metrics.relationships import Place

_HIGH, _STEP, _INDENT, _DEEPEST = 0.76, 0.86, 0.32, 5
_COLUMNS, _GAP, _ROWS = 2, 0.3, 5
_SIDE = 0.16


@dataclass(frozen=True)
class Page:
    """The people of one slide: those of each column, with the name of whom they report to elsewhere."""

    columns: Sequence[Sequence[tuple[Place, Box]]]
    elsewhere: dict[str, str]
    legend: Sequence[Shade]
    is_last: bool


def map_pages(found: Map) -> Iterator[Page]:
    """The people slide by slide."""
    names = {place.contact_id: box.name for place, box in found.boxes}
    each_page = _COLUMNS * _ROWS
    legend = found.legend
    for begin in range(0, len(found.boxes), each_page):
        on_it = found.boxes[begin : begin + each_page]
        rows = min(_ROWS, -(-len(on_it) // _COLUMNS)) if len(on_it) > _ROWS else _ROWS
        rows = max(rows, _ROWS if len(on_it) > rows * _COLUMNS else rows)
        columns = [on_it[at : at + rows] for at in range(0, len(on_it), rows)]
        yield Page(columns, names, legend, begin + each_page >= len(found.boxes))


def put_map(slide: Slide, page: Page, at: Frame) -> None:
    """Draw the people of one slide."""
    width = (at.width - _GAP * (_COLUMNS - 1)) / _COLUMNS
    for number, column in enumerate(page.columns):
        left = at.left + number * (width + _GAP)
        frames: dict[str, Frame] = {}
        for row, (place, box) in enumerate(column):
            indent = _INDENT * min(place.depth, _DEEPEST)
            frame = Frame(left + indent, at.top + row * _STEP, width - indent, _HIGH)
            frames[place.contact_id] = frame
            above = frames.get(place.above or "")
            if above is not None:
                _lines(slide, above, frame)
            reports = page.elsewhere.get(place.above or "") if above is None else None
            _box(slide, frame, box, reports)


def _lines(slide: Slide, above: Frame, below: Frame) -> None:
    """From a box down, and to the one below at its middle."""
    at, middle = above.left + _SIDE, below.top + below.height / 2
    slides.line(slide, (at, above.top + above.height), (at, middle))
    slides.line(slide, (at, middle), (below.left, middle))


def _box(slide: Slide, frame: Frame, box: Box, reports: str | None) -> None:
    shape = slides.box(slide, frame, box.shade.fill)
    shape.name = box.name
    room, colour = frame.width - 0.2, box.shade.letters
    reporting = f"reports to {reports}" if reports else ""
    second = " \N{MIDDLE DOT} ".join(each for each in (reporting, box.title) if each) or "title not known"
    slides.paragraph(
        shape.text_frame, [(fitting(box.name, room, POINTS * BOLD), Look(bold=True, colour=colour))]
    )
    for told in (second, box.tells):
        slides.paragraph(shape.text_frame, [(fitting(told, room, POINTS), Look(colour=colour))], first=False)

"""What slides are drawn with: texts, tables, boxes and lines, in inches from the upper left corner."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pptx.dml.color import RGBColor
from pptx.enum.shapes import MSO_CONNECTOR, MSO_SHAPE
from pptx.enum.text import MSO_ANCHOR, PP_ALIGN
from pptx.oxml.ns import qn
from pptx.slide import Slide
from pptx.util import Inches, Pt

from connectors.account_review.charts import Frame
from connectors.account_review.sections import Grid, Shade, Table
from connectors.account_review.texts import cleaned, fitting, lines_of
from connectors.account_review.widths import BOLD, widths

FONT = "Arial"
DARK, INK, GREY, PALE, WHITE = "1F4E79", "1A1A1A", "595959", "EAF1F8", "FFFFFF"
#: The least size of letters, and how high a line of them is.
POINTS = 12.0
LINE = 0.21
#: What is around the text of a field of a table.
SIDE, _ABOVE = 0.07, 0.04


@dataclass(frozen=True)
class Look:
    """How a text looks."""

    points: float = POINTS
    bold: bool = False
    colour: str = INK
    is_right: bool = False
    is_centred: bool = False

    @property
    def side(self) -> PP_ALIGN:
        """On which side the text stands."""
        if self.is_right:
            return PP_ALIGN.RIGHT
        return PP_ALIGN.CENTER if self.is_centred else PP_ALIGN.LEFT


PLAIN = Look()


def _colour(value: str) -> RGBColor:
    return RGBColor.from_string(value)


def paragraph(frame: Any, parts: Sequence[tuple[str, Look]], first: bool = True) -> None:
    """A paragraph of runs in a text frame: its first one, or another."""
    into = frame.paragraphs[0] if first else frame.add_paragraph()
    look = parts[0][1]
    into.alignment = look.side
    for told, how in parts:
        run = into.add_run()
        run.text = cleaned(told) if told.strip() else told
        run.font.name, run.font.size, run.font.bold = FONT, Pt(how.points), how.bold
        run.font.color.rgb = _colour(how.colour)


def text(slide: Slide, at: Frame, told: str, look: Look = PLAIN) -> None:
    """A text in a box of its own, as much of it as fits."""
    box = slide.shapes.add_textbox(*map(Inches, (at.left, at.top, at.width, at.height)))
    frame = box.text_frame
    _bare(frame)
    lines = max(1, int(at.height / (look.points * LINE / POINTS)))
    points = look.points * (BOLD if look.bold else 1)
    paragraph(frame, [(fitting(told, at.width, points, lines), look)])


def _bare(frame: Any) -> None:
    frame.word_wrap = True
    frame.margin_left = frame.margin_right = frame.margin_top = frame.margin_bottom = 0


def box(slide: Slide, at: Frame, fill: str, border: str = GREY) -> Any:
    """A box with a border."""
    shape = slide.shapes.add_shape(MSO_SHAPE.RECTANGLE, *map(Inches, (at.left, at.top, at.width, at.height)))
    shape.fill.solid()
    shape.fill.fore_color.rgb = _colour(fill)
    shape.line.color.rgb = _colour(border)
    shape.line.width = Pt(1)
    _unstyled(shape)
    frame = shape.text_frame
    frame.word_wrap = True
    frame.vertical_anchor = MSO_ANCHOR.MIDDLE
    frame.margin_left = frame.margin_right = Inches(SIDE)
    frame.margin_top = frame.margin_bottom = Inches(0.02)
    return shape


def line(slide: Slide, begin: tuple[float, float], end: tuple[float, float]) -> None:
    """A line from a point to another."""
    drawn = slide.shapes.add_connector(MSO_CONNECTOR.STRAIGHT, *map(Inches, (*begin, *end)))
    drawn.line.color.rgb = _colour(GREY)
    drawn.line.width = Pt(1.5)
    _unstyled(drawn)


def _unstyled(shape: Any) -> None:
    """Take away what the theme adds: shadows, which print badly."""
    style = shape._element.find(qn("p:style"))
    if style is not None:
        shape._element.remove(style)


def cells(table: Table, row: Sequence[str], shares: Sequence[float]) -> list[str]:
    """The texts of a row, as much of each as fits into its lines."""
    return [
        fitting(told, share - 2 * SIDE, POINTS, column.lines)
        for told, column, share in zip(row, table.columns, shares, strict=True)
    ]


def height(row: Sequence[str], shares: Sequence[float], bold: bool = False) -> float:
    """How high a row is."""
    points = POINTS * (BOLD if bold else 1)
    lines = (lines_of(told, share - 2 * SIDE, points) for told, share in zip(row, shares, strict=True))
    return max(lines) * LINE + 2 * _ABOVE


def table(slide: Slide, at: Frame, told: Table, rows: Sequence[Sequence[str]]) -> None:
    """A table with a head and these rows, whose texts fit."""
    shares = widths(told, at.width, POINTS, SIDE)
    heads = [column.head for column in told.columns]
    shown = _table(slide, at, [heads, *rows], shares)
    for number, column in enumerate(told.columns):
        _field(
            shown.cell(0, number),
            heads[number],
            DARK,
            Look(bold=True, colour=WHITE, is_right=column.is_number),
        )
        for place, row in enumerate(rows, start=1):
            fill = PALE if place % 2 == 0 else WHITE
            _field(shown.cell(place, number), row[number], fill, Look(is_right=column.is_number))


def _table(slide: Slide, at: Frame, rows: Sequence[Sequence[str]], shares: Sequence[float]) -> Any:
    frame = slide.shapes.add_table(
        len(rows), len(shares), *map(Inches, (at.left, at.top, at.width, at.height))
    )
    shown = frame.table
    shown.horz_banding = False
    for number, share in enumerate(shares):
        shown.columns[number].width = Inches(share)
    for number, row in enumerate(rows):
        shown.rows[number].height = Inches(height(row, shares, bold=number == 0))
    return shown


def _field(cell: Any, told: str, fill: str, look: Look) -> None:
    cell.margin_left = cell.margin_right = Inches(SIDE)
    cell.margin_top = cell.margin_bottom = Inches(_ABOVE)
    cell.vertical_anchor = MSO_ANCHOR.MIDDLE
    cell.fill.solid()
    cell.fill.fore_color.rgb = _colour(fill)
    frame = cell.text_frame
    frame.word_wrap = True
    paragraph(frame, [(told, look)])


#: The width of the names of a grid, and of one field.
NAMES, FIELD = 2.6, 1.35


def grid(slide: Slide, at: Frame, told: Grid, columns: Sequence[int], rows: Sequence[int]) -> None:
    """Some columns and rows of a grid of states."""
    share = (at.width - NAMES) / len(columns)
    shares = [NAMES, *(share for _ in columns)]
    heads = [told.corner, *(fitting(told.columns[each], share - 2 * SIDE, POINTS, 2) for each in columns)]
    names = [fitting(told.rows[each][0], NAMES - 2 * SIDE, POINTS, 2) for each in rows]
    shades = [[told.rows[row][1][column] for column in columns] for row in rows]
    texts = [[name, *(shade.word for shade in of)] for name, of in zip(names, shades, strict=True)]
    shown = _table(slide, at, [heads, *texts], shares)
    for number, head in enumerate(heads):
        _field(shown.cell(0, number), head, DARK, Look(bold=True, colour=WHITE, is_centred=number > 0))
    for place, (name, of) in enumerate(zip(names, shades, strict=True), start=1):
        _field(shown.cell(place, 0), name, WHITE, PLAIN)
        for number, shade in enumerate(of, start=1):
            _field(shown.cell(place, number), shade.word, shade.fill, _word(shade))


def _word(shade: Shade) -> Look:
    return Look(bold=True, colour=shade.letters, is_centred=True)


def grid_heights(told: Grid, columns: Sequence[int], width: float) -> tuple[float, list[float]]:
    """How high the head is, and each row."""
    share = (width - NAMES) / len(columns)
    heads = [fitting(told.columns[each], share - 2 * SIDE, POINTS, 2) for each in columns]
    head = max(height([each], [share], bold=True) for each in heads)
    return head, [height([fitting(name, NAMES - 2 * SIDE, POINTS, 2)], [NAMES]) for name, _ in told.rows]


def legend(slide: Slide, top: float, left: float, width: float, shades: Sequence[Shade]) -> None:
    """What the words and colours mean, in rows of three."""
    share = width / LEGEND_COLUMNS
    room, lines = _meaning(shades, width)
    for number, shade in enumerate(shades):
        at = left + share * (number % LEGEND_COLUMNS)
        down = top + _legend_row(lines) * (number // LEGEND_COLUMNS)
        shape = box(slide, Frame(at, down, _WORD, _legend_row(lines) - 0.06), shade.fill)
        paragraph(shape.text_frame, [(shade.word, _word(shade))])
        text(slide, Frame(at + _WORD + 0.1, down + 0.05, room, LINE * lines + 0.01), shade.means)


LEGEND_COLUMNS, _WORD = 3, 1.6


def _meaning(shades: Sequence[Shade], width: float) -> tuple[float, int]:
    """The width of what a word of a legend means, and how many lines of it there are at most."""
    room = width / LEGEND_COLUMNS - _WORD - 0.2
    return room, max((lines_of(shade.means, room, POINTS) for shade in shades), default=1)


def _legend_row(lines: int) -> float:
    return 0.15 + LINE * lines


def legend_height(shades: Sequence[Shade], width: float) -> float:
    """How high a legend is."""
    return -(-len(shades) // LEGEND_COLUMNS) * _legend_row(_meaning(shades, width)[1])

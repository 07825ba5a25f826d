"""The deck: slides to show. What does not fit where it is told is in the appendix, and it is said so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from io import BytesIO

from pptx import Presentation
from pptx.slide import Slide
from pptx.util import Inches

from commands.account_review.content import Content
from connectors.account_review import slides
from connectors.account_review.charts import Frame, drawn
from connectors.account_review.people_map import map_pages, put_map
from connectors.account_review.properties import described, foot, label
from connectors.account_review.sections import Block, Chart, Facts, Grid, Map, Points, Section, Table
from connectors.account_review.settled import settled
from connectors.account_review.slides import DARK, GREY, LINE, POINTS, WHITE, Look
from connectors.account_review.story import sections
from connectors.account_review.texts import fitting, lines_of, more
from connectors.account_review.widths import BOLD, widths

#: The size of a slide, and where its content stands, in inches.
WIDTH, HEIGHT = 13.333, 7.5
LEFT, TOP, BOTTOM = 0.6, 1.25, 6.85
INNER = WIDTH - 2 * LEFT
_GAP = 0.25
_CHART = 2.5
#: The most that a field of a grid is wide.
_FIELD = 1.9
_LAYOUT_WITH_TITLE = 5
_TILE = (2.85, 0.85)
#: Sizes of the account's name on the cover: the first that it fits with.
_NAME = (40.0, 32.0, 26.0)
#: Sizes of the title of a slide, which has one line.
_TITLE = (26.0, 23.0, 20.0, 18.0)


def written(content: Content) -> bytes:
    """The deck as a .pptx file; the same content gives the same bytes."""
    deck = _Deck(content)
    deck.write()
    file = BytesIO()
    deck.deck.save(file)
    return settled(file.getvalue())


@dataclass
class _At:
    """The slide that is written on, and how far down."""

    slide: Slide
    top: float
    is_begun: bool = False

    @property
    def left_over(self) -> float:
        return BOTTOM - self.top


class _Deck:
    """Writes a review as slides."""

    def __init__(self, content: Content) -> None:
        self.content = content
        self.deck = Presentation()
        self.deck.slide_width, self.deck.slide_height = Inches(WIDTH), Inches(HEIGHT)
        self.left_over: list[Section] = []

    def write(self) -> None:
        """All slides."""
        described(self.deck.core_properties, self.content)
        self._cover()
        told = sections(self.content)
        for section in told:
            if not section.in_appendix:
                self._section(section, whole=False)
        for section in [*self.left_over, *(each for each in told if each.in_appendix)]:
            self._section(replace(section, title=f"Appendix: {section.title}"), whole=True)

    def _slide(self, title: str) -> _At:
        slide = self.deck.slides.add_slide(self.deck.slide_layouts[_LAYOUT_WITH_TITLE])
        head = slide.shapes.title
        head.left, head.top, head.width, head.height = map(Inches, (LEFT, 0.4, INNER, 0.65))
        frame = head.text_frame
        frame.word_wrap = True
        frame.margin_left = frame.margin_right = frame.margin_top = frame.margin_bottom = 0
        size = next((each for each in _TITLE if lines_of(title, INNER, each * BOLD) == 1), _TITLE[-1])
        slides.paragraph(frame, [(fitting(title, INNER, size * BOLD), Look(size, True, DARK))])
        slides.line(slide, (LEFT, 1.1), (LEFT + INNER, 1.1))
        self._foot(slide)
        return _At(slide, TOP)

    def _foot(self, slide: Slide) -> None:
        number = f"{len(self.deck.slides)}"
        slides.text(slide, Frame(LEFT, 7.08, INNER - 1, LINE), foot(self.content), Look(colour=GREY))
        slides.text(slide, Frame(LEFT + INNER - 1, 7.08, 1, LINE), number, Look(colour=GREY, is_right=True))

    def _cover(self) -> None:
        content, header = self.content, self.content.header
        at = self._slide("Quarterly account review")
        size = next((each for each in _NAME if lines_of(header.name, INNER, each * BOLD) <= 2), _NAME[-1])
        slides.text(at.slide, Frame(LEFT, 1.6, INNER, 1.6), header.name, Look(size, True, DARK))
        period = f"{content.quarter.first} to {content.quarter.last}, as of {content.as_of}"
        slides.text(at.slide, Frame(LEFT, 3.4, INNER, 0.4), period, Look(20))
        slides.text(at.slide, Frame(LEFT, 4.0, INNER, 0.4), f"{content.tenant}: {header.owner}", Look(20))
        shape = slides.box(at.slide, Frame(LEFT, 5.2, INNER, 0.6), DARK, DARK)
        slides.paragraph(shape.text_frame, [(label(content), Look(16, True, WHITE, is_centred=True))])
        if content.is_internal:
            made = f"Made for {header.reader}; it tells what {header.reader} may see."
            slides.text(at.slide, Frame(LEFT, 6.0, INNER, 0.3), made, Look(14, colour=GREY))

    def _section(self, section: Section, whole: bool) -> None:
        at = self._slide(section.title)
        for row in section.rows:
            if len(row) > 1:
                at = self._beside(at, section, row)
            elif row:
                at = self._block(at, section, row[0], whole)

    def _next(self, at: _At, section: Section) -> _At:
        """Another slide of the section, unless nothing is on this one yet."""
        return self._slide(f"{section.title} (continued)") if at.is_begun else at

    def _block(self, at: _At, section: Section, block: Block, whole: bool) -> _At:
        match block:
            case Table():
                return self._table(at, section, block, whole)
            case Chart():
                return self._chart(at, section, block)
            case Facts(are_figures=True):
                return self._figures(at, block)
            case Facts():
                return self._facts(at, block)
            case Points():
                return self._points(at, section, block)
            case Grid():
                return self._grid(at, section, block, whole)
            case Map():
                return self._map(at, section, block)

    def _beside(self, at: _At, section: Section, row: Sequence[Block]) -> _At:
        """Blocks beside each other; tables begin at the same height, and are cut there."""
        width = (INNER - _GAP * (len(row) - 1)) / len(row)
        bottom = at.top
        for number, block in enumerate(row):
            frame = Frame(LEFT + number * (width + _GAP), at.top, width, _CHART)
            match block:
                case Chart():
                    drawn(at.slide, block, frame)
                    bottom = max(bottom, at.top + _CHART)
                case Facts():
                    bottom = max(bottom, self._pairs(at.slide, block, frame))
                case Table() if block.rows:
                    bottom = max(bottom, self._part(at.slide, section, block, frame))
        return _At(at.slide, bottom + _GAP, is_begun=True)

    def _part(self, slide: Slide, section: Section, table: Table, frame: Frame) -> float:
        """As much of a table as fits, the rest goes to the appendix."""
        shares = widths(table, frame.width, POINTS, slides.SIDE)
        rows = [slides.cells(table, row, shares) for row in table.rows]
        head = slides.height([column.head for column in table.columns], shares, bold=True)
        room = BOTTOM - frame.top - head
        count, down = _fitting_rows(rows, shares, room)
        if count < len(rows) or table.left_out:
            count, down = _fitting_rows(rows, shares, room - LINE - 0.1)
        slides.table(slide, replace(frame, height=head + down), table, rows[:count])
        bottom = frame.top + head + down
        rest = len(rows) - count + table.left_out
        if rest:
            at = Frame(frame.left, bottom + 0.1, frame.width, LINE)
            self._and_more(slide, at, rest, table.called, listed=count < len(rows))
            bottom += LINE + 0.1
        if count < len(rows):
            self._put_off(section, table)
        return bottom

    def _put_off(self, section: Section, block: Block) -> None:
        self.left_over.append(Section(section.title, [[block]], in_appendix=True))

    def _and_more(
        self, slide: Slide, at: Frame, count: int, called: tuple[str, str], *, listed: bool
    ) -> None:
        where = ", listed in the appendix" if listed else ": too many to list"
        slides.text(slide, at, more(count, called) + where, Look(bold=True, colour=GREY))

    def _table(self, at: _At, section: Section, table: Table, whole: bool) -> _At:
        if not table.rows:
            return at
        shares = widths(table, INNER, POINTS, slides.SIDE)
        rows = [slides.cells(table, row, shares) for row in table.rows]
        head = slides.height([column.head for column in table.columns], shares, bold=True)
        least = head + max(slides.height(row, shares) for row in rows[:2]) * min(2, len(rows)) + LINE
        if at.left_over < least:
            at = self._next(at, section)
        if not whole:
            bottom = self._part(at.slide, section, table, Frame(LEFT, at.top, INNER, 0))
            return _At(at.slide, bottom + _GAP, is_begun=True)
        while rows:
            count, down = _fitting_rows(rows, shares, at.left_over - head)
            count = max(count, 1)
            slides.table(at.slide, Frame(LEFT, at.top, INNER, head + down), table, rows[:count])
            rows = rows[count:]
            at = _At(at.slide, at.top + head + down + _GAP, is_begun=True)
            if rows:
                at = self._next(at, section)
        if table.left_out:
            place = Frame(LEFT, at.top - 0.15, INNER, LINE)
            self._and_more(at.slide, place, table.left_out, table.called, listed=False)
        return at

    def _chart(self, at: _At, section: Section, chart: Chart) -> _At:
        if at.left_over < _CHART:
            at = self._next(at, section)
        drawn(at.slide, chart, Frame(LEFT, at.top, INNER, _CHART))
        return _At(at.slide, at.top + _CHART + _GAP, is_begun=True)

    def _figures(self, at: _At, facts: Facts) -> _At:
        """Figures in tiles, four in a row."""
        across, (width, high) = 4, _TILE
        step = (INNER - width) / (across - 1)
        for number, (name, value) in enumerate(facts.pairs):
            left, top = LEFT + step * (number % across), at.top + (high + 0.15) * (number // across)
            shape = slides.box(at.slide, Frame(left, top, width, high), slides.PALE, slides.PALE)
            size = 20 if lines_of(value, width - 0.2, 21) == 1 else 15
            slides.paragraph(shape.text_frame, [(name, Look(13, colour=GREY, is_centred=True))])
            slides.paragraph(
                shape.text_frame, [(value, Look(size, True, DARK, is_centred=True))], first=False
            )
        rows = -(-len(facts.pairs) // across)
        return _At(at.slide, at.top + rows * (high + 0.15) + 0.1, is_begun=True)

    def _facts(self, at: _At, facts: Facts) -> _At:
        bottom = self._pairs(at.slide, facts, Frame(LEFT, at.top, INNER, at.left_over))
        return _At(at.slide, bottom + _GAP, is_begun=True)

    def _pairs(self, slide: Slide, facts: Facts, frame: Frame) -> float:
        """Names and values one below the other; where they end."""
        named, top, points = min(3.2, frame.width * 0.4), frame.top, 14.0
        line = LINE * points / POINTS
        for name, value in facts.pairs:
            room = frame.width - named - 0.1
            told = fitting(value, room, points * BOLD, 4)
            down = lines_of(told, room, points * BOLD) * line
            slides.text(slide, Frame(frame.left, top, named, line), name, Look(points, colour=GREY))
            slides.text(
                slide, Frame(frame.left + named + 0.1, top, room, down + 0.02), told, Look(points, True)
            )
            top += down + 0.12
        return top

    def _points(self, at: _At, section: Section, points: Points) -> _At:
        size, room = 14.0, INNER - 0.3
        line = LINE * size / POINTS
        for what, why in points.lines[: points.most]:
            first, second = fitting(what, room, size * BOLD, 2), fitting(why, room, size, 3)
            down = (lines_of(first, room, size * BOLD) + lines_of(second, room, size) * bool(second)) * line
            if at.left_over < down + 0.05:
                at = self._next(at, section)
            shape = at.slide.shapes.add_textbox(*map(Inches, (LEFT + 0.3, at.top, room, down)))
            frame = shape.text_frame
            frame.word_wrap = True
            frame.margin_left = frame.margin_right = frame.margin_top = frame.margin_bottom = 0
            slides.paragraph(frame, [(first, Look(size, True, DARK))])
            if second:
                slides.paragraph(frame, [(second, Look(size))], first=False)
            slides.box(at.slide, Frame(LEFT, at.top + 0.06, 0.12, 0.12), DARK, DARK)
            at = _At(at.slide, at.top + down + 0.16, is_begun=True)
        rest = len(points.lines[points.most :]) if points.most else 0
        if rest:
            if at.left_over < LINE:
                at = self._next(at, section)
            said = f"{more(rest, points.called)}, listed in the document"
            slides.text(at.slide, Frame(LEFT + 0.3, at.top, room, LINE), said, Look(bold=True, colour=GREY))
            at = _At(at.slide, at.top + LINE + 0.16, is_begun=True)
        return at

    def _grid(self, at: _At, section: Section, grid: Grid, whole: bool) -> _At:
        most = max(1, int((INNER - slides.NAMES) / slides.FIELD))
        across = -(-len(grid.columns) // -(-len(grid.columns) // most))
        legend = slides.legend_height(grid.legend, INNER)
        for begin in range(0, len(grid.columns), across):
            columns = range(begin, min(begin + across, len(grid.columns)))
            width = slides.NAMES + min(INNER - slides.NAMES, _FIELD * len(columns))
            head, heights = slides.grid_heights(grid, columns, width)
            waiting = list(range(len(grid.rows)))
            while waiting:
                at = self._next(at, section)
                room, count, down = at.left_over - legend - head - 0.2 - LINE, 0, 0.0
                while count < len(waiting) and down + heights[waiting[count]] <= room:
                    down += heights[waiting[count]]
                    count += 1
                frame = Frame(LEFT, at.top, width, head + down)
                slides.grid(at.slide, frame, grid, columns, waiting[:count])
                bottom = at.top + head + down + 0.12
                slides.legend(at.slide, bottom, LEFT, INNER, grid.legend)
                bottom += legend
                waiting = waiting[count:]
                at = _At(at.slide, bottom + _GAP, is_begun=True)
                is_cut = bool(waiting) and not whole
                if is_cut or (grid.left_out and not waiting):
                    place = Frame(LEFT, bottom + 0.05, INNER, LINE)
                    count = len(waiting) + grid.left_out
                    self._and_more(at.slide, place, count, ("account", "accounts"), listed=is_cut)
                    at = _At(at.slide, bottom + LINE + _GAP, is_begun=True)
                if is_cut:
                    if begin == 0:
                        self._put_off(section, grid)
                    waiting = []
        return at

    def _map(self, at: _At, section: Section, found: Map) -> _At:
        for page in map_pages(found):
            at = self._next(at, section)
            legend = slides.legend_height(page.legend, INNER)
            put_map(at.slide, page, Frame(LEFT, at.top, INNER, at.left_over - legend))
            slides.legend(at.slide, BOTTOM - legend + 0.1, LEFT, INNER, page.legend)
            at = _At(at.slide, BOTTOM, is_begun=True)
            if page.is_last and found.left_out:
                told = f"and {found.left_out:,} more people, listed in the appendix"
                slides.text(
                    at.slide,
                    Frame(LEFT, BOTTOM - legend - LINE + 0.02, INNER, LINE),
                    told,
                    Look(bold=True, colour=GREY),
                )
        return at


def _fitting_rows(rows: Sequence[Sequence[str]], shares: Sequence[float], room: float) -> tuple[int, float]:
    """How many rows fit, and how high these are."""
    count, down = 0, 0.0
    for row in rows:
        high = slides.height(row, shares)
        if down + high > room:
            break
        count, down = count + 1, down + high
    return count, down

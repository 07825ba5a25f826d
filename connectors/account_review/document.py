"""The written plan: the same sections as the deck, in full, to read and to send."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from typing import Any

from docx import Document
from docx.enum.section import WD_ORIENT
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.opc.packuri import PackURI
from docx.opc.part import Part
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.shared import Inches, Pt, RGBColor

from commands.account_review.content import Content
from connectors.account_review import charts
from connectors.account_review.properties import described, foot, label
from connectors.account_review.sections import Block, Chart, Facts, Grid, Map, Points, Section, Shade, Table
from connectors.account_review.settled import settled
from connectors.account_review.story import sections
from connectors.account_review.texts import cleaned, fitting, more
from connectors.account_review.widths import widths

#: The size of a page lying on its side (A4), what is around its text, and what is left, in inches.
_WIDTH, _HEIGHT, _AROUND = 11.69, 8.27, 0.8
_INNER = _WIDTH - 2 * _AROUND
_FONT = "Arial"
_DARK, _PALE, _WHITE, _INK = "1F4E79", "EAF1F8", "FFFFFF", "1A1A1A"
_TEXT, _SMALL = 11.0, 10.0
_CHART = 2.6
#: What stands empty on either side of a field.
_SIDE = 0.06
#: So many columns of a grid stand beside each other.
_MOST_COLUMNS = 6
#: Tables of so many rows are not divided between pages.
_TOGETHER = 10
_CHART_TYPE = "application/vnd.openxmlformats-officedocument.drawingml.chart+xml"
_BOOK_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_EMU = 914_400


def written(content: Content) -> bytes:
    """The plan as a .docx file; the same content gives the same bytes."""
    found = _Document(content)
    found.write()
    file = BytesIO()
    found.document.save(file)
    return settled(file.getvalue())


class _Document:
    """Writes a review as a document."""

    def __init__(self, content: Content) -> None:
        self.content = content
        self.document = Document()
        self._charts = 0

    def write(self) -> None:
        """All of it."""
        described(self.document.core_properties, self.content)
        self._page()
        self._styles()
        self._title()
        for section in sections(self.content):
            self._section(section)

    def _page(self) -> None:
        page = self.document.sections[0]
        page.orientation = WD_ORIENT.LANDSCAPE
        page.page_width, page.page_height = Inches(_WIDTH), Inches(_HEIGHT)
        page.left_margin = page.right_margin = page.top_margin = page.bottom_margin = Inches(_AROUND)
        at_foot = page.footer.paragraphs[0]
        _run(at_foot, f"{foot(self.content)}  \N{MIDDLE DOT}  page ", _SMALL, colour="595959")
        _page_number(at_foot)

    def _styles(self) -> None:
        for name, points in (("Normal", _TEXT), ("Title", 26.0), ("Heading 1", 16.0), ("Heading 2", 13.0)):
            style = self.document.styles[name]
            style.font.name, style.font.size = _FONT, Pt(points)
            fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
            for each in ("w:asciiTheme", "w:hAnsiTheme", "w:eastAsiaTheme", "w:cstheme"):
                fonts.attrib.pop(qn(each), None)
            for each in ("w:ascii", "w:hAnsi", "w:cs", "w:eastAsia"):
                fonts.set(qn(each), _FONT)
            if name != "Normal":
                style.font.color.rgb = RGBColor.from_string(_DARK)
        self.document.styles["Normal"].paragraph_format.space_after = Pt(4)

    def _title(self) -> None:
        content, header = self.content, self.content.header
        self.document.add_paragraph(cleaned(header.name), style="Title")
        period = f"Quarterly account review, {content.quarter.first} to {content.quarter.last}"
        _run(self.document.add_paragraph(), f"{period}, as of {content.as_of}", 14)
        _run(self.document.add_paragraph(), f"{content.tenant}: {header.owner}", 14)
        _run(self.document.add_paragraph(), label(content), _TEXT, bold=True, colour=_DARK)

    def _section(self, section: Section) -> None:
        title = f"Appendix: {section.title}" if section.in_appendix else section.title
        self.document.add_heading(cleaned(title), level=1)
        for row in section.rows:
            drawn = [block for block in row if isinstance(block, Chart)]
            if drawn:
                self._drawn_beside(drawn)
            for block in row:
                self._block(block, _INNER)

    def _block(self, block: Block, width: float) -> None:
        match block:
            case Table() if block.rows:
                self._table(block, width)
            case Facts():
                self._facts(block, width)
            case Points():
                self._points(block)
            case Chart():
                pass  # drawn already, those of a row beside each other
            case Grid():
                self._grid(block, width)
            case Map():
                self._map(block, width)

    def _table(self, table: Table, width: float) -> None:
        shares = widths(table, width, _SMALL, _SIDE)
        shown = self._fields(len(table.rows) + 1, shares)
        for field, column in zip(shown.rows[0].cells, table.columns, strict=True):
            _field(field, column.head, _DARK, _WHITE, bold=True, is_right=column.is_number)
        for place, row in enumerate(table.rows, start=1):
            fill = _PALE if place % 2 == 0 else _WHITE
            fields = shown.rows[place].cells
            for field, told, column, share in zip(fields, row, table.columns, shares, strict=True):
                whole = fitting(told, share - 2 * _SIDE, _SMALL, column.lines) if column.is_account else told
                _field(field, whole, fill, _INK, is_right=column.is_number)
        _head_repeated(shown)
        if len(table.rows) <= _TOGETHER:
            _kept_together(shown)
        self._and_more(table.left_out, table.called, "too many to list")
        self._gap()

    def _and_more(self, count: int, called: tuple[str, str], why: str) -> None:
        if count:
            _run(self.document.add_paragraph(), f"{more(count, called)}: {why}", _TEXT, bold=True)

    def _fields(self, rows: int, shares: Sequence[float]) -> Any:
        shown = self.document.add_table(rows, len(shares))
        shown.style = "Table Grid"
        shown.alignment = WD_TABLE_ALIGNMENT.LEFT
        shown.autofit = False
        shown._tbl.tblPr.append(_around())
        for number, share in enumerate(shares):
            shown.columns[number].width = Inches(share)
        for row in shown.rows:
            row._tr.get_or_add_trPr().append(OxmlElement("w:cantSplit"))
            for field, share in zip(row.cells, shares, strict=True):
                field.width = Inches(share)
        return shown

    def _gap(self) -> None:
        self.document.add_paragraph().paragraph_format.space_after = Pt(2)

    def _facts(self, facts: Facts, width: float) -> None:
        shown = self._fields(len(facts.pairs), [width * 0.3, width * 0.7])
        for place, (name, value) in enumerate(facts.pairs):
            _field(shown.cell(place, 0), name, _PALE, _INK, points=_TEXT)
            _field(shown.cell(place, 1), value, _WHITE, _INK, bold=True, points=_TEXT)
        _kept_together(shown)
        self._gap()

    def _points(self, points: Points) -> None:
        for what, why in points.lines:
            into = self.document.add_paragraph(style="List Bullet")
            _run(into, f"{what}: " if why else what, _TEXT, bold=True)
            _run(into, why, _TEXT)

    def _drawn_beside(self, drawn: Sequence[Chart]) -> None:
        width = _INNER / len(drawn) - 0.05
        into = self.document.add_paragraph()
        into.paragraph_format.keep_with_next = True
        for chart in drawn:
            self._charts += 1
            relation = self._chart_part(charts.embedded(chart, width, _CHART, _SMALL))
            place = _drawing(relation, self._charts, cleaned(chart.title), width, _CHART)
            into.add_run()._r.append(place)

    def _chart_part(self, made: charts.Embedded) -> str:
        package = self.document.part.package
        number = self._charts
        part = Part(PackURI(f"/word/charts/chart{number}.xml"), _CHART_TYPE, made.xml, package)
        book = Part(PackURI(f"/word/embeddings/book{number}.xlsx"), _BOOK_TYPE, made.workbook, package)
        part.rels.add_relationship(RELATIONSHIP_TYPE.PACKAGE, book, made.relation)
        return str(self.document.part.relate_to(part, RELATIONSHIP_TYPE.CHART))

    def _grid(self, grid: Grid, width: float) -> None:
        names = 2.4
        tables = -(-len(grid.columns) // _MOST_COLUMNS)
        across = -(-len(grid.columns) // tables)
        for begin in range(0, len(grid.columns), across):
            heads = grid.columns[begin : begin + across]
            shown = self._fields(len(grid.rows) + 1, [names, *((width - names) / across for _ in heads)])
            for field, head in zip(shown.rows[0].cells, (grid.corner, *heads), strict=True):
                _field(field, head, _DARK, _WHITE, bold=True)
            for place, (name, shades) in enumerate(grid.rows, start=1):
                fields = shown.rows[place].cells
                _field(fields[0], fitting(name, names - 2 * _SIDE, _SMALL, 2), _WHITE, _INK)
                for field, shade in zip(fields[1:], shades[begin : begin + across], strict=True):
                    _field(field, shade.word, shade.fill, shade.letters, bold=True)
            _head_repeated(shown)
            self._gap()
        self._and_more(grid.left_out, ("account", "accounts"), "too many to list")
        self._legend(grid.legend)

    def _legend(self, shades: Sequence[Shade]) -> None:
        told = "; ".join(f"{shade.word}: {shade.means}" for shade in shades)
        _run(self.document.add_paragraph(), told, _SMALL)
        self._gap()

    def _map(self, found: Map, width: float) -> None:
        names = {place.contact_id: box.name for place, box in found.boxes}
        heads = ("Person", "Reports to", "Role, influence, sentiment, strength")
        shown = self._fields(len(found.boxes) + 1, [width * 0.38, width * 0.22, width * 0.4])
        for number, head in enumerate(heads):
            _field(shown.cell(0, number), head, _DARK, _WHITE, bold=True)
        for at, (place, box) in enumerate(found.boxes, start=1):
            fields = shown.rows[at].cells
            told = f"{box.name}, {box.title}" if box.title else box.name
            _field(fields[0], told, box.shade.fill, box.shade.letters, bold=True)
            fields[0].paragraphs[0].paragraph_format.left_indent = Inches(0.25 * min(place.depth, 6))
            _field(fields[1], names.get(place.above or "", ""), _WHITE, _INK)
            _field(fields[2], box.tells, _WHITE, _INK)
        _head_repeated(shown)
        self._and_more(found.left_out, ("person", "people"), "listed in the appendix")
        self._legend(found.legend)


def _run(into: Any, told: str, points: float, *, bold: bool = False, colour: str = _INK) -> None:
    """A run of text at the end of a paragraph, spaces around it kept."""
    before, after = told[: len(told) - len(told.lstrip())], told[len(told.rstrip()) :]
    run = into.add_run(f"{before}{cleaned(told)}{after}")
    run.font.size, run.bold = Pt(points), bold
    run.font.color.rgb = RGBColor.from_string(colour)


def _field(
    field: Any,
    told: str,
    fill: str,
    letters: str,
    *,
    bold: bool = False,
    is_right: bool = False,
    points: float = _SMALL,
) -> None:
    into = field.paragraphs[0]
    into.paragraph_format.space_after = Pt(1)
    if is_right:
        into.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    _run(into, told, points, bold=bold, colour=letters)
    shading = parse_xml(f'<w:shd {nsdecls("w")} w:val="clear" w:color="auto" w:fill="{fill}"/>')
    field._tc.get_or_add_tcPr().append(shading)


def _around() -> Any:
    """What stands empty in each field of a table, in twentieths of a point."""
    sides = "".join(
        f'<w:{side} w:w="{size}" w:type="dxa"/>'
        for side, size in (("top", 30), ("left", 80), ("bottom", 30), ("right", 80))
    )
    return parse_xml(f"<w:tblCellMar {nsdecls('w')}>{sides}</w:tblCellMar>")


def _head_repeated(shown: Any) -> None:
    """Show the first row again on each page that a table goes on to."""
    shown.rows[0]._tr.get_or_add_trPr().append(OxmlElement("w:tblHeader"))


def _kept_together(shown: Any) -> None:
    """Have no page end within a table."""
    for row in list(shown.rows)[:-1]:
        for field in row.cells:
            field.paragraphs[0].paragraph_format.keep_with_next = True


def _page_number(into: Any) -> None:
    run = into.add_run()
    run.font.size = Pt(_SMALL)
    for kind, told in (("begin", None), (None, "PAGE"), ("end", None)):
        if kind:
            element = OxmlElement("w:fldChar")
            element.set(qn("w:fldCharType"), kind)
        else:
            element = OxmlElement("w:instrText")
            element.text = told
        run._r.append(element)


_CHARTS = "http://schemas.openxmlformats.org/drawingml/2006/chart"
_MAIN = "http://schemas.openxmlformats.org/drawingml/2006/main"


def _drawing(relation: str, number: int, title: str, width: float, height: float) -> Any:
    """The place of a chart in the text."""
    element = parse_xml(
        f"<w:drawing {nsdecls('w', 'wp', 'r')}>"
        f'<wp:inline distT="0" distB="0" distL="0" distR="0">'
        f'<wp:extent cx="{round(width * _EMU)}" cy="{round(height * _EMU)}"/>'
        f'<wp:docPr id="{1000 + number}" name="Chart {number}"/><wp:cNvGraphicFramePr/>'
        f'<a:graphic xmlns:a="{_MAIN}"><a:graphicData uri="{_CHARTS}">'
        f'<c:chart xmlns:c="{_CHARTS}" r:id="{relation}"/></a:graphicData></a:graphic>'
        "</wp:inline></w:drawing>"
    )
    element.find(f".//{qn('wp:docPr')}").set("descr", title)
    return element

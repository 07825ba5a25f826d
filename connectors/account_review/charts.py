"""Charts as both kinds of files hold them: drawn by the program that shows them, with their data to edit."""

from __future__ import annotations

from dataclasses import dataclass

from pptx import Presentation
from pptx.chart.chart import Chart as Shown
from pptx.chart.data import CategoryChartData
from pptx.dml.color import RGBColor
from pptx.enum.chart import XL_CHART_TYPE, XL_LEGEND_POSITION, XL_MARKER_STYLE
from pptx.enum.dml import MSO_LINE
from pptx.slide import Slide
from pptx.util import Emu, Pt

from connectors.account_review.sections import Chart, Drawn

_TYPES = {
    Drawn.COLUMNS: XL_CHART_TYPE.COLUMN_CLUSTERED,
    Drawn.BARS: XL_CHART_TYPE.BAR_CLUSTERED,
    Drawn.LINES: XL_CHART_TYPE.LINE_MARKERS,
}
#: Dark and light, so that series can be told apart without colours.
_COLOURS = ("1F4E79", "9DC3E6")
_POINTS = 12
_NUMBERS = "#,##0"


@dataclass(frozen=True)
class Frame:
    """Where something stands, in inches."""

    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True)
class Embedded:
    """A chart as a part of a file: its XML, and the workbook that it names ``relation``."""

    xml: bytes
    workbook: bytes
    relation: str


def drawn(slide: Slide, chart: Chart, at: Frame, points: float = _POINTS) -> Shown:
    """Draw a chart on a slide."""
    data = CategoryChartData(number_format=_NUMBERS)
    data.categories = list(chart.categories)
    for name, values in chart.series:
        data.add_series(name, list(values))
    frame = slide.shapes.add_chart(
        _TYPES[chart.drawn], *map(_emu, (at.left, at.top, at.width, at.height)), data
    )
    frame.name = chart.title
    _styled(frame.chart, chart, points)
    return frame.chart


def _emu(inches: float) -> Emu:
    return Emu(round(inches * 914_400))


def _styled(shown: Shown, chart: Chart, points: float) -> None:
    shown.font.size = Pt(points)
    shown.font.name = "Arial"
    shown.has_title = True
    title = shown.chart_title.text_frame
    title.text = chart.title
    run = title.paragraphs[0].runs[0].font
    run.size, run.bold, run.name = Pt(points + 1), True, "Arial"
    shown.has_legend = len(chart.series) > 1
    if shown.has_legend:
        shown.legend.position = XL_LEGEND_POSITION.BOTTOM
        shown.legend.include_in_layout = False
        shown.legend.font.size = Pt(points)
    shown.value_axis.has_major_gridlines = True
    shown.value_axis.major_gridlines.format.line.color.rgb = RGBColor.from_string("D9D9D9")
    shown.value_axis.tick_labels.number_format = _NUMBERS
    shown.value_axis.tick_labels.number_format_is_linked = False
    shown.value_axis.format.line.fill.background()
    told = [value for _, values in chart.series for value in values if value is not None]
    if not any(told):
        shown.value_axis.maximum_scale = shown.value_axis.major_unit = 1
    shown.value_axis.minimum_scale = min([0.0, *told])
    for number, series in enumerate(shown.plots[0].series):
        colour = RGBColor.from_string(_COLOURS[number % len(_COLOURS)])
        if chart.drawn is Drawn.LINES:
            series.smooth = False
            series.format.line.color.rgb = colour
            series.format.line.width = Pt(2.5)
            series.format.line.dash_style = MSO_LINE.SOLID if number == 0 else MSO_LINE.DASH
            series.marker.style = XL_MARKER_STYLE.CIRCLE if number == 0 else XL_MARKER_STYLE.DIAMOND
            series.marker.size = 7
            series.marker.format.fill.solid()
            series.marker.format.fill.fore_color.rgb = colour
        else:
            series.format.fill.solid()
            series.format.fill.fore_color.rgb = colour
    if chart.drawn is not Drawn.LINES:
        shown.plots[0].gap_width = 60


def embedded(chart: Chart, width: float, height: float, points: float) -> Embedded:
    """A chart for a file that is no deck."""
    deck = Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[6])
    part = drawn(slide, chart, Frame(0, 0, width, height), points).part
    relations = {relation.reltype: name for name, relation in part.rels.items()}
    (relation,) = relations.values()
    return Embedded(part.blob, part.chart_workbook.xlsx_part.blob, relation)

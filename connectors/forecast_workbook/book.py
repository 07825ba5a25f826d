"""The weekly funnel as a workbook that a manager takes into the meeting.

What comes from the database stands in tables; every figure above them is a formula over these, so that
whoever changes a row sees what it does. Texts are never taken for formulas.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from io import BytesIO

import xlsxwriter
from xlsxwriter.chart import Chart
from xlsxwriter.workbook import Workbook

from connectors.forecast_workbook.content import Content
from connectors.forecast_workbook.sheets import (
    BLUE,
    GREEN,
    LIGHT,
    MINOR,
    RED,
    Formats,
    Formula,
    Sheet,
    Table,
    Value,
)
from metrics.bridge import Reason
from metrics.forecast import OPEN
from metrics.organisation import NodeKind
from metrics.weekly import NodeForecast
from models.deals import ForecastCategory, Stage
from models.projections import ForecastProjection


def written(content: Content) -> bytes:
    """The workbook as an .xlsx file; the same content gives the same formulas."""
    file = BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as book:
        _Book(book, content).write()
    return file.getvalue()


_DEALS = (
    ("Account", 28), ("Deal", 34), ("Owner", 20), ("Kind", 12), ("Stage", 14), ("Category", 12),
    ("Probability", 11), ("Share", 8), ("Amount", 14), ("Weighted", 14), ("Closes on", 12),
    ("Next step", 40), ("Next step by", 12), ("Deal id", 32),
)  # fmt: skip
_MOVED = (
    ("Account", 28), ("Deal", 34), ("Owner", 20), ("Reason", 16), ("Before", 14), ("After", 14),
    ("Change", 14), ("Deal id", 32),
)  # fmt: skip
_OWNERS = (
    ("Owner", 24), ("Quota", 14), ("Won", 14), ("Gap", 14), ("Attainment", 11), ("Commit deals", 14),
    ("Best case deals", 14), ("Pipeline deals", 14), ("Coverage", 10), ("Commit called", 14),
    ("Adjustment", 14), ("Commit adjusted", 14), ("Handed in", 10), ("The past says", 14),
    ("At least", 14), ("At most", 14),
)  # fmt: skip


class _Book:
    """Writes the sheets, in the order in which one rests on another."""

    def __init__(self, book: Workbook, content: Content) -> None:
        self.book = book
        self.content = content
        self.formats = Formats(book)

    def write(self) -> None:
        """All sheets."""
        names = ("Summary", "Funnel", "Changes", "Owners", "Deals", "Moved")
        sheets = {name: Sheet(self.book.add_worksheet(name), self.formats) for name in names}
        deals = self._deals(sheets["Deals"])
        moved = self._moved(sheets["Moved"])
        self._funnel(sheets["Funnel"], deals)
        self._changes(sheets["Changes"], moved)
        owners = self._owners(sheets["Owners"], deals)
        self._summary(sheets["Summary"], deals, sheets["Owners"], owners)
        sheets["Summary"].sheet.activate()

    def _deals(self, on: Sheet) -> Table:
        letters = self._table(on, "Deals of the period", _DEALS, len(self.content.deals))
        rows: list[Mapping[str, Value]] = []
        for at, deal in enumerate(self.content.deals, start=4):
            texts = (deal.account, deal.name, deal.owner, deal.kind, deal.stage, deal.category)
            for letter, value in zip("ABCDEF", texts, strict=True):
                on.text(f"{letter}{at}", value)
            on.number(f"G{at}", deal.probability / 100, self.formats.percent)
            on.number(f"H{at}", deal.share_percent / 100, self.formats.percent)
            on.money(f"I{at}", deal.amount_minor)
            weighted = on.at(f"I{at}") * on.at(f"G{at}")
            on.formula(f"J{at}", (f"=I{at}*G{at}", weighted), self.formats.money)
            on.day(f"K{at}", deal.close_on)
            on.text(f"L{at}", deal.next_step or "")
            on.day(f"M{at}", deal.next_step_on)
            on.text(f"N{at}", deal.deal_id)
            rows.append(
                {
                    "Owner": deal.owner,
                    "Stage": deal.stage,
                    "Category": deal.category,
                    "Amount": on.at(f"I{at}"),
                    "Weighted": weighted,
                }
            )
        return Table(on.name, letters, 4, rows)

    def _moved(self, on: Sheet) -> Table:
        letters = self._table(on, "Deals that changed the pipeline", _MOVED, len(self.content.moved))
        for at, deal in enumerate(self.content.moved, start=4):
            for letter, value in zip(
                "ABCDH", (deal.account, deal.name, deal.owner, deal.reason.value, deal.deal_id), strict=True
            ):
                on.text(f"{letter}{at}", value)
            on.money(f"E{at}", deal.before_minor)
            on.money(f"F{at}", deal.after_minor)
            on.money(f"G{at}", deal.change_minor)
        rows: list[Mapping[str, Value]] = [
            {"Reason": deal.reason.value, "Change": deal.change_minor / MINOR} for deal in self.content.moved
        ]
        return Table(on.name, letters, 4, rows)

    def _table(
        self, on: Sheet, title: str, columns: Sequence[tuple[str, int]], rows: int
    ) -> Mapping[str, str]:
        """Title and heads of a table that can be filtered, whose rows begin in the fourth."""
        on.title(title)
        letters = on.heads(3, columns)
        on.sheet.freeze_panes(3, 2)
        on.sheet.autofilter(2, 0, 2 + max(rows, 1), len(columns) - 1)
        return letters

    def _funnel(self, on: Sheet, deals: Table) -> None:
        on.title("Funnel by stage")
        heads = (("Stage", 18), ("Shares", 10), ("Amount", 16), ("Weighted", 16), ("Part of the amount", 18))
        on.heads(3, heads)
        stages = [stage.value for stage in Stage if stage.is_open]
        for at, stage in enumerate(stages, start=4):
            where = (f"$A{at}", stage)
            on.text(f"A{at}", stage, self.formats.label)
            on.formula(f"B{at}", deals.count(Stage=where), self.formats.number)
            on.formula(f"C{at}", deals.sum("Amount", Stage=where), self.formats.money)
            on.formula(f"D{at}", deals.sum("Weighted", Stage=where), self.formats.money)
        end = 4 + len(stages)
        on.text(f"A{end}", "Open", self.formats.label)
        for column, style in (("B", self.formats.number), ("C", self.formats.sum), ("D", self.formats.sum)):
            on.formula(f"{column}{end}", on.total(column, 4, end - 1), style)
        for at in range(4, end):
            part = on.ratio(f"C{at}", f"C{end}", f"C{at}/C{end}")
            on.formula(f"E{at}", part, self.formats.percent)
        chart = self.book.add_chart({"type": "bar"})
        for column, name, colour in (("C", "Amount", BLUE), ("D", "Weighted", GREEN)):
            chart.add_series(
                {
                    "name": name,
                    "categories": f"=Funnel!$A$4:$A${end - 1}",
                    "values": f"=Funnel!${column}$4:${column}${end - 1}",
                    "fill": {"color": colour},
                }
            )
        chart.set_title({"name": f"Open deals by stage ({self.content.currency})"})
        chart.set_y_axis({"reverse": True})
        chart.set_x_axis({"num_format": "#,##0", "major_gridlines": {"visible": True}})
        chart.set_legend({"position": "bottom"})
        chart.set_size({"width": 720, "height": 330})
        on.sheet.insert_chart(f"A{end + 3}", chart)

    def _changes(self, on: Sheet, moved: Table) -> None:
        change = self.content.change
        on.title(f"Pipeline from {change.since} to {change.as_of}")
        on.heads(3, (("Reason", 18), ("Deals", 10), ("Change", 16), ("Level", 16), ("Up", 16), ("Down", 16)))
        on.text("A4", "Opening", self.formats.label)
        on.number("B4", change.opening_deals, self.formats.number)
        on.number("C4", change.opening_minor / MINOR, self.formats.sum)
        on.formula("D4", ("=C4", on.at("C4")), self.formats.money)
        reasons = [reason.value for reason in Reason if reason is not Reason.UNCHANGED]
        for at, reason in enumerate(reasons, start=5):
            where = (f"$A{at}", reason)
            on.text(f"A{at}", reason, self.formats.label)
            on.formula(f"B{at}", moved.count(Reason=where), self.formats.number)
            on.formula(f"C{at}", moved.sum("Change", Reason=where), self.formats.money)
            moves, level = on.at(f"C{at}"), on.total("C", 4, at)[1]
            assert isinstance(level, float | int)
            at_most = max(moves, 0.0)
            on.formula(f"D{at}", (f"=SUM(C$4:C{at})-MAX(C{at},0)", level - at_most), self.formats.money)
            on.formula(f"E{at}", (f"=MAX(C{at},0)", at_most), self.formats.money)
            on.formula(f"F{at}", (f"=MAX(-C{at},0)", max(-moves, 0.0)), self.formats.money)
        end = 5 + len(reasons)
        on.text(f"A{end}", "Closing", self.formats.label)
        on.number(f"B{end}", change.closing_deals, self.formats.number)
        on.formula(f"C{end}", on.total("C", 4, end - 1), self.formats.sum)
        on.formula(f"D{end}", (f"=C{end}", on.at(f"C{end}")), self.formats.money)
        on.text(f"A{end + 1}", "As measured", self.formats.note)
        on.money(f"C{end + 1}", change.closing_minor)
        on.text(f"A{end + 2}", "Difference", self.formats.note)
        difference = round(on.at(f"C{end}") - on.at(f"C{end + 1}"), 2)
        on.formula(f"C{end + 2}", (f"=ROUND(C{end}-C{end + 1},2)", difference), self.formats.money)
        on.sheet.insert_chart("H3", self._waterfall(end, len(reasons)))

    def _waterfall(self, end: int, between: int) -> Chart:
        """Columns that stand on the level they begin at: of that only the first and the last are seen."""
        chart = self.book.add_chart({"type": "column", "subtype": "stacked"})
        ends = {"fill": {"color": BLUE}}
        for column, name, fill in (
            ("D", "Level", {"none": True}),
            ("E", "Up", {"color": GREEN}),
            ("F", "Down", {"color": RED}),
        ):
            points = {"points": [ends, *[None] * between, ends]} if column == "D" else {}
            chart.add_series(
                {
                    "name": name,
                    "categories": f"=Changes!$A$4:$A${end}",
                    "values": f"=Changes!${column}$4:${column}${end}",
                    "fill": fill,
                    "gap": 40,
                    **points,
                }
            )
        chart.set_title({"name": f"What changed ({self.content.currency})"})
        chart.set_legend({"none": True})
        chart.set_y_axis({"num_format": "#,##0", "min": 0})
        chart.set_size({"width": 980, "height": 380})
        return chart

    def _owners(self, on: Sheet, deals: Table) -> Table:
        on.title("Per owner")
        letters = on.heads(3, _OWNERS)
        on.sheet.freeze_panes(3, 1)
        people = [node for node in self.content.forecast.nodes if _counts(node)]
        for at, node in enumerate(people, start=4):
            self._owner(on, at, node, deals)
        end = 4 + len(people)
        on.text(f"A{end}", "Together", self.formats.label)
        for column in "BCDFGHJKL":
            on.formula(f"{column}{end}", on.total(column, 4, end - 1), self.formats.sum)
        self._ratios(on, end)
        return Table(on.name, letters, 4, [{"Owner": node.node.name} for node in people])

    def _owner(self, on: Sheet, at: int, node: NodeForecast, deals: Table) -> None:
        who = (f"$A{at}", node.node.name)
        on.text(f"A{at}", node.node.name, self.formats.label)
        on.money(f"B{at}", node.standing.quota)
        on.formula(f"C{at}", deals.sum("Amount", Owner=who, Category=_said("CLOSED")), self.formats.money)
        gap = max(on.at(f"B{at}") - on.at(f"C{at}"), 0.0)
        on.formula(f"D{at}", (f"=MAX(B{at}-C{at},0)", gap), self.formats.money)
        for column, category in zip("FGH", OPEN, strict=True):
            summed = deals.sum("Amount", Owner=who, Category=_said(category.value))
            on.formula(f"{column}{at}", summed, self.formats.money)
        self._ratios(on, at)
        commit = node.categories[ForecastCategory.COMMIT]
        if commit.is_called:
            on.money(f"J{at}", commit.call.called)
        else:
            deals_alone = on.at(f"C{at}") + on.at(f"F{at}")
            on.formula(f"J{at}", (f"=C{at}+F{at}", deals_alone), self.formats.money)
        on.money(f"K{at}", commit.call.adjustment)
        on.formula(f"L{at}", (f"=J{at}+K{at}", on.at(f"J{at}") + on.at(f"K{at}")), self.formats.money)
        handed_in = "yes" if node.submission and node.submission.is_handed_in else "no"
        on.text(f"M{at}", handed_in if node.node.is_seller else "")
        past = self.content.projections.get(node.projection_id or "")
        self._said_by_the_past(on, past, (f"N{at}", f"O{at}", f"P{at}"))

    def _said_by_the_past(self, on: Sheet, found: ForecastProjection | None, cells: Sequence[str]) -> None:
        """What is expected in one cell, and the ends of the interval in the two others."""
        figures = (found.expected_minor, found.low_minor, found.high_minor) if found else (None,) * 3
        for cell, minor in zip(cells, figures, strict=True):
            if minor is None:
                on.text(cell, "")
            else:
                on.money(cell, minor)

    def _ratios(self, on: Sheet, at: int) -> None:
        on.formula(f"E{at}", on.ratio(f"C{at}", f"B{at}", f"C{at}/B{at}"), self.formats.percent)
        gap = on.at(f"D{at}")
        covered = sum(on.at(f"{column}{at}") for column in "FGH") / gap if gap else ""
        said = f'=IF(D{at}=0,"",(F{at}+G{at}+H{at})/D{at})'
        on.formula(f"I{at}", (said, covered), self.formats.ratio)

    def _summary(self, on: Sheet, deals: Table, people: Sheet, owners: Table) -> None:
        found, total = self.content.forecast, owners.first + len(owners.rows)
        on.title(f"{self.content.tenant}: forecast of the week of {found.week}")
        period = f"{found.period.first} to {found.period.last}"
        on.text("A2", f"{period}, as of {found.as_of}, in {self.content.currency}", self.formats.note)
        heads = (("Category", 26), ("Deals", 18), ("Cumulative", 16), ("Called", 16), ("Adjusted", 16))
        on.heads(12, heads)
        tops = [node for node in found.nodes if node.node.parent_id is None]
        self._money(on, "B4", "Quota", (f"=Owners!B{total}", people.at(f"B{total}")))
        self._money(on, "B5", "Won", deals.sum("Amount", Category=_said("CLOSED")))
        self._money(on, "B6", "Left to win", ("=MAX(B4-B5,0)", max(on.at("B4") - on.at("B5"), 0.0)))
        for at, category in enumerate(OPEN, start=13):
            on.text(f"A{at}", category.value, self.formats.label)
            single = deals.sum("Amount", Category=_said(category.value))
            on.formula(f"B{at}", single, self.formats.money)
            said, summed = on.total("B", 13, at)
            assert isinstance(summed, float | int)
            if category is not ForecastCategory.PIPELINE:
                said, summed = f"{said}+B5", summed + on.at("B5")
            on.formula(f"C{at}", (said, summed), self.formats.money)
            on.money(f"D{at}", sum(node.categories[category].call.called for node in tops))
            on.money(f"E{at}", sum(node.categories[category].call.adjusted for node in tops))
        self._money(on, "B8", "Open pipeline", on.total("B", 13, 15))
        weighted = [deals.sum("Weighted", Category=_said(category.value)) for category in OPEN]
        together = "=" + "+".join(said[1:] for said, _ in weighted)
        self._money(on, "B9", "Weighted pipeline", (together, sum(float(value) for _, value in weighted)))
        on.text("A7", "Attainment", self.formats.label)
        on.formula("B7", on.ratio("B5", "B4", "B5/B4"), self.formats.percent)
        on.text("A10", "Coverage", self.formats.label)
        on.formula("B10", on.ratio("B8", "B6", "B8/B6"), self.formats.ratio)
        missing = sum(len(node.missing) for node in tops)
        on.text("A17", f"{missing} directors have handed in nothing for the week.", self.formats.note)
        self._past(on)
        self._charts(on, owners)

    def _past(self, on: Sheet) -> None:
        """What the past says of all that is told, beside what people do."""
        past = self.content.whole
        beyond = (100 - (past.confidence if past else 80)) // 2
        labels = ("The past says", f"At least ({beyond} %)", f"At most ({100 - beyond} %)")
        for at, label in enumerate(labels, start=4):
            on.text(f"D{at}", label, self.formats.label)
        self._said_by_the_past(on, past, ("E4", "E5", "E6"))
        if past is None:
            on.text("A18", "Nothing was projected in this week.", self.formats.note)
        elif past.refused:
            on.text("A18", f"Nothing is projected: {past.refused}.", self.formats.note)

    def _money(self, on: Sheet, cell: str, label: str, formula: Formula) -> None:
        on.text(f"A{cell[1:]}", label, self.formats.label)
        on.formula(cell, formula, self.formats.money)

    def _charts(self, on: Sheet, owners: Table) -> None:
        categories = self.book.add_chart({"type": "column"})
        categories.add_series(
            {
                "name": "Deals",
                "categories": "=Summary!$A$13:$A$15",
                "values": "=Summary!$B$13:$B$15",
                "fill": {"color": BLUE},
            }
        )
        categories.set_title({"name": f"Open by category ({self.content.currency})"})
        categories.set_legend({"none": True})
        categories.set_y_axis({"num_format": "#,##0"})
        categories.set_size({"width": 480, "height": 300})
        on.sheet.insert_chart("G2", categories)
        people = self.book.add_chart({"type": "bar", "subtype": "stacked"})
        for name, colour in (("Won", GREEN), ("Commit deals", BLUE), ("Best case deals", LIGHT)):
            people.add_series(
                {
                    "name": name,
                    "categories": f"={owners.range('Owner')}",
                    "values": f"={owners.range(name)}",
                    "fill": {"color": colour},
                }
            )
        people.set_title({"name": f"Won and open by owner ({self.content.currency})"})
        people.set_y_axis({"reverse": True})
        people.set_x_axis({"num_format": "#,##0"})
        people.set_legend({"position": "bottom"})
        people.set_size({"width": 980, "height": 120 + 24 * max(len(owners.rows), 4)})
        on.sheet.insert_chart("A19", people)


def _counts(node: NodeForecast) -> bool:
    """Whether somebody has anything to forecast."""
    has_any = node.standing.quota or node.standing.won or node.standing.open
    return node.node.kind is NodeKind.USER and bool(node.node.is_seller or has_any)


def _said(text: str) -> tuple[str, Value]:
    """A text as formulas say it, and as it is."""
    return f'"{text}"', text

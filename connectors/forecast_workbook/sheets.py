"""Sheets and tables of a workbook whose figures are formulas over its rows, and how cells look."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from xlsxwriter.format import Format
from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

BLUE, LIGHT, PALE = "#1F4E79", "#8FB4D9", "#EAF1F8"
GREEN, RED, GREY = "#2E7D32", "#C0392B", "#7F8C8D"
#: Minor units in a whole one.
MINOR = 100
Value = str | float


#: A formula, and what it gives: programs that do not calculate show that.
Formula = tuple[str, Value]


@dataclass(frozen=True)
class Table:
    """Where a table stands: its sheet, its columns by name, its first row (from 1), and what is in it."""

    sheet: str
    columns: Mapping[str, str]
    first: int
    rows: Sequence[Mapping[str, Value]]

    @property
    def last(self) -> int:
        """Its last row; an empty table has one that is empty."""
        return self.first + max(len(self.rows), 1) - 1

    def range(self, column: str) -> str:
        """The cells of a column, for formulas on any sheet."""
        letter = self.columns[column]
        return f"'{self.sheet}'!${letter}${self.first}:${letter}${self.last}"

    def sum(self, column: str, **where: tuple[str, Value]) -> Formula:
        """The sum of a column over rows by other columns' values, as formulas say them and as they are."""
        pairs = ",".join(f"{self.range(name)},{said}" for name, (said, _) in where.items())
        summed = sum(float(row[column]) for row in self._of(where))
        return f"=SUMIFS({self.range(column)},{pairs})", summed

    def count(self, **where: tuple[str, Value]) -> Formula:
        """How many rows there are whose columns have values."""
        pairs = ",".join(f"{self.range(name)},{said}" for name, (said, _) in where.items())
        return f"=COUNTIFS({pairs})", sum(1 for _ in self._of(where))

    def _of(self, where: Mapping[str, tuple[str, Value]]) -> Iterable[Mapping[str, Value]]:
        return (row for row in self.rows if all(row[name] == value for name, (_, value) in where.items()))


class Sheet:
    """A sheet, and what its cells hold, so that formulas can say what they give."""

    def __init__(self, sheet: Worksheet, formats: Formats) -> None:
        self.sheet = sheet
        self.name = str(sheet.get_name())
        self.formats = formats
        self._values: dict[str, Value] = {}
        sheet.hide_gridlines(2)
        sheet.set_landscape()
        sheet.fit_to_pages(1, 0)

    def title(self, text: str) -> None:
        """What the sheet is about."""
        self.text("A1", text, self.formats.title)

    def heads(self, row: int, heads: Sequence[tuple[str, int]]) -> dict[str, str]:
        """Heads of columns with their widths; the letter of each."""
        letters = {}
        for number, (name, width) in enumerate(heads):
            letters[name] = xl_col_to_name(number)
            self.text(f"{letters[name]}{row}", name, self.formats.head)
            self.sheet.set_column(number, number, width)
        return letters

    def text(self, cell: str, value: str, style: Format | None = None) -> None:
        """A text, whatever it begins with."""
        self._values[cell] = value
        self.sheet.write_string(cell, value, style or self.formats.text)

    def number(self, cell: str, value: float, style: Format) -> None:
        """A number."""
        self._values[cell] = value
        self.sheet.write_number(cell, value, style)

    def money(self, cell: str, minor: int) -> None:
        """An amount in minor units."""
        self.number(cell, minor / MINOR, self.formats.money)

    def day(self, cell: str, value: date | None) -> None:
        """A date, or nothing."""
        if value is None:
            self.sheet.write_blank(cell, None, self.formats.day)
        else:
            self.sheet.write_datetime(cell, value, self.formats.day)

    def formula(self, cell: str, formula: Formula, style: Format) -> None:
        """A formula with what it gives."""
        text, value = formula
        self._values[cell] = value
        self.sheet.write_formula(cell, text, style, value)

    def at(self, cell: str) -> float:
        """The number in a cell; a text is none."""
        value = self._values[cell]
        return value if isinstance(value, float | int) else 0.0

    def total(self, column: str, first: int, last: int) -> Formula:
        """The sum of the cells of a column."""
        cells = (f"{column}{row}" for row in range(first, last + 1))
        return f"=SUM({column}{first}:{column}{last})", sum(map(self.at, cells))

    def ratio(self, part: str, whole: str, said: str) -> Formula:
        """``said`` as a formula: the value of one cell by that of another; nothing where that is 0."""
        whole_value = self.at(whole)
        return f'=IF({whole}=0,"",{said})', self.at(part) / whole_value if whole_value else ""


class Formats:
    """How cells look."""

    def __init__(self, book: Workbook) -> None:
        def made(**values: object) -> Format:
            return book.add_format({"font_name": "Arial", "font_size": 10, **values})

        money = '#,##0;[Red]-#,##0;"-"'
        self.title = made(bold=True, font_size=16, font_color=BLUE)
        self.note = made(italic=True, font_color=GREY)
        self.head = made(bold=True, font_color="white", bg_color=BLUE, text_wrap=True, align="center")
        self.label = made(bold=True, bg_color=PALE)
        self.text = made()
        self.money = made(num_format=money)
        self.sum = made(num_format=money, bold=True, top=1)
        self.number = made(num_format="#,##0")
        self.percent = made(num_format="0%")
        self.ratio = made(num_format="0.0")
        self.day = made(num_format="yyyy-mm-dd", align="left")

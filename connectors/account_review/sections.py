"""What the parts of a review are made of, whatever they are written as."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from metrics.relationships import Place


@dataclass(frozen=True)
class Column:
    """A column: its head, its share of the width, whether it holds numbers, and lines of a field at most.

    One of accounts is left out where there is only one, and nowhere longer than so many lines.
    """

    head: str
    weight: float
    is_number: bool = False
    lines: int = 2
    is_account: bool = False


@dataclass(frozen=True)
class Table:
    """Heads and rows of texts; ``called`` is what one row and several are; ``left_out`` are told nowhere."""

    columns: Sequence[Column]
    rows: Sequence[Sequence[str]]
    called: tuple[str, str]
    left_out: int = 0


@dataclass(frozen=True)
class Facts:
    """What is known, each with what it is called; ``are_figures`` are shown large."""

    pairs: Sequence[tuple[str, str]]
    are_figures: bool = False


@dataclass(frozen=True)
class Points:
    """Sentences; of each the first part stands out.

    A deck shows ``most`` of them and says how many more there are; ``called`` is what one and several are.
    """

    lines: Sequence[tuple[str, str]]
    most: int | None = None
    called: tuple[str, str] = ("line", "lines")


class Drawn(Enum):
    """How a chart draws its series."""

    COLUMNS = "columns"
    BARS = "bars"
    LINES = "lines"


@dataclass(frozen=True)
class Chart:
    """Series of numbers by category; what they are is said in the title. None is a gap."""

    title: str
    drawn: Drawn
    categories: Sequence[str]
    series: Sequence[tuple[str, Sequence[float | None]]]


@dataclass(frozen=True)
class Shade:
    """How a state looks: what it is called, what that means, and colours of field and letters (RRGGBB).

    The word is in every field, so that it can be read without colours.
    """

    word: str
    means: str
    fill: str
    letters: str = "1A1A1A"


@dataclass(frozen=True)
class Grid:
    """Fields of states by row and column, with a legend of those that are there.

    ``left_out`` are the rows that are told nowhere.
    """

    corner: str
    columns: Sequence[str]
    rows: Sequence[tuple[str, Sequence[Shade]]]
    left_out: int = 0

    @property
    def legend(self) -> list[Shade]:
        """Each state that is there once, in the order of their first place."""
        return list(dict.fromkeys(shade for _, shades in self.rows for shade in shades))


@dataclass(frozen=True)
class Box:
    """A person on the map."""

    name: str
    title: str | None
    tells: str
    shade: Shade


@dataclass(frozen=True)
class Map:
    """People by who reports to whom, each before those below; ``left_out`` are told elsewhere."""

    boxes: Sequence[tuple[Place, Box]]
    left_out: int
    numbers: Shade

    @property
    def legend(self) -> list[Shade]:
        """Each shade once, in the order of their first person, and what the numbers are."""
        return [*dict.fromkeys(box.shade for _, box in self.boxes), self.numbers]


Block = Table | Facts | Points | Chart | Grid | Map


@dataclass(frozen=True)
class Section:
    """A part of a review: blocks one below the other, those of one row beside each other."""

    title: str
    rows: Sequence[Sequence[Block]]
    in_appendix: bool = False

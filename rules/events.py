"""When many accounts move at once: which measures are watched, and from when on it is an event of them all.

Pure decisions over counts; the counts come from ``rules.movements``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from models.events import Dimension, Movement
from rules.kinds import REGISTRY
from rules.registry import FactField, Op


@dataclass(frozen=True)
class Measure:
    """A field of accounts with the threshold beyond which a value is adverse.

    ``title`` says in words that many accounts are beyond it. ``known_from`` is SQL for the day since when
    the tenant records such things at all: that none was beyond the threshold before says nothing.
    """

    field: str
    op: Op
    threshold: float
    direction: Movement
    title: str
    known_from: str | None = None

    @property
    def name(self) -> str:
        """The measure as events name it."""
        return f"account.{self.field}"

    @property
    def fact_field(self) -> FactField:
        """The field as the registry declares it."""
        return REGISTRY.kinds["account"].fields[self.field]


_FIRST_SEVERE = (
    "(select min(opened_on) from ticket where tenant_id = :tenant and severity in ('HIGH', 'CRITICAL'))"
)
#: What can carry an outage, a market move or a billing run gone wrong. A new measure is one line.
MEASURES = (
    Measure(
        "tickets_open_severe",
        Op.GTE,
        1,
        Movement.ROSE,
        "Severe tickets at many accounts at once",
        known_from=_FIRST_SEVERE,
    ),
    Measure("usage_change_90d", Op.LTE, -0.15, Movement.FELL, "Usage falls at many accounts at once"),
    Measure("overdue", Op.GT, 0, Movement.ROSE, "Overdue amounts at many accounts at once"),
)

#: Against when it is compared: usage is known by the month, so one must have ended in between.
WINDOW = timedelta(days=31)
#: Fewer accounts are a coincidence that a person can look through.
FEWEST = 5
#: Of all accounts: what moves one in ten in a month has a cause that they share.
SHARE = 0.10
#: Of the accounts of one part alone: parts are small and many, so chance comes by more often.
SHARE_OF_PART = 0.25
#: Times the share that crossed the threshold in the month before: an ordinary bad month is no event.
TIMES_USUAL = 3
#: Or so much more than usual, where three times that cannot be reached.
ABOVE_USUAL = 0.25
#: A part explains an event when it has so many of those that moved, and moved so much more than the rest.
EXPLAINS = 0.80
TIMES_ELSEWHERE = 3
#: An event stands while half of what opens one still holds, so that it does not flicker.
STANDS = SHARE / 2
#: After this it has become usual, and what is compared with is too long ago.
LONGEST = timedelta(days=90)


@dataclass(frozen=True)
class Moved:
    """How many accounts crossed a threshold within the window, and within the one before (``earlier``).

    ``population`` is how many have the measure on both days; ``exposure_minor`` is the annual recurring
    revenue of those that crossed.
    """

    accounts: int = 0
    population: int = 0
    exposure_minor: int = 0
    earlier_accounts: int = 0
    earlier_population: int = 0

    def __add__(self, other: Moved) -> Moved:
        names = Moved.__dataclass_fields__
        return Moved(**{name: getattr(self, name) + getattr(other, name) for name in names})

    @property
    def share(self) -> float:
        """The share that crossed the threshold, 0 to 1."""
        return self.accounts / self.population if self.population else 0.0

    @property
    def usual_share(self) -> float:
        """The share that crossed it in the window before."""
        return self.earlier_accounts / self.earlier_population if self.earlier_population else 0.0

    def is_event(self, share: float) -> bool:
        """Whether so many moved, with at least this share, that it is one event.

        None is, before it is known what is usual.
        """
        if not self.earlier_population:
            return False
        usual = min(TIMES_USUAL * self.usual_share, self.usual_share + ABOVE_USUAL)
        return self.accounts >= FEWEST and self.share >= max(share, usual)


@dataclass(frozen=True)
class Cell:
    """The accounts that agree in all dimensions, and how they moved, by measure."""

    parts: Mapping[Dimension, str | None]
    moved: Mapping[str, Moved]


@dataclass(frozen=True, order=True)
class Scope:
    """The accounts that an event is about: all, or those with one value of a dimension."""

    dimension: Dimension = Dimension.TENANT
    part: str = ""

    def holds(self, cell: Cell) -> bool:
        """Whether it is about the accounts of a cell."""
        return self.dimension is Dimension.TENANT or cell.parts[self.dimension] == self.part


WHOLE = Scope()


def moved(cells: Iterable[Cell], measure: Measure, scope: Scope = WHOLE) -> Moved:
    """How the accounts of a scope moved."""
    return sum((cell.moved[measure.field] for cell in cells if scope.holds(cell)), Moved())


def title(measure: Measure, scope: Scope) -> str:
    """What happened and where, without a figure."""
    where = "" if scope == WHOLE else f" in {scope.dimension.lower()} {scope.part}"
    return f"{measure.title}{where}"


def stands(found: Moved, started_on: date, as_of: date) -> bool:
    """Whether an event that began then is still one, by how its accounts moved since before it."""
    if as_of == started_on:
        return True
    return found.share >= STANDS and as_of - started_on <= LONGEST


def opened(cells: Sequence[Cell], measure: Measure, told: Iterable[Scope]) -> Iterator[Scope]:
    """The events of a measure that begin, largest first; accounts that others tell of are left out."""
    left = [cell for cell in cells if not any(scope.holds(cell) for scope in told)]
    while (scope := _next(left, measure)) is not None:
        yield scope
        left = [cell for cell in left if not scope.holds(cell)]


def _next(cells: Sequence[Cell], measure: Measure) -> Scope | None:
    """All of these accounts, the part that explains their moving, or a part that moves by itself."""
    whole = moved(cells, measure)
    parts = [(scope, moved(cells, measure, scope)) for scope in _parts(cells)]
    apart = [(scope, found) for scope, found in parts if _is_apart(found, whole)]
    if whole.is_event(SHARE):
        explaining = [each for each in apart if each[1].accounts >= EXPLAINS * whole.accounts]
        return _largest(explaining) or WHOLE
    return _largest([each for each in apart if each[1].is_event(SHARE_OF_PART)])


def _parts(cells: Iterable[Cell]) -> set[Scope]:
    return {Scope(dimension, part) for cell in cells for dimension, part in cell.parts.items() if part}


def _is_apart(part: Moved, whole: Moved) -> bool:
    """Whether a part moved much more than the rest, so that naming it says something."""
    elsewhere = Moved(whole.accounts - part.accounts, whole.population - part.population)
    return elsewhere.population > 0 and part.share >= TIMES_ELSEWHERE * elsewhere.share


def _largest(found: Iterable[tuple[Scope, Moved]]) -> Scope | None:
    """The part with the highest share of those that moved most; the same whatever their order."""
    ranked = sorted(found, key=lambda each: (-each[1].accounts, -each[1].share, each[0]))
    return ranked[0][0] if ranked else None

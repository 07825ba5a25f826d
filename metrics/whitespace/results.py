"""What the grid tells: cells with the records and peers behind them, rows and columns, out of rows of SQL."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from metrics.whitespace.peers import Part
from metrics.whitespace.positions import SITES, SIZES
from models.database import Row, as_date, as_int
from models.whitespace import CellState, PeerGroup


@dataclass(frozen=True)
class Records:
    """The ids of the records that say where a cell stands; ``competitors`` are those
    named in deals and the positions of those who were observed, ``won_deals`` also those of what was bought
    once, and of what was never delivered.
    """

    services: tuple[str, ...] = ()
    delivered: tuple[str, ...] = ()
    ended: tuple[str, ...] = ()
    open_deals: tuple[str, ...] = ()
    won_deals: tuple[str, ...] = ()
    lost_deals: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    competitors: tuple[str, ...] = ()
    potentials: tuple[str, ...] = ()

    @property
    def ids(self) -> tuple[str, ...]:
        """All of them, but for the deals of lines."""
        return (
            *self.services,
            *self.delivered,
            *self.ended,
            *self.lines,
            *self.competitors,
            *self.potentials,
        )


@dataclass(frozen=True)
class Peers:
    """Whom an account is compared with, without itself; ``owners`` of the ``count`` own the part.

    ``least_employees`` and ``most_employees`` are the bounds of their size, ``least_sites`` and
    ``most_sites`` of their number of sites; None without a bound.
    """

    group: PeerGroup
    segment: str | None
    least_employees: int | None
    most_employees: int | None
    least_sites: int | None
    most_sites: int | None
    count: int
    owners: int

    @property
    def penetration(self) -> float | None:
        """The share of peers who own it, 0 to 1; None without peers."""
        return self.owners / self.count if self.count else None


@dataclass(frozen=True)
class Cell:
    """Where an account stands with a part; money in minor units of the tenant's currency.

    ``low_minor``, ``potential_minor`` and ``high_minor`` are what it would pay a month at the quartiles of
    its peers' rates, ``typed_minor`` what somebody says that it could; None where it is not known.
    """

    account_id: str
    part: Part
    state: CellState
    mrc_minor: int
    open_mrc_minor: int
    open_total_minor: int
    lost_on: date | None
    competitor_until: date | None
    peers: Peers
    low_minor: int | None
    potential_minor: int | None
    high_minor: int | None
    typed_minor: int | None
    gap_minor: int | None
    expected_minor: int | None
    records: Records = field(default=Records(), compare=False)


@dataclass(frozen=True)
class GridRow:
    """An account with a cell for each column; ``elsewhere_minor`` is owned and in none of them, a month."""

    account_id: str
    name: str
    elsewhere_minor: int
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Column:
    """What a column comes to over all accounts that are asked for; money in minor units."""

    part: Part
    states: Mapping[CellState, int]
    mrc_minor: int
    open_mrc_minor: int
    open_total_minor: int
    gap_minor: int
    expected_minor: int


def cell_of(row: Row, part: Part, records: Records) -> Cell:
    """A cell as a statement tells it."""
    return Cell(
        account_id=str(row["account_id"]),
        part=part,
        state=CellState(str(row["state"])),
        mrc_minor=as_int(row["mrc"]),
        open_mrc_minor=as_int(row["open_mrc"]),
        open_total_minor=as_int(row["open_total"]),
        lost_on=as_date(row["lost_on"]),
        competitor_until=as_date(row["held_until"]),
        peers=_peers(row),
        low_minor=_amount(row["low"]),
        potential_minor=_amount(row["mid"]),
        high_minor=_amount(row["high"]),
        typed_minor=_amount(row["typed"]),
        gap_minor=_amount(row["gap"]),
        expected_minor=_amount(row["expected"]),
        records=records,
    )


def _amount(value: object) -> int | None:
    return None if value is None else as_int(value)


def _peers(row: Row) -> Peers:
    least, most = _bounds(row["band"], SIZES)
    least_sites, most_sites = _bounds(row["sites_band"], SITES)
    return Peers(
        group=PeerGroup(str(row["kind"])),
        segment=None if row["segment"] is None else str(row["segment"]),
        least_employees=least,
        most_employees=most,
        least_sites=least_sites,
        most_sites=most_sites,
        count=as_int(row["peers"]),
        owners=as_int(row["owners"]),
    )


def _bounds(number: object, least_of: Mapping[int, int]) -> tuple[int | None, int | None]:
    """The least and the most of what is called by a number."""
    if number is None:
        return None, None
    above = least_of.get(as_int(number) + 1)
    return least_of[as_int(number)], None if above is None else above - 1


#: Where the ids of records of each kind go; those of deals beside those of their lines.
_OF_RECORD = {
    "OWNED": "services",
    "DELIVERED": "delivered",
    "ENDED": "ended",
    "HELD": "competitors",
    "TYPED": "potentials",
}
_OF_DEAL = {
    "OPEN": "open_deals",
    "BOUGHT": "won_deals",
    "WON": "won_deals",
    "OVERDUE": "won_deals",
    "LOST": "lost_deals",
}


def records_of(rows: Iterable[Row]) -> dict[tuple[str, str], Records]:
    """The ids of the records behind each cell, by account and part."""
    found: dict[tuple[str, str], dict[str, dict[str, None]]] = {}
    for row in rows:
        of = found.setdefault((str(row["account_id"]), str(row["part"])), {})
        what = str(row["what"])
        if what in _OF_RECORD:
            of.setdefault(_OF_RECORD[what], {})[str(row["record_id"])] = None
        else:
            of.setdefault("lines", {})[str(row["record_id"])] = None
            of.setdefault(_OF_DEAL[what], {})[str(row["deal_id"])] = None
    return {key: Records(**{name: tuple(ids) for name, ids in of.items()}) for key, of in found.items()}


def elsewhere(rows: Iterable[Row], parts: Collection[str]) -> dict[str, int]:
    """What accounts pay a month for what they own that is none of these parts."""
    found: dict[str, int] = {}
    for row in rows:
        if row["what"] == "OWNED" and row["part"] not in parts:
            account_id = str(row["account_id"])
            found[account_id] = found.get(account_id, 0) + as_int(row["mrc_minor"])
    return found


def column_of(part: Part, rows: Iterable[Row]) -> Column:
    """A column as a statement tells it, a row for each state."""
    states, sums = {}, dict.fromkeys(("mrc", "open_mrc", "open_total", "gap", "expected"), 0)
    for row in rows:
        states[CellState(str(row["state"]))] = as_int(row["cells"])
        for name in sums:
            sums[name] += as_int(row[name])
    return Column(
        part=part,
        states={state: states.get(state, 0) for state in CellState},
        mrc_minor=sums["mrc"],
        open_mrc_minor=sums["open_mrc"],
        open_total_minor=sums["open_total"],
        gap_minor=sums["gap"],
        expected_minor=sums["expected"],
    )

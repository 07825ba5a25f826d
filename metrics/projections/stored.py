"""The history of a tenant's deals, from the database: each value with its day, and when it was known.

A handful of statements for the whole tenant, none for a single deal. What was recorded later, of whatever
day, has the day on which it was recorded, so that ``History.known_at`` leaves it out before.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import TypeVar

from metrics.forecasting.history import Dated, DealHistory, History, Outcome, Track
from metrics.projections.activities import SOURCES
from models.asof import learned_day
from models.database import Row, fetch
from models.deals import Stage

T = TypeVar("T")

#: Columns of a deal whose changes matter; each is read by itself, so that not all are held at once.
_MOVING = ("stage", "amount_minor", "close_on", "forecast_category", "owner_id")
#: Columns that are taken as they were at first.
_FIRST = ("kind", "valid_from")
_ENDS = {Stage.WON.value: Outcome.WON, Stage.LOST.value: Outcome.LOST}


@dataclass(frozen=True)
class Move:
    """A value that was written: of which day, and on which day that was learned."""

    old: str | None
    new: str | None
    on: date
    known_on: date


@dataclass
class Told:
    """What the change log tells of a deal: its moves by column, in the order in which they were recorded."""

    moves: dict[str, list[Move]] = field(default_factory=dict)
    activities: list[Dated[str]] = field(default_factory=list)
    products: list[tuple[date | None, date | None, str]] = field(default_factory=list)


async def stored_history(tenant_id: str) -> History:
    """Everything that is known now of all deals of a tenant; amounts in minor units of its currency.

    The kind of a deal is taken as it was at first, and the segment of its account as it was known when the
    deal came to be known: what is corrected later was not known then. The product is the family of what was
    first put into it, since that was. A deal that was recorded only when it had ended has neither stages nor
    an expected close: those of a deal that has ended tell how it did.
    """
    told: defaultdict[str, Told] = defaultdict(Told)
    for column in (*_MOVING, *_FIRST):
        await _read_moves(tenant_id, column, told)
    for source in SOURCES:
        for row in await fetch(source.sql.replace("RECORDED(c)", learned_day("c")), {"tenant": tenant_id}):
            on, known = _day(row["on_day"]), _day(row["known_day"])
            if on is not None:
                told[str(row["deal_id"])].activities.append(Dated(source.kind, on, known or on))
    await _read_products(tenant_id, told)
    segments = await _segments(tenant_id)
    rows = await fetch(
        "select d.id, d.account_id, d.created_at, d.known_on, d.valid_from, d.kind, d.stage, d.amount_minor,"
        " d.close_on, d.closed_on, d.forecast_category, d.owner_id from deal d where d.tenant_id = :tenant"
        " order by d.id",
        {"tenant": tenant_id},
    )
    nothing = Told()
    return History(tuple(_deal(row, told.get(str(row["id"]), nothing), segments) for row in rows))


async def _read_moves(tenant_id: str, column: str, told: Mapping[str, Told]) -> None:
    rows = await fetch(
        f"select c.entity_id, c.old, c.new, c.effective_on, {learned_day('c')} as known_day from change c"
        " where c.tenant_id = :tenant and c.entity = 'deal' and c.field = :field"
        " order by c.audit_id, c.effective_on, c.seq, c.id",
        {"tenant": tenant_id, "field": column},
    )
    for row in rows:
        on, known = _certain(row["effective_on"]), _certain(row["known_day"])
        move = Move(_text(row["old"]), _text(row["new"]), on, known)
        told[str(row["entity_id"])].moves.setdefault(column, []).append(move)


async def _read_products(tenant_id: str, told: Mapping[str, Told]) -> None:
    rows = await fetch(
        "select l.deal_id, l.valid_from, l.known_on, coalesce(p.family, p.name) as family from deal_line l"
        " join product p on p.id = l.product_id where l.tenant_id = :tenant order by l.created_at, l.id",
        {"tenant": tenant_id},
    )
    for row in rows:
        told[str(row["deal_id"])].products.append(
            (_day(row["valid_from"]), _day(row["known_on"]), str(row["family"]))
        )


async def _segments(tenant_id: str) -> Mapping[str, Track[str | None]]:
    """The segment of each account, and when it was known."""
    rows = await fetch(
        "select a.id, a.segment from account a where a.tenant_id = :tenant", {"tenant": tenant_id}
    )
    changes = await fetch(
        f"select c.entity_id, c.old, c.new, c.effective_on, {learned_day('c')} as known_day from change c"
        " where c.tenant_id = :tenant and c.entity = 'account' and c.field = 'segment'"
        " order by c.audit_id, c.effective_on, c.seq, c.id",
        {"tenant": tenant_id},
    )
    moves: defaultdict[str, list[Move]] = defaultdict(list)
    for row in changes:
        on, known = _certain(row["effective_on"]), _certain(row["known_day"])
        moves[str(row["entity_id"])].append(Move(_text(row["old"]), _text(row["new"]), on, known))
    return {
        str(row["id"]): _track(moves[str(row["id"])], _text(row["segment"]), date.min, date.min, _same)
        for row in rows
    }


def _deal(row: Row, told: Told, segments: Mapping[str, Track[str | None]]) -> DealHistory:
    moves = told.moves
    began = _day(_first(moves.get("valid_from", ()), _text(row["valid_from"])))
    created = began or _day(row["known_on"]) or _certain(row["created_at"])
    known = max(created, _day(row["known_on"]) or created)

    def track(column: str, of: Callable[[str | None], T]) -> Track[T]:
        return _track(moves.get(column, ()), _text(row[column]), created, known, of)

    stages = track("stage", _certain_text)
    came_ended = stages[0].value in _ENDS
    product = _product(told, created, known)
    return DealHistory(
        str(row["id"]),
        created,
        known,
        stages=tuple(each for each in stages if each.value not in _ENDS),
        amounts=track("amount_minor", _amount),
        expected_closes=() if came_ended else track("close_on", _day),
        categories=() if came_ended else track("forecast_category", _same),
        owners=track("owner_id", _same),
        endings=_endings(stages, _day(row["closed_on"])),
        activities=tuple(told.activities),
        kind=_first(moves.get("kind", ()), _text(row["kind"])),
        segment=_known_at(segments.get(str(row["account_id"]), ()), known),
        products=() if product is None else (product,),
    )


def _endings(stages: Track[str], closed_on: date | None) -> Track[Outcome | None]:
    """How it ended, and that it was opened again; one that came ended did so on the day that it says."""
    found: list[Dated[Outcome | None]] = []
    for number, entry in enumerate(stages):
        outcome = _ENDS.get(entry.value)
        if outcome is None and not found:
            continue
        on = max(entry.on, closed_on or entry.on) if number == 0 and outcome else entry.on
        known = max(entry.known_on, on)
        found.append(Dated(outcome, on, known))
    return tuple(found)


def _product(told: Told, created: date, known: date) -> Dated[str] | None:
    """The product that was first put into a deal, since when that was known."""
    found = []
    for began, learned, family in told.products:
        on = max(created, began or learned or created)
        found.append(Dated(family, on, max(known, on, learned or on)))
    return min(found, key=lambda each: (each.on, each.known_on), default=None)


def _track(
    moves: Sequence[Move], now: str | None, created: date, known: date, of: Callable[[str | None], T]
) -> Track[T]:
    """The values of a column, each since its day and since it was known.

    The first is what the column held before anything was written to it. What is written for an earlier day
    holds from then on, and stands against what had been written for the days between.
    """
    entries = [Dated(of(_first(moves, now)), created, known)]
    latest = created
    for move in moves:
        on, learned = max(move.on, created), max(move.known_on, known)
        entries.append(Dated(of(move.new), on, learned))
        if on < latest:
            entries.append(Dated(of(move.new), latest, max(learned, latest)))
        latest = max(latest, on)
    return _in_order(entries)


def _in_order(entries: Iterable[Dated[T]]) -> Track[T]:
    """Entries by their days; of those of one day and one knowledge the last that was recorded stays."""
    kept: dict[tuple[date, date], Dated[T]] = {}
    for entry in entries:
        kept[entry.on, entry.known_on] = entry
    return tuple(kept[days] for days in sorted(kept))


def _known_at(track: Track[str | None], day: date) -> str | None:
    known = [entry.value for entry in track if entry.on <= day and entry.known_on <= day]
    return known[-1] if known else None


def _first(moves: Sequence[Move], now: str | None) -> str | None:
    return moves[0].old if moves else now


def _same(text: str | None) -> str | None:
    return text


def _certain_text(text: str | None) -> str:
    return text or Stage.IDENTIFIED.value


def _amount(text: str | None) -> int | None:
    return None if text is None else int(text)


def _text(value: object) -> str | None:
    return None if value is None else str(value)


@cache
def _parsed(text: str) -> date:
    return date.fromisoformat(text)


def _day(value: object) -> date | None:
    return None if value is None or value == "" else _parsed(str(value)[:10])


def _certain(value: object) -> date:
    found = _day(value)
    assert found is not None
    return found

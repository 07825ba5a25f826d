"""What a field was when: the tellings of its changes put in order; nothing is read or written here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import Final

from commands.journal import FieldChange, SourceRow


class _Unsaid:
    """That a telling does not say what a field was or became; null is something that is said."""


UNSAID: Final = _Unsaid()


@dataclass(frozen=True)
class Telling:
    """That a field changed at a moment: what it was before and what it became, as far as that is said.

    ``order`` decides among tellings of one moment. ``told`` is the row of another table that tells of it,
    None for the record's own, and ``said`` what that row says it was before.
    """

    moment: datetime
    order: int
    before: object = UNSAID
    became: object = UNSAID
    told: SourceRow | None = None
    said: str = ""


@dataclass
class Timeline:
    """The changes of one field in order with their moments, and the value that it ends with.

    ``misfits`` are tellings whose ``before`` is not what the field was, with what it was. ``closing`` is the
    change that no telling tells of, without which the field would not be what it is now.
    """

    last: object
    changes: list[FieldChange] = field(default_factory=list)
    moments: list[datetime] = field(default_factory=list)
    misfits: list[tuple[Telling, object]] = field(default_factory=list)
    closing: FieldChange | None = None


def timeline(
    name: str,
    tellings: Sequence[Telling],
    *,
    present: object = UNSAID,
    initially: object = UNSAID,
    as_of: date,
) -> Timeline:
    """What a field was from the beginning on.

    ``present`` is its value now, ``initially`` the one that it began with, where they are said. Without the
    second the first telling says what it was before, or the field always was what it became first. A field
    that its changes do not lead to ``present`` changed to it on ``as_of``.
    """
    ordered = sorted(tellings, key=lambda each: (each.moment, each.order, each.told or ("", 0)))
    found = Timeline(_first(ordered, initially, present))
    for number, each in enumerate(ordered):
        if each.before is not UNSAID and each.before != found.last:
            found.misfits.append((each, found.last))
        became = _became(ordered, number, present)
        if became != found.last:
            found.changes.append(FieldChange(name, found.last, became, each.moment.date(), each.told))
            found.moments.append(each.moment)
            found.last = became
    if present is not UNSAID and present != found.last:
        on = max([as_of, *(change.on for change in found.changes[-1:])])
        found.closing = FieldChange(name, found.last, present, on)
        found.changes.append(found.closing)
        found.moments.append(datetime.combine(on, time.max, UTC))
        found.last = present
    return found


def _first(ordered: Sequence[Telling], initially: object, present: object) -> object:
    if initially is not UNSAID:
        return initially
    for each in ordered[:1]:
        return each.before if each.before is not UNSAID else each.became
    return None if present is UNSAID else present


def _became(ordered: Sequence[Telling], number: int, present: object) -> object:
    """What a field became: as it is said, or as the next telling says that it was, or as it is now."""
    if ordered[number].became is not UNSAID:
        return ordered[number].became
    later = (each.before for each in ordered[number + 1 :] if each.before is not UNSAID)
    return next(later, present)

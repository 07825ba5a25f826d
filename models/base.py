"""What every stored record has in common: id, tenant, version, times; no domain lives here."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime, timedelta
from typing import ClassVar, Literal

from tortoise import fields
from tortoise.models import Model
from typeid import TypeID
from typeid.core.errors import TypeIDException

from models.errors import Invalid

ID_LENGTH = 40


def new_id(prefix: str) -> str:
    """A fresh TypeID: ``<prefix>_`` and a UUIDv7 in base 32, so ids sort by the time they were made."""
    return str(TypeID(prefix))


def reference(to: str, backward: str | None = None, *, null: bool = False) -> object:
    """A foreign key to the model named ``to``; nothing that is referred to can be deleted.

    ``backward`` names the reverse relation. The column is ``<name>_id``, which each model declares with
    its type, and which needs its index in ``Meta.indexes``: the ORM makes none.
    """
    target = f"models.{to}"
    related_name: str | Literal[False] = backward or False
    if null:
        return fields.ForeignKeyField(target, related_name, fields.RESTRICT, null=True)
    return fields.ForeignKeyField(target, related_name, fields.RESTRICT)


def called(model: type[Model]) -> str:
    """What people call a record of the model: the words of its name, ``plan revision``."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", model.__name__).lower()


def is_id(value: str, prefix: str) -> bool:
    """Whether ``value`` is a well-formed TypeID of this prefix."""
    try:
        return TypeID.from_string(value).prefix == prefix
    except TypeIDException:
        return False


def fits(model: type[Model], column: str, text: str) -> bool:
    """Whether a column can hold a text at all: the ORM raises where one is looked for that is too long."""
    held = model._meta.fields_map[column]
    return not isinstance(held, fields.CharField) or len(text) <= held.max_length


def utcnow() -> datetime:
    """The wall clock, for the recording time of a write; business dates are arguments (``as_of``)."""
    return datetime.now(UTC)


_earlier: ContextVar[date | None] = ContextVar("earlier", default=None)


def today() -> date:
    """The business date of whatever names none: the day in UTC, for every process the same."""
    return _earlier.get() or utcnow().date()


@contextmanager
def as_on(day: date) -> Iterator[None]:
    """Have what is done within be done on an earlier day: for histories that are made up, as the demo's is.

    Recording times stay those of the wall clock.
    """
    before = _earlier.set(day)
    try:
        yield
    finally:
        _earlier.reset(before)


def latest_today() -> date:
    """The latest day that is today anywhere: what lies after it is the future for everybody."""
    return today() + timedelta(days=1)


#: Business dates lie between these days. (A driver takes the first and last of the calendar for infinity.)
EARLIEST, LATEST = date(1900, 1, 1), date(2999, 12, 31)


def check_day(day: date, path: str) -> None:
    """Raise Invalid, naming ``path``, for a day that is no business date."""
    if not EARLIEST <= day <= LATEST:
        raise Invalid(f"{day} is out of range; allowed: {EARLIEST} to {LATEST}", [path])


class Record(Model):
    """A row of one tenant with optimistic locking.

    ``version`` grows by one with each change. ``created_at`` and ``updated_at`` say when we learned of
    something (UTC); business dates are columns of the models.
    """

    prefix: ClassVar[str]
    #: Columns that are derived or technical: their changes are not part of the change log.
    untracked: ClassVar[frozenset[str]] = frozenset({"version", "created_at", "updated_at", "known_on"})

    #: Whether ``known_on``, where there is one, is the day on which we learned of the record.
    known_on_is_recording: ClassVar[bool] = True

    #: Columns that stay as they were made, though others of the record change.
    immutable: ClassVar[frozenset[str]] = frozenset()

    id = fields.CharField(max_length=ID_LENGTH, primary_key=True)
    version = fields.IntField(default=1, db_default=1)
    created_at = fields.DatetimeField(auto_now_add=True)
    updated_at = fields.DatetimeField(auto_now=True)

    class Meta:
        abstract = True

    @classmethod
    def make_id(cls) -> str:
        """A fresh id of this model."""
        return new_id(cls.prefix)

    def following(self, changed: Mapping[str, object]) -> dict[str, object]:  # noqa: ARG002
        """Untracked columns that follow from others, where these are about to become what is given."""
        return {}


class Sourced(Record):
    """A record that may come from outside, found again by ``(tenant, source, external_id)``.

    ``valid_from`` is the business date since when the record exists, null when it is not known, which
    as-of reads take as "always". ``known_on`` is the day on which we learned of it, null when it was known
    all the time, as the history is that a source brings with its first import.
    """

    source = fields.CharField(max_length=60, null=True)
    external_id = fields.CharField(max_length=200, null=True)
    valid_from = fields.DateField(null=True)
    known_on = fields.DateField(null=True)

    class Meta:
        abstract = True


def days_between(earlier: date, later: date) -> int:
    """Whole days from ``earlier`` to ``later``; negative when it is the other way round."""
    return (later - earlier).days

"""The second tenant: the first one over again, value for value, with other ids.

An id of the second follows directly upon that of the first, and one that exists nowhere (a ghost) upon that:
whatever is ordered by them is in the same order.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import fields
from enum import Enum
from functools import cache

from typeid import TypeID
from uuid_utils import UUID

from models.access import ApiKey, Tenant
from models.base import Record
from tests.schema.reads.world import World
from tests.schema.tenants.desk import Desk
from tests.schema.tenants.secrets import digest, key_for

#: An id, in whatever text.
ID = re.compile(r"(?<![a-z0-9])[a-z]{2,5}_[0-9a-hjkmnp-tv-z]{26}(?![0-9a-z])")
#: What the two have alike though it is a text with an id in it: it comes from outside.
ALIKE = frozenset({"external_id"})


@cache
def after(record_id: str, steps: int) -> str:
    """The id so many steps after another."""
    read = TypeID.from_string(record_id)
    return str(TypeID.from_uuid(UUID(int=UUID(bytes=read.uuid_bytes).int + steps), read.prefix))


def twin(record_id: str) -> str:
    """The id in the second tenant of what has this one in the first."""
    return after(record_id, 1)


def ghost(record_id: str) -> str:
    """An id of the same kind that exists nowhere."""
    return after(record_id, 2)


def renamed(desk: Desk, rename: Callable[[str], str]) -> Desk:
    """The desk with other ids."""
    return Desk(**{each.name: rename(getattr(desk, each.name)) for each in fields(desk)})


def twin_world(world: World) -> World:
    """The second tenant, not stored yet."""
    known = {each: twin(each) for each in world.ids}
    other = World(world.random)
    for model, rows in world.rows.items():
        other.rows[model] = [_twin_row(row, known) for row in rows]
    users = {user.id: user for user in other.rows[type(next(iter(world.users.values())))]}
    other.users = {name.replace(" of a", " of b"): users[twin(user.id)] for name, user in world.users.items()}  # type: ignore[misc]
    return other


def _twin_row(row: Record, known: Mapping[str, str]) -> Record:
    values = {name: getattr(row, name) for name in row._meta.db_fields if name != "updated_at"}
    given = {name: value if name in ALIKE else _twin_value(value, known) for name, value in values.items()}
    if isinstance(row, Tenant):
        given["slug"] = f"{row.slug}-twin"
    if isinstance(row, ApiKey):
        known_by = row.name.removeprefix("for ") if row.name.startswith("for ") else row.id
        given["digest"] = digest(key_for("b", known_by))
    return type(row)(**given)


def _twin_value(value: object, known: Mapping[str, str]) -> object:
    if isinstance(value, str) and not isinstance(value, Enum):
        return ID.sub(lambda found: known.get(found[0], found[0]), value)
    if isinstance(value, list):
        return [_twin_value(each, known) for each in value]
    if isinstance(value, dict):
        return {key: _twin_value(each, known) for key, each in value.items()}
    return value

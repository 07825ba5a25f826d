"""Templates of a mapping: text with ``{column}``, ``{column|mailbox}`` or ``{column|next_month}`` in it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping

_PLACE = re.compile(r"\{([^{}|]+)(?:\|(mailbox|next_month))?\}")
_STRAY = re.compile(r"[{}]")


def columns_in(template: str) -> list[str]:
    """The columns that a template reads."""
    return [match.group(1) for match in _PLACE.finditer(template)]


def is_sound(template: str) -> bool:
    """Whether every brace belongs to a place."""
    return not _STRAY.search(_PLACE.sub("", template))


def fill(template: str, cells: Mapping[str, str]) -> str | None:
    """The template with the row's values; None when one of its columns is blank."""
    if not all(cells[column] for column in columns_in(template)):
        return None
    return _PLACE.sub(lambda at: _MADE[at[2]](cells[at[1]]) if at[2] else cells[at[1]], template)


def next_month(month: str) -> str:
    """The month after one that is written ``2024-06``, with its first day: ``2024-07-01``.

    What is no month stays as it is, to be refused as no date.
    """
    found = re.fullmatch(r"(\d{4})-(0[1-9]|1[0-2])", month)
    if found is None:
        return month
    index = int(found[1]) * 12 + int(found[2])
    return f"{index // 12:04d}-{index % 12 + 1:02d}-01"


def mailbox(name: str) -> str:
    """A name as the local part of a mail address: ``Mei-Mei Johns`` gives ``mei.mei.johns``."""
    ascii_only = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", ".", ascii_only.lower()).strip(".") or "nobody"


_MADE: Mapping[str, Callable[[str], str]] = {"mailbox": mailbox, "next_month": next_month}

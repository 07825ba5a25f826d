"""Templates of a mapping: text with ``{column}`` or ``{column|mailbox}`` in it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

_PLACE = re.compile(r"\{([^{}|]+)(\|mailbox)?\}")
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
    return _PLACE.sub(lambda at: mailbox(cells[at[1]]) if at[2] else cells[at[1]], template)


def mailbox(name: str) -> str:
    """A name as the local part of a mail address: ``Mei-Mei Johns`` gives ``mei.mei.johns``."""
    ascii_only = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", ".", ascii_only.lower()).strip(".") or "nobody"

"""Answers without what is another one each time: ids made just now, moments, secrets and durations."""

from __future__ import annotations

import json
import re
from collections.abc import Collection

from tests.schema.tenants.twins import ID

#: A cursor: JSON in hexadecimal digits.
CURSOR = re.compile(r"\b(?:[0-9a-f]{2}){20,}\b")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[.\d]*(?:Z|\+00:00)?")
#: Fields whose values are another one each time.
_ALWAYS_NEW = frozenset({"seconds", "secret", "hint"})


def unpacked(text: str) -> str:
    """A text with what its cursors hold in their place."""
    return CURSOR.sub(lambda found: bytes.fromhex(found[0]).decode(errors="replace"), text)


def normalised(body: bytes, known: Collection[str]) -> object:
    """The content of an answer; of ids that are not ``known`` only their kind."""

    def told(found: re.Match[str]) -> str:
        return found[0] if found[0] in known else f"{found[0].partition('_')[0]}_new"

    def plain(value: object) -> object:
        if isinstance(value, dict):
            return {name: None if name in _ALWAYS_NEW else plain(each) for name, each in value.items()}
        if isinstance(value, list):
            return [plain(each) for each in value]
        return _MOMENT.sub("a moment", ID.sub(told, unpacked(value))) if isinstance(value, str) else value

    content = plain(json.loads(body))
    assert isinstance(content, dict)
    return {**content, "errors": sorted(content.get("errors") or (), key=repr)}

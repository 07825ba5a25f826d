"""Names as GraphQL has them and as Python and the database have them."""

from __future__ import annotations

import re

_PLACES = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def snake(name: str) -> str:
    """A GraphQL name as Python has it."""
    return "_".join(_PLACES.split(name)).lower()

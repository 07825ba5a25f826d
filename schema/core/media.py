"""Media types: in which form an answer is wanted, and in which a request came."""

from __future__ import annotations

from functools import lru_cache

JSON = "application/json"
GRAPHQL = "application/graphql-response+json"
#: Best first; the first is for those who take anything.
_OFFERED = (JSON, GRAPHQL)


@lru_cache(256)
def wanted(accept: str) -> str | None:
    """Which of the two forms of an answer an Accept header prefers; None where it takes neither."""
    if not accept:
        return JSON
    weights = {offered: _weight(accept, offered) for offered in _OFFERED}
    best = max(_OFFERED, key=lambda offered: weights[offered])
    return best if weights[best] > 0 else None


def _weight(accept: str, offered: str) -> float:
    """How much an offered type is wanted, 0 to 1: what is said of it most precisely counts."""
    family = offered.partition("/")[0]
    found, precision = 0.0, -1
    for entry in accept.split(","):
        name, *parameters = (part.strip().lower() for part in entry.split(";"))
        rank = {"*/*": 0, f"{family}/*": 1, offered: 2}.get(name, -1)
        if rank > precision:
            found, precision = _quality(parameters), rank
    return found


def _quality(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return min(1.0, max(0.0, float(value)))
            except ValueError:
                return 0.0
    return 1.0


def is_json(content_type: str) -> bool:
    """Whether a body of this type is JSON in UTF-8, which browsers send to no other origin unasked."""
    name, *parameters = (part.strip().lower() for part in content_type.split(";"))
    charsets = [
        value.strip("\"' ")
        for key, _, value in (each.partition("=") for each in parameters)
        if key == "charset"
    ]
    return name == JSON and all(charset in ("utf-8", "utf8") for charset in charsets)

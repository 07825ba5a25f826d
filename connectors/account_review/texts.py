"""How a review writes money, days and texts, and how much of a text fits into a place."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from datetime import date
from functools import lru_cache

from metrics.rounding import percent

ELLIPSIS = "…"
NOTHING = "\N{EN DASH}"
#: Widths of letters in parts of the size of the font, of a wide one among those without serifs.
_WIDTHS = {
    **dict.fromkeys("ijlI.,:;'|!", 0.32),
    **dict.fromkeys("frt()[]/\\- ", 0.4),
    **dict.fromkeys("mwMW@%", 0.97),
}
_UPPER, _OTHER, _FULL = 0.73, 0.63, 1.05
_POINTS = 72
#: A space at which no line is broken; and all others.
TOGETHER = "\N{NO-BREAK SPACE}"
_SPACES = re.compile(rf"[^\S{TOGETHER}]+")


def money(minor: int, currency: str) -> str:
    """An amount in whole units with its currency, which stay together: ``1,234,568 EUR``."""
    return f"{percent(minor):,}{TOGETHER}{currency}"


def maybe_money(minor: int | None, currency: str) -> str:
    """An amount, or a dash for one that is not told."""
    return NOTHING if minor is None else money(minor, currency)


def day(value: date | None) -> str:
    """A day by its numbers, or a dash for none."""
    return value.isoformat() if value else NOTHING


def counted(number: int, one: str, many: str | None = None) -> str:
    """A number of things: ``1 contract``, ``1,200 contracts``."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def more(number: int, called: tuple[str, str]) -> str:
    """How many more there are of what is called so: ``and 3 more deals``."""
    one, many = called
    return f"and {counted(number, f'more {one}', f'more {many}')}"


def cleaned(text: str) -> str:
    """A text on one line, without what no file can hold: control characters, and halves of characters."""
    if not text.isprintable():  # which next to every text is; to look at each letter takes its time
        text = "".join(each for each in text if each.isspace() or _can_be_held(each))
    return _SPACES.sub(" ", text).strip(" ")


def _can_be_held(character: str) -> bool:
    return unicodedata.category(character) not in ("Cc", "Cs", "Cn") and character not in _DIRECTIONS


#: What turns the direction of all that follows.
_DIRECTIONS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def width(text: str, points: float) -> float:
    """About how wide a text is in inches; rather too much than too little."""
    return _width_of(text) * points / _POINTS


@lru_cache(maxsize=4096)
def _width_of(text: str) -> float:
    """A width in parts of the size of the font."""
    return sum(map(_width, text))


def _width(character: str) -> float:
    if character in _WIDTHS:
        return _WIDTHS[character]
    if unicodedata.east_asian_width(character) in ("W", "F"):
        return _FULL
    return _UPPER if character.isupper() else _OTHER


def fitting(text: str, inches: float, points: float, lines: int = 1) -> str:
    """As much of a text as fits into so many lines of a width, with an ellipsis where it was cut."""
    whole = cleaned(text)
    if len(_lines(whole, inches, points)) <= lines:
        return whole
    low, high = 0, len(whole)
    while low < high:
        middle = (low + high + 1) // 2
        if len(_lines(_cut(whole, middle), inches, points)) <= lines:
            low = middle
        else:
            high = middle - 1
    return _cut(whole, low)


def _cut(text: str, length: int) -> str:
    return text[:length].rstrip() + ELLIPSIS


def _lines(text: str, inches: float, points: float) -> list[str]:
    """A text as it is wrapped, words that are too long for a line broken."""
    found = [""]
    for piece in _pieces(text, inches, points):
        joined = f"{found[-1]} {piece}".strip()
        if width(joined, points) <= inches:
            found[-1] = joined
        else:
            found.append(piece)
    return [line for line in found if line] or [""]


def _pieces(text: str, inches: float, points: float) -> Iterator[str]:
    for word in text.split(" "):
        while width(word, points) > inches and len(word) > 1:
            length = max(1, int(len(word) * inches / width(word, points)))
            while length > 1 and width(word[:length], points) > inches:
                length -= 1
            yield word[:length]
            word = word[length:]
        yield word


def lines_of(text: str, inches: float, points: float) -> int:
    """How many lines a text takes in a width."""
    return len(_lines(cleaned(text), inches, points))


def words(value: str) -> str:
    """A value of an enumeration as people write it: BEST_CASE is best case."""
    return value.replace("_", " ").lower()


def capital(text: str) -> str:
    """A text with a capital in front."""
    return text[:1].upper() + text[1:]

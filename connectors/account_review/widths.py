"""How wide the columns of a table are, in inches."""

from __future__ import annotations

from connectors.account_review.sections import Table
from connectors.account_review.texts import cleaned, width

#: How much wider bold letters are, and up to which width a word is kept whole.
BOLD, _WHOLE = 1.2, 1.6


def widths(table: Table, whole: float, points: float, side: float) -> list[float]:
    """The widths of columns by their weights, so that no word is broken that is not too long for it.

    ``side`` is what stands empty on either side of a field.
    """
    weights = sum(column.weight for column in table.columns)
    least = [_longest(column.head, points * BOLD) for column in table.columns]
    for row in table.rows:
        least = [max(each, _longest(told, points)) for each, told in zip(least, row, strict=True)]
    wanted = [
        max(whole * column.weight / weights, each + 2 * side)
        for column, each in zip(table.columns, least, strict=True)
    ]
    spare = [each - most - 2 * side for each, most in zip(wanted, least, strict=True)]
    over, room = sum(wanted) - whole, sum(spare)
    taken = max(0.0, min(1.0, over / room)) if room > 0 else 0.0
    shares = [each - part * taken for each, part in zip(wanted, spare, strict=True)]
    return [each * whole / sum(shares) for each in shares]


def _longest(told: str, points: float) -> float:
    """How wide the longest word of a text is that is kept whole."""
    found = (width(word, points) for word in cleaned(told).split(" "))
    return max((each for each in found if each <= _WHOLE), default=0.0)

"""Values that are easily told wrong: texts, amounts, numbers, days, moments and JSON; no records."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

#: Few, so that many records share one: what is ordered by them has ties.
NAMES = ("Harbour", "harbour", "Zürich Nord", "Σίσυφος", "ẞtraße")
TEXTS = (
    'says "so"',
    "back\\slash",
    "tab\there",
    "line\nbreak\r\n",
    "\x01\x08\x0c\x1b\x1f\x7f",
    "🦊 👩🏽\u200d🚀 \U0001d54f",
    "50%_off",
    "%",
    "_",
    "O'Hara; --",
    "</script>&amp;",
    "e\u0301 é",
    "\u2028\u2029\ufeff",
    "\u202eright to left",
    "\u0130\u0131\u017fK",
    "{}",
    "null",
    "?1 $1 :a",
    " ",
    "",
)
LONG = "long é " * 25
MONEY = (0, 1, 5, 99, 100, 105, 1_050, 12_345, 1_000_00, 1_932_466_00, 9_007_199_254_740_99, 2**53 - 1)
#: What no command writes, and a column can hold.
OWED = (*MONEY, -1, -150, -12_345_678)
FLOATS = (
    0.1 + 0.2,
    0.1,
    1.0,
    0.0,
    1e-7,
    1.2e-05,
    0.0001,
    12345678.9,
    0.5,
    1 / 3,
    1e15,
    1e16,
    1.5e16,
    123456789012345680.0,
    1e22,
    1e100,
    5e-324,
    1.7976931348623157e308,
    -0.0,
    -2.5,
)
#: What cursors hold: beyond, a number is no value of a column.
ORDERED = tuple(number for number in FLOATS if abs(number) < 2**63)
CHANCES = tuple(number for number in FLOATS if 0 <= number <= 1)
INTEGERS = (0, 1, 2, 7, 50, 99, 100, 2**31 - 1)
SHARES = (0, 1, 10, 33, 50, 67, 99, 100)
DAYS = (
    date(1900, 1, 1),
    date(1969, 12, 31),
    date(2000, 2, 29),
    date(2024, 2, 29),
    date(2025, 12, 31),
    date(2026, 1, 1),
    date(2026, 1, 31),
    date(2026, 3, 31),
    date(2999, 12, 31),
)
MOMENTS = (
    datetime(2026, 3, 31, 8, 0, 0, tzinfo=UTC),
    datetime(2026, 3, 31, 8, 0, 0, 250_000, tzinfo=UTC),
    datetime(2026, 3, 31, 8, 0, 0, 1, tzinfo=UTC),
    datetime(2025, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    datetime(1970, 1, 1, tzinfo=UTC),
    datetime(2999, 12, 31, 12, 30, tzinfo=UTC),
    datetime(2026, 1, 1, 0, 30, 0, 120_000, tzinfo=UTC) + timedelta(hours=1),
)
#: Sentences can be told of these; numbers that no rule would meet are inside others.
JSON: tuple[object, ...] = (
    None,
    True,
    False,
    0,
    -1,
    2**53 - 1,
    *FLOATS[:12],
    -2.5,
    *TEXTS,
    [2**63 - 1, *FLOATS],
    [],
    {},
    [1, [2.0, [None]], "x"],
    {"b": 1, "a": 2, "ä": {"é\n": [1e-7, 1.0]}, "": None, 'a"b\\': "c"},
    {"gt": 1e-7, "among": ["x", "y"]},
)

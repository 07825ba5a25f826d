"""Arguments that many fields have, each described once."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import strawberry

from schema.core.listing import DEFAULT_PAGE, LARGEST_PAGE

_LOCALE = (
    "The language and how numbers, dates and money are written, as a BCP 47 tag: en, de, fr-CH, es. Of one"
    " that is not known the language counts, and else English."
)
_SIZE = f"0 to {LARGEST_PAGE}, default {DEFAULT_PAGE}"
_CURSOR = "INVALID_CURSOR for one that was made for another order."

AccountId = Annotated[
    strawberry.ID, strawberry.argument(description="The id of the account that is asked about.")
]
AsOf = Annotated[
    date | None,
    strawberry.argument(
        description="The business date as of which records are taken, as they were by its end; default: today"
        " (UTC)."
    ),
]
Locale = Annotated[str, strawberry.argument(description=_LOCALE)]
AnyLocale = Annotated[
    str | None,
    strawberry.argument(description=f"{_LOCALE} Default: English, with names and values as rules have them."),
]

First = Annotated[
    int | None,
    strawberry.argument(
        description=f"How many objects the page has, from the front: {_SIZE}. Not with `last` or `before`."
    ),
]
After = Annotated[
    str | None,
    strawberry.argument(
        description=f"The page begins after this cursor, as `endCursor` of the page before; default: at the"
        f" front. {_CURSOR}"
    ),
]
Last = Annotated[
    int | None,
    strawberry.argument(
        description=f"How many objects the page has, from the back: {_SIZE}. They come in the same order. Not"
        " with `first` or `after`."
    ),
]
Before = Annotated[
    str | None,
    strawberry.argument(
        description=f"The page ends before this cursor, as `startCursor` of the page after; default: at the"
        f" back. {_CURSOR}"
    ),
]

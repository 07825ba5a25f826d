"""What the views of sales share: which deals, which days, and as of when."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Annotated

import strawberry
from strawberry import UNSET

from commands.validation import check_family, families_of
from metrics import sales
from metrics.sales import FORECAST
from models.access import Actor, Team, User
from models.base import check_day, today
from models.deals import DealKind, ForecastCategory
from models.errors import Invalid, under
from models.visibility import find


@strawberry.input
class SalesFilter:
    """Which of the deals that the caller sees count; all conditions given must hold."""

    owner_id: strawberry.ID | None = strawberry.field(
        default=UNSET, description="The deals that this user sold on the date; default: of everybody."
    )
    team_id: strawberry.ID | None = strawberry.field(
        default=UNSET,
        description="The deals of whoever was in this team or one below it on the date; default: all.",
    )
    segment: str | None = strawberry.field(
        default=UNSET, description="Deals with accounts of this segment on the date; default: all."
    )
    product_family: str | None = strawberry.field(
        default=UNSET, description="Deals that have a product of this family, as of now; default: all."
    )
    kinds: list[DealKind] | None = strawberry.field(
        default=UNSET, description="Deals that were of these kinds on the date; default: all."
    )


@strawberry.input
class DayRange:
    """Days from the first to the last, both included."""

    from_: date | None = strawberry.field(
        name="from", default=None, description="The first day; default: no matter how early."
    )
    until: date | None = strawberry.field(
        default=None, description="The last day; default: no matter how late."
    )


Filter = Annotated[
    SalesFilter | None,
    strawberry.argument(description="Which deals count; default: all that the caller sees."),
]
Closing = Annotated[
    DayRange | None,
    strawberry.argument(description="The days on which deals are expected to close; default: any or none."),
]
Closed = Annotated[DayRange, strawberry.argument(description="The days on which deals were won or lost.")]
Categories = Annotated[
    list[ForecastCategory] | None,
    strawberry.argument(
        description="The forecast categories that count; default: all but OMITTED and CLOSED."
    ),
]
KnownAt = Annotated[
    date | None,
    strawberry.argument(
        description="The day by whose end it was known what is told of `asOf`; default: the same day. With a"
        " later one edits count that were dated back."
    ),
]
Since = Annotated[date, strawberry.argument(description="The earlier business date, as of its end.")]
SinceKnownAt = Annotated[
    date | None,
    strawberry.argument(
        description="The day by whose end it was known what is told of `since`; default: the same day."
    ),
]


def at(as_of: date | None, known_at: date | None, path: str = "asOf", known: str = "knownAt") -> sales.AsOf:
    """A date, and what was known by the end of the same day unless another is said.

    Raises:
        Invalid: one of them is no business date.
    """
    day = as_of or today()
    known_on = known_at or day
    check_day(day, path)
    check_day(known_on, known)
    return sales.AsOf(day, known_on if known_on < today() else None)


def period(given: DayRange | None, path: str) -> sales.DayRange:
    """Days as metrics take them.

    Raises:
        Invalid: the first is after the last, or one of them is no business date.
    """
    if given is None:
        return sales.ALWAYS
    return days(given.from_, given.until, path)


def days(first: date | None, last: date | None, *path: str) -> sales.DayRange:
    """The days from the first to the last; raises what ``period`` raises."""
    for day, name in ((first, "from"), (last, "until")):
        if day is not None:
            with under(*path):
                check_day(day, name)
    if first and last and first > last:
        raise Invalid(f"{first} is after {last}; allowed: a day before it, or the same", [*path, "from"])
    return sales.DayRange(first, last)


async def wanted(actor: Actor, given: SalesFilter | None) -> sales.SalesFilter:
    """A filter as metrics take it.

    Raises:
        NotFound: there is no such user or team.
        Invalid: no product is of the family.
    """
    if given is None:
        return sales.EVERYTHING
    with under("filter"):
        owner = (await find(User, actor, given.owner_id, "ownerId")).id if given.owner_id else None
        team = (await find(Team, actor, given.team_id, "teamId")).id if given.team_id else None
        if given.product_family:
            check_family(await families_of(actor), given.product_family, "productFamily")
    return sales.SalesFilter(
        owner, team, given.segment or None, given.product_family or None, frozenset(given.kinds or ())
    )


def counting(given: Iterable[ForecastCategory] | None) -> frozenset[ForecastCategory]:
    """The categories that count."""
    return FORECAST if given is None else frozenset(given)

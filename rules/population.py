"""Where each account stands among all: the percentiles that relative fields are."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from datetime import date
from itertools import accumulate

from models.accounts import Account
from models.asof import view_of
from models.database import Param, Params, as_int, fetch, tabled
from models.view import WHOLE, View
from rules.kinds import REGISTRY
from rules.kinds.declaring import stored
from rules.needs import Needs
from rules.reference import Facts
from rules.registry import FactField, FactKind
from rules.rows import of_all, parameters, rows_of, scalar
from rules.tree import Scalar

Number = int | float

#: Percentiles are rounded to so many places.
PLACES = 2


class Ranks:
    """The values that one field has, and how many facts have each."""

    def __init__(self, counts: Mapping[Number, int]) -> None:
        self._values = sorted(counts)
        self._below = [0, *accumulate(counts[value] for value in self._values)]

    def percentile(self, value: Number) -> Number:
        """The share of facts whose value is lower, and half of those that have the same, in percent.

        Mid-ranks: what many share puts none of them at an end.
        """
        at = bisect_left(self._values, value)
        if at == len(self._values) or self._values[at] != value:
            return self._share(self._below[at], self._below[at])
        return self._share(self._below[at], self._below[at + 1])

    def span(self, stands: Callable[[Number], bool]) -> tuple[Number, Number] | None:
        """The lowest and the highest value whose percentile is asked for; None when there is none."""
        found = [value for value in self._values if stands(self.percentile(value))]
        return (found[0], found[-1]) if found else None

    def _share(self, below: int, upto: int) -> Number:
        share = round(50 * (below + upto) / self._below[-1], PLACES)
        return int(share) if share == int(share) else share


class Population:
    """The ranks of fields within a tenant and within its segments, in a view as of a date.

    ``found`` are the figures of the whole tenant that facts are told beside, as statements ask for them.
    """

    def __init__(self, view: View = WHOLE, found: Params | None = None) -> None:
        self.view = view
        self.found = found or {}
        self._within: dict[tuple[str, str, str | None], Ranks] = {}

    def add(self, kind: str, field: str, counts: Mapping[str | None, Mapping[Number, int]]) -> None:
        """Take in how often a field has each value, by segment; None stands for the whole tenant."""
        for segment, of in counts.items():
            self._within[kind, field, segment] = Ranks(of)

    def span(self, kind: str, field: str, stands: Callable[[Number], bool]) -> tuple[Number, Number] | None:
        """The lowest and the highest value of a field, in the whole tenant, that stands where asked."""
        ranks = self._within.get((kind, field, None))
        return ranks.span(stands) if ranks else None

    def place(self, facts: Facts, needs: Needs) -> None:
        """Add the relative fields that are needed to the facts of one account."""
        segment = next((fact.get("segment") for fact in facts.get("account", ())), None)
        for kind, names in needs.items():
            for field in _relative(kind, names):
                if field.within_segment and segment is None:
                    continue
                within = self._within.get(
                    (kind, field.ranks or "", str(segment) if field.within_segment else None)
                )
                for fact in facts.get(kind, ()) if within else ():
                    value = fact.get(field.ranks or "")
                    if within and isinstance(value, int | float):
                        fact[field.name] = within.percentile(value)


async def survey(tenant_id: str, as_of: date, needs: Needs, known_on: date | None = None) -> Population:
    """Where the tenant's accounts stand in the fields whose relative ones are needed; one statement each.

    With ``known_on`` as it was known by the end of that day.
    """
    found = await figures(tenant_id, as_of, needs, known_on)
    params = {**parameters(tenant_id, as_of, known_on=known_on), **found}
    population = Population(await view_of(tenant_id, as_of, known_on), found)
    for name, names in needs.items():
        kind = REGISTRY.kinds[name]
        ranked = {field.ranks for field in _relative(name, names)}
        for field in (kind.fields[ranked_by] for ranked_by in sorted(filter(None, ranked))):
            population.add(name, field.name, await _counts(kind, field, params, population.view))
    return population


async def figures(
    tenant_id: str, as_of: date, needs: Needs, known_on: date | None = None
) -> dict[str, Param]:
    """The figures of the whole tenant that the fields needed are told beside, as statements ask for them.

    With ``known_on`` as they were known by the end of that day.
    """
    found: dict[str, Param] = {}
    for name, names in needs.items():
        kind = REGISTRY.kinds[name]
        if kind.rows and kind.rows.found:
            source = rows_of(kind, [kind.fields[each].sql for each in names if each in kind.fields])
            for parameter, find in kind.rows.found.items():
                if f":{parameter}" in source:
                    found[parameter] = tabled(await find(tenant_id, as_of, known_on))
    return found


def _relative(kind: str, names: frozenset[str]) -> list[FactField]:
    relative = REGISTRY.kinds[kind].relative
    return [relative[name] for name in sorted(names) if name in relative]


async def _counts(
    kind: FactKind, field: FactField, params: Params, view: View
) -> dict[str | None, Counter[Number]]:
    assert kind.rows
    segments = of_all(stored(Account, "t.segment", view=view)).removesuffix(" t")
    source = rows_of(kind, [field.sql], view=view)
    rows = await fetch(
        f"select s.segment, f.value, count(*) as facts from"
        f" (select {kind.rows.account} as account, {field.sql} as value from {source}) f"
        f" left join {segments} s on s.id = f.account where f.value is not null group by s.segment, f.value",
        params,
    )
    counts: dict[str | None, Counter[Number]] = defaultdict(Counter)
    for row in rows:
        value = _number(scalar(row["value"], field.type))
        counts[None][value] += as_int(row["facts"])
        if row["segment"] is not None:
            counts[str(row["segment"])][value] += as_int(row["facts"])
    return counts


def _number(value: Scalar) -> Number:
    assert isinstance(value, int | float)
    return value

"""Whose projections are made: the tenant, every team, and everybody who is credited with a deal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from metrics.credit import credited_deals
from metrics.forecast import categories
from metrics.organisation import NodeKind, organisation
from metrics.projections.projecting import Subject
from models.access import Actor
from models.asof import view_of
from models.database import as_int, fetch
from models.deals import ForecastCategory
from models.forecast import Period

_WHOLE = 100


@dataclass(frozen=True)
class Subjects:
    """All subjects of a tenant, and which of them are people and teams."""

    all: tuple[Subject, ...]
    people: frozenset[str]
    teams: frozenset[str]


async def subjects(actor: Actor, period: Period, on: date) -> Subjects:
    """Those of a whole tenant, which the actor sees, as of the end of a day and as was known by then.

    A deal is of whoever is credited with it, at their share; a team has those of its people and of the teams
    below it. What was won in the period is what the category CLOSED of the forecast has.
    """
    credited = await _credited(actor.tenant_id, on)
    found = await categories(actor, period, on, on)
    won = {who: each.of(ForecastCategory.CLOSED).minor for who, each in found.items()}
    tree = await organisation(actor, on)
    people = sorted(who for who in credited if who is not None)
    teams = sorted(node.id for node in tree.nodes.values() if node.kind is NodeKind.TEAM)
    below = {team: [who for who in tree.people(team) if who in credited] for team in teams}
    return Subjects(
        (
            Subject(actor.tenant_id, sum(won.values())),
            *(
                Subject(team, sum(won.get(who, 0) for who in below[team]), _together(credited, below[team]))
                for team in teams
            ),
            *(Subject(who, won.get(who, 0), credited[who]) for who in people),
        ),
        frozenset(people),
        frozenset(teams),
    )


async def _credited(tenant_id: str, on: date) -> dict[str | None, dict[str, int]]:
    """By person: the deals that they are credited with, and their share of each in percent."""
    view = await view_of(tenant_id, on, on)
    rows = await fetch(
        f"select t.id, t.credited_id, t.percent from {credited_deals(view)} t order by t.id, t.credited_id",
        {"tenant": tenant_id, "as_of": on, "known_on": on},
    )
    found: dict[str | None, dict[str, int]] = {}
    for row in rows:
        who = None if row["credited_id"] is None else str(row["credited_id"])
        found.setdefault(who, {})[str(row["id"])] = as_int(row["percent"])
    return found


def _together(credited: Mapping[str | None, Mapping[str, int]], people: list[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for who in people:
        for deal_id, percent in credited[who].items():
            found[deal_id] = min(_WHOLE, found.get(deal_id, 0) + percent)
    return found

"""Where people and teams stand against their quotas: attainment, gap and coverage."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

from metrics.credit import Standing, open_in, won
from metrics.organisation import Along, Node, organisation
from metrics.weekly import quotas
from models.access import Actor
from models.forecast import Measure, Period

__all__ = ["Standing", "attainment"]


async def attainment(
    actor: Actor, period: Period, measure: Measure, as_of: date, along: Along = Along.TEAM
) -> list[tuple[Node, int, Standing]]:
    """Where everybody and every team that the actor sees stands for a period as of a date, from the top down.

    Attainment = won / quota. Gap = quota - won, at least 0. Coverage = open pipeline closing in the period /
    gap. A node counts its own people and those below; one without a quota has the sum of those right below
    it. With each comes how deep it is. Units are those of the measure: minor units, or deals.
    """
    tree = await organisation(actor, as_of, along)
    targets = await quotas(actor, period, measure)
    closed = await won(actor, period, measure, as_of)
    open_ = await open_in(actor, period, measure, as_of)
    walked, found = list(tree.walked()), dict[str, Standing]()
    for node, _ in reversed(walked):
        parts = [found[below.id] for below in tree.below.get(node.id, ())]
        quota = targets.get(node.id)
        found[node.id] = Standing(
            sum(part.quota for part in parts) if quota is None else quota,
            sum((part.won for part in parts), closed.get(node.id, Fraction(0))),
            sum((part.open for part in parts), open_.get(node.id, Fraction(0))),
        )
    return [(node, depth, found[node.id]) for node, depth in walked]

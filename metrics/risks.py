"""Risks as they held on a date, and what became of deals that a rule flagged."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from models.access import Actor
from models.asof import as_of_rows
from models.database import as_int, fetch
from models.deals import Deal
from models.recommendations import Risk
from models.view import WHOLE, View
from models.visibility import visible

_RISK_COLUMNS = ["account_id", "deal_id", "confidential", "kind", "state", "severity", "probability"]
_HELD = ["held_since", "lapsed_on"]


def risks_held(view: View = WHOLE) -> str:
    """A subquery of the risks that held as of ``:as_of`` and that nobody had dealt with by then.

    Parameters it needs: ``:tenant``, ``:as_of``. Severity and probability are those of the date.
    """
    return (
        f"(select * from {as_of_rows(Risk, [*_RISK_COLUMNS, *_HELD], view)} then_ where held_since <= :as_of"
        " and (lapsed_on is null or lapsed_on > :as_of) and state <> 'MITIGATED')"
    )


@dataclass(frozen=True)
class Ending:
    """How deals ended after a date: counts, and amounts (minor units) as they were on the date."""

    deals: int = 0
    won: int = 0
    lost: int = 0
    open: int = 0
    amount_minor: int = 0
    won_minor: int = 0
    lost_minor: int = 0

    @property
    def win_rate(self) -> float | None:
        """Won of those that ended; None when none has."""
        ended = self.won + self.lost
        return self.won / ended if ended else None


@dataclass(frozen=True)
class Outcomes:
    """What happened until ``until`` to the deals open as of a date: those flagged then, and the others."""

    as_of: date
    until: date
    flagged: Ending
    others: Ending


async def outcomes(actor: Actor, flagged: Collection[str], as_of: date, until: date) -> Outcomes:
    """What became until ``until`` of the deals open as of a date, by whether their id is in ``flagged``.

    Stage and amount then are as of the date; how they ended is what is known now of the time until
    ``until``. Who sees them is decided as of today.
    """
    seen = visible(Deal, actor, "n")
    rows = await fetch(
        "select t.id as id, t.amount_minor as amount,"
        " case when n.stage in ('WON', 'LOST') and n.closed_on <= :until then n.stage else 'OPEN' end"
        " as ended"
        f" from {as_of_rows(Deal, ['stage', 'amount_minor'])} t join deal n on n.id = t.id"
        f" where t.stage not in ('WON', 'LOST') and {seen.sql}",
        {**seen.params, "tenant": actor.tenant_id, "as_of": as_of, "until": until},
    )
    ids = set(flagged)
    endings = [(str(r["ended"]), as_int(r["amount"]), str(r["id"]) in ids) for r in rows]
    return Outcomes(
        as_of,
        until,
        _ending([(ended, amount) for ended, amount, was_flagged in endings if was_flagged]),
        _ending([(ended, amount) for ended, amount, was_flagged in endings if not was_flagged]),
    )


def _ending(deals: list[tuple[str, int]]) -> Ending:
    def count(how: str) -> int:
        return sum(ended == how for ended, _ in deals)

    def amount(how: str) -> int:
        return sum(minor for ended, minor in deals if ended == how)

    return Ending(
        deals=len(deals),
        won=count("WON"),
        lost=count("LOST"),
        open=count("OPEN"),
        amount_minor=sum(minor for _, minor in deals),
        won_minor=amount("WON"),
        lost_minor=amount("LOST"),
    )

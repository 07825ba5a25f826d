"""Risks as they held on a date, and what became of deals that a rule flagged."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date

from models.access import Actor
from models.asof import as_of_rows
from models.database import as_date, as_int, fetch, is_sqlite, listed, one_of
from models.deals import Deal
from models.recommendations import Risk
from models.rulebooks import RunScope, RunState
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


async def judged_since(tenant_id: str, account_ids: Iterable[str]) -> date | None:
    """The first day as of which one of the accounts was judged, or the tenant as a whole; None of none.

    Of days before, nobody knows what was at risk: none of it is 0.
    """
    if is_sqlite():
        named = f"exists (select 1 from json_each(r.account_ids) j where {one_of('j.value', 'accounts')})"
    else:
        asked = "array(select jsonb_array_elements_text(cast(:accounts as jsonb)))"
        named = f"jsonb_exists_any(r.account_ids, {asked})"
    rows = await fetch(
        "select min(u.since) as since from (select min(r.as_of) as since from evaluation_run r"
        f" where r.tenant_id = :tenant and r.state = '{RunState.COMPLETE.value}'"
        f" and (r.scope = '{RunScope.WHOLE.value}' or {named})"
        " union all select min(k.held_since) from risk k where k.tenant_id = :tenant"
        f" and {one_of('k.account_id', 'accounts')}) u",
        {"tenant": tenant_id, "accounts": listed(account_ids)},
    )
    return as_date(rows[0]["since"])


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

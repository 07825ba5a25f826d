"""What the rules flag and what became of it: open risks by rule, and how flagged deals ended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from models.access import Actor
from models.asof import as_of_rows
from models.database import Row, as_int, fetch
from models.deals import Deal
from models.recommendations import Risk
from models.visibility import visible

#: That a risk ``t`` holds as of a date and nobody has dealt with it.
HOLDS = "t.held_since <= :as_of and (t.lapsed_on is null or t.lapsed_on > :as_of) and t.state <> 'MITIGATED'"


@dataclass(frozen=True)
class Flagged:
    """Open risks of one rule and the sum of their exposures, in minor units."""

    count: int
    amount_minor: int


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
    """What happened until ``until`` to the deals open as of a date: those a rule flagged, and the others."""

    rule_key: str
    as_of: date
    until: date
    flagged: Ending
    others: Ending


async def flagged_by_rule(actor: Actor, as_of: date) -> dict[str, Flagged]:
    """Risks that hold as of a date, by rule key. A revenue line that two rules flag is in both."""
    seen = visible(Risk, actor, "t")
    rows = await fetch(
        "select t.rule_key as rule_key, count(*) as risks, sum(t.exposure_minor) as amount from risk t"
        f" where {HOLDS} and {seen.sql} group by t.rule_key order by t.rule_key",
        {**seen.params, "as_of": as_of},
    )
    return {str(row["rule_key"]): Flagged(as_int(row["risks"]), as_int(row["amount"])) for row in rows}


async def outcomes(actor: Actor, rule_key: str, as_of: date, until: date) -> Outcomes:
    """What became until ``until`` of the deals open as of a date, flagged by the rule or not.

    Stage and amount then are as of the date; how they ended is what is known now of the time until
    ``until``.
    """
    seen = visible(Deal, actor, "t")
    held = (
        "exists (select 1 from risk r where r.tenant_id = t.tenant_id and r.deal_id = t.id and"
        f" r.rule_key = :rule and {HOLDS.replace('t.', 'r.')})"
    )
    rows = await fetch(
        f"select case when {held} then 1 else 0 end as flagged,"
        " case when n.stage in ('WON', 'LOST') and n.closed_on <= :until then n.stage else 'OPEN' end"
        " as ended,"
        " count(*) as deals, sum(t.amount_minor) as amount"
        f" from {as_of_rows(Deal, ['account_id', 'owner_id', 'stage', 'amount_minor'])} t"
        " join deal n on n.id = t.id"
        f" where t.stage not in ('WON', 'LOST') and {seen.sql} group by 1, 2",
        {**seen.params, "tenant": actor.tenant_id, "as_of": as_of, "until": until, "rule": rule_key},
    )
    return Outcomes(rule_key, as_of, until, _ending(rows, 1), _ending(rows, 0))


def _ending(rows: list[Row], flagged: int) -> Ending:
    mine = {str(r["ended"]): r for r in rows if as_int(r["flagged"]) == flagged}

    def count(ended: str) -> int:
        return as_int(mine[ended]["deals"]) if ended in mine else 0

    def amount(ended: str) -> int:
        return as_int(mine[ended]["amount"]) if ended in mine else 0

    return Ending(
        deals=sum(map(count, mine)),
        won=count("WON"),
        lost=count("LOST"),
        open=count("OPEN"),
        amount_minor=sum(map(amount, mine)),
        won_minor=amount("WON"),
        lost_minor=amount("LOST"),
    )

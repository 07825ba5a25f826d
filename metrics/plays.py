"""Which plays work: how often each was started, how it ended, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from metrics.proportions import wilson
from models.access import Actor
from models.asof import as_of_rows
from models.database import Param, fetch
from models.deals import Deal
from models.plays import PlayRun, PlayRunState
from models.recommendations import Outcome
from models.visibility import visible


@dataclass(frozen=True)
class Share:
    """A share of cases with its 95 % interval; None of no cases."""

    cases: int
    share: float | None
    low: float | None
    high: float | None

    @classmethod
    def of(cls, hits: int, cases: int) -> Share:
        """So many of so many."""
        if not cases:
            return cls(0, None, None, None)
        low, high = wilson(hits / cases, cases)
        return cls(cases, hits / cases, low, high)


@dataclass(frozen=True)
class PlayRecord:
    """What became of a play that was started, as of a date.

    ``worked`` and ``failed`` are by what people said came of it, or of the recommendation that started it.
    ``deals_won`` and ``deals_lost`` are distinct deals that it was about and that ended since its start.
    """

    play_id: str
    started: int
    running: int
    done: int
    abandoned: int
    worked: int
    failed: int
    deals_won: int
    deals_lost: int

    @property
    def finishing(self) -> Share:
        """Of those that ended, the share that was played to its end."""
        return Share.of(self.done, self.done + self.abandoned)

    @property
    def working(self) -> Share:
        """Of those of which it is known, the share that worked."""
        return Share.of(self.worked, self.worked + self.failed)

    @property
    def winning(self) -> Share:
        """Of the deals that ended, the share that was won."""
        return Share.of(self.deals_won, self.deals_won + self.deals_lost)


async def play_records(actor: Actor, as_of: date) -> dict[str, PlayRecord]:
    """The records of plays by id, of those alone that were started by a date where the actor sees them.

    What came of a recommendation counts where nothing is said of the play itself, from the day on which
    it was told; deals are as of the date.
    """
    seen = visible(PlayRun, actor, "r")
    runs = as_of_rows(PlayRun, ["state", "ended_on", "outcome"])
    deals = as_of_rows(Deal, ["stage", "closed_on"])
    told = (
        "(select a.outcome from answer a where a.recommendation_id = r.recommendation_id"
        " and a.outcome is not null and a.outcome_on <= :as_of order by a.created_at desc, a.id desc limit 1)"
    )
    rows = await fetch(
        f"select r.play_id, r.deal_id, t.state, coalesce(t.outcome, {told}) as outcome,"
        " case when d.closed_on >= r.started_on then d.stage end as ended"
        f" from play_run r join {runs} t on t.id = r.id left join {deals} d on d.id = r.deal_id"
        f" where r.started_on <= :as_of and {seen.sql} order by r.id",
        _params(actor, as_of) | seen.params,
    )
    by_play: dict[str, list[dict[str, object]]] = {}
    for row in rows:
        by_play.setdefault(str(row["play_id"]), []).append(row)
    return {play_id: _record(play_id, of) for play_id, of in by_play.items()}


def _record(play_id: str, rows: list[dict[str, object]]) -> PlayRecord:
    def count(column: str, value: str) -> int:
        return sum(row[column] == value for row in rows)

    def deals(how: str) -> int:
        return len({row["deal_id"] for row in rows if row["ended"] == how})

    return PlayRecord(
        play_id=play_id,
        started=len(rows),
        running=count("state", PlayRunState.RUNNING.value),
        done=count("state", PlayRunState.DONE.value),
        abandoned=count("state", PlayRunState.ABANDONED.value),
        worked=count("outcome", Outcome.WORKED.value),
        failed=count("outcome", Outcome.FAILED.value),
        deals_won=deals("WON"),
        deals_lost=deals("LOST"),
    )


def _params(actor: Actor, as_of: date) -> dict[str, Param]:
    return {"tenant": actor.tenant_id, "as_of": as_of}

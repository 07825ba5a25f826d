"""What changes at accounts and who else sells to them, record by record, as of a date."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from metrics.account_records import Records, day_of, text_of
from metrics.competition import Asked, ledger
from metrics.sales import AsOf, DayRange
from models.competition import BattleNote, CompetitorPosition, PositionRole
from models.database import as_date, as_int, fetch
from models.severity import Severity
from models.trends import Confidence, Trend, TrendImpact, TrendKind, TrendState
from models.visibility import visible

#: Wins and losses against a competitor are told of so many days.
LEDGER_DAYS = 365


@dataclass(frozen=True)
class TrendSeen:
    """A change that holds, and the course of action that was chosen, if one was."""

    account: str
    title: str
    kind: TrendKind
    impact: TrendImpact
    severity: Severity
    confidence: Confidence
    observed_on: date
    state: TrendState
    course: str | None
    course_due_on: date | None


@dataclass(frozen=True)
class Rival:
    """Where a competitor stands at an account, and what to say against it; a month's price in minor units.

    ``won`` of ``cases`` are deals of all accounts that the reader sees, closed within LEDGER_DAYS days.
    """

    account: str
    competitor_id: str
    name: str
    product_family: str
    role: PositionRole
    share: int | None
    ends_on: date | None
    price_minor: int | None
    note: str | None
    won: int
    cases: int


async def trends(records: Records) -> list[TrendSeen]:
    """The trends that hold, the severest first, of these those observed last."""
    standing = f"('{TrendState.OPEN.value}', '{TrendState.ACTED.value}')"
    rows = await records.rows(
        Trend,
        ["kind", "impact", "severity", "confidence", "observed_on", "state", "course", "course_due_on"],
        f"t.observed_on <= :as_of and t.state in {standing} order by t.observed_on desc, t.id",
        shown="n.title",
    )
    found = [
        TrendSeen(
            str(row["account"]),
            str(row["title"]),
            TrendKind(str(row["kind"])),
            TrendImpact(str(row["impact"])),
            Severity(str(row["severity"])),
            Confidence(str(row["confidence"])),
            day_of(row["observed_on"]),
            TrendState(str(row["state"])),
            text_of(row["course"]),
            as_date(row["course_due_on"]),
        )
        for row in rows
    ]
    return sorted(found, key=lambda each: -each.severity.rank)


async def rivals(records: Records) -> list[Rival]:
    """The competitors at accounts that are there still, those whose contract ends first first."""
    former = PositionRole.FORMER.value
    rows = await records.rows(
        CompetitorPosition,
        ["role", "share", "contract_ends_on", "price_minor", "observed_on", "removed_on"],
        "t.observed_on <= :as_of and (t.removed_on is null or t.removed_on > :as_of)"
        f" and t.role <> '{former}'"
        " order by coalesce(t.contract_ends_on, :never), n.product_family, t.id",
        shown="n.product_family, n.competitor_id,"
        " (select c.name from competitor c where c.id = n.competitor_id) as name",
        never=date.max,
    )
    if not rows:
        return []
    notes = await _notes(records)
    window = DayRange(records.as_of - timedelta(days=LEDGER_DAYS), records.as_of)
    asked = Asked(AsOf(records.as_of), window)
    against = {each.competitor_id: each for each in await ledger(records.actor, asked)}
    found = []
    for row in rows:
        who, family = str(row["competitor_id"]), str(row["product_family"])
        record = against.get(who)
        found.append(
            Rival(
                str(row["account"]),
                who,
                str(row["name"]),
                family,
                PositionRole(str(row["role"])),
                None if row["share"] is None else as_int(row["share"]),
                as_date(row["contract_ends_on"]),
                None if row["price_minor"] is None else as_int(row["price_minor"]),
                notes.get((who, family)) or notes.get((who, "")),
                record.rate.won if record else 0,
                record.cases if record else 0,
            )
        )
    return found


async def _notes(records: Records) -> dict[tuple[str, str], str]:
    """What to say against competitors, by who it is and the product family; an empty one is all of them."""
    seen = visible(BattleNote, records.actor, "t")
    rows = await fetch(
        "select t.competitor_id, coalesce(t.product_family, '') as family, t.text from battle_note t"
        f" where {seen.sql} and t.written_on <= :as_of and (t.replaced_on is null or t.replaced_on > :as_of)"
        " order by t.written_on, t.id",
        {**seen.params, "as_of": records.as_of},
    )
    return {(str(row["competitor_id"]), str(row["family"])): str(row["text"]) for row in rows}

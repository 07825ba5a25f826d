"""Facts of kind ``quota``: where the owner of the account stands against a quota whose period is running.

They are of the account's owner alone, who sees the own quota as the managers above do: whoever sees what
rules say of an account must not read a colleague's attainment from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from fractions import Fraction

from metrics.credit import Standing, open_in, won
from models.access import Actor, Role
from models.asof import as_of_rows, known_change, view_of
from models.database import as_date, as_int, fetch, table_in
from models.forecast import Measure, Period, Quota
from models.view import View
from rules.kinds.declaring import CURRENCY, days, flag, identity, kind, money, number, owners, text
from rules.registry import Rows

#: Places of attainment in percent, and of coverage.
_PERCENT_PLACES, _COVERAGE_PLACES = 1, 2
_COLUMNS = {
    "id": "text",
    "target": "bigint",
    "won": "bigint",
    "open_pipeline": "bigint",
    "gap": "bigint",
    "attainment": "double precision",
    "coverage": "double precision",
    "behind": "bigint",
}
_RUNNING = "t.user_id is not null and t.first_on <= :as_of and t.last_on >= :as_of"


def _standings(_view: View) -> str:
    return table_in("found_standings", _COLUMNS)


async def _find_standings(tenant_id: str, as_of: date, known_on: date | None) -> list[dict[str, object]]:
    """Where everybody stands against the quotas that run: two statements for each period and measure."""
    anybody = Actor("", tenant_id, "rules", Role.ADMIN, None, "")
    found: list[dict[str, object]] = []
    of: dict[tuple[Period, Measure], Mapping[str, Mapping[str | None, Fraction]]] = {}
    for quota in await _quotas(tenant_id, as_of, known_on):
        first, last = as_date(quota["first_on"]), as_date(quota["last_on"])
        assert first and last
        period, measure = Period(first, last), Measure(str(quota["measure"]))
        if (period, measure) not in of:
            of[period, measure] = {
                "won": await won(anybody, period, measure, as_of, known_on),
                "open": await open_in(anybody, period, measure, as_of, known_on),
            }
        who, figures = str(quota["user_id"]), of[period, measure]
        standing = Standing(
            as_int(quota["target"]), figures["won"].get(who, Fraction()), figures["open"].get(who, Fraction())
        )
        found.append({"id": quota["id"], **_told(standing, measure, period, as_of)})
    return found


def _told(standing: Standing, measure: Measure, period: Period, as_of: date) -> dict[str, object]:
    """The figures as facts have them: amounts for measures of money alone, ratios rounded."""
    amounts = {
        "target": standing.quota,
        "won": round(standing.won),
        "open_pipeline": round(standing.open),
        "gap": round(standing.gap),
    }
    attainment, coverage = standing.attainment, standing.coverage
    passed = Fraction((as_of - period.first).days + 1, period.days)
    return {
        **(amounts if measure.is_money else dict.fromkeys(amounts)),
        "attainment": None if attainment is None else round(attainment * 100, _PERCENT_PLACES),
        "coverage": None if coverage is None else round(coverage, _COVERAGE_PLACES),
        "behind": int(standing.won < passed * standing.quota),
    }


async def _quotas(tenant_id: str, as_of: date, known_on: date | None) -> list[dict[str, object]]:
    view = await view_of(tenant_id, as_of, known_on)
    rows = as_of_rows(Quota, ["user_id", "first_on", "last_on", "measure", "target"], view)
    return await fetch(
        f"select t.* from {rows} t where {_RUNNING} and {_set_by_then(view)} order by t.id",
        {"tenant": tenant_id, "as_of": as_of, "known_on": known_on},
    )


def _set_by_then(view: View) -> str:
    """That the quota had been set by the day whose knowledge counts."""
    if not view.known:
        return "1 = 1"
    return (
        "not exists (select 1 from change c where c.tenant_id = :tenant and c.entity_id = t.id"
        f" and c.field = 'created' and not {known_change('c', view)})"
    )


_ROWS = Rows(
    Quota,
    account="a.id",
    source="null",
    where=f"{_RUNNING} and a.id is not null and f.id is not null",
    joins={"a": (owners, "a.owner_id = t.user_id"), "f": (_standings, "f.id = t.id")},
    found={"found_standings": _find_standings},
)

QUOTA = kind(
    "quota",
    "where the owner of the account stands against a quota whose period is running",
    _ROWS,
    text(
        "name",
        "the period, from its first day to its last: 2026-01-01/2026-03-31",
        "cast(t.first_on as text) || '/' || cast(t.last_on as text)",
    ),
    identity("owner_id", "whose quota it is: the owner of the account", "t.user_id"),
    text("measure", "what the quota counts of the deals that are won", "t.measure", Measure),
    money("target", "what is to be won; missing for a number of deals, as the other amounts are", "f.target"),
    money("won", "what was won in the period so far, with the shares in others' deals", "f.won"),
    money("open_pipeline", "what is open and expected to close in the period", "f.open_pipeline"),
    money("gap", "what is left to win: target less won, and never less than nothing", "f.gap"),
    number(
        "attainment",
        "percent",
        "won / target, to a tenth; missing where the target is nothing",
        "f.attainment",
        minimum=0,
    ),
    number(
        "coverage",
        "times",
        "open_pipeline / gap, to two places; missing when nothing is left to win",
        "f.coverage",
        minimum=0,
    ),
    flag(
        "is_behind_pace",
        "whether a smaller share of the target is won than of the period's days has passed",
        "f.behind = 1",
    ),
    days(
        "days_left", "days from the date to the last day of the period", "DAYS(t.last_on, :as_of)", minimum=0
    ),
    CURRENCY,
)

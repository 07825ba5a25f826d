"""How fast the views of the funnel are, beside Python that reads the rows and does the same; both databases.

``python -m benchmarks.funnel`` prints a line for each view, and one JSON object last. A view is measured
through its metric function, one also over HTTP. The baseline reads all deals, and the changes since the start
where the view looks back, and works the figure out from them; it must come to the same.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from datetime import date, timedelta

import httpx

from benchmarks.databases import SERVERS
from benchmarks.forecasts import forecast
from benchmarks.live import Result
from benchmarks.portfolio import DAY
from benchmarks.selling import generate
from benchmarks.serving import SECRET, product
from benchmarks.views import Times, View, measure, run, shown
from commands.access import system_actor
from metrics.bridge import Asked, Reason, movements, pipeline_change
from metrics.forecast_record import ForecastSource, forecast_record, record_by_lead
from metrics.frozen_forecasts import Asked as Record
from metrics.funnel import funnel
from metrics.pace import WinRateGrouping, pace, win_rates
from metrics.sales import AsOf, DayRange, SalesFilter, members_of
from metrics.slippage import slippage
from metrics.stages import stage_passages
from models import database
from models.access import Actor, Role, Team, Tenant, User
from models.database import Row, as_date, as_int, fetch
from schema.core import tokens

#: Milliseconds that a view may take.
TARGETS = {"postgres": 150, "sqlite": 400}
WEEK_AGO, QUARTER_AGO = DAY - timedelta(days=7), DAY - timedelta(days=90)
PAST = DayRange(date(2026, 1, 1), date(2026, 3, 31))
NEXT = DayRange(date(2026, 4, 1), date(2026, 6, 30))
ENDED = ("WON", "LOST")
#: Days before the end of the quarters whose forecasts are held up against what came.
LEAD = 28
RECORD = Record(DAY - timedelta(days=3 * 366), DAY, DAY)
#: Between two requests: the server lets others go first after a large query, which is not what is measured.
REST_SECONDS = 0.5
OVER_HTTP = """{ pipelineChange(since: "%s", asOf: "%s", period: {from: "%s", until: "%s"}) {
  opening { amount } closing { amount } terms { reason deals change { amount } } } }"""


def main() -> None:
    """Measure and print."""
    run(__doc__, _on, "deals", 100_000, 7)


def _on(name: str, deals: int, repeats: int) -> Result:
    with SERVERS[name]() as fresh, fresh() as url:
        asyncio.run(generate(url, deals, DAY))
        asyncio.run(forecast(url, DAY))
        measured = asyncio.run(_measure(name, url, repeats))
        called, times = "one bridge over HTTP", _over_http(url, repeats)
        measured[called] = shown(name, called, times, None, TARGETS)
    return measured | {"load_average": round(os.getloadavg()[0], 1)}


async def _measure(name: str, url: str, repeats: int) -> Result:
    await database.connect(url)
    try:
        return await measure(name, await _views(system_actor(await Tenant.get())), repeats, TARGETS)
    finally:
        await database.disconnect()


async def _views(actor: Actor) -> dict[str, View]:
    root, leaf = [SalesFilter(team_id=(await Team.get(name=name)).id) for name in ("Root", "R1T1")]
    now, known = AsOf(DAY), AsOf(QUARTER_AGO, QUARTER_AGO)

    def bridge(start: date, wanted: SalesFilter, known_on: date | None = None) -> View:
        asked = Asked(AsOf(start, known_on), now, NEXT, wanted)
        return View(
            lambda: pipeline_change(actor, asked),
            lambda found: (found.opening_minor, found.closing_minor),  # type: ignore[attr-defined]
            None if known_on else lambda: _bridge(actor, start, wanted),
        )

    return {
        "funnel": View(
            lambda: funnel(actor, now, NEXT, root),
            lambda found: found.total.amount_minor,  # type: ignore[attr-defined]
            lambda: _funnel(actor, root),
        ),
        "funnel as of and as known a quarter ago": View(lambda: funnel(actor, known, NEXT, root)),
        "bridge of a week at the root": bridge(WEEK_AGO, root),
        "bridge of a week at a leaf": bridge(WEEK_AGO, leaf),
        "bridge of a week as known then at the root": bridge(WEEK_AGO, root, WEEK_AGO),
        "bridge of a quarter at the root": bridge(QUARTER_AGO, root),
        "bridge of a quarter at a leaf": bridge(QUARTER_AGO, leaf),
        "bridge of a quarter as known then at the root": bridge(QUARTER_AGO, root, QUARTER_AGO),
        "largest movers of a week": View(
            lambda: movements(actor, Asked(AsOf(WEEK_AGO), now, NEXT), frozenset(Reason), 20)
        ),
        "win rates by owner": View(
            lambda: win_rates(actor, now, PAST, WinRateGrouping.OWNER),
            lambda found: (found.total.won, found.total.lost),  # type: ignore[attr-defined]
            lambda: _win_rates(actor),
        ),
        "win rates by stage reached": View(lambda: win_rates(actor, now, PAST, WinRateGrouping.STAGE)),
        "velocity": View(lambda: pace(actor, now, PAST, NEXT)),
        "slippage": View(lambda: slippage(actor, now, QUARTER_AGO, DAY)),
        "stage passages": View(lambda: stage_passages(actor, now, PAST)),
        "forecast record of twelve quarters": View(
            lambda: forecast_record(actor, RECORD, LEAD),
            lambda found: found.total.accuracy[ForecastSource.CALL].wape,  # type: ignore[attr-defined]
            lambda: _wape(actor),
        ),
        "forecast record at five lead times": View(
            lambda: record_by_lead(actor, RECORD, str(root.team_id), (91, 56, LEAD, 14, 7))
        ),
    }


_DEALS = (
    "select id, owner_id, stage, forecast_category, close_on, closed_on, amount_minor, valid_from from deal"
    " where tenant_id = :tenant"
)


async def _deals(actor: Actor) -> list[Row]:
    return await fetch(_DEALS, {"tenant": actor.tenant_id})


def _is_in(deal: Row, members: frozenset[str]) -> bool:
    close_on = as_date(deal["close_on"])
    assert NEXT.from_on and NEXT.until_on
    return (
        deal["stage"] not in ENDED
        and close_on is not None
        and NEXT.from_on <= close_on <= NEXT.until_on
        and deal["owner_id"] in members
    )


async def _members(actor: Actor, wanted: SalesFilter) -> frozenset[str]:
    return frozenset(json.loads(await members_of(actor, wanted, AsOf(DAY))))


async def _funnel(actor: Actor, wanted: SalesFilter) -> object:
    members = await _members(actor, wanted)
    return sum(as_int(deal["amount_minor"]) for deal in await _deals(actor) if _is_in(deal, members))


async def _win_rates(actor: Actor) -> object:
    assert PAST.from_on and PAST.until_on
    ended = [
        deal["stage"]
        for deal in await _deals(actor)
        if (day := as_date(deal["closed_on"])) and PAST.from_on <= day <= PAST.until_on
    ]
    return ended.count("WON"), ended.count("LOST")


async def _bridge(actor: Actor, start: date, wanted: SalesFilter) -> object:
    """What is undone of each deal is read with its old values, earliest last."""
    members, deals = await _members(actor, wanted), {str(deal["id"]): deal for deal in await _deals(actor)}
    closing = sum(as_int(deal["amount_minor"]) for deal in deals.values() if _is_in(deal, members))
    changes = await fetch(
        "select entity_id, field, old from change where tenant_id = :tenant and entity = 'deal'"
        " and effective_on > :start and field <> 'created' order by effective_on desc, created_at desc,"
        " seq desc",
        {"tenant": actor.tenant_id, "start": start},
    )
    for change in changes:
        deals[str(change["entity_id"])][str(change["field"])] = change["old"]
    there = [deal for deal in deals.values() if (began := as_date(deal["valid_from"])) and began <= start]
    return sum(as_int(deal["amount_minor"]) for deal in there if _is_in(deal, members)), closing


async def _wape(actor: Actor) -> object:
    """What everybody called and won of each quarter, four weeks before its end."""
    tenant = {"tenant": actor.tenant_id}
    submissions = await fetch(
        "select id, user_id, week, first_on, last_on from forecast_submission where tenant_id = :tenant"
        " and submitted_at is not null",
        tenant,
    )
    calls = await fetch(
        "select submission_id, amount_minor from forecast_call where tenant_id = :tenant"
        " and category = 'COMMIT'",
        tenant,
    )
    minor = {str(call["submission_id"]): as_int(call["amount_minor"]) for call in calls}
    called: dict[tuple[date, date], int] = {}
    for each in submissions:
        first, last, week = (as_date(each[name]) for name in ("first_on", "last_on", "week"))
        assert first and last and week
        if week <= last - timedelta(days=LEAD) < week + timedelta(days=7):
            called[first, last] = called.get((first, last), 0) + minor[str(each["id"])]
    won = dict.fromkeys(called, 0)
    for deal in await _deals(actor):
        day = as_date(deal["closed_on"])
        for first, last in won if day and deal["stage"] == "WON" else ():
            won[first, last] += as_int(deal["amount_minor"]) * (first <= day <= last)  # type: ignore[operator]
    off = sum(abs(won[period] - forecast) for period, forecast in called.items())
    return off / sum(won.values())


def _over_http(url: str, repeats: int) -> Times:
    """The times of one bridge of a week over HTTP, asked by an administrator."""
    token = asyncio.run(_token(url))
    query = OVER_HTTP % (WEEK_AGO, DAY, NEXT.from_on, NEXT.until_on)
    times = []
    headers = {"authorization": f"Bearer {token}"}
    with product(url, judge_changes="false") as server, httpx.Client(headers=headers) as client:
        for _ in range(repeats + 1):
            time.sleep(REST_SECONDS)
            began = time.perf_counter()
            answer = client.post(f"{server.address}/graphql", json={"query": query})
            times.append((time.perf_counter() - began) * 1_000)
            if "errors" in answer.json():
                raise RuntimeError(answer.text)
    return Times.of(times[1:])


async def _token(url: str) -> str:
    await database.connect(url)
    try:
        return tokens.issue(await User.get(role=Role.ADMIN), 1, SECRET)
    finally:
        await database.disconnect()


if __name__ == "__main__":
    main()

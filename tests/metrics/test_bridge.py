"""The pipeline's change closes to the minor unit, for every node, between any dates, as was known when."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path

import pytest

from commands import access, deals
from commands.access import system_actor
from commands.journal import unit_of_work
from metrics.bridge import Asked, Movement, PipelineChange, Reason, movements, pipeline_change
from metrics.funnel import funnel
from metrics.sales import ALWAYS, FORECAST, AsOf, DayRange, SalesFilter, deals_as_of
from models import database
from models.access import User
from models.database import as_date, as_int, fetch, is_sqlite
from models.deals import Deal, ForecastCategory, Stage
from tests import factories
from tests.metrics import selling
from tests.metrics.selling import Evening, State, World, on_the_day

LEAVES = ("N1", "N2", "S1", "S2")


@pytest.fixture(scope="module")
def built(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> World:
    """The world, written once for all tests."""
    path = tmp_path_factory.mktemp("selling") / "world.sqlite3"
    path.write_bytes(sqlite_template.read_bytes())

    async def written() -> World:
        await database.connect(f"sqlite://{path}")
        world = await selling.build()
        await database.disconnect()
        return world

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, written()).result()


@pytest.fixture
async def world(db: str, built: World) -> World:
    await selling.restore(built)
    return built


def _pairs(world: World, number: int) -> Iterator[tuple[date, date, SalesFilter, DayRange]]:
    """Random dates, in order, a node of the tree, an owner or everything, and a period."""
    rng, days = random.Random(3), sorted(world.evenings)
    for _ in range(number):
        start, end = sorted(rng.sample(days, 2))
        wanted = rng.choice(
            [
                SalesFilter(),
                SalesFilter(owner_id=rng.choice(world.users).id),
                *(SalesFilter(team_id=rng.choice(list(world.teams.values())).id) for _ in range(3)),
            ]
        )
        first = rng.choice(days)
        yield start, end, wanted, rng.choice([ALWAYS, DayRange(first, first + timedelta(days=30))])


async def test_any_change_adds_up_and_is_that_between_the_rows_of_two_evenings(world: World) -> None:
    met: Counter[Reason] = Counter()
    for start, end, wanted, period in _pairs(world, 500 if is_sqlite() else 60):
        asked = Asked(AsOf(start, start), AsOf(end, end), period, wanted)
        found = await pipeline_change(world.actor, asked)
        terms = sum(term.change_minor for term in found.terms.values())
        assert found.opening_minor + terms + found.revaluation_minor == found.closing_minor
        expected = _expected(world.evenings[start], world.evenings[end], wanted, period)
        assert {r: (t.deals, t.change_minor) for r, t in found.terms.items() if t.deals} == expected.terms
        assert (found.opening_minor, found.closing_minor) == (expected.opening, expected.closing)
        met.update({reason: term.deals for reason, term in found.terms.items()})
    never = {reason for reason in Reason if not met[reason]}
    assert not is_sqlite() or never == {Reason.DELETED, Reason.REVALUED}  # nothing does that in this world


class _Expected:
    """The change between two evenings, found by looking at every deal's two rows."""

    def __init__(self) -> None:
        self.opening = self.closing = 0
        self.terms: dict[Reason, tuple[int, int]] = {}

    def add(self, reason: Reason, change: int) -> None:
        deals, so_far = self.terms.get(reason, (0, 0))
        self.terms[reason] = (deals + 1, so_far + change)


def _owners(evening: Evening, wanted: SalesFilter) -> set[str | None]:
    if wanted.owner_id:
        return {wanted.owner_id}
    return {*evening.below(wanted.team_id)} if wanted.team_id else {None, *evening.members}


def _expected(start: Evening, end: Evening, wanted: SalesFilter, period: DayRange) -> _Expected:
    found, before, after = _Expected(), _owners(start, wanted), _owners(end, wanted)
    for deal in end.deals:
        old, new = start.deals.get(deal), end.deals[deal]
        was = old is not None and _is_in(old, before, period)
        is_ = _is_in(new, after, period)
        found.opening += old.amount_minor if old and was else 0
        found.closing += new.amount_minor if is_ else 0
        if was and is_ and old:
            change = new.amount_minor - old.amount_minor
            reason = Reason.AMOUNT_UP if change > 0 else Reason.AMOUNT_DOWN if change else Reason.UNCHANGED
            found.add(reason, change)
        elif is_:
            found.add(_why(old, new, before, period, "IN") if old else Reason.NEW, new.amount_minor)
        elif was and old:
            found.add(_why(new, old, after, period, "OUT"), -old.amount_minor)
    return found


def _is_in(state: State, owners: set[str | None], period: DayRange) -> bool:
    counts = state.is_open and ForecastCategory(state.forecast_category) in FORECAST
    return counts and state.owner_id in owners and _closes(state, period)


def _closes(state: State, period: DayRange) -> bool:
    if period.from_on is None or period.until_on is None:
        return True
    return state.close_on is not None and period.from_on <= state.close_on <= period.until_on


def _why(outside: State, inside: State, owners: set[str | None], period: DayRange, way: str) -> Reason:
    """Why a deal is outside at one of the ends."""
    if outside.owner_id not in owners:
        return Reason(f"{'TEAM' if outside.owner_id == inside.owner_id else 'OWNER'}_{way}")
    if not outside.is_open:
        return Reason.REOPENED if way == "IN" else Reason(outside.stage)
    if ForecastCategory(outside.forecast_category) not in FORECAST:
        return Reason(f"CATEGORY_{way}")
    assert period.from_on
    is_sooner = outside.close_on is not None and outside.close_on < period.from_on
    if way == "IN":
        return Reason.PUSHED_IN if is_sooner else Reason.PULLED_IN
    return Reason.PULLED_OUT if is_sooner else Reason.PUSHED_OUT


async def test_the_changes_of_all_teams_together_are_that_of_the_root(world: World) -> None:
    """Whatever the tree; what goes from one team to another leaves the one and enters the other."""
    days = sorted(world.evenings)
    for start, end in ((days[5], days[40]), (days[20], days[59])):
        evening = world.evenings[end]
        asked = {
            name: Asked(AsOf(start, start), AsOf(end, end), wanted=SalesFilter(team_id=team.id))
            for name, team in world.teams.items()
        }
        found = {name: await pipeline_change(world.actor, each) for name, each in asked.items()}
        owners = [SalesFilter(owner_id=user.id) for user in world.users]
        own = [
            await pipeline_change(world.actor, Asked(AsOf(start, start), AsOf(end, end), wanted=each))
            for each in owners
        ]
        for end_ in ("opening_minor", "closing_minor"):
            assert sum(getattr(each, end_) for each in own) == getattr(found["Root"], end_)
        assert {*evening.below(world.teams["Root"].id)} == {user.id for user in world.users}
        funnels = [await funnel(world.actor, AsOf(end, end), wanted=each) for each in owners]
        assert sum(each.total.amount_minor for each in funnels) == found["Root"].closing_minor
        for name in ("North", "South"):
            below = {t.id for t in world.teams.values() if evening.teams[t.id] == world.teams[name].id}
            direct = [u for u in world.users if evening.members[u.id] == world.teams[name].id]
            parts = [next(c for n, c in found.items() if world.teams[n].id == team) for team in below]
            parts += [own[world.users.index(user)] for user in direct]
            assert sum(each.closing_minor for each in parts) == found[name].closing_minor


async def test_the_past_replayed_from_the_log_is_what_the_rows_were(world: World) -> None:
    rng, columns = random.Random(5), ("stage", "forecast_category", "close_on", "amount_minor", "probability")
    for day in rng.sample(sorted(world.evenings), 50 if is_sqlite() else 10):
        found = await deals_as_of(world.actor, AsOf(day, day), SalesFilter(), (*columns, "stage_since"))
        rows = await fetch(f"select t.* from {found.rows} where {found.where}", found.params)
        states = {
            str(row["id"]): State(
                None if row["owner_id"] is None else str(row["owner_id"]), str(row["stage"]),
                str(row["forecast_category"]), as_date(row["close_on"]), as_int(row["amount_minor"]),
                as_int(row["probability"]), as_date(row["stage_since"]),
            )
            for row in rows
        }  # fmt: skip
        evening = world.evenings[day].deals
        assert states == evening
        standing = [
            each
            for each in evening.values()
            if _is_in(each, _owners(world.evenings[day], SalesFilter()), ALWAYS)
        ]
        told = await funnel(world.actor, AsOf(day, day))
        assert told.total.deals == len(standing)
        assert told.total.amount_minor == sum(each.amount_minor for each in standing)
        assert told.total.weighted_minor == round(
            sum(each.amount_minor * each.probability for each in standing) / 100
        )


async def test_two_views_of_a_day_differ_in_what_was_dated_back_alone(world: World) -> None:
    differed: set[str] = set()
    for day in sorted(world.evenings)[::6]:
        views = []
        for known_on in (day, None):
            found = await deals_as_of(
                world.actor, AsOf(day, known_on), SalesFilter(), ("stage", "amount_minor")
            )
            rows = await fetch(
                f"select t.id, t.stage, t.amount_minor, t.owner_id from {found.rows}", found.params
            )
            views.append({str(row["id"]): row for row in rows})
        then, now = views
        differed |= {deal for deal in then | now if then.get(deal) != now.get(deal)}
    assert differed
    assert differed <= world.dated_back


# Worked by hand.

DAY = date(2026, 3, 31)
SINCE, LATER = DAY - timedelta(days=20), DAY - timedelta(days=5)
APRIL = DayRange(date(2026, 4, 1), date(2026, 4, 30))


@pytest.fixture
async def seller(db: str) -> User:
    tenant = await factories.tenant()
    team = await factories.team(tenant, name="North")
    return await factories.user(tenant, team_id=team.id, source="crm", external_id="1")


async def _deal(seller: User, **values: object) -> Deal:
    account = await factories.account(seller)
    return await factories.deal(account, **({"close_on": date(2026, 4, 10), "valid_from": SINCE} | values))


async def _change(seller: User, **more: object) -> PipelineChange:
    actor = await factories.actor(seller)
    return await pipeline_change(actor, Asked(AsOf(SINCE), AsOf(DAY), **({"period": APRIL} | more)))  # type: ignore[arg-type]


def _told(found: PipelineChange) -> dict[str, int]:
    return {reason.value: term.change_minor for reason, term in found.terms.items() if term.deals}


async def test_a_deal_that_enters_counts_at_its_end_value_and_one_that_leaves_at_its_start_value(
    seller: User,
) -> None:
    """100 rises to 130, 200 is pushed out at 250, 300 pulled in at 310, 400 won at 380, 500 is new."""
    actor = system_actor(await seller.tenant)  # type: ignore[misc]
    up, pushed, pulled, won = [await _deal(seller, amount_minor=amount) for amount in (100, 200, 300, 400)]
    await Deal.filter(id=pulled.id).update(close_on=date(2026, 5, 10))
    with on_the_day(LATER):
        await deals.update(actor, up.id, 1, {"amount_minor": 130})
        await deals.update(actor, pushed.id, 1, {"amount_minor": 250, "close_on": date(2026, 5, 2)})
        await deals.update(actor, pulled.id, 1, {"amount_minor": 310, "close_on": date(2026, 4, 30)})
        await deals.close(actor, won.id, 1, Stage.WON, amount_minor=380, on=LATER)
    await _deal(seller, amount_minor=500, valid_from=LATER)
    found = await _change(seller)
    assert _told(found) == {
        "NEW": 500, "PULLED_IN": 310, "AMOUNT_UP": 30, "WON": -400, "PUSHED_OUT": -200,
    }  # fmt: skip
    assert (found.opening_minor, found.opening_deals) == (700, 3)  # 100 + 200 + 400
    assert (found.closing_minor, found.closing_deals) == (
        940,
        3,
    )  # 130 + 310 + 500 = 700 + 500 + 310 + 30 - 400 - 200
    assert (found.won_minor, found.changed_at_close_minor) == (380, -20)
    moved = await movements(actor, Asked(AsOf(SINCE), AsOf(DAY), APRIL), frozenset(Reason), 2)
    assert [(each.reason, each.change_minor) for each in moved] == [(Reason.NEW, 500), (Reason.WON, -400)]
    assert moved[1] == Movement(won.id, Reason.WON, 400, 380, -400, 0)
    after = (moved[1].size_minor, moved[1].deal_id)
    rest = await movements(actor, Asked(AsOf(SINCE), AsOf(DAY), APRIL), frozenset(Reason), 9, after)
    assert [each.change_minor for each in rest] == [310, -200, 30]


async def test_a_deal_has_the_first_reason_that_applies(seller: User) -> None:
    """Given away, then won by somebody else at another price: to who had it, it went to another owner."""
    other = await factories.user(await seller.tenant, team_id=seller.team_id)  # type: ignore[misc]
    actor = system_actor(await seller.tenant)  # type: ignore[misc]
    deal = await _deal(seller, amount_minor=100)
    with on_the_day(LATER):
        await deals.update(actor, deal.id, 1, {"owner_id": other.id})
        await deals.close(actor, deal.id, 2, Stage.WON, amount_minor=70, on=LATER)
    by = [
        SalesFilter(owner_id=seller.id),
        SalesFilter(owner_id=other.id),
        SalesFilter(team_id=seller.team_id),
    ]
    asked = [Asked(AsOf(SINCE), AsOf(DAY), APRIL, each) for each in by]
    found = [await pipeline_change(actor, each) for each in asked]
    assert [_told(each) for each in found] == [{"OWNER_OUT": -100}, {}, {"WON": -100}]
    assert [each.won_minor for each in found] == [0, 0, 70]


async def test_a_team_takes_its_pipeline_along_and_an_omitted_deal_is_in_none(seller: User) -> None:
    tenant = await seller.tenant  # type: ignore[misc]
    actor = system_actor(tenant, "crm")
    south = await factories.team(tenant, name="South")
    await _deal(seller, amount_minor=100)
    omitted = await _deal(seller, amount_minor=40)
    with on_the_day(LATER):
        await access.upsert_users(actor, [selling.moved(seller, south.id)])
        await deals.update(actor, omitted.id, 1, {"forecast_category": ForecastCategory.OMITTED})
    north = await pipeline_change(
        actor, Asked(AsOf(SINCE), AsOf(DAY), APRIL, SalesFilter(team_id=seller.team_id))
    )
    assert _told(north) == {"TEAM_OUT": -140}
    assert _told(await _change(seller, wanted=SalesFilter(team_id=south.id))) == {"TEAM_IN": 100}
    assert _told(await _change(seller)) == {"UNCHANGED": 0, "CATEGORY_OUT": -40}


async def test_exchange_rates_are_a_term_of_their_own(seller: User) -> None:
    """100 to 110 by the rate, and to 150 by what is sold; 200 to 180 by the rate alone."""
    actor = system_actor(await seller.tenant)  # type: ignore[misc]
    both, alone = await _deal(seller, amount_minor=100), await _deal(seller, amount_minor=200)
    async with unit_of_work(actor, "rates.revalue", on=LATER) as work:
        await work.update(both, {"amount_minor": 110})
        await work.update(alone, {"amount_minor": 180})
    with on_the_day(LATER):
        await deals.update(actor, both.id, 2, {"amount_minor": 150})
    found = await _change(seller)
    assert _told(found) == {"AMOUNT_UP": 40, "REVALUED": 0}
    assert (found.opening_minor, found.revaluation_minor, found.closing_minor) == (300, -10, 330)


async def test_what_the_end_knows_less_of_was_deleted(seller: User) -> None:
    actor, deal = await factories.actor(seller), await _deal(seller, amount_minor=100)
    await Deal.filter(id=deal.id).update(known_on=LATER)
    found = await pipeline_change(actor, Asked(AsOf(SINCE), AsOf(DAY, SINCE), APRIL))
    assert _told(found) == {"DELETED": -100}

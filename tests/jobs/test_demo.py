"""Loaded and judged, the demo world shows what it promises and no more; loading it again writes nothing."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date

import pytest

from commands import discounts, evaluations, rulebooks
from commands.access import system_actor
from commands.account_review.gathering import Asked, gathered
from commands.actors import actor_of
from jobs import demo
from jobs.demo.names import COMPETITORS
from jobs.demo.week import QUOTA
from metrics.competition import Asked as AskedCompetitors
from metrics.competition import ledger
from metrics.duplicates import duplicates
from metrics.relationships import last_contacts
from metrics.sales import ALWAYS, AsOf
from metrics.weekly import weekly_forecast
from metrics.whitespace.grid import whitespace
from models.access import Role, Tenant, User
from models.accounts import Account
from models.base import Record, Sourced, today
from models.deals import Deal, DealContact, ForecastCategory, StageChange
from models.forecast import quarter_of, week_of
from models.history import Change
from models.people import Contact, Interaction
from models.plan_records import Health
from models.plans import AccountPlan
from models.plays import Play, PlayRun, PlayRunState
from models.recommendations import Outcome, Recommendation, RecommendationState, Risk, RiskState
from models.revenue import Contract
from models.services import UsageMonth
from models.trends import Trend
from models.whitespace import CellState
from rules.engine.pool import EnginePool
from rules.plan_health import judged
from rules.plan_judgements import ReasonKind
from rules.plays import library
from tests.kept import kept

DAYS = (date(2026, 3, 1), date(2027, 2, 28), today())
ACCOUNTS = 60
WHITESPACE_RULES = {"whitespace-that-peers-buy", "family-bought-below-peers", "lost-family-to-ask-again"}


async def _loaded_today() -> Tenant:
    return await demo.load_world(demo.build_world(today()))


async def _judged(day: date, seed: int) -> Tenant:
    is_usual = (day, seed) == (today(), 7)
    tenant = await (kept(_loaded_today) if is_usual else demo.load_world(demo.build_world(day, seed)))
    actor = system_actor(tenant)
    async with EnginePool(1, 20.0) as engine:
        await rulebooks.ensure_starter(actor, engine)
        run = await evaluations.evaluate(actor, engine, day)
    assert (run.accounts, run.failures, run.disagreements) == (ACCOUNTS, [], [])
    return tenant


async def _found(tenant: Tenant) -> set[tuple[str, str, str]]:
    """Open recommendations: rule, the account's and the subject's external ids, the account's for its own."""
    names: dict[str, str] = {}
    models: tuple[type[Sourced], ...] = (Account, Deal, Contract, Contact)
    for model in models:
        pairs = await model.filter(tenant_id=tenant.id).values_list("id", "external_id")
        names |= {str(stored): str(key) for stored, key in pairs}
    rows = await Recommendation.filter(tenant_id=tenant.id, state=RecommendationState.OPEN)
    return {(row.rule_key, names[row.account_id], names[row.subject_key]) for row in rows}


@pytest.mark.parametrize(
    ("db_url", "day", "seed"),
    [
        ("sqlite", DAYS[0], 7),
        ("sqlite", DAYS[1], 7),
        ("sqlite", date(2026, 8, 31), 11),
        pytest.param("sqlite", DAYS[2], 7, id="sqlite-today"),
        pytest.param("postgres", DAYS[2], 7, id="postgres-today"),
    ],
    indirect=["db_url"],
)
async def test_the_rules_flag_exactly_what_was_planted_and_no_rule_cries_wolf(
    db: str, day: date, seed: int
) -> None:
    tenant = await _judged(day, seed)

    assert await _found(tenant) == {
        (told.rule_key, told.account_external_id, told.subject_external_id or told.account_external_id)
        for told in demo.SCENARIOS
        if told.holds
    }
    risks = await Risk.filter(tenant_id=tenant.id, state=RiskState.OPEN)
    accounts = Counter(rule for rule, _ in {(risk.rule_key, risk.account_id) for risk in risks})
    assert 0.30 <= len({risk.account_id for risk in risks}) / ACCOUNTS <= 0.45
    assert max(accounts.values()) <= ACCOUNTS / 5


async def test_loading_says_how_far_it_is_and_a_second_time_writes_nothing(db: str) -> None:
    world, seen = demo.build_world(DAYS[1]), list[tuple[int, int]]()
    await demo.load_world(world, lambda _, done, of: seen.append((done, of)))
    assert seen == sorted(seen)
    assert seen[-1][0] == seen[-1][1]
    before = await _counts()

    await demo.load_world(demo.build_world(DAYS[1]))

    assert await _counts() == before
    assert await User.filter(version__gt=1).count() == 0


async def test_a_week_is_sold_and_accounts_are_planned_for_once(db: str) -> None:
    tenant = await kept(_loaded_today)
    await demo.sell(tenant)
    await demo.strategise(tenant)
    director, manager = [
        await actor_of((await User.get(tenant_id=tenant.id, email=email)).id, tenant.id)
        for email in (demo.DIRECTOR_EMAIL, demo.MANAGER_EMAIL)
    ]
    assert len(await discounts.waiting(manager, 9)) == 1
    assert await discounts.waiting(director, 9) == []
    period = quarter_of(today(), tenant.fiscal_month)
    found = await weekly_forecast(manager, week_of(today()), period, today())
    (node,) = [each for each in found.nodes if each.node.id == director.user_id]
    assert node.submission and node.submission.is_handed_in
    assert node.standing.quota == QUOTA
    commit = node.categories[ForecastCategory.COMMIT].call
    assert (commit.called, commit.adjustment) == (QUOTA // 2, -QUOTA // 20)
    plans = {plan.id: plan.name for plan in await AccountPlan.filter(tenant_id=tenant.id)}
    health = await judged(tenant.id, await AccountPlan.filter(tenant_id=tenant.id), today())
    assert {plans[key]: (found.health, found.revision) for key, found in health.items()} == {
        "Hallbergwerk: one network, one voice": (Health.BEHIND, 2),
        "Vestermark: from lines to cloud": (Health.ON_TRACK, 1),
        "Talvik: the grid on our network": (Health.NOT_BEGUN, None),
    }
    (behind,) = [found for found in health.values() if found.health is Health.BEHIND]
    assert [(each.kind, each.days) for each in behind.reasons if each.decides] == [
        (ReasonKind.OBJECTIVE_BEHIND, None), (ReasonKind.ACTION_OVERDUE, 12),
    ]  # fmt: skip
    hallbergwerk = await Account.get(tenant_id=tenant.id, name="Hallbergwerk AG")
    content = await gathered(director, hallbergwerk, Asked(today()))
    assert content.plan
    assert content.people
    assert content.people.centre.missing == ()
    assert {each.depth for each in content.people.places} == {0, 1, 2}
    runs = await PlayRun.filter(tenant_id=tenant.id)
    assert {(run.state, run.outcome) for run in runs} == {
        (PlayRunState.RUNNING, None), (PlayRunState.DONE, Outcome.WORKED),
    }  # fmt: skip
    pairs = [await duplicates(each) for each in (director, manager)]
    names = {each.id: each.name for each in await Account.filter(tenant_id=tenant.id)}
    assert [[(names[pair.first_id], names[pair.second_id]) for pair in seen] for seen in pairs] == [
        [("Kronfeld Antriebstechnik", "Kronfeld Antriebstechnik GmbH")],
        [
            ("Kronfeld Antriebstechnik", "Kronfeld Antriebstechnik GmbH"),
            ("Lakmar Coatings", "LAKMAR Coatings B.V."),
        ],
    ]
    assert {each.key for each in await Play.filter(tenant_id=tenant.id)} == set(library())
    before = await _counts()
    await demo.sell(tenant)
    await demo.strategise(tenant)
    assert await _counts() == before
    if db.startswith("sqlite"):  # rules say the same on both, and take their time
        assert await _advised(tenant) >= {
            ("Hallbergwerk AG", "plan-behind"),
            ("Hallbergwerk AG", "plan-actions-overdue"),
            ("Hallbergwerk AG", "whitespace-held-until-soon"),
            ("Hallbergwerk AG", "single-thread-key-player"),
            ("Kronfeld Antriebstechnik", "whitespace-held-until-soon"),
            ("Kronfeld Antriebstechnik", "key-account-without-plan"),
            ("Kronfeld Antriebstechnik", "trend-without-course"),
            ("Vestermark Pumps", "champion-left"),
            ("Talvik Energy", "plan-waits-for-approval"),
            ("Talvik Energy", "trend-course-overdue"),
        }


async def _advised(tenant: Tenant) -> set[tuple[str, str]]:
    """What the packs of the demo recommend about the accounts that are planned for: account and rule."""
    names = ("Hallbergwerk AG", "Kronfeld Antriebstechnik", "Vestermark Pumps", "Talvik Energy")
    accounts = {each.id: each.name for each in await Account.filter(tenant_id=tenant.id, name__in=names)}
    actor = system_actor(tenant)
    async with EnginePool(1, 20.0) as engine:
        await demo.put_rules_live(actor, engine)
        run = await evaluations.evaluate(actor, engine, today(), list(accounts))
    assert (run.failures, run.disagreements) == ([], [])
    rows = await Recommendation.filter(tenant_id=tenant.id, state=RecommendationState.OPEN)
    return {(accounts[row.account_id], row.rule_key) for row in rows}


@pytest.mark.parametrize("db_url", ["sqlite"], indirect=True)
async def test_whitespace_has_something_in_every_state_and_something_to_offer(db: str) -> None:
    tenant = await kept(_loaded_today)
    await demo.sell(tenant)
    everything = system_actor(tenant)
    director = await actor_of((await User.get(tenant_id=tenant.id, email=demo.DIRECTOR_EMAIL)).id, tenant.id)
    seen = [
        {
            cell.state
            for row in await (await whitespace(actor, AsOf(today()))).rows(ACCOUNTS)
            for cell in row.cells
        }
        for actor in (everything, director)
    ]
    assert seen[0] == set(CellState)
    assert seen[1] >= {CellState.OWNED, CellState.OPEN, CellState.LOST, CellState.NEVER}
    async with EnginePool(1, 20.0) as engine:
        for _ in range(2):
            await demo.put_rules_live(everything, engine)
        await evaluations.evaluate(everything, engine, today())
    told = await Recommendation.filter(tenant_id=tenant.id, rule_key__in=list(WHITESPACE_RULES))
    owned = {each.id for each in await Account.filter(owner_id=director.user_id)}
    assert {each.rule_key for each in told} == WHITESPACE_RULES
    assert any(each.account_id in owned and each.value_minor > 0 for each in told)
    assert max(Counter(each.rule_key for each in told).values()) <= ACCOUNTS / 4


async def test_a_director_sees_six_accounts_their_manager_eighteen_and_the_head_all(db: str) -> None:
    tenant = await kept(_loaded_today)
    head = await User.get(tenant_id=tenant.id, role=Role.MANAGER, manager_id=None)

    owned = []
    for email in (demo.DIRECTOR_EMAIL, demo.MANAGER_EMAIL, head.email):
        user = await User.get(tenant_id=tenant.id, email=email)
        actor = await actor_of(user.id, tenant.id)
        owned.append(await Account.filter(owner_id__in=actor.owners or ()).count())
    assert owned == [6, 18, 60]


async def test_competitors_are_beaten_as_often_as_is_plausible(db: str) -> None:
    tenant = await demo.load_world(demo.build_world(DAYS[0]))
    everything = system_actor(tenant)
    found = await ledger(everything, AskedCompetitors(AsOf(DAYS[0]), ALWAYS))
    assert {each.name for each in found} == set(COMPETITORS)
    for each in found:
        assert each.rate.by_count is not None
        assert 0.3 <= each.rate.by_count <= 0.6, each


async def test_whoever_was_spoken_to_was_met_by_somebody_on_that_day(db: str) -> None:
    tenant = await demo.load_world(demo.build_world(today()))
    last: dict[str, date] = {}
    users: dict[str, set[str]] = defaultdict(set)
    for met in await Interaction.filter(tenant_id=tenant.id).order_by("happened_on"):
        assert met.contact_id
        assert met.user_id
        last[met.contact_id] = met.happened_on
        users[met.contact_id].add(met.user_id)
    contacts = await Contact.filter(tenant_id=tenant.id)
    silent = {each.name for each in contacts if each.id not in last}
    assert len(silent) <= len(contacts) / 50  # those who left long ago
    assert await last_contacts([*last]) == last  # and each was a contact
    assert len([each for each in users.values() if len(each) > 1]) > len(users) / 2


async def test_the_past_can_be_judged_too(db: str) -> None:
    day, past = date(2026, 9, 15), date(2026, 3, 15)
    tenant = await demo.load_world(demo.build_world(day))
    actor = system_actor(tenant)
    async with EnginePool(1, 20.0) as engine:
        await rulebooks.ensure_starter(actor, engine)
        run = await evaluations.evaluate(actor, engine, past)

    assert (run.accounts, run.failures) == (ACCOUNTS, [])
    assert run.flagged["stalled-deal"]["count"] >= 3


async def _counts() -> dict[str, int]:
    models: tuple[type[Record], ...] = (
        Change, Tenant, User, Account, Contact, Contract, UsageMonth, Deal, DealContact, StageChange,
        Interaction, Play, PlayRun, Trend,
    )  # fmt: skip
    return {model.__name__: await model.all().count() for model in models}

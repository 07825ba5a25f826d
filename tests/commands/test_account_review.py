"""What an account review tells: what the metrics say, of what its reader may see, as of its day."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from commands import accounts, plan_parts, plans
from commands.account_review.asks import asks
from commands.account_review.content import Approved, Edition, Unapproved
from commands.account_review.gathering import Asked, account_named, gathered
from metrics.account_records import by_category
from metrics.buying_centres import centres
from metrics.hierarchy import hierarchies
from metrics.sales import AsOf, DayRange
from metrics.whitespace import grid
from models.access import Scope
from models.accounts import Tier
from models.base import today
from models.deals import ForecastCategory
from models.errors import Forbidden, Invalid, NotFound
from models.plans import AccountPlan, Objective, ObjectiveStatus, PlanAction
from models.recommendations import Risk, Withheld
from models.rulebooks import EvaluationRun, RunScope, RunState
from models.severity import Severity
from models.stakeholders import BuyingCentre
from rules.plan_health import judged
from tests import factories
from tests.reviews import AMOUNT, DAY, NAME, World, bare, world

MANAGER, CUSTOMER = Edition.MANAGER, Edition.CUSTOMER


async def test_figures_are_those_of_the_metrics(db: str) -> None:
    found = await world()
    actor = await factories.actor(found.director)
    content = await found.content(MANAGER)
    quarter = DayRange(date(2026, 1, 1), date(2026, 3, 31))
    (whole,) = await hierarchies(actor, [found.account.id], AsOf(DAY), quarter)
    assert content.figures == whole.whole
    assert content.history[-1].recurring_minor == whole.whole.recurring_minor
    centre = (await centres(actor, BuyingCentre.ACCOUNT, DAY, [found.account.id]))[found.account.id]
    assert content.people and content.people.centre == centre
    assert (
        content.plan
        and content.plan.judged == (await judged(found.tenant.id, [found.plan], DAY))[found.plan.id]
    )
    shown = await grid.whitespace(actor, AsOf(DAY), grid.Wanted(account_id=found.account.id))
    assert content.whitespace and list(content.whitespace.rows) == await shown.rows(10)
    assert list(content.whitespace.gaps) == await shown.gaps(10)


async def test_figures_by_hand(db: str) -> None:
    """Three contracts of 20,000.00, .01 and .02; open deals of 10,000 to 400,000, and one of 1.00.

    Every third deal has 75, 50 and 10 percent: 0.75 x 2,870,000 + 0.5 x 2,600,000 + 0.1 x 2,730,001.
    One risk of 7,654,321.00 at 35 percent.
    """
    content = await (await world()).content(MANAGER)
    figures = content.figures
    assert figures
    assert figures.recurring_minor == 60_000_03
    assert figures.pipeline_minor == sum(deal.amount_minor for deal in content.deals) == 8_200_001_00
    assert figures.weighted_minor == 2_152_500_00 + 1_300_000_00 + 273_000_10
    assert (figures.won_minor, figures.at_risk_minor) == (AMOUNT, AMOUNT)
    assert content.history[-1].at_risk_weighted_minor == 2_679_012_35
    found = by_category(content.deals)
    assert [found.of(each).minor for each in (ForecastCategory.COMMIT, ForecastCategory.BEST_CASE)] == [
        2_870_000_00,
        2_600_000_00,
    ]
    assert found.of(ForecastCategory.PIPELINE).deals == 14


async def test_tickets_by_hand(db: str) -> None:
    """Number n was opened 3 + 11 n days before the 31st of March and took n % 7 days; 0, 6, 12, 18 are open.

    In the quarter 0 to 7 were opened: severities in turn, two of each. High are 2 and 6: 2 took 2 days, and 6
    is open. Critical are 3 and 7: 3 and 0 days. Low are 0 and 4, and 8 was opened on New Year's Eve but one.
    """
    content = await (await world()).content(MANAGER)
    assert content.care
    told = {each.severity: each for each in content.care.restored}
    assert [*told] == [Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM, Severity.LOW]
    critical, high, low = told[Severity.CRITICAL], told[Severity.HIGH], told[Severity.LOW]
    assert (critical.opened, critical.resolved, critical.median_days, critical.longest_days) == (2, 2, 1.5, 3)
    assert (high.opened, high.resolved, high.median_days, high.longest_days) == (2, 1, 2.0, 2)
    assert (low.opened, low.resolved) == (2, 1)
    assert [each.title.split(":")[0] for each in content.care.tickets] == [
        "Störung 18", "Störung 6", "Störung 12", "Störung 0",
    ]  # fmt: skip
    months = dict(zip(content.care.months.months, content.care.months.opened, strict=True))
    assert sum(months.values()) == 24 and months[date(2026, 3, 1)] == 3
    assert content.care.used[date(2026, 2, 1)] == 12_000


async def test_what_is_asked_for_comes_from_what_waits(db: str) -> None:
    content = await (await world()).content(MANAGER)
    assert [(each.what.split(":")[0].split(" (")[0], each.why) for each in content.asks] == [
        ("Have it done, or take it out", "nobody, due on 2026-03-23"),
        ("Accept or dismiss", "was due on 2026-03-30"),
        ("Accept or dismiss", "was due on 2026-03-30"),
    ]
    # Of two champions one has left; were it the only one, another would be asked for.
    people = content.people
    assert people
    members = [each for each in people.centre.members if each in people.centre.champions_left]
    alone = replace(people, centre=replace(people.centre, members=tuple(members)))
    assert [(each.what, each.why) for each in asks(None, alone, [], [], DAY)][-1] == (
        "Win another champion than Świętosława Großmann-Wyszyńska 09", "left on 2026-03-19",
    )  # fmt: skip
    assert [each.title.split()[-1] for each in content.advice] == ["1", "0"]
    nearly_nothing = await (await bare()).content(MANAGER)
    assert [each.what for each in nearly_nothing.asks] == ["Agree on an account plan", "Find out who decides"]


async def test_trends_and_competitors_are_those_that_hold(db: str) -> None:
    """Of two deals that closed in a year one was lost to the competitor, and none was won against it."""
    content = await (await world()).content(MANAGER)
    (trend,) = content.trends
    assert (trend.title, trend.course, trend.severity) == ("GEHEIM merger", "GEHEIM course", Severity.HIGH)
    (rival,) = content.rivals
    assert (rival.name, rival.product_family, rival.share) == ("GEHEIM Rival", "Security", 60)
    assert (rival.won, rival.cases, rival.note) == (0, 1, "GEHEIM of security")
    earlier = await (await world()).content(MANAGER, day=DAY - timedelta(days=1))
    assert not earlier.trends and not earlier.rivals


async def _planned() -> tuple[World, AccountPlan, PlanAction]:
    """A plan with two objectives and an action that is late, which is followed today; nobody approved it."""
    found = await bare()
    begun = today() - timedelta(days=60)
    plan = await factories.account_plan(
        found.account,
        name="Growth",
        vision="All sites",
        first_on=begun,
        last_on=today() + timedelta(days=60),
        valid_from=begun,
    )
    for title in ("First", "Second"):
        await factories.objective(plan, title=title)
    late = await factories.plan_action(
        plan, title="Workshop", due_on=today() - timedelta(days=27), owner_id=found.director.id
    )
    return found, plan, late


async def test_a_plan_is_told_as_it_was_approved_last(db: str) -> None:
    """Approved with one action 20 days ago; today it was taken out, two were put in, a title was changed."""
    found, plan, late = await _planned()
    director, manager = [await factories.actor(each) for each in (found.director, found.manager)]
    await plans.submit(director, plan.id, on=today() - timedelta(days=21))
    approved_on = today() - timedelta(days=20)
    await plans.approve(manager, plan.id, on=approved_on)
    await plan_parts.remove_part(director, late.id)
    nothing = dict.fromkeys(("owner_id", "objective_id", "deal_id", "play_id"))
    for title in ("Call", "Write"):
        await plan_parts.put_action(
            director, plan.id, None, {**nothing, "title": title, "due_on": plan.last_on}
        )
    for title, values in (("First", {"title": "Other"}), ("Second", {"status": ObjectiveStatus.IN_PROGRESS})):
        objective = await Objective.get(title=title)
        kept = {name: getattr(objective, name) for name in Objective.kept}
        await plan_parts.put_objective(director, plan.id, objective.id, {**kept, **values})
    content = await found.content(MANAGER, day=today())
    told = content.plan
    assert told and told.approved == Approved(1, approved_on)
    assert [(each.title, each.owner) for each in told.actions] == [("Workshop", "Ada")]
    assert {each.title for each in told.objectives} == {each.title for each in told.judged.objectives}
    assert {each.title for each in told.objectives} == {"First", "Second"} and told.vision == "All sites"
    assert told.unapproved == [
        Unapproved(("objective", "objectives"), changed=1),
        Unapproved(("action", "actions"), added=2, taken_out=1),
    ]
    assert "Have it done, or take it out: Workshop" in [each.what for each in content.asks]
    yesterday = (await found.content(MANAGER, day=today() - timedelta(days=1))).plan
    assert yesterday and yesterday.approved == told.approved and not yesterday.unapproved
    shared = (await found.content(CUSTOMER, late.id, day=today())).shared
    assert shared and [each.title for each in shared.steps] == ["Workshop"]


async def test_a_plan_that_nobody_approved_is_told_as_it_is_written(db: str) -> None:
    found, _, late = await _planned()
    content = await found.content(MANAGER, day=today())
    told = content.plan
    assert told and told.approved is None and not told.unapproved
    assert {each.title for each in told.objectives} == {"First", "Second"}
    assert [each.title for each in told.actions] == [late.title]
    assert ("Agree on the plan Growth", "it is a draft that nobody approved") in [
        (each.what, each.why) for each in content.asks
    ]
    assert not any("Workshop" in each.what for each in content.asks)


async def test_of_quarters_before_anybody_judged_no_risk_is_told(db: str) -> None:
    """The first evaluation that is about the account is as of the 15th of November; others do not count."""
    found, quarters = await bare(), (date(2025, 12, 31), DAY)
    assert [point.at_risk_minor for point in (await found.content(MANAGER)).history] == [None] * 8
    other = await factories.account(found.director)
    for as_of, scope, ids, state in (
        (date(2024, 1, 1), RunScope.ACCOUNTS, [other.id], RunState.COMPLETE),
        (date(2024, 2, 1), RunScope.WHOLE, None, RunState.INTERRUPTED),
        (date(2025, 11, 15), RunScope.ACCOUNTS, [other.id, found.account.id], RunState.COMPLETE),
        (date(2026, 1, 15), RunScope.WHOLE, None, RunState.COMPLETE),
    ):
        await EvaluationRun.create(
            id=EvaluationRun.make_id(),
            tenant_id=found.tenant.id,
            as_of=as_of,
            scope=scope,
            account_ids=ids,
            state=state,
        )
    history = (await found.content(MANAGER)).history
    assert [(point.day, point.at_risk_minor) for point in history if point.at_risk_minor is not None] == [
        (day, 0) for day in quarters
    ]
    assert all(point.at_risk_weighted_minor is None for point in history[:6])
    assert {point.at_risk_minor for point in (await found.content(CUSTOMER)).history} == {None}


async def test_a_review_tells_people_by_name_and_counts_what_is_withheld(db: str) -> None:
    """Why a risk holds names whom it is about; of three recommendations two are withheld."""
    found = await bare()
    contact = await factories.contact(found.account, name="Katrin Meyer")
    deal = await factories.deal(found.account)
    risk = await Risk.create(
        id=Risk.make_id(),
        tenant_id=found.tenant.id,
        account_id=found.account.id,
        rule_key="no-champion",
        rulebook_version="starter/1",
        subject_key=found.account.id,
        title="No champion",
        held_since=DAY,
        last_seen_on=DAY,
        opened_run_id="run_1",
        changed_run_id="run_1",
        kind="CHURN",
        severity=Severity.HIGH,
        exposure_minor=1_00,
        currency="EUR",
        probability=0.5,
    )
    where = {"contact_id eq": contact.id, "role eq": "CHAMPION"}
    await factories.evidence_of_none(risk, "deal_contact", where)
    for number, why in enumerate((None, Withheld.CAP, Withheld.DISMISSED)):
        await factories.recommendation(deal, rule_key=f"rule-{number}", withheld=why)
    content = await found.content(MANAGER)
    assert [each.because for each in content.risks] == [
        "There is no deal contact (contact Katrin Meyer, role champion)."
    ]
    assert len(content.advice) == 1
    assert content.withheld == {Withheld.DISMISSED: 1, Withheld.CAP: 1}
    assert not (await found.content(MANAGER, day=DAY - timedelta(days=1))).withheld


async def test_customers_read_of_the_plan_only_what_was_agreed(db: str) -> None:
    found = await world()
    content = await found.content(CUSTOMER)
    internal = (
        content.shared, content.plan, content.people, content.whitespace, content.figures, content.inside,
    )  # fmt: skip
    assert internal == (None,) * 6
    assert not (content.deals or content.ended or content.risks or content.advice or content.asks)
    assert not (content.trends or content.rivals)
    assert all(point.at_risk_minor is None for point in content.history)
    agreed = (await found.content(CUSTOMER, found.goal.id)).shared
    assert agreed and [each.title for each in agreed.goals] == [found.goal.title] and not agreed.steps
    with pytest.raises(NotFound, match=r"action 'pobj_x' in the plan; known: pobj_.*Alle Werke"):
        await found.content(CUSTOMER, "pobj_x")
    with pytest.raises(Invalid, match="allowed: edition CUSTOMER"):
        await found.content(MANAGER, found.goal.id)


async def test_a_customer_reads_whom_it_knows(db: str) -> None:
    content = await (await world()).content(CUSTOMER)
    assert [each.name[-2:] for each in content.theirs] == ["00", "01", "02", "03", "04"]
    assert [(each.name, each.does) for each in content.ours] == [("Łukasz Żółkiewski", "Account director")]
    assert content.in_use and {state for _, states in content.in_use.rows for state in states} == {
        "in use", "ordered", "",
    }  # fmt: skip


async def test_a_review_is_as_of_its_day(db: str) -> None:
    found = await world()
    earlier = await found.content(MANAGER, day=DAY - timedelta(days=25))
    assert earlier.quarter.first == date(2026, 1, 1)
    assert earlier.sold == [] and not earlier.risks and earlier.figures and earlier.figures.won_minor == 0
    assert [each.product for each in (await found.content(MANAGER)).sold] == ["Mobile Standard"]
    before = await found.content(MANAGER, day=date(2025, 12, 31))
    assert before.plan is None and before.quarter.last == date(2025, 12, 31)
    director = await factories.actor(found.director)
    await accounts.update(
        director, found.account.id, found.account.version, {"tier": Tier.KEY, "employees": 7}
    )
    told = [await found.content(MANAGER, day=each) for each in (DAY, today())]
    assert [each.header.employees for each in told] == [12_000, 7]
    assert [each.inside and each.inside.tier for each in told] == ["STANDARD", "KEY"]
    with pytest.raises(Invalid, match="the account is known since 2025-01-01"):
        await found.content(MANAGER, day=date(2024, 12, 31))
    with pytest.raises(Invalid, match="out of range"):
        await found.content(MANAGER, day=date(1, 1, 1))


async def test_who_it_is_for_decides_what_it_tells(db: str) -> None:
    found = await world()
    seller = await factories.user(found.tenant, name="Bo")
    with pytest.raises(NotFound):
        await account_named(await factories.actor(seller), found.account.id)
    await factories.deal(found.account, owner_id=seller.id, name="Bo's", amount_minor=7_00)
    content = await found.content(MANAGER, user=seller)
    assert [each.name for each in content.deals] == ["Bo's"]
    assert content.contracts is None and content.plan is None and not content.risks
    assert content.standing.recurring_minor == 0 and content.standing.accounts == 1
    assert content.whitespace is None and not content.services
    assert content.people and len(content.people.known) == 60
    managers = await found.content(MANAGER, user=found.manager)
    assert managers.figures == (await found.content(MANAGER)).figures


@pytest.mark.parametrize("missing", [Scope.READ_MONEY, Scope.READ_PERSONAL])
async def test_whoever_may_not_see_money_or_people_gets_none(db: str, missing: Scope) -> None:
    found = await bare()
    limited = replace(await factories.actor(found.director), scopes=frozenset(Scope) - {missing})
    with pytest.raises(Forbidden, match=f"the scope {missing.value} is needed"):
        await gathered(limited, found.account, Asked(DAY))


async def test_an_account_is_found_by_its_id_or_name(db: str) -> None:
    found = await bare()
    actor = await factories.actor(found.director)
    assert (await account_named(actor, "Kiosk")).id == found.account.id
    await factories.account(found.director, name="Kiosk")
    with pytest.raises(Invalid, match="may be any of several accounts; allowed: acc_"):
        await account_named(actor, "Kiosk")
    with pytest.raises(NotFound, match="no account"):
        await account_named(actor, NAME)

"""The demo world is the same every time, hangs together, and looks like a telecom operator's accounts."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import fields
from datetime import date, timedelta

import pytest

from jobs.demo import DIRECTOR_EMAIL, MANAGER_EMAIL, SCENARIOS, World, build_world
from jobs.demo.accounts import ACCOUNTS
from jobs.demo.draft import Row, Rows
from jobs.demo.people import PEOPLE, TEAMS
from models.access import Role
from models.base import as_on, days_between, today
from models.deals import CLOSED_STAGES, ContactRole
from models.people import Seniority
from rules import packs

DAYS = (
    date(2026, 3, 1),
    date(2027, 2, 28),
    date(2028, 2, 29),
    date(2026, 12, 31),
    pytest.param(today(), id="today"),
)


@pytest.fixture(scope="module", params=DAYS)
def world(request: pytest.FixtureRequest) -> World:
    """The world on one of several days; tests only read it."""
    return build_world(request.param)


def test_the_same_day_and_seed_give_the_same_world(world: World) -> None:
    assert build_world(world.today) == world


def test_what_is_told_of_an_earlier_day_is_done_on_it_and_nothing_after() -> None:
    now = today()
    with as_on(date(2026, 3, 2)):
        assert today() == date(2026, 3, 2)
        with as_on(date(2026, 3, 1)):
            assert today() == date(2026, 3, 1)
        assert today() == date(2026, 3, 2)
    assert today() in (now, now + timedelta(days=1))


def test_the_money_of_a_deal_is_with_the_most_senior_of_its_people(world: World) -> None:
    ranks = {
        row.external_id: list(Seniority).index(Seniority(str(row.values["seniority"])))
        for row in world.rows.contacts
    }
    people: dict[str, dict[ContactRole, int]] = defaultdict(dict)
    for deal, contact, role in world.rows.deal_contacts:
        people[deal][role] = ranks[contact]
    assert all(
        among[ContactRole.ECONOMIC_BUYER] == min(among.values())
        for among in people.values()
        if ContactRole.ECONOMIC_BUYER in among and ContactRole.INFLUENCER not in among
    )


def test_another_seed_gives_another_world_with_the_same_scenarios(world: World) -> None:
    other = build_world(world.today, seed=8)

    assert other != world
    assert {subject.subject_external_id for subject in SCENARIOS} - {None} <= _keys(other)


def test_external_ids_are_unique_and_every_reference_leads_somewhere(world: World) -> None:
    rows = _all_rows(world)
    known = [row.external_id for row in rows] + [person.external_id for person in PEOPLE]

    assert [key for key, times in Counter(known).items() if times > 1] == []
    references = {
        str(value)
        for row in rows
        for name, value in row.values.items()
        if name.endswith("_id") and value is not None
    }
    taking_part = {key for deal, contact, _ in world.rows.deal_contacts for key in (deal, contact)}
    assert (references | taking_part) - set(known) == set()


def test_what_belongs_together_is_of_one_account(world: World) -> None:
    account = {row.external_id: row.values.get("account_id") for row in _all_rows(world)}

    for row in _all_rows(world):
        for name in ("contract_id", "service_id", "deal_id", "contact_id"):
            if row.values.get(name) is not None and "account_id" in row.values:
                assert account[str(row.values[name])] == row.values["account_id"], row.external_id
    for deal, contact, _ in world.rows.deal_contacts:
        assert account[deal] == account[contact]


def test_sixty_accounts_of_ten_directors_in_four_teams_below_a_head() -> None:
    roles = Counter(person.role for person in PEOPLE)
    heads = [person for person in PEOPLE if person.role is Role.MANAGER and person.manager is None]

    assert len(ACCOUNTS) == 60
    assert set(Counter(spec.owner.external_id for spec in ACCOUNTS).values()) == {6}
    assert roles == {Role.DIRECTOR: 10, Role.MANAGER: 5, Role.ADMIN: 1, Role.INTEGRATION: 1}
    assert [person.team for person in heads] == [TEAMS[0].name]
    assert [team.parent for team in TEAMS] == [None, *[TEAMS[0].name] * 4]
    director, manager = (
        next(person for person in PEOPLE if person.email == email)
        for email in (DIRECTOR_EMAIL, MANAGER_EMAIL)
    )
    assert (director.manager, director.team) == (manager.external_id, manager.team)


def test_the_director_of_the_demo_has_several_problems_at_hand() -> None:
    own = {spec.external_id for spec in ACCOUNTS if spec.owner.email == DIRECTOR_EMAIL}

    assert len({s.rule_key for s in SCENARIOS if s.holds and s.account_external_id in own}) >= 5


def test_every_starter_rule_has_an_account_that_it_flags_and_one_that_it_spares() -> None:
    promised = {(scenario.rule_key, scenario.holds) for scenario in SCENARIOS}
    keys = [str(document["key"]) for document in packs.load(packs.STARTER).rules]

    assert promised == {(key, holds) for key in keys for holds in (True, False)}


def test_accounts_have_three_to_eight_people_and_customers_two_years_of_usage(world: World) -> None:
    people = Counter(row.values["account_id"] for row in world.rows.contacts)
    months: dict[object, int] = Counter(row.values["service_id"] for row in world.rows.usage)
    newcomer = {row.external_id for row in world.rows.services if row.values["account_id"] == "ACC-16"}

    assert set(people.values()) <= set(range(3, 9))
    assert len(people) == 60
    assert {count for service, count in months.items() if service not in newcomer} == {24}
    assert set(months) == {row.external_id for row in world.rows.services}


def test_nothing_that_happened_lies_in_the_future(world: World) -> None:
    happened = (
        "left_on",
        "last_contacted_on",
        "closed_on",
        "stage_since",
        "opened_on",
        "resolved_on",
        "month",
    )

    for row in _all_rows(world):
        days = [row.began, *(change.on for change in row.history), *map(row.values.get, happened)]
        for day in days:
            assert not isinstance(day, date) or day <= world.today, row.external_id


def test_histories_are_in_order_and_end_at_the_current_values(world: World) -> None:
    for row in _all_rows(world):
        incoming = row.incoming()
        assert [change.on for change in incoming.history] == sorted(change.on for change in incoming.history)
        chains = defaultdict(list)
        for change in incoming.history:
            assert row.began is not None
            assert change.on >= row.began
            chains[change.field].append(change)
        for name, chain in chains.items():
            assert chain[-1].new == row.values[name]
            assert [change.new for change in chain[:-1]] == [change.old for change in chain[1:]]


def test_a_deals_amount_is_the_sum_of_its_lines(world: World) -> None:
    charges: Counter[object] = Counter()
    for line in world.rows.deal_lines:
        mrc, nrc, term = (line.values[name] for name in ("mrc_minor", "nrc_minor", "term_months"))
        assert isinstance(mrc, int)
        assert isinstance(nrc, int)
        assert isinstance(term, int)
        charges[line.values["deal_id"]] += mrc * term + nrc

    assert {deal.external_id: deal.values["amount_minor"] for deal in world.rows.deals} == charges


def test_a_contracts_charge_is_the_sum_of_its_services(world: World) -> None:
    charges: Counter[object] = Counter()
    for service in world.rows.services:
        assert isinstance(service.values["mrc_minor"], int)
        charges[service.values["contract_id"]] += service.values["mrc_minor"]

    for contract in world.rows.contracts:
        assert contract.values["mrc_minor"] == charges[contract.external_id]


def test_deals_that_no_scenario_tells_of_stay_out_of_trouble_for_two_weeks(world: World) -> None:
    told = {scenario.subject_external_id for scenario in SCENARIOS}

    for deal in world.rows.deals:
        if deal.external_id not in told and deal.values["stage"] not in CLOSED_STAGES:
            assert deal.began is not None
            assert days_between(deal.began, world.today) <= 76
            assert isinstance(deal.values["close_on"], date)
            assert deal.values["close_on"] > world.today
            assert isinstance(deal.values["next_step_on"], date)
            assert deal.values["next_step_on"] > world.today


def _all_rows(world: World) -> list[Row]:
    rows = list(world.products)
    for each in fields(Rows):
        rows += [row for row in getattr(world.rows, each.name) if isinstance(row, Row)]
    return rows


def _keys(world: World) -> set[str | None]:
    return {row.external_id for row in _all_rows(world)}

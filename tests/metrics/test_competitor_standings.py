"""Where competitors stood on a day: worked examples by hand, and what every evening was like."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from random import Random
from typing import Any

import pytest

from commands import competition
from commands.access import system_actor
from metrics.competitor_standings import Standing, Wanted, how_many, standings
from metrics.sales import AsOf
from models.access import Role, Scope, Tenant, User
from models.accounts import Account
from models.competition import Competitor, CompetitorPosition, PositionRole
from tests import factories
from tests.metrics.selling import on_the_day
from tests.schema.asking import ask, counted, refused

STANDINGS = """query Standings($asOf: Date, $filter: CompetitorStandingFilter, $after: String) {
  competitorStandings(asOf: $asOf, filter: $filter, first: 2, after: $after) {
    totalCount
    pageInfo { hasNextPage endCursor }
    nodes {
      productFamily role share contractEndsOn price { amount } heardFrom observedOn
      account { name } competitor { name } position { removedOn }
    }
  }
}"""


@pytest.fixture
async def tenant(db: str) -> Tenant:
    sells = await factories.tenant()
    await factories.product(sells, family="WAN")
    return sells


@pytest.fixture
async def ada(tenant: Tenant) -> User:
    return await factories.user(tenant)


async def _put(account: Account, name: str, day: date, **values: Any) -> CompetitorPosition:
    """What was seen in WAN on a day, and written then."""
    actor = system_actor(await account.tenant)  # type: ignore[misc]
    with on_the_day(day):
        given = {"observed_on": day, **values}
        return await competition.put_position(actor, account.id, name, "WAN", given)


async def test_a_position_as_it_stood_on_a_day(tenant: Tenant, ada: User) -> None:
    """Seen on 10 January as incumbent of 80 %, on 10 February as challenger of 20 %; out on 10 March.

    On 1 April it was seen again. On 5 April somebody wrote that it was a FORMER one on 1 April.
    """
    account, actor = await factories.account(ada), await factories.actor(ada)
    put = await _put(
        account, "Telco", date(2026, 1, 10), role=PositionRole.INCUMBENT, share=80, price_minor=1_200_00
    )
    await _put(account, "Telco", date(2026, 2, 10), role=PositionRole.CHALLENGER, share=20)
    with on_the_day(date(2026, 3, 10)):
        await competition.remove_position(actor, put.id)
    await _put(account, "Telco", date(2026, 4, 1), role=PositionRole.INCUMBENT, share=50)
    with on_the_day(date(2026, 4, 5)):
        said = {"role": PositionRole.FORMER, "share": None, "observed_on": date(2026, 4, 1)}
        await competition.put_position(system_actor(tenant), account.id, "telco", "WAN", said)

    async def shown(day: date, known_on: date | None = None) -> list[tuple[str, int | None, int | None]]:
        found = await standings(actor, AsOf(day, known_on), Wanted())
        assert len(found) == await how_many(actor, AsOf(day, known_on), Wanted())
        return [(each.role.name, each.share, each.price_minor) for each in found]

    assert await shown(date(2026, 1, 9)) == []
    assert await shown(date(2026, 1, 10)) == [("INCUMBENT", 80, 1_200_00)]
    assert await shown(date(2026, 2, 9)) == [("INCUMBENT", 80, 1_200_00)]
    assert await shown(date(2026, 2, 10)) == [("CHALLENGER", 20, 1_200_00)]
    assert await shown(date(2026, 3, 9)) == [("CHALLENGER", 20, 1_200_00)]
    assert await shown(date(2026, 3, 10)) == await shown(date(2026, 3, 31)) == []
    assert await shown(date(2026, 4, 1)) == [("FORMER", None, 1_200_00)]
    assert await shown(date(2026, 4, 1), date(2026, 4, 4)) == [("INCUMBENT", 50, 1_200_00)]


async def test_every_evening_is_told_later_as_it_was(tenant: Tenant, ada: User) -> None:
    """Positions come, change and go day by day; each evening's are told ever after by its day."""
    chance, actor = Random("standings"), system_actor(tenant)
    accounts = [await factories.account(ada) for _ in range(2)]
    evenings: dict[date, list[Standing]] = {}
    day = date(2026, 1, 1)
    for _ in range(20):
        day += timedelta(days=1)
        for _ in range(2):
            there = await CompetitorPosition.filter(removed_on=None).order_by("id")
            if there and chance.random() < 0.3:
                with on_the_day(day):
                    await competition.remove_position(actor, chance.choice(there).id)
                continue
            ends_on = chance.choice((None, day + timedelta(days=chance.randrange(90))))
            values = {"role": chance.choice(list(PositionRole)), "contract_ends_on": ends_on}
            await _put(chance.choice(accounts), chance.choice("AB"), day, **values)
        evenings[day] = await _there()
    for day, found in evenings.items():
        assert await standings(actor, AsOf(day), Wanted()) == found
        assert await standings(actor, AsOf(day, day), Wanted()) == found
    assert len({str(each) for each in evenings.values()}) > 15


async def _there() -> list[Standing]:
    """The positions as their rows say now, in the order in which they are told."""
    found = [
        Standing(
            each.id, each.account_id, each.competitor_id, each.product_family, each.role, each.share,
            each.contract_ends_on, each.price_minor, each.currency, each.price_term_months, each.heard_from,
            each.confidence, each.observed_on,
        )
        for each in await CompetitorPosition.filter(removed_on=None)
    ]  # fmt: skip
    return sorted(found, key=lambda each: (each.ends_by, each.position_id))


async def test_clients_page_through_where_competitors_stood(tenant: Tenant, ada: User) -> None:
    account, actor = await factories.account(ada, name="Nordwind"), await factories.actor(ada)
    day = date(2026, 1, 10)
    for name, ends_on in (("A", None), ("B", date(2026, 9, 1)), ("C", date(2026, 6, 1)), ("D", None)):
        await _put(account, name, day, role=PositionRole.INCUMBENT, contract_ends_on=ends_on)
    await _put(account, "C", date(2026, 2, 1), contract_ends_on=date(2027, 1, 1), heard_from="the buyer")
    seen, after = list[tuple[str, str | None]](), None
    while True:
        page = (await ask(actor, STANDINGS, asOf="2026-01-31", after=after))["competitorStandings"]
        seen += [(each["competitor"]["name"], each["contractEndsOn"]) for each in page["nodes"]]
        assert {each["account"]["name"] for each in page["nodes"]} == {"Nordwind"}
        assert page["totalCount"] == 4
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert seen == [("C", "2026-06-01"), ("B", "2026-09-01"), ("A", None), ("D", None)]
    assert (await refused(actor, STANDINGS, after="x"))["code"] == "INVALID_CURSOR"
    assert (await refused(actor, STANDINGS, asOf="9999-12-31"))["code"] == "INVALID"
    assert (await refused(actor, STANDINGS, filter={"accountId": "acc_none"}))["code"] == "NOT_FOUND"


async def test_a_competitor_stood_where_those_did_that_were_merged_into_it(tenant: Tenant, ada: User) -> None:
    account, actor = await factories.account(ada), await factories.actor(ada)
    day = date(2026, 1, 10)
    for name in ("Alpha", "Beta", "Gamma"):
        await _put(account, name, day, role=PositionRole.INCUMBENT, share=len(name))
    admin = await factories.actor(await factories.user(tenant, Role.ADMIN))
    alpha, beta = await Competitor.get(name="Alpha"), await Competitor.get(name="Beta")
    with on_the_day(date(2026, 2, 1)):
        await competition.merge(admin, beta.id, alpha.id)
    asked = Wanted(competitor_id=alpha.id)
    before = await standings(actor, AsOf(date(2026, 1, 31)), asked)
    assert sorted((each.competitor_id, each.share) for each in before) == sorted(
        [(alpha.id, 5), (beta.id, 4)]
    )
    after = await standings(actor, AsOf(date(2026, 2, 1)), asked)
    assert [(each.competitor_id, each.share) for each in after] == [(alpha.id, 5)]
    for narrowed, found in (
        (replace(asked, role=PositionRole.FORMER), 0), (replace(asked, product_family="Voice"), 0),
        (Wanted(role=PositionRole.INCUMBENT, product_family="WAN"), 3),
    ):  # fmt: skip
        assert await how_many(actor, AsOf(date(2026, 1, 31)), narrowed) == found


async def test_who_sees_where_competitors_stood(tenant: Tenant, ada: User) -> None:
    """Whoever sees the account now; prices and where they are known from by their scopes alone."""
    account, day = await factories.account(ada), date(2026, 1, 10)
    await _put(account, "Telco", day, role=PositionRole.INCUMBENT, price_minor=1_00, heard_from="the buyer")
    stranger = await factories.actor(await factories.user(tenant))
    abroad = await factories.actor(await factories.user(await factories.tenant()))
    for actor in (stranger, abroad):
        assert (await ask(actor, STANDINGS, asOf="2026-02-01"))["competitorStandings"]["nodes"] == []
    owner = await factories.actor(ada)
    limited = replace(owner, scopes=frozenset({Scope.READ}))
    for field in ("price { amount }", "heardFrom"):
        of_account = f'{{ account(id: "{account.id}") {{ competitorStandings {{ {field} }} }} }}'
        for asked in (f"{{ competitorStandings {{ nodes {{ {field} }} }} }}", of_account):
            assert (await refused(limited, asked))["code"] == "FORBIDDEN"
            assert await ask(owner, asked)
    (found,) = (await ask(limited, "{ competitorStandings { nodes { role } } }"))["competitorStandings"][
        "nodes"
    ]
    assert found == {"role": "INCUMBENT"}


async def test_those_of_many_accounts_are_read_together(
    tenant: Tenant, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    actor = await factories.actor(ada)
    for name in ("A", "B", "C"):
        await _put(await factories.account(ada, name=name), name, date(2026, 1, 10), role=PositionRole.FORMER)
    asked = '{ accounts { nodes { name competitorStandings(asOf: "2026-01-31") { competitor { name } } } } }'
    with counted(monkeypatch) as statements:
        found = (await ask(actor, asked))["accounts"]["nodes"]
    assert [(each["name"], each["competitorStandings"]) for each in found] == [
        (name, [{"competitor": {"name": name}}]) for name in "ABC"
    ]
    assert len([each for each in statements if "observed_on" in each]) == 1

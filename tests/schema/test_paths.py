"""Errors of reads name the argument that is at fault, and say what is allowed instead."""

from __future__ import annotations

from typing import Any

import pytest

from models.access import Role, Tenant, User
from models.base import today
from models.forecast import quarter_of, week_of
from tests import factories
from tests.door import door


@pytest.fixture
async def tenant(db: str) -> Tenant:
    sells = await factories.tenant()
    await factories.product(sells, family="WAN")
    return sells


@pytest.fixture
async def ada(tenant: Tenant) -> User:
    return await factories.user(tenant)


async def test_what_is_asked_for_in_vain_is_named_with_what_is_allowed(ada: User) -> None:
    none = "acc_01jzzzzzzzzzzzzzzzzzzzzzzz"
    sells, ever = "the family 'Nope'; allowed: WAN", 'observed: {from: "1901-01-01", until: "2999-12-31"}'
    async with door(ada) as client:
        for field, path, message in (
            ('whitespace(filter: {families: ["WAN", "Nope"]})', "filter.families.1", sells),
            ('whitespace(productsOf: "Nope")', "productsOf", sells),
            (f'whitespace(filter: {{accountId: "{none}"}})', "filter.accountId", none),
            ('funnel(filter: {productFamily: "Nope"})', "filter.productFamily", sells),
            ('funnel(filter: {ownerId: "usr_none"})', "filter.ownerId", "usr_none"),
            ('funnel(period: {until: "0001-01-01"})', "period.until", "1900-01-01 to 2999-12-31"),
            (f"trendReport({ever})", "observed.from", "allowed until 2999-12-31: 2450-01-01 and later"),
        ):
            answer: Any = await client.answer(f"{{ {field} {{ asOf }} }}")
            (error,) = answer["errors"]
            assert ".".join(error["extensions"]["path"]) == path
            assert message in error["message"], error["message"]
        for field in ('whitespace(filter: {families: ["WAN"]})', 'trendReport(observed: {from: "2450-01-01",'
                      ' until: "2999-12-31"})'):  # fmt: skip
            await client.ask(f"{{ {field} {{ asOf }} }}")


async def test_where_a_trend_cannot_go_is_named_by_the_argument(ada: User) -> None:
    trend = await factories.trend(await factories.account(ada))
    move = 'mutation { moveTrend(input: {id: "%s", to: %s}) { errors { code path } } }'
    async with door(ada) as client:
        for to, told in (
            ("REFUTED", []),
            ("CLOSED", [{"code": "INVALID_TRANSITION", "path": ["input", "to"]}]),
        ):
            answer: Any = await client.ask(move % (trend.id, to))
            assert answer["moveTrend"]["errors"] == told


async def test_amounts_that_no_number_holds_are_out_of_range(ada: User) -> None:
    boss = await factories.user(await ada.tenant, Role.ADMIN)  # type: ignore[misc]
    adjust = (
        'mutation { adjustForecast(input: {subjectId: "%s", week: "%s", category: COMMIT, reason: "more",'
        ' amount: "1E+1000000", period: {first: "%s", last: "%s"}}) { errors { path message } } }'
    )
    day = today()
    period = quarter_of(day)
    async with door(boss) as client:
        gaps: Any = await client.answer('{ whitespaceGaps(atLeast: "1E+1000000") { state } }')
        assert gaps["errors"][0]["extensions"]["path"] == ["atLeast"]
        asked = adjust % (ada.id, week_of(day), period.first, period.last)
        ((error,),) = [each["errors"] for each in (await client.ask(asked)).values()]  # type: ignore[index]
        assert error["path"] == ["input", "amount"]
        assert "out of range" in error["message"]

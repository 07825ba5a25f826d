"""Deals that are offered in other currencies come to what dated rates say, and conversion is consistent."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands import deals, rates
from metrics.exchange import ratios
from models.access import Actor, Role, User
from models.base import today
from models.deals import Deal, Stage
from models.errors import Forbidden, Invalid, InvalidTransition, RateMissing
from models.history import AuditRecord, Change
from models.rates import ExchangeRate, convert
from tests import factories

MINOR = st.integers(0, 10**11)
RATIOS = st.decimals("0.0001", "10000", places=6).map(Fraction)


@given(st.lists(MINOR, min_size=1, max_size=20), RATIOS)
def test_a_sum_converted_line_by_line_differs_by_half_a_minor_unit_a_line_at_most(
    lines: list[int], ratio: Fraction
) -> None:
    by_line, at_once = sum(convert(line, ratio) for line in lines), convert(sum(lines), ratio)
    assert abs(by_line - sum(lines) * ratio) <= Fraction(len(lines), 2)
    assert abs(by_line - at_once) <= Fraction(len(lines) + 1, 2)


@given(MINOR, RATIOS)
def test_there_and_back_is_the_same_within_the_rounding(minor: int, ratio: Fraction) -> None:
    back = convert(convert(minor, ratio), 1 / ratio)
    assert abs(back - minor) <= Fraction(1, 2) / ratio + Fraction(1, 2)


@given(MINOR)
def test_the_same_currency_is_the_same_amount(minor: int) -> None:
    assert convert(minor, Fraction(1)) == minor


def test_halves_go_to_even() -> None:
    assert [convert(minor, Fraction(1, 2)) for minor in (1, 3, 5)] == [0, 2, 2]


@pytest.fixture
async def admin(db: str) -> Actor:
    return await factories.actor(await factories.user(await factories.tenant(), Role.ADMIN))


async def _deal(admin: Actor, **values: object) -> Deal:
    return await factories.deal(await factories.account(await User.get(id=admin.user_id)), **values)


async def test_an_offer_comes_to_the_rate_of_the_day_or_the_last_before(admin: Actor) -> None:
    deal = await _deal(admin)
    with pytest.raises(RateMissing, match=f"there is no rate of USD until {today()}"):
        await rates.offer(admin, deal.id, 1, 1_000_05, "USD")
    for days, rate in ((9, "0.8"), (2, "0.9")):
        await rates.set_rate(admin, "USD", today() - timedelta(days=days), Decimal(rate))
    offered = await rates.offer(admin, deal.id, 1, 1_000_05, "USD")
    assert (offered.amount_minor, offered.offered_minor, offered.offered_currency) == (
        900_04,
        1_000_05,
        "USD",
    )
    found = await ratios(admin.tenant_id, "EUR", ["USD", "EUR"], today() - timedelta(days=3), "on")
    assert found == {"EUR": 1, "USD": Fraction(4, 5)}  # 90,004.5 cents went to the even 90,004 above
    own = await rates.offer(admin, deal.id, 2, 5_00, "EUR")
    assert (own.amount_minor, own.offered_currency) == (5_00, "EUR")


async def test_whatever_sets_the_amount_otherwise_ends_the_offer(admin: Actor) -> None:
    await rates.set_rate(admin, "USD", today(), Decimal("0.9"))
    first, second = await _deal(admin), await _deal(admin)
    for deal in (first, second):
        await rates.offer(admin, deal.id, 1, 100_00, "USD")
    set_ = await deals.update(admin, first.id, 2, {"amount_minor": 70_00})
    assert (set_.amount_minor, set_.offered_minor, set_.offered_currency) == (70_00, None, None)
    won = await deals.close(admin, second.id, 2, Stage.WON)
    assert (won.amount_minor, won.offered_minor) == (90_00, 100_00)
    with pytest.raises(InvalidTransition):
        await rates.offer(admin, second.id, 3, 1_00, "USD")


async def test_a_revaluation_changes_the_amounts_of_open_offers_under_a_name_of_its_own(admin: Actor) -> None:
    """By hand: 100.00 USD at 0.9 are 90.00, at 1.1 they are 110.00; what is won or in euros stays."""
    await rates.set_rate(admin, "USD", today() - timedelta(days=1), Decimal("0.9"))
    moves, stays, won, euros = [await _deal(admin) for _ in range(4)]
    for deal, currency in ((moves, "USD"), (won, "USD"), (stays, "EUR")):
        await rates.offer(admin, deal.id, 1, 100_00, currency)
    await deals.close(admin, won.id, 2, Stage.WON)
    await rates.set_rate(admin, "USD", today(), Decimal("1.1"))
    assert await rates.revalue(admin) == rates.Revaluation(today(), 1, 1)
    amounts = [(await Deal.get(id=each.id)).amount_minor for each in (moves, stays, won, euros)]
    assert amounts == [110_00, 100_00, 90_00, 1_000_00]
    audit = await AuditRecord.get(command="rates.revalue")
    (change,) = await Change.filter(audit_id=audit.id)
    assert (change.entity_id, change.field, change.old, change.new) == (
        moves.id,
        "amount_minor",
        "9000",
        "11000",
    )
    assert (await Deal.get(id=moves.id)).offered_currency == "USD"
    again = await rates.revalue(admin)
    assert (again.changed, again.unchanged) == (0, 2)
    with pytest.raises(RateMissing):
        await rates.revalue(admin, today() - timedelta(days=2))


async def test_rates_are_above_nothing_of_another_currency_and_set_by_managers(admin: Actor) -> None:
    for currency, day, rate, why in (
        ("EUR", today(), "1", "the books are kept in EUR"),
        ("usd", today(), "1", "is no currency"),
        ("USD", today() + timedelta(days=3), "1", "is in the future"),
        ("USD", today(), "0", "rate is out of range"),
        ("USD", today(), "NaN", "rate is out of range"),
        ("USD", today(), "0.12345678901", "more than 10 decimals"),
    ):
        with pytest.raises(Invalid, match=why):
            await rates.set_rate(admin, currency, day, Decimal(rate))
    await rates.set_rate(admin, "USD", today(), Decimal("1E+2"))
    again = await rates.set_rate(admin, "USD", today(), Decimal("0.9200"))
    assert (again.rate, await ExchangeRate.all().count()) == ("0.92", 1)
    director = await factories.user(await factories.tenant())
    with pytest.raises(Forbidden, match="may not set exchange rates"):
        await rates.set_rate(await factories.actor(director), "USD", today(), Decimal(1))

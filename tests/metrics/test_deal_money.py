"""TCV, ACV, MRC and NRC of deals: worked by hand, and the same in SQL as in Python."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from commands.pipelines import set_contract_value
from metrics.deal_money import MOST, Charges, acv, list_discount, summed, tcv
from models.access import Role, Tenant
from models.catalog import Charge, Product
from models.deals import DealLine
from tests import factories
from tests.door import door

AMOUNTS = st.integers(0, 10**12)
LINES = st.lists(st.builds(Charges, AMOUNTS, AMOUNTS, st.integers(0, 120)), max_size=6)
TOTALS = """query ($id: ID!) {
  deal(id: $id) { totals { mrc { amount } nrc { amount } tcv { amount } acv { amount } } }
}"""


def test_the_worked_example() -> None:
    line = Charges(mrc_minor=1_000_00, nrc_minor=5_000_00, term_months=36)
    assert tcv(line) == 41_000_00
    assert acv(line, with_one_off=False) == 12_000_00
    assert acv(line, with_one_off=True) == 17_000_00
    assert tcv(Charges(1_000_00, 5_000_00, 0)) == 5_000_00


@given(LINES, LINES, st.booleans())
def test_the_totals_of_two_deals_are_those_of_all_their_lines(
    one: list[Charges], two: list[Charges], with_one_off: bool
) -> None:
    first, second, both = (summed(each, with_one_off=with_one_off) for each in (one, two, [*one, *two]))
    for name in ("mrc_minor", "nrc_minor", "tcv_minor", "acv_minor"):
        parts = [getattr(first, name), getattr(second, name)]
        assert getattr(both, name) == sum(parts)


def test_what_is_more_than_any_amount_is_missing() -> None:
    found = summed([Charges(MOST, 0, 1), Charges(1, 0, 1)], with_one_off=False)
    assert (found.mrc_minor, found.nrc_minor, found.tcv_minor, found.acv_minor) == (None, 0, None, None)


def test_a_discount_is_against_the_list_price_of_the_whole_quantity() -> None:
    """By hand: 3 at 100.00 a month are 300.00; sold at 255.00 that is 15 percent off."""
    product = Product(list_price_minor=100_00, charge=Charge.RECURRING)
    assert list_discount(DealLine(quantity=3, mrc_minor=255_00), product) == Fraction(15, 100)
    assert list_discount(DealLine(quantity=1, mrc_minor=110_00), product) == Fraction(-1, 10)
    assert list_discount(DealLine(quantity=0, mrc_minor=1), product) is None
    once = Product(list_price_minor=50_00, charge=Charge.ONE_OFF)
    assert list_discount(DealLine(quantity=2, mrc_minor=9, nrc_minor=75_00), once) == Fraction(1, 4)


async def test_clients_see_the_totals_and_the_tenant_says_what_a_year_is(db: str) -> None:
    admin = await factories.user(await factories.tenant(), Role.ADMIN)
    deal = await factories.deal(await factories.account(admin))
    product = await factories.product(await Tenant.get(id=deal.tenant_id))
    await factories.deal_line(deal, product, mrc_minor=1_000_00, nrc_minor=5_000_00, term_months=36)
    await factories.deal_line(deal, product, mrc_minor=10_00, term_months=12)
    await factories.deal_line(deal, product, mrc_minor=7_00, removed_on=factories.TODAY)
    async with door(admin) as client:
        assert await client.ask(TOTALS, {"id": deal.id}) == _totals(
            "1010.00", "5000.00", "41120.00", "12120.00"
        )
        await set_contract_value(await factories.actor(admin), with_one_off=True)
        assert await client.ask(TOTALS, {"id": deal.id}) == _totals(
            "1010.00", "5000.00", "41120.00", "17120.00"
        )


def _totals(mrc: str, nrc: str, tcv: str, acv: str) -> dict[str, object]:
    told = {"mrc": mrc, "nrc": nrc, "tcv": tcv, "acv": acv}
    return {"deal": {"totals": {name: {"amount": amount} for name, amount in told.items()}}}

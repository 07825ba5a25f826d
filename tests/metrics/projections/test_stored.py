"""What is read from the database is what happened, each with the day on which it was known."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any

import pytest

from commands import deal_lines, deals, journal
from commands.access import system_actor
from metrics.forecasting.history import Dated, DealHistory, History, Outcome, dated
from metrics.projections.stored import stored_history
from models.access import Actor, Tenant, User
from models.accounts import Account
from models.deals import Deal, DealKind, Stage
from tests import factories
from tests.metrics.projections.planted import Move, log

BEGIN = date(2026, 1, 5)


def day(number: int) -> date:
    return BEGIN + timedelta(number)


@contextmanager
def on(number: int) -> Iterator[None]:
    """What is written is written on that day."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (deals, journal):
            for name in ("today", "latest_today"):
                if hasattr(module, name):
                    patch.setattr(module, name, lambda: day(number))
        yield


@pytest.fixture
async def tenant(db: str) -> Tenant:
    return await factories.tenant()


@pytest.fixture
def admin(tenant: Tenant) -> Actor:
    return system_actor(tenant)


@pytest.fixture
async def ada(tenant: Tenant) -> User:
    return await factories.user(tenant)


@pytest.fixture
async def account(ada: User) -> Account:
    return await factories.account(ada, segment="banks")


async def history(tenant: Tenant) -> dict[str, DealHistory]:
    return {deal.id: deal for deal in (await stored_history(tenant.id)).deals}


async def sold(admin: Actor, account: Account, tenant: Tenant) -> Deal:
    """A deal that comes, gets a product, moves, is pushed, gets a next step, and is won for more."""
    bo = await factories.user(tenant)
    product = await factories.product(tenant, family="Fibre")
    with on(0):
        given: dict[str, Any] = {
            "account_id": account.id, "name": "Fibre", "amount_minor": 100_00, "close_on": day(40),
            "owner_id": account.owner_id,
        }  # fmt: skip
        deal = await deals.create(admin, given)
    with on(2):
        await deal_lines.add(admin, deal.id, {"product_id": product.id, "mrc_minor": 10_00})
    with on(3):
        deal = await deals.advance(admin, deal.id, deal.version, Stage.PROPOSED)
    with on(6):
        deal = await deals.update(admin, deal.id, deal.version, {"close_on": day(60), "owner_id": bo.id})
    with on(8):
        deal = await deals.update(admin, deal.id, deal.version, {"next_step": "call"})
    with on(30):
        return await deals.close(admin, deal.id, deal.version, Stage.WON, amount_minor=150_00, on=day(28))


async def test_a_deal_is_read_as_it_went(admin: Actor, account: Account, tenant: Tenant) -> None:
    deal = await sold(admin, account, tenant)
    await factories.interaction(account, deal_id=deal.id, happened_on=day(4), known_on=day(7))
    await factories.interaction(account, happened_on=day(5))
    assert (await history(tenant))[deal.id] == DealHistory(
        deal.id,
        day(0),
        day(0),
        stages=(dated("IDENTIFIED", day(0)), dated("PROPOSED", day(3))),
        amounts=(dated(100_00, day(0)), Dated(150_00, day(28), day(30))),
        expected_closes=(dated(day(40), day(0)), dated(day(60), day(6))),
        categories=(
            dated("PIPELINE", day(0)),
            dated("BEST_CASE", day(3)),
            Dated("CLOSED", day(28), day(30)),
        ),
        owners=(dated(account.owner_id, day(0)), dated(deal.owner_id, day(6))),
        endings=(Dated(Outcome.WON, day(28), day(30)),),
        activities=(
            dated("CHANGE", day(3)),
            Dated("INTERACTION", day(4), day(7)),
            dated("CHANGE", day(8)),
            Dated("CHANGE", day(28), day(30)),
        ),
        products=(dated("Fibre", day(2)),),
        kind="NEW",
        segment="banks",
    )


async def test_what_was_recorded_later_was_not_known_before(
    admin: Actor, account: Account, tenant: Tenant
) -> None:
    deal = await sold(admin, account, tenant)
    known = {number: (await stored_history(tenant.id)).known_at(day(number)) for number in (4, 29)}
    assert [one.id for one in known[29].open] == [deal.id]
    with on(50):  # for days long before
        deal = await Deal.get(id=deal.id)
        await deals.update(admin, deal.id, deal.version, {"kind": DealKind.RENEWAL})
        late = await factories.deal(account, valid_from=day(1), known_on=day(50))
        await log(
            tenant.id,
            {
                deal.id: [
                    Move("amount_minor", "15000", "99900", day(1), day(50)),
                    Move("stage", "WON", "LOST", day(3), day(50)),
                    Move("close_on", None, day(2).isoformat(), day(1), day(50)),
                    Move("next_step", None, "leak", day(2), day(50)),
                ]
            },
        )
        await account.update_from_dict({"segment": "leak"}).save()
        await log_of_account(tenant.id, account.id)
    after = await stored_history(tenant.id)
    for number, before in known.items():
        assert repr(after.known_at(day(number)).deals) == repr(before.deals)
    assert late.id in {one.id for one in after.known_at(day(50)).deals}
    assert after.known_at(day(50)).deals != known[29].deals


async def log_of_account(tenant_id: str, account_id: str) -> None:
    """The segment became another one, and that was recorded on the fiftieth day for the first."""
    await log(tenant_id, {account_id: [Move("segment", "banks", "leak", day(0), day(50))]}, "account")


async def test_what_is_written_for_an_earlier_day_stands_in_the_end(account: Account, tenant: Tenant) -> None:
    deal = await factories.deal(account, valid_from=day(0), known_on=day(0), amount_minor=300)
    await log(tenant.id, {deal.id: [Move("amount_minor", "100", "200", day(20), day(20))]})
    await log(tenant.id, {deal.id: [Move("amount_minor", "200", "300", day(10), day(25))]})
    whole = History(((await history(tenant))[deal.id],))
    worth = {number: whole.known_at(day(number)).deals[0].worth_minor for number in (5, 15, 22, 25)}
    assert worth == {5: 100, 15: 100, 22: 200, 25: 300}


async def test_a_deal_that_came_when_it_had_ended_tells_nothing_of_how_it_would(
    account: Account, tenant: Tenant
) -> None:
    """As an import brings it that has no history: its stage and category are of after the end."""
    deal = await factories.deal(
        account,
        valid_from=day(0),
        stage=Stage.WON,
        forecast_category="CLOSED",
        closed_on=day(30),
        close_on=day(30),
    )
    read = (await history(tenant))[deal.id]
    assert (read.stages, read.categories, read.expected_closes) == ((), (), ())
    assert read.endings == (dated(Outcome.WON, day(30)),)
    known = read.known_at(day(29))
    assert known is not None
    assert known.is_open


async def test_nothing_of_another_tenant_is_read(account: Account, tenant: Tenant) -> None:
    own = await factories.deal(account)
    other = await factories.tenant()
    await factories.deal(await factories.account(await factories.user(other)))
    assert list(await history(tenant)) == [own.id]

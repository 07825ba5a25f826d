"""Signals are recorded once however often they are sent, each sender's apart."""

from __future__ import annotations

from commands import signals
from commands.signals import Observation
from models.access import User
from models.accounts import Account
from models.signals import Signal, SignalKind
from tests import factories


def _observation(account: Account, summary: str) -> Observation:
    return Observation(account.id, SignalKind.COMPETITOR_NAMED, summary, factories.TODAY, external_id="1")


async def test_an_external_id_is_the_senders_own(db: str) -> None:
    tenant = await factories.tenant()
    ada, bo = await factories.user(tenant), await factories.user(tenant)

    async def send(who: User, summary: str) -> Signal:
        account = await factories.account(who)
        (signal,) = await signals.record(await factories.actor(who), [_observation(account, summary)])
        return signal

    first = await send(ada, "a tender")
    assert (await send(bo, "a merger")).summary == "a merger"
    assert (await send(ada, "a tender, again")).id == first.id
    assert await Signal.all().count() == 2

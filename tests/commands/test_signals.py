"""Signals are recorded once however often they are sent, each sender's apart."""

from __future__ import annotations

from datetime import timedelta

import pytest

from commands import signals
from commands.signals import Observation
from models.access import User
from models.accounts import Account
from models.base import today
from models.errors import Invalid
from models.signals import Signal, SignalKind
from tests import factories
from tests.schema.asking import counted

KIND = SignalKind.COMPETITOR_NAMED


def _observation(account: Account, summary: str) -> Observation:
    return Observation(account.id, KIND, summary, factories.TODAY, external_id="1")


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


async def test_a_thousand_signals_take_a_handful_of_statements(
    db: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    who = await factories.user(await factories.tenant())
    account = await factories.account(who)
    deal, contact = await factories.deal(account), await factories.contact(account)
    heard = [
        Observation(account.id, KIND, f"no. {n}", factories.TODAY, deal.id, contact.id, str(n))
        for n in range(1000)
    ]
    actor = await factories.actor(who)
    with counted(monkeypatch) as statements:
        assert len(await signals.record(actor, heard)) == 1000
    assert len(statements) < 20


async def test_what_was_heard_in_the_future_is_refused(db: str) -> None:
    who = await factories.user(await factories.tenant())
    heard = Observation((await factories.account(who)).id, KIND, "?", today() + timedelta(days=2))
    with pytest.raises(Invalid, match="is in the future") as refusal:
        await signals.record(await factories.actor(who), [heard])
    assert refusal.value.path == ("signals", "0", "observedOn")

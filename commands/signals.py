"""Recording what was heard about accounts, many observations at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from commands.journal import BATCH, unit_of_work
from commands.permissions import SELLERS, require
from commands.validation import check_reference, validate
from models.access import Actor
from models.accounts import Account
from models.deals import Deal
from models.errors import BellwetherError, Invalid
from models.people import Contact
from models.signals import Signal, SignalKind

MAX_SIGNALS = 1000


@dataclass(frozen=True)
class Observation:
    """One thing heard about an account; ``external_id`` makes recording it again harmless."""

    account_id: str
    kind: SignalKind
    summary: str
    observed_on: date
    deal_id: str | None = None
    contact_id: str | None = None
    external_id: str | None = None


async def record(actor: Actor, observations: Sequence[Observation]) -> list[Signal]:
    """Record up to 1,000 observations, all or none, in the order given.

    One whose ``external_id`` this actor has sent before answers with the signal that stands.

    Raises:
        BellwetherError: of the first observation that is wrong, with its index in the path.
    """
    require(actor, SELLERS, "record signals")
    if len(observations) > MAX_SIGNALS:
        raise Invalid(f"{len(observations):,} signals at once; allowed: {MAX_SIGNALS:,}", ["signals"])
    for index, observation in enumerate(observations):
        try:
            await _check(actor, observation)
        except BellwetherError as error:
            error.path = ("signals", str(index), *error.path)
            raise
    standing = await _standing(actor, observations)
    signals: list[Signal] = []
    new: list[Signal] = []
    for observation in observations:
        signal = standing.get(observation.external_id or "")
        if signal is None:
            signal = _signal(actor, observation)
            new.append(signal)
            if observation.external_id:
                standing[observation.external_id] = signal
        signals.append(signal)
    async with unit_of_work(actor, "signals.record") as work:
        await work.create_all(new)
    return signals


def _source(actor: Actor) -> str:
    """Where the actor's signals come from: everybody has external ids of their own."""
    return f"{actor.source}:{actor.user_id}" if actor.user_id else actor.source


def _signal(actor: Actor, observation: Observation) -> Signal:
    return Signal(
        id=Signal.make_id(),
        tenant_id=actor.tenant_id,
        source=_source(actor),
        valid_from=observation.observed_on,
        **observation.__dict__,
    )


async def _standing(actor: Actor, observations: Sequence[Observation]) -> dict[str, Signal]:
    keys = [o.external_id for o in observations if o.external_id]
    found: dict[str, Signal] = {}
    for start in range(0, len(keys), BATCH):
        for signal in await Signal.filter(
            tenant_id=actor.tenant_id, source=_source(actor), external_id__in=keys[start : start + BATCH]
        ):
            found[str(signal.external_id)] = signal
    return found


async def _check(actor: Actor, observation: Observation) -> None:
    validate(Signal, observation.__dict__)
    await check_reference(actor, Account, observation.account_id, "accountId")
    await check_reference(actor, Deal, observation.deal_id, "dealId")
    await check_reference(actor, Contact, observation.contact_id, "contactId")
    await _same_account(Deal, observation.deal_id, observation.account_id, "dealId")
    await _same_account(Contact, observation.contact_id, observation.account_id, "contactId")


async def _same_account(
    model: type[Deal] | type[Contact], record_id: str | None, account_id: str, path: str
) -> None:
    if record_id is not None and (await model.get(id=record_id)).account_id != account_id:
        raise Invalid(f"the {model.__name__.lower()} belongs to another account", [path])

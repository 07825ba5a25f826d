"""Recording what was heard about accounts, many observations at once."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from commands.journal import BATCH, unit_of_work
from commands.people import erased_among
from commands.permissions import LISTEN, require
from commands.validation import validate
from models.access import Actor
from models.accounts import Account
from models.base import Record, latest_today
from models.database import fetch
from models.deals import Deal
from models.errors import Invalid, InvalidTransition, NotFound, under
from models.people import Contact
from models.signals import Signal, SignalKind
from models.visibility import missing, visible

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
    require(actor, LISTEN, "record signals")
    if len(observations) > MAX_SIGNALS:
        raise Invalid(f"{len(observations):,} signals at once; allowed: {MAX_SIGNALS:,}", ["signals"])
    known = await _Known.of(actor, observations)
    for index, observation in enumerate(observations):
        with under("signals", str(index)):
            await _check(actor, known, observation)
    await _check_kept(actor, observations)
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


async def _check_kept(actor: Actor, observations: Sequence[Observation]) -> None:
    """Raise InvalidTransition for the first observation about a person whose data was erased."""
    erased = await erased_among(actor.tenant_id, (o.contact_id for o in observations if o.contact_id))
    for index, observation in enumerate(observations):
        if observation.contact_id in erased:
            raise InvalidTransition(
                f"the data of {observation.contact_id} was erased; nothing is written about the person",
                ["signals", str(index), "contactId"],
            )


def _source(actor: Actor) -> str:
    """Where the actor's signals come from: everybody has external ids of their own."""
    return f"{actor.source}:{actor.principal_id}" if actor.user_id else actor.source


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


@dataclass(frozen=True)
class _Known:
    """What the observations refer to, as far as the actor may see it: ids of accounts, accounts by id."""

    accounts: Collection[str]
    deals: Mapping[str, str]
    contacts: Mapping[str, str]

    @classmethod
    async def of(cls, actor: Actor, observations: Sequence[Observation]) -> _Known:
        return cls(
            accounts=await visible_values(actor, Account, [o.account_id for o in observations], "id"),
            deals=await visible_values(actor, Deal, [o.deal_id for o in observations], "account_id"),
            contacts=await visible_values(actor, Contact, [o.contact_id for o in observations], "account_id"),
        )


async def visible_values(
    actor: Actor, model: type[Record], ids: Sequence[str | None], column: str
) -> dict[str, str]:
    """A column of those of the records that the actor may see, by id."""
    seen, found = visible(model, actor, "t"), dict[str, str]()
    wanted = sorted({record_id for record_id in ids if record_id is not None})
    for start in range(0, len(wanted), BATCH):
        among = {f"id_{number}": each for number, each in enumerate(wanted[start : start + BATCH])}
        rows = await fetch(
            f"select t.id as id, t.{column} as value from {model._meta.db_table} t"
            f" where t.id in ({', '.join(f':{name}' for name in among)}) and {seen.sql}",
            {**among, **seen.params},
        )
        found |= {str(row["id"]): str(row["value"]) for row in rows}
    return found


async def _check(actor: Actor, known: _Known, observation: Observation) -> None:
    validate(Signal, observation.__dict__)
    if observation.observed_on > (latest := latest_today()):
        raise Invalid(
            f"{observation.observed_on} is in the future; allowed: {latest} and earlier", ["observedOn"]
        )
    if observation.account_id not in known.accounts:
        raise await missing(Account, actor, observation.account_id, ["accountId"])
    for record_id, accounts, what in (
        (observation.deal_id, known.deals, "deal"),
        (observation.contact_id, known.contacts, "contact"),
    ):
        if record_id is None:
            continue
        if record_id not in accounts:
            raise NotFound(f"no {what} {record_id!r}", [f"{what}Id"])
        if accounts[record_id] != observation.account_id:
            raise Invalid(f"the {what} belongs to another account", [f"{what}Id"])

"""API keys: made, shown once, revoked, and what they stand for when they are used."""

from __future__ import annotations

import asyncio
import hashlib
import math
import secrets
import time
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog
from tortoise.expressions import Q

from commands.actors import remembered
from commands.journal import Repeat, once, unit_of_work
from commands.permissions import ADMINISTER, require, scopes_of
from commands.remembered import Remembered
from commands.validation import active_user, validate
from models.access import Actor, ApiKey, Role, Scope
from models.base import utcnow
from models.errors import Invalid, Unauthenticated, allowed
from models.visibility import find

log = structlog.get_logger("bellwether.keys")

#: How every secret begins, so that people and scanners of sources know one.
PREFIX = "bwk_"
DAYS, MOST_DAYS = 90, 400
#: Seconds between two records of when a key was used.
BETWEEN_USES = 60


@dataclass(frozen=True)
class Made:
    """A key, and its secret where it was made just now: nobody can be told it again."""

    key: ApiKey
    secret: str | None


async def create(
    actor: Actor,
    user_id: str,
    name: str,
    scopes: Collection[Scope],
    days: int = DAYS,
    *,
    idempotency_key: str | None = None,
) -> Made:
    """Make a key for an integration, good for so many days.

    Repeating it with the same ``idempotency_key`` answers with the first key, without its secret.

    Raises:
        NotFound: there is no such active user.
        Invalid: the user is no integration, a scope means nothing for one, or the days are out of range.
    """
    require(actor, ADMINISTER, "make API keys")
    wanted = sorted(set(scopes))
    values = {"user_id": user_id, "name": name, "scopes": ",".join(wanted), "days": days}
    repeat = Repeat.of(actor, "keys.create", idempotency_key, values)
    secret = PREFIX + secrets.token_urlsafe(32)

    async def make() -> ApiKey:
        validate(ApiKey, {"name": name})
        _check(wanted, days)
        await _check_user(actor, user_id)
        async with unit_of_work(actor, "keys.create", repeat=repeat) as work:
            return await work.create(
                ApiKey(
                    id=ApiKey.make_id(),
                    tenant_id=actor.tenant_id,
                    user_id=user_id,
                    name=name,
                    hint=secret[-4:],
                    digest=_digest(secret),
                    scopes=wanted,
                    expires_at=utcnow() + timedelta(days=days),
                    created_by_id=actor.user_id or None,
                )
            )

    key = await once(actor, ApiKey, repeat, make)
    return Made(key, secret if key.digest == _digest(secret) else None)


def _check(scopes: Collection[Scope], days: int) -> None:
    if not 1 <= days <= MOST_DAYS:
        raise Invalid(f"days is {days}; allowed: 1 to {MOST_DAYS}", ["days"])
    possible = scopes_of(Role.INTEGRATION)
    if not scopes or not possible.issuperset(scopes):
        named = ", ".join(sorted(set(scopes) - possible)) or "no scope"
        raise Invalid(f"{named} for an integration; allowed: {allowed(sorted(possible))}", ["scopes"])


async def _check_user(actor: Actor, user_id: str) -> None:
    user = await active_user(actor, user_id, "userId")
    if user.role != Role.INTEGRATION:
        raise Invalid(f"{user.name} is a {user.role}; keys are for an {Role.INTEGRATION}", ["userId"])


async def revoke(actor: Actor, key_id: str) -> ApiKey:
    """Take a key out of use: at once in this process, within a second in others; again, nothing happens."""
    require(actor, ADMINISTER, "revoke API keys")
    key = await find(ApiKey, actor, key_id, "id")
    if key.revoked_at is not None:
        return key
    async with unit_of_work(actor, "keys.revoke") as work:
        return await work.update(key, {"revoked_at": utcnow()})


@dataclass(frozen=True)
class _Known:
    """What a key that was not revoked stands for."""

    id: str
    user_id: str
    tenant_id: str
    scopes: frozenset[Scope]
    expires_at: datetime


_known = Remembered[str, _Known]()


async def holder(secret: str, now: datetime, on_behalf_of: str | None = None) -> tuple[Actor, datetime]:
    """Who signs in with a secret, and until when it is good; that it was used is noted.

    Raises:
        Unauthenticated: the key is unknown, revoked or expired, or its user is no active integration.
        Forbidden: a key acts on nobody's behalf.
    """
    digest = _digest(secret)
    known = await _known.get(digest, lambda: _find(digest))
    if known.expires_at <= now:
        raise Unauthenticated("the API key has expired; ask an administrator for another one")
    actor = await remembered(known.user_id, known.tenant_id, on_behalf_of)
    if actor.role is not Role.INTEGRATION:
        raise Unauthenticated("the API key's user is no integration any more")
    _note_use(known.id, now)
    return replace(actor, scopes=known.scopes), known.expires_at


async def _find(digest: str) -> _Known:
    key = await ApiKey.get_or_none(digest=digest, revoked_at=None)
    if key is None:
        raise Unauthenticated("the API key is unknown or was revoked")
    scopes = frozenset(Scope(each) for each in key.scopes)
    return _Known(key.id, key.user_id, key.tenant_id, scopes, key.expires_at)


def _digest(secret: str) -> str:
    """What is kept of a secret; it is as random as its digest is long, so nothing slower is needed."""
    return hashlib.sha256(secret.encode()).hexdigest()


class _Uses:
    """Notes when keys are used, beside the requests that use them."""

    def __init__(self) -> None:
        self._noted: dict[str, float] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def note(self, key_id: str, now: datetime) -> None:
        """Have it written, at most once a minute for each key."""
        moment = time.monotonic()
        if moment < self._noted.get(key_id, -math.inf) + BETWEEN_USES:
            return
        self._noted[key_id] = moment
        task = asyncio.create_task(_write_use(key_id, now))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def settled(self) -> None:
        """Wait until what was noted is written."""
        await asyncio.gather(*self._tasks)


_uses = _Uses()
_note_use, settled = _uses.note, _uses.settled


async def _write_use(key_id: str, now: datetime) -> None:
    """Write that a key was used; other processes may have, so it is written where that is a minute ago."""
    try:
        await (
            ApiKey.filter(id=key_id)
            .filter(Q(last_used_at=None) | Q(last_used_at__lt=now - timedelta(seconds=BETWEEN_USES)))
            .update(last_used_at=now)
        )
    except Exception as error:  # noqa: BLE001 - the request that used it goes on
        log.warning("use of a key not noted", key=key_id, reason=str(error))

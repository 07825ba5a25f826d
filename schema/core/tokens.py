"""The signed tokens that say who is asking: issued for development and demos, read with every request."""

from __future__ import annotations

import math
import os
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from models.access import Scope, User
from models.base import utcnow
from models.errors import Invalid, Unauthenticated

ALGORITHM = "HS256"
ISSUER = "bellwether"
SHORTEST_SECRET = 32
#: So many tokens are not verified again.
REMEMBERED = 2_000
#: Seconds: longer than there are times.
_ANY_TIME = 2**60
#: The last second of which a time can tell.
_LAST = datetime(9999, 12, 31, tzinfo=UTC).timestamp()
#: How the words of a scope claim begin that are about Bellwether: bellwether:read_money.
OURS = "bellwether:"


def issue(user: User, hours: float, secret: str) -> str:
    """A token for a user that is good for so many hours from now."""
    now = utcnow()
    claims: dict[str, object] = {
        "iss": ISSUER,
        "sub": user.id,
        "tenant": user.tenant_id,
        "iat": int(now.timestamp()),
        "exp": int((now + timedelta(hours=hours)).timestamp()),
    }
    return jwt.encode({"alg": ALGORITHM}, claims, OctKey.import_key(secret), algorithms=[ALGORITHM])


@dataclass(frozen=True)
class Speaker:
    """Whom a token speaks for, by what it calls them, until when, and within which scopes (None: any)."""

    user: str
    tenant: str
    good_until: datetime
    scopes: frozenset[Scope] | None


def read(token: str, secret: str, now: datetime) -> Speaker:
    """Whom a token speaks for: the ids of the user and of the tenant.

    Raises:
        Unauthenticated: malformed, signed by somebody else or in another way, or expired at ``now``.
    """
    try:
        found = _verified(token, secret)
    except (JoseError, ValueError, TypeError) as error:
        raise Unauthenticated("the token is malformed or not signed by this server") from error
    if found.good_until <= now:
        raise Unauthenticated("the token has expired; ask for a new one")
    return found


@lru_cache(REMEMBERED)
def _verified(token: str, secret: str) -> Speaker:
    """What a token says; verifying it takes its time."""
    claims = jwt.decode(token, OctKey.import_key(secret), algorithms=[ALGORITHM]).claims
    jwt.JWTClaimsRegistry(
        now=0,  # whether it has expired is looked at with each request
        leeway=_ANY_TIME,
        iss={"essential": True, "value": ISSUER},
        sub={"essential": True},
        tenant={"essential": True},
        exp={"essential": True},
    ).validate(claims)
    return Speaker(
        str(claims["sub"]), str(claims["tenant"]), moment(claims["exp"]), scopes_of(claims.get("scope"))
    )


def moment(given: object) -> datetime:
    """The time that a claim means; what lies after all times is the last one.

    Raises:
        ValueError: it is no number.
    """
    if isinstance(given, bool) or not isinstance(given, int | float) or math.isnan(given):
        raise ValueError("a time is a number of seconds")
    return datetime.fromtimestamp(min(max(given, 0), _LAST), UTC)


def scopes_of(claim: object) -> frozenset[Scope] | None:
    """The scopes that a claim limits its token to; None where none of its words is about Bellwether."""
    words = claim.split() if isinstance(claim, str) else claim if isinstance(claim, list) else ()
    ours = {str(word).removeprefix(OURS).upper() for word in words if str(word).startswith(OURS)}
    return frozenset(scope for scope in Scope if scope.value in ours) if ours else None


def signing_secret(configured: str, home: Path) -> str:
    """The secret that signs tokens: the configured one, else a random one made once and kept in ``home``.

    Raises:
        Invalid: the configured secret is too short to be safe.
    """
    if configured:
        if len(configured) < SHORTEST_SECRET:
            raise Invalid(
                f"the secret has {len(configured)} characters; allowed: {SHORTEST_SECRET} or more", ["secret"]
            )
        return configured
    kept = home / "secret"
    if not kept.exists():
        _keep(kept, secrets.token_urlsafe(48))
    return kept.read_text(encoding="ascii")


def _keep(path: Path, secret: str) -> None:
    """Write a file that only its owner may read; whoever comes second leaves the first one standing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
        file.write(secret)
    try:
        path.hardlink_to(draft)
    except FileExistsError:
        pass
    finally:
        draft.unlink()

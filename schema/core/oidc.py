"""Tokens of an identity provider (OpenID Connect): verified by its public keys, and whom they speak for."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import orjson
from joserfc import jwt
from joserfc.errors import JoseError, SecurityWarning
from joserfc.util import urlsafe_b64decode

from models.errors import Unauthenticated
from schema.core.jwks import Keyring
from schema.core.kept import Kept
from schema.core.tokens import REMEMBERED, Speaker, moment, scopes_of

#: How far clocks may differ.
LEEWAY = timedelta(seconds=30)
#: Characters of a token that is looked at.
LONGEST = 16_000
EMAIL = "email"
#: RFC 9864 names the curve that EdDSA left open.
_ALSO = {"EdDSA": "Ed25519"}

Claims = Mapping[str, object]


@dataclass(frozen=True)
class Expected:
    """What a token must be: for whom it is, how it may be signed, and which claims name user and tenant.

    ``tenant`` is the slug of the tenant of all its users; empty where a claim names it.
    """

    audience: str
    algorithms: tuple[str, ...] = ("RS256", "EdDSA")
    user_claim: str = EMAIL
    tenant_claim: str = "tenant"
    tenant: str = ""


class Provider:
    """An identity provider, and what its tokens say."""

    def __init__(self, keys: Keyring, expected: Expected) -> None:
        self.keys = keys
        self.expected = expected
        self._algorithms = [*expected.algorithms, *(_ALSO[a] for a in expected.algorithms if a in _ALSO)]
        self._verified = Kept[str, Claims](REMEMBERED, REMEMBERED * LONGEST)
        self._generation = 0

    async def read(self, token: str, now: datetime) -> Speaker:
        """Whom a token speaks for, by what it calls the user and the tenant.

        Raises:
            Unauthenticated: malformed, not signed by the provider in an allowed way, for somebody else, not
                good at ``now``, or it does not say who it is.
            Unavailable: the provider's keys are not known, and it cannot be reached.
        """
        claims = await self._claims(token)
        good_until = _check_times(claims, now)
        return Speaker(self._user(claims), self._tenant(claims), good_until, scopes_of(claims.get("scope")))

    async def _claims(self, token: str) -> Claims:
        """The claims of a token, verified once while the keys are the same."""
        await self.keys.freshen()
        if self._generation != self.keys.generation:
            self._generation = self.keys.generation
            self._verified = Kept(REMEMBERED, REMEMBERED * LONGEST)
        try:
            return self._verified[token]
        except KeyError:
            claims = await self._verify(token)
        if self._generation == self.keys.generation:
            self._verified.keep(token, claims, len(token))
        return claims

    async def _verify(self, token: str) -> Claims:
        header = head(token)
        algorithm, kid = header.get("alg"), header.get("kid")
        if algorithm not in self._algorithms or not isinstance(kid, str | None):
            raise Unauthenticated(f"the token is not signed in an allowed way: {', '.join(self._algorithms)}")
        key = await self.keys.find(kid)
        try:
            with warnings.catch_warnings(action="ignore", category=SecurityWarning):  # of EdDSA's old name
                claims: Claims = jwt.decode(token, key, algorithms=self._algorithms).claims
        except (JoseError, ValueError, TypeError) as error:
            raise Unauthenticated("the token is malformed or not signed by its issuer") from error
        self._check(claims)
        return claims

    def _check(self, claims: Claims) -> None:
        """What about a token stays as it is."""
        audience = claims.get("aud")
        if claims.get("iss") != self.keys.issuer:
            raise Unauthenticated("the token is of another issuer")
        if self.expected.audience not in (audience if isinstance(audience, list) else [audience]):
            raise Unauthenticated("the token is for another audience")
        if not _is_text(claims.get("sub")):
            raise Unauthenticated("the token has no subject")

    def _user(self, claims: Claims) -> str:
        name = self.expected.user_claim
        if name == EMAIL and claims.get("email_verified") in (False, "false"):
            raise Unauthenticated("the address in the token is not verified")
        return _text(claims, name, "user")

    def _tenant(self, claims: Claims) -> str:
        return self.expected.tenant or _text(claims, self.expected.tenant_claim, "tenant")


def head(token: str) -> Claims:
    """What the header of a token says, which nobody has verified.

    Raises:
        Unauthenticated: it is no signed token.
    """
    try:
        found = orjson.loads(urlsafe_b64decode(token[:LONGEST].encode().split(b".")[0]))
    except (ValueError, TypeError) as error:
        raise Unauthenticated("the token is malformed") from error
    if not isinstance(found, dict) or len(token) > LONGEST:
        raise Unauthenticated("the token is malformed")
    return found


def _check_times(claims: Claims, now: datetime) -> datetime:
    """When a token expires, which must be later; not before it is good."""
    try:
        expires = moment(claims.get("exp"))
        begins = moment(claims.get("nbf", 0))
    except ValueError as error:
        raise Unauthenticated("the token does not say until when it is good") from error
    if expires <= now - LEEWAY:
        raise Unauthenticated("the token has expired; ask for a new one")
    if begins > now + LEEWAY:
        raise Unauthenticated("the token is not good yet")
    return expires


def _text(claims: Claims, name: str, what: str) -> str:
    found = claims.get(name)
    if not isinstance(found, str) or not found.strip():
        raise Unauthenticated(f"the token names no {what}: its claim {name!r} is missing")
    return found


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())

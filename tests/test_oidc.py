"""Tokens of an identity provider: which let somebody in, and what happens as keys rotate or it is away."""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
import re
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, Key, OctKey, OKPKey, RSAKey

from commands import actors
from models.access import Role, Scope
from models.base import utcnow
from models.errors import Invalid, Unauthenticated, Unavailable
from schema.core import jwks, tokens
from schema.core.jwks import Keyring
from schema.core.oidc import Expected, Provider
from settings import Settings, settings
from tests import factories
from tests.door import CONFIG, application

ISSUER = "https://login.example.com/realm"
AUDIENCE = "bellwether-api"
ALGORITHMS = ("RS256", "EdDSA", "ES256")


@dataclass
class IdentityProvider:
    """A provider that answers from memory; ``now`` is the time that the keyring has."""

    keys: dict[str, Key]
    now: float = 1_000.0
    is_away: bool = False
    asked: list[str] = field(default_factory=list)
    told: dict[str, object] = field(
        default_factory=lambda: {"issuer": ISSUER, "jwks_uri": "https://keys.example.com/jwks"}
    )
    extra: list[dict[str, object]] = field(default_factory=list)
    status: int = 200

    async def answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(str(request.url))
        await asyncio.sleep(0)
        if self.is_away:
            raise httpx.ConnectError("nobody is there")
        if request.url.path.endswith("openid-configuration"):
            return httpx.Response(self.status, json=self.told, headers={"Location": "https://example.org/"})
        shown: list[dict[str, Any]] = [
            {**key.as_dict(private=False), "kid": kid} for kid, key in self.keys.items()
        ]
        for each in shown:
            if each["kid"] == "":
                del each["kid"]
        return httpx.Response(200, json={"keys": [*self.extra, *shown]})

    def provider(self, **expected: Any) -> Provider:
        """What trusts it."""
        keyring = Keyring(ISSUER, httpx.MockTransport(self.answer), lambda: self.now)
        return Provider(keyring, Expected(AUDIENCE, **{"algorithms": ALGORITHMS, **expected}))

    def token(
        self, kid: str | None = "a", algorithm: str = "RS256", key: Key | None = None, **claims: Any
    ) -> str:
        """A good token, but for these claims; None leaves one out."""
        header = {"alg": algorithm, **({} if kid is None else {"kid": kid})}
        signing = key or self.keys[kid or ""]
        content = {name: claim for name, claim in {**good(), **claims}.items() if claim is not None}
        return jwt.encode(header, content, signing, algorithms=[algorithm])


def good() -> dict[str, Any]:
    """The claims of a good token."""
    seconds = int(utcnow().timestamp())
    return {
        "iss": ISSUER, "aud": AUDIENCE, "sub": "248289761001", "exp": seconds + 600, "nbf": seconds,
        "email": "ada@example.com", "tenant": "north",
    }  # fmt: skip


RSA, OTHER = RSAKey.generate_key(2048), RSAKey.generate_key(2048)
EDWARDS, CURVE = OKPKey.generate_key("Ed25519"), ECKey.generate_key("P-256")


def confused(key: RSAKey) -> str:
    """A token signed as if a public key were a shared secret."""
    parts = [_encoded(json.dumps(each).encode()) for each in ({"alg": "HS256", "kid": "a"}, good())]
    signature = hmac.digest(key.as_pem(private=False), ".".join(parts).encode(), "sha256")
    return ".".join([*parts, _encoded(signature)])


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


@pytest.fixture
def identity() -> IdentityProvider:
    return IdentityProvider({"a": RSA, "e": EDWARDS, "c": CURVE})


async def refusal(provider: Provider, token: str) -> str:
    """Why a token lets nobody in."""
    with pytest.raises(Unauthenticated) as refused:
        await provider.read(token, utcnow())
    assert token not in refused.value.message
    return refused.value.message


@pytest.mark.filterwarnings("ignore:EdDSA")  # its name, where the curve is meant
async def test_a_good_token_says_who_until_when_and_within_which_scopes(identity: IdentityProvider) -> None:
    provider = identity.provider()
    for kid, algorithm in (("a", "RS256"), ("e", "EdDSA"), ("e", "Ed25519"), ("c", "ES256")):
        token = identity.token(kid, algorithm, aud=["other", AUDIENCE], scope="openid bellwether:read")
        found = await provider.read(token, utcnow())
        assert (found.user, found.tenant) == ("ada@example.com", "north")
        assert found.scopes == frozenset({Scope.READ})
        assert await provider.read(token, utcnow()) == found
        assert timedelta(minutes=9) < found.good_until - utcnow() <= timedelta(minutes=10)
    assert (await provider.read(identity.token(scope="openid"), utcnow())).scopes is None
    assert (await provider.read(identity.token(scope=["bellwether:admin"]), utcnow())).scopes == frozenset()
    assert len(identity.asked) == 2
    named = identity.provider(user_claim="upn", tenant="south")
    found = await named.read(identity.token(upn="usr_1", email_verified=False), utcnow())
    assert (found.user, found.tenant) == ("usr_1", "south")


async def test_no_other_token_lets_anybody_in(identity: IdentityProvider) -> None:
    provider, seconds = identity.provider(), int(utcnow().timestamp())
    head, body, signature = identity.token().split(".")
    none = _encoded(json.dumps({"alg": "none", "kid": "a"}).encode())
    identity.extra = [{**OctKey.generate_key(256).as_dict(), "kid": "s"}, {"kty": "RSA"}, {}]
    for token, why in (
        (identity.token(iss="https://login.example.com"), "another issuer"),
        (identity.token(aud="another"), "another audience"),
        (identity.token(aud=None), "another audience"),
        (identity.token(aud={AUDIENCE: 1}), "another audience"),
        (identity.token(sub=None), "no subject"),
        (identity.token(exp=seconds - 31), "has expired"),
        (identity.token(exp=None), "until when"),
        (identity.token(exp=str(seconds + 600)), "malformed|until when"),
        (identity.token(nbf=seconds + 60), "not good yet"),
        (identity.token(email=None), "names no user"),
        (identity.token(email_verified=False), "not verified"),
        (identity.token(tenant=" "), "names no tenant"),
        (identity.token(key=OTHER), "not signed by its issuer"),
        (identity.token("a", "ES256", CURVE), "not signed by its issuer"),
        (confused(RSA), "allowed way"),
        (identity.token("s", "HS256", OctKey.generate_key(256)), "allowed way"),
        (identity.token("a", "RS512"), "allowed way"),
        (identity.token(None, key=RSA), "does not show"),
        (f"{none}.{body}.", "allowed way"),
        (f"{none}.{body}.{signature}", "allowed way"),
        (f"{head}.{body}.", "malformed"),
        (f"{head}.{body}", "malformed"),
        ("abc", "malformed"),
        ("é.é.é", "malformed"),
        (f"{head}.{body}.{'A' * 20_000}", "malformed"),
    ):
        found = await refusal(provider, token)
        assert re.search(why, found), (why, found)
    await provider.read(identity.token(exp=seconds - 20), utcnow())  # clocks differ a little
    assert await refusal(identity.provider(algorithms=("EdDSA",)), identity.token())


async def test_keys_rotate_one_fetch_at_a_time_and_stay_good_while_the_provider_is_away(
    identity: IdentityProvider,
) -> None:
    provider = identity.provider()
    old = identity.token()
    await asyncio.gather(*(provider.read(old, utcnow()) for _ in range(5)))
    assert len(identity.asked) == 2
    new = identity.token("b", key=OTHER)
    assert "does not show" in await refusal(provider, new)
    assert len(identity.asked) == 2  # they were fetched just now
    identity.keys = {"b": OTHER}
    identity.now += jwks.PATIENCE
    await provider.read(old, utcnow())
    await asyncio.gather(*(provider.read(new, utcnow()) for _ in range(5)))
    assert len(identity.asked) == 4
    assert "does not show" in await refusal(provider, old)  # though it was verified before
    identity.is_away = True
    for _ in range(3):
        identity.now += jwks.FRESH
        await provider.read(new, utcnow())
        await provider.read(new, utcnow())
    assert len(identity.asked) == 7
    identity.is_away, identity.keys = False, {"": OTHER}
    identity.now += jwks.PATIENCE
    await provider.read(identity.token(None, key=OTHER), utcnow())  # a single key needs no name
    assert "does not show" in await refusal(provider, new)


async def test_a_provider_that_cannot_be_trusted_or_reached_lets_nobody_in(
    identity: IdentityProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider, told = identity.provider(), dict(identity.told)

    async def unavailable() -> None:
        identity.now += jwks.HASTE
        before = len(identity.asked)
        for _ in range(2):
            with pytest.raises(Unavailable):
                await provider.read(identity.token(), utcnow())
        assert len(identity.asked) - before in (1, 2)

    identity.is_away = True
    await unavailable()
    identity.is_away = False
    for wrong in (
        {"issuer": f"{ISSUER}/"},
        {"jwks_uri": "http://keys.example.com/jwks"},
        {"jwks_uri": "http://localhost.example.com/jwks"},
        {"jwks_uri": None},
        {"jwks_uri": "https://"},
        {"padding": "x" * 600_000},
    ):
        identity.told = told | wrong
        await unavailable()
    identity.told, identity.status = told, 302
    await unavailable()
    identity.status = 200
    identity.now += jwks.HASTE
    await provider.read(identity.token(), utcnow())


async def test_people_of_the_provider_come_in_and_our_own_tokens_only_by_a_secret_set_on_purpose(
    db: str, identity: IdentityProvider
) -> None:
    tenant = await factories.tenant(slug="north")
    ada = await factories.user(tenant, Role.DIRECTOR, email="ada@example.com")
    stranger = await factories.user(await factories.tenant(slug="south"), email="eve@example.com")
    ours = tokens.issue(ada, 1, CONFIG.secret)
    expected: dict[str, tuple[str, int]] = {
        identity.token(): (ada.id, 200),
        identity.token(email="ADA@example.com", tenant=tenant.id): (ada.id, 200),
        identity.token(email=stranger.email): ("", 401),
        identity.token(tenant="nowhere"): ("", 401),
        confused(RSA): ("", 401),
        identity.token("a", "HS256", OctKey.import_key(CONFIG.secret), iss="bellwether", sub=ada.id): (
            "",
            401,
        ),
    }
    for config, is_taken in ((CONFIG, True), (CONFIG.model_copy(update={"secret": ""}), False)):
        app = application(config=config, provider=identity.provider())
        actors.forget()
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://b") as client:
            for token, (who, status) in (
                expected | {ours: (ada.id if is_taken else "", 200 if is_taken else 401)}
            ).items():
                headers = {"Authorization": f"Bearer {token}"}
                response = await client.post("/graphql", json={"query": "{ me { id } }"}, headers=headers)
                assert (response.status_code, who in response.text, token in response.text) == (
                    status,
                    True,
                    False,
                )


def test_an_identity_provider_is_named_with_all_that_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BELLWETHER_OIDC_ISSUER", ISSUER)
    for name, value in (
        ("OIDC_AUDIENCE", ""),
        ("OIDC_ISSUER", "http://login.example.com"),
        ("OIDC_ALGORITHMS", "RS256,HS256"),
        ("OIDC_ALGORITHMS", "none"),
        ("OIDC_ALGORITHMS", ""),
        ("OIDC_USER_CLAIM", ""),
    ):
        with monkeypatch.context() as patched:
            patched.setenv("BELLWETHER_OIDC_AUDIENCE", AUDIENCE)
            patched.setenv(f"BELLWETHER_{name}", value)
            settings.cache_clear()
            with pytest.raises(Invalid) as refused:
                settings()
            assert refused.value.path == (f"BELLWETHER_{name}",)
    settings.cache_clear()
    assert Settings(oidc_issuer="http://localhost:8080/realms/x", oidc_audience="a").algorithms == [
        "RS256",
        "EdDSA",
    ]

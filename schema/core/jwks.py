"""The public keys of an identity provider: found by OpenID discovery, kept, fetched anew as they rotate."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import httpx
import orjson
import structlog
from joserfc.errors import JoseError
from joserfc.jwk import Key, import_key

from models.errors import Unauthenticated, Unavailable

log = structlog.get_logger("bellwether.oidc")

DISCOVERY = "/.well-known/openid-configuration"
#: Seconds that keys are taken as they are; between two fetches, with keys and without; and of a fetch.
FRESH, PATIENCE, HASTE, LONGEST = 3600.0, 30.0, 1.0, 5.0
#: Bytes of an answer.
LARGEST = 512_000
#: A key that is shared could not be public.
_PUBLIC = frozenset({"RSA", "EC", "OKP"})
_SAFE = re.compile(r"https://|http://(localhost|127\.0\.0\.1|\[::1\])(:[0-9]+)?(/|$)")


@dataclass(frozen=True)
class _Keys:
    """The keys of one fetch, with their ids, where they have one."""

    text: bytes
    all: tuple[tuple[str | None, Key], ...]

    def of(self, kid: str | None) -> Key | None:
        """The key of an id; without an id, the only key."""
        found = [key for its, key in self.all if kid is None or its == kid]
        return found[0] if len(found) == 1 else None


class Keyring:
    """The keys of one issuer.

    There is one fetch at a time, for which others wait that need it. While the provider cannot be reached,
    the keys at hand stay good.
    """

    def __init__(
        self,
        issuer: str,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.issuer = issuer
        self._transport = transport
        self._clock = clock
        self._lock = asyncio.Lock()
        self._keys: _Keys | None = None
        self._fetched = self._tried = float("-inf")
        #: Grows when the keys are others: what was verified by them before is not good any more.
        self.generation = 0

    async def freshen(self) -> None:
        """Fetch keys where there are none or old ones; whoever has old ones does not wait for somebody else.

        Raises:
            Unavailable: there are none, and the provider cannot be reached.
        """
        is_old = self._clock() >= self._fetched + FRESH
        if self._keys is None or (is_old and not self._lock.locked()):
            await self._fetch()
        if self._keys is None:
            raise Unavailable("the identity provider cannot be reached; try again later")

    async def find(self, kid: str | None) -> Key:
        """The key of an id, or the only one where a token names none; for one unheard of, they are fetched.

        Raises:
            Unauthenticated: there is none.
            Unavailable: there are no keys at all, and the provider cannot be reached.
        """
        await self.freshen()
        key = self._of(kid)
        if key is None:
            await self._fetch()
            key = self._of(kid)
        if key is None:
            raise Unauthenticated("the token is signed by a key that its issuer does not show")
        return key

    def _of(self, kid: str | None) -> Key | None:
        return self._keys.of(kid) if self._keys else None

    async def _fetch(self) -> None:
        """Fetch the keys, unless that was tried a moment ago."""
        async with self._lock:
            if self._clock() < self._tried + (PATIENCE if self._keys else HASTE):
                return
            try:
                found = await self._shown()
            except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
                log.warning("keys not fetched", issuer=self.issuer, reason=str(error) or type(error).__name__)
            else:
                self.generation += self._keys is None or found.text != self._keys.text
                self._keys, self._fetched = found, self._clock()
            self._tried = self._clock()

    async def _shown(self) -> _Keys:
        """The keys that the issuer shows now."""
        async with asyncio.timeout(LONGEST), self._client() as client:
            told = _object(await _body(client, self.issuer.rstrip("/") + DISCOVERY))
            if told.get("issuer") != self.issuer:
                raise ValueError("the discovery document is another issuer's")
            address = told.get("jwks_uri")
            if not isinstance(address, str) or not _SAFE.match(address):
                raise ValueError("jwks_uri is no https address")
            text = await _body(client, address)
        return _Keys(text, tuple(_public(_object(text).get("keys"))))

    def _client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=self._transport, timeout=LONGEST, follow_redirects=False)


async def _body(client: httpx.AsyncClient, address: str) -> bytes:
    """What is at an address; anything but a plain answer of a moderate size is an error."""
    async with client.stream("GET", address, headers={"Accept": "application/json"}) as response:
        if response.status_code != 200:
            raise ValueError(f"{address} answers with status {response.status_code}")
        body = b""
        async for part in response.aiter_bytes():
            body += part
            if len(body) > LARGEST:
                raise ValueError(f"{address} answers with more than {LARGEST:,} bytes")
        return body


def _object(text: bytes) -> Mapping[str, object]:
    found = orjson.loads(text)
    if not isinstance(found, dict):
        raise ValueError("the answer is no JSON object")
    return found


def _public(shown: object) -> Iterator[tuple[str | None, Key]]:
    """Those keys among what is shown that signatures can be checked by; others are nothing to us."""
    for each in shown if isinstance(shown, list) else ():
        if not isinstance(each, dict) or each.get("kty") not in _PUBLIC or each.get("use", "sig") != "sig":
            continue
        try:
            yield each.get("kid"), import_key(each)
        except (JoseError, ValueError, TypeError, KeyError) as error:
            log.warning("key not understood", kid=each.get("kid"), reason=str(error))

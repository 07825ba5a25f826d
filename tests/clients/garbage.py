"""Requests that are none, sent byte by byte: each is refused with a code or cut off, never with a 5xx."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from random import Random

from benchmarks.serving import Serving
from tests.clients.cases import BUG, DOCUMENTED
from tests.clients.malformed import AROUND, BODIES, FORM
from tests.clients.report import Failed
from tests.clients.wire import NOT_HTTP, Response, exchange, request
from tests.clients.world import World

#: A request that is good before some of its bytes are changed.
GOOD = {"query": "query Q($n: Int) { accounts(first: $n) { nodes { id name } } }", "variables": {"n": 2}}
#: At the same time: some requests wait for what never comes.
CONNECTIONS = 16


def check(server: Serving, world: World, changed: int, seed: int) -> list[str]:
    """Send all of that, and so many good requests with some bytes changed; say how many it were.

    Raises:
        Failed: something was not refused as it should be.
    """
    token = f"Authorization: Bearer {world.tokens['director']}"
    wrong = [*(request(body, FORM, *who) for who in ((token,), ()) for body in BODIES), *AROUND]
    odd = list(_changed(request(json.dumps(GOOD).encode(), token), changed, Random(seed)))
    with ThreadPoolExecutor(CONNECTIONS) as senders:
        told = [*senders.map(partial(_complaint, server, refused=True), wrong)]
        told += senders.map(partial(_complaint, server, refused=False), odd)
    complaints = [complaint for complaint in told if complaint]
    (sound,) = exchange(server.address, request(json.dumps(GOOD).encode(), token))
    if complaints or sound.codes() or sound.status != 200:
        raise Failed("\n\n".join([f"{len(complaints)} malformed requests", *complaints, str(sound)]))
    return [f"{len(wrong) + len(odd):,} malformed requests refused"]


def _changed(good: bytes, number: int, random: Random) -> Iterator[bytes]:
    """So many requests of which some bytes are others, missing, or there twice."""
    for _ in range(number):
        sent = bytearray(good)
        for _ in range(random.choice((1, 1, 2, 5))):
            at, kind = random.randrange(len(sent)), random.randrange(4)
            if kind == 0:
                sent[at] = random.randrange(256)
            elif kind == 1:
                del sent[at : at + random.choice((1, 1, 20))]
            else:
                sent[at:at] = random.choice(
                    (bytes([random.randrange(256)]), sent[at : at + 20], b"\r\n", b'"')
                )
        yield bytes(sent)


def _complaint(server: Serving, sent: bytes, *, refused: bool) -> str | None:
    """What is wrong with the answer to these bytes; with ``refused`` no answer may be a good one."""
    try:
        answers = exchange(server.address, sent)
    except (TimeoutError, ValueError, IndexError) as error:
        return f"{sent[:300]!r}\n{error!r}"
    wrong = [answer for answer in answers if not _is_sound(answer, refused)]
    return f"{sent[:300]!r}\n{wrong[0].status} {wrong[0].kind} {wrong[0].body[:300]!r}" if wrong else None


def _is_sound(answer: Response, refused: bool) -> bool:
    if answer.body == NOT_HTTP:
        return answer.status == 400
    codes = answer.codes()
    if answer.status == 200 and not refused:
        return BUG not in codes
    return 400 <= answer.status < 500 and bool(codes) and DOCUMENTED.issuperset(codes)

"""A client that costs little: requests that are ready bytes, over connections that are kept open.

It runs in a process of its own, reads what to do as JSON from standard input, and prints what it measured.
"""

from __future__ import annotations

import asyncio
import itertools
import math
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import cast
from urllib.parse import urlsplit

import orjson
import uvloop

#: Where in an answer errors stand, at its beginning or at its end.
_EDGE = 400


@dataclass(frozen=True)
class Measured:
    """What a client saw; the bytes of an answer are the mean, without its head.

    ``client_busy`` is the share of a processor that the client itself took: near 1, it was what was measured.
    """

    requests: int
    requests_per_second: float
    p50_milliseconds: float
    p99_milliseconds: float
    bytes_per_answer: float
    client_busy: float


def measure(
    address: str, requests: Sequence[bytes], connections: int, *, seconds: float = 0, count: int = 0
) -> Measured:
    """Send the requests in turn for some seconds, or so many of them, from a process of its own.

    Raises:
        CalledProcessError: an answer was none, or told of errors.
    """
    job = {
        "address": address,
        "requests": [each.decode() for each in requests],
        "connections": connections,
        "seconds": seconds,
        "count": count,
    }
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.reading.client"],
        input=orjson.dumps(job),
        check=True,
        stdout=subprocess.PIPE,
    )
    return Measured(**orjson.loads(done.stdout))


@dataclass
class _Run:
    """What is still to be sent, and what came back."""

    requests: Iterator[bytes]
    seconds: float
    count: int
    began: float = 0
    busy: float = 0
    ended: float = 0
    sent: int = 0
    received: int = 0
    times: list[float] = field(default_factory=list)
    failure: str = ""

    def next(self) -> bytes | None:
        """The next request; None when there is none, or something failed."""
        through = self.sent >= self.count if self.count else time.perf_counter() - self.began >= self.seconds
        if through or self.failure:
            return None
        self.sent += 1
        return next(self.requests)

    def answered(self, began: float, head: bytes, body: bytearray) -> None:
        """Note an answer."""
        self.ended = time.perf_counter()
        self.times.append(self.ended - began)
        self.received += len(body)
        edges = body[:_EDGE] + body[-_EDGE:]
        if not head.startswith(b"HTTP/1.1 200 ") or b'"errors":' in edges:
            self.failure = f"{head.decode()} {edges.decode(errors='replace')}"

    def told(self) -> Measured:
        """What was measured."""
        times, seconds = sorted(self.times), self.ended - self.began
        return Measured(
            requests=len(times),
            requests_per_second=len(times) / seconds,
            p50_milliseconds=_percentile(times, 0.5) * 1000,
            p99_milliseconds=_percentile(times, 0.99) * 1000,
            bytes_per_answer=self.received / len(times),
            client_busy=self.busy / seconds,
        )


def _percentile(times: Sequence[float], share: float) -> float:
    return times[math.ceil(len(times) * share) - 1]


class _Connection(asyncio.Protocol):
    """Sends a request whenever the one before is answered."""

    def __init__(self, run: _Run) -> None:
        self.run = run
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.received = bytearray()
        self.head = b""
        self.length = 0
        self.began = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's is none by its class

    def send(self) -> None:
        """Send the next request, or end."""
        request = self.run.next()
        if request is None:
            self.over.set_result(None)
            return
        self.began = time.perf_counter()
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        self.received += data
        if not self.head:
            end = self.received.find(b"\r\n\r\n")
            if end < 0:
                return
            self.head = bytes(self.received[:end])
            self.length = _length(self.head)
            del self.received[: end + 4]
        if len(self.received) >= self.length:
            self.run.answered(self.began, self.head, self.received)
            self.received, self.head = bytearray(), b""
            self.send()

    def connection_lost(self, _error: Exception | None) -> None:
        if not self.over.done():
            self.run.failure = "the server closed a connection"
            self.over.set_result(None)


def _length(head: bytes) -> int:
    """How long the body is; ValueError where the head does not say it."""
    _, _, after = head.lower().partition(b"content-length:")
    return int(after.split(b"\r\n", 1)[0])


async def _client(run: _Run, address: str, connections: int) -> None:
    loop, at = asyncio.get_running_loop(), urlsplit(address)
    assert at.hostname and at.port
    made = [
        (await loop.create_connection(lambda: _Connection(run), at.hostname, at.port))[1]
        for _ in range(connections)
    ]
    run.began, before = time.perf_counter(), time.process_time()
    for connection in made:
        connection.send()
    await asyncio.gather(*(connection.over for connection in made))
    run.busy = time.process_time() - before


def main() -> None:
    """Do what standard input says."""
    job = orjson.loads(sys.stdin.buffer.read())
    requests = itertools.cycle([each.encode() for each in job["requests"]])
    run = _Run(requests, job["seconds"], job["count"])
    uvloop.run(_client(run, job["address"], job["connections"]))
    if run.failure:
        raise SystemExit(run.failure)
    print(orjson.dumps(run.told()).decode())


if __name__ == "__main__":
    main()

"""HTTP as bytes on a socket: what is sent may be as wrong as can be, and all that comes back is read."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

#: Seconds after which nothing more is expected, and within which the server must let go of who has left.
QUIET, SECONDS = 2, 10
#: What the server says by itself to whoever does not speak HTTP, and then hangs up.
NOT_HTTP = b"Invalid HTTP request received."


@dataclass(frozen=True)
class Response:
    """One response: its status, the type of its body and the body."""

    status: int
    kind: str
    body: bytes

    def codes(self) -> list[str]:
        """The codes of the errors that it tells; none where it is not of GraphQL's form."""
        try:
            return [
                error["extensions"]["code"] for error in json.loads(self.body)["errors"] if error["message"]
            ]
        except (ValueError, KeyError, TypeError):
            return []


def exchange(address: str, sent: bytes) -> list[Response]:
    """What comes back for these bytes until the server hangs up; when it waits for more, the client does.

    Raises:
        TimeoutError: it does not hang up then.
    """
    url = urlsplit(address)
    received = b""
    with socket.create_connection((url.hostname, url.port), QUIET) as connection:
        try:
            connection.sendall(sent)
            while part := _read(connection):
                received += part
        except (BrokenPipeError, ConnectionResetError):
            pass  # it has hung up before all was sent or read
    return list(_responses(received))


def _read(connection: socket.socket) -> bytes:
    try:
        return connection.recv(65_536)
    except TimeoutError:
        connection.settimeout(SECONDS)
        connection.shutdown(socket.SHUT_WR)
        return connection.recv(65_536)


def _responses(received: bytes) -> Iterator[Response]:
    while received:
        head, _, rest = received.partition(b"\r\n\r\n")
        status = int(head.split(b" ", 2)[1])
        headers = dict(re.findall(r"^([\w-]+): *(.*?)\r?$", head.decode("latin-1").lower(), re.MULTILINE))
        length = int(headers.get("content-length", len(rest)))
        yield Response(status, headers.get("content-type", ""), rest[:length])
        received = rest[length:]


def request(
    body: bytes | None = b"", *headers: str, line: str = "POST /graphql HTTP/1.1", length: str | None = ""
) -> bytes:
    """A request with a body of JSON; ``length`` is what it says of it, None for nothing."""
    said = [line, "Host: bellwether", "Connection: close", *headers]
    if not any(header.lower().startswith("content-type") for header in headers):
        said.append("Content-Type: application/json")
    if length is not None:
        said.append(f"Content-Length: {length or len(body or b'')}")
    return "\r\n".join([*said, "", ""]).encode("latin-1") + (body or b"")

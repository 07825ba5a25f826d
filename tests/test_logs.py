"""Log lines: one JSON object each, whoever writes them, and nothing in them of what was sent."""

from __future__ import annotations

import asyncio
import gc
import io
import json
import logging
import sys
import warnings
from collections.abc import Iterator

import pytest
import structlog
from opentelemetry.sdk.trace import TracerProvider

from commands import people
from models import tracing
from models.access import Tenant, User
from schema.core import entrance
from schema.core.logs import configure_logging
from tests import factories
from tests.door import Door, door

#: What is sent in every place; all of it has this in it.
PRIVATE = "private"
KEY = f"bw_live_{PRIVATE}0123456789abcdef"
BODIES = (
    '{"query": "{ accounts(filter: {name: {contains: \\"PRIVATE\\"}}) { totalCount } }"}',
    '{"query": "query ($n: String) { accounts(filter: {name: {eq: $n}}) { nodes { PRIVATE: name } } }",'
    ' "variables": {"n": "PRIVATE"}}',
    '{"query": "{ PRIVATE }", "variables": {"a": "PRIVATE"}}',
    '{"query": "{ node(id: \\"PRIVATE\\") { id } }", "operationName": "PRIVATE"}',
    '{"query": "PRIVATE", "extensions": {"persistedQuery": {"version": 1, "sha256Hash": "PRIVATE"}}}',
    '{"documentId": "PRIVATE"}',
    '{"PRIVATE": ',
    '"PRIVATE"',
    "\xffPRIVATE",
)
ADDRESSES = (f"/{PRIVATE}@example.com", f"/graphql?query={{me{{{PRIVATE}}}}}&token={KEY}", f"/graphql/{KEY}")


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """Everything that is logged, as a server at DEBUG writes it to standard error."""
    root, before, configure = logging.getLogger(), structlog.get_config(), structlog.configure
    handlers, level = root.handlers[:], root.level
    monkeypatch.setattr(logging.getLogger("httpx"), "disabled", True)  # the test's own
    monkeypatch.setattr(sys, "stderr", found := io.StringIO())
    monkeypatch.setattr(
        structlog, "configure", lambda **given: configure(**given | {"cache_logger_on_first_use": False})
    )
    configure_logging("DEBUG")
    tracing.send_to(TracerProvider())
    yield found
    tracing.send_to(None)
    logging.captureWarnings(False)
    root.handlers[:] = handlers
    root.setLevel(level)
    configure(**before)


@pytest.fixture
async def ada(db: str) -> User:
    return await factories.user(
        await factories.tenant(), name=f"Ada {PRIVATE}", email=f"ada@{PRIVATE}.example"
    )


async def send_everywhere(client: Door) -> None:
    headers = {"Content-Type": "application/json", "X-API-Key": KEY, "Cookie": f"session={KEY}"}
    for body in (body.replace("PRIVATE", PRIVATE).encode("latin-1") for body in BODIES):
        for accepted in ("*/*", "application/graphql-response+json"):
            sent = {**headers, "Accept": accepted, "X-Request-ID": f"{PRIVATE} {KEY}"}
            await client.client.post("/graphql", content=body, headers=sent)
    for address in ADDRESSES:
        await client.client.get(address, headers=headers)
    await client.client.post("/graphql", json={}, headers={"Authorization": f"Bearer {KEY}"})
    await client.client.request(KEY, "/graphql")


async def lose_a_task() -> None:
    """A task that fails without anybody who looks; Python's garbage collection says so."""

    async def failing() -> None:
        raise ValueError(PRIVATE)

    task = asyncio.create_task(failing())
    await asyncio.sleep(0)
    del task
    gc.collect()


async def test_nothing_that_is_sent_is_logged_not_even_at_debug(
    ada: User, written: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = await factories.account(ada, name=PRIVATE)
    contact = {"accountId": account.id, "name": PRIVATE, "email": f"kim@{PRIVATE}.example"}
    async with door(ada) as client:
        await client.do("createContact", "contact { id }", contact)
        await client.do("createContact", "contact { id }", {**contact, "name": f"{PRIVATE * 40}"})
        await send_everywhere(client)

        async def broken(*_args: object, **_values: object) -> None:
            await factories.user(await Tenant.get(id=ada.tenant_id), email=ada.email)

        monkeypatch.setattr(people, "create", broken)
        failed = await client.answer(
            "mutation M($input: CreateContactInput!) { createContact(input: $input) { errors { code } } }",
            {"input": contact},
        )
        monkeypatch.setattr(entrance, "remembered", broken)
        assert (await client.post("{ me { name } }")).status_code == 500
    await lose_a_task()
    logging.getLogger("uvicorn.error").info('%s - "WebSocket %s" [accepted]', "::1", f"/graphql?t={KEY}")
    logging.getLogger("uvicorn.error").info("Application startup complete.")
    warnings.warn("something is deprecated", stacklevel=1)
    text = written.getvalue()
    lines = [json.loads(line) for line in text.splitlines()]
    assert PRIVATE not in text
    assert failed["errors"]
    told = {line["event"] for line in lines}
    assert {"request", "internal error", "failed", "Application startup complete."} <= told
    assert "Task exception was never retrieved" in told
    bug = next(line for line in lines if line["event"] == "internal error")
    assert bug["field"] == "createContact"
    assert "Error" in bug["exception"].splitlines()[-1]
    assert "in broken\n    await factories.user(" in bug["exception"]
    about = [line for line in lines if line["event"] == "request"]
    assert len(about) == 2 * len(BODIES) + len(ADDRESSES) + 6
    assert all(line["request_id"] and line["trace_id"] and line["level"] == "info" for line in about)
    assert bug["trace_id"] in {line["trace_id"] for line in about if line["request_id"] == bug["request_id"]}
    assert {line["route"] for line in about} == {"/graphql", "other"}
    assert {line["method"] for line in about} == {"GET", "POST", "other"}
    codes = [line.get("codes") for line in about if line.get("kind") == "mutation"]
    assert codes == [None, ["INVALID"], ["INTERNAL"]]

"""What scanners of GraphQL servers try, in one table: each probe is refused, or shows nothing that helps.

The limits themselves are tested beside their modules; here each comes through the door as a scanner sends it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

import httpx
import pytest

from schema.core import media
from tests import factories
from tests.door import CONFIG, door

LIMIT, WRONG, BAD = "LIMIT_EXCEEDED", "GRAPHQL_INVALID", "BAD_REQUEST"
PRODUCTION = CONFIG.model_copy(update={"production": True})
#: What no answer shows: how the server is made, where it lies, and what it is asked with.
LEAKS = (
    "Traceback", ".py", "site-packages", "sqlite", "asyncpg", "select ", "exception", "tracing", "ftv1",
)  # fmt: skip
WRITE = "mutation { setArbitrationLimits(input: {}) { errors { code } } }"
DEEP = "{ __schema { types " + "{ fields { type " * 5 + "{ name }" + "} }" * 5 + " } }"
FILTERED = "query ($f: AccountFilter) { accounts(filter: $f) { totalCount } }"
PAGES = "{ accounts(first: 200) { nodes { deals(first: 200) { nodes { lines { id } } } } } }"
INJECTED = """{ accounts(filter: {name: {contains: "' or 1=1; drop table account --"}}) { totalCount } }"""
UPLOAD = b'--a\r\nContent-Disposition: form-data; name="operations"\r\n\r\n{}\r\n--a--'
UNSIGNED = "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJ1c3JfMSJ9."


@dataclass(frozen=True)
class Probe:
    """A request, and the status and code that answer it; no code where it is answered with data."""

    status: int
    code: str | None
    query: str = "{ __typename }"
    variables: Mapping[str, object] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    by_url: bool = False
    raw: bytes | None = None

    async def send(self, client: httpx.AsyncClient) -> httpx.Response:
        """The answer to it."""
        headers = {"Accept": media.GRAPHQL, "Content-Type": media.JSON, **self.headers}
        if self.by_url:
            return await client.get("/graphql", params={"query": self.query}, headers=headers)
        content = self.raw or json.dumps({"query": self.query, "variables": self.variables}).encode()
        return await client.post("/graphql", content=content, headers=headers)


def _each(count: int, text: str, between: str = " ") -> str:
    """So many of a text, each with its number where the text has a #."""
    return between.join(text.replace("#", str(number)) for number in range(count))


FORM = {"Content-Type": "application/x-www-form-urlencoded"}
TEXT = {"Content-Type": "text/plain"}
PARTS = {"Content-Type": "multipart/form-data; boundary=a"}
TRACED = {"X-Apollo-Tracing": "1", "apollo-federation-include-trace": "ftv1", "X-Debug": "1"}
#: In development and in production alike.
PROBES = {
    "aliases": Probe(400, LIMIT, f"{{ {_each(101, 'a#: __typename')} }}"),
    "aliases of a mutation": Probe(400, LIMIT, f"mutation {{ {_each(50, 'a#: ' + WRITE[11:-2])} }}"),
    "fields again and again": Probe(400, LIMIT, f"{{ {_each(500, '__typename')} }}"),
    "fields again in fragments": Probe(
        400, LIMIT, f"{{ ...F }} fragment F on Query {{ {_each(400, 'me { id }')} }}"
    ),
    "directives": Probe(400, LIMIT, f"{{ __typename {_each(100, '@aa')} }}"),
    "a directive twice": Probe(400, WRONG, f"{{ __typename {_each(2, '@include(if: true)')} }}"),
    "circular fragments": Probe(
        400, WRONG, "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }"
    ),
    "deep fields": Probe(400, LIMIT, "{ accounts { nodes " + "{ parent " * 20 + "{ id }" + "}" * 22),
    "deep brackets": Probe(400, LIMIT, "{ a(b: " + "[" * 5_000 + "]" * 5_000 + ") }"),
    "deep values": Probe(400, WRONG, FILTERED, {"f": json.loads('{"not":' * 400 + "{}" + "}" * 400)}),
    "deep introspection": Probe(400, WRONG, DEEP),
    "pages in pages": Probe(400, LIMIT, PAGES),
    "long arguments": Probe(400, WRONG, f"{{ accounts({_each(900, 'a#: #')}) {{ totalCount }} }}"),
    "endless arguments": Probe(400, LIMIT, f"{{ accounts({_each(9_000, 'a#: #')}) {{ totalCount }} }}"),
    "a long list": Probe(200, "INVALID", FILTERED, {"f": {"id": {"in": ["acc_0"] * 9_000}}}),
    "a flood of values": Probe(400, LIMIT, FILTERED, {"f": {"or": [{}] * 60_000}}),
    "many ids": Probe(
        200, "INVALID", "query ($i: [ID!]!) { nodes(ids: $i) { id } }", {"i": ["acc_0"] * 9_000}
    ),
    "many variables": Probe(400, LIMIT, f"query ({_each(2_000, '$a#: Int')}) {{ __typename }}"),
    "many operations": Probe(400, BAD, _each(200, "query Q# { __typename }")),
    "a batch": Probe(400, BAD, raw=json.dumps([{"query": "{ __typename }"}] * 10).encode()),
    "a query by url": Probe(200, None, by_url=True),
    "a mutation by url": Probe(405, "METHOD_NOT_ALLOWED", WRITE, by_url=True),
    "a form": Probe(415, BAD, headers=FORM, raw=b"query=" + WRITE.encode()),
    "JSON as a form": Probe(415, BAD, WRITE, headers=FORM),
    "JSON as text": Probe(415, BAD, WRITE, headers=TEXT),
    "an upload": Probe(415, BAD, headers=PARTS, raw=UPLOAD),
    "tracing": Probe(200, None, headers=TRACED),
    "a syntax error, debugged": Probe(400, WRONG, "query { system", headers=TRACED),
    "an error inside": Probe(
        200, "INVALID_CURSOR", '{ accounts(after: "x") { id: totalCount } }', headers=TRACED
    ),
    "text for SQL": Probe(200, None, INJECTED),
    "a token without a signature": Probe(401, "UNAUTHENTICATED", headers={"Authorization": UNSIGNED}),
}
#: What a server in production refuses, and one in development answers with data.
FOR_DEVELOPERS = {
    "introspection": Probe(400, WRONG, "{ __schema { queryType { name } } }"),
    "introspection of a type": Probe(400, WRONG, '{ __type(name: "Query") { name } }'),
}
MISSPELT = Probe(400, WRONG, "{ acounts { totalCount } }")


def _told(answer: httpx.Response) -> tuple[int, str | None]:
    errors = answer.json().get("errors") or [{"extensions": {"code": None}}]
    return answer.status_code, errors[0]["extensions"]["code"]


async def test_each_probe_is_answered_as_it_should_be_and_shows_nothing(db: str) -> None:
    user = await factories.user(await factories.tenant())
    async with door(user) as developing, door(user, config=PRODUCTION) as producing:
        for client in (developing.client, producing.client):
            for name, probe in PROBES.items():
                answer = await probe.send(client)
                assert _told(answer) == (probe.status, probe.code), (name, answer.text[:300])
                assert not [leak for leak in LEAKS if leak in answer.text], (name, answer.text[:300])
        for name, probe in FOR_DEVELOPERS.items():
            assert _told(await probe.send(producing.client)) == (probe.status, probe.code), name
            assert _told(await probe.send(developing.client)) == (200, None), name
        shown = [(await MISSPELT.send(each.client)).text for each in (developing, producing)]
    assert ["accounts" in text for text in shown] == [True, False]


async def test_a_bug_is_told_by_the_number_of_its_request_alone(
    db: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_args: object) -> None:
        raise RuntimeError("password=hunter2 at /srv/secret.py")

    user = await factories.user(await factories.tenant())
    async with door(user) as client:
        for place in ("schema.core.credentials.Credentials.of", "schema.core.plans.reads.Reads.fields"):
            with monkeypatch.context() as patched:
                patched.setattr(place, broken)
                answer = await Probe(500, "INTERNAL", "{ me { id } }").send(client.client)
            assert _told(answer) == (500, "INTERNAL"), place
            assert "hunter2" not in answer.text
            assert "secret" not in answer.text
            assert answer.headers["x-request-id"] in answer.text

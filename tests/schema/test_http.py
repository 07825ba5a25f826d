"""GraphQL over HTTP: forms, methods, batches, documents known by a hash, points, and what is hidden."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import httpx
import orjson
import pytest
import structlog

from models.access import Tenant, User
from models.database import is_sqlite
from models.errors import Invalid
from schema.core import media
from schema.core.budget import Budget
from schema.core.persisted import trusted_documents
from schema.core.plans.reads import Reads
from settings import Settings
from tests import factories
from tests.door import CONFIG, Door, door

WHO = "query Who { me { name } }"
GRAPHQL = {"Accept": media.GRAPHQL}
KNOWN = hashlib.sha256(WHO.encode()).hexdigest()
WRITE = "mutation { __typename }"


@pytest.fixture
async def ada(db: str) -> User:
    return await factories.user(await factories.tenant(), name="Ada")


def changed(**settings: object) -> Settings:
    return CONFIG.model_copy(update=settings)


async def post(client: Door, body: object, headers: Mapping[str, str] = GRAPHQL) -> httpx.Response:
    return await client.client.post("/graphql", json=body, headers=dict(headers))


def code(answer: httpx.Response) -> str:
    """The code of the only error of a request of which nothing was run."""
    content = answer.json()
    assert "data" not in content
    (error,) = content["errors"]
    assert error["extensions"]["requestId"] == answer.headers["x-request-id"]
    return str(error["extensions"]["code"])


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("", media.JSON),
        ("*/*", media.JSON),
        ("application/*", media.JSON),
        (media.GRAPHQL, media.GRAPHQL),
        (f"{media.JSON};q=0.5, {media.GRAPHQL}", media.GRAPHQL),
        (f"{media.GRAPHQL}, {media.JSON};q=0.9", media.GRAPHQL),
        (f"{media.GRAPHQL};q=0.2, */*", media.JSON),
        (f"{media.JSON};q=0, */*", media.GRAPHQL),
        (f"text/html, {media.GRAPHQL}; q=0.1", media.GRAPHQL),
        (f"{media.GRAPHQL};charset=utf-8", media.GRAPHQL),
        ("text/html", None),
        (f"{media.JSON};q=nothing", None),
        (",;,", None),
    ],
)
def test_the_form_that_is_wanted_most_is_chosen(accept: str, form: str | None) -> None:
    assert media.wanted(accept) == form


async def test_each_form_tells_errors_by_its_own_statuses(ada: User) -> None:
    wrong = (
        "{",
        "{ nothing }",
        "query ($id: ID!) { account(id: $id) { id } }",
        "{ me { name } __typename @no }",
    )
    async with door(ada) as client:
        for query in wrong:
            for form, status in ((media.JSON, 200), (media.GRAPHQL, 400)):
                answer = await post(client, {"query": query}, {"Accept": form})
                assert (answer.status_code, code(answer)) == (status, "GRAPHQL_INVALID"), query
                assert answer.headers["content-type"] == f"{form}; charset=utf-8"
        missing = await post(client, {"query": '{ account(id: "acc_0") { id } }'})
        assert (missing.status_code, missing.json()["data"]) == (200, {"account": None})
        assert (await post(client, {"query": WHO}, {"Accept": "text/html"})).status_code == 406
        assert missing.headers["cache-control"] == "no-store"


async def test_queries_may_come_by_url_and_nothing_else_may(ada: User) -> None:
    asked = {"query": "query A($id: ID!) { account(id: $id) { id } } query B { me { name } }"}
    async with door(ada) as client:

        async def get(**parameters: str) -> httpx.Response:
            return await client.client.get("/graphql", params=parameters, headers=GRAPHQL)

        named = await get(**asked, operationName="B", extensions='{"a": 1}', variables="")
        assert code(named) == "BAD_REQUEST"
        named = await get(**asked, operationName="B", extensions='{"a": 1}')
        assert named.json()["data"] == {"me": {"name": "Ada"}}
        by_id = await get(**asked, operationName="A", variables='{"id": "acc_0"}')
        assert by_id.json()["data"] == {"account": None}
        for refused in (
            await get(query=WRITE),
            await get(query="query A { __typename } mutation B { __typename }", operationName="B"),
        ):
            assert (refused.status_code, code(refused)) == (405, "METHOD_NOT_ALLOWED")
            assert refused.headers["allow"] == "POST"
        for wrong in ({}, {"query": ""}, {"query": WHO, "variables": "[]"}, {"query": WHO, "variables": "{"},
                      {"query": "{ a\x00 }"}, {"query": WHO, "operationName": "Nobody"}):  # fmt: skip
            answer = await get(**wrong)
            assert (answer.status_code, code(answer)) == (400, "BAD_REQUEST"), wrong


async def test_a_page_of_another_origin_cannot_send_a_body_unasked(ada: User) -> None:
    """Bodies of types that browsers send without asking first are refused, whatever they hold."""
    body = json.dumps({"query": WRITE}).encode()
    kinds = ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "",
             "application/json; charset=utf-16", "text/plain; application/json")  # fmt: skip
    async with door(ada) as client:
        for kind in kinds:
            answer = await client.client.post("/graphql", content=body, headers={"Content-Type": kind})
            assert (answer.status_code, code(answer)) == (415, "BAD_REQUEST"), kind


async def test_a_batch_is_answered_in_order_where_batches_are_allowed_and_up_to_their_size(ada: User) -> None:
    one, wrong = {"query": WHO}, {"query": "{ nothing }"}
    async with door(ada) as client, door(ada, config=changed(max_batch=3)) as batches:
        for refused in (await post(client, [one]), await post(batches, [one] * 4), await post(batches, [])):
            assert (refused.status_code, code(refused)) == (400, "BAD_REQUEST")
        assert (await post(batches, [one, 5])).status_code == 400
        answer = await post(batches, [one, wrong, {"query": "{ me { role } }"}])
        first, second, third = answer.json()
    assert (first["data"], third["data"]) == ({"me": {"name": "Ada"}}, {"me": {"role": "DIRECTOR"}})
    assert second["errors"][0]["extensions"]["code"] == "GRAPHQL_INVALID"


async def test_a_document_is_known_by_its_hash_once_it_was_sent(ada: User) -> None:
    known = {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": KNOWN}}}
    async with door(ada, config=changed(token_hours=10 + is_sqlite())) as client:  # with documents of its own
        assert code(await post(client, known)) == "PERSISTED_QUERY_NOT_FOUND"
        assert code(await post(client, {"documentId": f"sha256:{KNOWN}"})) == "PERSISTED_QUERY_NOT_FOUND"
        for _ in range(2):
            assert (await post(client, {"query": WHO, **known})).json()["data"] == {"me": {"name": "Ada"}}
            assert (await post(client, known)).json()["data"] == {"me": {"name": "Ada"}}
        for by_id in ({"documentId": f"sha256:{KNOWN}"}, {"documentId": KNOWN}):
            assert (await post(client, by_id)).json()["data"] == {"me": {"name": "Ada"}}
        assert code(await post(client, {"query": "{ me { role } }", **known})) == "PERSISTED_QUERY_MISMATCH"
        for wrong in (
            5,
            {"version": 2, "sha256Hash": KNOWN},
            {"version": 1, "sha256Hash": 5},
            {"version": 1},
        ):
            answer = await post(client, {"query": WHO, "extensions": {"persistedQuery": wrong}})
            assert (answer.status_code, code(answer)) == (400, "BAD_REQUEST"), wrong


async def test_only_trusted_documents_are_run_where_there_are_some(ada: User, tmp_path: Path) -> None:
    manifest = tmp_path / "documents.json"
    manifest.write_bytes(
        orjson.dumps({"operations": [{"id": "who", "name": "Who", "type": "query", "body": WHO}]})
    )
    async with door(ada, config=changed(trusted_documents=manifest)) as client:
        for trusted in ({"query": WHO}, {"documentId": "who"}, {"documentId": f"sha256:{KNOWN}"},
                        {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": KNOWN}}}):  # fmt: skip
            assert (await post(client, trusted)).json()["data"] == {"me": {"name": "Ada"}}, trusted
        for other in ({"query": "{ me { name } }"}, {"query": "{ __schema { types { name } } }"},
                      {"documentId": "other"}):  # fmt: skip
            assert code(await post(client, other)) == "UNTRUSTED_DOCUMENT"


def test_manifests_of_every_maker_are_read_and_others_refused(tmp_path: Path) -> None:
    file = tmp_path / "documents.json"
    for content in ({KNOWN: WHO}, [WHO], {"a-name": WHO}, {"operations": [{"id": KNOWN, "body": WHO}]}):
        file.write_bytes(orjson.dumps(content))
        assert trusted_documents(file)[KNOWN] == WHO
    for wrong in ({"0" * 64: WHO}, {}, [], [5], {"operations": [{"id": "a"}]}, 5):
        file.write_bytes(orjson.dumps(wrong))
        with pytest.raises(Invalid):
            trusted_documents(file)
    with pytest.raises(Invalid, match="cannot be read"):
        trusted_documents(tmp_path / "missing.json")


async def test_what_an_operation_costs_and_what_is_left_is_told_until_nothing_is(ada: User) -> None:
    page = {"query": "{ accounts(first: 100) { nodes { id } } }"}
    babbage = await factories.user(await Tenant.get(id=ada.tenant_id), name="Babbage")
    config = changed(points_per_minute=250, max_cost=1000)
    async with door(ada, config=config) as client, door(babbage, config=config) as other:
        first, second, third = [await post(client, page) for _ in range(3)]
        plain = await post(client, {"query": WHO}, {"Accept": "*/*", "Accept-Encoding": "identity"})
        unmoved = await post(other, page)
        dear = await post(
            other, {"query": "{ accounts(first: 200) { nodes { deals(first: 9) { nodes { id } } } } }"}
        )
    assert [answer.json()["extensions"]["cost"] for answer in (first, second)] == [
        {"points": 100, "limit": 250, "remaining": 150, "reset": 24},
        {"points": 100, "limit": 250, "remaining": 50, "reset": 48},
    ]
    assert second.headers["ratelimit"] == '"points";r=50;t=48'
    assert second.headers["ratelimit-policy"] == '"points";q=250;w=60'
    assert (third.status_code, code(third)) == (429, "RATE_LIMITED")
    assert "costs 100 points, and 50 of 250 a minute are left" in third.json()["errors"][0]["message"]
    assert 10 <= int(third.headers["retry-after"]) <= 12
    assert plain.json()["extensions"]["cost"]["points"] == 1
    assert plain.headers["ratelimit"].startswith('"points";r=49')
    assert unmoved.status_code == 200
    assert (dear.status_code, code(dear)) == (400, "LIMIT_EXCEEDED")
    assert "maxCost: 2,000; allowed: 1,000" in dear.json()["errors"][0]["message"]


def test_points_come_back_steadily_and_strangers_do_not_take_them(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr("schema.core.budget.time.monotonic", lambda: now)
    budget = Budget(60)
    assert budget.spend("a", 60).remaining == 0
    assert budget.spend("a", 10).wait == 10
    assert budget.spend("b", 10).wait == 0
    now += 9
    assert budget.spend("a", 10).wait == 1
    now += 1
    assert (budget.spend("a", 10).wait, budget.spend("a", 1).wait) == (0, 1)


async def test_an_operation_that_takes_too_long_is_ended(ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
    async def stuck(*_args: object) -> None:
        await asyncio.sleep(60)

    monkeypatch.setattr(Reads, "fields", stuck)
    async with door(ada, config=changed(max_seconds=0.05)) as client:
        answers = [await post(client, {"query": WHO}), await post(client, {"query": WHO}, {"Accept": "*/*"})]
    for answer in answers:
        assert (answer.status_code, code(answer)) == (503, "TIMEOUT")


async def test_production_shows_neither_schema_nor_editor_nor_suggestions(ada: User) -> None:
    async with door(ada, config=changed(production=True)) as client:
        for query in ("{ __schema { types { name } } }", '{ __type(name: "User") { name } }'):
            hidden = await post(client, {"query": query})
            assert (hidden.status_code, "data" in hidden.json()) == (400, False)
        assert (await post(client, {"query": "{ me { __typename } }"})).json()["data"]
        for query in ("{ mee { name } }", "{ me { nam } }", '{ accounts(filte: {}) { totalCount } }',
                      '{ accounts(orderBy: [{field: NAM}]) { totalCount } }'):  # fmt: skip
            answer = await post(client, {"query": query})
            assert "Did you mean" not in answer.text
        page = await client.client.get("/graphql", headers={"Accept": "text/html"})
        assert page.status_code == 406
        assert (await client.client.get("/graphql/static/boot.js")).status_code == 404
    async with door(ada, config=changed(production=True, suggestions=True)) as client:
        assert "Did you mean" in (await post(client, {"query": "{ mee { name } }"})).text


async def test_the_log_says_who_asked_what_at_which_cost_and_nothing_of_what_it_was(ada: User) -> None:
    account = await factories.account(ada, name="Nordwind")
    query = "query Named($id: ID!) { account(id: $id) { name owner { email } } }"
    async with door(ada) as client:
        with structlog.testing.capture_logs() as lines:
            for headers in (GRAPHQL, {"Accept": "*/*", "Accept-Encoding": "identity"}):
                await post(client, {"query": query, "variables": {"id": account.id}}, headers)
            await post(client, {"query": "{ Nordwind }"})
    seen = [(line["actor"], line.get("kind"), line.get("operation"), line.get("cost")) for line in lines]
    assert seen == [(ada.id, "query", "Named", 2)] * 2 + [(ada.id, None, None, None)]
    asked = [(line.get("answered"), line.get("statements"), line.get("rows")) for line in lines]
    assert asked == [("planned", 3, 4), ("planned", 1, 2), (None, None, None)]  # who asks is found out first
    assert [(line["status"], line.get("codes")) for line in lines] == [
        (200, None), (200, None), (400, ["GRAPHQL_INVALID"]),
    ]  # fmt: skip
    assert all(line["ms"] > 0 and line["bytes"] > 100 and line["route"] == "/graphql" for line in lines)
    assert not any(text in str(lines) for text in ("Nordwind", account.id, ada.email, "Ada"))

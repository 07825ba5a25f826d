"""What the server promises before any query is read: who may in, what is refused, and in which shape."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
import structlog
from joserfc import jwt
from joserfc.jwk import OctKey
from starlette.types import Message

from models import database
from models.access import Role, User
from models.base import utcnow
from models.errors import Invalid, Unauthenticated, UnknownSchema
from rules.engine.pool import EnginePool
from schema.core import entrance, tokens
from schema.graphiql.page import STATIC
from settings import Settings, settings
from tests import factories, postgres
from tests.conftest import TEMPLATE
from tests.door import CONFIG, application, door, knock

WHO = "{ me { name role } }"
JSON = {"Content-Type": "application/json"}
OTHER_SECRET = "another secret of more than forty characters"


@pytest.fixture
async def ada(db: str) -> User:
    return await factories.user(await factories.tenant(), name="Ada", role=Role.DIRECTOR)


def code_of(response: httpx.Response) -> str:
    """The code of the only error of an answer that has no data."""
    answer = response.json()
    assert answer.get("data") is None
    assert "Traceback" not in response.text
    (error,) = answer["errors"]
    assert error["message"]
    return str(error["extensions"]["code"])


async def test_a_token_says_who_is_asking(ada: User) -> None:
    async with door(ada) as client:
        assert await client.ask(WHO) == {"me": {"name": "Ada", "role": "DIRECTOR"}}


async def test_without_a_token_only_the_schema_can_be_read(db: str) -> None:
    async with knock() as client:
        refused = await client.post("/graphql", json={"query": WHO})
        schema = await client.post("/graphql", json={"query": "{ __schema { queryType { name } } }"})
    assert code_of(refused) == "UNAUTHENTICATED"
    assert refused.status_code == 401
    assert schema.json()["data"] == {"__schema": {"queryType": {"name": "Query"}}}


def signed(claims: dict[str, object], secret: str = CONFIG.secret, algorithm: str = "HS256") -> str:
    return jwt.encode({"alg": algorithm}, claims, OctKey.import_key(secret), algorithms=[algorithm])


def forgeries(user: User) -> dict[str, str]:
    """Tokens that must not let anybody in, by what is wrong with them."""
    good = tokens.issue(user, 1, CONFIG.secret)
    head, body, signature = good.split(".")
    later = int(utcnow().timestamp()) + 1000
    claims: dict[str, object] = {"iss": "bellwether", "sub": user.id, "tenant": user.tenant_id, "exp": later}
    return {
        "malformed": "abc",
        "not base64": "[].[].[]",
        "unsigned": f"eyJhbGciOiJub25lIn0.{body}.",
        "cut": f"{head}.{body}.{signature[:-4]}",
        "signed by somebody else": tokens.issue(user, 1, OTHER_SECRET),
        "another algorithm": signed(claims, algorithm="HS512"),
        "another issuer": signed(claims | {"iss": "somebody"}),
        "without an end": signed({name: claim for name, claim in claims.items() if name != "exp"}),
        "expired": tokens.issue(user, -1, CONFIG.secret),
        "an unknown user": signed(claims | {"sub": "usr_nobody"}),
        "another tenant": signed(claims | {"tenant": "tnt_other"}),
    }


async def test_a_forged_or_expired_token_is_refused(ada: User) -> None:
    for wrong, token in forgeries(ada).items():
        async with knock(token) as client:
            response = await client.post("/graphql", json={"query": WHO})
        assert response.status_code == 401, wrong
        assert code_of(response) == "UNAUTHENTICATED", wrong
        assert token not in response.text


async def test_a_user_who_left_is_refused_though_the_token_is_good(ada: User) -> None:
    async with knock(tokens.issue(ada, 1, CONFIG.secret)) as client:
        await User.filter(id=ada.id).update(active=False)
        assert code_of(await client.post("/graphql", json={"query": WHO})) == "UNAUTHENTICATED"


async def test_an_authorization_header_that_is_no_bearer_token_is_refused(db: str) -> None:
    async with knock() as client:
        for header in ("Basic YTpi", "Bearer", "Bearer  ", "token"):
            response = await client.post("/graphql", json={"query": WHO}, headers={"Authorization": header})
            assert response.status_code == 401, header
            assert code_of(response) == "UNAUTHENTICATED"


async def test_a_token_reads_as_what_was_issued_until_it_expires(ada: User) -> None:
    token, now = tokens.issue(ada, 2, CONFIG.secret), utcnow()
    found = tokens.read(token, CONFIG.secret, now + timedelta(minutes=119))
    assert (found.user, found.tenant, found.scopes) == (ada.id, ada.tenant_id, None)
    assert abs(found.good_until - now - timedelta(hours=2)) < timedelta(seconds=2)
    with pytest.raises(Unauthenticated, match="expired"):
        tokens.read(token, CONFIG.secret, now + timedelta(minutes=121))


def test_a_secret_is_made_once_and_only_its_owner_can_read_it(tmp_path: Path) -> None:
    home = tmp_path / "new"
    secret = tokens.signing_secret("", home)
    assert len(secret) >= tokens.SHORTEST_SECRET
    assert tokens.signing_secret("", home) == secret
    assert [path.name for path in home.iterdir()] == ["secret"]
    assert (home / "secret").stat().st_mode & 0o777 == 0o600


def test_a_short_secret_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="allowed: 32 or more"):
        tokens.signing_secret("hunter2", tmp_path)


NO_REQUESTS = [
    b"",
    b"{",
    b"\xff\xfe",
    b"[" * 5000,
    b"5",
    b"null",
    b'"{ me { name } }"',
    b"{}",
    b'{"query": ""}',
    b'{"query": 5}',
    b'{"query": null}',
    b'[{"query": "{ me { name } }"}]',
    b'{"query": "{ me { name } }", "variables": []}',
    b'{"query": "{ me { name } }", "operationName": 5}',
    b'{"query": "query A { me { name } }", "operationName": "B"}',
    b'{"query": "subscription { recommendationChanged { change } }"}',
    b'{"query": "{ me { name } }", "variables": {"x": "\\u0000"}}',
    b'{"query": "{ me(x: \\"\\\\u0000\\") { name } }"}',
    b'{"query": "{ me(x: \\"\\\\u{0}\\") { name } }"}',
]


async def test_a_body_that_is_no_graphql_request_is_refused(ada: User) -> None:
    async with door(ada) as client:
        for body in NO_REQUESTS:
            response = await client.client.post("/graphql", content=body, headers=JSON)
            assert response.status_code == 400, body[:100]
            assert code_of(response) == "BAD_REQUEST"


async def test_another_content_type_is_refused(ada: User) -> None:
    body = b'{"query": "{ me { name } }"}'
    async with door(ada) as client:
        for kind in ("", "text/plain", "application/x-www-form-urlencoded", "text/html"):
            response = await client.client.post("/graphql", content=body, headers={"Content-Type": kind})
            assert response.status_code == 415, kind
            assert code_of(response) == "BAD_REQUEST"


async def test_a_body_beyond_the_limit_is_refused_with_or_without_its_length(ada: User) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(110):
            yield b"x" * 100_000

    async with door(ada) as client:
        announced = await client.client.post("/graphql", content=b"x" * 11_000_000, headers=JSON)
        chunked = await client.client.post("/graphql", content=chunks(), headers=JSON)
    for response in (announced, chunked):
        assert response.status_code == 413
        assert code_of(response) == "TOO_LARGE"
        assert "2,000,000 bytes" in response.text


async def test_a_length_that_lies_does_not_get_a_body_past_the_limit(ada: User) -> None:
    async with door(ada) as client:
        response = await client.client.post(
            "/graphql", content=b"x" * 3_000_000, headers={**JSON, "Content-Length": "10"}
        )
    assert response.status_code == 413


async def test_other_paths_and_methods_answer_in_the_same_shape(db: str) -> None:
    async with knock() as client:
        assert code_of(await client.get("/nowhere")) == "NOT_FOUND"
        assert code_of(await client.put("/graphql")) == "METHOD_NOT_ALLOWED"
        assert code_of(await client.get("/graphql?query={me{name}}")) == "UNAUTHENTICATED"
        assert code_of(await client.get("/graphql/static/%2e%2e/page.py")) == "NOT_FOUND"


async def test_a_bug_is_told_without_its_insides(ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_who: object) -> None:
        raise RuntimeError("select secret from /srv/here.py")

    monkeypatch.setattr(entrance, "remembered", broken)
    async with door(ada) as client:
        response = await client.post(WHO)
    assert response.status_code == 500
    assert code_of(response) == "INTERNAL"
    assert response.headers["X-Request-ID"] in response.text
    assert "secret" not in response.text


async def test_a_browser_gets_the_editor_with_everything_from_this_server(db: str) -> None:
    async with knock() as client:
        page = await client.get("/graphql", headers={"Accept": "text/html,*/*"})
        files = [part.split('"')[0] for part in page.text.split('="/')[1:]]
        assert len(files) >= 6
        for file in files:
            assert (await client.get(f"/{file}")).status_code == 200, file
    assert "//" not in page.text.replace("<!doctype", "")
    policy = page.headers["Content-Security-Policy"]
    assert "script-src 'self';" in policy
    assert "default-src 'none'" in policy
    assert page.headers["X-Frame-Options"] == "DENY"
    assert "access-control-allow-origin" not in page.headers


PAGE = "https://app.example.com"
ASKING_FIRST = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}


async def test_a_long_answer_is_compressed_for_whoever_asks_for_it(ada: User) -> None:
    for number in range(30):
        await factories.account(ada, name=f"Nordwind {number}")
    long, short = "{ accounts { nodes { id name tier } } }", WHO
    async with door(ada) as client:
        answers = [
            await client.client.post("/graphql", json={"query": query}, headers={"Accept-Encoding": asked})
            for query in (long, short)
            for asked in ("gzip", "identity")
        ]
    assert [answer.headers.get("content-encoding") for answer in answers] == ["gzip", None, None, None]
    assert answers[0].json()["data"] == answers[1].json()["data"]
    assert int(answers[0].headers["content-length"]) < int(answers[1].headers["content-length"]) / 3


async def test_pages_of_origins_that_are_named_may_ask_and_others_may_not(ada: User) -> None:
    config = CONFIG.model_copy(update={"cors_origins": f"http://localhost:5173, {PAGE}"})
    async with door(ada, config=config) as named, door(ada) as closed:
        for client, origin, welcome in (
            (named, PAGE, True),
            (named, "https://evil.example.com", False),
            (closed, PAGE, False),
        ):
            before = await client.client.options("/graphql", headers={"Origin": origin, **ASKING_FIRST})
            after = await client.client.post("/graphql", json={"query": WHO}, headers={"Origin": origin})
            assert before.is_success == welcome
            for answer in (before, after):
                assert (answer.headers.get("access-control-allow-origin") == origin) == welcome
                assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize("origins", ["app.example.com", "*", "https://a.example.com/app", "https://a, b"])
def test_what_is_no_origin_is_refused(origins: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BELLWETHER_CORS_ORIGINS", origins)
    settings.cache_clear()
    try:
        with pytest.raises(Invalid, match="is no origin") as caught:
            settings()
        assert caught.value.path == ("BELLWETHER_CORS_ORIGINS",)
    finally:
        settings.cache_clear()


def test_the_vendored_files_are_those_whose_checksums_are_kept() -> None:
    kept = (STATIC / "checksums.txt").read_text().split("\n")
    named = [line.split() for line in kept if line]
    for checksum, name in named:
        assert hashlib.sha256((STATIC / name).read_bytes()).hexdigest() == checksum, name
    libraries = {path.name for path in STATIC.glob("*.min.*")}
    assert libraries <= {name for _, name in named}


async def test_readiness_says_how_database_and_workers_are(db: str) -> None:
    async with EnginePool(1, 10) as engine, knock(engine=engine) as client:
        response = await client.get("/readyz")
    assert response.status_code == 200
    assert response.json() == {
        "status": "ok",
        "database": "ok",
        "workers": {"alive": 1, "expected": 1},
        "quarantinedRules": 0,
    }


async def test_the_log_names_requests_but_never_tokens(ada: User, caplog: pytest.LogCaptureFixture) -> None:
    token = tokens.issue(ada, 1, CONFIG.secret)
    with caplog.at_level(logging.DEBUG):
        async with knock(token) as client:
            given = await client.post("/graphql", json={"query": WHO}, headers={"X-Request-ID": "call-0001"})
            strange = await client.post("/graphql", json={"query": WHO}, headers={"X-Request-ID": "a\tb"})
    assert given.headers["X-Request-ID"] == "call-0001"
    assert strange.headers["X-Request-ID"] != "a\tb"
    assert token not in caplog.text


async def test_a_caller_who_goes_away_is_no_error_of_the_server(db: str) -> None:
    sent: list[Message] = []

    async def gone() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/graphql", "query_string": b"",
             "headers": [(b"content-type", b"application/json")]}  # fmt: skip
    with structlog.testing.capture_logs() as lines:
        await application(config=CONFIG)(scope, gone, send)
    assert sent == []
    assert [(line["log_level"], line["status"]) for line in lines] == [("info", 499)]


async def test_a_server_starts_serves_and_stops(db_url: str) -> None:
    app = application(config=CONFIG.model_copy(update={"database_url": db_url}))
    transport = httpx.ASGITransport(app)
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport) as client:
        health = (await client.get("http://bellwether/readyz")).json()
    assert health["workers"] == {"alive": 1, "expected": 1}


async def test_an_unknown_schema_is_refused_with_the_command_to_run(tmp_path: Path) -> None:
    config: Settings = CONFIG.model_copy(update={"database_url": f"sqlite://{tmp_path / 'empty.sqlite3'}"})
    app = application(config=config)
    with pytest.raises(UnknownSchema, match="bellwether migrate"):
        async with app.router.lifespan_context(app):
            pass


async def test_without_its_database_the_server_says_so_and_goes_on(
    postgres_server: postgres.Server,
) -> None:
    await postgres_server.clone(TEMPLATE, "test_that_vanishes")
    async with database.database(postgres_server.url("test_that_vanishes")):
        ada = await factories.user(await factories.tenant())
        async with knock(tokens.issue(ada, 1, CONFIG.secret)) as client:
            await postgres_server.drop("test_that_vanishes")
            with structlog.testing.capture_logs() as lines:
                for _ in range(2):
                    answer = await client.post("/graphql", json={"query": WHO})
                    assert answer.status_code == 503
                    assert code_of(answer) == "UNAVAILABLE"
                ready, alive = await client.get("/readyz"), await client.get("/healthz")
                metrics = await client.get("/metrics")
                await postgres_server.clone(TEMPLATE, "test_that_vanishes")
                await client.get("/readyz")
    assert [line["event"] for line in lines if line["event"].startswith("database")] == [
        "database unreachable", "database answers again",
    ]  # fmt: skip
    assert "bellwether_database_reachable 0.0" in metrics.text
    assert (ready.status_code, ready.json()["database"]) == (503, "down")
    assert alive.status_code == 200

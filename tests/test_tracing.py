"""Traces: from the request to the SQL, in one piece, and with nothing in them of what was sent."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode
from tortoise.exceptions import IntegrityError

from commands import rulebooks
from commands.access import system_actor
from models import statements, tracing
from models.access import Tenant, User
from models.database import fetch, is_sqlite
from rules.engine.pool import EnginePool
from schema.core.logs import told
from tests import factories
from tests.door import CONFIG, Door, door

PLAIN = {"Accept-Encoding": "identity", "Accept": "*/*"}
TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
CALLER = {"traceparent": f"00-{TRACE}-{PARENT}-01", "tracestate": "vendor=private", "baggage": "who=private"}
READ = "query Page($id: ID!) { account(id: $id) { name owner { email } } }"
PARTLY = "query Partly { me { name } portfolio { currency } }"


class Spans:
    """The spans that have ended, those of the request that is looked at."""

    def __init__(self, exporter: InMemorySpanExporter) -> None:
        self.exporter = exporter

    def taken(self) -> list[ReadableSpan]:
        """The spans since they were taken last."""
        found = list(self.exporter.get_finished_spans())
        self.exporter.clear()
        return found


@pytest.fixture
def spans() -> Iterator[Spans]:
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracing.send_to(provider)
    yield Spans(exporter)
    tracing.send_to(None)
    provider.shutdown()


@pytest.fixture
async def ada(db: str) -> User:
    return await factories.user(await factories.tenant(), name="Ada Private", email="ada@private.example")


def tree(found: list[ReadableSpan]) -> list[str]:
    """Each span with those that it is in, outermost first; a trace that does not hang together is seen."""
    by_id = {span.context.span_id: span for span in found if span.context}

    def path(span: ReadableSpan) -> str:
        above = by_id.get(span.parent.span_id) if span.parent else None
        return f"{path(above)} > {span.name}" if above else span.name

    ordered = sorted(found, key=lambda span: (span.start_time or 0, -(span.end_time or 0)))
    return [path(span) for span in ordered]


def attributes(found: list[ReadableSpan], name: str) -> Mapping[str, object]:
    (span,) = (span for span in found if span.name == name)
    return dict(span.attributes or {})


async def asked(client: Door, query: str, headers: Mapping[str, str], **variables: object) -> str:
    answer = await client.client.post(
        "/graphql", json={"query": query, "variables": variables}, headers=dict(headers)
    )
    assert answer.status_code == 200
    assert "errors" not in answer.json()
    return answer.text


async def test_a_read_is_traced_from_its_caller_to_the_sql_however_it_is_answered(
    ada: User, spans: Spans
) -> None:
    account = await factories.account(ada, name="Nordwind Private")
    system = "sqlite" if is_sqlite() else "postgresql"
    async with door(ada) as client, door(ada, config=CONFIG.model_copy(update={"read_plans": False})) as old:
        await asked(client, READ, PLAIN, id=account.id)  # finds out who is asking
        spans.taken()
        for headers in (PLAIN, {"Accept-Encoding": "gzip"}):
            await asked(client, READ, {**headers, **CALLER}, id=account.id)
            found = spans.taken()
            assert tree(found) == [
                "POST /graphql", "POST /graphql > query", "POST /graphql > query > select account",
            ]  # fmt: skip
            assert {f"{span.context.trace_id:032x}" for span in found if span.context} == {TRACE}
            assert [f"{span.parent.span_id:016x}" for span in found if span.parent][-1] == PARENT
            assert "private" not in " ".join(span.to_json() for span in found)
            assert attributes(found, "POST /graphql") == {
                "http.request.method": "POST", "http.route": "/graphql", "http.response.status_code": 200,
            }  # fmt: skip
            assert attributes(found, "query") == {
                "graphql.operation.type": "query",
                "graphql.operation.name": "Page",
                "bellwether.cost": 2,
                "bellwether.answered": "planned",
            }
            statement = attributes(found, "select account")
            assert (statement["db.system.name"], statement["db.response.returned_rows"]) == (system, 1)
            assert [span.kind for span in found] == [SpanKind.CLIENT, SpanKind.INTERNAL, SpanKind.SERVER]
        await asked(client, PARTLY, PLAIN)
        partly = spans.taken()
        assert attributes(partly, "query")["bellwether.answered"] == "partly"
        await asked(old, READ, PLAIN, id=account.id)
        ordinary = spans.taken()
        assert attributes(ordinary, "query")["bellwether.answered"] == "ordinary"
        for found in (partly, ordinary):
            assert tree(found)[:2] == ["POST /graphql", "POST /graphql > query"]
            assert len(found) > 2
            assert all(path.startswith("POST /graphql > query > select ") for path in tree(found)[2:])
        assert (await client.client.get("/readyz")).status_code == 200
        assert spans.taken() == []


async def test_a_write_is_traced_with_its_unit_of_work_and_nothing_of_what_is_written(
    ada: User, spans: Spans
) -> None:
    account = await factories.account(ada, name="Nordwind Private")
    given = {"accountId": account.id, "name": "Kim Private", "email": "kim@private.example"}
    async with door(ada) as client:
        await client.do("createContact", "kim: contact { id name email }", given)
    written = spans.taken()
    unit = "POST /graphql > mutation > people.create"
    assert attributes(written, "mutation")["graphql.operation.type"] == "mutation"
    assert attributes(written, "people.create")["bellwether.changes"] == 1
    assert unit in tree(written)
    for table in ("contact", "change", "audit_record"):  # in a transaction, some by executemany
        assert f"{unit} > insert {table}" in tree(written)
    text = " ".join(span.to_json() for span in written)
    assert not re.search("private|kim|createContact", text, re.IGNORECASE)
    assert not any(secret in text for secret in (account.id, ada.id, ada.tenant_id))


async def test_judging_is_traced_to_the_engine_and_to_what_is_written_of_it(ada: User, spans: Spans) -> None:
    await factories.deal(await factories.account(ada, name="Nordwind Private"))
    async with EnginePool(1, 20.0) as engine, door(ada, engine=engine) as client:
        await rulebooks.ensure_starter(system_actor(await Tenant.get(id=ada.tenant_id)), engine)
        spans.taken()
        await client.ask("mutation { evaluate(input: {}) { run { id } } }")
    found = spans.taken()
    run = "POST /graphql > mutation > evaluation"
    assert f"{run} > engine.judge" in tree(found)
    assert f"{run} > evaluations.settle > insert recommendation" in tree(found)
    assert attributes(found, "engine.judge")["bellwether.accounts"] == 1
    assert "Private" not in " ".join(span.to_json() for span in found)


async def test_an_error_is_told_by_its_class_and_never_by_its_text(ada: User, spans: Spans) -> None:
    with pytest.raises(IntegrityError) as caught, tracing.span("outer"):
        await factories.user(await Tenant.get(id=ada.tenant_id), email=ada.email)
    assert "ada@private.example" in str(caught.value) or is_sqlite()
    inner, outer = spans.taken()[-2:]
    assert (inner.name, outer.name) == ("insert user", "outer")
    for span in (inner, outer):
        assert span.status.status_code is StatusCode.ERROR
        assert (span.attributes or {})["error.type"] == "IntegrityError"
        assert "private" not in span.to_json()
        assert span.events == ()
    logged = told(caught.value)
    assert (
        "IntegrityError SQLITE_CONSTRAINT_UNIQUE" if is_sqlite() else "UniqueViolationError 23505"
    ) in logged
    assert "private" not in logged


async def test_the_text_of_a_statement_is_told_without_literals(db: str, spans: Spans) -> None:
    with tracing.span("outer"):
        await fetch("select 'O''Neil' as a, 12.5 as b, name from contact where email = :m", {"m": "x@y.zz"})
    await fetch("select 1 as alone")
    statement, outer = spans.taken()
    place = "?" if is_sqlite() else "$1"
    text = f"select ? as a, ? as b, name from contact where email = {place}"
    assert attributes([statement], "select contact")["db.query.text"] == text
    assert len(statements.about(f"select {'a, ' * 9_000}")[2]) == statements.LONGEST + 1
    assert outer.name == "outer"

"""Metrics: what is counted, who may read it, that it is documented, and that labels stay few."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families as families

from models.access import User
from models.database import is_sqlite
from models.errors import Invalid
from settings import Settings, settings
from tests import factories
from tests.door import CONFIG, Door, door, knock

DOCS = Path(__file__).parents[1].joinpath("docs/operations.md").read_text("utf-8")
TOKEN = "only who collects them knows this"
PLAIN = {"Accept-Encoding": "identity"}
Seen = dict[tuple[str, ...], float]


@pytest.fixture
async def ada(db: str) -> User:
    return await factories.user(await factories.tenant(), name="Ada")


def changed(**values: object) -> Settings:
    return CONFIG.model_copy(update=values)


async def scraped(client: Door) -> Seen:
    """Every sample but those of buckets, by its name and the values of its labels."""
    text = (await client.client.get("/metrics")).text
    samples = [sample for family in families(text) for sample in family.samples]
    return {
        (sample.name, *sample.labels.values()): sample.value
        for sample in samples
        if not sample.name.endswith("_bucket")
    }


async def test_requests_operations_refusals_and_statements_are_counted(ada: User) -> None:
    much = "{ accounts(first: 200) { nodes { deals(first: 200) { nodes { id } } } } }"
    read, system = "query Named { me { name } }", "sqlite" if is_sqlite() else "postgresql"
    async with door(ada, config=changed(max_cost=30_000)) as client:
        before = await scraped(client)
        for _ in range(2):
            await client.client.post("/graphql", json={"query": read}, headers=PLAIN)
        await client.answer("{ me { name } portfolio { currency } }")
        for query in ("{ no }", "{", much):
            await client.answer(query)
        await client.client.post("/graphql", json={"documentId": "sha256:unknown"})
        await client.client.get("/nowhere/ada@example.com")
        await client.client.request("BREW", "/graphql")
        after = await scraped(client)
    new = {key: after[key] - before.get(key, 0) for key in after}
    for key, number in {
        ("bellwether_http_request_seconds_count", "POST", "/graphql", "200"): 7,
        ("bellwether_http_request_seconds_count", "GET", "other", "404"): 1,
        ("bellwether_http_request_seconds_count", "other", "/graphql", "405"): 1,
        ("bellwether_operation_seconds_count", "planned", "query"): 2,
        ("bellwether_operation_seconds_count", "partly", "query"): 1,
        ("bellwether_refusals_total", "GRAPHQL_INVALID"): 2,
        ("bellwether_refusals_total", "maxCost"): 1,
        ("bellwether_refusals_total", "PERSISTED_QUERY_NOT_FOUND"): 1,
        ("bellwether_errors_total", "LIMIT_EXCEEDED"): 1,
        ("bellwether_errors_total", "NOT_FOUND"): 1,
    }.items():
        assert new[key] == number, key
    assert new["bellwether_cost_points_total",] > 100
    assert new["bellwether_statement_seconds_count", system, "select"] > 3
    assert after["bellwether_documents_kept",] >= 3
    assert after["bellwether_read_plans_kept",] >= 2
    assert after["bellwether_accounts_pending",] == 0
    assert after["bellwether_database_reachable",] == 1
    assert (("bellwether_database_connections", "most") in after) == (not is_sqlite())
    assert "process_resident_memory_bytes" in {name for name, *_ in after}
    assert not any("ada" in label or "Named" in label for _, *labels in after for label in labels)


async def test_metrics_are_for_whoever_has_their_token_and_hidden_in_production(db: str) -> None:
    for config, sent, status in (
        (changed(), "", 200),
        (changed(metrics=False), "", 404),
        (changed(production=True), "", 404),
        (changed(production=True, metrics=True), "", 200),
        (changed(production=True, metrics_token=TOKEN), TOKEN, 200),
        (changed(metrics_token=TOKEN), "", 401),
        (changed(metrics_token=TOKEN), TOKEN[:-1], 401),
    ):
        async with knock(sent, config=config) as client:
            answer = await client.get("/metrics")
        assert answer.status_code == status, config
        assert TOKEN not in answer.text
        assert answer.headers["cache-control"] == "no-store"


async def test_every_metric_is_documented_with_its_labels(db: str) -> None:
    async with knock() as client:
        text = (await client.get("/metrics")).text
    names = set(re.findall(r"^# TYPE (bellwether_\w+)", text, re.MULTILINE))
    told = re.findall(r"^\| `(bellwether_\w+)` \| (.*?) \|", DOCS, re.MULTILINE)
    assert {name for name, _ in told} == names
    labels = {name: set(re.findall(r"`(\w+)`", said)) for name, said in told}
    for sample in (sample for family in families(text) for sample in family.samples):
        name = re.sub("_(bucket|count|sum)$", "", sample.name)
        if name.startswith("bellwether_"):
            assert set(sample.labels) - {"le"} == labels[name], name


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("METRICS_TOKEN", "short", "allowed: 16 or more"),
        ("OTLP_ENDPOINT", "localhost:4318", "allowed: http://localhost:4318"),
        ("LOG_LEVEL", "LOUD", "'DEBUG'"),
    ],
)
def test_wrong_settings_are_refused(
    name: str, value: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"BELLWETHER_{name}", value)
    settings.cache_clear()
    with pytest.raises(Invalid, match=said) as caught:
        settings()
    settings.cache_clear()
    assert caught.value.path == (f"BELLWETHER_{name}",)

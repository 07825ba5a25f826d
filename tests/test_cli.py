"""What an operator did wrong is told in a line, with the place, and the exit code says that it failed."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from commands import keys
from models.access import ApiKey, Role, Scope, User
from models.base import utcnow
from models.database import known_migrations
from tests import factories
from tests.shell import bellwether

SETTINGS = {
    "postgres://nobody@127.0.0.1:1/x": "UNAVAILABLE: the database cannot be reached: ",
    "mysql://nobody@localhost/x": "INVALID at BELLWETHER_DATABASE_URL: is no database that Bellwether knows",
    "sqlite:///proc/none/x.sqlite3": "UNAVAILABLE: the database cannot be reached: ",
}


@pytest.mark.parametrize("url", SETTINGS)
def test_a_database_that_is_not_there_is_named(url: str, tmp_path: Path) -> None:
    assert bellwether(url, tmp_path, "migrate", exit_code=1).stderr.startswith(SETTINGS[url])


def test_a_file_that_is_no_database_is_refused_and_the_command_ends(tmp_path: Path) -> None:
    (tmp_path / "x.sqlite3").write_text("no database")
    done = bellwether(f"sqlite://{tmp_path}/x.sqlite3", tmp_path, "migrate", exit_code=1)
    assert done.stderr == "UNAVAILABLE: the database cannot be reached: file is not a database\n"


def test_before_it_is_migrated_every_command_names_the_one_that_does(tmp_path: Path) -> None:
    url = f"sqlite://{tmp_path}/x.sqlite3"
    known = known_migrations()
    for command in (("serve", "--port", "0"), ("evaluate",), ("migrate", "--check")):
        refused = bellwether(url, tmp_path, *command, exit_code=1)
        assert refused.stderr.startswith(f"UNKNOWN_SCHEMA: the database lacks {len(known)} migration(s)")
        assert refused.stderr.endswith("run: bellwether migrate\n")
    assert bellwether(url, tmp_path, "migrate").stdout == f"Applied: {', '.join(known)}\n"
    assert bellwether(url, tmp_path, "migrate", "--check", "--verify").stdout == "Nothing to apply.\n"


FILES = {
    b"rules: [": "INVALID_RULE: not a YAML document: ",
    b"- key: 1": "INVALID_RULE: 4 problem(s), first at rules.0.key: ",
    b"\xff\xfe": "INVALID: rules.yaml is not UTF-8 at byte 0",
}


@pytest.mark.parametrize("content", FILES)
def test_an_unsound_rule_file_is_refused_with_its_places(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_bytes(content)
    refused = bellwether("sqlite://:memory:", tmp_path, "rules", "check", "rules.yaml", exit_code=1)
    assert refused.stderr.startswith(FILES[content])


async def test_evaluating_prints_what_came_of_it_as_a_table_and_as_json(db: str, tmp_path: Path) -> None:
    tenant = await factories.tenant(slug="north")
    owner = await factories.user(tenant)
    await factories.deal(await factories.account(owner), valid_from=date(2026, 1, 1), amount_minor=1_000_00)
    as_of = ("--as-of", "2026-06-30", "--tenant", "north")
    table = bellwether(db, tmp_path, "evaluate", *as_of).stdout
    assert "1 accounts judged" in table
    assert "│ stalled-deal │ 1     │ 1,000.00" in table
    told = json.loads(bellwether(db, tmp_path, "evaluate", "--json", *as_of).stdout)
    assert told["risks"]["stalled-deal"] == {"count": 1, "amount": "1000.00"}
    unknown = bellwether(db, tmp_path, "evaluate", "--tenant", "south", exit_code=1)
    assert unknown.stderr == "NOT_FOUND: no tenant 'south'; known: north\n"


async def test_a_user_is_added_once_and_gets_a_token(db: str, tmp_path: Path) -> None:
    tenant = await factories.tenant(slug="north")
    taken = await factories.user(tenant, email="ada@example.com", source="crm")
    for said in ("added", "unchanged"):
        done = bellwether(db, tmp_path, "user", "Head@Example.com", "--name", "Head")
        assert done.stdout == f"{said}\n"
    head = await User.get(email="head@example.com")
    assert (head.role, head.tenant_id) == (Role.ADMIN, tenant.id)
    assert bellwether(db, tmp_path, "token", "HEAD@example.com").stdout.count(".") == 2
    refused = bellwether(db, tmp_path, "user", taken.email, "--name", "Ada", exit_code=1)
    assert refused.stderr.startswith("INVALID at email: 'ada@example.com' is the address of User")
    assert "no active user" in bellwether(db, tmp_path, "token", "eve@example.com", exit_code=1).stderr


@pytest.mark.parametrize("db_url", ["sqlite"], indirect=True)
async def test_a_key_is_made_listed_without_its_secret_and_revoked(db: str, tmp_path: Path) -> None:
    crm = await factories.user(await factories.tenant(), Role.INTEGRATION, email="crm@example.com")
    made = bellwether(
        db, tmp_path, "key", "create", "CRM@example.com", "--name", "nightly", "--scopes", "READ",
        "--scopes", "WRITE_SIGNALS",
    )  # fmt: skip
    key, secret = await ApiKey.get(user_id=crm.id), made.stdout.strip()
    assert (await keys.holder(secret, utcnow()))[0].scopes == frozenset({Scope.READ, Scope.WRITE_SIGNALS})
    assert (secret in made.stderr, key.id in made.stderr) == (False, True)
    await keys.settled()
    assert bellwether(db, tmp_path, "key", "revoke", key.id).stdout == "revoked\n"
    (told,) = json.loads(bellwether(db, tmp_path, "key", "list", "--json").stdout)
    assert (told["id"], told["state"], told["scopes"]) == (key.id, "revoked", "READ WRITE_SIGNALS")
    assert secret not in str(told)


async def test_the_schema_is_checked_without_a_database(tmp_path: Path) -> None:
    printed = bellwether("sqlite://:memory:", tmp_path, "schema").stdout
    (tmp_path / "schema.graphql").write_text(printed)
    bellwether("sqlite://:memory:", tmp_path, "schema", "--check")
    (tmp_path / "schema.graphql").write_text(printed + "type More { id: ID }")
    stale = bellwether("sqlite://:memory:", tmp_path, "schema", "--check", exit_code=1)
    assert stale.stderr.startswith("schema.graphql is out of date")

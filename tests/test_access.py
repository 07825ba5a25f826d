"""Who may in and do what: API keys, delegations, readers, and what scopes leave out."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
import structlog

from commands import actors, keys, permissions, runs
from commands.permissions import RIGHTS, may, require
from models.access import Actor, ApiKey, Delegation, Role, Scope, Team, Tenant, User
from models.accounts import Account
from models.base import today, utcnow
from models.errors import BellwetherError, Forbidden, Unauthenticated
from models.history import AuditRecord, Change
from models.rulebooks import EvaluationRun, RunScope
from models.visibility import sees
from rules.engine.pool import EnginePool
from rules.tree import Book
from schema.core import tokens
from schema.core.credentials import Credentials
from schema.core.entrance import Entrance
from schema.core.logs import configure_logging
from tests import factories
from tests.door import CONFIG, Door, Payload, door, knock, written

ACCOUNTS = "{ accounts { nodes { id owner { id } } } }"
KEY = "apiKey { id name hint scopes revokedAt lastUsedAt user { id } createdBy { id } } secret"


@dataclass
class Desk:
    """A manager with a director below, their assistant, a reader of their team, and who runs it all."""

    tenant: Tenant
    team: Team
    manager: User
    director: User
    assistant: User
    reader: User
    admin: User
    program: User
    account: Account


@pytest.fixture
async def desk(db: str) -> Desk:
    tenant = await factories.tenant()
    team = await factories.team(tenant)
    director = await factories.user(tenant, team_id=team.id)
    return Desk(
        tenant=tenant,
        team=team,
        manager=await factories.user(tenant, Role.MANAGER, team_id=team.id),
        director=director,
        assistant=await factories.user(tenant, Role.ASSISTANT),
        reader=await factories.user(tenant, Role.READER, team_id=team.id),
        admin=await factories.user(tenant, Role.ADMIN),
        program=await factories.user(tenant, Role.INTEGRATION),
        account=await factories.account(director, overdue_minor=5_00),
    )


@asynccontextmanager
async def holding(secret: str) -> AsyncIterator[Door]:
    """The door for whoever holds a key."""
    async with knock(secret) as client:
        yield Door(client)


@asynccontextmanager
async def acting(assistant: User, principal: User) -> AsyncIterator[Door]:
    """The door for an assistant on somebody's behalf."""
    async with door(assistant) as client:
        client.client.headers["X-On-Behalf-Of"] = principal.id
        yield client


async def entered(user: User, on_behalf_of: str | None = None) -> Actor:
    """Who somebody is who comes in by the entrance."""
    actors.forget()
    entrance = Entrance(EnginePool(1, 1), CONFIG.secret)
    token = tokens.issue(user, 1, CONFIG.secret)
    return (await entrance.enter(Credentials(token, on_behalf_of))).actor


async def why_not(user: User, on_behalf_of: str) -> str:
    """Why somebody may not act for somebody."""
    with pytest.raises(Forbidden) as refused:
        await entered(user, on_behalf_of)
    return refused.value.message


def where(payload: Payload) -> list[tuple[str, str]]:
    """The code and the place of each error."""
    errors = payload["errors"]
    assert isinstance(errors, list)
    return [(each["code"], ".".join(each["path"])) for each in errors]


async def codes(client: Door, query: str, variables: Mapping[str, object] | None = None) -> list[str]:
    """The codes of an answer's errors; where there are some, there are no data."""
    answer: Any = await client.answer(query, variables)
    assert answer.get("data") is None or "errors" not in answer
    return [each["extensions"]["code"] for each in answer.get("errors", ())]


async def made(user: User, *scopes: Scope) -> str:
    """The secret of a new key."""
    admin = await User.get(tenant_id=user.tenant_id, role=Role.ADMIN)
    secret = (await keys.create(await factories.actor(admin), user.id, "nightly", scopes)).secret
    assert secret
    return secret


async def test_a_key_is_shown_once_and_good_until_it_is_revoked(desk: Desk) -> None:
    wanted = {"userId": desk.program.id, "name": "CRM", "scopes": ["READ"], "idempotencyKey": "1"}
    async with door(desk.admin) as admin:
        first: Any = await admin.do("createApiKey", KEY, wanted)
        again: Any = await admin.do("createApiKey", KEY, wanted)
        other = await admin.do("createApiKey", "secret", {**wanted, "days": 30})
        secret = first["secret"]
        assert secret.startswith("bwk_") and len(secret) > 40 and first["apiKey"]["hint"] == secret[-4:]
        assert first["apiKey"]["scopes"] == ["READ"]
        assert again == {"apiKey": first["apiKey"], "secret": None, "errors": []}
        assert where(other) == [("INVALID", "input.idempotencyKey")]
        before = await written()
        async with holding(secret) as client:
            answer: Any = await client.ask(f"{{ me {{ id }} {ACCOUNTS[1:]}")
            assert answer["me"] == {"id": desk.program.id}
            assert [each["id"] for each in answer["accounts"]["nodes"]] == [desk.account.id]
            await keys.settled()
            assert await written() == before  # that it was used is nobody's command
            listed: Any = await admin.ask("{ apiKeys { nodes { lastUsedAt } totalCount } }")
            assert listed["apiKeys"]["nodes"][0]["lastUsedAt"] and listed["apiKeys"]["totalCount"] == 1
            gone: Any = await admin.do("revokeApiKey", "apiKey { revokedAt }", {"id": first["apiKey"]["id"]})
            assert gone["apiKey"]["revokedAt"]
            assert (
                await admin.do("revokeApiKey", "apiKey { revokedAt }", {"id": first["apiKey"]["id"]}) == gone
            )
            refused = await client.post(ACCOUNTS)
    assert (refused.status_code, secret in refused.text) == (401, False)
    kept = [*await Change.all().values(), *await AuditRecord.all().values(), *await ApiKey.all().values()]
    assert secret not in str(kept)
    assert str((await ApiKey.get()).digest) not in str(await Change.all().values())


async def test_keys_are_made_by_administrators_for_integrations_and_seen_by_nobody_else(desk: Desk) -> None:
    key = (await made(desk.program, Scope.READ), await ApiKey.get())[1]
    wanted = {"userId": desk.program.id, "name": "CRM", "scopes": ["READ"]}
    async with door(desk.admin) as admin:
        for wrong, place in (
            ({"userId": desk.director.id}, ("INVALID", "input.userId")),
            ({"userId": "usr_nobody"}, ("NOT_FOUND", "input.userId")),
            ({"scopes": []}, ("INVALID", "input.scopes")),
            ({"scopes": ["READ", "WRITE_RULES"]}, ("INVALID", "input.scopes")),
            ({"days": 401}, ("INVALID", "input.days")),
            ({"name": " "}, ("INVALID", "input.name")),
        ):
            assert where(await admin.do("createApiKey", "secret", {**wanted, **wrong})) == [place]
        assert await admin.ask(f'{{ node(id: "{key.id}") {{ id }} }}') == {"node": {"id": key.id}}
    stranger = await factories.user(await factories.tenant(), Role.ADMIN)
    for other in (desk.manager, desk.program, desk.reader, stranger):
        async with door(other) as client:
            answer: Any = await client.ask(f'{{ apiKeys {{ totalCount }} node(id: "{key.id}") {{ id }} }}')
            assert answer == {"apiKeys": {"totalCount": 0}, "node": None}
            made_by = await client.do("createApiKey", "secret", wanted)
            revoked = await client.do("revokeApiKey", "apiKey { id }", {"id": key.id})
            assert where(made_by) == [
                ("NOT_FOUND", "input.userId") if other is stranger else ("FORBIDDEN", "input")
            ]
            assert where(revoked)[0][0] == ("NOT_FOUND" if other is stranger else "FORBIDDEN")
    assert (await ApiKey.get(id=key.id)).revoked_at is None


async def test_a_key_is_noted_to_be_used_once_a_minute_and_nothing_waits_or_fails_for_it(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = await made(desk.program, Scope.READ)
    async with holding(secret) as client:
        await client.ask(ACCOUNTS)
        await keys.settled()
        assert (await ApiKey.get()).last_used_at
        await ApiKey.all().update(last_used_at=None)
        await client.ask(ACCOUNTS)
        await keys.settled()
        assert (await ApiKey.get()).last_used_at is None
        monkeypatch.setattr(keys, "BETWEEN_USES", 0)

        def broken(*_args: object, **_named: object) -> None:
            raise OSError("the disk is full")

        with monkeypatch.context() as patched:
            await client.ask(ACCOUNTS)  # so that the key is known
            patched.setattr(ApiKey, "filter", broken)
            await client.ask(ACCOUNTS)
            await keys.settled()
    with pytest.raises(Unauthenticated, match="expired"):
        await keys.holder(secret, utcnow() + timedelta(days=91))
    with pytest.raises(Forbidden, match="nobody's behalf"):
        await keys.holder(secret, utcnow(), desk.director.id)
    await User.filter(id=desk.program.id).update(role=Role.ADMIN)
    actors.forget()
    with pytest.raises(Unauthenticated, match="no integration"):
        await keys.holder(secret, utcnow())


async def test_no_log_tells_of_a_secret_or_its_digest(desk: Desk, capfd: pytest.CaptureFixture[str]) -> None:
    secret, root = await made(desk.program, Scope.READ), logging.getLogger()
    level, handlers, shaped = root.level, root.handlers[:], structlog.get_config()
    configure_logging("DEBUG")
    structlog.configure(cache_logger_on_first_use=False)  # or other tests could capture nothing
    try:
        async with holding(secret) as client:
            await client.ask(ACCOUNTS)
            await keys.settled()
    finally:
        structlog.configure(**shaped)
        root.handlers, root.level = handlers, level
    logged = capfd.readouterr().err
    assert "/graphql" in logged
    assert secret not in logged
    assert (await ApiKey.get()).digest not in logged


SIGNAL = {"kind": "OTHER", "summary": "heard", "observedOn": "2026-03-01"}
BY_MONEY = (
    "query ($f: AccountFilter, $o: [AccountOrder!]) { accounts(filter: $f, orderBy: $o) { nodes { id } } }"
)
RECOMMENDED = "query ($o: [RecommendationOrder!]) { recommendations(orderBy: $o) { nodes { id } } }"
ALLOWED: tuple[tuple[str, Payload], ...] = (
    ("{ accounts { nodes { id name contacts(orderBy: [{field: SENIORITY}]) { nodes { id } } } } }", {}),
    (BY_MONEY, {"f": {"or": [{"name": {"eq": "x"}}, {"overdue": None}]}, "o": [{"field": "NAME"}]}),
    (RECOMMENDED, {"o": [{"field": "DUE_ON"}]}),
    ("mutation { __typename }", {}),
)
REFUSED: tuple[tuple[str, Payload, str, str], ...] = (
    ("{ accounts { nodes { overdue { amount } } } }", {}, "Account.overdue", "READ_MONEY"),
    (
        "{ ...f } fragment f on Query { contacts(orderBy: {field: SENIORITY}) { nodes { email } } }",
        {}, "Contact.email", "READ_PERSONAL",
    ),
    ("{ contacts { nodes { id } } }", {}, "Query.contacts without orderBy", "READ_PERSONAL"),
    (
        "{ node(id: \"con_1\") { ... on Contact { career { title } } } }",
        {}, "CareerStep.title", "READ_PERSONAL",
    ),
    (
        "{ contacts(orderBy: {field: SENIORITY}, filter: {title: {eq: \"CIO\"}}) { totalCount } }",
        {}, "ContactFilter.title", "READ_PERSONAL",
    ),
    ("{ tickets(orderBy: {field: TITLE}) { nodes { id } } }", {}, "TicketOrderField.TITLE", "READ_PERSONAL"),
    ("{ risks(orderBy: []) { nodes { id } } }", {}, "Query.risks without orderBy", "READ_MONEY"),
    (RECOMMENDED, {}, "Query.recommendations without orderBy", "READ_MONEY"),
    (RECOMMENDED, {"o": {"field": "PRIORITY"}}, "RecommendationOrderField.PRIORITY", "READ_MONEY"),
    (BY_MONEY, {"f": {"not": {"or": [{"overdue": {"gte": "1"}}]}}}, "AccountFilter.overdue", "READ_MONEY"),
    (BY_MONEY, {"o": [{"field": "OVERDUE"}]}, "AccountOrderField.OVERDUE", "READ_MONEY"),
    ("{ accounts(filter: {overdue: {gte: 1}}) { totalCount } }", {}, "AccountFilter.overdue", "READ_MONEY"),
    ("{ node(id: \"con_1\") { ... on Contact { phone } } }", {}, "Contact.phone", "READ_PERSONAL"),
    ("{ portfolio { total { openDeals } } }", {}, "Query.portfolio", "READ_MONEY"),
    ("{ nextBestActions { id } }", {}, "Query.nextBestActions", "READ_MONEY"),
    ("{ users(filter: {email: {contains: \"@\"}}) { totalCount } }", {}, "UserFilter.email", "READ_PERSONAL"),
)  # fmt: skip


async def test_what_is_beyond_the_scopes_of_a_key_is_neither_told_nor_written(desk: Desk) -> None:
    async with holding(await made(desk.program, Scope.READ, Scope.WRITE_SIGNALS)) as client:
        for query, variables in ALLOWED:
            await client.ask(query, variables)
        for query, variables, what, scope in REFUSED:
            answer: Any = await client.answer(query, variables)
            told = [(each["extensions"]["code"], each["message"]) for each in answer["errors"]]
            expected = f"{what} needs the scope {scope}; this key or token has: READ, WRITE_SIGNALS"
            assert (answer.get("data"), told) == (None, [("FORBIDDEN", expected)]), query
        heard: Payload = {"signals": [{**SIGNAL, "accountId": desk.account.id}]}
        assert (await client.do("recordSignals", "signals { id account { id } }", heard))["errors"] == []
        await _refused(client, "recordSignals", "signals { summary }", heard)
        new = await client.do("createAccount", "account { id }", {"name": "New"})
        assert where(new) == [("FORBIDDEN", "input")]
        assert "the scope WRITE_SALES is needed" in str(new)
    async with holding(await made(desk.program, Scope.WRITE_SIGNALS)) as client:
        assert await codes(client, ACCOUNTS) == ["FORBIDDEN"]
        assert await codes(client, "{ __typename __schema { queryType { fields { name } } } }") == []
        assert (await client.do("recordSignals", "signals { id kind }", heard))["errors"] == []
        await _refused(client, "recordSignals", "signals { account { name } }", heard)
    async with holding(await made(desk.program, *permissions.scopes_of(Role.INTEGRATION))) as client:
        for query, variables, _, _ in REFUSED:
            await client.ask(query, variables)
        assert (await client.do("createAccount", "account { overdue { amount } }", {"name": "New"}))[
            "account"
        ]


async def _refused(client: Door, mutation: str, selection: str, given: Payload) -> None:
    kind = f"{mutation[0].upper()}{mutation[1:]}Input"
    document = f"mutation ($input: {kind}!) {{ {mutation}(input: $input) {{ {selection} }} }}"
    before = await written()
    assert await codes(client, document, {"input": given}) == ["FORBIDDEN"]
    assert await written() == before


async def test_an_assistant_acts_on_behalf_of_who_has_delegated_and_of_nobody_else(desk: Desk) -> None:
    pair = {"assistantId": desk.assistant.id}
    async with door(desk.director) as director:
        done = await director.do("delegate", "delegation { id goodUntil principal { id } }", pair)
        others = await director.do("delegate", "delegation { id }", {**pair, "principalId": desk.manager.id})
    assert where(others) == [("FORBIDDEN", "input.principalId")]
    delegation = await Delegation.get()
    assert done["delegation"] == {
        "id": delegation.id, "goodUntil": None, "principal": {"id": desk.director.id},
    }  # fmt: skip
    me = "{ me { id } actingFor { id } accounts { nodes { id } } delegations { nodes { id } } }"
    async with door(desk.assistant) as alone:
        answer: Any = await alone.ask(me)
        assert (answer["actingFor"], answer["accounts"]["nodes"]) == (None, [])
        assert answer["delegations"]["nodes"] == [{"id": delegation.id}]
        assert where(await alone.do("createAccount", "account { id }", {"name": "Own"})) == [
            ("FORBIDDEN", "input")
        ]
    async with acting(desk.assistant, desk.director) as client:
        answer = await client.ask(me)
        assert (answer["me"]["id"], answer["actingFor"]["id"]) == (desk.assistant.id, desk.director.id)
        assert answer["accounts"]["nodes"] == [{"id": desk.account.id}]
        new = {"name": "New", "idempotencyKey": "1"}
        account: Any = await client.do("createAccount", "account { id owner { id } }", new)
        assert account["account"]["owner"]["id"] == desk.director.id
        assert await client.do("createAccount", "account { id owner { id } }", new) == account
        rules = await client.do("saveRulebook", "rulebook { id }", {"name": "ours", "rules": []})
        assert where(rules) == [("FORBIDDEN", "input")]
    audit = await AuditRecord.get(object_id=account["account"]["id"])
    assert (audit.actor_id, audit.on_behalf_of_id) == (desk.assistant.id, desk.director.id)
    actor = await entered(desk.assistant, desk.director.id)
    run = await runs.begin(actor, today(), Book("none", ()), RunScope.ACCOUNTS)
    for who, on_behalf_of in (
        (desk.assistant, desk.director.id),
        (desk.director, None),
        (desk.manager, None),
    ):
        assert await sees(EvaluationRun, await entered(who, on_behalf_of), run.id)
    assert not await sees(EvaluationRun, await entered(desk.assistant), run.id)
    async with door(desk.manager) as manager:
        assert await manager.ask("{ delegations { totalCount } }") == {"delegations": {"totalCount": 0}}


async def test_a_delegation_that_is_missing_or_over_lets_nobody_in(desk: Desk) -> None:
    unknown = await why_not(desk.assistant, "usr_nobody")
    assert await why_not(desk.assistant, desk.director.id) == unknown.replace("usr_nobody", desk.director.id)
    assert "acts on nobody's behalf" in await why_not(desk.manager, desk.director.id)
    until = today().isoformat()
    pair = {"assistantId": desk.assistant.id, "principalId": desk.director.id, "goodUntil": until}
    async with door(desk.admin) as admin:
        done: Any = await admin.do("delegate", "delegation { id goodUntil }", pair)
        assert done["delegation"]["goodUntil"] == until
        assert (await entered(desk.assistant, desk.director.id)).owners == (desk.director.id,)
        await Delegation.all().update(good_until=today() - timedelta(days=1))
        assert "has ended" in await why_not(desk.assistant, desk.director.id)
        again: Any = await admin.do("delegate", "delegation { id goodUntil }", pair)
        assert again == done
        for wrong, place in (
            ({"goodUntil": "2020-01-01"}, ("INVALID", "input.goodUntil")),
            ({"assistantId": desk.reader.id}, ("INVALID", "input.assistantId")),
            ({"principalId": desk.admin.id}, ("INVALID", "input.principalId")),
            ({"principalId": "usr_nobody"}, ("NOT_FOUND", "input.principalId")),
        ):
            assert where(await admin.do("delegate", "delegation { id }", {**pair, **wrong})) == [place]
        await User.filter(id=desk.director.id).update(role=Role.ADMIN)
        assert "no accounts" in await why_not(desk.assistant, desk.director.id)
        await User.filter(id=desk.director.id).update(role=Role.DIRECTOR)
        ended: Any = await admin.do(
            "endDelegation", "delegation { endedAt }", {"id": done["delegation"]["id"]}
        )
        assert ended["delegation"]["endedAt"]
        assert "has ended" in await why_not(desk.assistant, desk.director.id)


async def test_names_that_are_longer_than_any_are_those_of_nobody(desk: Desk) -> None:
    for length in (41, 61, 300):
        long = "x" * length
        unknown = await why_not(desk.assistant, "usr_nobody")
        assert await why_not(desk.assistant, long) == unknown.replace("usr_nobody", long)
        for found in (
            actors.actor_of(long, desk.tenant.id), actors.actor_of(desk.admin.id, long),
            actors.known_as(long, desk.admin.email), actors.known_as(desk.tenant.slug, f"{long}@example.com"),
        ):  # fmt: skip
            with pytest.raises(Unauthenticated):
                await found
    async with door(desk.admin) as admin:
        for mutation, given, place in (
            (
                "createApiKey",
                {"userId": long, "name": "CRM", "scopes": ["READ"]},
                ("NOT_FOUND", "input.userId"),
            ),
            ("delegate", {"assistantId": long}, ("NOT_FOUND", "input.assistantId")),
            ("rollBackRulebook", {"name": long, "reason": "why"}, ("INVALID", "input.name")),
            ("importRulebook", {"name": long, "yaml": "rules: []"}, ("INVALID", "input.name")),
        ):
            assert where(await admin.do(mutation, "__typename", given)) == [place]


async def test_a_reader_sees_what_a_manager_sees_and_changes_nothing(desk: Desk) -> None:
    reader, manager = await factories.actor(desk.reader), await factories.actor(desk.manager)
    assert reader.owners and manager.owners
    assert set(reader.owners) == set(manager.owners)
    async with door(desk.reader) as client:
        answer: Any = await client.ask(ACCOUNTS)
        assert [each["id"] for each in answer["accounts"]["nodes"]] == [desk.account.id]
        before = await written()
        change = {"id": desk.account.id, "version": 1, "name": "Mine"}
        assert where(await client.do("updateAccount", "account { id }", change)) == [("FORBIDDEN", "input")]
        assert await written() == before


def test_a_right_needs_its_role_and_its_scope() -> None:
    for role in Role:
        for right in RIGHTS:
            behalf = "usr_1" if role is Role.ASSISTANT else None
            anybody = Actor("usr_2", "tnt_1", "Ada", role, (), "EUR", on_behalf_of=behalf)
            within = Actor(**{**anybody.__dict__, "scopes": frozenset({right.scope})})
            beyond = Actor(**{**anybody.__dict__, "scopes": frozenset(Scope) - {right.scope}})
            expected = role in right.roles
            assert [may(anybody, right), may(within, right), may(beyond, right)] == [
                expected,
                expected,
                False,
            ]
            with pytest.raises(BellwetherError, match=str(right.scope) if expected else f"a {role} may not"):
                require(beyond, right, "do it")
    assert {right.scope for right in RIGHTS} == set(Scope)
    alone = Actor("usr_2", "tnt_1", "Ada", Role.ASSISTANT, (), "EUR")
    with pytest.raises(Forbidden, match="X-On-Behalf-Of"):
        require(alone, permissions.SELL, "create accounts")
    assert not may(alone, permissions.SELL)

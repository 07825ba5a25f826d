"""Whatever is asked, the answer is data or an error with a code, and never anything of another tenant."""

from __future__ import annotations

import os
from random import Random

import orjson
import pytest

from models.access import Role, User
from models.database import fetch
from rules.engine.pool import EnginePool
from schema.context import Context
from tests import factories
from tests.schema.asking import SCHEMA
from tests.schema.random_requests import Requests

#: Requests of the short form; BELLWETHER_FUZZ asks for more.
REQUESTS = int(os.environ.get("BELLWETHER_FUZZ", "150"))
TABLES = ("account", "deal", "contact", "contract", "ticket", "signal", "user", "team", "tenant")


async def _furnish(owner: User) -> None:
    for number in range(3):
        account = await factories.account(owner, name=f"A{number}")
        contact = await factories.contact(account)
        deal = await factories.deal(account)
        await factories.contract(account)
        await factories.service(account)
        await factories.ticket(account)
        await factories.signal(account, deal_id=deal.id, contact_id=contact.id)


async def _ids() -> dict[str, list[str]]:
    """Every id, by tenant."""
    found: dict[str, list[str]] = {}
    for table in TABLES:
        tenant = "id" if table == "tenant" else "tenant_id"
        for row in await fetch(f'select id, {tenant} as tenant from "{table}"'):
            found.setdefault(str(row["tenant"]), []).append(str(row["id"]))
    return found


# Resolvers beside a field that fails are given up, some before they began.
@pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning", "ignore:coroutine:RuntimeWarning"
)
@pytest.mark.parametrize("seed", [1, 2])
async def test_no_request_meets_a_bug_or_another_tenant(db: str, seed: int) -> None:
    random, users = Random(seed), list[User]()
    for _ in range(2):
        tenant = await factories.tenant()
        team = await factories.team(tenant)
        users += [await factories.user(tenant, role, team_id=team.id) for role in Role]
        await _furnish(users[-len(Role)])
    kinds = {"query": SCHEMA._schema.query_type, "mutation": SCHEMA._schema.mutation_type}
    async with EnginePool(1, 10.0) as engine:
        for _ in range(REQUESTS):
            ids = await _ids()
            user, kind = random.choice(users), random.choice(list(kinds))
            requests = Requests(
                random, [*(each for of in ids.values() for each in of), "", "acc_none", "x" * 300]
            )
            root = kinds[kind]
            assert root
            document, variables = requests.request(kind, root)
            context = Context(await factories.actor(user), engine)
            answer = await SCHEMA.execute(document, variables, context)
            for error in answer.errors or []:
                assert error.extensions and error.extensions["code"] != "INTERNAL", (document, variables)
            told = orjson.dumps(answer.data, default=str).decode()
            foreign = {each for tenant, of in ids.items() if tenant != user.tenant_id for each in of}
            asked = orjson.dumps(variables, default=str).decode()
            assert not [each for each in foreign if each in told and each not in asked], (document, variables)

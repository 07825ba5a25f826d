"""A person to erase, who may do it, and where in the database something tells of the person."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
from tortoise import Tortoise

from models.access import Role, Tenant, User
from models.deals import ContactRole, Deal, DealContact
from tests import factories

NAME, FORMER = 'Dörte "Dee" Quandt', "Dörte Winterfeld"
EMAIL, PHONE, TITLE = "dee.quandt@customer.example", "+49 30 5550199", "Head of Backbone"
KEY = "quandt, dee/7"
#: Whatever of these is found anywhere tells of the person.
TELLING = (NAME, EMAIL, PHONE, TITLE, KEY, "DEE.QUANDT@")


async def staff(tenant: Tenant) -> dict[str, User]:
    """Users of each kind: a director with a manager, a colleague with another one, and an outsider."""
    north, south = await factories.team(tenant), await factories.team(tenant)
    return {
        "admin": await factories.user(tenant, Role.ADMIN),
        "manager": await factories.user(tenant, Role.MANAGER, team_id=north.id),
        "director": await factories.user(tenant, team_id=north.id),
        "other manager": await factories.user(tenant, Role.MANAGER, team_id=south.id),
        "colleague": await factories.user(tenant, team_id=south.id),
        "integration": await factories.user(tenant, Role.INTEGRATION),
        "stranger": await factories.user(await factories.tenant(), Role.ADMIN),
    }


def part(deal: Deal, contact_id: str) -> DealContact:
    """A contact's part in a deal, to be written."""
    return DealContact(
        id=DealContact.make_id(),
        tenant_id=deal.tenant_id,
        deal_id=deal.id,
        contact_id=contact_id,
        role=ContactRole.CHAMPION,
    )


async def told_in(words: tuple[str, ...], *, but: frozenset[str] = frozenset()) -> set[str]:
    """The columns of all tables in which one of the words is, whatever they hold and in capitals or not."""
    assert Tortoise.apps is not None
    found = set()
    for model in Tortoise.apps.get_models_iterable():
        for row in await model.all().values():
            for column, value in row.items():
                text = orjson.dumps(value, default=str).decode().replace("\\", "").casefold()
                if row["id"] not in but and any(word.casefold() in text for word in words):
                    found.add(f"{model._meta.db_table}.{column}")
    return found


def codes(payload: Any) -> list[str]:
    """The codes of what was wrong."""
    return [error["code"] for error in payload["errors"]]


def in_the_file(url: str) -> list[str]:
    """What of the person is in the bytes of an embedded database, what was deleted among them."""
    if not url.startswith("sqlite"):
        return []
    path = Path(url.removeprefix("sqlite://"))
    files = [each for each in path.parent.glob(f"{path.name}*") if each.suffix != "-shm"]
    content = b"".join(each.read_bytes() for each in files).lower()
    return [word for word in TELLING if word.lower().encode() in content]

"""Those of the demo who plan and sell, and the records of its world that they act on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from commands.access import system_actor
from commands.actors import actor_of
from jobs.demo.accounts import account_id
from jobs.demo.people import DIRECTOR_EMAIL, MANAGER_EMAIL
from models.access import Actor, Tenant, User
from models.accounts import Account
from models.base import Sourced, today

S = TypeVar("S", bound=Sourced)


async def acting(tenant: Tenant, email: str) -> Actor:
    """Somebody of the demo."""
    user = await User.get(tenant_id=tenant.id, email=email)
    return await actor_of(user.id, tenant.id)


@dataclass(frozen=True)
class Cast:
    """The product's own work, a director, the director's manager, and the day on which they stand."""

    admin: Actor
    director: Actor
    manager: Actor
    today: date

    @classmethod
    async def of(cls, tenant: Tenant) -> Cast:
        """Those of a tenant, today."""
        director, manager = [await acting(tenant, email) for email in (DIRECTOR_EMAIL, MANAGER_EMAIL)]
        return cls(system_actor(tenant), director, manager, today())

    async def found(self, model: type[S], external_id: str) -> S:
        """A record of the demo's world."""
        return await model.get(tenant_id=self.admin.tenant_id, external_id=external_id)

    async def account(self, number: int) -> Account:
        """An account by its number."""
        return await self.found(Account, account_id(number))

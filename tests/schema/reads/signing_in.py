"""The keys of a tenant of the world, and who acts there on whose behalf."""

from __future__ import annotations

from collections.abc import Sequence

from models.access import ApiKey, Delegation, Role, User
from tests.schema.reads.world import World


def signing_in(world: World, staff: Sequence[User]) -> None:
    """Keys of the tenant's integration, and delegations to its assistant."""
    (program,) = (user for user in staff if user.role is Role.INTEGRATION)
    (assistant,) = (user for user in staff if user.role is Role.ASSISTANT)
    for number in range(4):
        world.make(
            ApiKey,
            tenant_id=program.tenant_id,
            user_id=program.id,
            name=world.text(),
            hint='é"\\1',
            digest=f"{program.tenant_id}{number}",
            scopes=["READ", "WRITE_SIGNALS"][: number % 3],
            expires_at=world.moment(),
            revoked_at=world.maybe(world.moment()),
            last_used_at=world.maybe(world.moment()),
            created_by_id=world.maybe(world.pick(staff).id),
        )
    for principal in staff[2:6]:
        world.make(
            Delegation,
            tenant_id=program.tenant_id,
            assistant_id=assistant.id,
            principal_id=principal.id,
            good_until=world.maybe(world.day()),
            ended_at=world.maybe(world.moment(), 0.3),
        )

"""Writing rulebooks and putting them live."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import cast

import strawberry
from strawberry.scalars import JSON

from commands import rulebooks
from models import rulebooks as stored
from schema.context import Info
from schema.core.errors import UserError
from schema.core.stored import column
from schema.mutations.translation import attempt, documented
from schema.rulebooks import Rulebook


@documented
@strawberry.input
class SaveRulebookInput:
    """The rule documents of a rulebook's next version."""

    name: str
    rules: list[JSON]


@documented
@strawberry.input
class ActivateRulebookInput:
    """Which version of a rulebook goes live; with ``version``, only if the record is still at that one."""

    id: strawberry.ID
    version: int | None = None


@documented
@strawberry.type
class RulebookPayload:
    """The rulebook as it is now, or every problem that it has."""

    rulebook: Rulebook | None = column("As it is now; null when nothing was written, but for a conflict.")
    errors: list[UserError] = column("What was wrong; empty when it was written.")


@documented
@strawberry.type
class RulebookMutations:
    """What managers do with rules."""

    @strawberry.mutation
    async def save_rulebook(self, info: Info, input: SaveRulebookInput) -> RulebookPayload:
        """Keep rules as the next version of a rulebook, a draft: nothing is judged by it yet."""
        actor = info.context.actor
        documents = cast("list[Mapping[str, object]]", input.rules)
        return await _payload(lambda: rulebooks.save(actor, input.name, documents))

    @strawberry.mutation
    async def activate_rulebook(self, info: Info, input: ActivateRulebookInput) -> RulebookPayload:
        """Put a version live once the engine is shown to judge it as its text says."""
        actor, engine = info.context.actor, info.context.engine
        return await _payload(lambda: rulebooks.activate(actor, engine, input.id, input.version))


async def _payload(command: Callable[[], Awaitable[stored.Rulebook]]) -> RulebookPayload:
    rulebook, errors = await attempt(stored.Rulebook, command)
    return RulebookPayload(rulebook=Rulebook.of(rulebook) if rulebook else None, errors=errors)

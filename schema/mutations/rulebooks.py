"""Writing rulebooks and putting them live."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import cast

import strawberry
from strawberry.scalars import JSON

from commands import rule_checks, rulebooks
from models import rulebooks as stored
from models.base import today
from schema.context import Info
from schema.core.cost import costs
from schema.core.errors import UserError
from schema.core.stored import column
from schema.mutations.translation import READ_AT_IF_TOLD, attempt
from schema.rule_checks import RuleFinding
from schema.rulebooks import Rulebook


@strawberry.input
class SaveRulebookInput:
    """The rule documents of a rulebook's next version, and cases that must hold before it goes live."""

    name: str = strawberry.field(
        description="The rulebook's name, up to 100 characters, not blank; a new one begins a rulebook."
    )
    rules: list[JSON] = strawberry.field(
        description="Rule documents, objects as `ruleSchema` describes them: at most 1,000, in the order in"
        " which they are shown."
    )
    cases: list[JSON] | None = strawberry.field(
        default=None, description="Cases, objects as `accountCase` makes them: at most 1,000; default: none."
    )
    description: str | None = strawberry.field(default=None, description="What it is for; default: not said.")


@strawberry.input
class ImportRulebookInput:
    """A rulebook's next version as a YAML file."""

    name: str = strawberry.field(
        description="The rulebook's name, up to 100 characters, not blank; a new one begins a rulebook."
    )
    yaml: str = strawberry.field(
        description="The text of the file, in YAML: rules, cases and a description, as the field `yaml` of a"
        " rulebook has it."
    )


@strawberry.input
class RollBackRulebookInput:
    """Which rulebook goes back to the version that was live before, and why."""

    name: str = strawberry.field(description="The name of a rulebook that is live.")
    reason: str = strawberry.field(description="Why, up to 500 characters, not blank.")


@strawberry.input
class RetireRulebookInput:
    """Which version is taken out of use, and why."""

    id: strawberry.ID = strawberry.field(description="The id of the version, which is live.")
    reason: str = strawberry.field(description="Why, up to 500 characters, not blank.")
    version: int | None = strawberry.field(default=None, description=READ_AT_IF_TOLD)


@strawberry.input
class ActivateRulebookInput:
    """Which version of a rulebook goes live, and why."""

    id: strawberry.ID = strawberry.field(description="The id of the version.")
    version: int | None = strawberry.field(default=None, description=READ_AT_IF_TOLD)
    reason: str | None = strawberry.field(
        default=None, description="Why it goes live, up to 500 characters; default: not said."
    )


@strawberry.type
class RulebookPayload:
    """The rulebook as it is now, or every problem that it has."""

    rulebook: Rulebook | None = column("As it is now; null when nothing was written, but for a conflict.")
    errors: list[UserError] = column("What was wrong; empty when it was written.")

    @strawberry.field
    async def findings(self, info: Info) -> list[RuleFinding]:
        """What the checks find in its rules as of today; what would keep them from going live is an error."""
        if self.rulebook is None:
            return []
        found = await rule_checks.check_version(info.context.actor, self.rulebook.id, today())
        return [RuleFinding.of(finding) for finding in found]


@strawberry.type
class RulebookMutations:
    """What managers do with rules."""

    @strawberry.mutation
    async def save_rulebook(self, info: Info, input: SaveRulebookInput) -> RulebookPayload:
        """Keep rules as the next version of a rulebook, a draft: nothing is judged by it yet."""
        actor = info.context.actor
        documents = cast("list[Mapping[str, object]]", input.rules)
        cases = cast("list[Mapping[str, object]]", input.cases or [])
        return await _payload(lambda: rulebooks.save(actor, input.name, documents, cases, input.description))

    @strawberry.mutation
    async def import_rulebook(self, info: Info, input: ImportRulebookInput) -> RulebookPayload:
        """Keep a file as the next version of a rulebook; the latest version if that is the same file."""
        actor = info.context.actor

        async def imported() -> stored.Rulebook:
            rulebook, _ = await rulebooks.import_file(actor, input.name, input.yaml)
            return rulebook

        return await _payload(imported)

    @costs(5_000)
    @strawberry.mutation
    async def activate_rulebook(self, info: Info, input: ActivateRulebookInput) -> RulebookPayload:
        """Put a version live once the engine is shown to judge it as its text says."""
        actor, engine = info.context.actor, info.context.engine
        return await _payload(
            lambda: rulebooks.activate(actor, engine, input.id, input.version, input.reason)
        )

    @strawberry.mutation
    async def roll_back_rulebook(self, info: Info, input: RollBackRulebookInput) -> RulebookPayload:
        """Put the version live again that was before the one that is."""
        actor, engine = info.context.actor, info.context.engine
        return await _payload(lambda: rulebooks.roll_back(actor, engine, input.name, input.reason))

    @strawberry.mutation
    async def retire_rulebook(self, info: Info, input: RetireRulebookInput) -> RulebookPayload:
        """Take a version out of use; what it says lapses with the next judgement."""
        actor = info.context.actor
        return await _payload(lambda: rulebooks.retire(actor, input.id, input.reason, input.version))


async def _payload(command: Callable[[], Awaitable[stored.Rulebook]]) -> RulebookPayload:
    rulebook, errors = await attempt(stored.Rulebook, command)
    return RulebookPayload(rulebook=Rulebook.of(rulebook) if rulebook else None, errors=errors)

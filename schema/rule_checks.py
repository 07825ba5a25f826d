"""What the checks find in rules before they go live, as managers see it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, cast

import strawberry
from strawberry.scalars import JSON

from commands import rule_checks
from models.access import Scope
from models.base import today
from rules import findings
from rules.findings import FindingCode, FindingSeverity
from schema.context import Info
from schema.core.arguments import AsOf
from schema.core.cost import costs
from schema.core.stored import column

strawberry.enum(FindingCode, name="RuleFindingCode")
strawberry.enum(FindingSeverity, name="RuleFindingSeverity")


@strawberry.type
class RuleFinding:
    """One thing that a check found in a rule."""

    severity: FindingSeverity = column("Whether it keeps the version from going live.")
    code: FindingCode = column("What kind of finding it is.")
    rule_key: str = column("The key of the rule.")
    path: list[str] = column(
        "Its place among the documents, outermost first: rules, 3, when, 0, deal, where."
    )
    message: str = column("What was found, with the conditions as they are written.", Scope.READ_PERSONAL)

    @classmethod
    def of(cls, finding: findings.Finding) -> RuleFinding:
        """The object that shows a finding."""
        return cls(
            severity=finding.severity,
            code=finding.code,
            rule_key=finding.rule_key,
            path=list(finding.path),
            message=finding.message,
        )


@strawberry.type
class RuleCheckQueries:
    """Checking rules before they are live."""

    @costs(100)
    @strawberry.field
    async def rulebook_findings(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="The id of a rulebook version.")],
        as_of: AsOf = None,
    ) -> list[RuleFinding]:
        """What the checks find in a saved version, beside the live rulebooks of other names."""
        found = await rule_checks.check_version(info.context.actor, id, as_of or today())
        return [RuleFinding.of(finding) for finding in found]

    @costs(100)
    @strawberry.field
    async def check_rules(
        self,
        info: Info,
        name: Annotated[
            str, strawberry.argument(description="The name of the rulebook whose next version they may be.")
        ],
        rules: Annotated[
            list[JSON],
            strawberry.argument(description="Rule documents, as `ruleSchema` describes them; none is saved."),
        ],
        as_of: AsOf = None,
    ) -> list[RuleFinding]:
        """What the checks would find if these rules were live. Nothing is written."""
        documents = cast("list[Mapping[str, object]]", rules)
        found = await rule_checks.check(info.context.actor, name, documents, as_of or today())
        return [RuleFinding.of(finding) for finding in found]

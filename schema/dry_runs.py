"""What other rules would say, as managers see it: dry runs and the differences of versions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, cast

import strawberry
from strawberry.scalars import JSON

from commands import dry_runs, rulebooks
from commands.dry_runs import Movement
from models import accounts as stored_accounts
from models.access import Scope
from models.base import today
from models.errors import Invalid
from models.rulebooks import Rulebook
from models.visibility import find
from schema.accounts import Account
from schema.context import Info
from schema.core.arguments import AsOf
from schema.core.cost import costs
from schema.core.money import Money, certain_money
from schema.core.readable import ANY_FACT, needs
from schema.core.stored import column
from schema.rulebooks import EvaluationFailure

strawberry.enum(Movement, name="VerdictMovement")
#: How many of the single verdicts are told at once.
MOST = 1_000


@strawberry.type
class MovedVerdict:
    """One thing that rules say of a subject, now or then."""

    moved: strawberry.Private[dry_runs.Moved]

    @strawberry.field
    def movement(self) -> Movement:
        """Which of the rules say it."""
        return self.moved.movement

    @strawberry.field
    def rule_key(self) -> str:
        """The key of the rule that says it."""
        return self.moved.rule_key

    @strawberry.field
    def title(self) -> str:
        """What it says, in a line."""
        return self.moved.title

    @strawberry.field
    def subject_key(self) -> str:
        """The ids of the records that it is about, with | between them, or the account's."""
        return self.moved.subject_key

    @strawberry.field
    async def account(self, info: Info) -> Account | None:
        """The account that it is about; null when the caller may not see it."""
        record = await info.context.loaders.one(stored_accounts.Account, self.moved.account_id)
        return Account.of(record) if record else None

    @strawberry.field
    def exposure_before(self, info: Info) -> Money:
        """The revenue that it names by the present rules."""
        return certain_money(self.moved.exposure_before, info.context.actor.currency)

    @strawberry.field
    def exposure_after(self, info: Info) -> Money:
        """The revenue that it names by the other rules."""
        return certain_money(self.moved.exposure_after, info.context.actor.currency)


@strawberry.type
class RuleOutcome:
    """What changes for one rule."""

    outcome: strawberry.Private[dry_runs.RuleOutcome]
    rule_key: str = column("The key of the rule.")
    gained: int = column("How many subjects only the other rules speak of.")
    lost: int = column("How many subjects only the present rules speak of.")
    kept: int = column("How many subjects both speak of.")
    accounts: int = column("How many accounts the other rules speak of.")

    @strawberry.field
    def exposure_before(self, info: Info) -> Money:
        """The revenue that it names by the present rules, each line once."""
        return certain_money(self.outcome.exposure_before, info.context.actor.currency)

    @strawberry.field
    def exposure_after(self, info: Info) -> Money:
        """The revenue that it names by the other rules, each line once."""
        return certain_money(self.outcome.exposure_after, info.context.actor.currency)


@strawberry.type
class RuleOutcomes:
    """What changes on real accounts when other rules take the place of the present ones."""

    outcome: strawberry.Private[dry_runs.Outcome]
    as_of: date = column("The day as of which both were tried.")
    accounts: int = column("How many accounts of the caller's there are.")
    flagged_before: int = column("How many accounts the present rules say anything of.")
    flagged_after: int = column("How many accounts the other rules say anything of.")
    warnings: list[str] = column("Rules that speak of more than a fifth of the accounts.")

    @classmethod
    def of(cls, outcome: dry_runs.Outcome) -> RuleOutcomes:
        """The object that shows an outcome."""
        return cls(
            outcome=outcome,
            as_of=outcome.as_of,
            accounts=outcome.accounts,
            flagged_before=outcome.flagged_before,
            flagged_after=outcome.flagged_after,
            warnings=outcome.warnings,
        )

    @strawberry.field
    def failures(self) -> list[EvaluationFailure]:
        """Accounts that could not be judged; they are in none of the figures."""
        return [
            EvaluationFailure(account_id=strawberry.ID(account), reason=reason)
            for account, reason in self.outcome.failures.items()
        ]

    @strawberry.field
    def share_flagged(self) -> float:
        """Of all accounts, the share that the other rules say anything of, 0 to 1."""
        return self.outcome.share(self.outcome.flagged_after)

    @strawberry.field
    def exposure_before(self, info: Info) -> Money:
        """The revenue that the present rules name, each line once."""
        return certain_money(self.outcome.exposure_before, info.context.actor.currency)

    @strawberry.field
    def exposure_after(self, info: Info) -> Money:
        """The revenue that the other rules name, each line once."""
        return certain_money(self.outcome.exposure_after, info.context.actor.currency)

    @strawberry.field
    def rules(self) -> list[RuleOutcome]:
        """The rules of either version, and others for which something changes."""
        return [
            RuleOutcome(
                outcome=rule,
                rule_key=rule.rule_key,
                gained=rule.gained,
                lost=rule.lost,
                kept=rule.kept,
                accounts=rule.accounts,
            )
            for rule in self.outcome.rules
        ]

    @strawberry.field
    def verdicts(
        self,
        movements: Annotated[
            list[Movement] | None,
            strawberry.argument(description="Only what moved in these ways; default: everything."),
        ] = None,
        first: Annotated[int, strawberry.argument(description=f"How many at most: 0 to {MOST:,}.")] = 100,
        skip: Annotated[
            int, strawberry.argument(description="How many are passed over first, 0 or more.")
        ] = 0,
    ) -> list[MovedVerdict]:
        """Every single thing that is said, by rule and account."""
        if not 0 <= first <= MOST or skip < 0:
            raise Invalid(f"first and skip are out of range; allowed: 0 to {MOST:,}, 0 and more", ["first"])
        wanted = [m for m in self.outcome.moved if not movements or m.movement in movements]
        return [MovedVerdict(moved=moved) for moved in wanted[skip : skip + first]]


@strawberry.type
class RuleText:
    """How the text of one rule differs between two versions."""

    rule_key: str = column("The key of the rule.")
    change: str = column("ADDED, REMOVED or CHANGED.")
    lines: list[str] = column("A unified difference of its document, line by line.", Scope.READ_PERSONAL)


@strawberry.type
class RulebookDifference:
    """How two versions of a rulebook differ: in what they are, and in what they say of real accounts."""

    texts: list[RuleText] = column("Rules whose documents differ.")
    outcome: RuleOutcomes = column("What changes on real accounts.", *ANY_FACT)


@strawberry.type
class DryRunQueries:
    """Trying rules before they are live."""

    @costs(1_000, engine=True)
    @needs(*ANY_FACT)
    async def dry_run(
        self,
        info: Info,
        name: Annotated[
            str, strawberry.argument(description="The name of the rulebook whose live version is replaced.")
        ],
        rules: Annotated[
            list[JSON] | None,
            strawberry.argument(
                description="Rule documents, which need not be saved, as `ruleSchema` describes them; absent"
                " with `version`."
            ),
        ] = None,
        version: Annotated[
            int | None,
            strawberry.argument(description="The number of a saved version, from 1; absent with `rules`."),
        ] = None,
        as_of: AsOf = None,
    ) -> RuleOutcomes:
        """What would change if these rules, or that version, were live. Nothing is written."""
        actor, engine = info.context.actor, info.context.engine
        if (rules is None) == (version is None):
            raise Invalid("either rules or a version belong here", ["rules"])
        if rules is None:
            documents = await rulebooks.documents_of(
                await rulebooks.version_named(actor, f"{name}/{version}")
            )
        else:
            documents = cast("list[Mapping[str, object]]", rules)
        return RuleOutcomes.of(await dry_runs.dry_run(actor, engine, name, documents, as_of or today()))

    @costs(2_000, engine=True)
    @strawberry.field
    async def rulebook_difference(
        self,
        info: Info,
        before: Annotated[
            strawberry.ID, strawberry.argument(description="The id of the version that is replaced.")
        ],
        after: Annotated[
            strawberry.ID, strawberry.argument(description="The id of the version that takes its place.")
        ],
        as_of: AsOf = None,
    ) -> RulebookDifference:
        """How one version differs from another. Nothing is written."""
        actor, engine = info.context.actor, info.context.engine
        one, other = (
            await find(Rulebook, actor, before, "before"),
            await find(Rulebook, actor, after, "after"),
        )
        outcome = await dry_runs.difference(actor, engine, one, other, as_of or today())
        texts = [
            RuleText(rule_key=text.rule_key, change=text.change, lines=list(text.lines))
            for text in await dry_runs.text_difference(one, other)
        ]
        return RulebookDifference(texts=texts, outcome=RuleOutcomes.of(outcome))

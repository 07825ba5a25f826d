"""Why something is said, why not, and what would change it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, cast

import strawberry
from strawberry.scalars import JSON

from commands import explanations, standing
from models.base import today
from rules import counterfactuals as told
from rules import why_not as missed
from rules.sentences import clearing, lacking
from rules.wording import Wording, known_locale
from schema.context import Info
from schema.core.arguments import AccountId, AnyLocale, AsOf
from schema.core.cost import costs
from schema.core.readable import ANY_FACT, needs
from schema.core.stored import column

strawberry.enum(told.Actor, name="CounterfactualActor")


@strawberry.type
class Counterfactual:
    """One change that, as was tried, clears a recommendation or a risk."""

    change: strawberry.Private[told.Counterfactual]
    wording: strawberry.Private[Callable[[str], Wording]]
    actor: told.Actor = column("Who can bring it about.")
    fact_kind: str = column("The kind of the record that changes, as rules call it.")
    fact_id: str | None = column("The id of the record that changes; null for a new one.")
    field: str | None = column("The field that changes, as rules call it; null for a new record.")
    seen: JSON | None = column(
        "Its value now: a text, number or boolean; money in whole units, as text. Null when it is missing.",
        *ANY_FACT,
    )
    needed: JSON | None = column(
        "The value that clears it; for a new record an object of what it must meet, by field."
        " Money in whole units, as text. Null when the field must be missing.",
        *ANY_FACT,
    )
    days: int | None = column("After how many days time brings it about; null when time alone does not.")

    @needs(*ANY_FACT)
    def text(self, locale: AnyLocale = None) -> str:
        """In words: clears if usage_change_90d rises to -0.199999, now -0.31."""
        return self.change.text if locale is None else clearing(self.wording(locale), self.change)

    @classmethod
    def of(cls, change: told.Counterfactual, wording: Callable[[str], Wording]) -> Counterfactual:
        """The object that shows a change, told in the words of a locale."""
        return cls(
            change=change,
            wording=wording,
            actor=change.actor,
            fact_kind=change.fact_kind,
            fact_id=change.fact_id,
            field=change.field,
            seen=cast("JSON", change.seen),
            needed=cast("JSON", change.needed),
            days=change.days,
        )


@strawberry.type
class Changes:
    """What would clear a recommendation or a risk."""

    holds: bool = column(
        "Whether it still holds by what is known now; the next evaluation ends one that does not."
    )
    counterfactuals: list[Counterfactual] = column("Single changes that clear it, the smallest first.")

    @classmethod
    def of(cls, changes: explanations.Changes, currency: str) -> Changes:
        """The object that shows them."""

        def wording(locale: str) -> Wording:
            return Wording(currency, known_locale(locale), about=changes.matched)

        shown = [Counterfactual.of(change, wording) for change in changes.counterfactuals]
        return cls(holds=changes.holds, counterfactuals=shown)


@strawberry.type
class FailedCondition:
    """The first condition of a rule that an account does not meet."""

    failed: strawberry.Private[missed.Failed]
    fact_kind: str = column("The kind of fact that it is on, as rules call it.")
    fact_id: str | None = column(
        "The id of the record that came nearest; null where there is none of the kind."
    )
    field: str | None = column(
        "The field, as rules call it; null where a record lacks, or is there that must not be."
    )
    op: str | None = column("The operator: gt, not in and so on; null with the field.")
    threshold: JSON | None = column(
        "What it is compared with: a text, number or boolean, or a list of them; money in whole"
        " units, as text. Null with the field.",
        *ANY_FACT,
    )
    seen: JSON | None = column(
        "The value that was seen: a text, number or boolean; money in whole units, as text. Null"
        " when it is missing.",
        *ANY_FACT,
    )
    off_by: float | None = column(
        "By what number it is off, in the unit of the field, money in minor units; null for what"
        " is no number.",
        *ANY_FACT,
    )

    @needs(*ANY_FACT)
    async def text(self, info: Info, locale: AnyLocale = None) -> str:
        """In words: what is asked for, and what is there."""
        if locale is None:
            return str(self.failed)
        actor, of = info.context.actor, self.failed
        names = await standing.names(actor, [(of.fact_kind, of.fact_id)] if of.fact_id else [])
        return lacking(Wording(actor.currency, known_locale(locale), names), of)

    @classmethod
    def of(cls, failed: missed.Failed) -> FailedCondition:
        """The object that shows it."""
        return cls(
            failed=failed,
            fact_kind=failed.fact_kind,
            fact_id=failed.fact_id,
            field=failed.field,
            op=failed.op,
            threshold=cast("JSON", failed.threshold),
            seen=cast("JSON", failed.seen),
            off_by=failed.off_by,
        )


@strawberry.type
class WhyNot:
    """Whether a rule holds for an account, and if not, what it fails at."""

    rule_key: str = column("The key of the rule.")
    holds: bool = column("Whether the rule holds for the account.")
    matched: JSON = column(
        "The records that it did match before it failed: an object of ids, by their names in the rule."
    )
    failed: FailedCondition | None = column("The first condition that failed; null when the rule holds.")

    @classmethod
    def of(cls, found: missed.WhyNot) -> WhyNot:
        """The object that shows it."""
        failed = found.failed
        matched = cast("JSON", dict(found.matched))
        shown = FailedCondition.of(failed) if failed else None
        return cls(rule_key=found.rule, holds=found.holds, matched=matched, failed=shown)


@strawberry.type
class WhyQueries:
    """Asking why."""

    @costs(50)
    @strawberry.field
    async def why_not(
        self,
        info: Info,
        account_id: AccountId,
        rule_key: Annotated[
            str | None, strawberry.argument(description="The key of a live rule; absent with `action`.")
        ] = None,
        action: Annotated[
            str | None,
            strawberry.argument(description="An action that live rules recommend; absent with `ruleKey`."),
        ] = None,
        as_of: AsOf = None,
    ) -> list[WhyNot]:
        """Why a live rule says nothing of an account, or each of those that recommend an action."""
        actor = info.context.actor
        found = await explanations.absent(actor, account_id, as_of or today(), rule_key, action)
        return [*map(WhyNot.of, found)]

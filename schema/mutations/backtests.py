"""Having rules tried at past dates."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import cast

import strawberry
from strawberry.scalars import JSON

from commands import backtests, rulebooks
from commands.backtests import Period
from models import rulebooks as stored
from models.base import today
from models.errors import Invalid
from models.rulebooks import Step
from schema.backtests import Backtest
from schema.context import Info
from schema.core.cost import costs
from schema.core.errors import UserError
from schema.core.stored import column
from schema.mutations.translation import attempt


@strawberry.input
class StartBacktestInput:
    """Rules that need not be saved, or a saved version (default: the live one, or else the latest), and when.

    The dates are a ``step`` apart, from ``fromOn`` to ``untilOn``; what happened is looked for
    ``horizonDays`` after each, as far as ``knownUntil`` (default: today).
    """

    name: str = strawberry.field(
        description="The name of the rulebook whose live version the rules would replace."
    )
    from_on: date = strawberry.field(description="The first date at which rules are tried.")
    until_on: date = strawberry.field(
        description="No date is later; not before `fromOn`, and so that there are at most 60 dates."
    )
    rules: list[JSON] | None = strawberry.field(
        default=None,
        description="Rule documents, objects as `ruleSchema` describes them; default: those of the saved"
        " version.",
    )
    number: int | None = strawberry.field(
        default=None,
        description="The number of a saved version, from 1; default: the live one, or else the latest.",
    )
    step: Step = strawberry.field(default=Step.MONTH, description="How far apart the dates are.")
    horizon_days: int = strawberry.field(
        default=90, description="How many days after each date are looked at for what happened: 1 to 730."
    )
    known_until: date | None = strawberry.field(
        default=None,
        description="The last day of which anything is known: not before `untilOn`, and not in the future."
        " Default: today (UTC).",
    )


@strawberry.type
class BacktestPayload:
    """The backtest, which is carried out in the background, or what was wrong."""

    backtest: Backtest | None = column(
        "As it is now: ask for it by its id until it is COMPLETE. Null when nothing was written."
    )
    errors: list[UserError] = column("What was wrong; empty when it was written.")


@strawberry.type
class BacktestMutations:
    """What managers do to learn what rules are worth."""

    @costs(10_000)
    @strawberry.mutation
    async def start_backtest(self, info: Info, input: StartBacktestInput) -> BacktestPayload:
        """Try rules at past dates, with what was known then, against what happened afterwards."""
        actor = info.context.actor
        period = Period(
            input.from_on, input.until_on, input.step, input.horizon_days, input.known_until or today()
        )

        async def asked() -> stored.Backtest:
            if input.rules is not None and input.number is not None:
                raise Invalid("either rules or a number belongs here", ["rules"])
            if input.rules is not None:
                documents = cast("list[Mapping[str, object]]", input.rules)
                return await backtests.request(actor, input.name, documents, period)
            version = input.name if input.number is None else f"{input.name}/{input.number}"
            rulebook = await rulebooks.version_named(actor, version)
            documents = await rulebooks.documents_of(rulebook)
            return await backtests.request(actor, rulebook.name, documents, period, rulebook)

        found, errors = await attempt(stored.Backtest, asked)
        return BacktestPayload(backtest=Backtest.of(found) if found else None, errors=errors)

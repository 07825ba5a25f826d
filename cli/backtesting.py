"""``bellwether rules backtest``: what rules would have been worth, from what was known then."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer
from rich.table import Table

from cli.rule_versions import documents_named
from cli.shell import (
    AsJson,
    TenantSlug,
    command,
    connected,
    day_of,
    engine_pool,
    err,
    out,
    print_json,
    progress,
    rules_app,
    tenant_actor,
)
from commands import backtests
from commands.backtests import Period, Report
from models.rulebooks import Step
from rules.backtest import Score, Share


@rules_app.command("backtest")
@command
async def backtest(
    rules: Annotated[str, typer.Argument(help="A rule file, or a saved version: name/number.")],
    from_on: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="The first date.")],
    until_on: Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"], help="No date is later.")],
    every: Annotated[
        Step, typer.Option(help="How far apart the dates are.", case_sensitive=False)
    ] = Step.MONTH,
    horizon: Annotated[int, typer.Option(help="Days after each date in which something may happen.")] = 90,
    known_until: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Last day of which anything is known; default today."),
    ] = None,
    name: Annotated[str | None, typer.Option(help="The rulebook that it would replace.")] = None,
    tenant: TenantSlug = None,
    json: AsJson = False,
) -> None:
    """Try rules at past dates, with what was known then, against what happened afterwards."""
    period = Period(day_of(from_on), day_of(until_on), every, horizon, day_of(known_until))
    async with connected(), engine_pool() as engine:
        actor = await tenant_actor(tenant)
        named, documents = await documents_named(actor, rules)
        with progress(quiet=json) as advance:
            report = await backtests.backtest(
                actor,
                engine,
                name or named,
                documents,
                period,
                lambda done, of: advance("trying past dates", done, of),
            )
    if json:
        print_json(report)
    else:
        _print(report, actor.currency)


def _print(report: Report, currency: str) -> None:
    table = Table(
        "rule and outcome", "flagged", "precision", "recall", "base rate", "lift", "days before",
        f"caught of all ({currency})",
    )  # fmt: skip
    table.columns[0].no_wrap = True
    for score in report.scores:
        what = f"{score.rule_key}\n  {score.outcome.replace('_', ' ').lower()}"
        table.add_row(what, *_figures(score))
    dates = report.dates
    out.print(
        f"{len(dates)} dates from {dates[0]} to {dates[-1]}, {report.horizon_days} days ahead, known until"
        f" {report.known_until}; {report.accounts:,} accounts, {report.failed} could not be judged:",
        soft_wrap=True,
    )
    out.print(table)
    for warning in report.warnings:
        err.print(warning, markup=False, soft_wrap=True)


def _figures(score: Score) -> list[str]:
    """Each figure with what it rests on in a second line: counts, and the ends of intervals."""
    lift = "" if score.lift is None else f"{score.lift:.2f}\n{score.lift_low:.2f} to {score.lift_high:.2f}"
    days = "" if score.lead_days is None else "{1:.0f}\n{0:.0f} to {2:.0f}".format(*score.lead_days)
    return [
        f"{score.units_flagged:,}" + (f"\n{score.undecided:,} undecided" if score.undecided else ""),
        _share(score.precision),
        _share(score.recall),
        _share(score.base_rate),
        lift,
        days,
        f"{score.value_caught_minor / 100:,.0f}\nof {score.value_minor / 100:,.0f}",
    ]


def _share(share: Share) -> str:
    if share.value is None:
        return "none"
    return f"{share.value:.1%} of {share.whole:,}\n{share.low:.1%} to {share.high:.1%}"

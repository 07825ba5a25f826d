"""``bellwether evaluate`` and ``bellwether outcomes``."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

import typer
from rich.table import Table

from cli.shell import (
    AsJson,
    AsOf,
    TenantSlug,
    app,
    command,
    connected,
    day_of,
    engine_pool,
    out,
    print_json,
    progress,
    tell_failures,
    tenant_actor,
)
from commands import evaluations, rulebooks
from metrics.risks import Ending, outcomes
from models.access import Actor
from models.errors import NotFound, allowed
from models.rulebooks import EvaluationRun
from rules.engine.pool import EnginePool


@app.command()
@command
async def evaluate(
    as_of: AsOf = None,
    tenant: TenantSlug = None,
    json: AsJson = False,
    changes: Annotated[
        bool, typer.Option("--changes", help="Only accounts for which something has changed since.")
    ] = False,
) -> None:
    """Judge every account by the active rules as of a date; the starter rules if none are active."""
    async with connected(), engine_pool() as engine:
        actor = await tenant_actor(tenant)
        await rulebooks.ensure_starter(actor, engine)
        if changes:
            await _evaluate_changes(actor, engine, day_of(as_of), json)
            return
        with progress(quiet=json) as advance:
            run = await evaluations.evaluate(
                actor, engine, day_of(as_of), progress=lambda done, of: advance("judging accounts", done, of)
            )
    _tell(run, actor.currency, json)


async def _evaluate_changes(actor: Actor, engine: EnginePool, as_of: date, json: bool) -> None:
    """Judge what changed, run by run, until nothing waits."""
    while run := await evaluations.evaluate_changes(actor, engine, as_of):
        _tell(run, actor.currency, json)


def _tell(run: EvaluationRun, currency: str, json: bool) -> None:
    if json:
        print_json(_summary(run))
    else:
        _print_run(run, currency)
    if run.failures:
        raise typer.Exit(2)


def _summary(run: EvaluationRun) -> dict[str, object]:
    return {
        "run": run.id,
        "as_of": run.as_of,
        "accounts": run.accounts,
        "candidates": run.candidates,
        "matched": run.matched,
        "opened": run.opened,
        "refreshed": run.refreshed,
        "lapsed": run.lapsed,
        "reopened": run.reopened,
        "unchanged": run.unchanged,
        "risks": {
            key: {"count": found["count"], "amount": _amount(found["exposure_minor"])}
            for key, found in run.flagged.items()
        },
        "looked_back": run.looked_back,
        "failed": len(run.failures),
        "failures": run.failures,
        "disagreements": run.disagreements,
        "seconds": run.seconds,
        "stages": run.stages,
    }


def _print_run(run: EvaluationRun, currency: str) -> None:
    out.print(
        f"As of {run.as_of}: {run.accounts:,} accounts judged ({run.candidates:,} looked at) in"
        f" {run.seconds} s, {run.matched:,} matches,"
        f" {len(run.failures)} accounts failed",
        soft_wrap=True,
    )
    out.print(
        f"Recommendations and risks: {run.opened:,} opened, {run.refreshed:,} refreshed,"
        f" {run.lapsed:,} lapsed, {run.reopened:,} re-opened, {run.unchanged:,} unchanged",
        soft_wrap=True,
    )
    table = Table("risk", "count", f"exposure ({currency})")
    for key, found in run.flagged.items():
        table.add_row(key, f"{found['count']:,}", f"{found['exposure_minor'] / 100:,.2f}")
    out.print(table)
    if run.looked_back:
        out.print(
            f"{run.looked_back:,} accounts were judged as of a later date already; what stands there was"
            " left alone",
            soft_wrap=True,
        )
    tell_failures(run.failures)


@app.command("outcomes")
@command
async def outcomes_command(
    rule: Annotated[str, typer.Argument(help="Key of the rule.")] = "stalled-deal",
    as_of: AsOf = None,
    until: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Last day to look at; default today.")
    ] = None,
    tenant: TenantSlug = None,
    json: AsJson = False,
) -> None:
    """Compare the deals that a rule flags as of a date with what happened to them later."""
    async with connected(), engine_pool() as engine:
        actor = await tenant_actor(tenant)
        known = [each.key for each in (await rulebooks.active_book(actor)).rules]
        if rule not in known:
            raise NotFound(f"no live rule {rule!r}; known: {allowed(known)}")
        seen = await evaluations.look(actor, engine, day_of(as_of))
        flagged = {v.deal_id for v in seen.verdicts if v.rule.key == rule and v.deal_id}
        found = await outcomes(actor, flagged, day_of(as_of), day_of(until))
    tell_failures(seen.failures)
    groups = {"flagged": found.flagged, "others": found.others}
    if json:
        print_json({"rule": rule, "as_of": found.as_of, "until": found.until, **groups})
        return
    table = Table(
        "open deals", "deals", "won", "lost", "still open", "win rate", f"amount ({actor.currency})"
    )
    for name, ending in groups.items():
        table.add_row(name, *_ending(ending))
    out.print(f"{rule} as of {found.as_of}, and what happened until {found.until}:")
    out.print(table)


def _ending(ending: Ending) -> list[str]:
    rate = "none ended" if ending.win_rate is None else f"{ending.win_rate:.1%}"
    counts = [f"{count:,}" for count in (ending.deals, ending.won, ending.lost, ending.open)]
    return [*counts, rate, f"{ending.amount_minor / 100:,.2f}"]


def _amount(minor: int) -> str:
    return f"{minor // 100}.{minor % 100:02d}"

"""``bellwether rules``: versions, what they would say, and how they differ."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from cli.shell import (
    AsJson,
    AsOf,
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
    tell_failures,
    tenant_actor,
    text_of,
)
from commands import dry_runs, rulebooks
from commands.dry_runs import Outcome
from models.access import Actor
from models.rulebooks import Rulebook
from rules import files
from rules.files import Document

Version = Annotated[str, typer.Argument(help="A version: name/number, or a name for the live one.")]


@rules_app.command("versions")
@command
async def list_versions(
    name: Annotated[str | None, typer.Argument(help="One rulebook; default: all.")] = None,
    tenant: TenantSlug = None,
) -> None:
    """List the versions of rulebooks: which is live since when, and why."""
    async with connected():
        actor = await tenant_actor(tenant)
        books = Rulebook.filter(tenant_id=actor.tenant_id, **({"name": name} if name else {}))
        table = Table("version", "state", "rules", "live since", "why")
        for book in await books.order_by("name", "number"):
            since = f"{book.activated_at:%Y-%m-%d %H:%M}" if book.activated_at else ""
            count = len(await rulebooks.documents_of(book))
            table.add_row(f"{book.name}/{book.number}", book.state, str(count), since, book.reason or "")
    out.print(table)


@rules_app.command("export")
@command
async def export_rules(
    version: Annotated[str | None, typer.Argument(help="A version; default: all that are live.")] = None,
    folder: Annotated[Path, typer.Option("--to", file_okay=False, help="Where the files go.")] = Path(),
    tenant: TenantSlug = None,
) -> None:
    """Write rulebooks as YAML files, as they were imported; importing one again changes nothing."""
    async with connected():
        actor = await tenant_actor(tenant)
        books = [await rulebooks.version_named(actor, version)] if version else await rulebooks.live(actor)
        folder.mkdir(parents=True, exist_ok=True)
        for book in books:
            path = folder / f"{book.name}.yaml"
            path.write_bytes((await rulebooks.exported(book)).encode())
            out.print(f"{book.name}/{book.number} written to {path}", soft_wrap=True)


@rules_app.command("import")
@command
async def import_rules(
    paths: Annotated[list[Path], typer.Argument(exists=True, dir_okay=False)],
    activate: Annotated[bool, typer.Option("--activate", help="Put them live, too.")] = False,
    tenant: TenantSlug = None,
) -> None:
    """Save rule files as the next versions of the rulebooks that they are called after."""
    async with connected(), engine_pool() as engine:
        actor = await tenant_actor(tenant)
        for path in paths:
            book, made = await rulebooks.import_file(actor, path.stem, text_of(path))
            if activate and book.state != "ACTIVE":
                book = await rulebooks.activate(actor, engine, book.id)
            told = "" if made else ", unchanged"
            out.print(f"{book.name}/{book.number} is {book.state}{told}")


@rules_app.command("rollback")
@command
async def roll_back(
    name: Annotated[str, typer.Argument(help="The rulebook.")],
    reason: Annotated[str, typer.Option(help="Why.")],
    tenant: TenantSlug = None,
) -> None:
    """Put the version live again that was before the one that is."""
    async with connected(), engine_pool() as engine:
        book = await rulebooks.roll_back(await tenant_actor(tenant), engine, name, reason)
    out.print(f"{book.name}/{book.number} is {book.state}")


@rules_app.command("dry-run")
@command
async def dry_run(
    rules: Annotated[str, typer.Argument(help="A rule file, or a saved version: name/number.")],
    name: Annotated[str | None, typer.Option(help="The rulebook that it would replace.")] = None,
    as_of: AsOf = None,
    tenant: TenantSlug = None,
    json: AsJson = False,
) -> None:
    """Say what would change on real accounts if these rules were live; nothing is written."""
    async with connected(), engine_pool() as engine:
        actor = await tenant_actor(tenant)
        named, documents = await documents_named(actor, rules)
        with progress(quiet=json) as advance:
            outcome = await dry_runs.dry_run(
                actor,
                engine,
                name or named,
                documents,
                day_of(as_of),
                lambda done, of: advance("judging accounts", done, of),
            )
    _tell(outcome, actor.currency, json)


async def documents_named(actor: Actor, rules: str) -> tuple[str, list[Document]]:
    """The rulebook's name and the rules of a file, or of a saved version if there is no such file."""
    path = Path(rules)
    return _written(path) if path.is_file() else await _saved(actor, rules)  # noqa: ASYNC240


def _written(path: Path) -> tuple[str, list[Document]]:
    """The rulebook's name and the rules of a file."""
    return path.stem, list(files.read(text_of(path)).rules)


async def _saved(actor: Actor, version: str) -> tuple[str, list[Document]]:
    """The rulebook's name and the rules of a saved version."""
    book = await rulebooks.version_named(actor, version)
    return book.name, await rulebooks.documents_of(book)


@rules_app.command("diff")
@command
async def difference(
    before: Version, after: Version, as_of: AsOf = None, tenant: TenantSlug = None, json: AsJson = False
) -> None:
    """Compare two versions: how their rules differ in text, and in what they say of real accounts."""
    async with connected(), engine_pool() as engine:
        actor = await tenant_actor(tenant)
        one = await rulebooks.version_named(actor, before)
        other = await rulebooks.version_named(actor, after)
        texts = await dry_runs.text_difference(one, other)
        with progress(quiet=json) as advance:
            outcome = await dry_runs.difference(
                actor,
                engine,
                one,
                other,
                day_of(as_of),
                lambda done, of: advance("judging accounts", done, of),
            )
    for text in [] if json else texts:
        out.print(f"{text.rule_key}: {text.change}", markup=False)
        out.print("\n".join(text.lines), markup=False, highlight=False, soft_wrap=True)
    _tell(outcome, actor.currency, json)


def _tell(outcome: Outcome, currency: str, json: bool) -> None:
    if json:
        print_json(outcome)
        return
    table = Table("rule", "new", "gone", "kept", "accounts", f"revenue before ({currency})", "after")
    for rule in outcome.rules:
        counts = [f"{count:,}" for count in (rule.gained, rule.lost, rule.kept, rule.accounts)]
        table.add_row(rule.rule_key, *counts, _amount(rule.exposure_before), _amount(rule.exposure_after))
    flagged = f"{outcome.flagged_after:,} ({outcome.share(outcome.flagged_after):.0%})"
    amounts = (_amount(outcome.exposure_before), _amount(outcome.exposure_after))
    table.add_section()
    table.add_row("all, each line once", "", "", "", flagged, *amounts)
    out.print(f"As of {outcome.as_of}, of {outcome.accounts:,} accounts:")
    out.print(table)
    tell_failures({"account": account, "reason": why} for account, why in outcome.failures.items())
    for warning in outcome.warnings:
        err.print(warning, markup=False, soft_wrap=True)


def _amount(minor: int) -> str:
    return f"{minor / 100:,.2f}"

"""``bellwether rules``: check rule files, try their cases and put them live."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from cli.shell import (
    AsOf,
    TenantSlug,
    command,
    connected,
    day_of,
    engine_pool,
    err,
    explain,
    out,
    rules_app,
    tenant_actor,
    text_of,
)
from commands import rule_checks, rulebooks
from models.errors import BellwetherError, NotFound, allowed
from models.rulebooks import RulebookState
from rules import checks, files, packs
from rules.build import build_book
from rules.cases import Case, build_cases, failures
from rules.findings import Finding, FindingSeverity
from rules.json_schema import file_schema, rule_schema
from rules.kinds import REGISTRY
from rules.registry import FieldType
from rules.tree import Book


@rules_app.command("check")
@command
async def check_rules(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False)],
    filled: Annotated[
        bool,
        typer.Option("--filled", help="Ask the database: for fields without values, and beside live rules."),
    ] = False,
    name: Annotated[str | None, typer.Option(help="The rulebook's name; default: the file's.")] = None,
    as_of: AsOf = None,
    tenant: TenantSlug = None,
) -> None:
    """Say what is wrong with a rule file and what is odd about it; without a database unless asked for."""
    book, _ = _read(file)
    documents = files.read(text_of(file)).rules
    found = checks.findings(book, documents)
    if filled:
        async with connected():
            actor = await tenant_actor(tenant)
            found = await rule_checks.check(actor, name or file.stem, documents, day_of(as_of))
    if found:
        out.print(_findings_table(found))
    if any(each.severity is FindingSeverity.ERROR for each in found):
        raise typer.Exit(1)
    out.print(f"{len(book.rules)} sound: {', '.join(rule.key for rule in book.rules)}")


def _findings_table(found: Sequence[Finding]) -> Table:
    table = Table("severity", "rule", "finding", show_lines=True)
    for each in found:
        said = f"{each.code}: {each.message}\nat {'.'.join(each.path)}"
        table.add_row(each.severity, each.rule_key, escape(said))
    return table


def _read(file: Path) -> tuple[Book, list[Case]]:
    try:
        content = files.read(text_of(file))
        book = build_book(file.stem, content.rules)
        return book, build_cases(book, content.cases)
    except BellwetherError as error:
        explain(error)
        raise typer.Exit(1) from None


@rules_app.command("test")
def try_cases(file: Annotated[Path, typer.Argument(exists=True, dir_okay=False)]) -> None:
    """Try the saved cases of a rule file, without a database."""
    book, cases = _read(file)
    failing = failures(book, cases)
    for failure in failing:
        err.print(str(failure), markup=False, soft_wrap=True)
    out.print(f"{len(cases) - len(failing)} of {len(cases)} cases hold")
    if failing:
        raise typer.Exit(1)


@rules_app.command("facts")
def rule_facts(
    kind: Annotated[str | None, typer.Argument(help="One fact kind; default: all.")] = None,
) -> None:
    """Show the fact kinds that rules speak of, with their fields, types, units and meanings."""
    if kind is not None and kind not in REGISTRY.kinds:
        err.print(f"no fact kind {kind!r}; known: {allowed(list(REGISTRY.kinds))}", markup=False)
        raise typer.Exit(1)
    for name in [kind] if kind else REGISTRY.kinds:
        table = Table("field", "type", "unit", "meaning", title=f"{name}: {REGISTRY.kinds[name].meaning}")
        for field in REGISTRY.kinds[name].fields.values():
            unit = "currency" if field.type is FieldType.MONEY else field.unit
            table.add_row(field.name, field.type.lower(), unit, field.meaning)
        out.print(table)


@rules_app.command("schema")
def print_schema(
    one: Annotated[bool, typer.Option("--rule", help="Of one rule instead of a file of them.")] = False,
) -> None:
    """Print the JSON Schema of rule files, for editors that complete and check them."""
    typer.echo(json.dumps(rule_schema() if one else file_schema(), indent=2))


@rules_app.command("publish")
@command
async def publish_rules(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False)],
    name: Annotated[str | None, typer.Option(help="The rulebook's name; default: the file's.")] = None,
    reason: Annotated[str | None, typer.Option(help="Why it goes live.")] = None,
    tenant: TenantSlug = None,
) -> None:
    """Save a rule file as the next version of a rulebook and put it live through the publish gate."""
    async with connected(), engine_pool() as engine:
        actor = await tenant_actor(tenant)
        book, _ = await rulebooks.import_file(actor, name or file.stem, text_of(file))
        if book.state != RulebookState.ACTIVE:
            book = await rulebooks.activate(actor, engine, book.id, reason=reason)
    out.print(f"{book.name}/{book.number} is {book.state}")


@rules_app.command("packs")
def list_packs() -> None:
    """List the packs of ready rules that come with Bellwether."""
    table = Table("pack", "rules", "what for")
    for name in packs.names():
        pack = packs.load(name)
        table.add_row(name, str(len(pack.rules)), pack.description or "")
    out.print(table)


@rules_app.command("add")
@command
async def add_packs(
    names: Annotated[list[str], typer.Argument(help="Packs; see: bellwether rules packs.")],
    tenant: TenantSlug = None,
) -> None:
    """Put packs of ready rules live, each as a rulebook of its own, with the plays that they name.

    A play of the same key that is there already stays as it is.
    """
    if unknown := [name for name in names if name not in packs.names()]:
        raise NotFound(f"no pack {unknown[0]!r}; known: {allowed(packs.names())}")
    async with connected(), engine_pool() as engine:
        actor = await tenant_actor(tenant)
        for name in names:
            book, _ = await rulebooks.keep(actor, name, packs.load(name))
            if book.state != RulebookState.ACTIVE:
                book = await rulebooks.activate(actor, engine, book.id, reason="pack")
            else:
                await rulebooks.bring_plays(actor, book)
            out.print(f"{book.name}/{book.number} is {book.state}")

"""``bellwether migrate``, ``user``, ``token`` and ``schema``: what an installation needs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.shell import TenantSlug, app, command, connected, err, out, tenant_actor, text_of, token_of
from commands.access import upsert_users
from models import database
from models.access import Role, User
from models.errors import NotFound, UnknownSchema, allowed

if TYPE_CHECKING:
    from schema.core.changes import SchemaChanges

SCHEMA_FILE = Path("schema.graphql")


@app.command()
@command
async def migrate(
    check: Annotated[bool, typer.Option("--check", help="Change nothing; fail unless it is there.")] = False,
    verify: Annotated[bool, typer.Option("--verify", help="Then check that the models match it.")] = False,
) -> None:
    """Bring the database to this release's schema."""
    async with connected(check=check):
        applied = [] if check else await database.migrate()
        if verify and (changes := await database.model_changes()):
            raise UnknownSchema(f"the models have changes without a migration: {allowed(changes)}")
    out.print(f"Applied: {', '.join(applied)}" if applied else "Nothing to apply.", soft_wrap=True)


@app.command("user")
@command
async def user_command(
    email: Annotated[str, typer.Argument(help="The user's address.")],
    name: Annotated[str, typer.Option(help="The user's name.")],
    role: Annotated[Role, typer.Option(help="What the user is to the product.")] = Role.ADMIN,
    tenant: TenantSlug = None,
) -> None:
    """Add a user who is in no source that is imported, or change one: an administrator, say."""
    async with connected():
        actor = await tenant_actor(tenant)
        known = User(
            id=User.make_id(), tenant_id=actor.tenant_id, name=name, email=email, role=role,
            source=actor.source, external_id=email.lower(),
        )  # fmt: skip
        done = await upsert_users(actor, [known])
    out.print("added" if done.created else "changed" if done.updated else "unchanged")


@app.command()
@command
async def token(
    email: Annotated[str, typer.Argument(help="Who the token speaks for.")], tenant: TenantSlug = None
) -> None:
    """Print a token for a user."""
    async with connected():
        actor = await tenant_actor(tenant)
        user = await User.get_or_none(tenant_id=actor.tenant_id, email=email.lower(), active=True)
        if user is None:
            raise NotFound(f"no active user {email!r} in this tenant", ["email"])
        print(token_of(user))


@app.command("schema")
def schema_command(
    check: Annotated[bool, typer.Option("--check", help=f"Fail unless {SCHEMA_FILE} is up to date.")] = False,
    against: Annotated[
        Path | None,
        typer.Option(help="Name what clients of this schema, a file, would miss; fail if anything."),
    ] = None,
) -> None:
    """Print the GraphQL schema."""
    from schema.core.changes import changes
    from schema.root import build  # costs every other command its time to start

    text = build().as_str() + "\n"
    if against is not None:
        _tell_changes(changes(text_of(against), text))
    elif not check:
        sys.stdout.write(text)
    elif not SCHEMA_FILE.exists() or SCHEMA_FILE.read_text("utf-8") != text:
        err.print(f"{SCHEMA_FILE} is out of date; run: bellwether schema > {SCHEMA_FILE}")
        raise typer.Exit(1)


def _tell_changes(found: SchemaChanges) -> None:
    for kind, told in (("BREAKING", found.breaking), ("dangerous", found.dangerous)):
        for each in told:
            out.print(f"{kind}: {each}", markup=False, soft_wrap=True)
    if found.breaking:
        raise typer.Exit(1)

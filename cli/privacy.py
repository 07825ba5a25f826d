"""``bellwether contact``: exporting and erasing what is kept about a person at a customer."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.shell import TenantSlug, app, command, connected, out, print_json, tenant_actor
from commands import privacy

contact_app = typer.Typer(help="Export or erase a contact's personal data.", no_args_is_help=True)
app.add_typer(contact_app, name="contact")

ContactId = Annotated[str, typer.Argument(help="The contact's id (con_…).")]


@contact_app.command("export")
@command
async def export(contact: ContactId, tenant: TenantSlug = None) -> None:
    """Print everything that is kept about a contact, as JSON; that it was done is recorded."""
    async with connected():
        print_json(await privacy.export(await tenant_actor(tenant), contact))


@contact_app.command("erase")
@command
async def erase(
    contact: ContactId,
    tenant: TenantSlug = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask: it cannot be undone.")] = False,
) -> None:
    """Erase a contact's personal data for good; who did what and when stays."""
    if not yes:
        typer.confirm(f"Erase all that tells who {contact} is? It cannot be undone.", abort=True, err=True)
    async with connected():
        erased = await privacy.erase(await tenant_actor(tenant), contact)
    out.print(f"{erased.id} erased at {erased.erased_at:%Y-%m-%d %H:%M:%S} UTC", markup=False)

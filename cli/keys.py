"""``bellwether key create``, ``list`` and ``revoke``: the API keys of integrations."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from cli.shell import AsJson, TenantSlug, app, command, connected, err, out, print_json, tenant_actor
from commands import keys
from models.access import ApiKey, Scope, User
from models.base import utcnow
from models.errors import NotFound

key_app = typer.Typer(help="Make and revoke the API keys of integrations.", no_args_is_help=True)
app.add_typer(key_app, name="key")


@key_app.command()
@command
async def create(
    email: Annotated[str, typer.Argument(help="The address of the integration that it speaks for.")],
    name: Annotated[str, typer.Option(help="What it is for.")],
    scopes: Annotated[list[Scope], typer.Option(help="What it may be used for; may be given several times.")],
    days: Annotated[
        int, typer.Option(help=f"For how many days it is good, 1 to {keys.MOST_DAYS}.")
    ] = keys.DAYS,
    tenant: TenantSlug = None,
) -> None:
    """Print the secret of a new key; it is kept nowhere."""
    async with connected():
        actor = await tenant_actor(tenant)
        user = await User.get_or_none(tenant_id=actor.tenant_id, email=email.strip().lower(), active=True)
        if user is None:
            raise NotFound(f"no active user {email!r} in this tenant", ["email"])
        made = await keys.create(actor, user.id, name, scopes, days)
    err.print(f"{made.key.id} is good until {made.key.expires_at:%Y-%m-%d}; the secret is not shown again:")
    print(made.secret)


@key_app.command("list")
@command
async def list_command(tenant: TenantSlug = None, as_json: AsJson = False) -> None:
    """List the keys of a tenant, without their secrets."""
    async with connected():
        actor = await tenant_actor(tenant)
        found = await ApiKey.filter(tenant_id=actor.tenant_id).order_by("name", "id").select_related("user")
    rows = [_told(key) for key in found]
    if as_json:
        print_json(rows)
        return
    table = Table(*(rows[0] if rows else ["no keys yet"]))
    for row in rows:
        table.add_row(*(str(value) for value in row.values()))
    out.print(table)


def _told(key: ApiKey) -> dict[str, str]:
    user = key.user
    assert isinstance(user, User)
    state = "revoked" if key.revoked_at else "expired" if key.expires_at <= utcnow() else "good"
    return {
        "id": key.id,
        "name": key.name,
        "user": user.email,
        "ends in": key.hint,
        "scopes": " ".join(key.scopes),
        "state": state,
        "expires": f"{key.expires_at:%Y-%m-%d}",
        "last used": f"{key.last_used_at:%Y-%m-%d %H:%M}" if key.last_used_at else "never",
    }


@key_app.command()
@command
async def revoke(
    key_id: Annotated[str, typer.Argument(metavar="ID", help="The key's id: key_….")],
    tenant: TenantSlug = None,
) -> None:
    """Take a key out of use."""
    async with connected():
        await keys.revoke(await tenant_actor(tenant), key_id)
    out.print("revoked")

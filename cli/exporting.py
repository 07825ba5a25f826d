"""``bellwether export``: documents that people take into a meeting."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from cli.shell import TenantSlug, app, command, connected, out, tenant_actor
from commands import forecast
from commands.actors import actor_of
from connectors import forecast_workbook
from models.access import Actor, Tenant, User, as_email
from models.base import today
from models.errors import NotFound
from models.forecast import Period, quarter_of, week_of

export_app = typer.Typer(help="Write documents that people take into a meeting.", no_args_is_help=True)
app.add_typer(export_app, name="export")

_DAY = ["%Y-%m-%d"]
Day = datetime | None


@export_app.command("forecast")
@command
async def export_forecast(
    xlsx: Annotated[Path, typer.Option("--xlsx", help="The file to write.", dir_okay=False)],
    week: Annotated[
        Day, typer.Option("--week", formats=_DAY, help="Any day of the week; default: the present one (UTC).")
    ] = None,
    first: Annotated[
        Day,
        typer.Option("--from", formats=_DAY, help="The period's first day; default: the fiscal quarter's."),
    ] = None,
    last: Annotated[
        Day, typer.Option("--to", formats=_DAY, help="The period's last day; default: the fiscal quarter's.")
    ] = None,
    user: Annotated[
        str | None,
        typer.Option("--user", help="The address of whoever it is for; default: the whole tenant."),
    ] = None,
    tenant: TenantSlug = None,
) -> None:
    """Write the weekly funnel as a workbook: summary with charts, funnel, changes, deals and owners."""
    async with connected():
        actor = await _reader(await tenant_actor(tenant), user)
        monday = week_of(week.date() if week else today())
        quarter = quarter_of(monday, (await Tenant.get(id=actor.tenant_id)).fiscal_month)
        period = forecast.checked(
            Period(first.date() if first else quarter.first, last.date() if last else quarter.last)
        )
        content = await forecast_workbook.gathered(actor, monday, period, today())
    xlsx.write_bytes(forecast_workbook.written(content))
    out.print(f"{xlsx}: the week of {monday}, {len(content.deals):,} deals", markup=False)


async def _reader(operator: Actor, address: str | None) -> Actor:
    """Whoever the document is for.

    Raises:
        NotFound: there is no such active user in the tenant.
    """
    if address is None:
        return operator
    try:
        email = as_email(address)
    except ValueError as error:
        raise NotFound(f"{address!r} {error}", ["user"]) from None
    found = await User.get_or_none(tenant_id=operator.tenant_id, email=email, active=True)
    if found is None:
        raise NotFound(f"no active user {address!r}", ["user"])
    return await actor_of(found.id, found.tenant_id)

"""``bellwether export``: documents that people take into a meeting."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from cli.shell import AsOf, TenantSlug, app, command, connected, day_of, out, tenant_actor
from commands import forecast
from commands.account_review.content import Edition
from commands.account_review.gathering import Asked, account_named, gathered
from commands.actors import actor_of
from connectors.account_review.files import put
from connectors.forecast_workbook import book as workbook
from connectors.forecast_workbook import content as funnel
from models.access import Actor, Tenant, User, as_email
from models.base import today
from models.errors import Invalid, NotFound
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
        content = await funnel.gathered(actor, monday, period, today())
    xlsx.write_bytes(workbook.written(content))
    out.print(f"{xlsx}: the week of {monday}, {len(content.deals):,} deals", markup=False)


@export_app.command("review")
@command
async def export_review(
    account: Annotated[
        str, typer.Option("--account", help="The account: its id, its id in a source, or its name.")
    ],
    pptx: Annotated[Path | None, typer.Option("--pptx", help="The deck to write.", dir_okay=False)] = None,
    docx: Annotated[
        Path | None, typer.Option("--docx", help="The document to write.", dir_okay=False)
    ] = None,
    edition: Annotated[
        str,
        typer.Option("--for", help="manager: for us alone; customer: nothing internal is in it."),
    ] = "manager",
    share: Annotated[
        list[str] | None,
        typer.Option(
            "--share",
            help="The id of an objective or action of the account plan that was agreed with the customer;"
            " again for each. The customer's edition tells of no others.",
        ),
    ] = None,
    as_of: AsOf = None,
    user: Annotated[
        str | None,
        typer.Option("--user", help="The address of whoever it is for; default: the whole tenant."),
    ] = None,
    tenant: TenantSlug = None,
) -> None:
    """Write the quarterly review of an account and all below it, as a deck, as a document, or as both."""
    if pptx is None and docx is None:
        raise Invalid("nothing to write; allowed: --pptx FILE, --docx FILE, or both", ["pptx"])
    asked = Asked(day_of(as_of), _edition(edition), frozenset(share or ()))
    async with connected():
        actor = await _reader(await tenant_actor(tenant), user)
        content = await gathered(actor, await account_named(actor, account), asked)
    if pptx:
        from connectors.account_review import deck  # not for every command: they take long to load

        put(pptx, deck.written(content))
    if docx:
        from connectors.account_review import document

        put(docx, document.written(content))
    for file in (each for each in (pptx, docx) if each):
        out.print(f"{file}: {content.header.name} as of {content.as_of}, for the {edition}", markup=False)
    for each in content.missing:
        out.print(f"nothing to tell: {each}", markup=False)


def _edition(named: str) -> Edition:
    """The edition of this name.

    Raises:
        Invalid: there is none.
    """
    try:
        return Edition(named.upper())
    except ValueError:
        raise Invalid(f"no edition {named!r}; allowed: manager, customer", ["for"]) from None


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

"""``bellwether import``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import connectors
from cli.shell import AsOf, app, command, connected, day_of, out, progress
from settings import settings


@app.command("import")
@command
async def import_command(
    mapping: Annotated[str, typer.Argument(help="A bundled mapping's name, or the path of a mapping file.")],
    folder: Annotated[Path, typer.Argument(exists=True, file_okay=False, help="Folder of the CSV files.")],
    as_of: AsOf = None,
    rejects: Annotated[Path | None, typer.Option(help="File for rejected and odd rows (CSV).")] = None,
) -> None:
    """Import CSV files by a mapping; safe to repeat and to interrupt."""
    chosen = connectors.load_mapping(mapping)
    where = rejects or settings().home / f"{chosen.name}.rejects.csv"
    async with connected(new=True):
        with progress() as advance:
            report = await connectors.import_folder(
                chosen, folder, day_of(as_of), rejects=where, progress=advance
            )
    for table in report.tables():
        out.print(table)
    for note in report.notes:
        out.print(note, markup=False, soft_wrap=True)
    out.print(report.speed, markup=False)
    if report.rejects or report.examples:
        out.print(f"Rejected and odd rows with line and reason: {where}", soft_wrap=True)

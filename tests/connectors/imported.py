"""A folder that was imported once for all tests of a module: they read what came of it."""

from __future__ import annotations

import asyncio
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from commands.access import system_actor
from connectors import ImportReport, import_folder, load_mapping
from models import database
from models.access import Actor


@dataclass(frozen=True)
class Imported:
    """The import of a folder into a SQLite database of its own."""

    url: str
    report: ImportReport
    mapping: str
    folder: Path
    as_of: date

    @property
    def actor(self) -> Actor:
        """Who sees all of it."""
        return system_actor(self.report.tenant, self.mapping)

    @property
    def counts(self) -> dict[str, tuple[int, int, int, int, int]]:
        """What became of the rows: read, created, updated, unchanged, rejected."""
        return {
            step: (c.read, c.created, c.updated, c.unchanged, c.rejected)
            for step, c in self.report.counts.items()
        }

    async def again(self) -> ImportReport:
        """The report of another import of the same files."""
        return await import_folder(load_mapping(self.mapping), self.folder, self.as_of)


def imported_once(template: Path, into: Path, mapping: str, folder: Path, as_of: date) -> Imported:
    """Import a folder by a bundled mapping; ``rejects.csv`` is beside the database."""
    url = f"sqlite://{shutil.copyfile(template, into / 'imported.sqlite3')}"

    async def run() -> ImportReport:
        await database.connect(url)
        try:
            rejects = into / "rejects.csv"
            return await import_folder(load_mapping(mapping), folder, as_of, rejects=rejects)
        finally:
            await database.disconnect()

    with ThreadPoolExecutor(1) as thread:
        report = thread.submit(asyncio.run, run()).result()
    return Imported(url, report, mapping, folder, as_of)

"""Making a new database at once, as its migrations would leave it: step by step they take seconds.

What a migration does besides what the models declare is said here, too; a test compares both databases.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.migrations.executor import MigrationExecutor
from tortoise.utils import get_schema_sql

from models.history import BY_DAY, KEPT_APART, KEPT_COLUMNS, OUT_OF_TIME, kept_apart, out_of_time

#: The indexes in the order of each long list: their table and the columns, those in capitals are texts.
LIST_ORDERS = (
    ("list_account", "account", ("NAME",)),
    ("list_contact", "contact", ("NAME",)),
    ("list_contract", "contract", ("ends_on",)),
    ("list_deal", "deal", ("close_on",)),
    ("list_interaction", "interaction", ("happened_on",)),
    ("list_recommendation", "recommendation", ("priority",)),
    ("list_recommendation_state", "recommendation", ("state", "priority")),
    ("list_risk", "risk", ("exposure_minor",)),
    ("list_risk_state", "risk", ("state", "exposure_minor")),
    ("list_service", "service", ("NAME",)),
    ("list_signal", "signal", ("observed_on",)),
    ("list_ticket", "ticket", ("opened_on",)),
)


async def make(
    connection: BaseDBAsyncClient, executor: MigrationExecutor, app: str, migrations: Iterable[str]
) -> None:
    """Make everything in an empty database, all of it or nothing; these migrations count as applied."""
    # Whoever has the empty table of migrations alone has a new database still.
    await executor.recorder.ensure_schema(executor._schema_editor(atomic=False))
    applied = ", ".join(f"('{app}', '{name}', current_timestamp)" for name in migrations)
    recorded = f"insert into {executor.recorder.table_name} (app, name, applied_at) values {applied}"
    made = [get_schema_sql(connection, safe=False), *_list_orders(connection), *_kept_apart(), recorded]
    await connection.execute_script(";\n".join(["begin", *(each.rstrip(";\n ") for each in made), "commit"]))


def _list_orders(connection: BaseDBAsyncClient) -> Iterator[str]:
    """Indexes for lists; a text is ordered by its code points on both databases."""
    by_code_point = "" if connection.capabilities.dialect == "sqlite" else ' collate "C"'
    for index, table, columns in LIST_ORDERS:
        ordered = [f"{each.lower()}{by_code_point}" if each.isupper() else each for each in columns]
        yield f'create index "{index}" on "{table}" (tenant_id, {", ".join(ordered)}, id{by_code_point})'


def _kept_apart() -> Iterator[str]:
    """Indexes for the changes of columns that many are undone of at once."""
    for table in KEPT_APART:
        for name, which in ((BY_DAY, ""), (OUT_OF_TIME, f" and {out_of_time()}")):
            yield (
                f'create index "change_{table}_{name}" on "change" (tenant_id, {", ".join(KEPT_COLUMNS)})'
                f" where {kept_apart(table)}{which}"
            )

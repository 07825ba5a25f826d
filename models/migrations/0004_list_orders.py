"""Indexes in the order of each long list, so that a page is read where it begins and nothing is sorted."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.migrations.schema_editor.base import BaseSchemaEditor
from tortoise.migrations.schema_generator.state_apps import StateApps

#: The index, its table and the columns of the list's order; those in capitals are texts.
ORDERS = (
    ("list_account", "account", ("NAME",)),
    ("list_contact", "contact", ("NAME",)),
    ("list_contract", "contract", ("ends_on",)),
    ("list_deal", "deal", ("close_on",)),
    ("list_recommendation", "recommendation", ("priority",)),
    ("list_recommendation_state", "recommendation", ("state", "priority")),
    ("list_risk", "risk", ("exposure_minor",)),
    ("list_risk_state", "risk", ("state", "exposure_minor")),
    ("list_service", "service", ("NAME",)),
    ("list_signal", "signal", ("observed_on",)),
    ("list_ticket", "ticket", ("opened_on",)),
)


async def create(_apps: StateApps, editor: BaseSchemaEditor) -> None:
    # A text is ordered by its code points on both databases.
    by_code_point = "" if editor.client.capabilities.dialect == "sqlite" else ' collate "C"'
    for index, table, columns in ORDERS:
        ordered = [f"{each.lower()}{by_code_point}" if each.isupper() else each for each in columns]
        await editor.client.execute_script(
            f'create index "{index}" on "{table}" (tenant_id, {", ".join(ordered)}, id{by_code_point})'
        )


async def drop(_apps: StateApps, editor: BaseSchemaEditor) -> None:
    for index, *_ in ORDERS:
        await editor.client.execute_script(f'drop index "{index}"')


class Migration(migrations.Migration):
    dependencies = [("models", "0003_whole_rules_engine")]

    initial = False

    operations = [ops.RunPython(create, drop)]

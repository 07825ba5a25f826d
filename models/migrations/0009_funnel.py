"""Indexes for figures of sales: by the day of closing, and of the changes that deals are drawn back by."""

from tortoise import migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from tortoise.migrations.schema_editor.base import BaseSchemaEditor
from tortoise.migrations.schema_generator.state_apps import StateApps

_WHICH = (
    "entity = 'deal' and field in ('amount_minor', 'close_on', 'closed_on', 'forecast_category', 'kind',"
    " 'owner_id', 'probability', 'stage', 'stage_since', 'valid_from')"
)
_COLUMNS = {
    "change_deal_effective_on": "effective_on, known_on, entity_id, field, created_at, seq, old, new",
    "change_deal_known_on": "known_on, effective_on, entity_id, field, created_at, seq, old",
}


async def create(_apps: StateApps, editor: BaseSchemaEditor) -> None:
    for index, columns in _COLUMNS.items():
        await editor.client.execute_script(
            f'create index "{index}" on "change" (tenant_id, {columns}) where {_WHICH}'
        )


async def drop(_apps: StateApps, editor: BaseSchemaEditor) -> None:
    for index in _COLUMNS:
        await editor.client.execute_script(f'drop index "{index}"')


class Migration(migrations.Migration):
    dependencies = [("models", "0008_selling")]

    initial = False

    operations = [
        ops.AddIndex(model_name="AuditRecord", index=Index(fields=["tenant_id", "command"])),
        ops.AddIndex(model_name="Change", index=Index(fields=["tenant_id", "known_on"])),
        ops.AddIndex(model_name="Deal", index=Index(fields=["tenant_id", "closed_on"])),
        ops.RunPython(create, drop),
    ]

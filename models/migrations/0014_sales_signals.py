"""The pipeline stages that deals went through are read with the rest of what figures of sales are made of."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.migrations.schema_editor.base import BaseSchemaEditor
from tortoise.migrations.schema_generator.state_apps import StateApps

_COLUMNS = "tenant_id, effective_on, known_on, entity, entity_id, field, created_at, seq, old, new"
_BEFORE = (
    "entity = 'deal' and field in ('amount_minor', 'close_on', 'closed_on', 'forecast_category', 'kind',"
    " 'owner_id', 'probability', 'stage', 'stage_since', 'valid_from')"
)
_AFTER = (
    "entity = 'deal' and field in ('amount_minor', 'close_on', 'closed_on', 'forecast_category', 'kind',"
    " 'owner_id', 'pipeline_stage_id', 'probability', 'stage', 'stage_since', 'valid_from')"
)
_KINDS = {"effective_on": "", "out_of_time": " and (known_on is null or known_on <> effective_on)"}


async def _replace(editor: BaseSchemaEditor, which: str) -> None:
    for name, also in _KINDS.items():
        await editor.client.execute_script(f'drop index "change_deal_{name}"')
        await editor.client.execute_script(
            f'create index "change_deal_{name}" on "change" ({_COLUMNS}) where {which}{also}'
        )


async def forward(_apps: StateApps, editor: BaseSchemaEditor) -> None:
    await _replace(editor, _AFTER)


async def back(_apps: StateApps, editor: BaseSchemaEditor) -> None:
    await _replace(editor, _BEFORE)


class Migration(migrations.Migration):
    dependencies = [("models", "0013_projections")]

    initial = False

    operations = [ops.RunPython(forward, back)]

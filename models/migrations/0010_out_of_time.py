"""Indexes of the changes of deals: all that is read of them, and those not learned on the day of effect apart."""

from tortoise import migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from tortoise.migrations.schema_editor.base import BaseSchemaEditor
from tortoise.migrations.schema_generator.state_apps import StateApps

_WHICH = (
    "entity = 'deal' and field in ('amount_minor', 'close_on', 'closed_on', 'forecast_category', 'kind',"
    " 'owner_id', 'probability', 'stage', 'stage_since', 'valid_from')"
)
_OUT_OF_TIME = f"{_WHICH} and (known_on is null or known_on <> effective_on)"
_COLUMNS = "tenant_id, effective_on, known_on, entity, entity_id, field, created_at, seq, old, new"
_AFTER = {"effective_on": (_COLUMNS, _WHICH), "out_of_time": (_COLUMNS, _OUT_OF_TIME)}
_BEFORE = {
    "effective_on": ("tenant_id, effective_on, known_on, entity_id, field, created_at, seq, old, new", _WHICH),
    "known_on": ("tenant_id, known_on, effective_on, entity_id, field, created_at, seq, old", _WHICH),
}


async def _replace(
    editor: BaseSchemaEditor, old: dict[str, tuple[str, str]], new: dict[str, tuple[str, str]]
) -> None:
    for name in old:
        await editor.client.execute_script(f'drop index "change_deal_{name}"')
    for name, (columns, which) in new.items():
        await editor.client.execute_script(
            f'create index "change_deal_{name}" on "change" ({columns}) where {which}'
        )


async def forward(_apps: StateApps, editor: BaseSchemaEditor) -> None:
    await _replace(editor, _BEFORE, _AFTER)


async def back(_apps: StateApps, editor: BaseSchemaEditor) -> None:
    await _replace(editor, _AFTER, _BEFORE)


class Migration(migrations.Migration):
    dependencies = [("models", "0009_funnel")]

    initial = False

    operations = [
        ops.AddIndex(model_name="Deal", index=Index(fields=["tenant_id", "valid_from"])),
        ops.RunPython(forward, back),
    ]

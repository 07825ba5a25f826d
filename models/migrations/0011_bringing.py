from tortoise import migrations
from tortoise.migrations import operations as ops
from models.people import InteractionDirection, InteractionKind
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.schema_editor.base import BaseSchemaEditor
from tortoise.migrations.schema_generator.state_apps import StateApps

#: The index in the order of the list of interactions.
ORDER = "list_interaction"


async def create(_apps: StateApps, editor: BaseSchemaEditor) -> None:
    # A text is ordered by its code points on both databases.
    by_code_point = "" if editor.client.capabilities.dialect == "sqlite" else ' collate "C"'
    await editor.client.execute_script(
        f'create index "{ORDER}" on "interaction" (tenant_id, happened_on, id{by_code_point})'
    )


async def drop(_apps: StateApps, editor: BaseSchemaEditor) -> None:
    await editor.client.execute_script(f'drop index "{ORDER}"')


class Migration(migrations.Migration):
    dependencies = [('models', '0010_out_of_time')]

    initial = False

    operations = [
        ops.CreateModel(
            name='Interaction',
            fields=[
                ('id', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=40)),
                ('version', fields.IntField(default=1, db_default=1)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=True)),
                ('updated_at', fields.DatetimeField(auto_now=True, auto_now_add=False)),
                ('source', fields.CharField(null=True, max_length=60)),
                ('external_id', fields.CharField(null=True, max_length=200)),
                ('valid_from', fields.DateField(null=True)),
                ('known_on', fields.DateField(null=True)),
                ('tenant', fields.ForeignKeyField('models.Tenant', source_field='tenant_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('account', fields.ForeignKeyField('models.Account', source_field='account_id', db_constraint=True, to_field='id', related_name='interactions', on_delete=OnDelete.RESTRICT)),
                ('deal', fields.ForeignKeyField('models.Deal', source_field='deal_id', null=True, db_constraint=True, to_field='id', related_name='interactions', on_delete=OnDelete.RESTRICT)),
                ('contact', fields.ForeignKeyField('models.Contact', source_field='contact_id', null=True, db_constraint=True, to_field='id', related_name='interactions', on_delete=OnDelete.RESTRICT)),
                ('user', fields.ForeignKeyField('models.User', source_field='user_id', null=True, db_constraint=True, to_field='id', related_name='interactions', on_delete=OnDelete.RESTRICT)),
                ('kind', fields.CharEnumField(description='CALL: CALL\nVISIT: VISIT\nMEETING: MEETING\nMAIL: MAIL\nEVENT: EVENT\nTASK: TASK', enum_type=InteractionKind, max_length=20)),
                ('direction', fields.CharEnumField(null=True, description='OUTBOUND: OUTBOUND\nINBOUND: INBOUND', enum_type=InteractionDirection, max_length=20)),
                ('happened_on', fields.DateField()),
                ('happened_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('duration_minutes', fields.IntField(null=True)),
                ('subject', fields.CharField(null=True, max_length=300)),
                ('outcome', fields.CharField(null=True, max_length=1000)),
            ],
            options={'table': 'interaction', 'app': 'models', 'unique_together': (('tenant', 'source', 'external_id'),), 'indexes': [Index(fields=['tenant_id', 'account_id', 'happened_on']), Index(fields=['tenant_id', 'deal_id', 'happened_on']), Index(fields=['tenant_id', 'contact_id', 'happened_on']), Index(fields=['tenant_id', 'user_id', 'happened_on'])], 'pk_attr': 'id', 'table_description': 'A call, visit, mail or the like with an account on a day, as far as is known about a deal or a contact.'},
            bases=['Sourced'],
        ),
        ops.RunPython(create, drop),
    ]

"""API keys, delegations, on whose behalf a command ran, and two more roles."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from models.access import Role
from orjson import loads
from tortoise.fields.base import OnDelete
from tortoise.fields.data import JSON_DUMPS
from tortoise import fields
from tortoise.indexes import Index


class NewValues(ops.AlterField):
    """More values of a column of texts: nothing changes in the database, and no table is made anew."""

    async def database_forward(self, *_args: object, **_named: object) -> None:
        """Nothing."""

    async def database_backward(self, *_args: object, **_named: object) -> None:
        """Nothing."""


class Migration(migrations.Migration):
    dependencies = [('models', '0004_list_orders')]

    initial = False

    operations = [
        ops.CreateModel(
            name='ApiKey',
            fields=[
                ('id', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=40)),
                ('version', fields.IntField(default=1, db_default=1)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=True)),
                ('updated_at', fields.DatetimeField(auto_now=True, auto_now_add=False)),
                ('tenant', fields.ForeignKeyField('models.Tenant', source_field='tenant_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('user', fields.ForeignKeyField('models.User', source_field='user_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('name', fields.CharField(max_length=200)),
                ('hint', fields.CharField(max_length=4)),
                ('digest', fields.CharField(unique=True, max_length=64)),
                ('scopes', fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ('expires_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('revoked_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('last_used_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('created_by', fields.ForeignKeyField('models.User', source_field='created_by_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
            ],
            options={'table': 'api_key', 'app': 'models', 'indexes': [Index(fields=['tenant_id', 'user_id']), Index(fields=['tenant_id', 'created_by_id'])], 'pk_attr': 'id', 'table_description': 'A secret by which an integration signs in: of the secret itself there is only a digest.'},
            bases=['Record'],
        ),
        ops.CreateModel(
            name='Delegation',
            fields=[
                ('id', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=40)),
                ('version', fields.IntField(default=1, db_default=1)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=True)),
                ('updated_at', fields.DatetimeField(auto_now=True, auto_now_add=False)),
                ('tenant', fields.ForeignKeyField('models.Tenant', source_field='tenant_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('assistant', fields.ForeignKeyField('models.User', source_field='assistant_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('principal', fields.ForeignKeyField('models.User', source_field='principal_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('good_until', fields.DateField(null=True)),
                ('ended_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'delegation', 'app': 'models', 'unique_together': (('tenant', 'assistant', 'principal'),), 'indexes': [Index(fields=['tenant_id', 'principal_id'])], 'pk_attr': 'id', 'table_description': 'That an assistant acts on behalf of a principal, a director or a manager.'},
            bases=['Record'],
        ),
        ops.AlterModelOptions(
            name='AuditRecord',
            options={'table': 'audit_record', 'app': 'models', 'unique_together': (('tenant', 'idempotency_key'),), 'indexes': [Index(fields=['tenant_id', 'created_at']), Index(fields=['tenant_id', 'actor_id']), Index(fields=['tenant_id', 'on_behalf_of_id']), Index(fields=['tenant_id', 'object_id'])], 'pk_attr': 'id', 'table_description': 'One command that somebody ran: who, on whose behalf, what, from where, and how many records it touched.'},
        ),
        ops.AddField(
            model_name='AuditRecord',
            name='on_behalf_of',
            field=fields.ForeignKeyField('models.User', source_field='on_behalf_of_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT),
        ),
        ops.AddIndex(
            model_name='AuditRecord',
            index=Index(fields=['tenant_id', 'on_behalf_of_id']),
        ),
        NewValues(
            model_name='User',
            name='role',
            field=fields.CharEnumField(description='DIRECTOR: DIRECTOR\nMANAGER: MANAGER\nASSISTANT: ASSISTANT\nREADER: READER\nINTEGRATION: INTEGRATION\nADMIN: ADMIN', enum_type=Role, max_length=20),
        ),
    ]

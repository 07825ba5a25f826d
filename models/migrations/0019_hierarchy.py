from tortoise import migrations
from tortoise.migrations import operations as ops
from orjson import loads
from tortoise.fields.base import OnDelete
from tortoise.fields.data import JSON_DUMPS
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('models', '0018_whitespace')]

    initial = False

    operations = [
        ops.CreateModel(
            name='AccountMerge',
            fields=[
                ('id', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=40)),
                ('version', fields.IntField(default=1, db_default=1)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=True)),
                ('updated_at', fields.DatetimeField(auto_now=True, auto_now_add=False)),
                ('tenant', fields.ForeignKeyField('models.Tenant', source_field='tenant_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('account', fields.ForeignKeyField('models.Account', source_field='account_id', db_constraint=True, to_field='id', related_name='merges', on_delete=OnDelete.RESTRICT)),
                ('survivor_id', fields.CharField(max_length=40)),
                ('merged_id', fields.CharField(max_length=40)),
                ('name', fields.CharField(max_length=200)),
                ('source', fields.CharField(null=True, max_length=60)),
                ('external_id', fields.CharField(null=True, max_length=200)),
                ('merged_on', fields.DateField()),
                ('merged_by', fields.ForeignKeyField('models.User', source_field='merged_by_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('undone_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('undone_by', fields.ForeignKeyField('models.User', source_field='undone_by_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('record', fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ('filled', fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ('moved', fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ('set_aside', fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ('lapsed', fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
            ],
            options={'table': 'account_merge', 'app': 'models', 'indexes': [Index(fields=['tenant_id', 'account_id']), Index(fields=['tenant_id', 'merged_id']), Index(fields=['tenant_id', 'source', 'external_id']), Index(fields=['tenant_id', 'merged_by_id']), Index(fields=['tenant_id', 'undone_by_id'])], 'pk_attr': 'id', 'table_description': 'That a duplicate became part of another account, with what it was and what had to give way.'},
            bases=['Record'],
        ),
    ]

from tortoise import migrations
from tortoise.migrations import operations as ops
from orjson import loads
from tortoise.fields.base import OnDelete
from tortoise.fields.data import JSON_DUMPS
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('models', '0019_hierarchy')]

    initial = False

    operations = [
        ops.CreateModel(
            name='DuplicateDismissal',
            fields=[
                ('id', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=40)),
                ('version', fields.IntField(default=1, db_default=1)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=True)),
                ('updated_at', fields.DatetimeField(auto_now=True, auto_now_add=False)),
                ('tenant', fields.ForeignKeyField('models.Tenant', source_field='tenant_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('account', fields.ForeignKeyField('models.Account', source_field='account_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('other', fields.ForeignKeyField('models.Account', source_field='other_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('because', fields.CharField(max_length=1000)),
                ('facts', fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ('dismissed_on', fields.DateField()),
                ('dismissed_by', fields.ForeignKeyField('models.User', source_field='dismissed_by_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('removed_on', fields.DateField(null=True)),
            ],
            options={'table': 'duplicate_dismissal', 'app': 'models', 'unique_together': (('tenant', 'account', 'other'),), 'indexes': [Index(fields=['tenant_id', 'other_id']), Index(fields=['tenant_id', 'dismissed_by_id'])], 'pk_attr': 'id', 'table_description': 'That somebody said of two accounts that may be one that they are not, and why.'},
            bases=['Record'],
        ),
    ]

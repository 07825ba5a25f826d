from tortoise import migrations
from tortoise.migrations import operations as ops
from models.catalog import Compatibility
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('models', '0017_trends')]

    initial = False

    operations = [
        ops.CreateModel(
            name='AccountPotential',
            fields=[
                ('id', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=40)),
                ('version', fields.IntField(default=1, db_default=1)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=True)),
                ('updated_at', fields.DatetimeField(auto_now=True, auto_now_add=False)),
                ('tenant', fields.ForeignKeyField('models.Tenant', source_field='tenant_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('account', fields.ForeignKeyField('models.Account', source_field='account_id', db_constraint=True, to_field='id', related_name='potentials', on_delete=OnDelete.RESTRICT)),
                ('product_family', fields.CharField(max_length=100)),
                ('mrc_minor', fields.BigIntField()),
                ('currency', fields.CharField(max_length=3)),
                ('because', fields.CharField(max_length=1000)),
                ('set_by', fields.ForeignKeyField('models.User', source_field='set_by_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('set_on', fields.DateField()),
                ('removed_on', fields.DateField(null=True)),
                ('valid_from', fields.DateField()),
                ('known_on', fields.DateField(null=True)),
            ],
            options={'table': 'account_potential', 'app': 'models', 'unique_together': (('tenant', 'account', 'product_family'),), 'indexes': [Index(fields=['tenant_id', 'set_by_id'])], 'pk_attr': 'id', 'table_description': 'What an account could pay a month for a product family, as somebody who knows it says.'},
            bases=['Record'],
        ),
        ops.CreateModel(
            name='CompatibilityRule',
            fields=[
                ('id', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=40)),
                ('version', fields.IntField(default=1, db_default=1)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=True)),
                ('updated_at', fields.DatetimeField(auto_now=True, auto_now_add=False)),
                ('tenant', fields.ForeignKeyField('models.Tenant', source_field='tenant_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('family', fields.CharField(max_length=100)),
                ('other_family', fields.CharField(max_length=100)),
                ('kind', fields.CharEnumField(description='EXCLUDES: EXCLUDES\nREQUIRES: REQUIRES', enum_type=Compatibility, max_length=20)),
                ('because', fields.CharField(null=True, max_length=500)),
                ('removed_on', fields.DateField(null=True)),
                ('valid_from', fields.DateField()),
                ('known_on', fields.DateField(null=True)),
            ],
            options={'table': 'compatibility_rule', 'app': 'models', 'unique_together': (('tenant', 'family', 'other_family'),), 'pk_attr': 'id', 'table_description': 'That ``family`` excludes or requires ``other_family`` at the same account.'},
            bases=['Record'],
        ),
    ]

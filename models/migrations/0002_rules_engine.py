from tortoise import migrations
from tortoise.migrations import operations as ops
from models.rulebooks import RunScope
from orjson import loads
from tortoise.fields.base import OnDelete
from tortoise.fields.data import JSON_DUMPS
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('models', '0001_initial')]

    initial = False

    operations = [
        ops.CreateModel(
            name='PendingJudgement',
            fields=[
                ('id', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=40)),
                ('version', fields.IntField(default=1, db_default=1)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=True)),
                ('updated_at', fields.DatetimeField(auto_now=True, auto_now_add=False)),
                ('tenant', fields.ForeignKeyField('models.Tenant', source_field='tenant_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('account', fields.ForeignKeyField('models.Account', source_field='account_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('touch', fields.CharField(max_length=40)),
            ],
            options={'table': 'pending_judgement', 'app': 'models', 'unique_together': (('tenant', 'account'),), 'pk_attr': 'id', 'table_description': 'An account that was written to and is to be judged again.'},
            bases=['Record'],
        ),
        ops.AddField(
            model_name='EvaluationRun',
            name='candidates',
            field=fields.IntField(default=0, db_default=0),
        ),
        ops.AddField(
            model_name='EvaluationRun',
            name='judged',
            field=fields.IntField(default=0, db_default=0),
        ),
        ops.AddField(
            model_name='EvaluationRun',
            name='rulebook_version',
            field=fields.TextField(default='', db_default='', unique=False),
        ),
        ops.AddField(
            model_name='EvaluationRun',
            name='scope',
            field=fields.CharEnumField(default=RunScope.WHOLE, description='WHOLE: WHOLE\nACCOUNTS: ACCOUNTS\nCHANGES: CHANGES', db_default=RunScope.WHOLE, enum_type=RunScope, max_length=20),
        ),
        ops.AddField(
            model_name='EvaluationRun',
            name='stages',
            field=fields.JSONField(null=True, encoder=JSON_DUMPS, decoder=loads),
        ),
        ops.AlterField(
            model_name='Evidence',
            name='alias',
            field=fields.CharField(max_length=160),
        ),
        ops.AlterField(
            model_name='Evidence',
            name='fact_id',
            field=fields.CharField(max_length=60),
        ),
        ops.AlterField(
            model_name='Evidence',
            name='field',
            field=fields.CharField(max_length=200),
        ),
        ops.AlterField(
            model_name='Evidence',
            name='reference',
            field=fields.CharField(null=True, max_length=220),
        ),
        ops.AlterField(
            model_name='Evidence',
            name='source',
            field=fields.CharField(max_length=120),
        ),
        ops.AlterModelOptions(
            name='Judgement',
            options={'table': 'judgement', 'app': 'models', 'unique_together': (('tenant', 'account'),), 'indexes': [Index(fields=['tenant_id', 'run_id'])], 'pk_attr': 'id', 'table_description': 'The latest date as of which an account was judged by itself, and by which run.'},
        ),
        ops.AddField(
            model_name='Rulebook',
            name='cases',
            field=fields.JSONField(null=True, encoder=JSON_DUMPS, decoder=loads),
        ),
        ops.AddField(
            model_name='Rulebook',
            name='description',
            field=fields.TextField(null=True, unique=False),
        ),
        ops.AddField(
            model_name='Rulebook',
            name='reason',
            field=fields.CharField(null=True, max_length=500),
        ),
        ops.AddField(
            model_name='Rulebook',
            name='text',
            field=fields.TextField(null=True, unique=False),
        ),
        ops.AddField(
            model_name='Tenant',
            name='judged_as_of',
            field=fields.DateField(null=True),
        ),
    ]

from tortoise import migrations
from tortoise.migrations import operations as ops
from models.recommendations import Outcome, RecommendationState, Withheld
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
            name='Answer',
            fields=[
                ('id', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=40)),
                ('version', fields.IntField(default=1, db_default=1)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=True)),
                ('updated_at', fields.DatetimeField(auto_now=True, auto_now_add=False)),
                ('tenant', fields.ForeignKeyField('models.Tenant', source_field='tenant_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('recommendation', fields.ForeignKeyField('models.Recommendation', source_field='recommendation_id', db_constraint=True, to_field='id', related_name='answers', on_delete=OnDelete.RESTRICT)),
                ('account', fields.ForeignKeyField('models.Account', source_field='account_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('rule_key', fields.CharField(max_length=100)),
                ('action', fields.CharField(max_length=60)),
                ('state', fields.CharEnumField(description='OPEN: OPEN\nACCEPTED: ACCEPTED\nSNOOZED: SNOOZED\nDISMISSED: DISMISSED\nDONE: DONE\nLAPSED: LAPSED', enum_type=RecommendationState, max_length=20)),
                ('outcome', fields.CharEnumField(null=True, description='WORKED: WORKED\nFAILED: FAILED\nUNKNOWN: UNKNOWN', enum_type=Outcome, max_length=20)),
                ('answered_on', fields.DateField()),
                ('outcome_on', fields.DateField(null=True)),
            ],
            options={'table': 'answer', 'app': 'models', 'indexes': [Index(fields=['tenant_id', 'recommendation_id']), Index(fields=['tenant_id', 'account_id', 'action']), Index(fields=['tenant_id', 'rule_key'])], 'pk_attr': 'id', 'table_description': 'One answer to a recommendation, and what came of it. The record of a rule is made of these.'},
            bases=['Record'],
        ),
        ops.CreateModel(
            name='Lever',
            fields=[
                ('id', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=40)),
                ('version', fields.IntField(default=1, db_default=1)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=True)),
                ('updated_at', fields.DatetimeField(auto_now=True, auto_now_add=False)),
                ('tenant', fields.ForeignKeyField('models.Tenant', source_field='tenant_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('action', fields.CharField(default='', db_default='', max_length=60)),
                ('segment', fields.CharField(default='', db_default='', max_length=100)),
                ('percent', fields.IntField()),
                ('reason', fields.CharField(max_length=500)),
                ('set_by', fields.ForeignKeyField('models.User', source_field='set_by_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
            ],
            options={'table': 'lever', 'app': 'models', 'unique_together': (('tenant', 'action', 'segment'),), 'indexes': [Index(fields=['tenant_id', 'set_by_id'])], 'pk_attr': 'id', 'table_description': 'The weight of an action, a segment, or both: what the business wants more of.'},
            bases=['Record'],
        ),
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
            model_name='Recommendation',
            name='answered_on',
            field=fields.DateField(null=True),
        ),
        ops.AddField(
            model_name='Recommendation',
            name='lever',
            field=fields.FloatField(default=1.0, db_default=1.0),
        ),
        ops.AddField(
            model_name='Recommendation',
            name='withheld',
            field=fields.CharEnumField(null=True, description='ELIGIBLE: ELIGIBLE\nAPPLICABLE: APPLICABLE\nSUITABLE: SUITABLE\nDISMISSED: DISMISSED\nCAP: CAP', enum_type=Withheld, max_length=20),
        ),
        ops.AddField(
            model_name='Recommendation',
            name='withheld_because',
            field=fields.TextField(null=True, unique=False),
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
            name='dismissal_days',
            field=fields.IntField(default=30, db_default=30),
        ),
        ops.AddField(
            model_name='Tenant',
            name='dismissals_until_pause',
            field=fields.IntField(default=3, db_default=3),
        ),
        ops.AddField(
            model_name='Tenant',
            name='judged_as_of',
            field=fields.DateField(null=True),
        ),
        ops.AddField(
            model_name='Tenant',
            name='max_offers',
            field=fields.IntField(default=5, db_default=5),
        ),
        ops.AddField(
            model_name='Tenant',
            name='pause_days',
            field=fields.IntField(default=90, db_default=90),
        ),
    ]

from tortoise import migrations
from tortoise.migrations import operations as ops
from models.events import Dimension, EventState, Movement
from models.rulebooks import AlarmKind, BacktestState, Step
from orjson import loads
from tortoise.fields.base import OnDelete
from tortoise.fields.data import JSON_DUMPS
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('models', '0002_rules_engine')]

    initial = False

    operations = [
        ops.CreateModel(
            name='Backtest',
            fields=[
                ('id', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=40)),
                ('version', fields.IntField(default=1, db_default=1)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=True)),
                ('updated_at', fields.DatetimeField(auto_now=True, auto_now_add=False)),
                ('tenant', fields.ForeignKeyField('models.Tenant', source_field='tenant_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('actor', fields.ForeignKeyField('models.User', source_field='actor_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('rulebook', fields.ForeignKeyField('models.Rulebook', source_field='rulebook_id', null=True, db_constraint=True, to_field='id', related_name='backtests', on_delete=OnDelete.RESTRICT)),
                ('name', fields.CharField(max_length=100)),
                ('documents', fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ('from_on', fields.DateField()),
                ('until_on', fields.DateField()),
                ('step', fields.CharEnumField(default=Step.MONTH, description='WEEK: WEEK\nMONTH: MONTH\nQUARTER: QUARTER', enum_type=Step, max_length=10)),
                ('horizon_days', fields.IntField()),
                ('known_until', fields.DateField()),
                ('state', fields.CharEnumField(default=BacktestState.WAITING, description='WAITING: WAITING\nRUNNING: RUNNING\nCOMPLETE: COMPLETE\nFAILED: FAILED', enum_type=BacktestState, max_length=20)),
                ('done', fields.IntField(default=0)),
                ('total', fields.IntField(default=0)),
                ('report', fields.JSONField(null=True, encoder=JSON_DUMPS, decoder=loads)),
                ('failure', fields.TextField(null=True, unique=False)),
                ('finished_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'backtest', 'app': 'models', 'indexes': [Index(fields=['tenant_id', 'state']), Index(fields=['tenant_id', 'actor_id']), Index(fields=['tenant_id', 'rulebook_id'])], 'pk_attr': 'id', 'table_description': 'Rules tried at past dates against what happened afterwards, by the server in the background.'},
            bases=['Record'],
        ),
        ops.CreateModel(
            name='EngineAlarm',
            fields=[
                ('id', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=40)),
                ('version', fields.IntField(default=1, db_default=1)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=True)),
                ('updated_at', fields.DatetimeField(auto_now=True, auto_now_add=False)),
                ('tenant', fields.ForeignKeyField('models.Tenant', source_field='tenant_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('rule', fields.ForeignKeyField('models.Rule', source_field='rule_id', db_constraint=True, to_field='id', related_name='alarms', on_delete=OnDelete.RESTRICT)),
                ('run', fields.ForeignKeyField('models.EvaluationRun', source_field='run_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('account', fields.ForeignKeyField('models.Account', source_field='account_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('kind', fields.CharEnumField(description='DIFFERED: DIFFERED\nENDED_ENGINE: ENDED_ENGINE', enum_type=AlarmKind, max_length=20)),
                ('as_of', fields.DateField()),
                ('resolved_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('resolved_by', fields.ForeignKeyField('models.User', source_field='resolved_by_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
            ],
            options={'table': 'engine_alarm', 'app': 'models', 'indexes': [Index(fields=['tenant_id', 'rule_id']), Index(fields=['tenant_id', 'run_id']), Index(fields=['tenant_id', 'account_id']), Index(fields=['tenant_id', 'resolved_by_id'])], 'pk_attr': 'id', 'table_description': 'A rule that the engine did not judge as its text says: the reference evaluator judges it since.'},
            bases=['Record'],
        ),
        ops.CreateModel(
            name='PopulationEvent',
            fields=[
                ('id', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=40)),
                ('version', fields.IntField(default=1, db_default=1)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=True)),
                ('updated_at', fields.DatetimeField(auto_now=True, auto_now_add=False)),
                ('tenant', fields.ForeignKeyField('models.Tenant', source_field='tenant_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('measure', fields.CharField(max_length=100)),
                ('direction', fields.CharEnumField(description='ROSE: ROSE\nFELL: FELL', enum_type=Movement, max_length=20)),
                ('dimension', fields.CharEnumField(description='TENANT: TENANT\nSEGMENT: SEGMENT\nINDUSTRY: INDUSTRY\nCOUNTRY: COUNTRY\nREGION: REGION', enum_type=Dimension, max_length=20)),
                ('part', fields.CharField(default='', db_default='', max_length=100)),
                ('state', fields.CharEnumField(default=EventState.OPEN, description='OPEN: OPEN\nLAPSED: LAPSED', enum_type=EventState, max_length=20)),
                ('title', fields.CharField(max_length=300)),
                ('started_on', fields.DateField()),
                ('compared_on', fields.DateField()),
                ('last_seen_on', fields.DateField()),
                ('lapsed_on', fields.DateField(null=True)),
                ('reopened_count', fields.IntField(default=0)),
                ('accounts', fields.IntField()),
                ('population', fields.IntField()),
                ('usual_share', fields.FloatField()),
                ('exposure_minor', fields.BigIntField()),
                ('currency', fields.CharField(max_length=3)),
                ('opened_run_id', fields.CharField(max_length=40)),
                ('changed_run_id', fields.CharField(max_length=40)),
            ],
            options={'table': 'population_event', 'app': 'models', 'unique_together': (('tenant', 'measure', 'direction', 'dimension', 'part'),), 'indexes': [Index(fields=['tenant_id', 'state'])], 'pk_attr': 'id', 'table_description': 'A measure that crossed its threshold at many accounts at once. Identity is what, where and which way.'},
            bases=['Record'],
        ),
        ops.AddField(
            model_name='Account',
            name='known_on',
            field=fields.DateField(null=True),
        ),
        ops.AddField(
            model_name='Account',
            name='region',
            field=fields.CharField(null=True, max_length=100),
        ),
        ops.AddField(
            model_name='Change',
            name='known_on',
            field=fields.DateField(null=True),
        ),
        ops.AddIndex(
            model_name='Change',
            index=Index(fields=['tenant_id', 'effective_on']),
        ),
        ops.AddField(
            model_name='Contact',
            name='known_on',
            field=fields.DateField(null=True),
        ),
        ops.AddField(
            model_name='Contract',
            name='known_on',
            field=fields.DateField(null=True),
        ),
        ops.AddField(
            model_name='Deal',
            name='known_on',
            field=fields.DateField(null=True),
        ),
        ops.AlterModelOptions(
            name='DealContact',
            options={'table': 'deal_contact', 'app': 'models', 'unique_together': (('tenant', 'deal', 'contact'),), 'indexes': [Index(fields=['tenant_id', 'contact_id'])], 'pk_attr': 'id', 'table_description': 'A contact taking part in a deal, as far as we knew since ``known_on`` (null: all the time).'},
        ),
        ops.AddField(
            model_name='DealContact',
            name='known_on',
            field=fields.DateField(null=True),
        ),
        ops.AddField(
            model_name='DealLine',
            name='known_on',
            field=fields.DateField(null=True),
        ),
        ops.AddField(
            model_name='EvaluationRun',
            name='events_opened',
            field=fields.IntField(default=0, db_default=0),
        ),
        ops.AddField(
            model_name='Product',
            name='known_on',
            field=fields.DateField(null=True),
        ),
        ops.AddField(
            model_name='Service',
            name='known_on',
            field=fields.DateField(null=True),
        ),
        ops.AddField(
            model_name='Signal',
            name='known_on',
            field=fields.DateField(null=True),
        ),
        ops.AddField(
            model_name='Ticket',
            name='known_on',
            field=fields.DateField(null=True),
        ),
        ops.AddField(
            model_name='UsageMonth',
            name='known_on',
            field=fields.DateField(null=True),
        ),
        # SQLite makes a table anew when a column of it changes, and 0002 lost the indexes of this one there.
        ops.RunSQL(
            [
                'create index if not exists "idx_evidence_tenant__5d9358" on "evidence" ("tenant_id", "recommendation_id")',
                'create index if not exists "idx_evidence_tenant__7442d6" on "evidence" ("tenant_id", "risk_id")',
            ],
            ops.RunSQL.noop,
        ),
    ]

from tortoise import migrations
from tortoise.migrations import operations as ops
from models.events import Dimension, EventState, Movement
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('models', '0002_rules_engine')]

    initial = False

    operations = [
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
                ('dimension', fields.CharEnumField(description='TENANT: TENANT\nSEGMENT: SEGMENT\nINDUSTRY: INDUSTRY\nCOUNTRY: COUNTRY', enum_type=Dimension, max_length=20)),
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
            model_name='EvaluationRun',
            name='events_opened',
            field=fields.IntField(default=0, db_default=0),
        ),
    ]

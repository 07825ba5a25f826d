from tortoise import migrations
from tortoise.migrations import operations as ops
from models.projections import ProjectionMethod
from orjson import loads
from tortoise.fields.base import OnDelete
from tortoise.fields.data import JSON_DUMPS
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('models', '0012_bids')]

    initial = False

    operations = [
        ops.CreateModel(
            name='DealLikelihood',
            fields=[
                ('id', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=40)),
                ('version', fields.IntField(default=1, db_default=1)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=True)),
                ('updated_at', fields.DatetimeField(auto_now=True, auto_now_add=False)),
                ('tenant', fields.ForeignKeyField('models.Tenant', source_field='tenant_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('deal', fields.ForeignKeyField('models.Deal', source_field='deal_id', db_constraint=True, to_field='id', related_name='likelihoods', on_delete=OnDelete.RESTRICT)),
                ('valid_from', fields.DateField()),
                ('made_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('known_on', fields.DateField()),
                ('learned_on', fields.DateField()),
                ('probability', fields.IntField()),
                ('in_period', fields.IntField()),
                ('last_on', fields.DateField()),
                ('close_early_on', fields.DateField(null=True)),
                ('close_on', fields.DateField(null=True)),
                ('close_late_on', fields.DateField(null=True)),
                ('reasons', fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
            ],
            options={'table': 'deal_likelihood', 'app': 'models', 'unique_together': (('tenant', 'deal'),), 'pk_attr': 'id', 'table_description': 'How likely an open deal is to be won, and when: the newest judgement of a model.'},
            bases=['Record'],
        ),
        ops.CreateModel(
            name='ForecastProjection',
            fields=[
                ('id', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=40)),
                ('version', fields.IntField(default=1, db_default=1)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=True)),
                ('updated_at', fields.DatetimeField(auto_now=True, auto_now_add=False)),
                ('tenant', fields.ForeignKeyField('models.Tenant', source_field='tenant_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('user', fields.ForeignKeyField('models.User', source_field='user_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('team', fields.ForeignKeyField('models.Team', source_field='team_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('subject_id', fields.CharField(max_length=40)),
                ('week', fields.DateField()),
                ('first_on', fields.DateField()),
                ('last_on', fields.DateField()),
                ('made_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('known_on', fields.DateField()),
                ('won_minor', fields.BigIntField(null=True)),
                ('expected_minor', fields.BigIntField(null=True)),
                ('low_minor', fields.BigIntField(null=True)),
                ('high_minor', fields.BigIntField(null=True)),
                ('confidence', fields.IntField(default=80, db_default=80)),
                ('windows', fields.IntField(null=True)),
                ('method', fields.CharEnumField(null=True, description='OPEN_VALUE: OPEN_VALUE\nLAST_WINDOW: LAST_WINDOW\nYEAR_LEVEL: YEAR_LEVEL\nFADING_LEVEL: FADING_LEVEL\nSAME_WINDOW_LAST_YEAR: SAME_WINDOW_LAST_YEAR\nAGE_CURVE: AGE_CURVE\nSTAGE_RATES: STAGE_RATES\nSTAGE_AND_AGE_RATES: STAGE_AND_AGE_RATES\nSEASONAL_RATES: SEASONAL_RATES\nDEAL_BY_DEAL: DEAL_BY_DEAL', enum_type=ProjectionMethod, max_length=30)),
                ('refused', fields.CharField(null=True, max_length=300)),
                ('currency', fields.CharField(max_length=3)),
            ],
            options={'table': 'forecast_projection', 'app': 'models', 'unique_together': (('tenant', 'subject_id', 'week', 'first_on', 'last_on'),), 'indexes': [Index(fields=['tenant_id', 'week']), Index(fields=['tenant_id', 'user_id']), Index(fields=['tenant_id', 'team_id'])], 'pk_attr': 'id', 'table_description': 'What somebody, a team or the whole tenant will have won in a period, as the past says it.'},
            bases=['Record'],
        ),
        ops.AddField(
            model_name='Tenant',
            name='projections_wanted',
            field=fields.DateField(null=True),
        ),
    ]

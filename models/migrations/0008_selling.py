"""How deals are sold: pipelines, what stages need, MEDDICC, competitors, reasons of losses, rates, push counts."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from models.deals import CompetitorStatus, ForecastCategory, Stage
from models.qualification import Element, Known
from orjson import loads
from tortoise.fields.base import OnDelete
from tortoise.fields.data import JSON_DUMPS
from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.schema_editor.base import BaseSchemaEditor
from tortoise.migrations.schema_generator.state_apps import StateApps


#: How often and by how many days the expected close dates of the deals that there are moved later.
PUSHES = """
update deal set pushes = p.times, days_pushed = p.days from (
  select c.entity_id, count(*) as times, sum({days}) as days from change c
  where c.entity = 'deal' and c.field = 'close_on' and c.new > c.old group by c.entity_id
) p where p.entity_id = deal.id
"""
SQLITE_DAYS = "cast(julianday(c.new) - julianday(c.old) as integer)"
POSTGRES_DAYS = "cast(c.new as date) - cast(c.old as date)"


async def count_pushes(_apps: StateApps, editor: BaseSchemaEditor) -> None:
    is_sqlite = editor.client.capabilities.dialect == "sqlite"
    await editor.client.execute_script(PUSHES.format(days=SQLITE_DAYS if is_sqlite else POSTGRES_DAYS))


async def forget_pushes(_apps: StateApps, _editor: BaseSchemaEditor) -> None:
    """The columns go with their counts."""


class Migration(migrations.Migration):
    dependencies = [('models', '0007_weekly')]

    initial = False

    operations = [
        ops.CreateModel(
            name='DealCompetitor',
            fields=[
                ('id', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=40)),
                ('version', fields.IntField(default=1, db_default=1)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=True)),
                ('updated_at', fields.DatetimeField(auto_now=True, auto_now_add=False)),
                ('tenant', fields.ForeignKeyField('models.Tenant', source_field='tenant_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('deal', fields.ForeignKeyField('models.Deal', source_field='deal_id', db_constraint=True, to_field='id', related_name='competitors', on_delete=OnDelete.RESTRICT)),
                ('name', fields.CharField(max_length=200)),
                ('status', fields.CharEnumField(default=CompetitorStatus.SHORTLISTED, description='INCUMBENT: INCUMBENT\nSHORTLISTED: SHORTLISTED\nOUT: OUT\nWINNER: WINNER', enum_type=CompetitorStatus, max_length=20)),
                ('price_minor', fields.BigIntField(null=True)),
                ('currency', fields.CharField(max_length=3)),
                ('note', fields.CharField(null=True, max_length=1000)),
                ('removed_on', fields.DateField(null=True)),
            ],
            options={'table': 'deal_competitor', 'app': 'models', 'unique_together': (('tenant', 'deal', 'name'),), 'pk_attr': 'id', 'table_description': 'Who else wants to sell what a deal is about, ``price_minor`` is what is known of the offer.'},
            bases=['Record'],
        ),
        ops.CreateModel(
            name='DecisionCriterion',
            fields=[
                ('id', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=40)),
                ('version', fields.IntField(default=1, db_default=1)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=True)),
                ('updated_at', fields.DatetimeField(auto_now=True, auto_now_add=False)),
                ('tenant', fields.ForeignKeyField('models.Tenant', source_field='tenant_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('deal', fields.ForeignKeyField('models.Deal', source_field='deal_id', db_constraint=True, to_field='id', related_name='criteria', on_delete=OnDelete.RESTRICT)),
                ('element', fields.CharEnumField(description='METRICS: METRICS\nECONOMIC_BUYER: ECONOMIC_BUYER\nDECISION_CRITERIA: DECISION_CRITERIA\nDECISION_PROCESS: DECISION_PROCESS\nPAPER_PROCESS: PAPER_PROCESS\nIDENTIFIED_PAIN: IDENTIFIED_PAIN\nCHAMPION: CHAMPION\nCOMPETITION: COMPETITION', enum_type=Element, max_length=20)),
                ('state', fields.CharEnumField(default=Known.UNKNOWN, description='UNKNOWN: UNKNOWN\nPARTLY: PARTLY\nVALIDATED: VALIDATED', enum_type=Known, max_length=20)),
                ('evidence', fields.CharField(null=True, max_length=1000)),
                ('confirmed_on', fields.DateField(null=True)),
                ('contact', fields.ForeignKeyField('models.Contact', source_field='contact_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('valid_from', fields.DateField(null=True)),
                ('known_on', fields.DateField(null=True)),
            ],
            options={'table': 'decision_criterion', 'app': 'models', 'unique_together': (('tenant', 'deal', 'element'),), 'indexes': [Index(fields=['tenant_id', 'contact_id'])], 'pk_attr': 'id', 'table_description': 'An element of a deal as it is known, one that is VALIDATED has evidence and the day of it.'},
            bases=['Record'],
        ),
        ops.CreateModel(
            name='ExchangeRate',
            fields=[
                ('id', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=40)),
                ('version', fields.IntField(default=1, db_default=1)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=True)),
                ('updated_at', fields.DatetimeField(auto_now=True, auto_now_add=False)),
                ('tenant', fields.ForeignKeyField('models.Tenant', source_field='tenant_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('currency', fields.CharField(max_length=3)),
                ('held_on', fields.DateField()),
                ('rate', fields.CharField(max_length=30)),
            ],
            options={'table': 'exchange_rate', 'app': 'models', 'unique_together': (('tenant', 'currency', 'held_on'),), 'pk_attr': 'id', 'table_description': "What one unit of another currency came to in the tenant's on a day, as a decimal number in a text."},
            bases=['Record'],
        ),
        ops.CreateModel(
            name='LossReason',
            fields=[
                ('id', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=40)),
                ('version', fields.IntField(default=1, db_default=1)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=True)),
                ('updated_at', fields.DatetimeField(auto_now=True, auto_now_add=False)),
                ('tenant', fields.ForeignKeyField('models.Tenant', source_field='tenant_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('name', fields.CharField(max_length=200)),
                ('active', fields.BooleanField(default=True, db_default=True)),
            ],
            options={'table': 'loss_reason', 'app': 'models', 'unique_together': (('tenant', 'name'),), 'pk_attr': 'id', 'table_description': 'Why deals are lost, as a tenant counts it, those that are ``active`` are its list.'},
            bases=['Record'],
        ),
        ops.CreateModel(
            name='Pipeline',
            fields=[
                ('id', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=40)),
                ('version', fields.IntField(default=1, db_default=1)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=True)),
                ('updated_at', fields.DatetimeField(auto_now=True, auto_now_add=False)),
                ('tenant', fields.ForeignKeyField('models.Tenant', source_field='tenant_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('name', fields.CharField(max_length=200)),
                ('kinds', fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ('default_for', fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ('active', fields.BooleanField(default=True, db_default=True)),
            ],
            options={'table': 'pipeline', 'app': 'models', 'unique_together': (('tenant', 'name'),), 'pk_attr': 'id', 'table_description': 'The way that deals of some kinds take, stage by stage.'},
            bases=['Record'],
        ),
        ops.CreateModel(
            name='PipelineStage',
            fields=[
                ('id', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=40)),
                ('version', fields.IntField(default=1, db_default=1)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=True)),
                ('updated_at', fields.DatetimeField(auto_now=True, auto_now_add=False)),
                ('tenant', fields.ForeignKeyField('models.Tenant', source_field='tenant_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('pipeline', fields.ForeignKeyField('models.Pipeline', source_field='pipeline_id', db_constraint=True, to_field='id', related_name='stages', on_delete=OnDelete.RESTRICT)),
                ('name', fields.CharField(max_length=200)),
                ('position', fields.IntField()),
                ('stage', fields.CharEnumField(description='IDENTIFIED: IDENTIFIED\nQUALIFIED: QUALIFIED\nPROPOSED: PROPOSED\nNEGOTIATING: NEGOTIATING\nWON: WON\nLOST: LOST', enum_type=Stage, max_length=20)),
                ('forecast_category', fields.CharEnumField(description='OMITTED: OMITTED\nPIPELINE: PIPELINE\nBEST_CASE: BEST_CASE\nCOMMIT: COMMIT\nCLOSED: CLOSED', enum_type=ForecastCategory, max_length=20)),
                ('probability', fields.IntField()),
                ('usual_days', fields.IntField(null=True)),
                ('required', fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ('removed_on', fields.DateField(null=True)),
            ],
            options={'table': 'pipeline_stage', 'app': 'models', 'indexes': [Index(fields=['tenant_id', 'pipeline_id', 'position'])], 'pk_attr': 'id', 'table_description': "A stage of a pipeline, which stands for one of the open states of a deal's lifecycle."},
            bases=['Record'],
        ),
        ops.CreateModel(
            name='StageWaiver',
            fields=[
                ('id', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=40)),
                ('version', fields.IntField(default=1, db_default=1)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=True)),
                ('updated_at', fields.DatetimeField(auto_now=True, auto_now_add=False)),
                ('tenant', fields.ForeignKeyField('models.Tenant', source_field='tenant_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('deal', fields.ForeignKeyField('models.Deal', source_field='deal_id', db_constraint=True, to_field='id', related_name='waivers', on_delete=OnDelete.RESTRICT)),
                ('from_stage', fields.ForeignKeyField('models.PipelineStage', source_field='from_stage_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('to_stage', fields.ForeignKeyField('models.PipelineStage', source_field='to_stage_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('waived_by', fields.ForeignKeyField('models.User', source_field='waived_by_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('waived_on', fields.DateField()),
                ('facts', fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ('reason', fields.CharField(max_length=500)),
            ],
            options={'table': 'stage_waiver', 'app': 'models', 'indexes': [Index(fields=['tenant_id', 'deal_id']), Index(fields=['tenant_id', 'from_stage_id']), Index(fields=['tenant_id', 'to_stage_id']), Index(fields=['tenant_id', 'waived_by_id'])], 'pk_attr': 'id', 'table_description': "That a deal left a stage forward without facts that it needed, on somebody's word."},
            bases=['Record'],
        ),
        ops.AddField(
            model_name='Deal',
            name='days_pushed',
            field=fields.IntField(default=0, db_default=0),
        ),
        ops.AddField(
            model_name='Deal',
            name='loss_cause',
            field=fields.ForeignKeyField('models.LossReason', source_field='loss_cause_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT),
        ),
        ops.AddField(
            model_name='Deal',
            name='offered_currency',
            field=fields.CharField(null=True, max_length=3),
        ),
        ops.AddField(
            model_name='Deal',
            name='offered_minor',
            field=fields.BigIntField(null=True),
        ),
        ops.AddField(
            model_name='Deal',
            name='pipeline',
            field=fields.ForeignKeyField('models.Pipeline', source_field='pipeline_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT),
        ),
        ops.AddField(
            model_name='Deal',
            name='pipeline_stage',
            field=fields.ForeignKeyField('models.PipelineStage', source_field='pipeline_stage_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT),
        ),
        ops.AddField(
            model_name='Deal',
            name='pushes',
            field=fields.IntField(default=0, db_default=0),
        ),
        ops.AddField(
            model_name='Deal',
            name='uncontested',
            field=fields.BooleanField(default=False, db_default=False),
        ),
        ops.AddIndex(
            model_name='Deal',
            index=Index(fields=['tenant_id', 'pipeline_id']),
        ),
        ops.AddIndex(
            model_name='Deal',
            index=Index(fields=['tenant_id', 'pipeline_stage_id']),
        ),
        ops.AddIndex(
            model_name='Deal',
            index=Index(fields=['tenant_id', 'loss_cause_id']),
        ),
        ops.AddField(
            model_name='DealContact',
            name='removed_on',
            field=fields.DateField(null=True),
        ),
        ops.AddField(
            model_name='DealLine',
            name='removed_on',
            field=fields.DateField(null=True),
        ),
        ops.AddField(
            model_name='StageChange',
            name='from_pipeline_stage',
            field=fields.ForeignKeyField('models.PipelineStage', source_field='from_pipeline_stage_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT),
        ),
        ops.AddField(
            model_name='StageChange',
            name='to_pipeline_stage',
            field=fields.ForeignKeyField('models.PipelineStage', source_field='to_pipeline_stage_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT),
        ),
        ops.AddIndex(
            model_name='StageChange',
            index=Index(fields=['tenant_id', 'from_pipeline_stage_id']),
        ),
        ops.AddIndex(
            model_name='StageChange',
            index=Index(fields=['tenant_id', 'to_pipeline_stage_id']),
        ),
        ops.AddField(
            model_name='Tenant',
            name='acv_with_one_off',
            field=fields.BooleanField(default=False, db_default=False),
        ),
        ops.RunPython(count_pushes, forget_pushes),
    ]

from tortoise import migrations
from tortoise.migrations import operations as ops
from models.competition import PositionRole
from models.severity import Severity
from models.trends import Confidence, TrendImpact, TrendKind, TrendOutcome, TrendState
from orjson import loads
from tortoise.fields.base import OnDelete
from tortoise.fields.data import JSON_DUMPS
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('models', '0016_people')]

    initial = False

    operations = [
        ops.CreateModel(
            name='Competitor',
            fields=[
                ('id', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=40)),
                ('version', fields.IntField(default=1, db_default=1)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=True)),
                ('updated_at', fields.DatetimeField(auto_now=True, auto_now_add=False)),
                ('tenant', fields.ForeignKeyField('models.Tenant', source_field='tenant_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('name', fields.CharField(max_length=200)),
                ('merged_into', fields.ForeignKeyField('models.Competitor', source_field='merged_into_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
            ],
            options={'table': 'competitor', 'app': 'models', 'indexes': [Index(fields=['tenant_id', 'name']), Index(fields=['tenant_id', 'merged_into_id'])], 'pk_attr': 'id', 'table_description': 'Somebody who sells what we sell.'},
            bases=['Record'],
        ),
        ops.CreateModel(
            name='BattleNote',
            fields=[
                ('id', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=40)),
                ('version', fields.IntField(default=1, db_default=1)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=True)),
                ('updated_at', fields.DatetimeField(auto_now=True, auto_now_add=False)),
                ('tenant', fields.ForeignKeyField('models.Tenant', source_field='tenant_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('competitor', fields.ForeignKeyField('models.Competitor', source_field='competitor_id', db_constraint=True, to_field='id', related_name='notes', on_delete=OnDelete.RESTRICT)),
                ('author', fields.ForeignKeyField('models.User', source_field='author_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('product_family', fields.CharField(null=True, max_length=100)),
                ('text', fields.CharField(max_length=4000)),
                ('written_on', fields.DateField()),
                ('replaced_on', fields.DateField(null=True)),
            ],
            options={'table': 'battle_note', 'app': 'models', 'indexes': [Index(fields=['tenant_id', 'competitor_id']), Index(fields=['tenant_id', 'author_id'])], 'pk_attr': 'id', 'table_description': 'What to say against a competitor, in one product family or in all, until another one replaces it.'},
            bases=['Record'],
        ),
        ops.CreateModel(
            name='CompetitorName',
            fields=[
                ('id', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=40)),
                ('version', fields.IntField(default=1, db_default=1)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=True)),
                ('updated_at', fields.DatetimeField(auto_now=True, auto_now_add=False)),
                ('tenant', fields.ForeignKeyField('models.Tenant', source_field='tenant_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('competitor', fields.ForeignKeyField('models.Competitor', source_field='competitor_id', db_constraint=True, to_field='id', related_name='names', on_delete=OnDelete.RESTRICT)),
                ('name', fields.CharField(max_length=200)),
                ('key', fields.CharField(max_length=600)),
            ],
            options={'table': 'competitor_name', 'app': 'models', 'unique_together': (('tenant', 'key'),), 'indexes': [Index(fields=['tenant_id', 'competitor_id'])], 'pk_attr': 'id', 'table_description': 'A name that a competitor goes by, ``key`` is what its spellings have in common.'},
            bases=['Record'],
        ),
        ops.CreateModel(
            name='CompetitorPosition',
            fields=[
                ('id', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=40)),
                ('version', fields.IntField(default=1, db_default=1)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=True)),
                ('updated_at', fields.DatetimeField(auto_now=True, auto_now_add=False)),
                ('source', fields.CharField(null=True, max_length=60)),
                ('external_id', fields.CharField(null=True, max_length=200)),
                ('valid_from', fields.DateField(null=True)),
                ('known_on', fields.DateField(null=True)),
                ('tenant', fields.ForeignKeyField('models.Tenant', source_field='tenant_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('account', fields.ForeignKeyField('models.Account', source_field='account_id', db_constraint=True, to_field='id', related_name='competition', on_delete=OnDelete.RESTRICT)),
                ('competitor', fields.ForeignKeyField('models.Competitor', source_field='competitor_id', db_constraint=True, to_field='id', related_name='positions', on_delete=OnDelete.RESTRICT)),
                ('product_family', fields.CharField(max_length=100)),
                ('role', fields.CharEnumField(description='INCUMBENT: INCUMBENT\nCHALLENGER: CHALLENGER\nFORMER: FORMER', enum_type=PositionRole, max_length=20)),
                ('share', fields.IntField(null=True)),
                ('contract_ends_on', fields.DateField(null=True)),
                ('price_minor', fields.BigIntField(null=True)),
                ('currency', fields.CharField(max_length=3)),
                ('price_term_months', fields.IntField(null=True)),
                ('heard_from', fields.CharField(null=True, max_length=500)),
                ('confidence', fields.CharEnumField(default=Confidence.MEDIUM, description='LOW: LOW\nMEDIUM: MEDIUM\nHIGH: HIGH', enum_type=Confidence, max_length=20)),
                ('observed_on', fields.DateField()),
                ('removed_on', fields.DateField(null=True)),
            ],
            options={'table': 'competitor_position', 'app': 'models', 'unique_together': (('tenant', 'account', 'competitor', 'product_family'), ('tenant', 'source', 'external_id')), 'indexes': [Index(fields=['tenant_id', 'competitor_id']), Index(fields=['tenant_id', 'account_id'])], 'pk_attr': 'id', 'table_description': 'Where a competitor stands at an account in a product family, as it was observed last.'},
            bases=['Sourced'],
        ),
        ops.CreateModel(
            name='Trend',
            fields=[
                ('id', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=40)),
                ('version', fields.IntField(default=1, db_default=1)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=True)),
                ('updated_at', fields.DatetimeField(auto_now=True, auto_now_add=False)),
                ('source', fields.CharField(null=True, max_length=60)),
                ('external_id', fields.CharField(null=True, max_length=200)),
                ('valid_from', fields.DateField(null=True)),
                ('known_on', fields.DateField(null=True)),
                ('tenant', fields.ForeignKeyField('models.Tenant', source_field='tenant_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('account', fields.ForeignKeyField('models.Account', source_field='account_id', db_constraint=True, to_field='id', related_name='trends', on_delete=OnDelete.RESTRICT)),
                ('signal', fields.ForeignKeyField('models.Signal', source_field='signal_id', null=True, db_constraint=True, to_field='id', related_name='trends', on_delete=OnDelete.RESTRICT)),
                ('kind', fields.CharEnumField(description='REORGANISATION: REORGANISATION\nMERGER: MERGER\nNEW_EXECUTIVE: NEW_EXECUTIVE\nSITE_OPENED: SITE_OPENED\nSITE_CLOSED: SITE_CLOSED\nBUDGET_CUT: BUDGET_CUT\nBUDGET_GROWTH: BUDGET_GROWTH\nCLOUD_MOVE: CLOUD_MOVE\nTENDER_ANNOUNCED: TENDER_ANNOUNCED\nLAYOFFS: LAYOFFS\nCOMPETITOR_MOVE: COMPETITOR_MOVE\nREGULATION: REGULATION\nOTHER: OTHER', enum_type=TrendKind, max_length=30)),
                ('title', fields.CharField(max_length=200)),
                ('details', fields.CharField(null=True, max_length=4000)),
                ('heard_from', fields.CharField(null=True, max_length=500)),
                ('link', fields.CharField(null=True, max_length=1000)),
                ('observed_on', fields.DateField()),
                ('impact', fields.CharEnumField(default=TrendImpact.NEUTRAL, description='OPPORTUNITY: OPPORTUNITY\nTHREAT: THREAT\nNEUTRAL: NEUTRAL', enum_type=TrendImpact, max_length=20)),
                ('severity', fields.CharEnumField(default=Severity.MEDIUM, description='LOW: LOW\nMEDIUM: MEDIUM\nHIGH: HIGH\nCRITICAL: CRITICAL', enum_type=Severity, max_length=20)),
                ('confidence', fields.CharEnumField(default=Confidence.MEDIUM, description='LOW: LOW\nMEDIUM: MEDIUM\nHIGH: HIGH', enum_type=Confidence, max_length=20)),
                ('families', fields.JSONField(default=list, encoder=JSON_DUMPS, decoder=loads)),
                ('deal_ids', fields.JSONField(default=list, encoder=JSON_DUMPS, decoder=loads)),
                ('contract_ids', fields.JSONField(default=list, encoder=JSON_DUMPS, decoder=loads)),
                ('course', fields.CharField(null=True, max_length=200)),
                ('course_owner', fields.ForeignKeyField('models.User', source_field='course_owner_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('course_due_on', fields.DateField(null=True)),
                ('state', fields.CharEnumField(default=TrendState.OPEN, description='OPEN: OPEN\nACTED: ACTED\nCLOSED: CLOSED\nREFUTED: REFUTED', enum_type=TrendState, max_length=20)),
                ('outcome', fields.CharEnumField(null=True, description='WORKED: WORKED\nFAILED: FAILED', enum_type=TrendOutcome, max_length=20)),
                ('outcome_note', fields.CharField(null=True, max_length=1000)),
                ('outcome_on', fields.DateField(null=True)),
            ],
            options={'table': 'trend', 'app': 'models', 'unique_together': (('tenant', 'source', 'external_id'),), 'indexes': [Index(fields=['tenant_id', 'account_id']), Index(fields=['tenant_id', 'observed_on']), Index(fields=['tenant_id', 'signal_id']), Index(fields=['tenant_id', 'course_owner_id'])], 'pk_attr': 'id', 'table_description': 'A change at an account that was observed on a day, with the course of action and what came of it.'},
            bases=['Sourced'],
        ),
    ]

"""Careers, buying centres, and how people at customers are judged."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from models.deals import ContactRole
from models.stakeholders import Adaptability, BuyingCentre, Influence, PoliticalStatus, RelationshipLevel, Support
from orjson import loads
from tortoise.fields.base import OnDelete
from tortoise.fields.data import JSON_DUMPS
from tortoise import fields
from tortoise.indexes import Index


class NewValues(ops.AlterField):
    """More values of a column of texts: nothing changes in the database, and no table is made anew."""

    async def database_forward(self, *_args: object, **_named: object) -> None:
        """Nothing."""

    async def database_backward(self, *_args: object, **_named: object) -> None:
        """Nothing."""


class Migration(migrations.Migration):
    dependencies = [('models', '0015_plans')]

    initial = False

    operations = [
        ops.CreateModel(
            name='Assessment',
            fields=[
                ('id', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=40)),
                ('version', fields.IntField(default=1, db_default=1)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=True)),
                ('updated_at', fields.DatetimeField(auto_now=True, auto_now_add=False)),
                ('tenant', fields.ForeignKeyField('models.Tenant', source_field='tenant_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('account', fields.ForeignKeyField('models.Account', source_field='account_id', db_constraint=True, to_field='id', related_name='assessments', on_delete=OnDelete.RESTRICT)),
                ('deal', fields.ForeignKeyField('models.Deal', source_field='deal_id', null=True, db_constraint=True, to_field='id', related_name='assessments', on_delete=OnDelete.RESTRICT)),
                ('contact', fields.ForeignKeyField('models.Contact', source_field='contact_id', db_constraint=True, to_field='id', related_name='assessments', on_delete=OnDelete.RESTRICT)),
                ('made_by', fields.ForeignKeyField('models.User', source_field='made_by_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('assessed_on', fields.DateField()),
                ('known_on', fields.DateField(null=True)),
                ('influence', fields.CharEnumField(null=True, description='HIGH: HIGH\nMEDIUM: MEDIUM\nLOW: LOW', enum_type=Influence, max_length=20)),
                ('political_status', fields.CharEnumField(null=True, description='INNER_CIRCLE: INNER_CIRCLE\nPOLITICAL_STRUCTURE: POLITICAL_STRUCTURE\nOUTSIDE: OUTSIDE', enum_type=PoliticalStatus, max_length=20)),
                ('support', fields.CharEnumField(null=True, description='MENTOR: MENTOR\nSUPPORTER: SUPPORTER\nNEUTRAL: NEUTRAL\nNON_SUPPORTER: NON_SUPPORTER\nENEMY: ENEMY', enum_type=Support, max_length=20)),
                ('adaptability', fields.CharEnumField(null=True, description='INNOVATOR: INNOVATOR\nVISIONARY: VISIONARY\nPRAGMATIST: PRAGMATIST\nCONSERVATIVE: CONSERVATIVE\nLAGGARD: LAGGARD', enum_type=Adaptability, max_length=20)),
                ('note', fields.CharField(null=True, max_length=1000)),
            ],
            options={'table': 'assessment', 'app': 'models', 'indexes': [Index(fields=['tenant_id', 'contact_id', 'assessed_on']), Index(fields=['tenant_id', 'account_id']), Index(fields=['tenant_id', 'deal_id']), Index(fields=['tenant_id', 'made_by_id'])], 'pk_attr': 'id', 'table_description': 'How somebody of us judges a contact since ``assessed_on``, at the account or in one of its deals.'},
            bases=['Record'],
        ),
        ops.CreateModel(
            name='NeededRoles',
            fields=[
                ('id', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=40)),
                ('version', fields.IntField(default=1, db_default=1)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=True)),
                ('updated_at', fields.DatetimeField(auto_now=True, auto_now_add=False)),
                ('tenant', fields.ForeignKeyField('models.Tenant', source_field='tenant_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('of', fields.CharEnumField(description='ACCOUNT: ACCOUNT\nDEAL: DEAL', enum_type=BuyingCentre, max_length=20)),
                ('kind', fields.CharField(default='', db_default='', max_length=20)),
                ('roles', fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
            ],
            options={'table': 'needed_roles', 'app': 'models', 'unique_together': (('tenant', 'of', 'kind'),), 'pk_attr': 'id', 'table_description': 'The roles of which somebody must be engaged in buying centres of a kind, an empty kind is all others.'},
            bases=['Record'],
        ),
        ops.CreateModel(
            name='Rapport',
            fields=[
                ('id', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=40)),
                ('version', fields.IntField(default=1, db_default=1)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=True)),
                ('updated_at', fields.DatetimeField(auto_now=True, auto_now_add=False)),
                ('tenant', fields.ForeignKeyField('models.Tenant', source_field='tenant_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('account', fields.ForeignKeyField('models.Account', source_field='account_id', db_constraint=True, to_field='id', related_name='rapports', on_delete=OnDelete.RESTRICT)),
                ('contact', fields.ForeignKeyField('models.Contact', source_field='contact_id', db_constraint=True, to_field='id', related_name='rapports', on_delete=OnDelete.RESTRICT)),
                ('user', fields.ForeignKeyField('models.User', source_field='user_id', db_constraint=True, to_field='id', related_name='rapports', on_delete=OnDelete.RESTRICT)),
                ('assessed_on', fields.DateField()),
                ('known_on', fields.DateField(null=True)),
                ('level', fields.CharEnumField(null=True, description='VENDOR: VENDOR\nCREDIBLE_SOURCE: CREDIBLE_SOURCE\nPROBLEM_SOLVER: PROBLEM_SOLVER\nTRUSTED_ADVISOR: TRUSTED_ADVISOR', enum_type=RelationshipLevel, max_length=20)),
                ('wanted', fields.CharEnumField(null=True, description='VENDOR: VENDOR\nCREDIBLE_SOURCE: CREDIBLE_SOURCE\nPROBLEM_SOLVER: PROBLEM_SOLVER\nTRUSTED_ADVISOR: TRUSTED_ADVISOR', enum_type=RelationshipLevel, max_length=20)),
            ],
            options={'table': 'rapport', 'app': 'models', 'indexes': [Index(fields=['tenant_id', 'contact_id', 'assessed_on']), Index(fields=['tenant_id', 'account_id']), Index(fields=['tenant_id', 'user_id'])], 'pk_attr': 'id', 'table_description': 'What one of us is to a contact since ``assessed_on``, and wants to be.'},
            bases=['Record'],
        ),
        ops.CreateModel(
            name='Stakeholder',
            fields=[
                ('id', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=40)),
                ('version', fields.IntField(default=1, db_default=1)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=True)),
                ('updated_at', fields.DatetimeField(auto_now=True, auto_now_add=False)),
                ('tenant', fields.ForeignKeyField('models.Tenant', source_field='tenant_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('account', fields.ForeignKeyField('models.Account', source_field='account_id', db_constraint=True, to_field='id', related_name='stakeholders', on_delete=OnDelete.RESTRICT)),
                ('contact', fields.ForeignKeyField('models.Contact', source_field='contact_id', db_constraint=True, to_field='id', related_name='stakeholders', on_delete=OnDelete.RESTRICT)),
                ('role', fields.CharEnumField(description='ECONOMIC_BUYER: ECONOMIC_BUYER\nDECISION_MAKER: DECISION_MAKER\nCHAMPION: CHAMPION\nINFLUENCER: INFLUENCER\nUSER: USER\nBLOCKER: BLOCKER\nTECHNICAL: TECHNICAL\nPROCUREMENT: PROCUREMENT\nAPPROVER: APPROVER', enum_type=ContactRole, max_length=20)),
                ('valid_from', fields.DateField(null=True)),
                ('known_on', fields.DateField(null=True)),
                ('removed_on', fields.DateField(null=True)),
            ],
            options={'table': 'stakeholder', 'app': 'models', 'unique_together': (('tenant', 'contact'),), 'indexes': [Index(fields=['tenant_id', 'account_id'])], 'pk_attr': 'id', 'table_description': 'The part of a contact in the buying centre of the account, since ``valid_from``.'},
            bases=['Record'],
        ),
        ops.AddField(
            model_name='Contact',
            name='joined_on',
            field=fields.DateField(null=True),
        ),
        ops.AddField(
            model_name='Contact',
            name='moved_from',
            field=fields.ForeignKeyField('models.Contact', source_field='moved_from_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT),
        ),
        ops.AddField(
            model_name='Contact',
            name='reports_to',
            field=fields.ForeignKeyField('models.Contact', source_field='reports_to_id', null=True, db_constraint=True, to_field='id', related_name='reports', on_delete=OnDelete.RESTRICT),
        ),
        ops.AddIndex(
            model_name='Contact',
            index=Index(fields=['tenant_id', 'reports_to_id']),
        ),
        ops.AddIndex(
            model_name='Contact',
            index=Index(fields=['tenant_id', 'moved_from_id']),
        ),
        NewValues(
            model_name='DealContact',
            name='role',
            field=fields.CharEnumField(default=ContactRole.INFLUENCER, description='ECONOMIC_BUYER: ECONOMIC_BUYER\nDECISION_MAKER: DECISION_MAKER\nCHAMPION: CHAMPION\nINFLUENCER: INFLUENCER\nUSER: USER\nBLOCKER: BLOCKER\nTECHNICAL: TECHNICAL\nPROCUREMENT: PROCUREMENT\nAPPROVER: APPROVER', enum_type=ContactRole, max_length=20),
        ),
    ]

from tortoise import migrations
from tortoise.migrations import operations as ops
from models.access import Role
from models.bids import ApprovalState, BidDecision, BidDocumentKind, BidState
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('models', '0011_bringing')]

    initial = False

    operations = [
        ops.CreateModel(
            name='Bid',
            fields=[
                ('id', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=40)),
                ('version', fields.IntField(default=1, db_default=1)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=True)),
                ('updated_at', fields.DatetimeField(auto_now=True, auto_now_add=False)),
                ('tenant', fields.ForeignKeyField('models.Tenant', source_field='tenant_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('deal', fields.ForeignKeyField('models.Deal', source_field='deal_id', db_constraint=True, to_field='id', related_name='bids', on_delete=OnDelete.RESTRICT)),
                ('name', fields.CharField(max_length=200)),
                ('due_on', fields.DateField()),
                ('state', fields.CharEnumField(default=BidState.PREPARING, description='PREPARING: PREPARING\nSUBMITTED: SUBMITTED\nWON: WON\nLOST: LOST\nWITHDRAWN: WITHDRAWN', enum_type=BidState, max_length=20)),
                ('decision', fields.CharEnumField(default=BidDecision.OPEN, description='OPEN: OPEN\nGO: GO\nNO_GO: NO_GO', enum_type=BidDecision, max_length=20)),
                ('decided_by', fields.ForeignKeyField('models.User', source_field='decided_by_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('decided_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('decided_because', fields.CharField(null=True, max_length=1000)),
                ('submitted_on', fields.DateField(null=True)),
                ('late_because', fields.CharField(null=True, max_length=500)),
                ('ended_on', fields.DateField(null=True)),
                ('ended_because', fields.CharField(null=True, max_length=1000)),
                ('rounds_held', fields.IntField(default=0, db_default=0)),
            ],
            options={'table': 'bid', 'app': 'models', 'indexes': [Index(fields=['tenant_id', 'deal_id']), Index(fields=['tenant_id', 'due_on']), Index(fields=['tenant_id', 'decided_by_id'])], 'pk_attr': 'id', 'table_description': 'An offer for a tender of a customer, due on ``due_on``.'},
            bases=['Record'],
        ),
        ops.CreateModel(
            name='BidDocument',
            fields=[
                ('id', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=40)),
                ('version', fields.IntField(default=1, db_default=1)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=True)),
                ('updated_at', fields.DatetimeField(auto_now=True, auto_now_add=False)),
                ('tenant', fields.ForeignKeyField('models.Tenant', source_field='tenant_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('bid', fields.ForeignKeyField('models.Bid', source_field='bid_id', db_constraint=True, to_field='id', related_name='documents', on_delete=OnDelete.RESTRICT)),
                ('title', fields.CharField(max_length=200)),
                ('url', fields.CharField(max_length=1000)),
                ('kind', fields.CharEnumField(default=BidDocumentKind.OTHER, description='TENDER: TENDER\nOFFER: OFFER\nCALCULATION: CALCULATION\nCONTRACT: CONTRACT\nOTHER: OTHER', enum_type=BidDocumentKind, max_length=20)),
                ('removed_on', fields.DateField(null=True)),
            ],
            options={'table': 'bid_document', 'app': 'models', 'unique_together': (('tenant', 'bid', 'url'),), 'pk_attr': 'id', 'table_description': 'A document of a bid, which is kept elsewhere: ``url`` leads there.'},
            bases=['Record'],
        ),
        ops.CreateModel(
            name='BidMember',
            fields=[
                ('id', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=40)),
                ('version', fields.IntField(default=1, db_default=1)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=True)),
                ('updated_at', fields.DatetimeField(auto_now=True, auto_now_add=False)),
                ('tenant', fields.ForeignKeyField('models.Tenant', source_field='tenant_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('bid', fields.ForeignKeyField('models.Bid', source_field='bid_id', db_constraint=True, to_field='id', related_name='members', on_delete=OnDelete.RESTRICT)),
                ('user', fields.ForeignKeyField('models.User', source_field='user_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('duty', fields.CharField(max_length=200)),
                ('removed_on', fields.DateField(null=True)),
            ],
            options={'table': 'bid_member', 'app': 'models', 'unique_together': (('tenant', 'bid', 'user'),), 'indexes': [Index(fields=['tenant_id', 'user_id'])], 'pk_attr': 'id', 'table_description': 'Somebody who works on a bid, ``duty`` is what they do there.'},
            bases=['Record'],
        ),
        ops.CreateModel(
            name='BidRound',
            fields=[
                ('id', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=40)),
                ('version', fields.IntField(default=1, db_default=1)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=True)),
                ('updated_at', fields.DatetimeField(auto_now=True, auto_now_add=False)),
                ('tenant', fields.ForeignKeyField('models.Tenant', source_field='tenant_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('bid', fields.ForeignKeyField('models.Bid', source_field='bid_id', db_constraint=True, to_field='id', related_name='rounds', on_delete=OnDelete.RESTRICT)),
                ('number', fields.IntField()),
                ('held_on', fields.DateField()),
                ('asked', fields.CharField(null=True, max_length=2000)),
                ('given', fields.CharField(null=True, max_length=2000)),
                ('got', fields.CharField(null=True, max_length=2000)),
                ('listed_minor', fields.BigIntField()),
                ('floor_minor', fields.BigIntField(null=True)),
                ('offered_minor', fields.BigIntField()),
                ('cost_minor', fields.BigIntField(null=True)),
                ('currency', fields.CharField(max_length=3)),
                ('recorded_by', fields.ForeignKeyField('models.User', source_field='recorded_by_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
            ],
            options={'table': 'bid_round', 'app': 'models', 'unique_together': (('tenant', 'bid', 'number'),), 'indexes': [Index(fields=['tenant_id', 'recorded_by_id'])], 'pk_attr': 'id', 'table_description': 'A round of negotiation: what the customer asked for, what we gave, and what we got for it.'},
            bases=['Record'],
        ),
        ops.CreateModel(
            name='DiscountLevel',
            fields=[
                ('id', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=40)),
                ('version', fields.IntField(default=1, db_default=1)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=True)),
                ('updated_at', fields.DatetimeField(auto_now=True, auto_now_add=False)),
                ('tenant', fields.ForeignKeyField('models.Tenant', source_field='tenant_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('up_to_percent', fields.IntField()),
                ('role', fields.CharEnumField(null=True, description='DIRECTOR: DIRECTOR\nMANAGER: MANAGER\nASSISTANT: ASSISTANT\nREADER: READER\nINTEGRATION: INTEGRATION\nADMIN: ADMIN', enum_type=Role, max_length=20)),
                ('user', fields.ForeignKeyField('models.User', source_field='user_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('below_floor', fields.BooleanField(default=False, db_default=False)),
                ('removed_on', fields.DateField(null=True)),
            ],
            options={'table': 'discount_level', 'app': 'models', 'indexes': [Index(fields=['tenant_id', 'up_to_percent']), Index(fields=['tenant_id', 'user_id'])], 'pk_attr': 'id', 'table_description': 'Who may give discounts up to ``up_to_percent``, 0 to 100: whoever has ``role``, or ``user`` alone.'},
            bases=['Record'],
        ),
        ops.CreateModel(
            name='BidApproval',
            fields=[
                ('id', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=40)),
                ('version', fields.IntField(default=1, db_default=1)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=True)),
                ('updated_at', fields.DatetimeField(auto_now=True, auto_now_add=False)),
                ('tenant', fields.ForeignKeyField('models.Tenant', source_field='tenant_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('bid', fields.ForeignKeyField('models.Bid', source_field='bid_id', db_constraint=True, to_field='id', related_name='approvals', on_delete=OnDelete.RESTRICT)),
                ('round', fields.ForeignKeyField('models.BidRound', source_field='round_id', db_constraint=True, to_field='id', related_name='approvals', on_delete=OnDelete.RESTRICT)),
                ('level', fields.ForeignKeyField('models.DiscountLevel', source_field='level_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('discount', fields.IntField()),
                ('state', fields.CharEnumField(default=ApprovalState.OPEN, description='OPEN: OPEN\nAPPROVED: APPROVED\nREJECTED: REJECTED\nLAPSED: LAPSED', enum_type=ApprovalState, max_length=20)),
                ('requested_by', fields.ForeignKeyField('models.User', source_field='requested_by_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('decided_by', fields.ForeignKeyField('models.User', source_field='decided_by_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('decided_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('reason', fields.CharField(null=True, max_length=1000)),
            ],
            options={'table': 'bid_approval', 'app': 'models', 'unique_together': (('tenant', 'round'),), 'indexes': [Index(fields=['tenant_id', 'bid_id']), Index(fields=['tenant_id', 'level_id']), Index(fields=['tenant_id', 'state']), Index(fields=['tenant_id', 'requested_by_id']), Index(fields=['tenant_id', 'decided_by_id'])], 'pk_attr': 'id', 'table_description': "That a round's discount is to be approved at a level, by whom it was, or was not."},
            bases=['Record'],
        ),
    ]
